// Real balls mid +- rad and complex discs |z - mid| <= rad, in round to nearest with every rounding in the radius.
//
// Each operation rounds its midpoint to nearest, bounds that rounding by the residue's size, u |mid| + eta, and
// evaluates the radius with upward bounds. rad = +inf means that nothing is known; a midpoint that is not finite makes
// it so.
#pragma once

#include "capnode/numerics/interval.hpp"

namespace capnode {

struct Ball {
    double mid = 0.0;
    double rad = 0.0;
};

struct ComplexBall {
    double re = 0.0;
    double im = 0.0;
    double rad = 0.0;
};

// ---- real
// ------------------------------------------------------------------------------------------------------------

Ball to_ball(const Interval& a);
Interval to_interval(const Ball& a);
Ball operator-(const Ball& a);
Ball operator+(const Ball& a, const Ball& b);
Ball operator-(const Ball& a, const Ball& b);
Ball operator*(const Ball& a, const Ball& b);
/// rad = inf where b may hold 0.
Ball operator/(const Ball& a, const Ball& b);
/// max |x| (rounded up) and min |x| (rounded down, 0 where the ball may hold 0).
double magnitude_up(const Ball& a);
double mignitude_down(const Ball& a);
bool contains(const Ball& a, double x);

// ---- complex
// ---------------------------------------------------------------------------------------------------------

ComplexBall to_complex(const Ball& re, const Ball& im);
ComplexBall to_complex(const Interval& re, const Interval& im);
Interval real_part(const ComplexBall& z);
Interval imaginary_part(const ComplexBall& z);
ComplexBall conj(const ComplexBall& z);
ComplexBall operator-(const ComplexBall& a);
ComplexBall operator+(const ComplexBall& a, const ComplexBall& b);
ComplexBall operator-(const ComplexBall& a, const ComplexBall& b);
ComplexBall operator*(const ComplexBall& a, const ComplexBall& b);
ComplexBall operator*(const Ball& a, const ComplexBall& b);
/// rad = inf where b may hold 0.
ComplexBall operator/(const ComplexBall& a, const ComplexBall& b);
/// Bounds of |z| over the disc.
double magnitude_up(const ComplexBall& z);
double mignitude_down(const ComplexBall& z);
/// sqrt(x^2 + y^2) rounded up (down); libm's hypot is not used.
double hypot_up(double x, double y);
double hypot_down(double x, double y);

}  // namespace capnode
