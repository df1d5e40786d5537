#include "capnode/dynamics/equilibrium.hpp"

#include <cmath>
#include <stdexcept>

#include "capnode/field/field.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

Matrix matrix(std::size_t rows, std::size_t cols, std::initializer_list<double> entries) {
    Matrix m(rows, cols);
    std::copy(entries.begin(), entries.end(), m.data.begin());
    return m;
}

/// x' = y, y' = p - x^2 - y/2: equilibria (+-sqrt p, 0), the right one stable, the left one a saddle.
Field fold() {
    FieldBuilder b(2, 1, false);
    const NodeId x = b.gather(b.state(), {0}), y = b.gather(b.state(), {1});
    const NodeId force = b.subtract(b.parameter(), b.power(x, 2));
    const NodeId damping = b.affine(y, matrix(1, 1, {-0.5}));
    return b.build(b.concat({y, b.add(force, damping)}));
}

/// x' = tanh(W x + b) with a weight radius.
Field network(double radius) {
    FieldBuilder b(2, 0, false);
    const Matrix W = matrix(2, 2, {-1.0, 2.0, -0.5, -1.5}), c = matrix(2, 1, {0.25, -0.5});
    const Matrix rad = radius > 0.0 ? Matrix(2, 2, radius) : Matrix();
    return b.build(b.apply("tanh", b.affine(b.state(), W, rad, c)));
}

template <class Call>
bool refuses(Call&& call) {
    try {
        call();
    } catch (const std::invalid_argument&) {
        return true;
    }
    return false;
}

}  // namespace

int main() {
    const FloatEnvironment guard;

    const auto right = equilibrium(fold(), {1.3, 0.1}, {Interval(2.0)});
    CHECK(right.proved());
    CHECK(contains(square(right.value().state[0]), 2.0) && contains_zero(right.value().state[1]));
    CHECK(right.value().state[0].hi - right.value().state[0].lo <= 3 * 0x1p-52);
    CHECK(right.value().unstable_dimension == 0 && right.value().stable_dimension == 2);
    CHECK(right.value().isolation[0].lo > -std::sqrt(2.0));
    CHECK(right.value().isolation[0].hi - right.value().isolation[0].lo > 0.5);
    const auto left = equilibrium(fold(), {-1.3, 0.1}, {Interval(2.0)});
    CHECK(left.proved() && left.value().unstable_dimension == 1 && left.value().stable_dimension == 1);
    CHECK(left.value().eigenvalues.size() == 2);

    // For every p of an interval; not across the fold.
    const auto all = equilibrium(fold(), {1.3, 0.0}, {Interval(1.99, 2.01)});
    CHECK(all.proved());
    CHECK(all.value().state[0].lo <= std::sqrt(1.99) && std::sqrt(2.01) <= all.value().state[0].hi);
    CHECK(equilibrium(fold(), {0.1, 0.0}, {Interval(-0.01, 0.03)}).verdict() == Verdict::too_wide);

    // x = -W^-1 b, and for every network in the ball the enclosure is wider.
    const auto exact = equilibrium(network(0.0), {0.0, 0.0});
    CHECK(exact.proved());
    const double det = 1.5 + 1.0;
    CHECK(std::fabs(midpoint(exact.value().state[0]) - (1.5 * 0.25 + 2.0 * -0.5) / det) < 1e-15);
    const auto ball = equilibrium(network(1e-3), {0.0, 0.0});
    CHECK(ball.proved());
    CHECK(width_up(ball.value().state[0]) > 1e-4 && subset(exact.value().state[0], ball.value().state[0]));
    CHECK(equilibrium(network(1.0), {0.0, 0.0}).verdict() == Verdict::too_wide);  // some member is singular

    // Each failure with its own reason.
    CHECK(equilibrium(fold(), {0.3, 0.0}, {Interval(-1.0)}).verdict() == Verdict::no_convergence);
    const auto degenerate = prove_equilibrium(fold(), {0.0, 0.0}, {Interval(0.0)});
    CHECK(degenerate.verdict() == Verdict::singular);
    // A poor hint is polished first: the theorem needs no good x_bar, only a nonsingular Jacobian there.
    CHECK(prove_equilibrium(fold(), {1.4, 0.01}, {Interval(2.0)}).proved());

    CHECK(refuses([] { equilibrium(fold(), {1.0}, {Interval(2.0)}); }));
    CHECK(refuses([] { equilibrium(fold(), {1.0, std::nan("")}, {Interval(2.0)}); }));
    CHECK(refuses([] { equilibrium(fold(), {1.0, 0.0}, {}); }));
    CHECK(refuses([] { equilibrium(fold(), {1.0, 0.0}, {Interval(0.0, infinity)}); }));
    return check::report();
}
