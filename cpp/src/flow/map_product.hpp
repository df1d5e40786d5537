// A linear map applied to the columns of a set.
#pragma once

#include <cstddef>

#include "capnode/numerics/matrix.hpp"

namespace capnode {

/// out = a b in floating point, a n x n by rows, b n x k; errs entrywise by gamma_n |a||b|. Reuses the storage of out.
void map_product(const double* a, const Matrix& b, std::size_t n, Matrix& out);

}  // namespace capnode
