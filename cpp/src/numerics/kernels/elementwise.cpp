// exp, tanh, sigmoid, softplus, silu, sin, cos over lanes of balls, in plain double arithmetic with proved relative
// errors.
//
// u = 2^-53. Every bound below counts one rounding for each operation; where the unit has a fused multiply-add it saves
// some of them and the bounds stay true. Each loop body is straight-line code over local arrays, which the compiler
// turns into vector instructions of the set it compiles for. Nothing with external linkage is shared between the sets:
// this file includes plain declarations only, and everything but the table is in an unnamed namespace.
#include <cstddef>
#include <cstdint>

#include "capnode/numerics/kernels.hpp"

#ifndef CAPNODE_ISA
#error "compiled once for each instruction set with -DCAPNODE_ISA=name (cmake/CapnodeKernels.cmake)"
#endif
#define CAPNODE_STRING_(x) #x
#define CAPNODE_STRING(x) CAPNODE_STRING_(x)

namespace capnode::kernels::CAPNODE_ISA {
namespace {

constexpr double infinite = __builtin_inf();
constexpr double eta = 0x1p-1074;

#if defined(__FMA__)
inline double multiply_add(double a, double b, double c) { return __builtin_fma(a, b, c); }
#else
inline double multiply_add(double a, double b, double c) { return a * b + c; }
#endif
inline double magnitude(double x) { return __builtin_fabs(x); }
inline double larger(double a, double b) { return a > b ? a : b; }
inline double smaller(double a, double b) { return a < b ? a : b; }

// Adding 1.5 2^52 rounds to an integer and leaves it in the low bits of the sum.
constexpr double to_integer = 0x1.8p52;

struct Exponential {
    double e;  // e^y
    double m;  // e^y - 1
};

// y = k log 2 + r, |y| <= 690. log 2 = L1 + L2 + (less than 2^-103), L1 a multiple of 2^-42: k L1 is exact and so is y
// - k L1 (both multiples of 2^-54 where k != 0, difference below 0.36 < 2^53 2^-54); r errs by u |r| + 2^-85, |r| <=
// 0.3467, and not at all for k = 0.  With q = sum_{n=2}^{13} r^(n-2)/n! (|q - 1/2| <= 0.07; what is left out weighs
// below r^14/14! < 2^-57.7):
//   the Horner value of q errs by at most 2.3u, r^2 q by 0.42u (r/0.3467)^2, p = r + r^2 q rounds by u/4 at most (|p| <
//   1/2), the error of r adds 0.36u e^r:  |p - (e^r - 1)| <= 1.2u, and relative to p itself <= 2.6u where k = 0.
// e = 2^k (1 + p): 1.2u and the last rounding, u for 1 + p >= 1 and u/2 below: relative at most 2.6u.          [error
// of e: 4u] m = 2^k p + (2^k - 1), y <= 0: relative 2.6u for k = 0; (0.6u + u/2)/0.29 < 4u for k = -1; less below.
// [error of m: 4u] Underflow: 2^k >= 2^-997 and 2^k p loses less than 2^-77 of e.
inline Exponential exponential(double y) {
    constexpr double one_over_ln2 = 0x1.71547652b82fep+0;
    constexpr double l1 = 0x1.62e42fefa38p-1;
    constexpr double l2 = 0x1.ef35793c7673p-45;
    const double shifted = y * one_over_ln2 + to_integer;
    const double k = shifted - to_integer;
    const double r = multiply_add(-k, l2, multiply_add(-k, l1, y));
    double q = 0x1.6124613a86d09p-33;
    q = multiply_add(q, r, 0x1.1eed8eff8d898p-29);
    q = multiply_add(q, r, 0x1.ae64567f544e4p-26);
    q = multiply_add(q, r, 0x1.27e4fb7789f5cp-22);
    q = multiply_add(q, r, 0x1.71de3a556c734p-19);
    q = multiply_add(q, r, 0x1.a01a01a01a01ap-16);
    q = multiply_add(q, r, 0x1.a01a01a01a01ap-13);
    q = multiply_add(q, r, 0x1.6c16c16c16c17p-10);
    q = multiply_add(q, r, 0x1.1111111111111p-7);
    q = multiply_add(q, r, 0x1.5555555555555p-5);
    q = multiply_add(q, r, 0x1.5555555555555p-3);
    q = multiply_add(q, r, 0.5);
    const double p = multiply_add(r * r, q, r);
    const std::uint64_t bits = __builtin_bit_cast(std::uint64_t, shifted);
    const double two_to_k = __builtin_bit_cast(double, (bits << 52) + (std::uint64_t{1023} << 52));
    return {multiply_add(two_to_k, p, two_to_k), multiply_add(two_to_k, p, two_to_k - 1.0)};
}

struct Jet {
    double value;
    double slope;
};

// ---- the functions at a point, with the relative errors claimed for them (each a little above what is shown)
// ---------------

// t = -m/(2 + m), y = -2|x|: dt/t = (dm/m) 2/(2 + m): at most 2.6u 1.18 (k = 0), 3.9u 1.49 (k = -1), 1.3u 2 (k <= -2),
// so below 5.9u, and two roundings: 8u. q = 1 - t^2 = 4e/(1 + e)^2: e 4u, 1 + e at most 4u/2 + u, squared, product and
// quotient: 12u.
constexpr double tanh_error = 0x1.4p-50;  // 10u
constexpr double tanh_slope_error = 0x1p-49;
constexpr double tanh_range = 345.0;
inline Jet tanh_point(double x) {
    const Exponential y = exponential(-2.0 * magnitude(x));
    const double t = -y.m / (2.0 + y.m);
    const double d = 1.0 + y.e;
    return {x < 0.0 ? -t : t, 4.0 * y.e / (d * d)};
}

// s = 1/(1 + e) or e/(1 + e), e = e^-|x|: de/e times at most 1, 1 + e and the quotient one rounding each: 6u. s' = e/(1
// + e)^2: 12u.
constexpr double sigmoid_error = 0x1p-50;
constexpr double sigmoid_slope_error = 0x1p-49;
constexpr double sigmoid_range = 690.0;
inline Jet sigmoid_point(double x) {
    const double e = exponential(-magnitude(x)).e;
    const double d = 1.0 + e;
    return {(x < 0.0 ? e : 1.0) / d, e / (d * d)};
}

// log(1 + e) = 2z sum_j w^j/(2j+1), z = e/(2 + e) <= 1/3, w = z^2 <= 1/9, 17 terms, the rest below 9^-17/35/(1 - 1/9) <
// 2^-58.8. z: 4u + 2u; the sum, between 1 and 1.04, errs by 12u/2 from w and 2u (its terms beyond the first weigh
// 0.04); the product 1u: below 10u for log(1 + e), u more for max(x, 0) + log(1 + e): 11u.
constexpr double softplus_error = 0x1p-49;
inline double softplus_value(double x) {
    const double e = exponential(-magnitude(x)).e;
    const double z = e / (2.0 + e);
    const double w = z * z;
    double s = 1.0 / 33;
    s = multiply_add(s, w, 1.0 / 31);
    s = multiply_add(s, w, 1.0 / 29);
    s = multiply_add(s, w, 1.0 / 27);
    s = multiply_add(s, w, 1.0 / 25);
    s = multiply_add(s, w, 1.0 / 23);
    s = multiply_add(s, w, 1.0 / 21);
    s = multiply_add(s, w, 1.0 / 19);
    s = multiply_add(s, w, 1.0 / 17);
    s = multiply_add(s, w, 1.0 / 15);
    s = multiply_add(s, w, 1.0 / 13);
    s = multiply_add(s, w, 1.0 / 11);
    s = multiply_add(s, w, 1.0 / 9);
    s = multiply_add(s, w, 1.0 / 7);
    s = multiply_add(s, w, 1.0 / 5);
    s = multiply_add(s, w, 1.0 / 3);
    s = multiply_add(s, w, 1.0);
    return (x > 0.0 ? x : 0.0) + 2.0 * (z * s);
}

constexpr double exp_error = 0x1p-51;

struct Circular {
    double s;
    double c;
    double absolute;
};

// |x| <= 2^20, k the nearest integer to 2x/pi, r = x - k pi/2 with pi/2 = P1 + P2 + P3 + (less than 2^-118), P1 and P2
// of 32 bits, P3 of 53: k P1, x - k P1 and k P2 are exact, r errs by 2u |r| + 2^-98 (not at all for k = 0), |r| <=
// 0.786. With z = r^2:
//   sin r = r + r z S, S = sum_{j=1}^{8} (-1)^j z^(j-1)/(2j+1)!, remainder below 2^-62 |r|: the argument 2u, z S at
//   most 6u 0.11, last rounding u: relative 4u; cos r = 1 - (z/2 - z^2 C), remainder r^18/18! < 2^-58.7: argument 2u
//   0.62, z/2 - z^2 C at most 4u 0.31, last rounding u: relative to cos r >= 0.7 at most 5u. [error: 8u, and 2^-97 for
//   k != 0]
constexpr double circular_error = 0x1p-50;
constexpr double circular_range = 0x1p20;
inline Circular circular_point(double x) {
    constexpr double p1 = 0x1.921fb544p+0;
    constexpr double p2 = 0x1.0b4611a6p-34;
    constexpr double p3 = 0x1.3198a2e037073p-69;
    const double shifted = x * 0x1.45f306dc9c883p-1 + to_integer;
    const double k = shifted - to_integer;
    const double r = (x - k * p1) - k * p2 - k * p3;
    const double z = r * r;
    double s = 0x1.952c77030ad4ap-49;
    s = multiply_add(s, -z, 0x1.ae7f3e733b81fp-41);
    s = multiply_add(s, -z, 0x1.6124613a86d09p-33);
    s = multiply_add(s, -z, 0x1.ae64567f544e4p-26);
    s = multiply_add(s, -z, 0x1.71de3a556c734p-19);
    s = multiply_add(s, -z, 0x1.a01a01a01a01ap-13);
    s = multiply_add(s, -z, 0x1.1111111111111p-7);
    s = multiply_add(s, -z, 0x1.5555555555555p-3);
    const double sine = multiply_add(-(r * z), s, r);
    double c = 0x1.ae7f3e733b81fp-45;
    c = multiply_add(c, -z, 0x1.93974a8c07c9dp-37);
    c = multiply_add(c, -z, 0x1.1eed8eff8d898p-29);
    c = multiply_add(c, -z, 0x1.27e4fb7789f5cp-22);
    c = multiply_add(c, -z, 0x1.a01a01a01a01ap-16);
    c = multiply_add(c, -z, 0x1.6c16c16c16c17p-10);
    c = multiply_add(c, -z, 0x1.5555555555555p-5);
    const double cosine = 1.0 - z * (0.5 - z * c);
    const std::uint64_t quadrant = __builtin_bit_cast(std::uint64_t, shifted);
    const bool odd = (quadrant & 1) != 0;
    // The sign bits: sin is negative in the quadrants 2, 3, cos in 1, 2.
    const std::uint64_t sign_s = (quadrant & 2) << 62;
    const std::uint64_t sign_c = ((quadrant + 1) & 2) << 62;
    const double a = odd ? cosine : sine;
    const double b = odd ? sine : cosine;
    return {__builtin_bit_cast(double, __builtin_bit_cast(std::uint64_t, a) ^ sign_s),
            __builtin_bit_cast(double, __builtin_bit_cast(std::uint64_t, b) ^ sign_c), k == 0.0 ? 0.0 : 0x1p-97};
}

// ---- lanes
// ------------------------------------------------------------------------------------------------------------------

constexpr std::size_t block = 128;

struct Ends {
    double lo;
    double hi;
};

// m - r rounds by u |m - r|, the step outward by 4u |m - r| rounds by another u: [lo, hi] holds the ball (additions
// that land in the subnormal range are exact). A point stays a point.
inline Ends ends(double m, double r) {
    const double a = m - r;
    const double b = m + r;
    const double lo = a - magnitude(a) * 0x1p-51;
    const double hi = b + magnitude(b) * 0x1p-51;
    return {r == 0.0 ? m : lo, r == 0.0 ? m : hi};
}

struct BallLane {
    double mid;
    double rad;
};

// max(hi - mid, mid - lo) and one rounding for each, 2^-51 covers both; `valid` false (also for NaN) gives +inf.
inline BallLane ball(double lo, double hi, bool valid) {
    const double mid = 0.5 * lo + 0.5 * hi;
    const double rad = larger(hi - mid, mid - lo);
    return {valid ? mid : 0.0, valid ? rad + rad * 0x1p-51 : infinite};
}

// Outward by the relative error of the kernel, and by eta for what the subnormal range hides (never for f(0) = 0
// exactly).
inline double below(double v, double error) { return v - (magnitude(v) * error + (v == 0.0 ? 0.0 : eta)); }
inline double above(double v, double error) { return v + (magnitude(v) * error + (v == 0.0 ? 0.0 : eta)); }

struct Lane {
    BallLane value;
    BallLane slope;
};

inline Lane tanh_lane(double m, double r) {
    const Ends x = ends(m, r);
    const bool valid = larger(magnitude(x.lo), magnitude(x.hi)) <= tanh_range;
    const Jet a = tanh_point(x.lo);
    const Jet b = tanh_point(x.hi);
    // f' = 1 - f^2 falls with |x| from its maximum 1 at 0.
    const double top = x.lo <= 0.0 && x.hi >= 0.0 ? 1.0 : larger(a.slope, b.slope);
    return {ball(below(a.value, tanh_error), above(b.value, tanh_error), valid),
            ball(below(smaller(a.slope, b.slope), tanh_slope_error), above(top, tanh_slope_error), valid)};
}

inline Lane sigmoid_lane(double m, double r) {
    const Ends x = ends(m, r);
    const bool valid = larger(magnitude(x.lo), magnitude(x.hi)) <= sigmoid_range;
    const Jet a = sigmoid_point(x.lo);
    const Jet b = sigmoid_point(x.hi);
    const double top = x.lo <= 0.0 && x.hi >= 0.0 ? 0.25 : larger(a.slope, b.slope);
    return {ball(below(a.value, sigmoid_error), above(b.value, sigmoid_error), valid),
            ball(below(smaller(a.slope, b.slope), sigmoid_slope_error), above(top, sigmoid_slope_error), valid)};
}

inline Lane softplus_lane(double m, double r) {
    const Ends x = ends(m, r);
    const bool valid = larger(magnitude(x.lo), magnitude(x.hi)) <= sigmoid_range;
    const double a = softplus_value(x.lo);
    const double b = softplus_value(x.hi);
    return {
        ball(below(a, softplus_error), above(b, softplus_error), valid),
        ball(below(sigmoid_point(x.lo).value, sigmoid_error), above(sigmoid_point(x.hi).value, sigmoid_error), valid)};
}

// f = x s, f' = s + x s', f'' = s' (2 - |x| t), t = tanh(|x|/2), |f'''| = |3 s'' + x s'''| <= 3/10 + |x| s' <= 0.6 by
// s'' = -t s' and s''' = s' (t^2 - 2s'). Mean value forms about m: f' in f'(m) +- (|f''(m)| + 0.6 r) r, f in f(m) +-
// (|f'(m)| + that) r. Roundings: f(m) has the 6u of s and one more; f'(m) 7u |s| + 14u |x s'|; f''(m) less than 2^-48
// (2 + |x| t) s'.
inline Lane silu_lane(double m, double r) {
    const bool valid = magnitude(m) <= sigmoid_range && r <= 1.0;
    const double e = exponential(-magnitude(m)).e;
    const double d = 1.0 + e;
    const double s = (m < 0.0 ? e : 1.0) / d;
    const double ds = e / (d * d);
    const double value = m * s;
    const double product = m * ds;
    const double slope = s + product;
    const double bend = magnitude(m) * ((1.0 - e) / d);
    const double curvature = ds * (magnitude(2.0 - bend) + (2.0 + bend) * 0x1p-48) + 0.6 * r;
    const double slope_rad = (magnitude(s) + magnitude(product)) * 0x1p-49 + curvature * r + eta;
    // m s and the products with r may underflow: eta but for the point 0
    const double value_rad =
        magnitude(value) * 0x1p-49 + (magnitude(slope) + slope_rad) * r + (m == 0.0 && r == 0.0 ? 0.0 : eta);
    return {{valid ? value : 0.0, valid ? value_rad * (1.0 + 0x1p-49) : infinite},
            {valid ? slope : 0.0, valid ? slope_rad * (1.0 + 0x1p-49) : infinite}};
}

inline Lane exp_lane(double m, double r) {
    const Ends x = ends(m, r);
    const bool valid = larger(magnitude(x.lo), magnitude(x.hi)) <= sigmoid_range;
    const BallLane e = ball(below(exponential(x.lo).e, exp_error), above(exponential(x.hi).e, exp_error), valid);
    return {e, e};
}

// |f(x) - f(m)| <= r sup|f'| with |f'| <= min(1, |f'(m)| + r), both for sin and cos.
inline Lane circular_lane(double m, double r, bool cosine) {
    const Circular p = circular_point(m);
    const bool valid = magnitude(m) <= circular_range && r <= 1.0;
    const double es = magnitude(p.s) * circular_error + p.absolute + (p.s == 0.0 ? 0.0 : eta);
    const double ec = magnitude(p.c) * circular_error + p.absolute;
    const double rs = (es + r * smaller(1.0, magnitude(p.c) + ec + r)) * (1.0 + 0x1p-50) + (r == 0.0 ? 0.0 : eta);
    const double rc = (ec + r * smaller(1.0, magnitude(p.s) + es + r)) * (1.0 + 0x1p-50) + (r == 0.0 ? 0.0 : eta);
    const BallLane s{valid ? p.s : 0.0, valid ? rs : infinite};
    const BallLane c{valid ? p.c : 0.0, valid ? rc : infinite};
    const BallLane minus{-s.mid, s.rad};
    return {cosine ? c : s, cosine ? minus : c};
}
inline Lane sin_lane(double m, double r) { return circular_lane(m, r, false); }
inline Lane cos_lane(double m, double r) { return circular_lane(m, r, true); }

/// Blocks through local arrays: no aliasing to guard against, so that the loop in the middle vectorises, in place too.
template <Lane (*lane)(double, double)>
void over_lanes(std::size_t n, const double* mid, const double* rad, double* value_mid, double* value_rad,
                double* slope_mid, double* slope_rad) {
    alignas(64) double m[block], r[block], vm[block], vr[block], sm[block], sr[block];
    for (std::size_t start = 0; start < n; start += block) {
        const std::size_t count = n - start < block ? n - start : block;
        for (std::size_t i = 0; i < block; ++i) {
            m[i] = i < count ? mid[start + i] : 0.0;
            r[i] = i < count && rad != nullptr ? rad[start + i] : 0.0;
        }
        if (slope_mid == nullptr) {
            for (std::size_t i = 0; i < block; ++i) {
                const Lane y = lane(m[i], r[i]);
                vm[i] = y.value.mid;
                vr[i] = y.value.rad;
            }
        } else {
            for (std::size_t i = 0; i < block; ++i) {
                const Lane y = lane(m[i], r[i]);
                vm[i] = y.value.mid;
                vr[i] = y.value.rad;
                sm[i] = y.slope.mid;
                sr[i] = y.slope.rad;
            }
        }
        for (std::size_t i = 0; i < count; ++i) {
            value_mid[start + i] = vm[i];
            value_rad[start + i] = vr[i];
        }
        if (slope_mid == nullptr) continue;
        for (std::size_t i = 0; i < count; ++i) {
            slope_mid[start + i] = sm[i];
            slope_rad[start + i] = sr[i];
        }
    }
}

}  // namespace

extern const Table table;
const Table table{CAPNODE_STRING(CAPNODE_ISA), &over_lanes<tanh_lane>, &over_lanes<sigmoid_lane>,
                  &over_lanes<softplus_lane>,  &over_lanes<silu_lane>, &over_lanes<exp_lane>,
                  &over_lanes<sin_lane>,       &over_lanes<cos_lane>};

}  // namespace capnode::kernels::CAPNODE_ISA
