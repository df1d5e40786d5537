// The interval Newton test: existence and uniqueness of a zero in a box, by a verified linear solve.
//
// Theorem. Let X be a bounded box, x_bar in X, J an interval matrix with F'(x) in J for all x in X, and let N be a box
// with
//     x_bar - M^-1 F(x_bar) in N     for every matrix M in J, all of which are nonsingular (that is what the solve
//     proves).
// (i) F has at most one zero in X, and it lies in N; if N and X are disjoint there is none.
// (ii) If N lies in X, then F has exactly one zero in X, and it lies in N.
//
// Proof. With M(x) = int_0^1 F'(x_bar + t (x - x_bar)) dt in J: F(x) = F(x_bar) + M(x)(x - x_bar), so a zero x is
// x_bar - M(x)^-1 F(x_bar), in N. Two zeros x, y would give M (x - y) = 0 with M = int_0^1 F'(y + t (x - y)) dt in J,
// so x = y. In (ii) the continuous map x -> x_bar - M(x)^-1 F(x_bar) takes X into N, so it has a fixed point (Brouwer).
// []
//
// Source: R. E. Moore, Interval Analysis (1966); A. Neumaier, Interval Methods for Systems of Equations (1990), ch. 5.
#pragma once

#include <optional>
#include <vector>

#include "capnode/proof/zero.hpp"

namespace capnode {

/// *proved*: N lies in the interior of X (more than (ii) asks). Verdict `no_zero` as for `krawczyk`. x_bar as there.
Result<Zero> interval_newton(const ZeroProblem& problem, const std::vector<Interval>& X,
                             const std::optional<std::vector<double>>& x_bar = {});

/// The same for x -> f(x, p), for every p in the box `p`.
Result<Zero> interval_newton(const Field& field, const std::vector<Interval>& X, const std::vector<Interval>& p = {},
                             const std::optional<std::vector<double>>& x_bar = {});

}  // namespace capnode
