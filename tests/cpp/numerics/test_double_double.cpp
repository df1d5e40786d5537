// Double-double balls against binary128 (whose 113 bits hold products of doubles exactly): contained, to 2^-100, and
// not without the radius; powers of two, roots, and what has no answer.
#include "capnode/numerics/double_double.hpp"

#include <random>

#include "check.hpp"

using namespace capnode;
using quad = __float128;

namespace {

std::mt19937_64 generator(27);
double draw() {
    return std::ldexp(std::uniform_real_distribution<double>(-1.0, 1.0)(generator),
                      static_cast<int>(generator() % 40) - 20);
}
quad value(const DoubleDoubleBall& x) { return quad(x.hi) + quad(x.lo); }
quad magnitude(quad x) { return x < 0 ? -x : x; }

void test_operations() {
    for (int i = 0; i < 20000; ++i) {
        const double a = draw();
        const double b = draw();
        const DoubleDoubleBall sum = DoubleDoubleBall(a) + DoubleDoubleBall(b);
        const DoubleDoubleBall product = DoubleDoubleBall(a) * DoubleDoubleBall(b);
        const DoubleDoubleBall quotient = DoubleDoubleBall(a) / DoubleDoubleBall(b);
        const DoubleDoubleBall root = sqrt(DoubleDoubleBall(std::fabs(a)));
        CHECK(magnitude(value(sum) - (quad(a) + b)) <= sum.rad);
        CHECK(magnitude(value(product) - quad(a) * b) <= product.rad);
        CHECK(magnitude(value(quotient) * b - a) <= quad(quotient.rad) * std::fabs(b) + magnitude(quad(a)) * 0x1p-110);
        CHECK(magnitude(value(root) * value(root) - std::fabs(a)) <=
              quad(root.rad) * root.hi * 2.5 + magnitude(quad(a)) * 0x1p-110);
        CHECK(sum.rad <= 0x1p-100 * std::fabs(sum.hi) && product.rad <= 0x1p-100 * std::fabs(product.hi));
        CHECK(quotient.rad <= 0x1p-99 * std::fabs(quotient.hi) && root.rad <= 0x1p-99 * root.hi);
        // The interval around the ball contains it and is at most one step wider than need be at each end.
        const Interval hull = to_interval(quotient);
        CHECK(quad(hull.lo) <= value(quotient) - quotient.rad && value(quotient) + quotient.rad <= quad(hull.hi));
        CHECK(hull.hi <= next_up(next_up(hull.lo)));
    }
}

void test_scaling() {
    const DoubleDoubleBall x(1.0, 0x1p-60, 0x1p-100);
    const DoubleDoubleBall half = scale(x, 0.5);
    CHECK(half.hi == 0.5 && half.lo == 0x1p-61 && half.rad == 0x1p-101);
    const DoubleDoubleBall tiny = scale(x, 0x1p-1020);
    CHECK(tiny.rad > 0.0 && magnitude(value(tiny) - value(x) * quad(0x1p-1020)) <= tiny.rad);
    // what the midpoint loses to underflow is added to a radius however large: 2^-1084 of hi goes
    const DoubleDoubleBall uneven = scale(DoubleDoubleBall(0x1p-10 + 0x1p-62, 0.0, 0x1p80), 0x1p-1022);
    CHECK(uneven.rad > 0x1p-942);
    CHECK(is_bounded(scale(scale(x, 0x1p1000), 0x1p23)) && !is_bounded(scale(scale(x, 0x1p1000), 0x1p100)));
    const DoubleDoubleBall q = DoubleDoubleBall(0x1p-1000) / DoubleDoubleBall(3.0);
    CHECK(q.rad <= 0x1p-1000 * 0x1p-60 && !(magnitude(quad(q.hi) * 3 - quad(0x1p-1000)) > quad(0x1p-1050)));
}

void test_no_answer() {
    CHECK(!is_bounded(DoubleDoubleBall(1.0) / DoubleDoubleBall(1.0, 0.0, 1.0)));
    CHECK(!is_bounded(sqrt(DoubleDoubleBall(1.0, 0.0, 2.0))) && !is_bounded(sqrt(DoubleDoubleBall(-1.0))));
    CHECK(!is_bounded(DoubleDoubleBall(1e200) * DoubleDoubleBall(1e200)) &&
          !is_bounded(DoubleDoubleBall(std::nan("")) + DoubleDoubleBall(1.0)));
    CHECK(!is_bounded(DoubleDoubleBall::whole() * DoubleDoubleBall(2.0)));
    const DoubleDoubleBall zero = DoubleDoubleBall(0.0) * DoubleDoubleBall(5.0);
    CHECK(zero.hi == 0.0 && zero.rad == 0.0);
    CHECK(same(to_interval(DoubleDoubleBall::whole()), Interval::whole()));
    CHECK(is_bounded(to_double_double(Interval(1.0, 2.0))) && !is_bounded(to_double_double(Interval(1.0, infinity))));
    CHECK(to_interval(power(DoubleDoubleBall(3.0), 5)).lo <= 243.0 &&
          to_interval(power(DoubleDoubleBall(3.0), 5)).hi >= 243.0);
    CHECK(contains(to_interval(power(DoubleDoubleBall(2.0), -3)), 0.125));
}

}  // namespace

int main() {
    test_operations();
    test_scaling();
    test_no_answer();
    return check::report();
}
