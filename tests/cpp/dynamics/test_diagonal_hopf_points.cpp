// The diagonal family's theorem: matrices whose spectrum is known in closed form, each hypothesis broken alone, a
// weight ball against its sampled members, and the first Lyapunov coefficient against the planar formula.
#include <chrono>
#include <cmath>
#include <complex>
#include <numbers>
#include <random>
#include <string>

#include "capnode/dynamics/diagonal_family.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

Matrix blocks(const std::vector<std::pair<double, double>>& pairs, std::size_t n) {
    Matrix m(n, n);
    for (std::size_t k = 0; k < pairs.size(); ++k) {
        const auto [a, w] = pairs[k];
        m(2 * k, 2 * k) = m(2 * k + 1, 2 * k + 1) = a;
        m(2 * k, 2 * k + 1) = -w;
        m(2 * k + 1, 2 * k) = w;
    }
    return m;
}

/// n x n, nearly skew: exact conjugation of nothing, spectrum unknown.
Matrix nearly_skew(std::size_t n, unsigned seed) {
    std::mt19937_64 engine(seed);
    std::normal_distribution<double> normal;
    Matrix r(n, n), m(n, n);
    for (double& v : r.data) v = normal(engine);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) m(i, j) = r(i, j) - r(j, i) + 0.1 * normal(engine);
    return m;
}

DiagonalFamily family_of(Matrix m, Function f = Function::tanh, double radius = 0.0, double bias = 0.0) {
    const std::size_t n = m.rows;
    DiagonalFamily family;
    family.function = f;
    Matrix r(n, n, radius);
    family.matrix = BallMatrix(std::move(m), std::move(r));
    family.bias = BallMatrix(Matrix(n, 1, bias));
    return family;
}

void test_closed_form() {
    // exactly normal: l1 = 0, so the branch is proved and the criticality undetermined
    const auto found = diagonal_hopf_points(family_of(blocks({{-0.25, 1.0}, {0.5, 3.0}}, 4)), Interval(-1.0, 1.0));
    CHECK(found.candidates.size() == 2 && found.complete);
    for (const auto& c : found.candidates) {
        CHECK(c.result.proved());
        if (!c.result.proved()) continue;
        const HopfPoint& p = c.result.value();
        const bool first = p.parameter.lo < 0.0;
        CHECK(contains(p.parameter, first ? -0.5 : 0.25) && width_up(p.parameter) < 1e-14);
        CHECK(contains(p.frequency, first ? 3.0 : 1.0) && width_up(p.frequency) < 1e-13);
        CHECK(contains_zero(p.lyapunov_coefficient) && p.criticality == Criticality::undetermined);
        CHECK(width_up(p.lyapunov_coefficient) < 1e-12);
        CHECK(p.unstable_dimension == (first ? 0u : 2u));
        CHECK(first ? !p.cycle_is_stable.has_value() : p.cycle_is_stable == false);
        CHECK(contains(p.transversality, 1.0) && is_point(p.transversality));
        for (const Interval& x : p.state) CHECK(same(x, Interval(0.0)));
    }
    // the span cuts one off; a span whose end is the parameter itself is not decided
    const auto one = diagonal_hopf_points(family_of(blocks({{-0.25, 1.0}, {0.5, 3.0}}, 4)), Interval(0.0, 1.0));
    CHECK(one.candidates.size() == 1 && one.outside == 1 && one.complete);
    const auto border = diagonal_hopf_points(family_of(blocks({{-0.3, 1.0}, {0.7, 3.1}}, 4)), Interval(0.0, 0.3));
    CHECK(border.candidates.size() == 1 && !border.complete);
}

