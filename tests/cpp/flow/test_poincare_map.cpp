// Return maps of the rotation x' = -y, y' = x, whose returns are known, from C++ alone; wide sets in pieces.
#include <cmath>
#include <stdexcept>

#include "capnode/field/field.hpp"
#include "capnode/flow/plain_flow.hpp"
#include "capnode/flow/poincare_map.hpp"
#include "capnode/flow/split_flow.hpp"
#include "capnode/flow/split_poincare_map.hpp"
#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

Field rotation() {
    FieldBuilder b(2, 0, false);
    Matrix w(2, 2);
    w(0, 1) = -1.0;
    w(1, 0) = 1.0;
    return b.build(b.affine(b.state(), w));
}

Field square() {
    FieldBuilder b(1, 0, false);
    return b.build(b.apply(Function::square, b.state()));
}

}  // namespace

int main() {
    const FloatEnvironment guard;
    const Field field = rotation();
    InitialSet start;
    start.centre = {0.0, -1.0};
    PoincareOptions options;
    options.flow.derivative = true;
    options.max_time = 50.0;
    const double pi = 3.14159265358979323846;

    const Section half{{1.0, 0.0}, Interval(0.5)};
    for (std::size_t k = 1; k <= 5; ++k) {
        options.returns = k;
        const PoincareResult r = poincare_map(field, half, start, options);
        CHECK(r.verdict == Verdict::proved);
        CHECK(r.crossings == k);
        const double turns = static_cast<double>((k - 1) / 2);
        const double t = 2.0 * pi * turns + ((k - 1) % 2 == 0 ? pi / 6.0 : 5.0 * pi / 6.0);
        CHECK(r.time.lo <= t + 1e-14 && t - 1e-14 <= r.time.hi && r.time.hi - r.time.lo < 1e-11);
        CHECK(r.point[0].lo == 0.5 && r.point[0].hi == 0.5);
        CHECK(r.derivative[0].lo == 0.0 && r.derivative[0].hi == 0.0);
    }
    options.returns = 1;
    options.direction = -1;  // x falls: the second crossing
    const PoincareResult falling = poincare_map(field, half, start, options);
    CHECK(falling.verdict == Verdict::proved && falling.time.lo > 2.6 && falling.time.hi < 2.7);
    options.direction = 0;

    // An oblique section through two coordinates: x + y = 0, first met at t = pi/4 from (0, -1): x = sin t, y = -cos t.
    const PoincareResult oblique = poincare_map(field, {{1.0, 1.0}, Interval(0.0)}, start, options);
    CHECK(oblique.verdict == Verdict::proved);
    CHECK(oblique.time.lo <= pi / 4 + 1e-14 && pi / 4 - 1e-14 <= oblique.time.hi);
    CHECK(std::fabs(midpoint(oblique.point[0]) - std::sqrt(0.5)) < 1e-12);

    CHECK(poincare_map(field, {{1.0, 0.0}, Interval(1.0)}, start, options).verdict == Verdict::tangent);
    CHECK(poincare_map(field, {{1.0, 0.0}, Interval(2.0)}, start, options).verdict == Verdict::section_not_reached);
    bool refused = false;
    try {
        poincare_map(field, {{0.0, 0.0}, Interval(0.0)}, start, options);
    } catch (const std::invalid_argument&) {
        refused = true;
    }
    CHECK(refused);

    // On both sides of the section y = 0: whole, what leaves it from before is no crossing. In pieces, those before it
    // would count that one: refused; not refused where all pieces lie in it.
    const Section line{{0.0, 1.0}, Interval(0.0)};
    const SplitOptions finely{.max_pieces = 64, .excess = 0.001};
    InitialSet across;
    across.centre = {1.0, 0.0};
    across.directions = Matrix::identity(2);
    across.radii = {0.1, 0.1};
    PoincareOptions once;
    const PoincareResult whole = poincare_map(field, line, across, once);
    CHECK(whole.verdict == Verdict::proved && whole.time.lo > 3.0 && whole.time.hi < 3.3);
    for (const bool backward : {false, true}) {
        once.backward = backward;
        const SplitPoincareResult cut = poincare_map_split(field, line, across, once, finely);
        CHECK(cut.pieces > 1 && cut.hull.verdict == Verdict::tangent && cut.hull.point.empty());
    }
    across.radii[1] = 0.0;  // in the section
    CHECK(poincare_map_split(field, line, across, once, finely).hull.verdict == Verdict::proved);

    // x' = x^2 from [0.5, 1.5] to t = 0.5: x / (1 - x / 2), up to 6; in pieces, against the exact ends.
    InitialSet wide;
    wide.centre = {1.0};
    wide.directions = Matrix(1, 1, 1.0);
    wide.radii = {0.5};
    const SplitResult pieces = integrate_split(square(), wide, 0.5, {}, {});
    CHECK(pieces.hull.verdict == Verdict::proved);
    CHECK(pieces.pieces > 1 && pieces.tried >= pieces.pieces);
    const Interval& x = pieces.hull.final[0];
    CHECK(x.lo <= 2.0 / 3.0 && 6.0 <= x.hi);
    CHECK(x.hi - x.lo < 1.5 * (6.0 - 2.0 / 3.0));
    // beyond the blow-up of its upper end no cut helps: a verdict, within the budget
    const SplitResult blown = integrate_split(square(), wide, 1.0, {}, {.max_pieces = 64});
    CHECK(blown.hull.verdict != Verdict::proved && blown.tried <= 64);

    Matrix starts(5, 1);
    for (std::size_t i = 0; i < 5; ++i) starts(i, 0) = 0.5 + 0.25 * static_cast<double>(i);
    const PlainFlow plain = plain_flow(square(), starts, {}, 0.5, 0, 1e-12, true);
    for (std::size_t i = 0; i < 5; ++i) {
        const double exact = starts(i, 0) / (1.0 - starts(i, 0) / 2.0);
        CHECK(std::fabs(plain.final(i, 0) - exact) < 1e-12 * exact);
    }
    return check::report();
}
