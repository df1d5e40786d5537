// The rotation x' = -y, y' = x, whose flow is known: trajectories, dense output, layers, lanes, iterates, refusals.
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "capnode/field/field.hpp"
#include "capnode/flow/dense_output.hpp"
#include "capnode/flow/discrete_map.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/flow/layered_flow.hpp"
#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/error_free.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

Field rotation(double frequency = 1.0) {
    FieldBuilder b(2, 0, false);
    Matrix w(2, 2);
    w(0, 1) = -frequency;
    w(1, 0) = frequency;
    return b.build(b.affine(b.state(), w));
}

Field square() {
    FieldBuilder b(1, 0, false);
    return b.build(b.apply(Function::square, b.state()));
}

InitialSet at(std::vector<double> x) {
    InitialSet s;
    s.centre = std::move(x);
    return s;
}

Interval cosine(double t) { return apply(Function::cos, Interval(t)); }
Interval sine(double t) { return apply(Function::sin, Interval(t)); }
bool meet(const Interval& a, const Interval& b) { return !disjoint(a, b); }

void trajectories() {
    for (const double t : {0.1, 1.0, 7.0, -3.0}) {
        FlowOptions options;
        options.derivative = options.dense = true;
        const FlowResult r = integrate(rotation(), at({1.0, 0.0}), t, options);
        CHECK(r.verdict == Verdict::proved);
        CHECK(r.reached == t);
        CHECK(meet(r.final[0], cosine(t)) && meet(r.final[1], sine(t)));
        CHECK(width_up(r.final[0]) < 1e-13);
        CHECK(meet(r.derivative[0], cosine(t)) && meet(r.derivative[1], -sine(t)));
        CHECK(meet(r.derivative[2], sine(t)) && meet(r.derivative[3], cosine(t)));

        const DenseOutput dense(r.trajectory, r.initial, Interval(0.0));
        CHECK(dense.offsets().back() == t);
        for (int k = 0; k <= 20; ++k) {
            const double s = t * k / 20.0;
            const std::vector<Interval> x = dense.enclosure(Interval(s));
            CHECK(meet(x[0], cosine(s)) && meet(x[1], sine(s)));
            CHECK(width_up(x[0]) < 1e-12);
        }
        const Interval span(std::fmin(0.0, t), std::fmax(0.0, t));
        const std::vector<Interval> all = dense.enclosure(span);
        CHECK(subset(cosine(t), all[0]) && all[0].hi >= 1.0);
        bool refused = false;
        try {
            dense.enclosure(Interval(1.001 * t));
        } catch (const std::invalid_argument&) {
            refused = true;
        }
        CHECK(refused);
    }
}

// x' = 1e-6, whose centre at time 1 is no double: the affine form holds what the sum 1 + 1e-6 rounds off.
void affine_forms() {
    FieldBuilder b(1, 0, false);
    Matrix speed(1, 1);
    speed(0, 0) = 1e-6;
    const Field field = b.build(b.affine(b.state(), Matrix(1, 1), {}, speed));
    InitialSet start = at({1.0});
    start.directions = Matrix::identity(1);
    start.radii = {0.125};
    FlowOptions options;
    options.affine_form = true;
    for (const double t : {1.0, 3.0, -0.7}) {
        const AffineForm form = integrate(field, start, t, options).affine;
        CHECK(form.directions(0, 0) == 1.0);
        CHECK(form.rest[0] < 1e-15);
        const Sum sum = two_sum(1.0, 1e-6 * t);  // to within 1e-22
        const double missed = std::fabs((sum.value - form.centre[0]) + sum.error);
        CHECK(missed > 1e-18);
        CHECK(form.rest[0] >= missed * 0.999);
    }
}

// A box is carried as a rotated box: every corner ends inside, and the enclosure is its hull.
void boxes() {
    InitialSet start = at({1.0, 0.0});
    start.directions = Matrix::identity(2);
    start.radii = {0.1, 0.01};
    const double t = 2.0;
    const FlowResult r = integrate(rotation(), start, t, {});
    for (const double a : {-0.1, 0.1}) {
        for (const double b : {-0.01, 0.01}) {
            const Interval x = Interval(1.0) + Interval(a);
            CHECK(meet(r.final[0], x * cosine(t) - Interval(b) * sine(t)));
            CHECK(meet(r.final[1], x * sine(t) + Interval(b) * cosine(t)));
        }
    }
    const double hull = 2.0 * (0.1 * std::fabs(std::cos(t)) + 0.01 * std::fabs(std::sin(t)));
    CHECK(width_up(r.final[0]) < hull + 1e-7);
}

