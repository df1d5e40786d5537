#include "capnode/dynamics/equilibrium.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "capnode/field/field.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/eigenbasis.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/numerics/stability_count.hpp"
#include "capnode/proof/krawczyk_image.hpp"

namespace capnode {
namespace {

using zeros::Image;

struct Interrupted {};

/// Krawczyk's test about a fixed point, on boxes of varying size.
struct Test {
    std::vector<double> x_bar;
    std::vector<double> newton_step;  // upper bounds of |A F(x_bar)|, row by row
    std::function<Image(const std::vector<Interval>& X)> image;
};

struct Passed {
    std::vector<Interval> X;
    Image image;
    double radius = 0.0;
};

/// Newton steps with the residual in double-double: x_bar as good as a double can be. A hint.
Test polished(const ZeroProblem& problem, std::vector<double> x_bar, Matrix A, const Poll& interrupted) {
    zeros::Preconditioned step = zeros::precondition(A, problem.residual(x_bar));
    for (int i = 0; i < 4; ++i) {
        std::vector<double> trial = x_bar;
        bool moved = false;
        for (std::size_t k = 0; k < trial.size(); ++k) {
            if (!std::isfinite(step.center[k].rad)) continue;
            trial[k] -= step.center[k].mid;
            moved = moved || trial[k] != x_bar[k];
        }
        if (!moved) break;
        x_bar = trial;
        step = zeros::precondition(A, problem.residual(x_bar));
    }
    Test test;
    for (std::size_t i = 0; i < x_bar.size(); ++i) test.newton_step.push_back(step.magnitude(i));
    test.x_bar = x_bar;
    test.image = [&problem, &interrupted, bar = std::move(x_bar), A_bar = std::move(A),
                  newton = std::move(step)](const std::vector<Interval>& X) -> Image {
        if (interrupted && interrupted()) throw Interrupted();
        const BallMatrix J = problem.derivative(X);
        if (!is_finite(J)) return {std::vector<Interval>(bar.size(), Interval::whole()), infinity};
        return zeros::krawczyk_image(bar, newton, zeros::defect(A_bar, J), zeros::reach(X, bar));
    };
    return test;
}

/// The same with the images of another engine. Its step at x_bar is read off the image of a tiny box.
Test by_operator(const ZeroOperator& op, const std::vector<double>& x_bar, const Poll& interrupted) {
    Test test;
    test.x_bar = x_bar;
    test.image = [&op, &interrupted, x_bar](const std::vector<Interval>& X) -> Image {
        if (interrupted && interrupted()) throw Interrupted();
        try {
            std::vector<Interval> K = op.image(X, x_bar);
            const double q = contraction_of(K, X);
            return {std::move(K), q};
        } catch (const NoImage&) {
            return {std::vector<Interval>(x_bar.size(), Interval::whole()), infinity};
        }
    };
    const std::vector<double> tiny(x_bar.size(), 0x1p-40);
    const Image at = test.image(zeros::box_around(x_bar, tiny, 1.0));
    for (std::size_t i = 0; i < x_bar.size(); ++i) {
        const double r = radius_up(at.K[i], x_bar[i]);
        test.newton_step.push_back(r < infinity ? r : 0.0);
    }
    return test;
}

/// Epsilon inflation: the box x_bar +- s, s a little more than what the last image needed, until it passes.
std::optional<Passed> small_box(const Test& test, Image& last) {
    const std::size_t n = test.x_bar.size();
    double scale = 0.0;
    for (const double x : test.x_bar) scale = std::fmax(scale, std::fabs(x));
    const double floor = std::fmax(scale * 0x1p-50, 0x1p-900);
    std::vector<double> s(n);
    for (std::size_t i = 0; i < n; ++i) s[i] = 1.1 * test.newton_step[i] + floor;
    for (int round = 0; round < 12; ++round) {
        const std::vector<Interval> X = zeros::box_around(test.x_bar, s, 1.0);
        if (!zeros::all_bounded(X)) return std::nullopt;
        last = test.image(X);
        if (zeros::maps_into_interior(last, X)) return Passed{X, last, 0.0};
        for (std::size_t i = 0; i < n; ++i) {
            const double needed = radius_up(last.K[i], test.x_bar[i]);
            s[i] = 1.2 * std::fmax(s[i], needed);
        }
    }
    return std::nullopt;
}

/// The largest x_bar +- R that passes and contains the small box, by factors of four and then bisection.
Passed large_box(const Test& test, const Passed& small) {
    const std::size_t n = test.x_bar.size();
    const std::vector<double> s = zeros::reach(small.X, test.x_bar);
    const auto attempt = [&](double R) -> std::optional<Passed> {
        std::vector<double> half(n);
        for (std::size_t i = 0; i < n; ++i) half[i] = std::fmax(R, s[i]);
        const std::vector<Interval> X = zeros::box_around(test.x_bar, half, 1.0);
        if (!zeros::all_bounded(X)) return std::nullopt;
        Image image = test.image(X);
        if (!zeros::maps_into_interior(image, X)) return std::nullopt;
        return Passed{X, std::move(image), R};
    };
    double scale = 0.0;
    for (const double x : test.x_bar) scale = std::fmax(scale, std::fabs(x));
    double R = std::fmax(scale, 1.0);
    Passed best = small;
    double failed = infinity;
    for (int i = 0; i < 24; ++i, R *= 0.25) {
        if (auto passed = attempt(R)) {
            best = std::move(*passed);
            break;
        }
        failed = R;
    }
    if (best.radius == 0.0) return best;
    while (failed == infinity && best.radius < 1e6 * scale + 1e6) {
        if (auto passed = attempt(4.0 * best.radius))
            best = std::move(*passed);
        else
            failed = 4.0 * best.radius;
    }
    for (int i = 0; i < 4 && failed < infinity; ++i) {
        const double between = std::sqrt(best.radius * failed);
        if (auto passed = attempt(between))
            best = std::move(*passed);
        else
            failed = between;
    }
    return best;
}

/// Discs for all eigenvalues of J over the enclosure, and how many lie on each side of the axis.
void add_spectrum(const BallMatrix& J, Equilibrium& found) {
    const VerifiedEigenbasis basis = verified_eigenbasis(J);
    HalfPlaneCount count{0, 0, J.rows()};
    if (basis.valid) {
        for (std::size_t i = 0; i < basis.n; ++i) {
            if (basis.isolated[i])
                found.eigenvalues.push_back(eigenvalue(basis, i));
            else
                found.eigenvalues.push_back({basis.center[i].real(), basis.center[i].imag(), basis.row_radius[i]});
        }
        count = count_half_planes(basis);
    }
    if (count.undecided > 0) {
        const StabilityCount schur = stability_count(J);
        if (schur.proved) count = {schur.positive, schur.negative, 0};
    }
    if (count.undecided == 0) {
        found.unstable_dimension = static_cast<int>(count.positive);
        found.stable_dimension = static_cast<int>(count.negative);
    }
}

}  // namespace

struct EquilibriumTheorem {
    static Result<Equilibrium> prove(const Field& field, const std::vector<double>& near,
                                     const std::vector<Interval>& p, const Poll& interrupted) {
        const ZeroProblem problem = zero_problem(field, p);
        const BallMatrix J = problem.derivative(zeros::point_box(near));
        Matrix A;
        if (!is_finite(J))
            return Result<Equilibrium>::not_proved(Verdict::unbounded,
                                                   "The Jacobian is not bounded at the approximate equilibrium.");
        if (!blas::inverse(J.mid, A))
            return Result<Equilibrium>::not_proved(Verdict::singular,
                                                   "The Jacobian has no inverse at the approximate equilibrium.");
        return conclude(
            field, p, polished(problem, near, std::move(A), interrupted), "",
            [&](const std::vector<Interval>& K) { return zeros::sharpen(problem, K); },
            [&](const std::vector<Interval>& X) { return problem.derivative(X); });
    }

