// The transcendental functions that all of the closed list is made of, on double-double balls: argument reduction and a
// series, evaluated in ball arithmetic (so that every rounding is counted by construction) plus an explicit remainder.
//
// Meant for points and very thin balls: relative error about 2^-96 or better, tails included. A ball too wide for the
// reduction gives the whole line; apply(Function, DoubleDoubleBall) treats width by the mean value theorem instead.
#pragma once

#include <cstdint>

#include "capnode/numerics/double_double.hpp"

namespace capnode::series {

/// e^x and e^x - 1. Beyond overflow the whole line; below -746 the ball [-2^-1074, 2^-1074] and -1 with it.
struct Exponentials {
    DoubleDoubleBall exp;
    DoubleDoubleBall expm1;
};
Exponentials exponentials(const DoubleDoubleBall& x);
/// e^x for a double, rounded outward by at most one step also in the subnormal and overflow ranges.
Interval exp_point(double x);

/// log x for x > 0, relative also near 1.
DoubleDoubleBall log(const DoubleDoubleBall& x);
/// log(1 + x) for x >= 0, relative also near 0.
DoubleDoubleBall log1p(const DoubleDoubleBall& x);

/// sin x, cos x, and the index k of the nearest multiple of pi/2 with x - k pi/2 = r; |x| <= 2^45, else not `reduced`.
struct SineCosine {
    DoubleDoubleBall sin;
    DoubleDoubleBall cos;
    DoubleDoubleBall r;
    std::int64_t quadrant = 0;
    bool reduced = false;
};
SineCosine sine_cosine(const DoubleDoubleBall& x);

DoubleDoubleBall atan(const DoubleDoubleBall& x);
DoubleDoubleBall erf(const DoubleDoubleBall& x);
/// 1 - erf(x), relative also in the tail x -> inf.
DoubleDoubleBall erfc(const DoubleDoubleBall& x);
/// e^(-x^2).
DoubleDoubleBall gaussian(const DoubleDoubleBall& x);

}  // namespace capnode::series
