// Planes hold the margins of all samples, whatever the frame and the sets; distances of half planes in boxes are lower
// bounds, and attained; frames that are not orthonormal are seen.
#include "capnode/dynamics/margin_bounds.hpp"

#include <cmath>
#include <random>

#include "capnode/field/field.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

std::mt19937 random_numbers(5);
double uniform(double lo, double hi) { return std::uniform_real_distribution<double>(lo, hi)(random_numbers); }

InputBox random_box(std::size_t n) {
    InputBox box;
    for (std::size_t j = 0; j < n; ++j) {
        const double a = uniform(-1.0, 1.0);
        box.lo.push_back(a);
        box.hi.push_back(a + uniform(0.01, 1.0));
    }
    return box;
}

double length(const std::vector<double>& u) {
    double sum = 0.0;
    for (const double x : u) sum += x * x;
    return std::sqrt(sum);
}

void distances() {
    std::size_t empty = 0;
    std::size_t met = 0;
    for (int test = 0; test < 400; ++test) {
        const std::size_t n = 1 + static_cast<std::size_t>(test) % 5;
        const InputBox box = random_box(n);
        MarginPlanes planes;
        planes.lower = uniform(-1.0, 2.0);
        planes.upper = planes.lower;
        for (std::size_t j = 0; j < n; ++j) planes.slope.push_back(test % 7 == 0 && j == 0 ? 0.0 : uniform(-2.0, 2.0));
        const NearestZero found = nearest_zero(planes, box);
        const double whole = distance_of(box);
        if (found.distance < infinity) {
            ++met;
            CHECK(found.distance >= whole);
            // attained: the hint lies in the box, on the plane or beyond, and is as near as the bound
            double height = planes.lower;
            bool inside = true;
            for (std::size_t j = 0; j < n; ++j) {
                height += planes.slope[j] * found.point_bar[j];
                inside = inside && box.lo[j] <= found.point_bar[j] && found.point_bar[j] <= box.hi[j];
            }
            CHECK(inside);
            CHECK(height < 1e-9);
            CHECK(length(found.point_bar) <= found.distance * (1.0 + 1e-9) + 1e-9);
        } else {
            ++empty;
        }
        for (int sample = 0; sample < 300; ++sample) {
            std::vector<double> u(n);
            long double height = planes.lower;
            for (std::size_t j = 0; j < n; ++j) {
                u[j] = sample % 3 == 0 ? (random_numbers() % 2 ? box.lo[j] : box.hi[j]) : uniform(box.lo[j], box.hi[j]);
                height += static_cast<long double>(planes.slope[j]) * u[j];
            }
            CHECK(length(u) >= whole * (1.0 - 1e-15));
            if (height <= 0.0L) CHECK(length(u) >= found.distance * (1.0 - 1e-15));
        }
    }
    CHECK(empty > 30 && met > 100);
    MarginPlanes nothing;  // of a margin of which nothing is known
    nothing.slope.assign(2, 0.0);
    const InputBox box{{1.0, 1.0}, {2.0, 2.0}};
    CHECK(nearest_zero(nothing, box).distance <= std::sqrt(2.0));
    CHECK(nearest_zero(nothing, box).distance > 1.4142);
}

void frames() {
    for (int test = 0; test < 50; ++test) {
        const double angle = uniform(0.0, 6.0);
        const double error = test % 2 == 0 ? 0.0 : 0.05;
        Matrix axes(2, 2);
        axes(0, 0) = std::cos(angle) + uniform(-error, error);
        axes(0, 1) = -std::sin(angle) + uniform(-error, error);
        axes(1, 0) = std::sin(angle) + uniform(-error, error);
        axes(1, 1) = std::cos(angle) + uniform(-error, error);
        const InputFrame frame = frame_at({0.3, -0.7}, axes);
        CHECK(frame.least <= 1.0 && frame.least > (test % 2 == 0 ? 1.0 - 1e-14 : 0.7));
        for (int sample = 0; sample < 50; ++sample) {
            const std::vector<double> u = {uniform(-1.0, 1.0), uniform(-1.0, 1.0)};
            std::vector<double> y = point_bar(frame, u);
            y[0] -= 0.3;
            y[1] += 0.7;
            CHECK(length(y) >= frame.least * length(u) - 1e-15);
        }
    }
    Matrix skew(2, 2, 1.0);
    const InputFrame plain = frame_at({0.0, 0.0}, skew);
    CHECK(plain.least == 1.0 && plain.axes(0, 0) == 1.0 && plain.axes(0, 1) == 0.0);
}

