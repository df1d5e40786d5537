// Krawczyk's test: existence and uniqueness of a zero in a box.
//
// Theorem. Let X be a bounded box, x_bar in X, A a real matrix, and J an interval matrix with F'(x) in J for all x in
// X. Put s_j = max_{x in X} |x_j - x_bar_j| and
//     K = x_bar - A F(x_bar) +- |I - A J| s.
// (i) Every zero of F in X lies in K; if K and X are disjoint there is none.
// (ii) If K lies in the interior of X, then F has exactly one zero in X, it lies in K, and F' is nonsingular on X.
//
// Proof. T(x) = x - A F(x) has T(x) = x_bar - A F(x_bar) + (I - A M)(x - x_bar) with M = int_0^1 F'(x_bar + t (x -
// x_bar)) dt, which lies in J because J is convex; so T maps X into K, and a zero is a fixed point of T: (i). In (ii) s
// > 0 (a component of K inside the interior makes X wide there) and the half-width |I - A J| s of K is below that of X,
// which is at most s: in the norm max |v_i| / s_i all I - A F'(x), x in X, have norm at most q = max_i (|I - A J| s)_i
// / s_i < 1. Hence A and F'(x) are nonsingular and T is a contraction of X into itself: one fixed point, a zero of F.
// [] Where F stands for a set of systems (parameters, weights), the argument holds for each of them with the same A, J,
// K.
//
// Source: R. Krawczyk, Computing 4 (1969); S. M. Rump, Acta Numerica 19 (2010), section 13.
#pragma once

#include <optional>
#include <vector>

#include "capnode/proof/zero.hpp"

namespace capnode {

/// *proved*: hypothesis (ii) was checked on X; `enclosure` is K, made sharper by applying (i) again to smaller boxes.
/// Not proved with the verdict `no_zero`: (i), or 0 not in F(X), shows that X holds no zero.
/// `x_bar` (default: the middle of X) must lie in X: std::invalid_argument otherwise. `A_bar` (default: an approximate
/// inverse of the middle of F'(X)) decides success, never truth.
Result<Zero> krawczyk(const ZeroProblem& problem, const std::vector<Interval>& X,
                      const std::optional<std::vector<double>>& x_bar = {}, const std::optional<Matrix>& A_bar = {});

/// The same for x -> f(x, p), for every p in the box `p`.
Result<Zero> krawczyk(const Field& field, const std::vector<Interval>& X, const std::vector<Interval>& p = {},
                      const std::optional<std::vector<double>>& x_bar = {}, const std::optional<Matrix>& A_bar = {});

}  // namespace capnode
