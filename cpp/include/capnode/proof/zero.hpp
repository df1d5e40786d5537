// A zero proved to exist and to be alone in its neighbourhood: what krawczyk, interval_newton and newton_kantorovich
// return. The three theorems stand in their own headers; ZeroTheorem is where each of them declares *proved*.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"
#include "capnode/proof/verdict.hpp"
#include "capnode/proof/zero_problem.hpp"

namespace capnode {

struct ZeroTheorem;
struct ZeroOperator;  // zero_operator.hpp

/// Every member of the problem has exactly one zero in `uniqueness`, it lies in `enclosure`, and F' is nonsingular at
/// it.
struct Zero {
    using Theorem = ZeroTheorem;

    std::string method;                // "krawczyk", "interval_newton", "newton_kantorovich"
    std::vector<Interval> enclosure;   // contains the zero
    std::vector<Interval> uniqueness;  // contains no other
    std::vector<double> x_bar;         // the approximation the proof was made at (a hint: no claim)
    double contraction = 0.0;  // at least the Lipschitz constant of x - A F(x) on the set (0: not used by the method)
    // newton_kantorovich only: exactly one zero in B(x_bar, r) for every r in [smallest, largest], in max |x_i| /
    // weight_i.
    double smallest_radius = 0.0;
    double largest_radius = 0.0;
    std::vector<double> weights;
};

/// Where the three theorems are declared proved; call the functions of krawczyk.hpp, interval_newton.hpp,
/// newton_kantorovich.hpp and zero_operator.hpp instead.
struct ZeroTheorem {
    static Result<Zero> krawczyk(const ZeroProblem& problem, const std::vector<Interval>& X,
                                 const std::vector<double>& x_bar, const std::optional<Matrix>& A_bar);
    static Result<Zero> interval_newton(const ZeroProblem& problem, const std::vector<Interval>& X,
                                        const std::vector<double>& x_bar);
    static Result<Zero> newton_kantorovich(const ZeroProblem& problem, const std::vector<double>& x_bar, double R,
                                           const std::vector<double>& weights, const std::optional<Matrix>& A_bar);
    static Result<Zero> by_operator(const ZeroOperator& op, const std::vector<Interval>& X,
                                    const std::vector<double>& x_bar);
};

}  // namespace capnode
