// How much the Jacobian of a field differs, in the 2-norm, over a ball about a point that is known to lie in a box.
//
// Theorem. Let x be any point of the box, y any point with |y - x|_2 <= radius, t any time in its interval, s any with
// |s - t| <= time_radius (the same parameter p and the same weights in both). Then
//     |f_x(y, p, s) - f_x(x, p, t)|_2 <= difference,  |f_x(y, p, s)|_2 <= size,  |f(y, p, s) - f(x, p, t)|_2 <= change.
// Proof, node by node: of v the numbers beta_i >= |v_i(y) - v_i(x)|, b >= |v(y) - v(x)|_2, N >= |Dv(y)|_2 and
// |Dv(x)|_2, D >= |Dv(y) - Dv(x)|_2 pass
//     W v        beta_i = min(|W_i|_2 b, sum |W_ij| beta_j),  b, N, D times |W|_2
//     f(v)       beta_i sup|f'|,  N max sup|f'|,  D max sup|f'| + N max_i sup |f'(v_i(y)) - f'(v_i(x))|
//     u v        |u| beta_v + beta_u |v|,  N_u |v| + |u| N_v,  |v| D_u + beta_v N_u + |u| D_v + beta_u N_v (maxima of
//     rows)
// and b is at most |beta|_2. In interval arithmetic over boxes all of this would see |W| instead of W.
// Source: the chain rule in operator norms; own derivation.
#pragma once

#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/numerics/interval.hpp"

namespace capnode {

struct JacobianVariation {
    double difference = 0.0;
    double size = 0.0;
    double change = 0.0;
};

/// With what it needs to know of the weights computed once.
class VariationBounds {
  public:
    explicit VariationBounds(const Field& field);

    /// Totals are infinite where the field is undefined somewhere on the set.
    JacobianVariation over(const std::vector<Interval>& x, const std::vector<Interval>& p, const Interval& t,
                           double radius, double time_radius = 0.0) const;

  private:
    struct Weight {
        std::vector<double> rows;  // |W_i|_2
        double norm = 0.0;         // |W|_2
    };
    Field field_;
    std::vector<Weight> weights_;  // by tensor
};

}  // namespace capnode
