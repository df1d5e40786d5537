// All eigenvalues of a real matrix, or of every matrix of a ball.
//
// Theorem. Given a real ball matrix A: every eigenvalue of every matrix of the ball lies in one of the discs |z -
// center_i| <= radius_i. Discs that form a connected component together hold exactly as many eigenvalues (with
// multiplicity) as they are; where the counts are given, exactly `positive` eigenvalues have positive and `negative`
// have negative real part, for every matrix of the ball.
//
// Proof. Either by a verified eigenbasis and Gershgorin's theorem (numerics/eigenbasis.hpp), or, where no eigenbasis is
// well enough conditioned, by Gershgorin discs of A itself and the inertia theorem for the counts
// (numerics/stability_count.hpp).
#pragma once

#include <complex>
#include <string>
#include <vector>

#include "capnode/numerics/matrix.hpp"
#include "capnode/proof/verdict.hpp"

namespace capnode {

struct SpectrumTheorem;

struct Spectrum {
    using Theorem = SpectrumTheorem;

    std::vector<std::complex<double>> center;  // by decreasing real part
    std::vector<double> radius;
    std::vector<std::size_t> component;  // number of the connected component a disc belongs to
    std::size_t positive = 0;            // certainly so many
    std::size_t negative = 0;
    std::size_t undecided = 0;  // the other eigenvalues
    std::string method;         // "eigenbasis", "eigenbasis with repaired clusters" or "inertia"
};

struct SpectrumTheorem {
    static Result<Spectrum> prove(const BallMatrix& a);
};

/// Throws std::invalid_argument for a matrix that is empty or not square.
Result<Spectrum> spectrum(const BallMatrix& a);

}  // namespace capnode
