#include "capnode/proof/krawczyk.hpp"

#include <random>
#include <stdexcept>

#include "capnode/numerics/float_environment.hpp"
#include "check.hpp"
#include "problems.hpp"

using namespace capnode;
using problems::Box;

namespace {

const double sqrt2 = std::sqrt(2.0);

void proves_and_encloses() {
    const auto result = krawczyk(problems::square_root(2.0), Box{{1.3, 1.5}});
    CHECK(result.proved());
    const Zero& zero = result.value();
    CHECK(contains(square(zero.enclosure[0]), 2.0));  // a bracket of sqrt 2 whose square brackets 2
    CHECK(zero.enclosure[0].hi - zero.enclosure[0].lo <= 3 * 0x1p-52);
    CHECK(zero.uniqueness[0].lo == 1.3 && zero.uniqueness[0].hi == 1.5);
    CHECK(zero.contraction > 0.0 && zero.contraction < 1.0);
    for (const Evidence& e : result.evidence()) CHECK(e.holds);

    const auto planar = krawczyk(problems::circle_and_hyperbola(), Box{{1.8, 2.05}, {0.45, 0.6}});
    CHECK(planar.proved());
    const double x = std::sqrt(2.0 + std::sqrt(3.0));
    CHECK(std::fabs(midpoint(planar.value().enclosure[0]) - x) < 1e-15);
    CHECK(std::fabs(midpoint(planar.value().enclosure[1]) - 1.0 / x) < 1e-15);
}

/// Every a in the interval has its root in the enclosure: so the enclosure is as wide as the roots spread.
void holds_for_every_member() {
    const auto result = krawczyk(problems::square_root({1.9, 2.1}), Box{{1.2, 1.6}});
    CHECK(result.proved());
    CHECK(result.value().enclosure[0].lo <= std::sqrt(1.9) && std::sqrt(2.1) <= result.value().enclosure[0].hi);
}

void each_hypothesis_broken_alone() {
    const auto root = problems::square_root(2.0);
    // Two zeros: no contraction whatever the inverse.
    const auto two = krawczyk(root, Box{{-1.5, 1.5}});
    CHECK(!two.proved() && two.verdict() != Verdict::no_zero);
    // The zero on the boundary: the image touches it, the interior is left.
    const auto boundary = krawczyk(problems::from(
                                       1, [](const Box& x) { return Box{x[0] - Interval(1.0)}; },
                                       [](const Box&) { return problems::Rows{{Interval(1.0)}}; }),
                                   Box{{0.0, 1.0}});
    CHECK(boundary.verdict() == Verdict::inclusion_failed);
    CHECK(boundary.evidence().size() == 2 && !boundary.evidence()[1].holds && boundary.evidence()[0].holds);
    // A fold: the derivative changes sign in the box.
    CHECK(!krawczyk(problems::cubic(), Box{{0.9, 1.8}}).proved());
    // A useless inverse decides success.
    Matrix wrong(1, 1, -3.0);
    CHECK(!krawczyk(root, Box{{1.3, 1.5}}, {}, wrong).proved());
    Matrix zero(1, 1, 0.0);
    CHECK(!krawczyk(root, Box{{1.3, 1.5}}, {}, zero).proved());
    // A thin box has no interior.
    CHECK(!krawczyk(problems::cubic(), Box{{0.0, 0.0}}).proved());
    // Unbounded boxes prove nothing, although the image of this one is bounded.
    const auto unbounded = krawczyk(problems::from(
                                        1, [](const Box&) { return Box{Interval(0.0)}; },
                                        [](const Box&) { return problems::Rows{{Interval(1.0)}}; }),
                                    Box{{-infinity, infinity}});
    CHECK(unbounded.verdict() == Verdict::unbounded);
}

void proves_absence() {
    const auto root = problems::square_root(2.0);
    CHECK(krawczyk(root, Box{{1.5, 2.0}}).verdict() == Verdict::no_zero);
    CHECK(krawczyk(root, Box{{-1.0, 1.0}}).verdict() == Verdict::no_zero);
    // By the image alone.
    auto blind = problems::square_root(2.0);
    blind.value = nullptr;
    const auto image = krawczyk(blind, Box{{1.5, 1.6}});
    CHECK(image.verdict() == Verdict::no_zero && image.evidence()[0].relation == "disjoint");
}

void never_claims_what_is_false() {
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> uniform(-3.0, 3.0), width(0.0, 2.0);
    int proofs = 0, absences = 0;
    for (int k = 0; k < 4000; ++k) {
        const double lo = uniform(random), hi = lo + width(random);
        int inside = 0;
        double zero = 0.0;
        for (const double z : {-std::sqrt(3.0), 0.0, std::sqrt(3.0)}) {
            if (lo <= z && z <= hi) {
                ++inside;
                zero = z;
            }
        }
        const auto result = krawczyk(problems::cubic(), Box{{lo, hi}});
        if (result.proved()) {
            ++proofs;
            CHECK(inside == 1);
            const Interval e = result.value().enclosure[0];
            CHECK(e.lo <= next_up(zero) && next_down(zero) <= e.hi);
        } else if (result.verdict() == Verdict::no_zero) {
            ++absences;
            CHECK(inside == 0);
        }
    }
    CHECK(proofs > 300 && absences > 300);
}

template <class Call>
bool refuses(Call&& call) {
    try {
        call();
    } catch (const std::invalid_argument&) {
        return true;
    }
    return false;
}

void misuse_is_an_exception() {
    const auto root = problems::square_root(2.0);
    CHECK(refuses([&] { krawczyk(root, Box{{1.0, 2.0}, {0.0, 1.0}}); }));
    CHECK(refuses([&] { krawczyk(root, Box{{1.0, 2.0}}, std::vector<double>{2.5}); }));
    CHECK(refuses([&] { krawczyk(root, Box{{1.0, 2.0}}, std::vector<double>{1.5, 1.5}); }));
    CHECK(refuses([&] { krawczyk(root, Box{{1.0, 2.0}}, {}, Matrix(2, 2)); }));
}

}  // namespace

int main() {
    const FloatEnvironment guard;
    proves_and_encloses();
    holds_for_every_member();
    each_hypothesis_broken_alone();
    proves_absence();
    never_claims_what_is_false();
    misuse_is_an_exception();
    return check::report();
}
