// Real and complex balls: the exact result of points of the operands (held by binary128) lies in the ball that comes
// out, and a radius without the rounding term would not do.
#include "capnode/numerics/ball.hpp"

#include <random>

#include "check.hpp"

using namespace capnode;
using quad = __float128;

namespace {

std::mt19937_64 generator(17);
double uniform(double a, double b) { return std::uniform_real_distribution<double>(a, b)(generator); }

// Short radii (26 bits) keep midpoint +- radius exact in binary128.
double short_radius(double size) {
    if (uniform(0.0, 1.0) < 0.3) return 0.0;
    return static_cast<double>(
        static_cast<float>(std::fabs(size) * std::ldexp(uniform(0.0, 1.0), -static_cast<int>(uniform(2.0, 40.0)))));
}

quad magnitude(quad x) { return x < 0 ? -x : x; }

template <class Operation>
void check_real(const Operation& operation, bool divides) {
    int noticed = 0;
    for (int i = 0; i < 20000; ++i) {
        const double a = std::ldexp(uniform(-1.0, 1.0), static_cast<int>(uniform(-8.0, 8.0)));
        const double b = std::ldexp(uniform(-1.0, 1.0), static_cast<int>(uniform(-8.0, 8.0)));
        const Ball x{a, short_radius(a)};
        const Ball y{b, short_radius(b)};
        const Ball z = operation(x, y);
        if (!(z.rad < infinity)) continue;
        for (const int s : {-1, 0, 1}) {
            for (const int t : {-1, 0, 1}) {
                const quad exact = operation(quad(x.mid) + s * quad(x.rad), quad(y.mid) + t * quad(y.rad));
                // binary128 rounds the quotient: 2^-112 relative.
                const quad slack = divides ? magnitude(exact) * 0x1p-110 : magnitude(exact) * 0x1p-111;
                CHECK(magnitude(exact - z.mid) <= quad(z.rad) + slack);
                noticed += s == 0 && t == 0 && x.rad == 0.0 && y.rad == 0.0 &&
                           magnitude(exact - z.mid) > quad(0.9 * z.rad) && z.rad > 0.0;
            }
        }
    }
    CHECK(noticed > 500);  // the radius is the rounding error itself: no slack to hide a dropped term in
}

void test_real() {
    check_real([](auto a, auto b) { return a + b; }, false);
    check_real([](auto a, auto b) { return a - b; }, false);
    check_real([](auto a, auto b) { return a * b; }, false);
    check_real([](auto a, auto b) { return a / b; }, true);
    CHECK(!((Ball{1.0, 0.0} / Ball{1.0, 1.0}).rad < infinity));
    CHECK(!((Ball{1e300, 0.0} * Ball{1e300, 0.0}).rad < infinity));
    CHECK((Ball{smallest_subnormal, 0.0} * Ball{0.5, 0.0}).rad >= smallest_subnormal / 2);
    CHECK(to_interval(to_ball(Interval(1.0, 2.0))).lo == 1.0);
    CHECK(!(to_ball(Interval(1.0, infinity)).rad < infinity));
}

struct Point {
    quad re, im;
};
Point operator+(Point a, Point b) { return {a.re + b.re, a.im + b.im}; }
Point operator*(Point a, Point b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
Point operator/(Point a, Point b) {
    const quad d = b.re * b.re + b.im * b.im;
    return {(a.re * b.re + a.im * b.im) / d, (a.im * b.re - a.re * b.im) / d};
}

bool holds(const ComplexBall& z, Point p) {
    const quad x = p.re - z.re;
    const quad y = p.im - z.im;
    const quad r = quad(z.rad) * (1 + quad(0x1p-100)) + (magnitude(p.re) + magnitude(p.im)) * 0x1p-105;
    return x * x + y * y <= r * r;
}

void test_complex() {
    for (int i = 0; i < 20000; ++i) {
        const ComplexBall a{uniform(-3.0, 3.0), uniform(-3.0, 3.0), short_radius(1.0)};
        const ComplexBall b{uniform(-3.0, 3.0), uniform(-3.0, 3.0), short_radius(1.0)};
        for (int k = 0; k < 4; ++k) {
            // Points of the discs, a little inside.
            constexpr double units[4][2] = {{0.6, 0.79}, {-0.8, 0.59}, {0.6, -0.79}, {-0.6, -0.79}};
            const double c = units[k][0];
            const double s = units[k][1];
            const Point p{quad(a.re) + quad(a.rad) * c, quad(a.im) + quad(a.rad) * s};
            const Point q{quad(b.re) + quad(b.rad) * s, quad(b.im) + quad(b.rad) * c};
            CHECK(holds(a + b, p + q));
            CHECK(holds(a * b, p * q));
            const ComplexBall z = a / b;
            if (z.rad < infinity) CHECK(holds(z, p / q));
            CHECK(holds(Ball{b.re, 0.0} * a, Point{p.re * b.re, p.im * b.re}));
            CHECK(quad(magnitude_up(a)) * magnitude_up(a) >= p.re * p.re + p.im * p.im);
            CHECK(quad(mignitude_down(a)) * mignitude_down(a) <= p.re * p.re + p.im * p.im);
        }
    }
    CHECK(!((ComplexBall{1.0, 0.0, 0.0} / ComplexBall{0.5, 0.5, 0.8}).rad < infinity));
    const ComplexBall huge = ComplexBall{1e200, 1e200, 0.0} / ComplexBall{1e200, -1e200, 0.0};
    CHECK(holds(huge, {0, 1}) && huge.rad < 1e-14);
    for (const double scale : {1e-320, 1e-200, 1.0, 1e200, 1e307}) {
        CHECK(hypot_up(3.0 * scale, 4.0 * scale) >= 4.9999999 * scale &&
              hypot_down(3.0 * scale, 4.0 * scale) <= 5.0000001 * scale);
        CHECK(hypot_up(3.0 * scale, 4.0 * scale) <= 5.0000001 * scale + 2.0 * smallest_subnormal);
        CHECK(hypot_down(3.0 * scale, 4.0 * scale) <= hypot_up(3.0 * scale, 4.0 * scale));
    }
}

}  // namespace

int main() {
    test_real();
    test_complex();
    return check::report();
}
