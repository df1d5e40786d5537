#include "map_product.hpp"

#include <algorithm>

#include "capnode/numerics/blas.hpp"

namespace capnode {

void map_product(const double* a, const Matrix& b, std::size_t n, Matrix& out) {
    out.rows = n;
    out.cols = b.cols;
    out.data.resize(n * b.cols);
    if (n * n * b.cols >= 32768) {
        blas::gemm(n, b.cols, n, a, b.data.data(), out.data.data());
        return;
    }
    for (std::size_t i = 0; i < n; ++i) {
        double* row = out.row(i);
        std::fill(row, row + b.cols, 0.0);
        for (std::size_t k = 0; k < n; ++k) {
            const double x = a[i * n + k];
            for (std::size_t j = 0; j < b.cols; ++j) row[j] += x * b(k, j);
        }
    }
}

}  // namespace capnode
