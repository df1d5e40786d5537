// Wide sets of starting points, carried as polynomials in the starting point: Taylor models.
//
// The set at any time is { P(r) + s : r in [-1, 1]^m, s in S }: P a polynomial of degree d in the coordinates r of the
// initial set, the same r at all times, and S an ErrorSet, small. At the start P is affine.
//
// Theorem (one step). Write s in S with |s_i| <= sigma_i as s = diag(sigma) z, |z_i| <= 1, and let P(tau, r, z) be a
// polynomial with P(0, r, z) = P(r) + diag(sigma) z, linear in z, such that for every (r, z) the integral of
// |P' - f(P)| over the step is at most D, row by row. Let M >= J for all (r, z) on the tube |x - P| <= e (as in
// flow.hpp). If exp(h M+) D < e, every solution that starts in P(r) + S exists on the step, and with
// P(h, r, z) = P_h(r) + Z z
//     x(h) = P_h(r) + Phi s + w,   Phi = Z diag(sigma)^-1,   |w| <= exp(h M+) D.
// Proof. flow.hpp for each (r, z) by itself, where nothing flows in. [] So S <- Phi S + [-w, w], where w also takes in
// the rounding of P_h. What depends on r and s together is in D; it is of second order.
//
// Where S begins to matter it is enclosed by coordinates of its own, which P takes in beside r and which are small:
// their products with r are then kept (taylor_model_set.hpp). For the theorem they are coordinates like r.
//
// Interval parameters and times are rows of the state: wide ones have coordinates r of their own, those of rounding
// size start in S.
#pragma once

#include <cstddef>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/flow/layered_flow.hpp"

namespace capnode {

/// integrate_lanes of flow.hpp by Taylor models of degree options.set_degree >= 2, one lane after the other. No
/// derivative. Throws std::invalid_argument with the numbers where the polynomials would have too many terms.
std::vector<FlowResult> integrate_lanes_taylor_model(const Field& field, const std::vector<InitialSet>& starts,
                                                     const std::vector<double>& durations, const FlowOptions& options);
/// integrate_layers of layered_flow.hpp, likewise: the coordinates are those of the initial set through all layers.
std::vector<LayeredResult> integrate_layers_taylor_model(const std::vector<FlowLayer>& layers,
                                                         const std::vector<InitialSet>& starts,
                                                         const FlowOptions& options);

}  // namespace capnode
