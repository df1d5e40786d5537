// Exceptions on threads: whatever throws inside a flow on several threads, callbacks or the memory that runs out, is
// thrown again by the call, and the next call works.
#include <atomic>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <thread>

#include "capnode/dynamics/classifier.hpp"
#include "capnode/field/field.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "check.hpp"

namespace {

// The allocation after so many on other threads than this fails; less than 0: none.
std::atomic<long> allocations_left{-1};
std::thread::id main_thread;

void* allocate(std::size_t size) {
    if (allocations_left >= 0 && std::this_thread::get_id() != main_thread && allocations_left-- == 0)
        throw std::bad_alloc();
    if (void* p = std::malloc(size > 0 ? size : 1)) return p;
    throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }

using namespace capnode;

namespace {

// x' = -y, y' = x in so many planes.
Field rotations(std::size_t planes) {
    FieldBuilder b(2 * planes, 0, false);
    Matrix w(2 * planes, 2 * planes);
    for (std::size_t k = 0; k < planes; ++k) {
        w(2 * k, 2 * k + 1) = -1.0;
        w(2 * k + 1, 2 * k) = 1.0;
    }
    return b.build(b.affine(b.state(), w));
}

std::vector<InitialSet> points(std::size_t count, std::size_t dim) {
    InitialSet start;
    start.centre.assign(dim, 1.0);
    return std::vector<InitialSet>(count, start);
}

struct Thrown : std::runtime_error {
    Thrown() : std::runtime_error("from the callback") {}
};

template <class E, class F>
bool throws(F f) {
    try {
        f();
    } catch (const E&) {
        return true;
    }
    return false;
}

void throwing_callbacks() {
    const Field field = rotations(1);
    const auto starts = points(64, 2);
    FlowOptions options;
    options.threads = 4;
    for (const int after : {0, 1, 5}) {
        std::atomic<int> calls{0};
        FlowOptions own = options;
        own.interrupted = [&]() -> bool { return calls++ < after ? false : throw Thrown(); };
        CHECK(throws<Thrown>([&] { integrate_lanes(field, starts, std::vector<double>(64, 1e4), own); }));
        calls = 0;
        own.interrupted = nullptr;
        own.progress = [&](double) { return calls++ < after ? void() : throw Thrown(); };
        CHECK(throws<Thrown>([&] { integrate_lanes(field, starts, std::vector<double>(64, 1e4), own); }));
    }
    // Only the first share works: the call waits for none of the others, but they for it.
    std::vector<double> durations(64, 0.0);
    durations.back() = 1e4;
    options.interrupted = [] { return throw Thrown(), false; };
    CHECK(throws<Thrown>([&] { integrate_lanes(field, starts, durations, options); }));
    for (const FlowResult& r : integrate_lanes(field, starts, std::vector<double>(64, 1.0), {}))
        CHECK(r.verdict == Verdict::proved);

    Classifier c;
    c.layers = {{field, 1e4}};
    c.readout.weight = Matrix(2, 2);
    c.readout.weight(0, 0) = 1.0;
    c.readout.bias = {0.0, 0.0};
    ImageOptions choice;
    choice.threads = 4;
    const std::vector<Frame> frames(64, frame_of({0.0, 1e-6, 0.0, 1e-6}));
    for (const int after : {0, 1, 5}) {
        std::atomic<int> calls{0};
        choice.interrupted = [&]() -> bool { return calls++ < after ? false : throw Thrown(); };
        CHECK(throws<Thrown>([&] { images(c, frames, choice); }));
    }
}

// In 200 and more dimensions threads share out the columns of the tangents, and `interrupted` is asked in the midst.
void throwing_inside_a_step() {
    const Field field = rotations(100);
    InitialSet start = points(1, 200).front();
    start.directions = Matrix(200, 1);
    start.directions(0, 0) = 1.0;
    start.radii = {1e-3};
    FlowOptions options;
    options.derivative = true;
    options.max_steps = 1;
    options.threads = 2;
    int all = 0;
    options.interrupted = [&] { return ++all, false; };
    integrate(field, start, 0.5, options);
    CHECK(all > 10);  // more than once in this one step
    int plain = 0;
    FlowOptions short_steps;
    short_steps.interrupted = [&] { return ++plain, false; };
    const FlowResult r = integrate(rotations(1), points(1, 2).front(), 20.0, short_steps);
    CHECK(r.steps > 2 && static_cast<std::size_t>(plain) == r.steps);  // and once a step in a small system
    for (const int after : {1, all / 2}) {
        int calls = 0;
        options.interrupted = [&]() -> bool { return calls++ < after ? false : throw Thrown(); };
        CHECK(throws<Thrown>([&] { integrate(field, start, 0.5, options); }));
    }
}

void memory_that_runs_out() {
    const Field field = rotations(2);
    const auto starts = points(32, 4);
    const std::vector<double> durations(32, 3.0);
    FlowOptions options;
    options.threads = 4;
    options.derivative = options.dense = true;
    std::size_t failed = 0;
    for (long k = 0; k < 4000; k = k < 20 ? k + 1 : k * 3 / 2) {
        allocations_left = k;
        if (throws<std::bad_alloc>([&] { integrate_lanes(field, starts, durations, options); })) ++failed;
        allocations_left = -1;
    }
    CHECK(failed > 20);
    for (const FlowResult& r : integrate_lanes(field, starts, durations, options)) CHECK(r.verdict == Verdict::proved);
}

}  // namespace

int main() {
    main_thread = std::this_thread::get_id();
    const FloatEnvironment guard;
    throwing_callbacks();
    throwing_inside_a_step();
    memory_that_runs_out();
    return check::report();
}
