// Decimal numbers: tightest enclosures against strtod (correctly rounded in glibc), outward decimals that read back
// outward.
#include "capnode/numerics/decimal.hpp"

#include <cstdio>
#include <cstdlib>
#include <random>
#include <stdexcept>

#include "check.hpp"

using namespace capnode;

namespace {

std::mt19937_64 generator(37);

double any_double() {
    for (;;) {
        const double x = std::bit_cast<double>(static_cast<std::uint64_t>(generator()));
        if (std::fabs(x) < infinity) return x;
    }
}

void test_reading() {
    for (int i = 0; i < 3000; ++i) {
        char text[64];
        std::snprintf(text, sizeof text, "%.*e", static_cast<int>(generator() % 25), any_double());
        const Interval x = interval_from_string(text);
        const double nearest = std::strtod(text, nullptr);
        CHECK(contains(x, nearest) || (std::fabs(nearest) == infinity && magnitude(x) == infinity));
        CHECK(is_point(x) || next_up(x.lo) == x.hi);
    }
    // Each double, written with all its digits, is a point.
    for (int i = 0; i < 200; ++i) {
        const double v = any_double();
        char text[1200];
        std::snprintf(text, sizeof text, "%.1100e", v);
        CHECK(same(interval_from_string(text), Interval(v)));
        std::snprintf(text, sizeof text, "%a", v);
        CHECK(same(interval_from_string(text), Interval(v)));
    }
    CHECK(!is_point(interval_from_string("0.1")) && is_point(interval_from_string("0.125")));
    CHECK(same(interval_from_string("1e999999999999"), {largest_finite, infinity}));
    CHECK(same(interval_from_string("-1e-999999999999"), {-smallest_subnormal, 0.0}));
    CHECK(same(interval_from_string("0e999999999999"), Interval(0.0)));
    for (const char* bad : {"", "nan", "1e", "0x", "one", "1,5", "1 2", "."}) {
        bool refused = false;
        try {
            interval_from_string(bad);
        } catch (const std::invalid_argument&) {
            refused = true;
        }
        CHECK(refused);
    }
}

void test_writing() {
    for (int i = 0; i < 3000; ++i) {
        const double v = i % 10 == 0 ? std::ldexp(1.0, static_cast<int>(generator() % 2000) - 1000) : any_double();
        const int digits = static_cast<int>(generator() % 20) + 1;
        const Interval down = interval_from_string(decimal_down(v, digits));
        const Interval up = interval_from_string(decimal_up(v, digits));
        CHECK(down.lo <= v && v <= up.hi);
        if (digits >= 18) CHECK(next_down(v) <= down.lo && up.hi <= next_up(v));
    }
    CHECK(decimal_up(0.999, 2) == "1.0" && decimal_down(0.999, 2) == "0.99" && decimal_up(-0.999, 2) == "-0.99");
    CHECK(decimal_down(1e22, 5) == "1e+22" && decimal_up(0.0, 3) == "0.0" && decimal_down(-infinity, 3) == "-inf");
}

}  // namespace

int main() {
    test_reading();
    test_writing();
    return check::report();
}
