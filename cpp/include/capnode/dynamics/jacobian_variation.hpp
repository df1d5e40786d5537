// How much a field and its Jacobian differ, in the 2-norm, over a ball about a point that is known to lie in a box.
//
// Theorem. Let x be any point of the box, y any point with e = y - x, |e|_2 <= radius, t any time in its interval, s
// any with |s - t| <= time_radius (the same parameter p and the same weights in both). Then
//     |f_x(y, p, s) - f_x(x, p, t)|_2 <= difference,  |f_x(y, p, s)|_2 <= size,  |f(y, p, s) - f(x, p, t)|_2 <= change,
//     |f(y, p, t) - f(x, p, t) - f_x(x, p, t) e|_2 <= remainder (where time_radius = 0).
// Proof, node by node: of v the numbers beta_i >= |v_i(y) - v_i(x)|, b >= |v(y) - v(x)|_2, N >= |Dv(y)|_2 and
// |Dv(x)|_2, D >= |Dv(y) - Dv(x)|_2 and Q >= |v(y) - v(x) - Dv(x) e|_2 pass
//     W v        beta_i = min(|W_i|_2 b, sum |W_ij| beta_j),  b, N, D, Q times |W|_2
//     f(v)       beta_i sup|f'|,  N max sup|f'|,  D max sup|f'| + N max_i sup |f'(v_i(y)) - f'(v_i(x))|,
//                Q max sup|f'| + max_i (sup|f''| beta_i) b / 2
//     u v        |u| beta_v + beta_u |v|,  N_u |v| + |u| N_v,  |v| D_u + beta_v N_u + |u| D_v + beta_u N_v,
//                |v| Q_u + |u| Q_v + beta_u b_v (maxima of rows)
// and b is at most |beta|_2. Where v = W u the second-order terms of f(v) know more than their rows one by one: with G
// = W W^T and c_i >= sup|f''| on row i,  |sum_i a_i c_i (W g)_i (W h)_i| <= kappa |a| |g| |h|,  kappa^2 the largest
// eigenvalue of (c_i G_ij^2 c_j) (the matrix with rows c_i W_i (x) W_i times its transpose); a bound of it is
// max_i (M z)_i / z_i for any z > 0 (Collatz, Wielandt). In interval arithmetic over boxes all of this would see |W|.
// Source: the chain rule in operator norms; own derivation.
#pragma once

#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

struct JacobianVariation {
    double difference = 0.0;
    double size = 0.0;
    double change = 0.0;
    double remainder = 0.0;
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
        Matrix square;             // bounds of G_ij^2
    };
    Field field_;
    std::vector<Weight> weights_;  // by tensor
};

}  // namespace capnode
