// The kernels of every instruction set against the double-double functions, under a hostile caller, from four threads;
// and the dispatch itself.
#include "capnode/numerics/kernels.hpp"

#include <cfenv>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include <xmmintrin.h>

#include "capnode/numerics/float_environment.hpp"
#include "capnode/numerics/instruction_set.hpp"
#include "capnode/numerics/lanes.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

/// Whether the ball holds the number that is known to double-double precision.
bool holds(double mid, double rad, const DoubleDoubleBall& exact) {
    return !(rad < infinity) || mignitude_down(exact - DoubleDoubleBall(mid)) <= rad;
}

struct Lanes {
    std::vector<double> mid, rad, value_mid, value_rad, slope_mid, slope_rad;
    explicit Lanes(std::size_t n) : mid(n), rad(n), value_mid(n), value_rad(n), slope_mid(n), slope_rad(n) {}
};

Lanes run(Function f, std::size_t n, unsigned seed) {
    std::mt19937_64 generator(seed);
    std::normal_distribution<double> normal(0.0, 3.0);
    const bool positive = f == Function::log || f == Function::sqrt || f == Function::reciprocal;
    Lanes lanes(n);
    for (std::size_t i = 0; i < n; ++i) {
        lanes.mid[i] =
            (positive || i % 2 == 0 ? 1.0 : -1.0) * std::fabs(normal(generator)) * (f == Function::exp ? 60.0 : 1.0);
        lanes.rad[i] = i % 3 == 0 ? 0.0 : std::fabs(lanes.mid[i]) * std::ldexp(1.0, -static_cast<int>(i % 50) - 2);
        if (i % 7 == 1 && !positive) lanes.rad[i] = 1.5 * std::fabs(lanes.mid[i]);  // around 0
    }
    derivative_lanes(f, n, lanes.mid.data(), lanes.rad.data(), lanes.value_mid.data(), lanes.value_rad.data(),
                     lanes.slope_mid.data(), lanes.slope_rad.data());
    return lanes;
}

// silu(x) = x/2 + x^2/4 - ...: products that underflow to zero or to the nearest subnormal are counted.
void test_silu_of_subnormals() {
    const std::vector<double> mid{smallest_subnormal, -smallest_subnormal, 0.0, 0.0};
    const std::vector<double> rad{0.0, 0.0, 2.0 * smallest_subnormal, 0.0};
    for (const std::string& isa : available_instruction_sets()) {
        use_instruction_set(isa);
        std::vector<double> value_mid(4), value_rad(4);
        apply_lanes(Function::silu, 4, mid.data(), rad.data(), value_mid.data(), value_rad.data());
        CHECK(value_rad[0] > 0.0 && value_rad[1] > 0.0);
        CHECK(value_rad[2] > smallest_subnormal);  // silu(2 eta) = eta + eta^2
        CHECK(value_mid[3] == 0.0 && value_rad[3] == 0.0);
    }
    use_instruction_set("");
}

void test_containment() {
    for (const std::string& isa : available_instruction_sets()) {
        use_instruction_set(isa);
        CHECK(instruction_set() == isa);
        for (const Function f : all_functions()) {
            const Lanes lanes = run(f, 2003, 3);
            for (std::size_t i = 0; i < lanes.mid.size(); ++i) {
                for (const double t : {-1.0, 0.0, 1.0}) {
                    const DoubleDouble x = DoubleDouble(lanes.mid[i]) + DoubleDouble(t * lanes.rad[i]);
                    const auto exact = derivatives2(f, DoubleDoubleBall(x, 0.0));
                    CHECK(holds(lanes.value_mid[i], lanes.value_rad[i], exact[0]));
                    CHECK(holds(lanes.slope_mid[i], lanes.slope_rad[i], exact[1]));
                }
            }
        }
    }
    use_instruction_set("");
}

void test_hostile_caller_and_threads() {
    const Lanes clean = run(Function::tanh, 500, 5);
    std::vector<Lanes> results(4, Lanes(0));
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 4; ++t) {
        threads.emplace_back([&results, t] {
            std::fesetround(t % 2 == 0 ? FE_UPWARD : FE_DOWNWARD);
            _mm_setcsr(_mm_getcsr() | 0x8040);
            const FloatEnvironment guard;
            results[t] = run(Function::tanh, 500, 5);
        });
    }
    for (std::thread& t : threads) t.join();
    for (const Lanes& r : results)
        CHECK(r.value_mid == clean.value_mid && r.value_rad == clean.value_rad && r.slope_rad == clean.slope_rad);
}

void test_in_place_and_points() {
    Lanes lanes = run(Function::tanh, 300, 6);
    std::vector<double> mid = lanes.mid;
    std::vector<double> rad = lanes.rad;
    apply_lanes(Function::tanh, mid.size(), mid.data(), rad.data(), mid.data(), rad.data());
    CHECK(mid == lanes.value_mid && rad == lanes.value_rad);
    apply_lanes(Function::tanh, 1, lanes.mid.data(), nullptr, mid.data(), rad.data());
    CHECK(holds(mid[0], rad[0], apply(Function::tanh, DoubleDoubleBall(lanes.mid[0]))));
}

void test_choice() {
    bool refused = false;
    try {
        use_instruction_set("v9");
    } catch (const std::invalid_argument&) {
        refused = true;
    }
    CHECK(refused);
    CHECK(available_instruction_sets().front() == "baseline");
    CHECK(instruction_set() == available_instruction_sets().back());
}

}  // namespace

int main() {
    test_choice();
    test_silu_of_subnormals();
    test_containment();
    test_hostile_caller_and_threads();
    test_in_place_and_points();
    return check::report();
}
