// Values, Jacobians, jets and series of fields with known answers (exact in double), in every arithmetic.
#include <cmath>
#include <limits>
#include <stdexcept>

#include "capnode/field/directional.hpp"
#include "capnode/field/evaluate.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/field/jet.hpp"
#include "capnode/field/taylor.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

Matrix column(std::initializer_list<double> values) {
    Matrix m(values.size(), 1);
    std::size_t i = 0;
    for (const double v : values) m.data[i++] = v;
    return m;
}

bool holds(const BallMatrix& b, std::size_t k, double value, double rad = 1e-12) {
    return std::fabs(b.mid.data[k] - value) <= b.rad.data[k] && b.rad.data[k] <= rad * (1.0 + std::fabs(value));
}

// f = (x0 x1 p, x0^3 - x1 / p)
Field polynomial() {
    FieldBuilder b(2, 1, false);
    const NodeId x = b.state();
    const NodeId p = b.parameter();
    const NodeId x0 = b.gather(x, {0});
    const NodeId x1 = b.gather(x, {1});
    const NodeId first = b.multiply(b.multiply(x0, x1), p);
    const NodeId second = b.subtract(b.power(x0, 3), b.divide(x1, p));
    return b.build(b.concat({first, second}));
}

void test_values() {
    const Field f = polynomial();
    const Matrix x = column({3.0, 5.0});
    const Matrix p = column({2.0});
    CHECK(evaluate(f, x, p).data == column({30.0, 24.5}).data);
    const BallMatrix v = evaluate(f, BallMatrix(x), BallMatrix(p));
    CHECK(holds(v, 0, 30.0) && holds(v, 1, 24.5));
    const std::vector<Interval> box = evaluate(f, {Interval(3.0), Interval(5.0)}, {Interval(2.0)});
    CHECK(contains(box[0], 30.0) && contains(box[1], 24.5) && width_up(box[1]) < 1e-13);
    const Jacobian j = jacobian(f, x, p);
    CHECK(j.dx(0, 0) == 10.0 && j.dx(0, 1) == 6.0 && j.dx(1, 0) == 27.0 && j.dx(1, 1) == -0.5);
    CHECK(j.dp(0, 0) == 15.0 && j.dp(1, 0) == 1.25);
    const BallJacobian bj = jacobian(f, BallMatrix(x), BallMatrix(p));
    for (std::size_t k = 0; k < 4; ++k) CHECK(holds(bj.dx, k, j.dx.data[k]));
    for (std::size_t k = 0; k < 2; ++k) CHECK(holds(bj.dp, k, j.dp.data[k]));
    const auto d =
        directional_derivatives(f, {DoubleDoubleBall(3.0), DoubleDoubleBall(5.0)}, {DoubleDoubleBall(2.0)},
                                {{{DoubleDoubleBall(1.0), DoubleDoubleBall(1.0)}, {}}, {{}, {DoubleDoubleBall(4.0)}}});
    CHECK(d.value[1].hi == 24.5 && d.derivatives[0][0].hi == 16.0 && d.derivatives[0][1].hi == 26.5);
    CHECK(d.derivatives[1][0].hi == 60.0 && d.derivatives[1][1].hi == 5.0 && d.derivatives[1][1].rad < 1e-29);
}

void test_jets() {
    const Field f = polynomial();
    ComplexMatrix d0(2, 1);
    ComplexMatrix d1(2, 1);
    ComplexMatrix dp(1, 1);
    d0.re.data[0] = 1.0;
    d0.im.data[0] = 2.0;  // (1 + 2i, 0)
    d1.re.data[1] = 1.0;  // (0, 1)
    dp.re.data[0] = 1.0;
    const std::array<JetDirection, 3> d = {JetDirection{d0, {}}, JetDirection{d1, {}}, JetDirection{{}, dp}};
    const ComplexMatrix jet = third_order_jet(f, column({3.0, 5.0}), column({2.0}), d);
    using namespace monomial;
    const auto is = [&](std::size_t row, std::size_t m, double re, double im) {
        return std::fabs(jet.re(row, m) - re) < 1e-14 && std::fabs(jet.im(row, m) - im) < 1e-14;
    };
    // First entry x0 x1 p, second x0^3 - x1 / p.
    CHECK(is(0, one, 30, 0) && is(0, e1, 10, 20) && is(0, e2, 6, 0) && is(0, e3, 15, 0));
    CHECK(is(0, e12, 2, 4) && is(0, e13, 5, 10) && is(0, e23, 3, 0) && is(0, e123, 1, 2));
    CHECK(is(1, e1, 27, 54) && is(1, e12, 0, 0) && is(1, e23, 0.25, 0) && is(1, e3, 1.25, 0) && is(1, e123, 0, 0));
    std::array<BallJetDirection, 3> balls;
    for (std::size_t k = 0; k < 3; ++k) {
        balls[k] = {ComplexBallMatrix(d[k].x), ComplexBallMatrix(d[k].p)};
    }
    const ComplexBallMatrix enclosed =
        third_order_jet(f, BallMatrix(column({3.0, 5.0})), BallMatrix(column({2.0})), balls);
    for (std::size_t k = 0; k < 16; ++k) {
        CHECK(std::hypot(enclosed.mid.re.data[k] - jet.re.data[k], enclosed.mid.im.data[k] - jet.im.data[k]) <=
              enclosed.rad.data[k] + 1e-15);
        CHECK(enclosed.rad.data[k] < 1e-12);
    }
    // Same direction three times: D^3 of x0^3 along (v, v, v) is 6 v^3.
    const ComplexMatrix cube = third_order_jet(f, column({3.0, 5.0}), column({2.0}),
                                               {JetDirection{d0, {}}, JetDirection{d0, {}}, JetDirection{d0, {}}});
    CHECK(cube.re(1, e123) == 6.0 * -11.0 && cube.im(1, e123) == 6.0 * -2.0);  // (1 + 2i)^3 = -11 - 2i
}

