// The loops of a flow step, one build per instruction set behind one table. All arrays are contiguous blocks of
// doubles; a series has its coefficient k at `k * stride`. Lanes are innermost: n = rows * lanes.
//
// Sums are formed in ascending order of the index, with or without fused multiply-add: the bounds of step_engine.cpp
// hold for both. Nothing here bounds anything by itself.
#pragma once

#include <cstddef>

namespace capnode {

struct StepKernels {
    // out[i] = sum_{j=0..k} a_j[i] b_{k-j}[i]
    void (*convolve)(double* out, const double* a, const double* b, std::size_t k, std::size_t stride, std::size_t n);
    // out[i] = (1/k) sum_{j=1..k} j v_j[i] w_{k-j}[i]
    void (*integrate)(double* out, const double* v, const double* w, std::size_t k, std::size_t stride, std::size_t n);
    // out[i] = -u_0[i] sum_{j=1..k} v_j[i] u_{k-j}[i]
    void (*reciprocal)(double* out, const double* u, const double* v, std::size_t k, std::size_t stride, std::size_t n);
    // out[i] = (v_k[i] - sum_{j=1..k-1} u_j[i] u_{k-j}[i]) half_inverse[i]
    void (*square_root)(double* out, const double* u, const double* v, const double* half_inverse, std::size_t k,
                        std::size_t stride, std::size_t n);
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
    // out[row, col, lane] (+)= sum_k |d_k[row, col, lane]| m_k[row, lane]; m_k at k * m_stride
    void (*tangent_bound)(double* out, const double* d, const double* m, std::size_t order, std::size_t d_stride,
                          std::size_t m_stride, std::size_t rows, std::size_t cols, std::size_t lanes, bool add);
};

/// The table of the instruction set in use (numerics/instruction_set.hpp).
const StepKernels& step_kernels();

}  // namespace capnode
