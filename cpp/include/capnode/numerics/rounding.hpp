// Constants of binary64 and bounds evaluated in round to nearest: everything here returns a number that is certainly
// not below (`*_up`) or not above (`*_down`) the exact one. NaN never comes out of the bounds of non-negative
// numbers where +inf would do.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "capnode/numerics/error_free.hpp"

namespace capnode {

inline constexpr double unit_roundoff = 0x1p-53;
inline constexpr double smallest_subnormal = 0x1p-1074;
inline constexpr double largest_finite = std::numeric_limits<double>::max();
inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// The next number above x: next_up(MAX) = inf, next_up(inf) = inf, next_up(-inf) = -MAX; NaN stays NaN.
inline double next_up(double x) {
    if (!(x < infinity)) return x;
    if (x == 0.0) return smallest_subnormal;
    const auto bits = std::bit_cast<std::int64_t>(x);
    return std::bit_cast<double>(bits + (bits >= 0 ? 1 : -1));
}
inline double next_down(double x) { return -next_up(-x); }

// Sharp directed operations. The sign of the residue decides which way the rounded result erred; where the residue is
// NaN (overflow) or out of range (underflow), one more step outward is taken unconditionally.

/// Least double >= a + b, for a, b not infinities of opposite sign. The larger operand goes first: TwoSum(MAX, b)
/// overflows inside for some negative b, FastTwoSum never does unless the sum itself does (Boldo, Graillat, Muller
/// 2017).
inline double add_up(double a, double b) {
    const bool ordered = std::fabs(a) >= std::fabs(b);
    const auto [s, e] = quick_two_sum(ordered ? a : b, ordered ? b : a);
    if (s == -infinity && a != -infinity && b != -infinity) return -largest_finite;
    return e > 0.0 ? next_up(s) : s;
}
inline double add_down(double a, double b) { return -add_up(-a, -b); }
inline double subtract_up(double a, double b) { return add_up(a, -b); }
inline double subtract_down(double a, double b) { return -add_up(-a, b); }

/// A double >= a b for a, b >= 0 (0 * inf = 0); one step too wide at most where the product is below 2^-968.
inline double multiply_up(double a, double b) {
    if (a == 0.0 || b == 0.0) return 0.0;
    const double p = a * b;
    if (!(p < infinity)) return infinity;
    if (p < 0x1p-968) return next_up(p);
    return std::fma(a, b, -p) > 0.0 ? next_up(p) : p;
}
/// A double <= a b for a, b >= 0 finite.
inline double multiply_down(double a, double b) {
    if (a == 0.0 || b == 0.0) return 0.0;
    const double p = a * b;
    if (p == infinity) return largest_finite;
    if (p < 0x1p-968) return p == 0.0 ? 0.0 : next_down(p);
    return std::fma(a, b, -p) < 0.0 ? next_down(p) : p;
}
/// A double >= a / b for a >= 0, b > 0 (+inf for b = 0).
inline double divide_up(double a, double b) {
    if (a == 0.0) return 0.0;
    if (!(b > 0.0)) return infinity;
    return next_up(a / b);
}
/// A double >= sqrt(a) for a >= 0.
inline double sqrt_up(double a) { return a == 0.0 ? 0.0 : next_up(std::sqrt(a)); }

/// gamma_k = k u / (1 - k u), rounded up; +inf where k u >= 1/2 (no array of ours is that long).
inline double gamma_up(double k) {
    const double ku = k * unit_roundoff;  // exact: a power of two times an integer below 2^53
    if (!(ku < 0.5)) return infinity;
    return next_up(next_up(ku / (1.0 - ku)));
}

/// An upper bound of a sum of `terms` non-negative numbers, each already an upper bound, from its floating-point
/// value in any order of summation, followed by up to `extra` further roundings: fl(s) (1 + gamma) rounded up.
/// Justified by fl(s) >= s (1 - u)^(terms - 1), additions of non-negative numbers having no underflow error.
inline double inflate(double sum, double terms, double extra = 0.0) {
    return next_up(sum * (1.0 + gamma_up(2.0 * (terms + extra) + 2.0)));
}

}  // namespace capnode
