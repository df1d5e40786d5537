// Sums and products of single balls and discs, inline, for the entrywise loops of a layer.
//
// Each rounds its midpoint to nearest: the error is at most u |mid| (half an ulp), and eta/2 more where a product
// underflows. A radius is a sum of non-negative terms, at most five roundings from each term to the sum, at most six
// products in all, so fl(sum) >= (1 - u)^5 sum - 3 eta; times (1 + 8u) and plus 8 eta, each rounded, it is an upper
// bound: (1 - u)^7 (1 + 8u) >= 1. What is not finite becomes 0 +- inf.
#pragma once

#include <cmath>

#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode::detail {

inline double finish_radius(double sum) { return sum * (1.0 + 8.0 * unit_roundoff) + 8.0 * smallest_subnormal; }

inline Ball total(double mid, double rad) {
    return std::fabs(mid) < infinity && rad < infinity ? Ball{mid, rad} : Ball{0.0, infinity};
}
inline ComplexBall total(double re, double im, double rad) {
    return std::fabs(re) < infinity && std::fabs(im) < infinity && rad < infinity ? ComplexBall{re, im, rad}
                                                                                  : ComplexBall{0.0, 0.0, infinity};
}

// The error of a rounded sum is known exactly (two_sum), and sums have no underflow error. The radii are added with at
// most two roundings; in the subnormal range those sums are exact.
inline Ball entry_add(const Ball& a, const Ball& b) {
    const auto [m, e] = two_sum(a.mid, b.mid);
    return total(m, (a.rad + b.rad + std::fabs(e)) * (1.0 + 8.0 * unit_roundoff));
}

// |x y - a b| <= |a| r_b + r_a (|b| + r_b)
inline Ball entry_multiply(const Ball& a, const Ball& b) {
    const double m = a.mid * b.mid;
    if ((a.mid == 0.0 && a.rad == 0.0) || (b.mid == 0.0 && b.rad == 0.0)) {
        return a.rad < infinity && b.rad < infinity ? Ball{} : Ball{0.0, infinity};  // exactly 0
    }
    const double r = std::fabs(a.mid) * b.rad + a.rad * (std::fabs(b.mid) + b.rad) + unit_roundoff * std::fabs(m);
    return total(m, finish_radius(r));
}

inline ComplexBall entry_add(const ComplexBall& a, const ComplexBall& b) {
    const auto [re, e] = two_sum(a.re, b.re);
    const auto [im, f] = two_sum(a.im, b.im);
    return total(re, im, (a.rad + b.rad + std::fabs(e) + std::fabs(f)) * (1.0 + 8.0 * unit_roundoff));
}

// fl(x y - z w) errs by at most u (|x y| + |z w|) from the products, u (1 + u) (|x y| + |z w|) from the difference and
// eta; real and imaginary part together 2u (1 + u) |a|_1 |b|_1 + 2 eta with |a|_1 = |re| + |im|: taken as 3u, which
// also pays the one rounding more in the last term.
inline ComplexBall entry_multiply(const ComplexBall& a, const ComplexBall& b) {
    const double a1 = std::fabs(a.re) + std::fabs(a.im);
    const double b1 = std::fabs(b.re) + std::fabs(b.im);
    const double re = a.re * b.re - a.im * b.im;
    const double im = a.re * b.im + a.im * b.re;
    const double rounding = 3.0 * unit_roundoff * a1 * b1;
    if (a.rad == 0.0 && b.rad == 0.0) {
        return a1 == 0.0 || b1 == 0.0 ? ComplexBall{} : total(re, im, finish_radius(rounding));
    }
    return total(re, im,
                 finish_radius(hypot_up(a.re, a.im) * b.rad + a.rad * (hypot_up(b.re, b.im) + b.rad) + rounding));
}

inline ComplexBall entry_multiply(const Ball& a, const ComplexBall& b) {
    const double b1 = std::fabs(b.re) + std::fabs(b.im);
    const double rounding = unit_roundoff * std::fabs(a.mid) * b1;
    const double from_a = a.rad == 0.0 ? 0.0 : a.rad * (hypot_up(b.re, b.im) + b.rad);
    return total(a.mid * b.re, a.mid * b.im, finish_radius(std::fabs(a.mid) * b.rad + from_a + rounding));
}

}  // namespace capnode::detail
