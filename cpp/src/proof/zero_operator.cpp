#include "capnode/proof/zero_operator.hpp"

#include "capnode/numerics/number_text.hpp"
#include "capnode/proof/krawczyk_image.hpp"
#include "exclusion_of_zeros.hpp"

namespace capnode {

double contraction_of(const std::vector<Interval>& K, const std::vector<Interval>& X) {
    double q = 0.0;
    for (std::size_t i = 0; i < X.size(); ++i) {
        const double ratio = divide_up(width_up(K[i]), subtract_down(X[i].hi, X[i].lo));
        q = std::fmax(q, ratio >= 0.0 ? ratio : infinity);
    }
    return q;
}

std::vector<Interval> sharpen(const ZeroOperator& op, std::vector<Interval> X) {
    for (int round = 0; round < 8; ++round) {
        std::vector<Interval> K;
        try {
            K = op.image(X, zeros::middle(X));
        } catch (const NoImage&) {
            break;
        }
        bool better = false;
        for (std::size_t i = 0; i < X.size(); ++i) {
            const auto both = intersect(X[i], K[i]);
            if (!both) throw InternalError("two enclosures of one zero are disjoint (" + op.engine + ")");
            better = better || width_up(*both) < 0.9 * width_up(X[i]);
            X[i] = *both;
        }
        if (!better) break;
    }
    return X;
}

Result<Zero> ZeroTheorem::by_operator(const ZeroOperator& op, const std::vector<Interval>& X,
                                      const std::vector<double>& x_bar) {
    using namespace zeros;
    const std::string name = (op.newton ? "Newton image by " : "Krawczyk image by ") + op.engine;
    std::vector<Interval> K;
    try {
        K = op.image(X, x_bar);
    } catch (const NoImage& reason) {
        return Result<Zero>::not_proved(Verdict::singular, name + ": " + reason.what());
    }
    if (!all_bounded(K)) return Result<Zero>::not_proved(Verdict::unbounded, name + " is not bounded.");
    if (auto none = exclude_by_image(name, K, X)) return *none;
    std::vector<Evidence> evidence;
    const double q = contraction_of(K, X);
    evidence.push_back(contraction_evidence(name + ": largest quotient of widths", q));
    evidence.push_back(inclusion_evidence(name + " in the interior of X", K, X));
    if (!evidence[0].holds || !evidence[1].holds) {
        const Evidence& e = evidence[1];
        const std::string detail = evidence[1].holds
                                       ? name + ": quotient of widths " + number_text(q) + "."
                                       : e.name + ": " + number_text(Interval(e.left_lo, e.left_hi)) +
                                             " is not inside " + number_text(Interval(e.right_lo, e.right_hi)) + ".";
        return Result<Zero>::not_proved(Verdict::inclusion_failed, detail, std::move(evidence));
    }
    Zero zero;
    zero.method = op.newton ? "interval_newton" : "krawczyk";
    zero.enclosure = capnode::sharpen(op, K);
    zero.uniqueness = X;
    zero.x_bar = x_bar;
    if (!op.newton) zero.contraction = q;
    return Result<Zero>::make_proved(std::move(zero), std::move(evidence));
}

Result<Zero> zero_by_operator(const ZeroOperator& op, const std::vector<Interval>& X,
                              const std::optional<std::vector<double>>& x_bar) {
    if (x_bar) zeros::require_point_in(*x_bar, X);
    if (auto refused = zeros::refuse_unbounded(X)) return *refused;
    return ZeroTheorem::by_operator(op, X, x_bar ? *x_bar : zeros::middle(X));
}

}  // namespace capnode
