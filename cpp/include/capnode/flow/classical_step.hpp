// The classical step: the high-order interval Taylor method of Lohner, with the high-order a-priori box of Nedialkov,
// Jackson and Corliss. An independent cross-check of the polynomial step of flow.hpp: it shares the numbers and the
// error set (error_set.hpp) with it, and no inequality of the step. Its steps are shorter and cost far more.
//
// x_j(z), z = (x, theta, t): the Taylor coefficient j of the solution of x' = f(x, theta, t) through x at time t, theta
// the parameters. The set at the start of a step of signed length h: X (a box), Theta, t_s; H = {s h: 0 <= s <= 1}.
//
// A-priori box. If, row by row, sum_{j<k} H^j x_j(X, Theta, t_s) + H^k x_k(B, Theta, t_s + H) lies in the interior of
// the box B, and f is smooth near B, then every solution from X exists on H and stays in B. Proof. At time 0 it lies in
// X, the value of the left side for 0 in H, so in int B. If it leaves int B, let tau be the first time on the boundary;
// until then it lies in B, so with Taylor's theorem row by row (Lagrange)
//     x_i(tau) = sum_{j<k} tau^j x_{j,i}(x(0)) + tau^k x_{k,i}(x(s_i)),   x(s_i) in B,
// is in int B: a contradiction. A solution that stays in the compact B exists on all of H. [] k = 1 is Picard's box
// X + H f(B): where f is bounded, X + H f(R^n) is one for every h. (A bounded enclosure of x_1 .. x_k over B, k >= 2,
// by the rules of the closed list needs every function on the way to be analytic near its set: log, sqrt and the
// reciprocal give no answer at the edge of their domains. So f is smooth near B.)
//
// Values, mean value form. T(z) = sum_{j<k} h^j x_j(z); for z = c + v in the set, c its centre, row by row
//     x(h) in T(c) + M v + h^k x_k(B, Theta, t_s + H),   M = sum_{j<k} h^j D x_j(X, Theta, t_s),
// by the mean value theorem along c .. c + v, which lies in the convex box. Columns of M: those of the state, and one
// for each uncertain parameter and for an uncertain initial time.
//
// Derivatives. Z(s) = dx(s)/dx(0) solves Z' = f_x(x(s)) Z; as x(s + r) = sum_j r^j x_j(x(s)), the coefficient j of Z at
// s is D x_j(x(s)) Z(s), so entry by entry
//     Z(h) in sum_{j<k} h^j D x_j(X) + h^k D x_k(B) Z(H),   |Z(s) - I| <= exp(|h| A) - I,  A >= |f_x| over B,
// the last by the series of iterated integrals.
//
// Sets: x in c + C r0 + S, with S carried by QR (n <= 3) or as an ellipsoid; Y in Y_bar + S_Y.
#pragma once

#include <vector>

#include "capnode/flow/flow.hpp"

namespace capnode {

/// integrate_lanes of flow.hpp by the classical step, one lane after the other. The degree of the Taylor polynomial is
/// options.order, 20 where 0. The records of a dense trajectory hold the Taylor polynomial of the centre, the tube all
/// the rest.
std::vector<FlowResult> integrate_lanes_classical(const Field& field, const std::vector<InitialSet>& starts,
                                                  const std::vector<double>& durations, const FlowOptions& options);

}  // namespace capnode
