#include "capnode/proof/interval_newton.hpp"

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/linear_solve.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/proof/krawczyk_image.hpp"
#include "exclusion_of_zeros.hpp"

namespace capnode {
namespace {

/// x_bar - M^-1 F(x_bar) for all M in J: the center's solution, and |J^-1 G| row sums for the generators.
std::vector<Interval> newton_image(const std::vector<double>& x_bar, const VerifiedInverse& J, const ValueAtPoint& F) {
    const BallMatrix step = J.solve(F.center);
    std::vector<double> spread(x_bar.size(), 0.0);
    if (F.generators.cols() > 0) spread = row_sums(magnitude(J.solve(F.generators)));
    std::vector<Interval> N(x_bar.size());
    for (std::size_t i = 0; i < N.size(); ++i) {
        const double rad = add_up(step.rad(i, 0), spread[i]);
        N[i] = Interval(x_bar[i]) - ball_hull(step.mid(i, 0), rad >= 0.0 ? rad : infinity);
    }
    return N;
}

}  // namespace

Result<Zero> ZeroTheorem::interval_newton(const ZeroProblem& problem, const std::vector<Interval>& X,
                                          const std::vector<double>& x_bar) {
    using namespace zeros;
    if (auto none = exclude_by_value(problem, X)) return *none;
    const BallMatrix derivative = problem.derivative(X);
    if (!is_finite(derivative))
        return Result<Zero>::not_proved(Verdict::unbounded, "The derivative is not bounded on the box.");
    std::string reason;
    const std::optional<VerifiedInverse> J = VerifiedInverse::of(derivative, &reason);
    if (!J) return Result<Zero>::not_proved(Verdict::singular, "F'(X) could not be proved nonsingular: " + reason);

    const std::vector<Interval> N = newton_image(x_bar, *J, problem.residual(x_bar));
    if (auto none = exclude_by_image("Newton image", N, X)) return *none;
    std::vector<Evidence> evidence = {contraction_evidence("nonsingularity |I - A F'(X)|", J->alpha()),
                                      inclusion_evidence("Newton image in the interior of X", N, X)};
    if (!evidence[0].holds || !evidence[1].holds) {
        const Evidence& e = evidence[1];
        return Result<Zero>::not_proved(Verdict::inclusion_failed,
                                        e.name + ": " + number_text(Interval(e.left_lo, e.left_hi)) +
                                            " is not inside " + number_text(Interval(e.right_lo, e.right_hi)) + ".",
                                        std::move(evidence));
    }
    Zero zero;
    zero.method = "interval_newton";
    zero.enclosure = sharpen(problem, N);
    zero.uniqueness = X;
    zero.x_bar = x_bar;
    return Result<Zero>::make_proved(std::move(zero), std::move(evidence));
}

Result<Zero> interval_newton(const ZeroProblem& problem, const std::vector<Interval>& X,
                             const std::optional<std::vector<double>>& x_bar) {
    zeros::require_box(problem, X);
    if (x_bar) zeros::require_point_in(*x_bar, X);
    if (auto refused = zeros::refuse_unbounded(X)) return *refused;
    return ZeroTheorem::interval_newton(problem, X, x_bar ? *x_bar : zeros::middle(X));
}

}  // namespace capnode