void test_refusals() {
    const auto verdict = [](const Matrix& m) {
        const auto found = diagonal_hopf_points(family_of(m), Interval(-1.0, 1.0));
        return found.candidates.empty() ? Verdict::proved : found.candidates[0].result.verdict();
    };
    CHECK(verdict(blocks({{0.0, 1.0}, {0.0, 2.5}}, 4)) == Verdict::other_eigenvalue_on_axis);
    CHECK(verdict(blocks({{0.0, 1.0}, {0.0, 2.0}}, 4)) == Verdict::other_eigenvalue_on_axis);  // also 1:2
    CHECK(verdict(blocks({{0.0, 1.0}}, 3)) == Verdict::zero_eigenvalue);
    CHECK(verdict(blocks({{0.0, 1.0}}, 2)) == Verdict::proved);
    CHECK(verdict(blocks({{0.0, 1.0}, {0.0, 1.0}}, 4)) == Verdict::pair_not_isolated);
    CHECK(verdict(blocks({{0.25, 1.0}, {0.25 + 0x1p-40, 2.5}}, 4)) == Verdict::proved);
    const auto complete = diagonal_hopf_points(family_of(blocks({{0.0, 1.0}, {0.0, 2.5}}, 4)), Interval(-1.0, 1.0));
    CHECK(!complete.complete);
    bool threw = false;
    try {
        diagonal_hopf_points(family_of(blocks({{0.0, 1.0}}, 2)), Interval(1.0, 1.0));
    } catch (const std::invalid_argument& e) {
        threw = std::string(e.what()).find('1') != std::string::npos;
    }
    CHECK(threw);
    int polls = 0;
    const auto stopped =
        diagonal_hopf_points(family_of(nearly_skew(20, 3)), Interval(-1.0, 1.0), [&] { return ++polls > 2; });
    CHECK(stopped.interrupted && !stopped.complete && !stopped.candidates.empty());
    for (const auto& c : stopped.candidates) CHECK(c.result.verdict() == Verdict::interrupted);
}

/// n = 2, M = [[a, b], [c, d]]: l1 by the planar formula with B = 0. With q = (1, q2), l the left row vector, l q = 1.
double planar_l1(double a, double b, double c, double d) {
    const double re = 0.5 * (a + d);
    const double w = std::sqrt(-b * c - 0.25 * (a - d) * (a - d));
    using C = std::complex<double>;
    const C q2 = (C(re, w) - a) / b;
    const C l2 = (C(re, w) - a) / c;
    const C pairing = 1.0 + l2 * q2;
    const double norm = 1.0 + std::norm(q2);
    return w * w * ((1.0 + l2 * std::norm(q2) * q2) / pairing).imag() / norm;
}

void test_isolation_holds_the_zero() {
    // two pairs whose discs come to touch as the weight radius grows: the box that isolates must hold the enclosure,
    // and no eigenvalue of the other disc
    std::size_t points = 0;
    for (int step = 0; step < 60; ++step) {
        const double r = 0.02 + 0.0002 * step;
        const auto found = diagonal_hopf_points(family_of(blocks({{0.0, 3.0}, {0.5, 3.3}}, 4), Function::tanh, r),
                                                Interval(-2.0, 2.0));
        for (const auto& c : found.candidates) {
            if (!c.result.proved()) continue;
            ++points;
            const HopfIsolation& box = c.result.value().isolation;
            CHECK(box.parameter_error <= box.parameter_radius);
            CHECK(box.frequency_error <= box.frequency_radius);
            const bool first = std::fabs(box.centre.parameter_bar) < 0.25;
            const double to_other = std::hypot(first ? 0.5 : -0.5, 0.3) - std::hypot(0.0, 2.0 * r);
            CHECK(std::hypot(box.parameter_radius, box.frequency_radius) < to_other);
        }
    }
    CHECK(points > 40);
}

void test_functions() {
    std::mt19937_64 engine(5);
    std::normal_distribution<double> normal;
    for (int k = 0; k < 200; ++k) {
        const double a = normal(engine), d = normal(engine), b = 2.0 + std::fabs(normal(engine)),
                     c = -3.0 - std::fabs(normal(engine));
        if (!(-b * c > 0.25 * (a - d) * (a - d) + 0.1)) continue;
        Matrix m(2, 2);
        m(0, 0) = a, m(0, 1) = b, m(1, 0) = c, m(1, 1) = d;
        for (const Function f : {Function::tanh, Function::atan, Function::erf}) {
            DiagonalFamily family = family_of(m, f);
            family.scale = f == Function::atan ? 3.0 : 1.0;
            const auto found = diagonal_hopf_points(family, Interval(-10.0, 10.0));
            CHECK(found.complete && found.candidates.size() == 1);
            if (!found.complete || found.candidates.size() != 1) continue;
            const HopfPoint& p = found.candidates[0].result.value();
            const double slope = f == Function::erf ? 2.0 / std::sqrt(std::numbers::pi) : family.scale;
            const double w = std::sqrt(-b * c - 0.25 * (a - d) * (a - d));
            CHECK(contains(widen(p.transversality, 1e-15), slope));
            CHECK(contains(widen(p.frequency, 1e-14 * slope * w), slope * w));
            const double l1 = planar_l1(a, b, c, d);
            CHECK(contains(widen(p.lyapunov_coefficient, 1e-13 * w * w), l1));
            CHECK(width_up(p.lyapunov_coefficient) < 1e-11 * w * w);
            CHECK(p.isolation.parameter_radius > 0.1 && p.isolation.parameter_error < 1e-13);
        }
    }
}

