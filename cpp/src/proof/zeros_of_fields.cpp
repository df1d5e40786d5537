// The three theorems about zeros for x -> f(x, p): the same theorems on zero_problem(field, p).
#include "capnode/proof/interval_newton.hpp"
#include "capnode/proof/krawczyk.hpp"
#include "capnode/proof/newton_kantorovich.hpp"

namespace capnode {

Result<Zero> krawczyk(const Field& field, const std::vector<Interval>& X, const std::vector<Interval>& p,
                      const std::optional<std::vector<double>>& x_bar, const std::optional<Matrix>& A_bar) {
    return krawczyk(zero_problem(field, p), X, x_bar, A_bar);
}

Result<Zero> interval_newton(const Field& field, const std::vector<Interval>& X, const std::vector<Interval>& p,
                             const std::optional<std::vector<double>>& x_bar) {
    return interval_newton(zero_problem(field, p), X, x_bar);
}

Result<Zero> newton_kantorovich(const Field& field, const std::vector<double>& x_bar, double R,
                                const std::vector<Interval>& p, const std::optional<std::vector<double>>& weights,
                                const std::optional<Matrix>& A_bar) {
    return newton_kantorovich(zero_problem(field, p), x_bar, R, weights, A_bar);
}

}  // namespace capnode
