// Step (1) of the Hopf theorem: from a hint to a proved zero of the augmented system, and the frame of floats (X_bar,
// psi, the eigenbasis) that the other hypotheses are then checked in.
#pragma once

#include <complex>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capnode/dynamics/hopf.hpp"
#include "capnode/dynamics/hopf_newton.hpp"
#include "capnode/dynamics/hopf_pair_solver.hpp"
#include "capnode/field/field.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/numerics/eigenbasis.hpp"
#include "capnode/numerics/number_text.hpp"

namespace capnode::hopf {

struct Failure {
    Verdict verdict = Verdict::no_convergence;
    std::string detail;
};

/// The floats all verified objects hang on: X_bar, psi, J at X_bar and how its systems are solved.
struct Frame {
    HopfHint x_bar;
    std::vector<std::complex<double>> psi;
    BallJacobian jacobian;
    std::shared_ptr<const VerifiedEigenbasis> basis;  // of jacobian.dx; may be invalid
    std::size_t index = 0;                            // its disc of the pair
    bool by_eigenbasis = false;
    std::unique_ptr<PairSolver> solver;
};

struct Located {
    Frame frame;
    Existence existence;
};

/// Refinement and existence. Where the hint is no approximate solution, Newton's method comes first.
std::optional<Located> locate(const Field& field, const HopfHint& hint, const std::function<bool()>& stopped,
                              Failure& failure);

/// How the disc i stands among the others, in words with numbers.
std::string neighbourhood(const VerifiedEigenbasis& basis, std::size_t i);
/// p as a 1 x 1 ball matrix, psi as a 1 x n matrix.
BallMatrix parameter_column(const Ball& p);
ComplexMatrix row(const std::vector<std::complex<double>>& psi);

}  // namespace capnode::hopf
