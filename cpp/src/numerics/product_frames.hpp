// Frames for a long product of matrices: the directions of its right singular vectors (or of its leading columns) as
// the product carries them along. Plain doubles, nothing is proved here: see capnode/numerics/matrix_product.hpp.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "capnode/numerics/matrix.hpp"
#include "capnode/numerics/matrix_product.hpp"

namespace capnode::detail {

struct ProductFrames {
    std::string failure;  // empty where frames were found
    bool stopped = false;
    std::vector<Matrix> q;                // count + 1, nearly orthogonal
    std::vector<Matrix> c;                // count + 1, upper triangular with unit columns
    Matrix frame(std::size_t k) const;    // S_k = Q_k C_k
    Matrix inverse(std::size_t k) const;  // about S_k^-1
};

ProductFrames product_frames(const std::vector<MatrixSet>& factors, std::size_t count, ProductKind kind,
                             const std::function<bool()>& interrupted);

/// a = q r with r_ii > 0; false where a pivot is 0 or not finite.
bool orthogonalise(const Matrix& a, Matrix& q, Matrix& r);
/// x <- r^-1 x, both upper triangular.
void solve_triangular(const Matrix& r, Matrix& x);

/// One-sided Jacobi on the rows of diag(exp(g)) M: afterwards the rows of M are orthonormal, sorted by descending g,
/// and exp(g) are the singular values. Accurate also where the scales differ by more than a double can hold.
void jacobi_rows(std::vector<double>& g, Matrix& m);

}  // namespace capnode::detail
