// The loops of a flow step, one build per instruction set behind one table. All arrays are contiguous blocks of
// doubles; a series has its coefficient k at `k * stride`. Lanes are innermost: n = rows * lanes.
//
// Sums are formed in ascending order of the index, with or without fused multiply-add: the bounds of step_radii.cpp
// hold for both. Nothing here bounds anything by itself.
#pragma once

#include <cstddef>

namespace capnode {

struct StepKernels {
    // out[i] = sum_{j=0..k} a_j[i] b_{k-j}[i]; where a is b each pair once, doubled
    void (*convolve)(double* out, const double* a, const double* b, std::size_t k, std::size_t stride, std::size_t n);
    // out[i] = (1/k) sum_{j=1..k} j v_j[i] w_{k-j}[i]
    void (*integrate)(double* out, const double* v, const double* w, std::size_t k, std::size_t stride, std::size_t n);
    // out[i] = -u_0[i] sum_{j=1..k} v_j[i] u_{k-j}[i]
    void (*reciprocal)(double* out, const double* u, const double* v, std::size_t k, std::size_t stride, std::size_t n);
    // out[i] = (v_k[i] - sum_{j=1..k-1} u_j[i] u_{k-j}[i]) half_inverse[i]
    void (*square_root)(double* out, const double* u, const double* v, const double* half_inverse, std::size_t k,
                        std::size_t stride, std::size_t n);
    // out[i] = factor a[i] + offset
    void (*scale)(double* out, const double* a, double factor, double offset, std::size_t n);
    // out[i] = a[i] + sign b[i], sign = 1 or -1
    void (*sum)(double* out, const double* a, const double* b, double sign, std::size_t n);
    // sum_i a_i b_i
    double (*dot)(const double* a, const double* b, std::size_t n);
    // out (n x n) = factor (a + a^T), a n x n with entries `stride` apart; *norm = max_i fl(sum_j |out_ij|), +inf where
    // one is NaN; *square = fl(sum |out_ij|^2)
    void (*symmetric_part)(double* out, double* norm, double* square, const double* a, std::size_t stride,
                           std::size_t n, double factor);
    // out (rows x n) = w (rows x inner) in (inner x n) [+ bias (rows), in every column]; n >= 1 columns side by side
    void (*product)(double* out, const double* w, const double* bias, const double* in, std::size_t rows,
                    std::size_t inner, std::size_t n);
    // suf_k[i] = sum_{j>=k} |a_j[i]| weight_j[i mod lanes] for k = 0..order+1; first[i] = sum_j j |a_j[i]| weight_j
    void (*suffix_norms)(double* suf, double* first, const double* a, const double* weight, std::size_t order,
                         std::size_t stride, std::size_t n, std::size_t lanes);
    // out[i] = sum_{j=1..order} |a_j[i]| weight_j suf_b_{order+1-j}[i]; factor j inside the sum where `derivative`
    void (*tail)(double* out, const double* a, const double* suf_b, const double* weight, std::size_t order,
                 std::size_t stride, std::size_t n, std::size_t lanes, bool derivative);
    // tangents, entry (row, col, lane): out = sum_{j=0..k} w_j[row, lane] d_{k-j}[row, col, lane]  (added if `add`)
    void (*convolve_tangent)(double* out, const double* w, const double* d, std::size_t k, std::size_t w_stride,
                             std::size_t d_stride, std::size_t rows, std::size_t cols, std::size_t lanes, bool add);
    // out[row, col, lane] = bound((out +) sum_{k<=order} |d_k[row, col, lane]| m_k[row, lane] + m_{order+1} rd[..]);
    // bound(x) = x slack + underflow as in radius_rounding.hpp; m_k at k * m_stride
    void (*tangent_bound)(double* out, const double* d, const double* m, const double* rd, std::size_t order,
                          std::size_t d_stride, std::size_t m_stride, std::size_t rows, std::size_t cols,
                          std::size_t lanes, bool add);
    // m_k = weight_k (u (||w||' + (k + 2) ||w||) + r_w + suf_w[order + 1 - k]) for k <= order, and m_{order+1} = |w_0|
    // + suf_w[1] + r_w; m_k at k * n; `suffix` holds suf_w[k] at k * stride
    void (*tangent_factor)(double* m, const double* weight, const double* first, const double* suffix,
                           const double* start, const double* radius, std::size_t order, std::size_t stride,
                           std::size_t n, std::size_t lanes);
    // out = sum_{k<=order} |d_k| weight_k
    void (*norm)(double* out, const double* d, const double* weight, std::size_t order, std::size_t stride,
                 std::size_t n, std::size_t lanes);
    // bound(|scale| length radius + rounding moving + sum_{k=order..top} |scale f_k| weight_{k+1} / (k+1))
    void (*integrated_defect)(double* out, const double* radius, const double* moving, double rounding, const double* f,
                              const double* weight, const double* scale, const double* length, std::size_t order,
                              std::size_t top, std::size_t stride, std::size_t n, std::size_t lanes);
    // value = z_0 + fl(sum_{k=1..order} z_k tau^k) by Horner, error = bound(u (|value| + sum (2k + 1) |z_k| tau^k))
    // where not null
    void (*horner)(double* value, double* error, const double* z, std::size_t order, std::size_t stride,
                   const double* tau, std::size_t n, std::size_t lanes);
    // value = fl(sum_{k=2..order} z_k tau^k) by Horner, error = bound(u sum 2k |z_k| tau^k)
    void (*horner_tail)(double* value, double* error, const double* z, std::size_t order, std::size_t stride,
                        const double* tau, std::size_t n, std::size_t lanes);
    // next = scale f / k
    void (*advance)(double* next, const double* f, const double* scale, std::size_t k, std::size_t n,
                    std::size_t lanes);
    // The pure error and the slope of U' = w(U) V', w = 1 - U^2 or U - U^2: the formulas stand above integral_radius in
    // step_integrals.cpp.
    void (*gronwall)(double* pure, double* slope, const double* start_error, const double* residual,
                     const double* square, const double* v1, const double* variation, const double* w0,
                     const double* w_start, const double* w_variation, const double* out0, const double* out1,
                     double share, std::size_t n);
    // out = bound(pure + min(global, (slope + curvature rv) slack) rv)
    void (*sloped_radius)(double* out, const double* pure, const double* slope, const double* rv, double global,
                          double curvature, std::size_t n);
    // out = bound(a0 rb + b0 ra + ra rb + tail + u (a1 b0 + a0 b1 + a0 b0))
    void (*product_radius)(double* out, const double* a0, const double* b0, const double* a1, const double* b1,
                           const double* ra, const double* rb, const double* tail_of, std::size_t n);
    // (mid, rad) (+)= w (in_mid, in_rad) row by row, for every factor within w_variation + w_radius of w
    void (*jacobian_factor)(double* mid, double* rad, const double* in_mid, const double* in_rad, const double* w,
                            const double* w_variation, const double* w_radius, std::size_t rows, std::size_t cols,
                            std::size_t lanes, bool add);
};

/// The table of the instruction set in use (numerics/instruction_set.hpp).
const StepKernels& step_kernels();

}  // namespace capnode
