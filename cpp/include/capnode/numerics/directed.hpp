// Sharp directed products, quotients and roots of signed numbers: the least double >= (greatest <=) the exact result.
//
// In round to nearest the sign of an FMA residue says which way the result erred. Only the sign is needed, so where the
// residue might underflow one operand is first scaled by a power of two, exactly. Ends of intervals follow the usual
// rules of sets: 0 * inf = 0, a finite result beyond MAX gives +inf upward and MAX downward.
// (Ogita, Rump, Oishi 2005; Rump 2010.)
#pragma once

#include "capnode/numerics/rounding.hpp"

namespace capnode {
namespace detail {

/// Multiplies by 2^1100, exactly while the result stays below overflow.
inline double scale_up(double x) { return (x * 0x1p550) * 0x1p550; }

/// A number with the sign of a b - p, for p = fl(a b) finite.
inline double product_residue(double a, double b, double p) {
    if (std::fabs(p) >= 0x1p-968) return std::fma(a, b, -p);
    // |a b| < 2^-967: the smaller operand is below 2^-483, 2^1100 times it below 2^617, and 2^1100 |a b| < 2^133. The
    // residue is a multiple of 2^-2148, scaled of 2^-1048: it cannot vanish by underflow.
    const bool first = std::fabs(a) <= std::fabs(b);
    return std::fma(scale_up(first ? a : b), first ? b : a, -scale_up(p));
}

/// A number with the sign of a - q b, for a, b finite, b != 0 and q = fl(a / b) finite.
inline double quotient_residue(double a, double b, double q) {
    // The residue is a multiple of ulp(q) ulp(b): at least 2^-106 |a| for normal q; for subnormal q, |b| > 2^121.
    if (std::fabs(a) >= 0x1p-900) return std::fma(-q, b, a);
    // 2^1100 (a - q b), the factor put where it cannot overflow: |q| > 2^-100 implies |b| < 2^-799.
    if (std::fabs(q) <= 0x1p-100) return std::fma(-scale_up(q), b, scale_up(a));
    return std::fma(-q, scale_up(b), scale_up(a));
}

/// A number with the sign of a - s^2, for a >= 0 finite and s = fl(sqrt(a)).
inline double root_residue(double a, double s) {
    if (a >= 0x1p-900) return std::fma(-s, s, a);
    const double t = s * 0x1p550;  // exact: s >= 2^-537 is normal
    return std::fma(-t, t, scale_up(a));
}

}  // namespace detail

/// Least double >= a b, with 0 * inf = 0.
inline double product_up(double a, double b) {
    if (a == 0.0 || b == 0.0) return 0.0;
    const double p = a * b;
    if (!(std::fabs(p) < infinity)) {
        const bool overflow = std::fabs(a) < infinity && std::fabs(b) < infinity;
        return p < 0.0 && overflow ? -largest_finite : p;
    }
    return detail::product_residue(a, b, p) > 0.0 ? next_up(p) : p;
}
inline double product_down(double a, double b) { return -product_up(-a, b); }

/// Least double >= a / b for b != 0; a / inf = 0, inf / b = +-inf (never asked for inf / inf).
inline double quotient_up(double a, double b) {
    if (a == 0.0 || std::fabs(b) == infinity) return 0.0;
    const double q = a / b;
    if (!(std::fabs(q) < infinity)) return q < 0.0 && std::fabs(a) < infinity ? -largest_finite : q;
    const double r = detail::quotient_residue(a, b, q);
    return (b > 0.0 ? r > 0.0 : r < 0.0) ? next_up(q) : q;
}
inline double quotient_down(double a, double b) { return -quotient_up(-a, b); }

/// Least double >= sqrt(a) for a >= 0.
inline double root_up(double a) {
    if (a == 0.0 || a == infinity) return a;
    const double s = std::sqrt(a);
    return detail::root_residue(a, s) > 0.0 ? next_up(s) : s;
}
/// Greatest double <= sqrt(a) for a >= 0.
inline double root_down(double a) {
    if (a == 0.0) return a;
    if (a == infinity) return a;
    const double s = std::sqrt(a);
    return detail::root_residue(a, s) < 0.0 ? next_down(s) : s;
}

}  // namespace capnode
