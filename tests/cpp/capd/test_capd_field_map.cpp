// A field as a map of CAPD's: its value and derivative meet ours, node by node and function by function; weights enter
// exactly, weights with a radius and parameters as intervals, and the reversed field is the negative.
#include <cmath>
#include <stdexcept>

#include "capnode/capd/call.hpp"
#include "capnode/capd/convert.hpp"
#include "capnode/capd/field_map.hpp"
#include "capnode/field/evaluate.hpp"
#include "capnode/field/jacobian.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

struct Values {
    std::vector<Interval> value, derivative;
};

Values by_capd(const Field& field, const std::vector<Interval>& x, const std::vector<Interval>& p, Interval t0 = {},
               bool backward = false) {
    return call_capd([&] {
        const auto map = capd_map(field, backward);
        set_capd_parameters(*map, field, p, t0);
        const ::capd::IVector at = to_capd(x);
        ::capd::IMatrix J(static_cast<int>(x.size()), static_cast<int>(x.size()));
        Values v;
        v.value = from_capd((*map)(::capd::interval(0.0), at, J));
        v.derivative = from_capd(J);
        return v;
    });
}

/// CAPD's enclosures over x meet ours, and are as narrow where x is a point.
void compare(const Field& field, const std::vector<Interval>& x, const std::vector<Interval>& p, Interval t = {}) {
    const Values capd = by_capd(field, x, p, t);
    const std::vector<Interval> ours = evaluate(field, x, p, t);
    const std::size_t n = x.size();
    for (std::size_t i = 0; i < n; ++i) CHECK(!disjoint(ours[i], capd.value[i]));
    const Values reversed = by_capd(field, x, p, t, true);
    for (std::size_t i = 0; i < n; ++i) {
        CHECK(!disjoint(-ours[i], reversed.value[i]));
        if (is_point(x[0]) && is_bounded(ours[i])) CHECK(width_up(capd.value[i]) <= 1e-12 + 100.0 * width_up(ours[i]));
    }
    if (field.depends_on_time()) return;
    BallMatrix X(n, 1), P(p.size(), 1);
    for (std::size_t i = 0; i < n; ++i) X.mid(i, 0) = midpoint(x[i]), X.rad(i, 0) = radius_up(x[i], X.mid(i, 0));
    for (std::size_t i = 0; i < p.size(); ++i) P.mid(i, 0) = midpoint(p[i]), P.rad(i, 0) = radius_up(p[i], P.mid(i, 0));
    const BallJacobian J = jacobian(field, X, P);
    for (std::size_t k = 0; k < n * n; ++k)
        CHECK(!disjoint(ball_hull(J.dx.mid.data[k], J.dx.rad.data[k]), capd.derivative[k]));
}

Matrix matrix(std::size_t rows, std::size_t cols, double seed) {
    Matrix m(rows, cols);
    for (std::size_t k = 0; k < m.size(); ++k) m.data[k] = std::sin(seed + 1.7 * static_cast<double>(k));
    return m;
}

}  // namespace

int main() {
    const FloatEnvironment guard;
    using enum Function;
    for (const Function f :
         {tanh, sigmoid, softplus, silu, gelu_tanh, mish, sin, cos, exp, log, sqrt, atan, reciprocal, square}) {
        FieldBuilder b(2, 1, false);
        const NodeId y = b.affine(b.state(), matrix(3, 2, 0.3), {}, matrix(3, 1, 0.9));
        const NodeId positive = b.add(b.apply(square, y), b.constant(Matrix(3, 1, 0.5)));
        const NodeId z = b.apply(f, f == log || f == sqrt || f == reciprocal ? positive : y);
        const NodeId out = b.multiply(b.affine(z, matrix(2, 3, 2.0)), b.gather(b.parameter(), {0, 0}));
        const Field field = b.build(out);
        compare(field, {Interval(0.3), Interval(-0.7)}, {Interval(1.25)});
        compare(field, {Interval(0.3, 0.31), Interval(-0.7, -0.69)}, {Interval(1.25, 1.26)});
    }

    {  // every other operation, a weight radius, powers, time
        FieldBuilder b(2, 1, true);
        const NodeId x = b.state();
        const NodeId w = b.affine(x, matrix(4, 2, 5.0), Matrix(4, 2, 1e-3), matrix(4, 1, 7.0), Matrix(4, 1, 1e-3));
        const NodeId both = b.concat({x, b.negate(x), w});
        const NodeId m = b.matvec(b.gather(both, {4, 5, 6, 7}), b.gather(both, {0, 3}), 2, 2);
        const NodeId cube = b.power(b.subtract(m, x), 3);
        const NodeId inverse = b.power(b.add(b.apply(square, x), b.constant(Matrix(2, 1, 1.0))), -2);
        const NodeId t = b.gather(b.time(), {0, 0});
        const NodeId q = b.divide(b.multiply(cube, b.apply(sin, t)), b.add(b.apply(exp, t), b.power(m, 2)));
        const NodeId p = b.gather(b.parameter(), {0, 0});
        const Field field = b.build(b.add(b.add(q, inverse), b.multiply(p, b.power(x, 0))));
        CHECK(field.depends_on_time() && field.has_weight_radius());
        compare(field, {Interval(0.5), Interval(-0.25)}, {Interval(0.1, 0.2)}, Interval(0.75));
        compare(field, {Interval(0.5, 0.6), Interval(-0.25, -0.2)}, {Interval(0.1)}, Interval(-1.5, -1.4));
    }

    {  // exact weights: 0.1 is the double, and 1 x - 1 x is 0
        FieldBuilder b(1, 0, false);
        Matrix w(1, 1, 0.1);
        const Field field = b.build(b.affine(b.state(), w));
        const Values v = by_capd(field, {Interval(1.0)}, {});
        CHECK(v.value[0].lo == 0.1 && v.value[0].hi == 0.1 && v.derivative[0].lo == 0.1 && v.derivative[0].hi == 0.1);
        FieldBuilder r(1, 0, false);
        const Field radius = r.build(r.affine(r.state(), w, Matrix(1, 1, 1e-3)));
        const Values wide = by_capd(radius, {Interval(1.0)}, {});
        CHECK(wide.value[0].lo < 0.1 - 0.99e-3 && wide.value[0].hi > 0.1 + 0.99e-3 &&
              width_up(wide.value[0]) < 2.01e-3);
    }

    for (const Function f : {erf, gelu}) {
        FieldBuilder b(1, 0, false);
        const Field field = b.build(b.apply(f, b.state()));
        bool refused = false;
        try {
            require_capd_field(field);
        } catch (const std::invalid_argument& error) {
            refused = std::string(error.what()).find(name(f)) != std::string::npos;
        }
        CHECK(refused);
    }
    CHECK(FloatEnvironment::is_clean());
    return check::report();
}
