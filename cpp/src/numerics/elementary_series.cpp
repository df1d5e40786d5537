#include "capnode/numerics/elementary_series.hpp"

#include <bit>

#include "capnode/numerics/elementary_constants.hpp"

namespace capnode::series {
namespace {

using constants::ball;
using constants::inverse_factorial;
using constants::odd_reciprocal;

/// 2^k for -1022 <= k <= 1023.
double power_of_two(int k) { return std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52); }

/// The nearest integer for |x| < 2^51: adding 1.5 * 2^52 leaves no room for a fraction.
double nearest_integer(double x) { return (x + 0x1.8p52) - 0x1.8p52; }

DoubleDoubleBall product(double a, double b) {
    const auto [p, e] = two_product(a, b);
    return {p, e, 0.0};
}

/// sum_{i < n} c_i z^i for the far terms of a series, in double: they weigh less than 2^-53 of the sum, so plain Horner
/// will do. Each of the 2n operations, the rounding of each c_i and the n-fold use of z.hi for z err by u relative to
/// A = sum |c_i| |z|^i: at most gamma_{4n+4} A, below 2^-45 A for n <= 16; A itself is evaluated with less error than
/// that. A radius of the argument is the caller's to add, by the derivative of the sum.
DoubleDoubleBall tail(const DoubleDouble* c, int stride, int n, double z, double sign) {
    double value = 0.0;
    double size = 0.0;
    for (int i = n - 1; i >= 0; --i) {
        value = value * (sign * z) + c[i * stride].hi;
        size = size * std::fabs(z) + c[i * stride].hi;
    }
    return {value, 0.0, size * 0x1p-44};
}

/// c_0 + z (c_1 + z (... c_{n-1} + z t)), the factors z signed by the caller.
DoubleDoubleBall horner(const DoubleDouble* c, int stride, int n, const DoubleDoubleBall& z, DoubleDoubleBall t) {
    for (int i = n - 1; i >= 0; --i) t = ball(c[i * stride]) + z * t;
    return t;
}

struct Reduced {
    DoubleDoubleBall expm1;  // e^r - 1
    int k = 0;               // x = k log 2 + r, |r| <= 0.35
    bool ok = false;
};

// r = x - k log 2, s = r/16, |s| <= 0.0221 < 2^-5.499:
//   e^s - 1 = sum_{n=1}^{13} s^n / n! + R,   |R| <= |s| |s|^13 / 14! / (1 - |s|/15) < |s| 2^-71.48 2^-36.34 1.002 < |s|
//   2^-107,
// then four times e^{2s} - 1 = p (2 + p), which keeps the relative accuracy of p near 0.
Reduced reduce_exp(const DoubleDoubleBall& x) {
    const double k = nearest_integer(x.hi * constants::one_over_ln2);
    DoubleDoubleBall r = x;
    if (k != 0.0) {
        for (int i = 0; i < 2; ++i) r = r - product(k, constants::ln2_words[i]);
        // |k| |ln2 word 3| < |k| 2^-110 rounds with 2^-163 |k|, the words left out weigh less than 2^-164 |k|.
        r = r - DoubleDoubleBall(k * constants::ln2_words[2], 0.0, std::fabs(k) * 0x1p-162);
    }
    const DoubleDoubleBall s = scale(r, 0x1p-4);
    if (!(magnitude_up(s) <= 0.0221)) return {};
    DoubleDoubleBall t =
        s.rad <= 0x1p-60 ? tail(inverse_factorial + 9, 1, 5, s.hi, 1.0) : DoubleDoubleBall(0.0, 0.0, 0x1p-18);
    if (s.rad <= 0x1p-60) t = widen(t, s.rad);  // |d/ds sum_{n>=9} s^(n-9)/n!| < 1
    DoubleDoubleBall p = s * horner(inverse_factorial + 1, 1, 8, s, t);
    p = widen(p, magnitude_up(s) * 0x1p-107);
    for (int i = 0; i < 4; ++i) p = scale(p, 2.0) + p * p;
    return {p, static_cast<int>(k), true};
}

}  // namespace

