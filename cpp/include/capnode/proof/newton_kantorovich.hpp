// Newton-Kantorovich (radii polynomials): for which radii r holds the ball B(x_bar, r) exactly one zero?
//
// Norm: |x| = max_i |x_i| / w_i with weights w > 0, so that B(x_bar, R) is the box x_bar +- R w; matrices have the norm
// max_i sum_j |M_ij| w_j / w_i. Bounds, with any real matrix A:
//     Y >= |A F(x_bar)|,   Z1 >= |I - A F'(x_bar)|,   Z >= sup_{x in B(x_bar, R)} |A (F'(x) - F'(x_bar))|,
//     Z2 >= sup_{x in B(x_bar, R), |u|, |v| <= 1} |A F''(x)[u, v]|.
//
// Theorem, first form. q = Z1 + Z. If q < 1 and Y + q R <= R, then for every r with Y/(1 - q) <= r <= R the ball
// B(x_bar, r) holds exactly one zero. No power of r multiplies Z: Z bounds a difference over the whole ball, not a
// Lipschitz constant. (Multiplying it by r^2, as has been done in print, proves zeros that do not exist.)
//
// Theorem, second form. P(r) = Y + (Z1 - 1) r + Z2 r^2 / 2. If 0 < r0 <= R, P(r0) <= 0 and Z1 + Z2 r0 < 1, then
// B(x_bar, r0) holds exactly one zero, and so does B(x_bar, r) for every r in [r0, R] with P < 0 on (r0, r].
//
// Proof. T(x) = x - A F(x). First form: |T'(x)| = |I - A F'(x)| <= q on B(x_bar, R), so |T(x) - x_bar| <= Y + q |x -
// x_bar|: for each such r the ball is mapped into itself by a contraction. Second form: |T'(x)| <= Z1 + Z2 |x - x_bar|,
// hence |T(x) - x_bar| <= Y + Z1 r + Z2 r^2/2 for |x - x_bar| = r: contraction of B(x_bar, r0) into itself. A zero x
// with |x - x_bar| = r <= R is a fixed point, so r <= Y + Z1 r + Z2 r^2 / 2, which says P(r) >= 0: none in r0 < |x -
// x_bar| <= r where P < 0. In both forms |I - A F'| < 1 at the zero, so A and F' are nonsingular there. [] If both
// forms hold they speak of the same zero (their balls are concentric), so the smaller of the two smallest radii and the
// larger of the two largest are reported.
//
// Source: L. V. Kantorovich (1948); J. B. van den Berg, J.-P. Lessard, Notices AMS 62 (2015), for the radii polynomial.
#pragma once

#include <optional>
#include <vector>

#include "capnode/proof/zero.hpp"

namespace capnode {

/// *proved*: one of the two forms was checked; smallest_radius is the error bound, largest_radius the isolation.
/// `weights` default to 1. `A_bar` defaults to an approximate inverse of F'(x_bar).
/// The second form is used where the problem has a second derivative.
Result<Zero> newton_kantorovich(const ZeroProblem& problem, const std::vector<double>& x_bar, double R,
                                const std::optional<std::vector<double>>& weights = {},
                                const std::optional<Matrix>& A_bar = {});

/// The same for x -> f(x, p), for every p in the box `p`.
Result<Zero> newton_kantorovich(const Field& field, const std::vector<double>& x_bar, double R,
                                const std::vector<Interval>& p = {},
                                const std::optional<std::vector<double>>& weights = {},
                                const std::optional<Matrix>& A_bar = {});

}  // namespace capnode
