// Verified linear systems at a critical pair: for every J of a ball matrix, w of a ball and v of balls,
//
//     J z = r,      (J - i w) z - v mu = r, psi z = sigma  ("bordered"),      (J - 2 i w) z = r.
//
// Where the bordered matrix [[J - i w, -v], [psi, 0]] is nonsingular, ker(J - i w) has dimension at most one; if
// moreover (J - i w) v = 0 and psi v = 1, then i w is an algebraically simple eigenvalue: (J - i w) z = v mu with psi z
// = 0 has only the solution 0, so there is neither a second eigenvector (mu = 0) nor a Jordan chain (mu = 1).
//
// Two ways to solve, one interface: by one verified eigenbasis (O(n^2) a system), or by three approximate inverses
// (O(n^3) once; does not mind defective eigenvalues elsewhere).
#pragma once

#include <complex>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/eigenbasis.hpp"
#include "capnode/numerics/eigenbasis_solve.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode::hopf {

/// A number that was compared with a bound when something was proved: kept for the evidence.
struct Margin {
    double value = infinity;
    double bound = 0.0;  // proved where value < bound
};

class PairSolver {
  public:
    virtual ~PairSolver() = default;

    /// J^-1 r (n x 1); empty where J could not be proved nonsingular.
    virtual std::optional<ComplexBallMatrix> inverse(const ComplexBallMatrix& r) const = 0;
    /// The bordered system; the solver exists only where it is proved nonsingular.
    virtual BorderedSolution bordered(const ComplexBallMatrix& r, ComplexBall sigma) const = 0;
    /// (J - 2 i w)^-1 r; empty where that matrix could not be proved nonsingular.
    virtual std::optional<ComplexBallMatrix> inverse_at_twice(const ComplexBallMatrix& r) const = 0;

    /// The contraction numbers behind `inverse` and `inverse_at_twice` (from their last call or from construction).
    virtual Margin inverse_margin() const = 0;
    virtual Margin bordered_margin() const = 0;
    virtual Margin twice_margin() const = 0;
};

/// By the eigenbasis of a ball matrix that contains J; disc i belongs to the pair, psi is row i of basis.R.
/// Null with a reason where the bordered system could not be proved nonsingular.
std::unique_ptr<PairSolver> solve_by_eigenbasis(std::shared_ptr<const VerifiedEigenbasis> basis, std::size_t i,
                                                BallMatrix jacobian, Ball w, ComplexBallMatrix v, std::string* reason);

/// By approximate inverses; psi is any fixed row vector (1 x n).
std::unique_ptr<PairSolver> solve_by_factorisation(BallMatrix jacobian, Ball w, ComplexBallMatrix v,
                                                   const ComplexMatrix& psi, std::string* reason);

}  // namespace capnode::hopf