Exponentials exponentials(const DoubleDoubleBall& x) {
    if (x.hi + x.rad < -746.0) {  // e^-746 < 2^-1075
        const DoubleDoubleBall tiny(0.0, 0.0, smallest_subnormal);
        return {tiny, DoubleDoubleBall(-1.0, 0.0, smallest_subnormal)};
    }
    if (!(x.hi < 709.78) || !(x.hi > -747.0) || !is_bounded(x))
        return {DoubleDoubleBall::whole(), DoubleDoubleBall::whole()};
    // |e^x - 1 - x| <= x^2 for |x| <= 1.
    if (std::fabs(x.hi) < 0x1p-110 && x.rad < 0x1p-110) {
        const double m = magnitude_up(x);
        const DoubleDoubleBall e = widen(x, multiply_up(m, m));
        return {DoubleDoubleBall(1.0) + e, e};
    }
    const Reduced reduced = reduce_exp(x);
    if (!reduced.ok) return {DoubleDoubleBall::whole(), DoubleDoubleBall::whole()};
    const DoubleDoubleBall m = DoubleDoubleBall(1.0) + reduced.expm1;
    if (reduced.k == 0) return {m, reduced.expm1};
    // k = 1024 and k < -1022 in two exact steps (the second counts its underflow).
    const int first = reduced.k > 0 ? 1 : (reduced.k < -1000 ? -100 : 0);
    const DoubleDoubleBall e = scale(scale(m, power_of_two(first)), power_of_two(reduced.k - first));
    return {e, e - DoubleDoubleBall(1.0)};
}

Interval exp_point(double x) {
    if (x == 0.0) return Interval(1.0);
    if (x > 709.79) return {largest_finite, infinity};  // log MAX = 709.7827...
    if (x < -745.14) return {0.0, smallest_subnormal};  // log 2^-1075 = -745.1332...
    if (std::fabs(x) < 0x1p-54) return x > 0.0 ? Interval(1.0, next_up(1.0)) : Interval(next_down(1.0), 1.0);
    const Reduced reduced = reduce_exp(x);
    if (!reduced.ok) return {0.0, infinity};
    const Interval m = to_interval(DoubleDoubleBall(1.0) + reduced.expm1);
    const int first = reduced.k > 0 ? 1 : -100;
    const double f = power_of_two(first);
    const double g = power_of_two(reduced.k - first);
    return {product_down(m.lo * f, g), product_up(m.hi * f, g)};
}

namespace {

// log((1 + z)/(1 - z)) = 2 z sum_j w^j / (2j + 1), w = z^2 <= 0.0297: the terms from j = 21 on weigh at most
// w^21 / (43 (1 - w)) < 2^-106.5 2^-5.3, less than 2^-111.
DoubleDoubleBall log_ratio(const DoubleDoubleBall& z) {
    if (z.hi == 0.0 && z.lo == 0.0 && z.rad == 0.0) return {};
    const DoubleDoubleBall w = z * z;
    if (!(magnitude_up(w) <= 0.0297)) return DoubleDoubleBall::whole();
    DoubleDoubleBall t(0.0, 0.0, 0x1p-4);  // sum_{j>=11} w^(j-11) / (2j + 1) <= 1/(23 (1 - w)) < 2^-4
    if (w.rad <= 0x1p-60) t = widen(tail(odd_reciprocal + 11, 1, 10, w.hi, 1.0), w.rad);
    const DoubleDoubleBall sum = widen(horner(odd_reciprocal, 1, 11, w, t), 0x1p-111);
    return scale(z * sum, 2.0);
}

}  // namespace

DoubleDoubleBall log(const DoubleDoubleBall& x) {
    if (!(mignitude_down(x) > 0.0) || !(x.hi > 0.0) || !is_bounded(x)) return DoubleDoubleBall::whole();
    int e = 0;
    DoubleDoubleBall m = x;
    if (x.hi < 0x1p-500) {
        m = scale(m, 0x1p600);
        e = -600;
    }
    // m in (1/sqrt 2, sqrt 2]: a number just below 1 has the exponent -1 and stays below 1.
    const auto bits = std::bit_cast<std::uint64_t>(m.hi);
    const int exponent = static_cast<int>(bits >> 52) - 1023;
    const double fraction_bar = std::bit_cast<double>((bits & 0xfffffffffffffu) | (std::uint64_t{1023} << 52));
    const int shift = fraction_bar > 0x1.6a09e6p0 ? exponent + 1 : exponent;
    m = scale(scale(m, power_of_two(-shift / 2)), power_of_two(-(shift - shift / 2)));
    e += shift;
    const DoubleDoubleBall z = (m - DoubleDoubleBall(1.0)) / (m + DoubleDoubleBall(1.0));
    const DoubleDoubleBall fraction = log_ratio(z);
    if (e == 0) return fraction;
    return DoubleDoubleBall(e) * ball(constants::ln2) + fraction;
}

