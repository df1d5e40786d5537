// Class maps and decision boundaries from C++ alone: a disc, whose boundary is known, through an encoder into R^3.
#include "capnode/dynamics/decision_boundary.hpp"

#include <cmath>
#include <stdexcept>

#include "capnode/field/field.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

// x1' = x2' = 0, x3' = x1^2 + x2^2: from (z1, z2, 0) the state at t = 1 is (z1, z2, |z|^2).
Field lifted_square() {
    FieldBuilder b(3, 0, false);
    const NodeId squares = b.apply(Function::square, b.state());
    Matrix w(3, 3);
    w(2, 0) = 1.0;
    w(2, 1) = 1.0;
    return b.build(b.affine(squares, w));
}

Classifier disc() {
    Classifier c;
    c.layers = {{lifted_square(), 1.0}};
    c.encoder = Matrix(3, 2);
    c.encoder(0, 0) = 1.0;
    c.encoder(1, 1) = 1.0;
    c.readout.weight = Matrix(2, 3);
    c.readout.weight(1, 2) = 1.0;
    c.readout.bias = {0.0, -1.0};  // class 1 where |z|^2 > 1
    return c;
}

template <class F>
bool refused(F f) {
    try {
        f();
    } catch (const std::invalid_argument&) {
        return true;
    }
    return false;
}

}  // namespace

int main() {
    const FloatEnvironment guard;
    const Classifier c = disc();
    const std::array<double, 4> box = {-2.0, 2.0, -2.0, 2.0};
    ClassMapOptions options;
    options.depth = 2;
    const ClassMap map = class_map(c, box, {16, 16}, options);
    double area = 0.0;
    for (const ClassCell& cell : map.cells) {
        const std::array<double, 4>& b = cell.box;
        area += (b[1] - b[0]) * (b[3] - b[2]);
        const double x = std::fmax(std::fabs(b[0]), std::fabs(b[1]));
        const double y = std::fmax(std::fabs(b[2]), std::fabs(b[3]));
        const double far = x * x + y * y;
        const double u = std::fmax(0.0, std::fmax(b[0], -b[1]));
        const double v = std::fmax(0.0, std::fmax(b[2], -b[3]));
        const double near = u * u + v * v;
        if (far > 1.0) CHECK(cell.possible[1]);
        if (near < 1.0) CHECK(cell.possible[0]);
        CHECK((cell.verdict == Verdict::proved) == (cell.possible[0] != cell.possible[1]));
    }
    CHECK(area == 16.0);

    const DecisionBoundary found = decision_boundary(c, 0, 1, map, {});
    CHECK(found.verdict == Verdict::proved);
    CHECK(found.chains.size() == 1 && found.chains.front().closed);
    CHECK(found.left_over == 0);
    for (std::size_t q = 0; q < found.pieces.size(); ++q) {
        const BoundaryPiece& p = found.pieces[q];
        for (const auto& z : {start_of(p), end_of(p)}) {
            const Interval square_norm = square(z[0]) + square(z[1]);
            CHECK(contains(square_norm, 1.0));
            CHECK(square_norm.hi - square_norm.lo < 1e-2);
        }
        CHECK(joined(p, found.pieces[(q + 1) % found.pieces.size()]) || q + 1 == found.pieces.size());
        const BoundaryPiece back = reversed(p);
        CHECK(same(start_of(back)[0], end_of(p)[0]) && same(end_of(back)[1], start_of(p)[1]));
    }

    // A piece, and what breaks it.
    Frame frame;
    frame.centre = {1.0, 0.0};
    frame.axes = {0.0, 1.0, 1.0, 0.0};  // u along the circle
    frame.radii = {0.1, 0.05};
    CHECK(prove_boundary_piece(c, 0, 1, frame).proved());
    Frame off = frame;
    off.centre = {1.2, 0.0};
    CHECK(prove_boundary_piece(c, 0, 1, off).verdict() == Verdict::inclusion_failed);
    Frame across = frame;
    across.axes = {1.0, 0.0, 0.0, 1.0};
    CHECK(prove_boundary_piece(c, 0, 1, across).verdict() == Verdict::singular);
    CHECK(refused([&] { prove_boundary_piece(c, 1, 1, frame); }));
    CHECK(!inside(frame, {Interval(1.0), Interval(0.1)}));  // its edge is not inside
    CHECK(inside(frame, {Interval(1.0), Interval(0.09)}));

    Classifier wrong = c;
    wrong.readout.weight = Matrix(2, 4);
    CHECK(refused([&] { class_map(wrong, box, {4, 4}, options); }));
    wrong = c;
    wrong.layers.front().duration = 0.0;
    CHECK(refused([&] { class_map(wrong, box, {4, 4}, options); }));
    CHECK(refused([&] { class_map(c, {1.0, 1.0, 0.0, 1.0}, {4, 4}, options); }));
    CHECK(refused([&] { class_map(c, box, {4, 0}, options); }));
    return check::report();
}