    static Result<Equilibrium> prove(const Field& field, const std::vector<double>& near,
                                     const std::vector<Interval>& p, const ZeroOperator& op, const Poll& interrupted) {
        return conclude(
            field, p, by_operator(op, near, interrupted), " by " + op.engine,
            [&](const std::vector<Interval>& K) { return sharpen(op, K); }, op.derivative);
    }

  private:
    using Boxes = std::function<std::vector<Interval>(const std::vector<Interval>&)>;
    using Derivative = std::function<BallMatrix(const std::vector<Interval>&)>;

    static Result<Equilibrium> conclude(const Field& field, const std::vector<Interval>& p, const Test& test,
                                        const std::string& engine, const Boxes& sharper, const Derivative& derivative) {
        Image last;
        const std::optional<Passed> small = small_box(test, last);
        if (!small) {
            double newton_step = 0.0;
            for (const double step : test.newton_step) newton_step = std::fmax(newton_step, step);
            const bool is_set = field.has_weight_radius() || !std::all_of(p.begin(), p.end(), is_point);
            const Verdict verdict = is_set                   ? Verdict::too_wide
                                    : last.contraction < 1.0 ? Verdict::inclusion_failed
                                                             : Verdict::singular;
            return Result<Equilibrium>::not_proved(
                verdict,
                "The Newton step at the approximation is at most " + number_text(newton_step) +
                    ", the contraction constant on the last box tried " + number_text(last.contraction) + ".",
                {zeros::contraction_evidence("contraction |I - A J(X)| on the small box", last.contraction)});
        }
        const Passed large = large_box(test, *small);

        // Both boxes passed Krawczyk's test and the small one lies in the large one: one zero.
        std::vector<Evidence> evidence = {
            zeros::contraction_evidence("contraction |I - A J(X)| on the small box" + engine, small->image.contraction),
            zeros::inclusion_evidence("Krawczyk image of the small box" + engine, small->image.K, small->X),
            zeros::contraction_evidence("contraction |I - A J(X)| on the isolating box" + engine,
                                        large.image.contraction),
            zeros::inclusion_evidence("Krawczyk image of the isolating box" + engine, large.image.K, large.X)};
        Equilibrium found;
        found.parameter = p;
        found.state = sharper(small->image.K);
        found.isolation = large.X;
        found.x_bar = test.x_bar;
        found.contraction = large.image.contraction;
        add_spectrum(derivative(found.state), found);
        return Result<Equilibrium>::make_proved(std::move(found), std::move(evidence));
    }
};

namespace {

void require_point(const Field& field, const std::vector<double>& x_bar) {
    if (x_bar.size() != field.dim())
        throw std::invalid_argument("x_bar has " + std::to_string(x_bar.size()) + " components, the field " +
                                    std::to_string(field.dim()));
    for (std::size_t i = 0; i < x_bar.size(); ++i) {
        if (!std::isfinite(x_bar[i]))
            throw std::invalid_argument("x_bar is not finite: component " + std::to_string(i) + " is " +
                                        number_text(x_bar[i]));
    }
}

}  // namespace

Result<Equilibrium> prove_equilibrium(const Field& field, const std::vector<double>& x_bar,
                                      const std::vector<Interval>& p, const ZeroOperator& op, const Poll& interrupted) {
    (void)zero_problem(field, p);  // refuses what no theorem here speaks of
    require_point(field, x_bar);
    try {
        return EquilibriumTheorem::prove(field, x_bar, p, op, interrupted);
    } catch (const Interrupted&) {
        return Result<Equilibrium>::not_proved(Verdict::interrupted, "");
    }
}

Result<Equilibrium> prove_equilibrium(const Field& field, const std::vector<double>& x_bar,
                                      const std::vector<Interval>& p, const Poll& interrupted) {
    require_point(field, x_bar);
    try {
        return EquilibriumTheorem::prove(field, x_bar, p, interrupted);
    } catch (const Interrupted&) {
        return Result<Equilibrium>::not_proved(Verdict::interrupted, "");
    }
}

Result<Equilibrium> equilibrium(const Field& field, const std::vector<double>& near, const std::vector<Interval>& p,
                                const Poll& interrupted) {
    (void)zero_problem(field, p);  // refuses what no theorem here speaks of
    std::vector<double> p_bar(p.size());
    for (std::size_t j = 0; j < p.size(); ++j) p_bar[j] = midpoint(p[j]);
    const std::optional<std::vector<double>> x_bar = find_equilibrium_bar(field, near, p_bar, interrupted);
    if (interrupted && interrupted()) return Result<Equilibrium>::not_proved(Verdict::interrupted, "");
    if (!x_bar)
        return Result<Equilibrium>::not_proved(Verdict::no_convergence, "Newton's iteration found no equilibrium.");
    return prove_equilibrium(field, *x_bar, p, interrupted);
}

}  // namespace capnode
