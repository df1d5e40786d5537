// Parameters at which a field has no non-constant periodic orbit.
//
// Theorem 1 (own derivation). Let x' = s(y), y = A(p) x + b(p), with s applied entrywise, continuous on its domain,
// and D a real diagonal matrix. If D A(p) + A(p)^T D is (positive or negative) definite, there is no non-constant
// periodic orbit.
//
// Proof. Let S be an antiderivative of s (each y_i stays in one interval of the domain) and V = sum_i D_i S(y_i). Along
// a solution, y' = A s(y) and
//     dV/dt = sum_i D_i s(y_i) y_i' = s(y)^T D A s(y) = x'^T (D A) x' = 1/2 x'^T (D A + A^T D) x'.
// Around a periodic orbit V returns, so the integral of a function that has one strict sign where x' != 0 vanishes:
// x' = 0 all along. The bias does not enter; A need not be invertible a priori (definiteness makes it so); neither
// oddness nor monotony of s is used. []
//
// Diagonal family: A(p) = M + p I. Then D A(p') + A(p')^T D = D A(p) + A(p)^T D + 2 (p' - p) D: for D > 0 positive
// definiteness at p holds for all larger p, negative definiteness for all smaller p. With D = I periodic orbits exist
// at most for p in [-lambda_max(M_s), -lambda_min(M_s)], M_s the symmetric part of M (s = tanh: V = sum log cosh y_i);
// another positive D is used where it cuts more.
//
// Theorem 2 (any field). Let C be convex and P a real symmetric matrix. If P J(x, p) + J(x, p)^T P is positive definite
// for all x in C, or negative definite for all x in C, no non-constant periodic orbit lies in C.
//
// Proof. Let x(t) be a periodic orbit in C and u(t) = x(t + h) - x(t). By the mean value theorem u' = K u with
// K = int_0^1 J(x + r u) dr, so d/dt (u^T P u) = u^T (P K + K^T P) u has one strict sign where u != 0, but u^T P u is
// periodic. So u = 0 for every h. []
//
// Theorem 3 (Bendixson). n = 2, C a convex region of the plane, tr J of one strict sign on C: no non-constant periodic
// orbit lies in C. (A periodic orbit is a Jordan curve; its inside lies in C; the flux through it is int tr J != 0, but
// f is tangent to it.) n = 1: there is never one, since the solutions of an autonomous scalar equation are monotone.
//
// Where the field has a weight radius, all of it holds for every member.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "capnode/numerics/interval.hpp"
#include "capnode/proof/verdict.hpp"

namespace capnode {

class Field;
struct PeriodicOrbitExclusionTheorem;

/// For every p in one of `intervals` no non-constant periodic orbit exists; where there is a `region`, none lies in it.
struct PeriodicOrbitExclusion {
    using Theorem = PeriodicOrbitExclusionTheorem;

    Interval span;
    std::vector<Interval> intervals;  // closed sub-intervals of the span, increasing, not touching
    std::vector<Interval> remaining;  // the closure of the rest: nothing is claimed there
    /// "diagonal family", "potential" (theorem 1 on cells), "quadratic form", "divergence", "dimension one"; where
    /// cells differ, all of them with " or " between.
    std::string criterion;
    std::optional<std::vector<Interval>> region;
    /// Diagonal family: enclosures of -lambda_max(M_s) and -lambda_min(M_s), between which D = I leaves room for
    /// orbits.
    std::optional<Interval> symmetric_lower;
    std::optional<Interval> symmetric_upper;
    std::vector<double> scaling_lower;  // the D that proved the lowest and the highest interval (empty: D = I);
                                        // "potential": hints of the D tried besides I
    std::vector<double> scaling_upper;
};

struct ExclusionOptions {
    /// A box: orbits inside it are excluded, others are not spoken of. Default: the whole state space where theorem 1
    /// or n = 1 decides, else |x_i| <= 2^300 (enclosures of a field over an unbounded set say nothing).
    std::optional<std::vector<Interval>> region;
    /// How often the span may be halved (all but the diagonal family).
    int depth = 6;
    /// Polled between cells, from the calling thread; may be empty. True: stop, verdict `interrupted`.
    std::function<bool()> interrupted;
};

/// *proved* where `intervals` is not empty. The field must be autonomous with one parameter; without a parameter the
/// span is the single point [0, 0]. Throws std::invalid_argument for an empty span or a region of the wrong length.
Result<PeriodicOrbitExclusion> no_periodic_orbits(const Field& field, const Interval& span,
                                                  const ExclusionOptions& options = {});

}  // namespace capnode
