#include "capnode/numerics/interval.hpp"

#include <algorithm>
#include <utility>

#include "capnode/numerics/double_double.hpp"

namespace capnode {

double midpoint(const Interval& a) {
    if (a.lo == -infinity) return a.hi == infinity ? 0.0 : -largest_finite;
    if (a.hi == infinity) return largest_finite;
    const double sum = a.lo + a.hi;  // rounding is monotone: half of it stays between the ends
    return std::fabs(sum) < infinity ? 0.5 * sum : 0.5 * a.lo + 0.5 * a.hi;
}

double radius_up(const Interval& a, double mid) { return std::fmax(subtract_up(a.hi, mid), subtract_up(mid, a.lo)); }

std::optional<Interval> intersect(const Interval& a, const Interval& b) {
    if (disjoint(a, b)) return std::nullopt;
    return Interval(std::fmax(a.lo, b.lo), std::fmin(a.hi, b.hi));
}

Interval ball_hull(double mid, double rad) {
    if (!(rad < infinity) || !(std::fabs(mid) < infinity)) return Interval::whole();
    return {subtract_down(mid, rad), add_up(mid, rad)};
}

Interval widen(const Interval& a, double r) {
    if (!(r < infinity)) return Interval::whole();
    return {subtract_down(a.lo, r), add_up(a.hi, r)};
}

// The extreme products of the ends, by the signs of the factors (Moore 1966): the products are monotone in each factor.
Interval operator*(const Interval& a, const Interval& b) {
    if (a.lo >= 0.0) {
        if (b.lo >= 0.0) return {product_down(a.lo, b.lo), product_up(a.hi, b.hi)};
        if (b.hi <= 0.0) return {product_down(a.hi, b.lo), product_up(a.lo, b.hi)};
        return {product_down(a.hi, b.lo), product_up(a.hi, b.hi)};
    }
    if (a.hi <= 0.0) return -((-a) * b);
    if (b.lo >= 0.0) return {product_down(a.lo, b.hi), product_up(a.hi, b.hi)};
    if (b.hi <= 0.0) return {product_down(a.hi, b.lo), product_up(a.lo, b.lo)};
    return {std::fmin(product_down(a.lo, b.hi), product_down(a.hi, b.lo)),
            std::fmax(product_up(a.lo, b.lo), product_up(a.hi, b.hi))};
}

Interval operator/(const Interval& a, const Interval& b) {
    if (b.lo == 0.0 && b.hi == 0.0) return Interval::whole();
    if (a.lo == 0.0 && a.hi == 0.0) return {};
    if (b.lo < 0.0 && b.hi > 0.0) return Interval::whole();
    if (b.hi <= 0.0) return (-a) / (-b);
    // Now b = [0, h] or b > 0; a quotient by a vanishing positive number has no bound on the side of its sign.
    if (a.lo >= 0.0) return {quotient_down(a.lo, b.hi), b.lo == 0.0 ? infinity : quotient_up(a.hi, b.lo)};
    if (a.hi <= 0.0) return {b.lo == 0.0 ? -infinity : quotient_down(a.lo, b.lo), quotient_up(a.hi, b.hi)};
    if (b.lo == 0.0) return Interval::whole();
    return {quotient_down(a.lo, b.lo), quotient_up(a.hi, b.lo)};
}

Interval quotient(const Interval& a, const Interval& b) { return contains_zero(b) ? Interval::whole() : a / b; }

Interval reciprocal(const Interval& a) { return Interval(1.0) / a; }

Interval square(const Interval& a) {
    const double least = mignitude(a);
    const double most = magnitude(a);
    return {product_down(least, least), product_up(most, most)};
}

Interval sqrt(const Interval& a) {
    if (a.hi < 0.0) return Interval::whole();
    return {a.lo <= 0.0 ? 0.0 : root_down(a.lo), root_up(a.hi)};
}

Interval abs(const Interval& a) { return {mignitude(a), magnitude(a)}; }

namespace {

/// x 2^k outward, for |x| in [2^-256, 2^256]: the first factor is exact, the second rounds once.
Interval scale_outward(const Interval& x, int k) {
    const int first = std::max(-700, std::min(k, 700));
    const int second = std::max(-1000, std::min(k - first, 1000));
    const double f = std::ldexp(1.0, first);
    const double g = std::ldexp(1.0, second);
    return {product_down(x.lo * f, g), product_up(x.hi * f, g)};
}

/// x^n for x != 0 finite and |n| <= 256, in double-double: m^n 2^(e n) for x = m 2^e, m in [1/2, 1).
Interval scaled_power(double x, int n) {
    int e = 0;
    const double m = std::frexp(x, &e);
    return scale_outward(to_interval(power(DoubleDoubleBall(m), n)), e * n);
}

/// x^n for n >= 1 by sharp products of points (exact where the power is a double), sharpened in double-double for n <=
/// 256.
Interval point_power(double x, int n) {
    if (std::fabs(x) == infinity) {
        return x > 0.0 || n % 2 == 0 ? Interval(largest_finite, infinity) : Interval(-infinity, -largest_finite);
    }
    Interval result(1.0);
    Interval factor(x);
    for (int k = n; k > 0; k /= 2) {
        if (k % 2 == 1) result = result * factor;
        factor = factor * factor;
    }
    if (n > 256 || x == 0.0 || is_point(result)) return result;
    return intersect(result, scaled_power(x, n)).value_or(result);
}

Interval positive_power(const Interval& a, int n) {
    if (n == 1) return a;
    if (n == 2) return square(a);
    if (n % 2 == 1) return {point_power(a.lo, n).lo, point_power(a.hi, n).hi};
    const double least = mignitude(a);
    return {least == 0.0 ? 0.0 : point_power(least, n).lo, point_power(magnitude(a), n).hi};
}

}  // namespace

Interval power(const Interval& a, int n) {
    if (n == 0) return Interval(1.0);
    if (n > 0) return positive_power(a, n);
    // x^n = 1 / x^|n|, |n| written so that the most negative int does not overflow: x^-2^31 = 1 / (x^2)^(2^30).
    if (n == -2147483647 - 1) return reciprocal(positive_power(square(a), 1 << 30));
    const Interval inverse = reciprocal(positive_power(a, -n));
    if (n < -256 || n == -1 || contains_zero(a) || !is_bounded(a)) return inverse;
    return intersect(inverse, hull(scaled_power(a.lo, n), scaled_power(a.hi, n))).value_or(inverse);  // monotone
}

}  // namespace capnode
