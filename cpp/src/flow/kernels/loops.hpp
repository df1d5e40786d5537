// The loops of step_kernels.hpp, declared in the namespace of the instruction set they are compiled for: no name is
// shared between two sets. What they compute stands in step_kernels.hpp.
#pragma once

#include <cstddef>

namespace capnode {
namespace CAPNODE_ISA {

void convolve(double* out, const double* a, const double* b, std::size_t k, std::size_t stride, std::size_t n);
void integrate(double* out, const double* v, const double* w, std::size_t k, std::size_t stride, std::size_t n);
void reciprocal(double* out, const double* u, const double* v, std::size_t k, std::size_t stride, std::size_t n);
void square_root(double* out, const double* u, const double* v, const double* half_inverse, std::size_t k,
                 std::size_t stride, std::size_t n);
void scale(double* out, const double* a, double factor, double offset, std::size_t n);
void sum(double* out, const double* a, const double* b, double sign, std::size_t n);
void horner(double* value, double* error, const double* z, std::size_t order, std::size_t stride, const double* tau,
            std::size_t n, std::size_t lanes);
void horner_tail(double* value, double* error, const double* z, std::size_t order, std::size_t stride,
                 const double* tau, std::size_t n, std::size_t lanes);
void advance(double* next, const double* f, const double* scale, std::size_t k, std::size_t n, std::size_t lanes);
double dot(const double* a, const double* b, std::size_t n);
void symmetric_part(double* out, double* norm, double* square, const double* a, std::size_t stride, std::size_t n,
                    double factor);
void product(double* out, const double* w, const double* bias, const double* in, std::size_t rows, std::size_t inner,
             std::size_t n);
void suffix_norms(double* suf, double* first, const double* a, const double* weight, std::size_t order,
                  std::size_t stride, std::size_t n, std::size_t lanes);
void tail(double* out, const double* a, const double* suf_b, const double* weight, std::size_t order,
          std::size_t stride, std::size_t n, std::size_t lanes, bool derivative);
void norm(double* out, const double* d, const double* weight, std::size_t order, std::size_t stride, std::size_t n,
          std::size_t lanes);
void integrated_defect(double* out, const double* radius, const double* moving, double rounding, const double* f,
                       const double* weight, const double* scale, const double* length, std::size_t order,
                       std::size_t top, std::size_t stride, std::size_t n, std::size_t lanes);
void gronwall(double* __restrict pure, double* __restrict slope, const double* start_error, const double* residual,
              const double* square, const double* v1, const double* variation, const double* w0, const double* w_start,
              const double* w_variation, const double* out0, const double* out1, double share, std::size_t n);
void sloped_radius(double* __restrict out, const double* pure, const double* slope, const double* rv, double global,
                   double curvature, std::size_t n);
void product_radius(double* __restrict out, const double* a0, const double* b0, const double* a1, const double* b1,
                    const double* ra, const double* rb, const double* tail_of, std::size_t n);
void jacobian_factor(double* mid, double* rad, const double* in_mid, const double* in_rad, const double* w,
                     const double* w_variation, const double* w_radius, std::size_t rows, std::size_t cols,
                     std::size_t lanes, bool add_to);
void convolve_tangent(double* out, const double* w, const double* d, std::size_t k, std::size_t w_stride,
                      std::size_t d_stride, std::size_t rows, std::size_t cols, std::size_t lanes, bool add_to);
void tangent_bound(double* out, const double* d, const double* m, const double* rd, std::size_t order,
                   std::size_t d_stride, std::size_t m_stride, std::size_t rows, std::size_t cols, std::size_t lanes,
                   bool add_to);
void tangent_factor(double* m, const double* weight, const double* first, const double* suffix, const double* start,
                    const double* radius, std::size_t order, std::size_t stride, std::size_t n, std::size_t lanes);

}  // namespace CAPNODE_ISA
}  // namespace capnode
