#include "capnode/numerics/blas.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <stdexcept>
#include <string>

// Prototypes of the functions we call, so that no BLAS header is needed: 32-bit integers, symbols prefixed `scipy_` in
// the library of the PyPI package scipy-openblas32. LAPACK takes the lengths of its character arguments at the end
// (gfortran).
#if defined(CAPNODE_BLAS_SCIPY_PREFIX)
#define CAPNODE_BLAS(name) scipy_##name
#else
#define CAPNODE_BLAS(name) name
#endif

using lapack_complex = std::complex<double>;
using length = std::size_t;

extern "C" {
void CAPNODE_BLAS(openblas_set_num_threads)(int);
char* CAPNODE_BLAS(openblas_get_config)(void);
void CAPNODE_BLAS(cblas_dgemm)(int order, int trans_a, int trans_b, int m, int n, int k, double alpha, const double* a,
                               int lda, const double* b, int ldb, double beta, double* c, int ldc);
void CAPNODE_BLAS(cblas_sgemm)(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float* a,
                               int lda, const float* b, int ldb, float beta, float* c, int ldc);
void CAPNODE_BLAS(cblas_dsyrk)(int order, int uplo, int trans, int n, int k, double alpha, const double* a, int lda,
                               double beta, double* c, int ldc);
void CAPNODE_BLAS(cblas_dgemv)(int order, int trans, int m, int n, double alpha, const double* a, int lda,
                               const double* x, int incx, double beta, double* y, int incy);
void CAPNODE_BLAS(dgeev_)(const char*, const char*, const int*, double*, const int*, double*, double*, double*,
                          const int*, double*, const int*, double*, const int*, int*, length, length);
using dselect = int (*)(const double*, const double*);
using zselect = int (*)(const lapack_complex*);
void CAPNODE_BLAS(dgees_)(const char*, const char*, dselect, const int*, double*, const int*, int*, double*, double*,
                          double*, const int*, double*, const int*, int*, int*, length, length);
void CAPNODE_BLAS(zgees_)(const char*, const char*, zselect, const int*, lapack_complex*, const int*, int*,
                          lapack_complex*, lapack_complex*, const int*, lapack_complex*, const int*, double*, int*,
                          int*, length, length);
void CAPNODE_BLAS(dtrsen_)(const char*, const char*, const int*, const int*, double*, const int*, double*, const int*,
                           double*, double*, int*, double*, double*, double*, const int*, int*, const int*, int*,
                           length, length);
void CAPNODE_BLAS(ztrsen_)(const char*, const char*, const int*, const int*, lapack_complex*, const int*,
                           lapack_complex*, const int*, lapack_complex*, int*, double*, double*, lapack_complex*,
                           const int*, int*, length, length);
void CAPNODE_BLAS(dtrsyl_)(const char*, const char*, const int*, const int*, const int*, const double*, const int*,
                           const double*, const int*, double*, const int*, double*, int*, length, length);
void CAPNODE_BLAS(dtrevc_)(const char*, const char*, int*, const int*, const double*, const int*, double*, const int*,
                           double*, const int*, const int*, int*, double*, int*, length, length);
void CAPNODE_BLAS(dgetrf_)(const int*, const int*, double*, const int*, int*, int*);
void CAPNODE_BLAS(dgetri_)(const int*, double*, const int*, const int*, double*, const int*, int*);
void CAPNODE_BLAS(zgetrf_)(const int*, const int*, lapack_complex*, const int*, int*, int*);
void CAPNODE_BLAS(zgetri_)(const int*, lapack_complex*, const int*, const int*, lapack_complex*, const int*, int*);
void CAPNODE_BLAS(dgesv_)(const int*, const int*, double*, const int*, int*, double*, const int*, int*);
void CAPNODE_BLAS(zgesv_)(const int*, const int*, lapack_complex*, const int*, int*, lapack_complex*, const int*, int*);
void CAPNODE_BLAS(dpotrf_)(const char*, const int*, double*, const int*, int*, length);
void CAPNODE_BLAS(dsyevd_)(const char*, const char*, const int*, double*, const int*, double*, double*, const int*,
                           int*, const int*, int*, length, length);
void CAPNODE_BLAS(dgeqrf_)(const int*, const int*, double*, const int*, double*, double*, const int*, int*);
void CAPNODE_BLAS(dorgqr_)(const int*, const int*, const int*, double*, const int*, const double*, double*, const int*,
                           int*);
}

