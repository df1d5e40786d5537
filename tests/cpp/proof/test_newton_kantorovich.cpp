#include "capnode/proof/newton_kantorovich.hpp"

#include <random>
#include <stdexcept>

#include "capnode/numerics/float_environment.hpp"
#include "check.hpp"
#include "problems.hpp"

using namespace capnode;
using problems::Box;
using problems::Rows;

namespace {

/// x^2 - 2 with its second derivative: the second form is available, and exact numbers are known.
ZeroProblem root_with_second_derivative() {
    ZeroProblem problem = problems::square_root(2.0);
    problem.second_derivative = [](const Box&, const std::vector<double>& w) {
        return std::vector<double>{2.0 * w[0] * w[0]};
    };
    return problem;
}

void both_forms() {
    // A = 1/3, x_bar = 1.5: Y = 1/12, Z1 = 0, Z(R) = 2R/3; first form at R = 1: q = 2/3, radii [1/4, 1].
    const auto first = newton_kantorovich(problems::square_root(2.0), {1.5}, 1.0);
    CHECK(first.proved());
    CHECK(std::fabs(first.value().smallest_radius - 0.25) < 1e-12 && first.value().largest_radius == 1.0);
    // Second form: P(r) = 1/12 - r + r^2/3, roots (3 -+ sqrt 8)/2.
    const auto both = newton_kantorovich(root_with_second_derivative(), {1.5}, 10.0);
    CHECK(both.proved());
    CHECK(std::fabs(both.value().smallest_radius - (3.0 - std::sqrt(8.0)) / 2) < 1e-9);
    CHECK(std::fabs(both.value().largest_radius - (3.0 + std::sqrt(8.0)) / 2) < 1e-9);
    // The other zero -sqrt 2 lies just beyond: the isolation is sharp and true.
    CHECK(both.value().uniqueness[0].lo > -std::sqrt(2.0));
    CHECK(contains(square(both.value().enclosure[0]), 2.0));
    const auto weighted = newton_kantorovich(root_with_second_derivative(), {1.5}, 5.0, std::vector<double>{2.0});
    CHECK(weighted.proved() && std::fabs(weighted.value().smallest_radius - (3.0 - std::sqrt(8.0)) / 4) < 1e-9);
}

/// F(x) = 0.2 + 0.1 x + 0.9 tanh(200 x)/200 has no zero in [-1, 1]; Z(R) = 0.9 at x_bar = 0, R = 1, A = 1. A proof that
/// multiplied Z(R) by r^2 would accept it: 0.2 - r + 0.9 r^2 < 0 near r = 0.3.
void refuses_the_published_mistake() {
    const auto tanh_hull = [](const Interval& x) {  // libm widened by far more than its error: enough for a test
        return Interval(std::tanh(x.lo) - 1e-12, std::tanh(x.hi) + 1e-12);
    };
    ZeroProblem problem = problems::from(
        1,
        [tanh_hull](const Box& x) {
            return Box{Interval(0.2) + Interval(0.1) * x[0] +
                       Interval(0.9) / Interval(200.0) * tanh_hull(Interval(200.0) * x[0])};
        },
        [tanh_hull](const Box& x) {
            const Interval t = tanh_hull(Interval(200.0) * x[0]);
            const Interval slope = max(Interval(0.0), Interval(1.0) - square(t));
            return Rows{{Interval(0.1) + Interval(0.9) * slope}};
        });
    const auto refused = newton_kantorovich(problem, {0.0}, 1.0, {}, Matrix(1, 1, 1.0));
    CHECK(!refused.proved());
    CHECK(refused.verdict() == Verdict::no_zero);
    problem.value = nullptr;
    const auto blind = newton_kantorovich(problem, {0.0}, 1.0, {}, Matrix(1, 1, 1.0));
    CHECK(!blind.proved());
    for (const double R : {0.1, 0.3, 0.5, 1.0, 1.5})
        CHECK(!newton_kantorovich(problem, {0.0}, R, {}, Matrix(1, 1, 1.0)).proved());
    // The zero near -2.045 is found from near it.
    CHECK(newton_kantorovich(problem, {-2.0}, 0.5).proved());
}

void each_hypothesis_broken_alone() {
    const auto root = root_with_second_derivative();
    // Y too large: no zero within R.
    CHECK(!newton_kantorovich(root, {1.5}, 0.05).proved());
    // Z1 too large: a bad inverse.
    CHECK(!newton_kantorovich(root, {1.5}, 0.2, {}, Matrix(1, 1, 1.0)).proved());
    // Z too large: both zeros in the ball, without a second derivative.
    CHECK(!newton_kantorovich(problems::square_root(2.0), {0.5}, 2.5).proved());
    // Z2 too large: a second derivative that is not bounded.
    auto rough = root_with_second_derivative();
    rough.second_derivative = [](const Box&, const std::vector<double>&) { return std::vector<double>{infinity}; };
    CHECK(!newton_kantorovich(rough, {1.5}, 10.0).proved());
    CHECK(newton_kantorovich(root, {1.5}, 10.0).proved());
    // A NaN bound proves nothing.
    rough.second_derivative = [](const Box&, const std::vector<double>&) { return std::vector<double>{std::nan("")}; };
    CHECK(!newton_kantorovich(rough, {1.5}, 10.0).proved());
}

void never_claims_what_is_false() {
    std::mt19937_64 random(3);
    std::uniform_real_distribution<double> uniform(-3.0, 3.0), exponent(-3.0, 1.0);
    int proofs = 0;
    for (int k = 0; k < 4000; ++k) {
        ZeroProblem problem = problems::cubic();
        problem.second_derivative = [](const Box& X, const std::vector<double>& w) {
            return std::vector<double>{6.0 * magnitude(X[0]) * w[0] * w[0] * (1.0 + 0x1p-50)};
        };
        const double x_bar = uniform(random), R = std::pow(10.0, exponent(random));
        const auto result = newton_kantorovich(problem, {x_bar}, R);
        if (!result.proved()) continue;
        ++proofs;
        const Zero& zero = result.value();
        int in_small = 0, in_large = 0;
        for (const double z : {-std::sqrt(3.0), 0.0, std::sqrt(3.0)}) {
            in_small += std::fabs(z - x_bar) <= zero.smallest_radius * (1.0 + 1e-15) + 1e-15;
            in_large += std::fabs(z - x_bar) <= zero.largest_radius * (1.0 - 1e-15) - 1e-15;
        }
        CHECK(zero.smallest_radius <= zero.largest_radius && zero.largest_radius <= R);
        CHECK(in_small == 1 && in_large <= 1);
    }
    CHECK(proofs > 200);
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
    CHECK(refuses([&] { newton_kantorovich(root, {1.5, 1.0}, 1.0); }));
    CHECK(refuses([&] { newton_kantorovich(root, {std::nan("")}, 1.0); }));
    CHECK(refuses([&] { newton_kantorovich(root, {1.5}, 0.0); }));
    CHECK(refuses([&] { newton_kantorovich(root, {1.5}, infinity); }));
    CHECK(refuses([&] { newton_kantorovich(root, {1.5}, 1.0, std::vector<double>{0.0}); }));
    CHECK(refuses([&] { newton_kantorovich(root, {1.5}, 1.0, std::vector<double>{1.0, 1.0}); }));
}

}  // namespace

int main() {
    const FloatEnvironment guard;
    both_forms();
    refuses_the_published_mistake();
    each_hypothesis_broken_alone();
    never_claims_what_is_false();
    misuse_is_an_exception();
    return check::report();
}
