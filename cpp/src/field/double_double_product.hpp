// Dot products of double rows with double-double columns, in double-double with a proved bound: O(n) with ~15 flops a
// term, an error of about n/20 + 130 times u^2 = 2^-106 of the sum of the moduli.
//
// One lane of a block takes B = 8 terms by Dot2 (Ogita, Rump, Oishi 2005): with p + e = w xh exactly (FMA) and
// s' + t = s + p exactly (TwoSum), c' = fl(c + fl(fl(t + e) + fl(w xl))); the sum is s + c up to rounding errors of c.
// With a_k = |w xh| of term k, A_k their partial sums, A the whole: |t| <= u (1+u)^k A_k, |e| <= u a_k,
// |w xl| <= u a_k, so each step adds d_k <= u (A_k + 2 a_k) to c up to factors 1 + O(k u), it rounds by at most
// 3u d_k + u |c'|, and |c'| <= u (k + 2) A. Summed over the B steps:
//     u^2 A (3B + 6 + B (B + 1) / 2 + 2B) = u^2 A 82    for B = 8.
// Then s + c becomes a double-double by TwoSum, exactly, and is added to the sum of its lane, the lanes to each other
// and the bias to that, by AccurateDWPlusDW: 3u^2/(1 - 4u) of the modulus of each result (Joldes, Muller, Popescu
// 2017), at most A + |b|. A row of m blocks has m such steps (the lanes share A among them), 8 for the lanes and 1 for
// the bias:
//     |result - exact| <= kappa (A + |b|),  kappa = (82 + 3 (m + 9) + 16) u^2,
// where 16 u^2 pays the factors 1 + O(n u) (n u < 2^-20 here) many times over.
// Underflow: FMA, w xl: at most eta each, so 2 n eta more. Sums have none.
#pragma once

#include <cstddef>

#include "capnode/numerics/matrix.hpp"

namespace capnode::detail {

inline constexpr std::size_t dot_lanes = 8;
inline constexpr std::size_t dot_steps = 8;
inline constexpr std::size_t dot_block = dot_lanes * dot_steps;

/// kappa of the head, for rows of n terms.
inline double dot_error_factor(std::size_t n) {
    const auto blocks = static_cast<double>((n + dot_block - 1) / dot_block);
    return (82.0 + 3.0 * (blocks + 9.0) + 16.0) * 0x1p-106;
}

/// out[i] = sum_j w(i, j) (hi[j] + lo[j]) + bias[i] for one column; bias may be null. |lo| <= u |hi|.
void double_double_product(const Matrix& w, const double* hi, const double* lo, const double* bias, double* out_hi,
                           double* out_lo);

}  // namespace capnode::detail
