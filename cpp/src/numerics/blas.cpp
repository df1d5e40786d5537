#include "capnode/numerics/blas.hpp"

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <string>

#include "blas_prototypes.hpp"

namespace capnode::blas {

namespace {

constexpr int row_major = 101, no_trans = 111, trans = 112, upper = 121;
int code(Op op) { return op == Op::transpose ? trans : no_trans; }

}  // namespace

void pin_threads() {
    static std::once_flag once;
    std::call_once(once, [] { CAPNODE_BLAS(openblas_set_num_threads)(1); });
}

const char* description() { return CAPNODE_BLAS(openblas_get_config)(); }

void gemm(Op op_a, Op op_b, double alpha, const Matrix& a, const Matrix& b, double beta, Matrix& c) {
    const std::size_t m = op_a == Op::none ? a.rows : a.cols;
    const std::size_t k = op_a == Op::none ? a.cols : a.rows;
    const std::size_t k2 = op_b == Op::none ? b.rows : b.cols;
    const std::size_t n = op_b == Op::none ? b.cols : b.rows;
    if (k != k2) {
        throw std::invalid_argument("inner sizes of a product differ: " + std::to_string(k) + " and " +
                                    std::to_string(k2));
    }
    if (beta == 0.0) {
        if (c.rows != m || c.cols != n) c = Matrix(m, n);
        if (k == 0) std::fill(c.data.begin(), c.data.end(), 0.0);
    } else if (c.rows != m || c.cols != n) {
        throw std::invalid_argument("the product is " + std::to_string(m) + " x " + std::to_string(n) +
                                    ", its target " + std::to_string(c.rows) + " x " + std::to_string(c.cols));
    }
    if (m == 0 || n == 0 || k == 0) return;
    pin_threads();
    CAPNODE_BLAS(cblas_dgemm)
    (row_major, code(op_a), code(op_b), integer(m), integer(n), integer(k), alpha, a.data.data(), integer(a.cols),
     b.data.data(), integer(b.cols), beta, c.data.data(), integer(n));
}

Matrix multiply(const Matrix& a, const Matrix& b, Op op_a, Op op_b) {
    Matrix c;
    gemm(op_a, op_b, 1.0, a, b, 0.0, c);
    return c;
}

ComplexMatrix multiply(const ComplexMatrix& a, const ComplexMatrix& b) {
    ComplexMatrix c;
    gemm(Op::none, Op::none, 1.0, a.re, b.re, 0.0, c.re);
    gemm(Op::none, Op::none, -1.0, a.im, b.im, 1.0, c.re);
    gemm(Op::none, Op::none, 1.0, a.re, b.im, 0.0, c.im);
    gemm(Op::none, Op::none, 1.0, a.im, b.re, 1.0, c.im);
    return c;
}
ComplexMatrix multiply(const Matrix& a, const ComplexMatrix& b) { return {multiply(a, b.re), multiply(a, b.im)}; }
ComplexMatrix multiply(const ComplexMatrix& a, const Matrix& b) { return {multiply(a.re, b), multiply(a.im, b)}; }

void gemm(std::size_t m, std::size_t n, std::size_t k, const double* a, const double* b, double* c) {
    if (m == 0 || n == 0) return;
    if (k == 0) {
        std::fill(c, c + m * n, 0.0);
        return;
    }
    pin_threads();
    CAPNODE_BLAS(cblas_dgemm)
    (row_major, no_trans, no_trans, integer(m), integer(n), integer(k), 1.0, a, integer(k), b, integer(n), 0.0, c,
     integer(n));
}

void sgemm(std::size_t m, std::size_t n, std::size_t k, const float* a, const float* b, float* c) {
    if (m == 0 || n == 0) return;
    if (k == 0) {
        std::fill(c, c + m * n, 0.0F);
        return;
    }
    pin_threads();
    CAPNODE_BLAS(cblas_sgemm)
    (row_major, no_trans, no_trans, integer(m), integer(n), integer(k), 1.0F, a, integer(k), b, integer(n), 0.0F, c,
     integer(n));
}

Matrix syrk(const Matrix& a) {
    Matrix c(a.rows, a.rows);
    if (a.size() == 0) return c;
    pin_threads();
    CAPNODE_BLAS(cblas_dsyrk)
    (row_major, upper, no_trans, integer(a.rows), integer(a.cols), 1.0, a.data.data(), integer(a.cols), 0.0,
     c.data.data(), integer(a.rows));
    for (std::size_t i = 0; i < a.rows; ++i) {
        for (std::size_t j = 0; j < i; ++j) c(i, j) = c(j, i);
    }
    return c;
}

void gemv(Op op_a, const Matrix& a, const double* x, double* y) {
    const std::size_t m = op_a == Op::none ? a.rows : a.cols;
    if (a.size() == 0) {
        std::fill(y, y + m, 0.0);
        return;
    }
    pin_threads();
    CAPNODE_BLAS(cblas_dgemv)
    (row_major, code(op_a), integer(a.rows), integer(a.cols), 1.0, a.data.data(), integer(a.cols), x, 1, 0.0, y, 1);
}

}  // namespace capnode::blas
