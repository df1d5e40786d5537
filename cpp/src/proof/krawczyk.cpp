#include "capnode/proof/krawczyk.hpp"

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/proof/krawczyk_image.hpp"
#include "exclusion_of_zeros.hpp"

namespace capnode {

Result<Zero> ZeroTheorem::krawczyk(const ZeroProblem& problem, const std::vector<Interval>& X,
                                   const std::vector<double>& x_bar, const std::optional<Matrix>& A_bar) {
    using namespace zeros;
    if (auto none = exclude_by_value(problem, X)) return *none;
    const BallMatrix J = problem.derivative(X);
    if (!is_finite(J)) return Result<Zero>::not_proved(Verdict::unbounded, "The derivative is not bounded on the box.");
    Matrix A;
    if (A_bar)
        A = *A_bar;
    else if (!blas::inverse(J.mid, A))
        return Result<Zero>::not_proved(Verdict::singular, "The derivative at the middle has no approximate inverse.");

    // K = x_bar - A F(x_bar) +- |I - A J| s
    const Image image = krawczyk_image(x_bar, precondition(A, problem.residual(x_bar)), defect(A, J), reach(X, x_bar));
    if (auto none = exclude_by_image("Krawczyk image", image.K, X)) return *none;

    std::vector<Evidence> evidence = {contraction_evidence("contraction |I - A F'(X)|", image.contraction),
                                      inclusion_evidence("Krawczyk image in the interior of X", image.K, X)};
    if (!maps_into_interior(image, X)) {
        const bool contracts = image.contraction < 1.0;
        const std::string detail =
            contracts ? evidence[1].name + ": " + number_text(Interval(evidence[1].left_lo, evidence[1].left_hi)) +
                            " is not inside " + number_text(Interval(evidence[1].right_lo, evidence[1].right_hi)) + "."
                      : "|I - A F'(X)| <= " + number_text(image.contraction) + ", not below 1.";
        return Result<Zero>::not_proved(contracts ? Verdict::inclusion_failed : Verdict::contraction_failed, detail,
                                        std::move(evidence));
    }
    Zero zero;
    zero.method = "krawczyk";
    zero.enclosure = sharpen(problem, image.K);
    zero.uniqueness = X;
    zero.x_bar = x_bar;
    zero.contraction = image.contraction;
    return Result<Zero>::make_proved(std::move(zero), std::move(evidence));
}

Result<Zero> krawczyk(const ZeroProblem& problem, const std::vector<Interval>& X,
                      const std::optional<std::vector<double>>& x_bar, const std::optional<Matrix>& A_bar) {
    zeros::require_box(problem, X);
    zeros::require_square(A_bar, problem.dim);
    if (x_bar) zeros::require_point_in(*x_bar, X);
    if (auto refused = zeros::refuse_unbounded(X)) return *refused;
    return ZeroTheorem::krawczyk(problem, X, x_bar ? *x_bar : zeros::middle(X), A_bar);
}

}  // namespace capnode