// x' = y, y' = -sin x, with three classes.
void planes(std::size_t degree, bool turned, bool layered, double side) {
    FieldBuilder builder(2, 0, false);
    const NodeId s = builder.state();
    const NodeId x = builder.gather(s, {0});
    const NodeId y = builder.gather(s, {1});
    const Field field = builder.build(builder.concat({y, builder.negate(builder.apply(Function::sin, x))}));
    const std::vector<FlowLayer> layers =
        layered ? std::vector<FlowLayer>{{field, 0.75}, {field, 0.75}} : std::vector<FlowLayer>{{field, 1.5}};
    Readout readout;
    readout.weight = Matrix(3, 2);
    for (double& w : readout.weight.data) w = uniform(-1.0, 1.0);
    readout.bias = {0.1, -0.2, 0.05};
    NetworkInput input;
    input.x = {0.7, 0.1};
    Matrix axes = Matrix::identity(2);
    if (turned) {
        axes(0, 0) = axes(1, 1) = std::cos(0.4);
        axes(1, 0) = std::sin(0.4);
        axes(0, 1) = -axes(1, 0);
    }
    const InputFrame frame = frame_at(input.x, axes);
    std::vector<InputBox> boxes;
    for (int k = 0; k < 12; ++k) {
        InputBox box;
        for (int j = 0; j < 2; ++j) {
            const double a = uniform(-0.4, 0.3);
            box.lo.push_back(a);
            box.hi.push_back(a + side);
        }
        boxes.push_back(box);
    }
    FlowOptions options;
    options.set_degree = degree;
    const std::vector<BoxImage> images = box_images(layers, readout, input, frame, 1, boxes, options);
    for (std::size_t b = 0; b < boxes.size(); ++b) {
        CHECK(images[b].verdict == Verdict::proved);
        if (images[b].verdict != Verdict::proved) continue;
        for (int sample = 0; sample < 20; ++sample) {
            std::vector<double> u(2);
            for (std::size_t j = 0; j < 2; ++j)
                u[j] = sample < 8 ? ((sample >> j) % 2 != 0 ? boxes[b].lo[j] : boxes[b].hi[j])
                                  : uniform(boxes[b].lo[j], boxes[b].hi[j]);
            InitialSet point;
            point.centre = point_bar(frame, u);
            point.directions = Matrix(2, 0);
            const std::vector<Interval> end = integrate(field, point, 1.5, FlowOptions{}).final;
            for (const std::size_t k : {std::size_t{0}, std::size_t{2}}) {
                const MarginPlanes& p = images[b].margins[k];
                const Interval m = margins(readout, end, 1)[k];
                const double plane = p.slope[0] * u[0] + p.slope[1] * u[1];
                CHECK(m.hi >= p.lower + plane - 1e-12 && m.lo <= p.upper + plane + 1e-12);
                const bool decided = p.slope[0] == 0.0 && p.slope[1] == 0.0 && p.lower > 0.0;
                CHECK(decided || p.upper - p.lower < (degree == 1 ? 0.5 : 0.05) * side + 1e-13);
            }
        }
    }
}

}  // namespace

int main() {
    distances();
    frames();
    for (const std::size_t degree : {1, 3}) {
        for (const bool turned : {false, true}) {
            for (const bool layered : {false, true}) planes(degree, turned, layered, 0.1);
        }
        planes(degree, true, false, 1e-13);  // too thin for coordinates of a Taylor model
    }
    return check::report();
}
