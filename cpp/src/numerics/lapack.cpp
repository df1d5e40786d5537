// The LAPACK half of blas.hpp. LAPACK is column-major: it is handed the transposes of our row-major matrices.
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "blas_prototypes.hpp"
#include "capnode/numerics/blas.hpp"

namespace capnode::blas {

namespace {

using ComplexVector = std::vector<lapack_complex, AlignedAllocator<lapack_complex>>;

int at_least_one(std::size_t n) { return std::max(1, integer(n)); }
const char* letter(Op op) { return op == Op::transpose ? "T" : "N"; }

void require_square(std::size_t rows, std::size_t cols) {
    if (rows != cols) {
        throw std::invalid_argument("a square matrix is needed, got " + std::to_string(rows) + " x " +
                                    std::to_string(cols));
    }
}

bool all_finite(const Matrix& a) {
    // x - x is 0 for finite x and NaN otherwise, and NaN survives the sum
    double s[8] = {};  // eight chains: one would be as slow as the latency of an addition
    const double* x = a.data.data();
    const std::size_t n = a.data.size();
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (std::size_t c = 0; c < 8; ++c) s[c] += x[i + c] - x[i + c];
    }
    for (; i < n; ++i) s[0] += x[i] - x[i];
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7])) == 0.0;
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

bool has_cholesky(Matrix& a) {
    require_square(a.rows, a.cols);
    const int n = integer(a.rows);
    if (n == 0) return true;
    pin_threads();
    int info = 0;
    CAPNODE_BLAS(dpotrf_)("U", &n, a.data.data(), &n, &info, 1);  // our lower triangle, as below
    if (info != 0) return false;
    // An entry that is not finite makes the pivot of its row so: l_ii = sqrt(a_ii - sum of squares of the row).
    for (std::size_t i = 0; i < a.rows; ++i) {
        if (!(a(i, i) > 0.0) || a(i, i) - a(i, i) != 0.0) return false;
    }
    return true;
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
