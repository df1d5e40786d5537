// Real intervals [lo, hi], lo <= hi, lo < +inf, hi > -inf: never empty, ends may be infinite, -0 is treated as 0.
// Inside the core a NaN becomes the whole line, which then fails every inclusion.
//
// + - * / recip sqr sqrt abs min max are the tightest enclosures in binary64 of the set of values (IEEE 1788: values at
// the points where the operation is defined). Round to nearest throughout: the sign of an error-free residue says which
// way a result erred (Ogita, Rump, Oishi 2005; Rump 2010), see directed.hpp. Where a proof needs the operation to be
// defined on the *whole* set, use `quotient` and elementary.hpp: they give the whole line instead of a partial answer.
#pragma once

#include <optional>

#include "capnode/numerics/directed.hpp"

namespace capnode {

struct Interval {
    double lo = 0.0;
    double hi = 0.0;

    constexpr Interval() = default;
    /// The point x exactly. NaN gives the whole line, +inf gives [MAX, +inf].
    constexpr Interval(double x) : Interval(x, x) {}  // NOLINT: implicit on purpose, exact
    /// [lower, upper]; the whole line unless lower <= upper (so also for NaN).
    constexpr Interval(double lower, double upper) : lo(lower), hi(upper) {
        if (!(lower <= upper)) {
            lo = -infinity;
            hi = infinity;
        }
        if (lo == infinity) lo = largest_finite;
        if (hi == -infinity) hi = -largest_finite;
    }

    static constexpr Interval whole() { return {-infinity, infinity}; }
};

// ---- named questions: there is no < and no == of sets
// ----------------------------------------------------------------

constexpr bool contains(const Interval& a, double x) { return a.lo <= x && x <= a.hi; }
constexpr bool contains_zero(const Interval& a) { return a.lo <= 0.0 && 0.0 <= a.hi; }
/// a is a subset of b.
constexpr bool subset(const Interval& a, const Interval& b) { return b.lo <= a.lo && a.hi <= b.hi; }
/// a lies in the topological interior of b (an infinite end of b has no boundary there).
constexpr bool interior(const Interval& a, const Interval& b) {
    return (b.lo < a.lo || b.lo == -infinity) && (a.hi < b.hi || b.hi == infinity);
}
constexpr bool disjoint(const Interval& a, const Interval& b) { return a.hi < b.lo || b.hi < a.lo; }
/// Every number of a is less than every number of b.
constexpr bool certainly_less(const Interval& a, const Interval& b) { return a.hi < b.lo; }
constexpr bool is_bounded(const Interval& a) { return a.lo > -infinity && a.hi < infinity; }
constexpr bool is_point(const Interval& a) { return a.lo == a.hi; }
/// Same ends (as sets).
constexpr bool same(const Interval& a, const Interval& b) { return a.lo == b.lo && a.hi == b.hi; }

// ---- numbers of a set
// ------------------------------------------------------------------------------------------------

/// A finite double inside a: the rounded middle (0 for the whole line, +-MAX for half lines).
double midpoint(const Interval& a);
/// An upper bound of hi - lo.
inline double width_up(const Interval& a) { return subtract_up(a.hi, a.lo); }
/// An upper bound of max |x - mid| over a.
double radius_up(const Interval& a, double mid);
/// max |x| over a.
inline double magnitude(const Interval& a) { return std::fmax(std::fabs(a.lo), std::fabs(a.hi)); }
/// min |x| over a.
inline double mignitude(const Interval& a) {
    return contains_zero(a) ? 0.0 : std::fmin(std::fabs(a.lo), std::fabs(a.hi));
}

// ---- set operations
// --------------------------------------------------------------------------------------------------

inline Interval hull(const Interval& a, const Interval& b) { return {std::fmin(a.lo, b.lo), std::fmax(a.hi, b.hi)}; }
/// The intersection, empty where disjoint. Two enclosures of one object that do not meet are an InternalError.
std::optional<Interval> intersect(const Interval& a, const Interval& b);
/// The ball mid +- rad as a set; rad = inf or NaN gives the whole line.
Interval ball_hull(double mid, double rad);
/// a widened by r >= 0 on both sides.
Interval widen(const Interval& a, double r);

// ---- arithmetic
// ------------------------------------------------------------------------------------------------------

inline Interval operator-(const Interval& a) { return {-a.hi, -a.lo}; }
inline Interval operator+(const Interval& a, const Interval& b) { return {add_down(a.lo, b.lo), add_up(a.hi, b.hi)}; }
inline Interval operator-(const Interval& a, const Interval& b) {
    return {subtract_down(a.lo, b.hi), subtract_up(a.hi, b.lo)};
}
Interval operator*(const Interval& a, const Interval& b);
/// { x / y : x in a, y in b, y != 0 }: tightest; the whole line where b = {0}.
Interval operator/(const Interval& a, const Interval& b);
/// a / b where b does not hold 0, and the whole line otherwise: for the quotients of a field.
Interval quotient(const Interval& a, const Interval& b);
inline Interval& operator+=(Interval& a, const Interval& b) { return a = a + b; }
inline Interval& operator-=(Interval& a, const Interval& b) { return a = a - b; }
inline Interval& operator*=(Interval& a, const Interval& b) { return a = a * b; }
inline Interval& operator/=(Interval& a, const Interval& b) { return a = a / b; }

/// { 1 / x : x in a, x != 0 }.
Interval reciprocal(const Interval& a);
Interval square(const Interval& a);
/// { sqrt(x) : x in a, x >= 0 }; the whole line where a < 0.
Interval sqrt(const Interval& a);
Interval abs(const Interval& a);
inline Interval min(const Interval& a, const Interval& b) { return {std::fmin(a.lo, b.lo), std::fmin(a.hi, b.hi)}; }
inline Interval max(const Interval& a, const Interval& b) { return {std::fmax(a.lo, b.lo), std::fmax(a.hi, b.hi)}; }
/// { x^n }: n < 0 through the reciprocal (then x != 0). Within 2 ulp of the tightest, exact for |n| <= 2.
Interval power(const Interval& a, int n);

}  // namespace capnode
