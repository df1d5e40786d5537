// How far an input may be moved before a network changes its answer: certified radii, and certified counterexamples.
//
// Theorem (radius). Let x(t) be the solution from the input x over [0, T], c its class, m_k > 0 lower bounds of the
// margins at x(T), and a_k(t) = Y(T, t)^T (w_c - w_k) the adjoint vectors along x(t). Let rho, L, delta be functions on
// [0, T] with rho(0) = r, L(0) = 1 and
//     mu(t) >= the logarithmic 2-norm of f_x(y, t) for |y - x(t)|_2 <= rho(t),
//     rho and L at least exp(integral of mu) times their start,  delta(t) >= |f_x(y, t) - f_x(x(t), t)|_2 for those y.
// If r G_k < m_k for all k != c, G_k = |a_k(0)|_2 + integral of L(t) delta(t) |a_k(t)|_2 dt, then every input within
// the closed ball of radius r about x has the class c. Proof. Solutions from the ball stay within rho(t) of x(t) (the
// segment between them lies in the ball of the tube, which is convex), and the derivative Y_z of the flow at each has
// |Y_z(t)|_2 <= L(t). Along z(t) the derivative of the margin by the initial point is w^T Y_z(T), and w^T Y_z(T) - w^T
// Y_x(T) = integral of a_k(t)^T (f_x(z(t)) - f_x(x(t))) Y_z(t) dt. Its norm is at most G_k on the whole ball; integrate
// along the segment from x. [] With delta = 0 this is m_k / |a_k(0)|: the margin over the gradient at the input. For
// small nets the bounds of the Jacobian (jacobian_variation.hpp) do as well: no dimension enters but through norms.
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
    std::vector<double> gradients;          // G_k; 0 for its own
    std::vector<double> gradient_at_input;  // upper bounds of |a_k(0)|
    double stretching = 0.0;                // L(T)
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
};

/// The largest radius that could be certified.
Result<RobustRadius> robust_radius(const std::vector<FlowLayer>& layers, const Readout& readout,
                                   const NetworkInput& input, const RobustOptions& options);

Result<AdversarialPair> adversarial_pair(const std::vector<FlowLayer>& layers, const Readout& readout,
                                         const NetworkInput& input, const std::vector<double>& y,
                                         const FlowOptions& options);

}  // namespace capnode