void test_series() {
    FieldBuilder b(1, 0, false);
    const Field square = b.build(b.apply(Function::square, b.state()));  // x' = x^2: x = 1 / (1 - t)
    const auto exact = solution(square, column({1.0}), {}, 12);
    for (const Matrix& c : exact) CHECK(c.data[0] == 1.0);
    const auto balls = solution(square, BallMatrix(column({1.0})), BallMatrix(), 12);
    for (const BallMatrix& c : balls) CHECK(holds(c, 0, 1.0));
    const auto intervals = solution(square, std::vector<Interval>{Interval(1.0)}, {}, 12);
    for (const auto& c : intervals) CHECK(contains(c[0], 1.0) && width_up(c[0]) < 1e-12);
    FieldBuilder timed(1, 0, true);
    const Field forced = timed.build(timed.multiply(timed.time(), timed.state()));  // x' = t x, t0 = 1
    const auto c = solution(forced, column({2.0}), {}, 3, 1.0);
    CHECK(c[1].data[0] == 2.0 && c[2].data[0] == 2.0 && std::fabs(c[3].data[0] - 4.0 / 3.0) < 1e-15);
}

// NaN and unbounded sets in, 0 +- inf out; never a NaN.
void test_totality() {
    const Field f = polynomial();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const auto unknown = [](const BallMatrix& b) {
        bool any = false;
        for (std::size_t k = 0; k < b.rad.size(); ++k) {
            if (std::isnan(b.mid.data[k]) || std::isnan(b.rad.data[k])) return false;
            any = any || b.rad.data[k] == infinity;
        }
        return any;
    };
    BallMatrix x(column({nan, 5.0}));
    CHECK(unknown(evaluate(f, x, BallMatrix(column({2.0})))));
    CHECK(unknown(jacobian(f, x, BallMatrix(column({2.0}))).dx));
    BallMatrix p(column({0.0}));
    p.rad.data[0] = 1.0;  // the quotient is undefined somewhere
    CHECK(unknown(evaluate(f, BallMatrix(column({3.0, 5.0})), p)));
    CHECK(unknown(jacobian(f, BallMatrix(column({3.0, 5.0})), p).dp));
    CHECK(unknown(evaluate(f, BallMatrix(column({1e300, 1e300})), BallMatrix(column({2.0})))));
    const auto dd = evaluate(f, {DoubleDoubleBall(nan), DoubleDoubleBall(1e300)}, {DoubleDoubleBall(1e300)});
    CHECK(dd[0].rad == infinity && dd[0].hi == 0.0 && dd[1].rad == infinity);
}

void test_shapes() {
    const Field f = polynomial();
    const auto refused = [](auto call) {
        try {
            call();
        } catch (const std::invalid_argument&) {
            return true;
        }
        return false;
    };
    CHECK(refused([&] { evaluate(f, column({1.0}), column({1.0})); }));
    CHECK(refused([&] { evaluate(f, column({1.0, 1.0}), Matrix()); }));
    CHECK(refused([&] { evaluate(f, Matrix(2, 3), Matrix(1, 2)); }));
    CHECK(refused([&] { evaluate(f, Matrix(2, 0), column({1.0})); }));
    CHECK(refused([&] { jacobian(f, Matrix(2, 2), column({1.0})); }));
    CHECK(refused([&] { solution(f, Matrix(1, 1), column({1.0}), 3); }));
    CHECK(refused([&] { compose(f, std::vector<Matrix>{}, column({1.0})); }));
    CHECK(refused([&] { directional_derivatives(f, {1.0, 1.0}, {1.0}, {{{1.0}, {}}}); }));
}

}  // namespace

int main() {
    test_values();
    test_jets();
    test_series();
    test_totality();
    test_shapes();
    return check::report();
}