void layers_and_lanes() {
    const std::vector<FlowLayer> layers{{rotation(1.0), 0.5}, {rotation(2.0), 0.25}, {rotation(0.5), 1.0}};
    const double angle = 0.5 + 0.5 + 0.5;
    std::vector<InitialSet> starts;
    for (int k = 0; k < 11; ++k) starts.push_back(at({1.0 + k, 0.0}));
    FlowOptions options;
    options.derivative = true;
    const std::vector<LayeredResult> results = integrate_layers(layers, starts, options);
    CHECK(results.size() == 11);
    for (int k = 0; k < 11; ++k) {
        const LayeredResult& r = results[static_cast<std::size_t>(k)];
        CHECK(r.size() == 3 && r.back().verdict == Verdict::proved && r.back().reached == 1.0);
        CHECK(meet(r.back().final[0], Interval(1.0 + k) * cosine(angle)));
        CHECK(meet(r.back().derivative[2], sine(angle)));
        CHECK(width_up(r.back().final[1]) < 1e-12);
    }
    const std::vector<FlowResult> lanes = integrate_lanes(rotation(), starts, std::vector<double>(11, 1.5), options);
    for (std::size_t k = 0; k < 11; ++k) CHECK(meet(lanes[k].final[0], results[k].back().final[0]));
}

void iterates() {
    // x -> x + h A x turns and stretches: after k steps |x| = (1 + h^2)^(k/2).
    IterationOptions options;
    options.derivative = options.keep = true;
    const DiscreteMap map{rotation(), true, 0.5};
    const IterationResult r = iterate({{map, 10}}, {at({1.0, 0.0})}, options).front();
    CHECK(r.verdict == Verdict::proved && r.steps == 10 && r.states.size() == 11);
    const Interval length = square(r.final[0]) + square(r.final[1]);
    CHECK(contains(length, std::pow(1.25, 10)));
    CHECK(width_up(length) < 1e-12);
    // the derivative of a linear map is the map: its first column is the image of (1, 0)
    CHECK(meet(r.derivative[0], r.final[0]) && meet(r.derivative[2], r.final[1]));
    const IterationResult grown = iterate({{{square(), false, 1.0}, 40}}, {at({3.0})}, options).front();
    CHECK(grown.verdict == Verdict::unbounded && grown.steps < 40 && grown.steps > 5);
    CHECK(contains(grown.states[3][0], 6561.0));
}

void refusals() {
    const FlowResult blown = integrate(square(), at({1.0}), 2.0, {});
    CHECK(blown.verdict != Verdict::proved);
    CHECK(blown.reached > 0.99 && blown.reached < 1.0);
    CHECK(!blown.detail.empty());
    FlowOptions few;
    few.max_steps = 3;
    const FlowResult short_run = integrate(rotation(), at({1.0, 0.0}), 100.0, few);
    CHECK(short_run.verdict == Verdict::too_wide && short_run.steps == 3);
    FlowOptions stopped;
    int polls = 0;
    stopped.interrupted = [&] { return ++polls > 5; };
    const FlowResult halted = integrate(rotation(), at({1.0, 0.0}), 1e6, stopped);
    CHECK(halted.verdict == Verdict::interrupted && halted.reached > 0.0);
    int thrown = 0;
    const auto refuses = [&](auto f) {
        try {
            f();
        } catch (const std::invalid_argument&) {
            ++thrown;
        }
    };
    refuses([] { integrate(rotation(), at({1.0}), 1.0, {}); });
    refuses([] { integrate(rotation(), at({1.0, std::nan("")}), 1.0, {}); });
    refuses([] { integrate(rotation(), at({1.0, 0.0}), std::nan(""), {}); });
    refuses([] { integrate_layers({}, {at({1.0})}, {}); });
    refuses([] { integrate_layers({{rotation(), 1.0}, {square(), 1.0}}, {at({1.0, 0.0})}, {}); });
    refuses([] { integrate_layers({{rotation(), 1.0}, {rotation(), -1.0}}, {at({1.0, 0.0})}, {}); });
    refuses([] { iterate({}, {at({1.0})}, {}); });
    const IterationStage once{{rotation(), true, 0.5}, 1};
    refuses([&] { iterate({once}, {at({1.0})}, {}); });
    InitialSet no_number = at({1.0, 0.0});
    no_number.directions = Matrix(2, 1);
    no_number.directions(1, 0) = std::nan("");
    no_number.radii = {0.5};
    refuses([&] { iterate({once}, {no_number}, {}); });
    refuses([&] { integrate(rotation(), no_number, 1.0, {}); });
    refuses([&] { integrate_lanes(rotation(), {at({1.0, 0.0})}, {1.0, 2.0}, {}); });
    CHECK(thrown == 11);
}

}  // namespace

int main() {
    const FloatEnvironment guard;
    trajectories();
    affine_forms();
    boxes();
    layers_and_lanes();
    iterates();
    refusals();
    return check::report();
}
