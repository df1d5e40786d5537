// How far an input may be moved before a network changes its answer: certified radii, and certified counterexamples.
//
// Theorem (radius). Let x(t) be the solution from the input x over [0, T], Y(t, s) its derivative, c its class, m_k > 0
// lower bounds of the margins at x(T), a_k(t) = Y(T, t)^T (w_c - w_k). Let rho and q be functions on [0, T] with
//     q(t) >= |f(y, t) - f(x(t), t) - f_x(x(t), t) (y - x(t))|_2   for |y - x(t)|_2 <= rho(t),
//     |Y(t, 0)|_2 r + integral over [0, t] of |Y(t, s)|_2 q(s) ds < rho(t),
//     loss_k = r |a_k(0)|_2 + integral over [0, T] of |a_k(t)|_2 q(t) dt < m_k   for all k != c.
// Then every input within the closed ball of radius r about x has the class c. Proof. For a solution z from the ball e
// = z
// - x obeys e' = f_x(x(t)) e + w, |w| <= q as long as |e| <= rho; by variation of constants |e| < rho, so it never gets
// there, and the margin falls by w_k^T e(T) = a_k(0)^T e(0) + integral of a_k^T w, at most loss_k. []
// The set that q is taken over is the ball of the tube, which holds the whole segment from x(t) to z(t). Without q this
// is m_k / |a_k(0)|, the margin over its gradient at the input, which no first-order bound can beat; q grows with
// rho^2. All bounds are in the 2-norm (jacobian_variation.hpp), so that no dimension enters.
//
// Theorem (pair). Two inputs, exactly given, with enclosures of their solutions at T that lie in two classes.
#pragma once

#include <cstddef>
#include <vector>

#include "capnode/dynamics/readout.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/flow/layered_flow.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/proof/verdict.hpp"

namespace capnode {

struct RobustRadiusTheorem;
struct AdversarialPairTheorem;

struct RobustRadius {
    using Theorem = RobustRadiusTheorem;

    double radius = 0.0;
    std::size_t cls = 0;
    std::vector<Interval> margins;          // at the input, by class; 0 for its own
    std::vector<double> losses;             // loss_k; 0 for its own
    std::vector<double> gradient_at_input;  // upper bounds of |a_k(0)|
    double image_radius = 0.0;              // of a ball about x(T) that holds all z(T)
    std::vector<Interval> final;            // x(T)
};

struct AdversarialPair {
    using Theorem = AdversarialPairTheorem;

    std::vector<double> x, y;
    std::size_t cls_x = 0, cls_y = 0;
    Interval distance;  // |x - y|_2
    std::vector<Interval> final_x, final_y;
};

/// An input: a point, exactly, with its parameters and time of start.
struct NetworkInput {
    std::vector<double> x;
    std::vector<Interval> parameter;
    Interval t0{0.0, 0.0};
};

struct RobustOptions {
    FlowOptions flow;        // order, tolerance, max_steps, max_seconds, interrupted, progress
    std::size_t pieces = 0;  // of time, on which the norms are bounded; 0: by the size of the Jacobian
    double radius = 0.0;     // positive: this one, not the largest
};

/// The largest radius that could be certified.
Result<RobustRadius> robust_radius(const std::vector<FlowLayer>& layers, const Readout& readout,
                                   const NetworkInput& input, const RobustOptions& options);

Result<AdversarialPair> adversarial_pair(const std::vector<FlowLayer>& layers, const Readout& readout,
                                         const NetworkInput& input, const std::vector<double>& y,
                                         const FlowOptions& options);

}  // namespace capnode
