// Counting eigenvalues in the half planes without eigenvectors, for matrices whose eigenvector basis is bad (Jordan
// blocks).
//
// Theorem (inertia; Ostrowski, Schneider 1962). If H is symmetric and B^T H + H B is positive definite, then B has no
// eigenvalue on the imaginary axis, and as many with positive (negative) real part as H has.
//
// B = X^-1 A X with X from an ordered real Schur form, unstable before stable, decoupled by a Sylvester equation; B is
// enclosed for every A of the ball. H = diag(P_u, -P_s), P_u and P_s approximate solutions of Lyapunov equations,
// proved positive definite by Cholesky. (One Lyapunov equation for the undecoupled matrix fails where sums lambda_i +
// lambda_j are small.) To leave out a critical pair the theorem is applied twice, to A - delta and A + delta: the strip
// |Re| <= delta then holds a known number of eigenvalues.
#pragma once

#include <complex>
#include <optional>
#include <string>

#include "capnode/numerics/matrix.hpp"

namespace capnode {

struct StabilityCount {
    bool proved = false;
    std::string reason;
    std::size_t positive = 0;
    std::size_t negative = 0;
    std::size_t critical = 0;  // eigenvalues in the strip (0 for stability_count)
};

/// All eigenvalues of every A of the ball: none on the axis, so many on each side.
StabilityCount stability_count(const BallMatrix& a);
/// All but the pair (or the real one) next to `critical_bar`: the block of that pair is split off, and the count is of
/// the others.
StabilityCount stability_count_others(const BallMatrix& a, std::complex<double> critical_bar);

}  // namespace capnode
