#include "capnode/proof/interval_newton.hpp"

#include <random>

#include "capnode/numerics/float_environment.hpp"
#include "check.hpp"
#include "problems.hpp"

using namespace capnode;
using problems::Box;

int main() {
    const FloatEnvironment guard;
    const auto root = problems::square_root(2.0);

    const auto result = interval_newton(root, Box{{1.0, 2.0}});
    CHECK(result.proved());
    CHECK(contains(square(result.value().enclosure[0]), 2.0));
    CHECK(result.value().enclosure[0].hi - result.value().enclosure[0].lo <= 3 * 0x1p-52);
    CHECK(interval_newton(problems::circle_and_hyperbola(), Box{{1.8, 2.05}, {0.45, 0.6}}).proved());
    const auto members = interval_newton(problems::square_root({1.9, 2.1}), Box{{1.2, 1.6}});
    CHECK(members.proved());
    CHECK(members.value().enclosure[0].lo <= std::sqrt(1.9) && std::sqrt(2.1) <= members.value().enclosure[0].hi);

    // Each hypothesis broken alone: a singular derivative, an image that leaves the box, an unbounded box.
    CHECK(interval_newton(problems::cubic(), Box{{0.9, 1.8}}).verdict() == Verdict::singular);
    const auto shifted = problems::from(
        1, [](const Box& x) { return Box{x[0] - Interval(1.0)}; },
        [](const Box&) { return problems::Rows{{Interval(1.0)}}; });
    CHECK(interval_newton(shifted, Box{{0.0, 1.0}}).verdict() == Verdict::inclusion_failed);
    CHECK(interval_newton(shifted, Box{{0.0, infinity}}).verdict() == Verdict::unbounded);
    CHECK(interval_newton(root, Box{{1.5, 2.0}}).verdict() == Verdict::no_zero);
    auto blind = root;
    blind.value = nullptr;
    CHECK(interval_newton(blind, Box{{1.5, 1.6}}).verdict() == Verdict::no_zero);

    std::mt19937_64 random(2);
    std::uniform_real_distribution<double> uniform(-3.0, 3.0), width(0.0, 1.0);
    int proofs = 0;
    for (int k = 0; k < 3000; ++k) {
        const double lo = uniform(random), hi = lo + width(random);
        int inside = 0;
        for (const double z : {-std::sqrt(3.0), 0.0, std::sqrt(3.0)}) inside += lo <= z && z <= hi;
        const auto r = interval_newton(problems::cubic(), Box{{lo, hi}});
        if (r.proved()) {
            ++proofs;
            CHECK(inside == 1);
        } else if (r.verdict() == Verdict::no_zero) {
            CHECK(inside == 0);
        }
    }
    CHECK(proofs > 200);
    return check::report();
}