DoubleDoubleBall log1p(const DoubleDoubleBall& x) {
    if (std::fabs(x.hi) < 0x1p-110) {  // |log(1 + x) - x| <= x^2 for |x| <= 1/2
        const double m = magnitude_up(x);
        return m < 0.5 ? widen(x, multiply_up(m, m)) : DoubleDoubleBall::whole();
    }
    if (std::fabs(x.hi) < 0.25) return log_ratio(x / (DoubleDoubleBall(2.0) + x));
    return log(DoubleDoubleBall(1.0) + x);
}

// r = x - k pi/2 with five words of pi/2 (the sixth and beyond weigh less than 2^-275 |k|); products with k are exact,
// and the reduction keeps its relative accuracy because the balls count what cancellation costs. |r| <= 0.8, z = r^2 <=
// 0.64:
//   sin r = r sum_{j<14} (-z)^j / (2j+1)!, remainder <= z^14 / 29! < 2^-9.01 2^-102.7,
//   cos r =   sum_{j<15} (-z)^j / (2j)!,   remainder <= z^15 / 30! < 2^-9.6 2^-107.7,
// both series alternating with falling terms.
SineCosine sine_cosine(const DoubleDoubleBall& x) {
    SineCosine out;
    out.sin = out.cos = DoubleDoubleBall(0.0, 0.0, 1.0);
    if (!(std::fabs(x.hi) <= 0x1p45) || !(x.rad <= 0x1p-30)) return out;
    const double k = nearest_integer(x.hi * constants::two_over_pi);
    DoubleDoubleBall r = x;
    if (k != 0.0) {
        for (const double word : constants::half_pi_words) r = r - product(k, word);
        r = widen(r, std::fabs(k) * 0x1p-274);
    }
    if (!(magnitude_up(r) <= 0.8)) return out;
    out.r = r;
    out.quadrant = static_cast<std::int64_t>(k);
    out.reduced = true;
    DoubleDoubleBall s;
    DoubleDoubleBall c;
    if (std::fabs(r.hi) < 0x1p-60 && r.rad < 0x1p-60) {  // |sin r - r| <= |r|^3/6, |cos r - 1| <= r^2/2
        const double m = magnitude_up(r);
        const double m2 = multiply_up(m, m);
        s = widen(r, multiply_up(m2, m));
        c = DoubleDoubleBall(1.0, 0.0, m2);
    } else {
        const DoubleDoubleBall z = r * r;
        const bool sharp = z.rad <= 0x1p-60;
        // The far terms: |sum_{j>=9} (-z)^(j-9)/(2j+1)!| < 2^-56 and its derivative below that; likewise 1/(2j)! <
        // 2^-52.
        DoubleDoubleBall ts(0.0, 0.0, 0x1p-56);
        DoubleDoubleBall tc(0.0, 0.0, 0x1p-52);
        if (sharp) {
            ts = widen(tail(inverse_factorial + 19, 2, 5, z.hi, -1.0), 0x1p-56 * z.rad);
            tc = widen(tail(inverse_factorial + 18, 2, 6, z.hi, -1.0), 0x1p-52 * z.rad);
        }
        s = r * widen(horner(inverse_factorial + 1, 2, 9, -z, ts), 0x1p-111);
        c = widen(horner(inverse_factorial, 2, 9, -z, tc), 0x1p-116);
    }
    switch (out.quadrant & 3) {
        case 0:
            out.sin = s, out.cos = c;
            break;
        case 1:
            out.sin = c, out.cos = -s;
            break;
        case 2:
            out.sin = -s, out.cos = -c;
            break;
        default:
            out.sin = -c, out.cos = s;
            break;
    }
    return out;
}

// With a hint y ~ atan x of the sign of x: tan(y + d) = x for d = atan((x cos y - sin y) / (cos y + x sin y)), and
// |d| < 2^-30 with |y| < pi/2 leaves no other branch. atan d = d - d^3/3 + ..., alternating: error <= |d|^5 / 5.
DoubleDoubleBall atan(const DoubleDoubleBall& x) {
    if (!is_bounded(x) || !(x.rad <= 0x1p-30 * std::fmax(1.0, std::fabs(x.hi)))) return {0.0, 0.0, 1.6};
    if (x.hi == 0.0 && x.rad == 0.0) return {};
    const auto small = [](const DoubleDoubleBall& d) {
        const double m = magnitude_up(d);
        if (m < 0x1p-200) return widen(d, m * 0x1p-400 + (m < 0x1p-600 ? smallest_subnormal : 0.0));
        const DoubleDoubleBall cubic = d * d * d * ball(odd_reciprocal[1]);
        return widen(d - cubic, m * m * m * m * m * 0.21);
    };
    if (std::fabs(x.hi) < 0x1p-40 && x.rad < 0x1p-60) return small(x);
    if (std::fabs(x.hi) > 0x1p60) {
        const DoubleDoubleBall quarter = x.hi > 0.0 ? ball(constants::half_pi) : -ball(constants::half_pi);
        return quarter - small(DoubleDoubleBall(1.0) / x);
    }
    const double y_bar = std::copysign(std::fmin(std::fabs(std::atan(x.hi)), 0x1.921fb54442d18p+0), x.hi);
    const SineCosine at = sine_cosine(y_bar);
    const DoubleDoubleBall d = (x * at.cos - at.sin) / (at.cos + x * at.sin);
    if (!(magnitude_up(d) < 0x1p-30) || y_bar == 0.0) return {0.0, 0.0, 1.6};
    return DoubleDoubleBall(y_bar) + small(d);
}

