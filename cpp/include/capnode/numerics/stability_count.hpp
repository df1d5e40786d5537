// Counting eigenvalues in the half planes without eigenvectors, for matrices whose eigenvector basis is bad (Jordan
// blocks).
//
// A is brought to block form critical | unstable | stable by an ordered real Schur form and Sylvester decoupling, X^-1
// A X = blocks + G with G verified. For the unstable block B_u and the stable block B_s, P_u, P_s solve Lyapunov
// equations approximately. If P = diag(P_u, P_s) > 0 and the block-diagonal Q = diag(I, -I)-weighted form B^T (P J) +
// (P J) B > 0, J = diag(I_u, -I_s), is positive definite for every A of the ball, then by the inertia theorem
// (Ostrowski, Schneider 1962) the complement has exactly dim B_u eigenvalues with positive and dim B_s with negative
// real part, none on the axis.
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
    std::size_t critical = 0;  // dimension of the critical block that was split off (0, 1 or 2)
};

/// All eigenvalues of every A of the ball: none on the axis, so many on each side.
StabilityCount stability_count(const BallMatrix& a);
/// All but the pair (or the real one) next to `critical_bar`: the block of that pair is split off, and the count is of
/// the others.
StabilityCount stability_count_others(const BallMatrix& a, std::complex<double> critical_bar);

}  // namespace capnode
