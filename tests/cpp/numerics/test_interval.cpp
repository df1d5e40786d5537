// Interval operations against products and sums that binary128 holds exactly, named questions, and a caller who changed
// the rounding mode, flushes to zero and reads subnormals as zero.
#include "capnode/numerics/interval.hpp"

#include <cfenv>
#include <random>
#include <thread>
#include <vector>

#include <xmmintrin.h>

#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "check.hpp"

using namespace capnode;
using quad = __float128;  // 113 bits: sums and products of doubles of moderate size are exact

namespace {

std::mt19937_64 generator(7);

double draw() {
    std::uniform_real_distribution<double> mantissa(-1.0, 1.0);
    std::uniform_int_distribution<int> exponent(-20, 20);
    return std::ldexp(mantissa(generator), exponent(generator));
}

Interval draw_interval() {
    const double a = draw();
    const double b = draw();
    return {std::fmin(a, b), std::fmax(a, b)};
}

/// The tightest: contained, and one step inward at either end loses something.
bool tightest(const Interval& got, quad low, quad high) {
    return quad(got.lo) <= low && high <= quad(got.hi) && quad(next_up(got.lo)) > low && quad(next_down(got.hi)) < high;
}

void test_sums_and_products() {
    for (int i = 0; i < 20000; ++i) {
        const Interval a = draw_interval();
        const Interval b = draw_interval();
        CHECK(tightest(a + b, quad(a.lo) + b.lo, quad(a.hi) + b.hi));
        CHECK(tightest(a - b, quad(a.lo) - b.hi, quad(a.hi) - b.lo));
        const quad p[4] = {quad(a.lo) * b.lo, quad(a.lo) * b.hi, quad(a.hi) * b.lo, quad(a.hi) * b.hi};
        quad low = p[0];
        quad high = p[0];
        for (const quad q : p) {
            low = q < low ? q : low;
            high = q > high ? q : high;
        }
        CHECK(tightest(a * b, low, high));
    }
}

/// What a library without outward rounding would give is caught by the same test.
void test_dropped_roundings_are_noticed() {
    int noticed_sum = 0;
    int noticed_product = 0;
    for (int i = 0; i < 1000; ++i) {
        const double a = draw();
        const double b = draw();
        noticed_sum += !tightest({a + b, a + b}, quad(a) + b, quad(a) + b);
        noticed_product += !tightest({a * b, a * b}, quad(a) * b, quad(a) * b);
    }
    CHECK(noticed_sum > 500);
    CHECK(noticed_product > 900);
}

void test_ends() {
    const double top = largest_finite;
    CHECK(same(Interval(top) + Interval(top), {top, infinity}));
    CHECK(same(-(Interval(top) + Interval(top)), {-infinity, -top}));
    CHECK(same(Interval(top) * Interval(2.0), {top, infinity}));
    CHECK(same(Interval(smallest_subnormal) * Interval(0.5), {0.0, smallest_subnormal}));
    CHECK(same(Interval(0.0) * Interval::whole(), Interval(0.0)));
    CHECK(same(Interval(0.0, infinity) * Interval(0.0, infinity), {0.0, infinity}));
    CHECK(same(Interval(1.0, infinity) - Interval(1.0, infinity), Interval::whole()));
    CHECK(same(Interval(std::nan("")), Interval::whole()));
    CHECK(same(Interval(2.0, 1.0), Interval::whole()));
    CHECK(same(Interval(infinity), {top, infinity}));
    // TwoSum of MAX and a small negative number overflows inside; the sum is still tightest.
    const double half_unit = std::ldexp(1.0, 970);
    CHECK(same(Interval(top) - Interval(half_unit), {next_down(top), top}));
    CHECK(same(Interval(top) - Interval(1.0), {next_down(top), top}));
}

void test_questions() {
    CHECK(subset({1.0, 2.0}, {1.0, 2.0}) && !interior({1.0, 2.0}, {1.0, 2.0}) && interior({1.0, 2.0}, {0.0, 3.0}));
    CHECK(interior(Interval::whole(), Interval::whole()));
    CHECK(disjoint({0.0, 1.0}, {2.0, 3.0}) && !disjoint({0.0, 1.0}, {1.0, 3.0}));
    CHECK(certainly_less({0.0, 1.0}, {2.0, 3.0}) && !certainly_less({0.0, 1.0}, {1.0, 3.0}));
    CHECK(!intersect({0.0, 1.0}, {2.0, 3.0}).has_value());
    CHECK(same(*intersect({0.0, 2.0}, {1.0, 3.0}), {1.0, 2.0}));
    CHECK(!is_bounded(quotient({0.0, 0.0}, {-1.0, 1.0})));
    CHECK(midpoint(Interval::whole()) == 0.0 && midpoint({0.0, infinity}) == largest_finite);
}

std::vector<Interval> everything() {
    std::mt19937_64 local(9);
    std::uniform_real_distribution<double> x(-4.0, 4.0);
    std::vector<Interval> out;
    for (int i = 0; i < 50; ++i) {
        const Interval a(x(local));
        const Interval b(std::ldexp(x(local), -1050));
        for (const Interval& y : {a + b, a * b, b * b, a / b, b / a, sqrt(abs(b)), power(a, -5)}) out.push_back(y);
        for (const Function f : all_functions()) out.push_back(apply(f, a));
        out.push_back(apply(Function::exp, Interval(-740.0)));
    }
    return out;
}

bool equal(const std::vector<Interval>& a, const std::vector<Interval>& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!same(a[i], b[i])) return false;
    }
    return true;
}

void test_the_callers_environment_does_not_matter() {
    const std::vector<Interval> clean = everything();
    for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
        const unsigned before = _mm_getcsr();
        std::fesetround(mode);
        _mm_setcsr(_mm_getcsr() | 0x8040);
        std::vector<Interval> got;
        {
            const FloatEnvironment guard;
            got = everything();
        }
        CHECK(std::fegetround() == mode);
        std::fesetround(FE_TONEAREST);
        _mm_setcsr(before);
        CHECK(equal(got, clean));
    }
    std::vector<std::vector<Interval>> results(4);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 4; ++t) {
        threads.emplace_back([&results, t] {
            _mm_setcsr(_mm_getcsr() | (t % 2 == 0 ? 0x8040u : 0u));
            const FloatEnvironment guard;
            results[t] = everything();
        });
    }
    for (std::thread& t : threads) t.join();
    for (const auto& r : results) CHECK(equal(r, clean));
}

}  // namespace

int main() {
    test_sums_and_products();
    test_dropped_roundings_are_noticed();
    test_ends();
    test_questions();
    test_the_callers_environment_does_not_matter();
    return check::report();
}
