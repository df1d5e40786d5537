// Definiteness and extreme eigenvalues of symmetric ball matrices, and norms.
//
// Theorem (Demmel 1989; Rump 2006). If the floating-point Cholesky factorisation of A (binary64, nearest, no overflow)
// runs to completion, then lambda_min(A) >= -c with c = sum_j g_j a_jj / (1 - g_j) + underflow, g_j = gamma_{j+1}. So A
// is positive definite where it runs to completion for the shifted matrix fl(A - s I) with s > c + |rad|_2.
#pragma once

#include <vector>

#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

/// True only if every symmetric matrix within `a` is positive definite. False says nothing. The lower and the upper
/// triangle are both read: the symmetric matrices meant are those within both.
bool positive_definite(const BallMatrix& a);

/// Enclosures of the least and the largest eigenvalue over all symmetric matrices within `a` (infinite where nothing is
/// known).
struct ExtremeEigenvalues {
    Interval least;
    Interval largest;
};
ExtremeEigenvalues extreme_eigenvalues(const BallMatrix& a);

/// Upper bound of the spectral norm |A|_2 over the ball matrix: sqrt(|A|_1 |A|_inf) and, for square matrices of
/// moderate size, the sharper root of lambda_max(A^T A).
double spectral_norm_up(const BallMatrix& a);
/// Upper bound of the spectral radius of a non-negative matrix by Collatz-Wielandt: max_i (N x)_i / x_i for any x > 0.
double perron_up(const Matrix& nonnegative);

/// (A + A^T)/2.
BallMatrix symmetric_part(const BallMatrix& a);

}  // namespace capnode
