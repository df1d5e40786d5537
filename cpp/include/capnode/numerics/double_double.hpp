// Unevaluated sums of two doubles, and balls around them: the numbers of verified residuals, to about 2^-100.
//
// DoubleDouble operations are those of Joldes, Muller, Popescu (2017) and Muller, Rideau (2022), whose relative error
// bounds (u = 2^-53) hold where nothing over- or underflows:
//     sum 3 u^2 / (1 - 4u)  product 4 u^2  quotient 9.8 u^2  square root 25/8 u^2.
// DoubleDoubleBall {hi, lo, rad} is the set of x with |x - (hi + lo)| <= rad; rad = inf (or NaN inside) is the whole
// line. Its operations take the bounds above as 2^-103 (quotient 2^-102), add what underflow can do, and inflate the
// radius for its own roundings, so that a long computation carries its own proof.
#pragma once

#include "capnode/numerics/interval.hpp"

namespace capnode {

struct DoubleDouble {
    double hi = 0.0;
    double lo = 0.0;

    constexpr DoubleDouble() = default;
    constexpr DoubleDouble(double x) : hi(x) {}  // NOLINT: implicit on purpose, exact
    constexpr DoubleDouble(double high, double low) : hi(high), lo(low) {}
};

inline DoubleDouble operator-(const DoubleDouble& a) { return {-a.hi, -a.lo}; }

/// AccurateDWPlusDW (Joldes, Muller, Popescu 2017, algorithm 6). Additions have no underflow error.
inline DoubleDouble operator+(const DoubleDouble& a, const DoubleDouble& b) {
    const auto [sh, sl] = two_sum(a.hi, b.hi);
    const auto [th, tl] = two_sum(a.lo, b.lo);
    const auto [vh, vl] = quick_two_sum(sh, sl + th);
    const auto [zh, zl] = quick_two_sum(vh, tl + vl);
    return {zh, zl};
}
inline DoubleDouble operator-(const DoubleDouble& a, const DoubleDouble& b) { return a + (-b); }

/// DWTimesDW3 (algorithm 12): 4 u^2 (Muller, Rideau 2022).
inline DoubleDouble operator*(const DoubleDouble& a, const DoubleDouble& b) {
    const auto [ch, cl1] = two_product(a.hi, b.hi);
    const double tl0 = a.lo * b.lo;
    const double tl1 = std::fma(a.hi, b.lo, tl0);
    const double cl2 = std::fma(a.lo, b.hi, tl1);
    const auto [zh, zl] = quick_two_sum(ch, cl1 + cl2);
    return {zh, zl};
}
/// Approximate quotient and root: no bound is claimed here, the balls below prove theirs by a residual.
DoubleDouble operator/(const DoubleDouble& a, const DoubleDouble& b);
DoubleDouble sqrt(const DoubleDouble& a);

struct DoubleDoubleBall {
    double hi = 0.0;
    double lo = 0.0;
    double rad = 0.0;

    constexpr DoubleDoubleBall() = default;
    constexpr DoubleDoubleBall(double x) : hi(x) {}  // NOLINT: implicit on purpose, exact
    constexpr DoubleDoubleBall(double high, double low, double radius) : hi(high), lo(low), rad(radius) {}
    constexpr DoubleDoubleBall(const DoubleDouble& mid, double radius) : hi(mid.hi), lo(mid.lo), rad(radius) {}

    constexpr DoubleDouble mid() const { return {hi, lo}; }
    static constexpr DoubleDoubleBall whole() { return {0.0, 0.0, infinity}; }
};

/// An upper (lower) bound of |x| over the ball; the lower one is 0 where the ball may hold 0.
double magnitude_up(const DoubleDoubleBall& a);
double mignitude_down(const DoubleDoubleBall& a);
bool is_bounded(const DoubleDoubleBall& a);
/// The least double interval around the ball, up to one step at each end.
Interval to_interval(const DoubleDoubleBall& a);
/// A ball around an interval; the whole line where it is unbounded.
DoubleDoubleBall to_double_double(const Interval& a);
/// The ball with its radius enlarged by r >= 0.
DoubleDoubleBall widen(const DoubleDoubleBall& a, double r);

DoubleDoubleBall operator-(const DoubleDoubleBall& a);
DoubleDoubleBall operator+(const DoubleDoubleBall& a, const DoubleDoubleBall& b);
DoubleDoubleBall operator-(const DoubleDoubleBall& a, const DoubleDoubleBall& b);
DoubleDoubleBall operator*(const DoubleDoubleBall& a, const DoubleDoubleBall& b);
/// The whole line where b may hold 0.
DoubleDoubleBall operator/(const DoubleDoubleBall& a, const DoubleDoubleBall& b);
inline DoubleDoubleBall& operator+=(DoubleDoubleBall& a, const DoubleDoubleBall& b) { return a = a + b; }
inline DoubleDoubleBall& operator-=(DoubleDoubleBall& a, const DoubleDoubleBall& b) { return a = a - b; }
inline DoubleDoubleBall& operator*=(DoubleDoubleBall& a, const DoubleDoubleBall& b) { return a = a * b; }
/// Times 2^k for a power of two p = 2^k, |k| <= 1022: exact but for underflow, which is counted.
DoubleDoubleBall scale(const DoubleDoubleBall& a, double p);
DoubleDoubleBall square(const DoubleDoubleBall& a);
DoubleDoubleBall power(const DoubleDoubleBall& a, int n);
/// The whole line where the ball may hold a number <= 0 (unless it is exactly 0).
DoubleDoubleBall sqrt(const DoubleDoubleBall& a);

}  // namespace capnode
