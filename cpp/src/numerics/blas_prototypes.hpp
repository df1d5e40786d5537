// What blas.cpp and lapack.cpp share: the prototypes of the library we link, and its integer type.
#pragma once

#include <complex>
#include <cstddef>
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

/// A dimension as LAPACK's 32-bit integer.
inline int integer(std::size_t n) {
    if (n > 0x7fffffffu) throw std::length_error("matrix dimension " + std::to_string(n) + " exceeds 2^31 - 1");
    return static_cast<int>(n);
}

}  // namespace capnode::blas
