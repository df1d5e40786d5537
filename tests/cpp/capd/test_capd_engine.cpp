// The engine on CAPD from C++ alone: trajectories, lanes in threads, return maps, zeros; runs that CAPD cannot finish,
// and nothing that leaks on the way (run under the address sanitizer).
#include <cmath>
#include <stdexcept>

#include "capnode/capd/call.hpp"
#include "capnode/capd/capd_flow.hpp"
#include "capnode/capd/capd_poincare_map.hpp"
#include "capnode/capd/capd_zeros.hpp"
#include "capnode/dynamics/equilibrium.hpp"
#include "capnode/flow/dense_output.hpp"
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

Field scalar(Function f) {
    FieldBuilder b(1, 0, false);
    return b.build(b.apply(f, b.state()));
}

InitialSet at(std::vector<double> x) {
    InitialSet start;
    start.centre = std::move(x);
    return start;
}

template <class F>
bool refuses(F&& f) {
    try {
        f();
    } catch (const std::invalid_argument&) {
        return FloatEnvironment::is_clean();
    }
    return false;
}

}  // namespace

int main() {
    const FloatEnvironment guard;
    const double c = std::cos(1.25), s = std::sin(1.25);
    std::vector<std::string> names = capd_c0_sets();
    names.insert(names.end(), capd_c1_sets().begin(), capd_c1_sets().end());
    CHECK(names.size() == 10);
    const auto near = [](const Interval& x, double value) {
        return x.lo <= value + 1e-15 && value - 1e-15 <= x.hi && width_up(x) < 1e-9;
    };
    for (const std::string& name : names) {
        FlowOptions options;
        options.dense = true;
        options.derivative = name[1] == '1';
        for (const double sign : {1.0, -1.0}) {
            const FlowResult r =
                integrate_lanes_capd(rotation(), {at({1.0, 0.0})}, {sign * 1.25}, options, name).front();
            CHECK(r.verdict == Verdict::proved && r.reached == sign * 1.25 && r.steps == r.trajectory.size());
            CHECK(near(r.final[0], c) && near(r.final[1], sign * s));
            if (options.derivative)
                CHECK(near(r.derivative[0], c) && near(r.derivative[1], -sign * s) && near(r.derivative[3], c));
            const DenseOutput dense(r.trajectory, r.initial, Interval(0.0));
            const std::vector<Interval> middle = dense.enclosure(Interval(sign * 0.7));
            CHECK(near(middle[0], std::cos(0.7)) && near(middle[1], sign * std::sin(0.7)));
        }
        PoincareOptions section;
        section.flow.derivative = options.derivative;
        section.max_time = 20.0;
        for (std::size_t k = 1; k <= 3; ++k) {
            section.returns = k;
            const PoincareResult r =
                poincare_map_capd(rotation(), {{0.0, 1.0}, Interval(0.0)}, at({1.0, 0.0}), section, name);
            CHECK(r.verdict == Verdict::proved && near(r.time, 3.14159265358979323846 * static_cast<double>(k)));
            CHECK(near(r.point[0], k % 2 == 0 ? 1.0 : -1.0) && r.point[1].lo == 0.0 && r.point[1].hi == 0.0);
        }
        section.returns = 10;
        CHECK(poincare_map_capd(rotation(), {{0.0, 1.0}, Interval(0.0)}, at({1.0, 0.0}), section, name).verdict ==
              Verdict::section_not_reached);
        // what CAPD cannot do, with each set
        for (const auto& [f, x] :
             {std::pair{Function::square, 1.0}, std::pair{Function::exp, 800.0}, std::pair{Function::log, 0.5}}) {
            const FlowResult r = integrate_lanes_capd(scalar(f), {at({x})}, {3.0}, options, name).front();
            CHECK(r.verdict == Verdict::unbounded && r.detail.find("CAPD") != std::string::npos && r.reached < 3.0);
            CHECK(FloatEnvironment::is_clean() && !CapdCall::active());
        }
        FlowOptions few = options;
        few.max_steps = 2;
        CHECK(integrate_lanes_capd(rotation(), {at({1.0, 0.0})}, {50.0}, few, name).front().steps == 2);
        int polls = 0;
        few = options;
        few.interrupted = [&] { return ++polls > 3; };
        CHECK(integrate_lanes_capd(rotation(), {at({1.0, 0.0})}, {50.0}, few, name).front().verdict ==
              Verdict::interrupted);
    }

    FlowOptions lanes;
    std::vector<InitialSet> starts;
    std::vector<double> durations;
    for (int k = 0; k < 12; ++k) {
        starts.push_back(at({1.0 + 0.1 * k, 0.5}));
        durations.push_back(k % 3 == 0 ? -0.5 : 0.5);
    }
    const auto one = integrate_lanes_capd(rotation(), starts, durations, lanes);
    lanes.threads = 4;
    const auto four = integrate_lanes_capd(rotation(), starts, durations, lanes);
    for (std::size_t l = 0; l < starts.size(); ++l) {
        CHECK(one[l].verdict == Verdict::proved && four[l].verdict == Verdict::proved);
        CHECK(same(one[l].final[0], four[l].final[0]) && same(one[l].final[1], four[l].final[1]));
    }

    // What the caller's own functions throw is no failure of CAPD's: it comes out as it is, from every thread.
    struct Mine {};
    const auto throws = [](auto&& f) {
        try {
            f();
        } catch (const Mine&) {
            return FloatEnvironment::is_clean() && !CapdCall::active();
        }
        return false;
    };
    const auto runs = [&](const FlowOptions& o) {
        integrate_lanes_capd(rotation(), starts, std::vector<double>(starts.size(), 1e3), o);
    };
    for (const std::size_t threads : {1, 4}) {
        for (const int after : {0, 7}) {
            FlowOptions own;
            own.threads = threads;
            int calls = 0;
            own.interrupted = [&] { return calls++ < after ? false : throw Mine(); };
            CHECK(throws([&] { runs(own); }));
            own.interrupted = nullptr;
            calls = 0;
            own.progress = [&](double) { return calls++ < after ? void() : throw Mine(); };
            CHECK(throws([&] { runs(own); }));
        }
        FlowOptions own;
        own.threads = threads;
        double last = 0.0;
        bool rises = true;
        own.progress = [&](double share) {
            rises = rises && share >= last;
            last = share;
        };
        integrate_lanes_capd(rotation(), starts, durations, own);
        CHECK(rises && last == 1.0);
    }
    PoincareOptions to;
    to.flow.interrupted = []() -> bool { throw Mine(); };
    const Section axis{{0.0, 1.0}, Interval(0.0)};
    CHECK(throws([&] { poincare_map_capd(rotation(), axis, at({1.0, 0.5}), to); }));

    // x = cos x by both operators; a double zero by none
    FieldBuilder b(1, 0, false);
    const Field fixed = b.build(b.subtract(b.state(), b.apply(Function::cos, b.state())));
    for (const bool newton : {false, true}) {
        const ZeroOperator op = newton ? capd_interval_newton(fixed, {}) : capd_krawczyk(fixed, {});
        const Result<Zero> zero = zero_by_operator(op, {Interval(0.6, 0.9)});
        CHECK(zero.proved() && near(zero.value().enclosure[0], 0.73908513321516064166));
        CHECK(zero_by_operator(op, {Interval(1.0, 2.0)}).verdict() == Verdict::no_zero);
        CHECK(!zero_by_operator(newton ? capd_interval_newton(scalar(Function::square), {})
                                       : capd_krawczyk(scalar(Function::square), {}),
                                {Interval(-0.5, 0.5)})
                   .proved());
    }
    const Result<Equilibrium> rest = prove_equilibrium(fixed, {0.739}, {}, capd_krawczyk(fixed, {}));
    CHECK(rest.proved() && rest.value().unstable_dimension == 1);

    CHECK(refuses([] { integrate_lanes_capd(scalar(Function::erf), {at({1.0})}, {1.0}, {}); }));
    CHECK(refuses([] { integrate_lanes_capd(rotation(), {at({1.0})}, {1.0}, {}); }));
    CHECK(refuses([] { integrate_lanes_capd(rotation(), {at({1.0, 0.0})}, {1.0}, {}, "C0Rect3Set"); }));
    FlowOptions c1;
    c1.derivative = true;
    CHECK(refuses([&] { integrate_lanes_capd(rotation(), {at({1.0, 0.0})}, {1.0}, c1, "C0Rect2Set"); }));
    FlowOptions negative;
    negative.tolerance = -1.0;
    CHECK(refuses([&] { integrate_lanes_capd(rotation(), {at({1.0, 0.0})}, {1.0}, negative); }));
    CHECK(FloatEnvironment::is_clean() && !CapdCall::active());
    return check::report();
}
