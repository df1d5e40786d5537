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

void covers() {
    using Box = std::array<double, 4>;
    const Box unit = {0.0, 1.0, 0.0, 1.0};
    CHECK(cover(unit, {unit}) && cover(unit, {{-1.0, 2.0, -1.0, 2.0}}));
    CHECK(!cover(unit, {}) && !cover(unit, {{0.0, 1.0, 0.0, 0.75}}));
    CHECK(cover(unit, {{0.0, 0.5, 0.0, 1.0}, {0.5, 1.0, 0.0, 1.0}}));
    CHECK(!cover(unit, {{0.0, 0.5, 0.0, 1.0}, {std::nextafter(0.5, 1.0), 1.0, 0.0, 1.0}}));
    // Around a hole in the middle, that no cut from side to side parts.
    const std::vector<Box> ring = {
        {0.0, 0.6, 0.0, 0.3}, {0.6, 1.0, 0.0, 0.7}, {0.3, 1.0, 0.7, 1.0}, {0.0, 0.3, 0.3, 1.0}};
    CHECK(!cover(unit, ring));
    std::vector<Box> full = ring;
    full.push_back({0.3, 0.6, 0.3, 0.7});
    CHECK(cover(unit, full));
    std::vector<Box> cells;
    for (std::size_t i = 0; i < 40; ++i) {
        for (std::size_t j = 0; j < 30; ++j) {
            const Box cell = {cell_edge(0.0, 1.0, 40, i), cell_edge(0.0, 1.0, 40, i + 1), cell_edge(0.0, 1.0, 30, j),
                              cell_edge(0.0, 1.0, 30, j + 1)};
            if ((i + 2 * j) % 3 == 0) {
                for (const Box& part : quarters(cell)) cells.push_back(part);
            } else {
                cells.push_back(cell);
            }
        }
    }
    CHECK(cover(unit, cells));
    for (std::size_t k = 0; k < cells.size(); k += 7) {
        std::vector<Box> fewer = cells;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(k));
        CHECK(!cover(unit, fewer));
    }
}

// A third class that is the second one once more: its cells are tied, and not quartered.
void ties() {
    Classifier c = disc();
    c.readout.weight = Matrix(3, 3);
    c.readout.weight(1, 2) = c.readout.weight(2, 2) = 1.0;
    c.readout.bias = {0.0, -1.0, -1.0};
    CHECK(tied_classes(c.readout) == std::vector<std::size_t>({0, 1, 1}));
    ClassMapOptions options;
    options.depth = 2;
    const std::array<double, 4> box = {-2.0, 2.0, -2.0, 2.0};
    const ClassMap map = class_map(c, box, {16, 16}, options);
    const ClassMap two = class_map(disc(), box, {16, 16}, options);
    CHECK(map.cells.size() == two.cells.size());
    std::size_t tied = 0;
    for (std::size_t k = 0; k < map.cells.size(); ++k) {
        const ClassCell& cell = map.cells[k];
        const bool one = two.cells[k].verdict == Verdict::proved && two.cells[k].possible[1];
        CHECK((cell.verdict == Verdict::tied) == one && cell.possible[1] == cell.possible[2]);
        CHECK(cell.verdict != Verdict::proved || cell.possible[0]);
        tied += cell.verdict == Verdict::tied ? 1 : 0;
    }
    CHECK(tied > 50);
    CHECK(refused([&] { decision_boundary(c, 1, 2, map, {}); }));
    CHECK(refused([&] { prove_boundary_piece(c, 2, 1, frame_of(box)); }));
    CHECK(decision_boundary(c, 0, 2, map, {}).verdict == Verdict::proved);
    c.readout.bias = {-1.0, -1.0, -1.0};
    c.readout.weight(0, 2) = 1.0;
    CHECK(refused([&] { class_map(c, box, {2, 2}, options); }));
}

}  // namespace

int main() {
    const FloatEnvironment guard;
    covers();
    ties();
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

    std::vector<std::array<double, 4>> boxes;
    for (const ClassCell& cell : map.cells) boxes.push_back(cell.box);
    const ClassMap again = class_map_of_cells(c, box, boxes, options);
    for (std::size_t k = 0; k < boxes.size(); ++k) CHECK(again.cells[k].possible == map.cells[k].possible);
    boxes.pop_back();
    CHECK(refused([&] { class_map_of_cells(c, box, boxes, options); }));

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
