// Thin wrappers of BLAS and LAPACK over our row-major matrices. Approximate results (no radii): what they return is a
// hint, except that the products are classical sums, so that every entry of a product of inner size k obeys
//     |fl(AB) - AB| <= gamma_k |A||B| + k eta          (Higham, section 3.5; Jeannerod, Rump 2013)
// in any order of summation and with or without FMA. ball_matrix.hpp turns that into enclosures.
//
// OpenBLAS is pinned to one thread at first use: its workers do not stand under our FloatEnvironment. Functions that
// can fail return false (LAPACK's info != 0, or an input that is not finite, for which LAPACK may not terminate).
#pragma once

#include <complex>
#include <cstddef>
#include <vector>

#include "capnode/numerics/matrix.hpp"

namespace capnode::blas {

/// Pins OpenBLAS to one thread (idempotent; every wrapper below calls it).
void pin_threads();
/// What the linked library says it is (for `capnode info`).
const char* description();

enum class Op { none, transpose };

/// c = alpha op(a) op(b) + beta c; c must have the right shape when beta != 0 and is (re)allocated when beta == 0.
void gemm(Op op_a, Op op_b, double alpha, const Matrix& a, const Matrix& b, double beta, Matrix& c);
/// op(a) op(b).
Matrix multiply(const Matrix& a, const Matrix& b, Op op_a = Op::none, Op op_b = Op::none);
/// a b by four real products.
ComplexMatrix multiply(const ComplexMatrix& a, const ComplexMatrix& b);
ComplexMatrix multiply(const Matrix& a, const ComplexMatrix& b);
ComplexMatrix multiply(const ComplexMatrix& a, const Matrix& b);
/// c (m x n) = a (m x k) b (k x n), row-major.
void gemm(std::size_t m, std::size_t n, std::size_t k, const double* a, const double* b, double* c);
/// c (m x n) = a (m x k) b (k x n), row-major, binary32.
void sgemm(std::size_t m, std::size_t n, std::size_t k, const float* a, const float* b, float* c);
/// a a^T (both triangles).
Matrix syrk(const Matrix& a);
/// y = op(a) x.
void gemv(Op op_a, const Matrix& a, const double* x, double* y);

/// Eigenvalues and, where asked for, eigenvectors of a real matrix in LAPACK's real form: for a pair (i, i+1) with
/// imaginary part > 0 first, columns i and i+1 are the real and the imaginary part; each vector has 2-norm 1. The
/// columns of `left` are u with u^H A = lambda u^H in the same form.
struct Eigen {
    std::vector<std::complex<double>> values;
    Matrix right;
    Matrix left;
};
bool geev(const Matrix& a, bool want_right, bool want_left, Eigen& result);

/// Real Schur form a = q t q^T with t quasi-triangular.
struct Schur {
    std::vector<std::complex<double>> values;  // in the order of the diagonal of t
    Matrix q;
    Matrix t;
};
bool gees(const Matrix& a, Schur& result);
/// Moves the selected eigenvalues to the top (conjugates must be selected together).
bool reorder(Schur& schur, const std::vector<char>& selected);

/// Right eigenvectors of a = q t q^T in LAPACK's real form, column by column those of schur.values, 2-norm 1 (trevc).
bool schur_eigenvectors(const Schur& schur, Matrix& right);

/// Complex Schur form a = q t q^H, t upper triangular.
struct ComplexSchur {
    std::vector<std::complex<double>> values;
    ComplexMatrix q;
    ComplexMatrix t;
};
bool gees(const ComplexMatrix& a, ComplexSchur& result);
bool reorder(ComplexSchur& schur, const std::vector<char>& selected);

/// x with a x + sign x b = c for quasi-triangular a, b (trsyl); op(a), op(b) as given.
bool sylvester(Op op_a, Op op_b, double sign, const Matrix& a, const Matrix& b, const Matrix& c, Matrix& x);

bool inverse(const Matrix& a, Matrix& result);
bool inverse(const ComplexMatrix& a, ComplexMatrix& result);
/// Solution of a x = b.
bool solve(const Matrix& a, const Matrix& b, Matrix& x);
bool solve(const ComplexMatrix& a, const ComplexMatrix& b, ComplexMatrix& x);
/// Whether the factorisation of the symmetric a (finite; its lower triangle is read) runs to its end with positive,
/// finite pivots. Destroys a.
bool has_cholesky(Matrix& a);
/// Lower triangular factor of a = l l^T by potrf; false where a pivot is not positive.
bool cholesky(const Matrix& a, Matrix& l);
/// Eigenvalues (ascending) and, where asked for, orthonormal eigenvectors (columns) of a symmetric matrix.
bool syev(const Matrix& a, bool want_vectors, std::vector<double>& values, Matrix& vectors);
/// Full orthogonal factor (rows x rows) of a = q r by geqrf and orgqr.
bool full_orthogonal_factor(const Matrix& a, Matrix& q);

}  // namespace capnode::blas
