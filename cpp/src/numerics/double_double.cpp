#include "capnode/numerics/double_double.hpp"

namespace capnode {
namespace {

// Inflation for at most eight roundings of a radius (each 1 + 2^-53) and for |hi + lo| <= |hi| (1 + 2^-52): 2^-49 is
// more.
constexpr double inflation = 1.0 + 0x1p-49;

DoubleDoubleBall finish(const DoubleDouble& mid, double rad) {
    // Written so that a NaN anywhere gives the whole line.
    if (!(rad < infinity) || !(std::fabs(mid.hi) < infinity)) return DoubleDoubleBall::whole();
    return {mid, rad};
}

bool in_safe_range(double x) { return std::fabs(x) > 0x1p-400 && std::fabs(x) < 0x1p400; }

}  // namespace

// DWDivDW2 (Joldes, Muller, Popescu 2017, algorithm 17).
DoubleDouble operator/(const DoubleDouble& a, const DoubleDouble& b) {
    const double th = a.hi / b.hi;
    const auto [ph, pl1] = two_product(b.hi, th);
    const auto [rh, rl] = quick_two_sum(ph, std::fma(b.lo, th, pl1));
    const double delta = (a.hi - rh) + (a.lo - rl);
    const auto [zh, zl] = quick_two_sum(th, delta / b.hi);
    return {zh, zl};
}

DoubleDouble sqrt(const DoubleDouble& a) {
    if (!(a.hi > 0.0)) return {a.hi == 0.0 ? 0.0 : std::sqrt(a.hi), 0.0};
    const double s = std::sqrt(a.hi);
    const double residue = std::fma(-s, s, a.hi) + a.lo;
    const auto [zh, zl] = quick_two_sum(s, residue / (2.0 * s));
    return {zh, zl};
}

double magnitude_up(const DoubleDoubleBall& a) {
    const double m = add_up(add_up(std::fabs(a.hi), std::fabs(a.lo)), a.rad);
    return m < infinity ? m : infinity;
}

double mignitude_down(const DoubleDoubleBall& a) {
    const double m = subtract_down(subtract_down(std::fabs(a.hi), std::fabs(a.lo)), a.rad);
    return m > 0.0 ? m : 0.0;
}

bool is_bounded(const DoubleDoubleBall& a) { return a.rad < infinity && std::fabs(a.hi) < infinity; }

Interval to_interval(const DoubleDoubleBall& a) {
    if (!is_bounded(a)) return Interval::whole();
    return {add_down(a.hi, subtract_down(a.lo, a.rad)), add_up(a.hi, add_up(a.lo, a.rad))};
}

DoubleDoubleBall to_double_double(const Interval& a) {
    const double m = midpoint(a);
    return finish(m, radius_up(a, m));
}

DoubleDoubleBall widen(const DoubleDoubleBall& a, double r) { return finish(a.mid(), add_up(a.rad, r)); }

DoubleDoubleBall operator-(const DoubleDoubleBall& a) { return {-a.hi, -a.lo, a.rad}; }

// |a + b - fl| <= ra + rb + 3 u^2 / (1 - 4u) |a + b|: the last at most 2^-104 |a + b| <= 2^-103 |hi|. In the subnormal
// range every number here is a multiple of eta, so that error vanishes where it is below eta, and so does that of the
// radius.
DoubleDoubleBall operator+(const DoubleDoubleBall& a, const DoubleDoubleBall& b) {
    const DoubleDouble s = a.mid() + b.mid();
    return finish(s, (a.rad + b.rad + 0x1p-103 * std::fabs(s.hi)) * inflation);
}
DoubleDoubleBall operator-(const DoubleDoubleBall& a, const DoubleDoubleBall& b) { return a + (-b); }

// |a b - fl| <= |a| rb + ra (|b| + rb) + 4 u^2 |a b|, the last at most 2^-104 |a b|. Underflow: four products in the
// algorithm and three in the radius err by eta/2 each, less than 2^-1070 together; for |hi| >= 2^-900 the difference of
// 2^-103 |hi| and 2^-104 |a b| covers that, below it is added.
DoubleDoubleBall operator*(const DoubleDoubleBall& a, const DoubleDoubleBall& b) {
    if ((a.hi == 0.0 && a.lo == 0.0 && a.rad == 0.0) || (b.hi == 0.0 && b.lo == 0.0 && b.rad == 0.0)) return {};
    const DoubleDouble p = a.mid() * b.mid();
    const double size = std::fabs(p.hi);
    const double rounding = 0x1p-103 * size + (size < 0x1p-900 ? 0x1p-1070 : 0.0);
    return finish(p, (std::fabs(a.hi) * b.rad + a.rad * (std::fabs(b.hi) + b.rad) + rounding) * inflation);
}

namespace {

// a = result 2^-shift with |result| in the safe range (a.hi != 0).
DoubleDoubleBall into_safe_range(const DoubleDoubleBall& a, int& shift) {
    shift = in_safe_range(a.hi) ? 0 : (std::fabs(a.hi) < 1.0 ? 700 : -700);
    return shift == 0 ? a : scale(a, shift > 0 ? 0x1p700 : 0x1p-700);
}

DoubleDoubleBall shift_by(const DoubleDoubleBall& a, int shift) {
    if (shift == 0) return a;
    const double step = shift > 0 ? 0x1p700 : 0x1p-700;
    return shift == 700 || shift == -700 ? scale(a, step) : scale(scale(a, step), step);
}

}  // namespace

// |x / y - q| <= (ra + |q| rb) / (|b| - rb) + 2^-101 |q|: DWDivDW2 errs by 15 u^2 + 56 u^3 < 2^-102 relative in the
// safe range (2^-400, 2^400), to which operands are scaled; there 2^-102 |q| > 2^-902 also covers the underflow of the
// radius.
DoubleDoubleBall operator/(const DoubleDoubleBall& a, const DoubleDoubleBall& b) {
    if (!(mignitude_down(b) > 0.0) || !is_bounded(a) || !is_bounded(b)) return DoubleDoubleBall::whole();
    if (a.hi == 0.0) return to_double_double(to_interval(a) / to_interval(b));
    int shift_a = 0;
    int shift_b = 0;
    const DoubleDoubleBall x = into_safe_range(a, shift_a);
    const DoubleDoubleBall y = into_safe_range(b, shift_b);
    const double least = mignitude_down(y);
    if (!(least > 0.0)) return DoubleDoubleBall::whole();
    const DoubleDouble q = x.mid() / y.mid();
    const double inherited = (x.rad + std::fabs(q.hi) * y.rad) / least;
    return shift_by(finish(q, (inherited + 0x1p-101 * std::fabs(q.hi)) * inflation), shift_b - shift_a);
}

// Each of the three products is exact unless it underflows, which going back by the same power of two reveals.
DoubleDoubleBall scale(const DoubleDoubleBall& a, double p) {
    const DoubleDouble m{a.hi * p, a.lo * p};
    const double r = a.rad * p;
    const bool exact = m.hi / p == a.hi && m.lo / p == a.lo && r / p == a.rad;
    return finish(m, exact ? r : add_up(r, 0x1p-1072));
}

DoubleDoubleBall square(const DoubleDoubleBall& a) { return a * a; }

DoubleDoubleBall power(const DoubleDoubleBall& a, int n) {
    if (n < 0) return DoubleDoubleBall(1.0) / (n == -2147483647 - 1 ? power(a * a, 1 << 30) : power(a, -n));
    DoubleDoubleBall result(1.0);
    DoubleDoubleBall factor = a;
    bool first = true;
    for (int k = n; k > 0; k /= 2) {
        if (k % 2 == 1) {
            result = first ? factor : result * factor;
            first = false;
        }
        if (k > 1) factor = factor * factor;
    }
    return result;
}

// With s ~ sqrt(a0): |sqrt(a0) - s| = |a0 - s^2| / (sqrt(a0) + s) <= |a0 - s^2| / s, the residual taken in ball
// arithmetic, and |sqrt(x) - sqrt(a0)| <= |x - a0| / sqrt(a0) for x >= 0.
DoubleDoubleBall sqrt(const DoubleDoubleBall& a) {
    if (a.hi == 0.0 && a.lo == 0.0 && a.rad == 0.0) return {};
    if (!(a.hi > 0.0) || !(mignitude_down(a) > 0.0) || !is_bounded(a)) return DoubleDoubleBall::whole();
    if (!in_safe_range(a.hi)) {
        int shift = 0;
        const DoubleDoubleBall root = sqrt(into_safe_range(a, shift));
        return scale(root, shift > 0 ? 0x1p-350 : 0x1p350);  // sqrt(2^700)
    }
    const DoubleDouble s = sqrt(a.mid());
    const DoubleDoubleBall root(s, 0.0);
    const double residual = magnitude_up(DoubleDoubleBall(a.mid(), 0.0) - root * root);
    // s.hi / (1 + 2^-40) is below both s and sqrt(a0), whose relative distance the residual shows to be below 2^-40.
    if (!(residual < 0x1p-50 * a.hi)) return to_double_double(sqrt(to_interval(a)));
    return finish(s, (residual + a.rad) / s.hi * (1.0 + 0x1p-39));
}

}  // namespace capnode
