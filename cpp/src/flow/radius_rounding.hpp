// What the arithmetic of radii itself rounds: one factor and one summand make up for it, everywhere in the flow.
//
// Every radius is a sum of products of non-negative doubles formed in round to nearest from at most 2^20 operations, so
// its relative error is below 2^20 * 2^-53 * 1.01 < 2^-32, and `slack` makes up for it (norms that enter are not
// inflated themselves: they are counted in). `underflow` makes up for what subnormal products lost: fewer than 2^60
// times 2^-1074, each in a product whose other factor is below 2^40 (a larger factor makes the step fail).
#pragma once

#include "capnode/numerics/interval.hpp"

namespace capnode {

inline constexpr double slack = 1.0 + 0x1p-32;
inline constexpr double underflow = 0x1p-960;
/// What the square root of a sum of squares may lose where the squares underflow.
inline constexpr double tiny_norm = 0x1p-480;

inline double bound(double x) { return x * slack + underflow; }
/// The same; +inf where x is not a number.
inline double bound_or_infinity(double x) { return x < infinity ? bound(x) : infinity; }
/// The larger of m and x; +inf where x is not a number, which std::max and a comparison lose, then or at the next x.
inline double larger(double m, double x) { return x <= m ? m : x < infinity ? x : infinity; }

/// e^x rounded up for x >= 0: with y = x / 16 <= 1, e^y <= 1 + y + y^2/2 + y^3/6 + y^4/24 (1 + y/5 e^y) and e <= 2.72.
inline double exp_up(double x) {
    if (!(x <= 16.0)) return infinity;
    const double y = x * 0.0625;
    const double e = 1.0 + y * (1.0 + y * (0.5 + y * (1.0 / 6.0 + y * (1.0 / 24.0) * (1.0 + 0.544 * y))));
    const double e2 = e * e;
    const double e4 = e2 * e2;
    const double e8 = e4 * e4;
    return e8 * e8 * slack;
}

}  // namespace capnode