void test_weight_ball() {
    // every sampled member of the ball has its points within the enclosures of the ball
    const std::size_t n = 6;
    const Matrix centre = nearly_skew(n, 11);
    const double r = 1e-4;
    const auto ball = diagonal_hopf_points(family_of(centre, Function::tanh, r, 0.3), Interval(-2.0, 2.0));
    CHECK(ball.candidates.size() == 3);
    std::mt19937_64 engine(7);
    std::uniform_int_distribution<int> coin(0, 1);
    for (int sample = 0; sample < 50; ++sample) {
        Matrix m = centre;
        for (double& v : m.data) v += coin(engine) == 1 ? r * (1 - 1e-9) : -r * (1 - 1e-9);
        const auto point = diagonal_hopf_points(family_of(m, Function::tanh, 0.0, 0.3), Interval(-2.0, 2.0));
        CHECK(point.candidates.size() == ball.candidates.size() && point.complete);
        for (std::size_t k = 0; k < ball.candidates.size(); ++k) {
            if (!ball.candidates[k].result.proved()) continue;
            const HopfPoint& wide = ball.candidates[k].result.value();
            const HopfPoint& thin = point.candidates[k].result.value();
            CHECK(subset(thin.parameter, wide.parameter));
            CHECK(subset(thin.frequency, wide.frequency));
            CHECK(subset(thin.lyapunov_coefficient, wide.lyapunov_coefficient));
            for (std::size_t i = 0; i < n; ++i) CHECK(subset(thin.state[i], wide.state[i]));
        }
    }
    for (const auto& c : ball.candidates) {
        CHECK(c.result.proved());
        // no sharper than first order allows (a lost weight radius would show)
        if (c.result.proved()) CHECK(width_up(c.result.value().parameter) > 2.0 * r);
    }
}

void test_large() {
    const Matrix m = nearly_skew(150, 80);
    const auto start = std::chrono::steady_clock::now();
    const auto found = diagonal_hopf_points(family_of(m, Function::tanh, 0.0, 0.5), Interval(-2.0, 2.0));
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::size_t proved = 0;
    double worst_p = 0.0, worst_l1 = 0.0, worst_x = 0.0;
    for (const auto& c : found.candidates) {
        if (!c.result.proved()) {
            std::printf("%s\n", c.result.detail().c_str());
            continue;
        }
        ++proved;
        const HopfPoint& p = c.result.value();
        worst_p = std::fmax(worst_p, width_up(p.parameter));
        if (p.criticality != Criticality::undetermined)
            worst_l1 = std::fmax(worst_l1, width_up(p.lyapunov_coefficient) / mignitude(p.lyapunov_coefficient));
        for (const Interval& x : p.state) worst_x = std::fmax(worst_x, width_up(x) / (1.0 + magnitude(x)));
    }
    std::printf("n = 150: %zu points, %zu proved, widths p %.1e, l1 %.1e (rel), x %.1e (rel), %.3f s\n",
                found.candidates.size(), proved, worst_p, worst_l1, worst_x, seconds);
    CHECK(found.complete && proved == found.candidates.size() && proved > 70);
    CHECK(worst_p < 1e-13);
}

}  // namespace

int main() {
    test_closed_form();
    test_refusals();
    test_isolation_holds_the_zero();
    test_functions();
    test_weight_ball();
    test_large();
    return check::report();
}
