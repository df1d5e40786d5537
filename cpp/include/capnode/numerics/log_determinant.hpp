// log |det A| of a matrix known as a set.
//
// Theorem. Let A = any matrix, Q and R floating-point matrices, R upper triangular with positive diagonal, Z any
// matrix:
//     Q^T A Z = I + E,  Z R = I + F,  Q^T Q = I + G,  rho the largest of |E|_F, |F|_F, |G|_F < 1.
// Then log |det A| = sum log R_ii + log det(I + E) - log det(I + F) - log det(I + G) / 2, and |log |det(I + X)|| <= n
// rho / (1 - rho) for |X|_F <= rho: |log |1 + lambda|| <= |lambda| / (1 - |lambda|) for each eigenvalue, |lambda| <=
// rho.
#pragma once

#include <optional>

#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix_product.hpp"

namespace capnode {

/// For every A in the set; nothing where A could not be proved nonsingular.
std::optional<Interval> log_determinant(const MatrixSet& a);

}  // namespace capnode