namespace capnode::blas {

namespace {

constexpr int row_major = 101, no_trans = 111, trans = 112, upper = 121;
using ComplexVector = std::vector<lapack_complex, AlignedAllocator<lapack_complex>>;

int integer(std::size_t n) {
    if (n > 0x7fffffffu) throw std::length_error("matrix dimension " + std::to_string(n) + " exceeds 2^31 - 1");
    return static_cast<int>(n);
}
int at_least_one(std::size_t n) { return std::max(1, integer(n)); }
int code(Op op) { return op == Op::transpose ? trans : no_trans; }
const char* letter(Op op) { return op == Op::transpose ? "T" : "N"; }

void require_square(std::size_t rows, std::size_t cols) {
    if (rows != cols) {
        throw std::invalid_argument("a square matrix is needed, got " + std::to_string(rows) + " x " +
                                    std::to_string(cols));
    }
}

bool all_finite(const Matrix& a) {
    // x - x is 0 for finite x and NaN otherwise, and NaN survives the sum
    double s = 0.0;
    for (const double x : a.data) s += x - x;
    return s == 0.0;
}
bool all_finite(const ComplexMatrix& a) { return all_finite(a.re) && all_finite(a.im); }

// LAPACK is column-major: what we hand over is the transpose of our row-major matrix, interleaved where complex.
ComplexVector to_fortran(const ComplexMatrix& a) {
    ComplexVector f(a.rows() * a.cols());
    for (std::size_t i = 0; i < a.rows(); ++i) {
        for (std::size_t j = 0; j < a.cols(); ++j) f[j * a.rows() + i] = {a.re(i, j), a.im(i, j)};
    }
    return f;
}
ComplexMatrix from_fortran(const ComplexVector& f, std::size_t rows, std::size_t cols) {
    ComplexMatrix a(rows, cols);
    for (std::size_t j = 0; j < cols; ++j) {
        for (std::size_t i = 0; i < rows; ++i) {
            a.re(i, j) = f[j * rows + i].real();
            a.im(i, j) = f[j * rows + i].imag();
        }
    }
    return a;
}

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

bool geev(const Matrix& a, bool want_right, bool want_left, Eigen& result) {
    require_square(a.rows, a.cols);
    result = {};
    if (!all_finite(a)) return false;
    const int n = integer(a.rows);
    if (n == 0) return true;
    pin_threads();
    Matrix work_a = transpose(a);
    std::vector<double> re(a.rows), im(a.rows);
    Matrix right_f(want_right ? a.rows : 1, want_right ? a.rows : 1),
        left_f(want_left ? a.rows : 1, want_left ? a.rows : 1);
    const int ldr = want_right ? n : 1, ldl = want_left ? n : 1;
    int info = 0, lwork = -1;
    double query = 0.0;
    const char* jr = want_right ? "V" : "N";
    const char* jl = want_left ? "V" : "N";
    CAPNODE_BLAS(dgeev_)
    (jl, jr, &n, work_a.data.data(), &n, re.data(), im.data(), left_f.data.data(), &ldl, right_f.data.data(), &ldr,
     &query, &lwork, &info, 1, 1);
    lwork = std::max(static_cast<int>(query), 4 * n);
    std::vector<double> work(static_cast<std::size_t>(lwork));
    CAPNODE_BLAS(dgeev_)
    (jl, jr, &n, work_a.data.data(), &n, re.data(), im.data(), left_f.data.data(), &ldl, right_f.data.data(), &ldr,
     work.data(), &lwork, &info, 1, 1);
    if (info != 0) return false;
    result.values.resize(a.rows);
    for (std::size_t i = 0; i < a.rows; ++i) result.values[i] = {re[i], im[i]};
    if (want_right) result.right = transpose(right_f);
    if (want_left) result.left = transpose(left_f);
    return (!want_right || all_finite(result.right)) && (!want_left || all_finite(result.left));
}

bool gees(const Matrix& a, Schur& result) {
    require_square(a.rows, a.cols);
    result = {};
    if (!all_finite(a)) return false;
    const int n = integer(a.rows);
    if (n == 0) return true;
    pin_threads();
    Matrix t = transpose(a), q(a.rows, a.rows);
    std::vector<double> re(a.rows), im(a.rows);
    int info = 0, lwork = -1, sdim = 0, bwork = 0;
    double query = 0.0;
    CAPNODE_BLAS(dgees_)
    ("V", "N", nullptr, &n, t.data.data(), &n, &sdim, re.data(), im.data(), q.data.data(), &n, &query, &lwork, &bwork,
     &info, 1, 1);
    lwork = std::max(static_cast<int>(query), 3 * n);
    std::vector<double> work(static_cast<std::size_t>(lwork));
    CAPNODE_BLAS(dgees_)
    ("V", "N", nullptr, &n, t.data.data(), &n, &sdim, re.data(), im.data(), q.data.data(), &n, work.data(), &lwork,
     &bwork, &info, 1, 1);
    if (info != 0) return false;
    for (std::size_t i = 0; i < a.rows; ++i) result.values.emplace_back(re[i], im[i]);
    result.t = transpose(t);
    result.q = transpose(q);
    return true;
}

bool reorder(Schur& schur, const std::vector<char>& selected) {
    const int n = integer(schur.t.rows);
    if (n == 0) return true;
    pin_threads();
    Matrix t = transpose(schur.t), q = transpose(schur.q);
    std::vector<double> re(schur.t.rows), im(schur.t.rows);
    std::vector<int> select(selected.begin(), selected.end());
    int m = 0, info = 0;
    const int lwork = n, liwork = 1;
    int iwork = 0;
    double s = 0.0, sep = 0.0;
    std::vector<double> work(schur.t.rows);
    CAPNODE_BLAS(dtrsen_)
    ("N", "V", select.data(), &n, t.data.data(), &n, q.data.data(), &n, re.data(), im.data(), &m, &s, &sep, work.data(),
     &lwork, &iwork, &liwork, &info, 1, 1);
    if (info != 0) return false;
    for (std::size_t i = 0; i < schur.t.rows; ++i) schur.values[i] = {re[i], im[i]};
    schur.t = transpose(t);
    schur.q = transpose(q);
    return true;
}

bool schur_eigenvectors(const Schur& schur, Matrix& right) {
    const int n = integer(schur.t.rows);
    right = Matrix(schur.t.rows, schur.t.rows);
    if (n == 0) return true;
    pin_threads();
    const Matrix t = transpose(schur.t);
    Matrix vectors = transpose(schur.q);  // column-major q; overwritten by q times the eigenvectors of t
    std::vector<double> work(3 * schur.t.rows);
    int m = 0, info = 0, none = 0;
    double unused = 0.0;
    const int one = 1;
    CAPNODE_BLAS(dtrevc_)
    ("R", "B", &none, &n, t.data.data(), &n, &unused, &one, vectors.data.data(), &n, &n, &m, work.data(), &info, 1, 1);
    if (info != 0 || !all_finite(vectors)) return false;
    // rows of `vectors` are the columns of the real form; normalise each vector
    for (std::size_t j = 0; j < vectors.rows; ++j) {
        const std::size_t width = schur.values[j].imag() > 0.0 && j + 1 < vectors.rows ? 2 : 1;
        double* x = vectors.row(j);
        double square = 0.0;
        for (std::size_t i = 0; i < width * vectors.cols; ++i) square += x[i] * x[i];
        if (!(square > 0.0)) return false;
        const double scale = 1.0 / std::sqrt(square);
        for (std::size_t i = 0; i < width * vectors.cols; ++i) x[i] *= scale;
        j += width - 1;
    }
    right = transpose(vectors);
    return true;
}

bool gees(const ComplexMatrix& a, ComplexSchur& result) {
    require_square(a.rows(), a.cols());
    result = {};
    if (!all_finite(a)) return false;
    const int n = integer(a.rows());
    if (n == 0) return true;
    pin_threads();
    ComplexVector t = to_fortran(a), q(a.rows() * a.rows()), w(a.rows());
    std::vector<double> rwork(a.rows());
    int info = 0, lwork = -1, sdim = 0, bwork = 0;
    lapack_complex query;
    CAPNODE_BLAS(zgees_)
    ("V", "N", nullptr, &n, t.data(), &n, &sdim, w.data(), q.data(), &n, &query, &lwork, rwork.data(), &bwork, &info, 1,
     1);
    lwork = std::max(static_cast<int>(query.real()), 2 * n);
    ComplexVector work(static_cast<std::size_t>(lwork));
    CAPNODE_BLAS(zgees_)
    ("V", "N", nullptr, &n, t.data(), &n, &sdim, w.data(), q.data(), &n, work.data(), &lwork, rwork.data(), &bwork,
     &info, 1, 1);
    if (info != 0) return false;
    result.values.assign(w.begin(), w.end());
    result.t = from_fortran(t, a.rows(), a.rows());
    result.q = from_fortran(q, a.rows(), a.rows());
    return true;
}

bool reorder(ComplexSchur& schur, const std::vector<char>& selected) {
    const int n = integer(schur.t.rows());
    if (n == 0) return true;
    pin_threads();
    ComplexVector t = to_fortran(schur.t), q = to_fortran(schur.q), w(schur.t.rows());
    std::vector<int> select(selected.begin(), selected.end());
    int m = 0, info = 0;
    const int lwork = n;
    double s = 0.0, sep = 0.0;
    ComplexVector work(schur.t.rows());
    CAPNODE_BLAS(ztrsen_)
    ("N", "V", select.data(), &n, t.data(), &n, q.data(), &n, w.data(), &m, &s, &sep, work.data(), &lwork, &info, 1, 1);
    if (info != 0) return false;
    schur.values.assign(w.begin(), w.end());
    schur.t = from_fortran(t, schur.t.rows(), schur.t.rows());
    schur.q = from_fortran(q, schur.q.rows(), schur.q.rows());
    return true;
}

bool sylvester(Op op_a, Op op_b, double sign, const Matrix& a, const Matrix& b, const Matrix& c, Matrix& x) {
    require_square(a.rows, a.cols);
    require_square(b.rows, b.cols);
    const int m = integer(a.rows), n = integer(b.rows), isgn = sign < 0.0 ? -1 : 1;
    x = c;
    if (m == 0 || n == 0) return true;
    pin_threads();
    const Matrix af = transpose(a), bf = transpose(b);
    Matrix xf = transpose(c);
    double scale = 1.0;
    int info = 0;
    CAPNODE_BLAS(dtrsyl_)
    (letter(op_a), letter(op_b), &isgn, &m, &n, af.data.data(), &m, bf.data.data(), &n, xf.data.data(), &m, &scale,
     &info, 1, 1);
    if (info < 0 || !(scale > 0.0)) return false;
    x = transpose(xf);
    for (double& v : x.data) v /= scale;
    return all_finite(x);
}

bool inverse(const Matrix& a, Matrix& result) {
    require_square(a.rows, a.cols);
    if (!all_finite(a)) return false;
    const int n = integer(a.rows);
    result = a;  // the inverse of the transpose is the transpose of the inverse: no copy needed
    if (n == 0) return true;
    pin_threads();
    std::vector<int> pivots(a.rows);
    int info = 0;
    CAPNODE_BLAS(dgetrf_)(&n, &n, result.data.data(), &n, pivots.data(), &info);
    if (info != 0) return false;
    int lwork = -1;
    double query = 0.0;
    CAPNODE_BLAS(dgetri_)(&n, result.data.data(), &n, pivots.data(), &query, &lwork, &info);
    lwork = std::max(static_cast<int>(query), n);
    std::vector<double> work(static_cast<std::size_t>(lwork));
    CAPNODE_BLAS(dgetri_)(&n, result.data.data(), &n, pivots.data(), work.data(), &lwork, &info);
    return info == 0 && all_finite(result);
}

bool inverse(const ComplexMatrix& a, ComplexMatrix& result) {
    require_square(a.rows(), a.cols());
    if (!all_finite(a)) return false;
    const int n = integer(a.rows());
    result = a;
    if (n == 0) return true;
    pin_threads();
    ComplexVector f = to_fortran(a);
    std::vector<int> pivots(a.rows());
    int info = 0;
    CAPNODE_BLAS(zgetrf_)(&n, &n, f.data(), &n, pivots.data(), &info);
    if (info != 0) return false;
    int lwork = -1;
    lapack_complex query;
    CAPNODE_BLAS(zgetri_)(&n, f.data(), &n, pivots.data(), &query, &lwork, &info);
    lwork = std::max(static_cast<int>(query.real()), n);
    ComplexVector work(static_cast<std::size_t>(lwork));
    CAPNODE_BLAS(zgetri_)(&n, f.data(), &n, pivots.data(), work.data(), &lwork, &info);
    if (info != 0) return false;
    result = from_fortran(f, a.rows(), a.rows());
    return all_finite(result);
}

bool solve(const Matrix& a, const Matrix& b, Matrix& x) {
    require_square(a.rows, a.cols);
    if (!all_finite(a) || !all_finite(b)) return false;
    const int n = integer(a.rows), nrhs = integer(b.cols);
    x = b;
    if (b.size() == 0) return true;
    pin_threads();
    Matrix af = transpose(a), bf = transpose(b);
    std::vector<int> pivots(a.rows);
    int info = 0;
    CAPNODE_BLAS(dgesv_)(&n, &nrhs, af.data.data(), &n, pivots.data(), bf.data.data(), &n, &info);
    if (info != 0) return false;
    x = transpose(bf);
    return all_finite(x);
}

bool solve(const ComplexMatrix& a, const ComplexMatrix& b, ComplexMatrix& x) {
    require_square(a.rows(), a.cols());
    if (!all_finite(a) || !all_finite(b)) return false;
    const int n = integer(a.rows()), nrhs = integer(b.cols());
    x = b;
    if (b.re.size() == 0) return true;
    pin_threads();
    ComplexVector af = to_fortran(a), bf = to_fortran(b);
    std::vector<int> pivots(a.rows());
    int info = 0;
    CAPNODE_BLAS(zgesv_)(&n, &nrhs, af.data(), &n, pivots.data(), bf.data(), &n, &info);
    if (info != 0) return false;
    x = from_fortran(bf, b.rows(), b.cols());
    return all_finite(x);
}

bool cholesky(const Matrix& a, Matrix& l) {
    require_square(a.rows, a.cols);
    l = a;
    if (!all_finite(a)) return false;
    const int n = integer(a.rows);
    if (n == 0) return true;
    pin_threads();
    int info = 0;
    // our lower triangle is the upper one of the column-major view: a = u^T u there, l = u^T here
    CAPNODE_BLAS(dpotrf_)("U", &n, l.data.data(), &n, &info, 1);
    if (info != 0) return false;
    for (std::size_t i = 0; i < l.rows; ++i) std::fill(l.row(i) + i + 1, l.row(i) + l.cols, 0.0);
    return all_finite(l);
}

bool syev(const Matrix& a, bool want_vectors, std::vector<double>& values, Matrix& vectors) {
    require_square(a.rows, a.cols);
    if (!all_finite(a)) return false;
    const int n = at_least_one(a.rows);
    values.assign(a.rows, 0.0);
    vectors = a;
    if (a.rows == 0) return true;
    pin_threads();
    int info = 0, lwork = -1, liwork = -1, iquery = 0;
    double query = 0.0;
    const char* job = want_vectors ? "V" : "N";
    CAPNODE_BLAS(dsyevd_)
    (job, "U", &n, vectors.data.data(), &n, values.data(), &query, &lwork, &iquery, &liwork, &info, 1, 1);
    lwork = static_cast<int>(query);
    liwork = iquery;
    std::vector<double> work(static_cast<std::size_t>(lwork));
    std::vector<int> iwork(static_cast<std::size_t>(liwork));
    CAPNODE_BLAS(dsyevd_)
    (job, "U", &n, vectors.data.data(), &n, values.data(), work.data(), &lwork, iwork.data(), &liwork, &info, 1, 1);
    if (info != 0) return false;
    if (want_vectors) vectors = transpose(vectors);
    return true;
}

bool full_orthogonal_factor(const Matrix& a, Matrix& q) {
    if (!all_finite(a)) return false;
    const std::size_t rows = a.rows, cols = std::min(a.rows, a.cols);
    q = Matrix::identity(rows);
    if (cols == 0) return true;
    pin_threads();
    const int m = integer(rows), n = integer(a.cols), k = integer(cols);
    Matrix f(std::max(rows, a.cols), rows);  // column-major m x max(m, n)
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < a.cols; ++j) f.data[j * rows + i] = a(i, j);
    }
    std::vector<double> tau(cols);
    int info = 0, lwork = -1;
    double query = 0.0;
    CAPNODE_BLAS(dgeqrf_)(&m, &n, f.data.data(), &m, tau.data(), &query, &lwork, &info);
    lwork = std::max(static_cast<int>(query), 64 * std::max(m, n));
    std::vector<double> work(static_cast<std::size_t>(lwork));
    CAPNODE_BLAS(dgeqrf_)(&m, &n, f.data.data(), &m, tau.data(), work.data(), &lwork, &info);
    if (info != 0) return false;
    CAPNODE_BLAS(dorgqr_)(&m, &m, &k, f.data.data(), &m, tau.data(), work.data(), &lwork, &info);
    if (info != 0) return false;
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < rows; ++j) q(i, j) = f.data[j * rows + i];
    }
    return all_finite(q);
}

}  // namespace capnode::blas