DoubleDoubleBall gaussian(const DoubleDoubleBall& x) {
    if (std::fabs(x.hi) > 100.0) return {0.0, 0.0, x.rad < 1.0 ? smallest_subnormal : 1.0};  // e^-9801
    return exponentials(-(x * x)).exp;
}

namespace {

// erf x = 2/sqrt(pi) x e^(-z) S, z = x^2, S = sum_n (2z)^n / (2n+1)!! = 1 + q_1 (1 + q_2 (1 + ...)), q_n = 2z/(2n+1):
// all terms positive. N is taken so that the product of q_1 .. q_N is below 2^-112 and q_{N+1} <= 1/2: the rest is at
// most twice that.
DoubleDoubleBall erf_series(const DoubleDoubleBall& x) {
    const DoubleDoubleBall z = x * x;
    const DoubleDoubleBall z2 = scale(z, 2.0);
    const double bound = magnitude_up(z2);
    double weight = 1.0;
    int n = 0;
    while (n < 88 && (weight > 0x1p-112 || bound > 0.5 * (2 * n + 3))) {
        ++n;
        weight *= bound / (2 * n + 1) * (1.0 + 0x1p-50);
    }
    // 1 + q_{N+1} + ... <= 2, as the factor of q_N.
    DoubleDoubleBall t(1.5, 0.0, 0.5);
    if (n >= 88) return DoubleDoubleBall(0.0, 0.0, 1.0);
    for (int i = n; i >= 1; --i) t = DoubleDoubleBall(1.0) + t * (z2 * ball(odd_reciprocal[i]));
    return ball(constants::two_over_sqrt_pi) * x * exponentials(-z).exp * t;
}

// erfc x = e^(-x^2) / sqrt(pi) / T_1, T_k = x + (k/2) / T_{k+1} (Laplace; all terms positive for x > 0). T_{n+1} >= x
// gives T_n in [x, x + n/(2x)]; from there the recurrence, a contraction, runs backward: in intervals until they are
// thin, then in balls.
DoubleDoubleBall erfc_fraction(const DoubleDoubleBall& x) {
    const Interval wide = to_interval(x);
    int k = static_cast<int>(900.0 / (x.hi * x.hi)) + 14;
    Interval rough = wide + Interval(0.0, k) / (2.0 * wide);
    for (--k; k > 1 && width_up(rough) > 0x1p-30 * rough.lo; --k) rough = wide + Interval(0.5 * k) / rough;
    DoubleDoubleBall t = to_double_double(rough);
    for (; k >= 1; --k) t = x + DoubleDoubleBall(0.5 * k) / t;
    return ball(constants::one_over_sqrt_pi) * exponentials(-(x * x)).exp / t;
}

}  // namespace

DoubleDoubleBall erfc(const DoubleDoubleBall& x) {
    if (!is_bounded(x) || !(x.rad <= 0x1p-30)) return {1.0, 0.0, 1.0};
    if (x.hi < 0.0) return DoubleDoubleBall(1.0) + erf(-x);
    if (x.hi < 3.0) return DoubleDoubleBall(1.0) - erf(x);
    if (x.hi > 27.3) return {0.0, 0.0, smallest_subnormal};  // erfc 27.3 < e^-745.29 / (27.2 sqrt pi) < 2^-1080
    return erfc_fraction(x);
}

DoubleDoubleBall erf(const DoubleDoubleBall& x) {
    if (!is_bounded(x) || !(x.rad <= 0x1p-30)) return {0.0, 0.0, 1.0};
    if (x.hi < 0.0) return -erf(-x);
    if (x.hi < 3.0) return erf_series(x);
    return DoubleDoubleBall(1.0) - erfc(x);
}

}  // namespace capnode::series
