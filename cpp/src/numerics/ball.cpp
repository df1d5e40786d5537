#include "capnode/numerics/ball.hpp"

namespace capnode {
namespace {

/// A radius or midpoint that is not finite: nothing is known.
Ball finish(double mid, double rad) {
    if (!(rad < infinity) || !(std::fabs(mid) < infinity)) return {0.0, infinity};
    return {mid, rad};
}
ComplexBall finish(double re, double im, double rad) {
    if (!(rad < infinity) || !(std::fabs(re) < infinity) || !(std::fabs(im) < infinity)) return {0.0, 0.0, infinity};
    return {re, im, rad};
}

/// |a b - fl(a b)|, rounded up.
double product_error(double a, double b, double p) {
    const double e = std::fabs(std::fma(a, b, -p));  // exact for |p| >= 2^-968, below it errs by less than eta
    return std::fabs(p) >= 0x1p-968 || a == 0.0 || b == 0.0 ? e : e + smallest_subnormal;
}

}  // namespace

Ball to_ball(const Interval& a) {
    const double m = midpoint(a);
    return finish(m, radius_up(a, m));
}

Interval to_interval(const Ball& a) { return ball_hull(a.mid, a.rad); }

Ball operator-(const Ball& a) { return {-a.mid, a.rad}; }

// rad >= ra + rb + |a + b - fl(a + b)|, the last exactly by TwoSum.
Ball operator+(const Ball& a, const Ball& b) {
    const auto [s, e] = two_sum(a.mid, b.mid);
    return finish(s, add_up(add_up(a.rad, b.rad), std::fabs(e)));
}
Ball operator-(const Ball& a, const Ball& b) { return a + (-b); }

// rad >= |a| rb + ra (|b| + rb) + |a b - fl(a b)|.
Ball operator*(const Ball& a, const Ball& b) {
    const double p = a.mid * b.mid;
    const double inherited =
        add_up(multiply_up(std::fabs(a.mid), b.rad), multiply_up(a.rad, add_up(std::fabs(b.mid), b.rad)));
    return finish(p, add_up(inherited, product_error(a.mid, b.mid, p)));
}

// x/y - q = (x - q y)/y and |x - q y| <= |a - q b| + ra + |q| rb; the residual a - q b of a rounded quotient is a
// double where nothing underflows (|a| >= 2^-900 suffices), below that eta is added.
Ball operator/(const Ball& a, const Ball& b) {
    const double least = subtract_down(std::fabs(b.mid), b.rad);
    if (!(least > 0.0)) return {0.0, infinity};
    const double q = a.mid / b.mid;
    double residual = std::fabs(std::fma(-q, b.mid, a.mid));
    if (!(std::fabs(a.mid) >= 0x1p-900) && a.mid != 0.0) residual += smallest_subnormal;
    return finish(q, divide_up(add_up(add_up(residual, a.rad), multiply_up(std::fabs(q), b.rad)), least));
}

double magnitude_up(const Ball& a) { return add_up(std::fabs(a.mid), a.rad); }
double mignitude_down(const Ball& a) { return std::fmax(0.0, subtract_down(std::fabs(a.mid), a.rad)); }
bool contains(const Ball& a, double x) { return contains(to_interval(a), x); }

double hypot_up(double x, double y) {
    x = std::fabs(x);
    y = std::fabs(y);
    const double m = std::fmax(x, y);
    if (x == 0.0 || y == 0.0 || m == infinity) return m;
    if (m > 0x1p500) return product_up(0x1p600, hypot_up(product_up(x, 0x1p-600), product_up(y, 0x1p-600)));
    if (m < 0x1p-400) return product_up(0x1p-600, hypot_up(x * 0x1p600, y * 0x1p600));
    return root_up(add_up(multiply_up(x, x), multiply_up(y, y)));
}

double hypot_down(double x, double y) {
    x = std::fabs(x);
    y = std::fabs(y);
    const double m = std::fmax(x, y);
    if (x == 0.0 || y == 0.0 || m == infinity) return m;
    if (m > 0x1p500) return product_down(0x1p600, hypot_down(product_down(x, 0x1p-600), product_down(y, 0x1p-600)));
    if (m < 0x1p-400) return product_down(0x1p-600, hypot_down(x * 0x1p600, y * 0x1p600));
    return root_down(add_down(multiply_down(x, x), multiply_down(y, y)));
}

ComplexBall to_complex(const Ball& re, const Ball& im) { return finish(re.mid, im.mid, hypot_up(re.rad, im.rad)); }
ComplexBall to_complex(const Interval& re, const Interval& im) { return to_complex(to_ball(re), to_ball(im)); }
Interval real_part(const ComplexBall& z) { return ball_hull(z.re, z.rad); }
Interval imaginary_part(const ComplexBall& z) { return ball_hull(z.im, z.rad); }
ComplexBall conj(const ComplexBall& z) { return {z.re, -z.im, z.rad}; }
ComplexBall operator-(const ComplexBall& a) { return {-a.re, -a.im, a.rad}; }

ComplexBall operator+(const ComplexBall& a, const ComplexBall& b) {
    const auto [re, e1] = two_sum(a.re, b.re);
    const auto [im, e2] = two_sum(a.im, b.im);
    return finish(re, im, add_up(add_up(a.rad, b.rad), hypot_up(e1, e2)));
}
ComplexBall operator-(const ComplexBall& a, const ComplexBall& b) { return a + (-b); }

// Each part is a sum of two products: |fl - exact| <= gamma_2 (|..| + |..|) + 2 eta, gamma_2 < 2^-51.9, so both parts
// together err by at most 2^-51 (|a.re| + |a.im|) (|b.re| + |b.im|) + 4 eta; sets as for real balls.
ComplexBall operator*(const ComplexBall& a, const ComplexBall& b) {
    const double re = a.re * b.re - a.im * b.im;
    const double im = a.re * b.im + a.im * b.re;
    const double size = multiply_up(add_up(std::fabs(a.re), std::fabs(a.im)), add_up(std::fabs(b.re), std::fabs(b.im)));
    const double rounding = size == 0.0 ? 0.0 : add_up(multiply_up(0x1p-51, size), 4.0 * smallest_subnormal);
    const double size_a = hypot_up(a.re, a.im);
    const double size_b = hypot_up(b.re, b.im);
    const double inherited = add_up(multiply_up(size_a, b.rad), multiply_up(a.rad, add_up(size_b, b.rad)));
    return finish(re, im, add_up(inherited, rounding));
}

ComplexBall operator*(const Ball& a, const ComplexBall& b) {
    const double re = a.mid * b.re;
    const double im = a.mid * b.im;
    const double rounding = hypot_up(product_error(a.mid, b.re, re), product_error(a.mid, b.im, im));
    const double inherited =
        add_up(multiply_up(std::fabs(a.mid), b.rad), multiply_up(a.rad, add_up(hypot_up(b.re, b.im), b.rad)));
    return finish(re, im, add_up(inherited, rounding));
}

// As for real balls: |x/y - q| <= (|a - q b| + ra + |q| rb) / (|b| - rb), the residual enclosed by the operations
// above.
ComplexBall operator/(const ComplexBall& a, const ComplexBall& b) {
    const double least = mignitude_down(b);
    if (!(least > 0.0)) return {0.0, 0.0, infinity};
    // A scaling that keeps |b|^2 away from under- and overflow: q_bar is only an approximation, any value is sound.
    const double s = 1.0 / std::fmax(std::fabs(b.re), std::fabs(b.im));
    const double re = b.re * s;
    const double im = b.im * s;
    const double d = re * re + im * im;
    const ComplexBall q{(a.re * re + a.im * im) / d * s, (a.im * re - a.re * im) / d * s, 0.0};
    if (!(std::fabs(q.re) < infinity) || !(std::fabs(q.im) < infinity)) return {0.0, 0.0, infinity};
    const ComplexBall residual = ComplexBall{a.re, a.im, 0.0} - q * ComplexBall{b.re, b.im, 0.0};
    const double inherited = add_up(a.rad, multiply_up(hypot_up(q.re, q.im), b.rad));
    return finish(q.re, q.im, divide_up(add_up(magnitude_up(residual), inherited), least));
}

double magnitude_up(const ComplexBall& z) { return add_up(hypot_up(z.re, z.im), z.rad); }
double mignitude_down(const ComplexBall& z) { return std::fmax(0.0, subtract_down(hypot_down(z.re, z.im), z.rad)); }

}  // namespace capnode
