#include "double_double_product.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "capnode/numerics/double_double.hpp"

namespace capnode::detail {
namespace {

using Lane = std::array<double, dot_lanes>;

// One block: dot_steps Dot2 steps in each lane, then the lane's sum in double-double.
inline void block(const double* w, const double* hi, const double* lo, std::array<DoubleDouble, dot_lanes>& sum) {
    Lane s{};
    Lane c{};
    for (std::size_t step = 0; step < dot_steps; ++step) {
        for (std::size_t l = 0; l < dot_lanes; ++l) {
            const std::size_t j = step * dot_lanes + l;
            const double p = w[j] * hi[j];
            const double e = std::fma(w[j], hi[j], -p);
            const auto [next, t] = two_sum(s[l], p);
            s[l] = next;
            c[l] += (t + e) + w[j] * lo[j];
        }
    }
    for (std::size_t l = 0; l < dot_lanes; ++l) {
        const auto [value, error] = two_sum(s[l], c[l]);
        sum[l] = sum[l] + DoubleDouble(value, error);
    }
}

}  // namespace

void double_double_product(const Matrix& w, const double* hi, const double* lo, const double* bias, double* out_hi,
                           double* out_lo) {
    const std::size_t n = w.cols;
    const std::size_t whole = n / dot_block * dot_block;
    // The last, partial block is filled up with zeros.
    std::array<double, dot_block> tail_hi{};
    std::array<double, dot_block> tail_lo{};
    std::copy(hi + whole, hi + n, tail_hi.begin());
    std::copy(lo + whole, lo + n, tail_lo.begin());
    for (std::size_t i = 0; i < w.rows; ++i) {
        const double* row = w.row(i);
        std::array<DoubleDouble, dot_lanes> sum{};
        for (std::size_t j = 0; j < whole; j += dot_block) block(row + j, hi + j, lo + j, sum);
        if (whole < n) {
            std::array<double, dot_block> tail_w{};
            std::copy(row + whole, row + n, tail_w.begin());
            block(tail_w.data(), tail_hi.data(), tail_lo.data(), sum);
        }
        DoubleDouble total = bias == nullptr ? DoubleDouble() : DoubleDouble(bias[i]);
        for (const DoubleDouble& s : sum) total = total + s;
        out_hi[i] = total.hi;
        out_lo[i] = total.lo;
    }
}

}  // namespace capnode::detail
