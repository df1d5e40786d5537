// How far an input may be moved before a network changes its answer, by a cover of boxes: sharp where the dimension is
// low. The other method, by norms and for every dimension, is robust_radius.hpp.
//
// Theorem (cover). Let the class of x be c, y = x + Q u with |Q u|_2 >= q |u|_2 and Q invertible (margin_bounds.hpp),
// and let closed boxes B in u cover the cube |u_j| <= R. For each box, and each class k != c, let d be a lower bound of
// |u|_2 over the u in B with margin m_k(u) <= 0 for some parameter in its interval or some weight in the weight radius;
// infinite where there are none. If r < q R and r < q d for all of them, every input within the closed ball
// |y - x|_2 <= r has the class c, for every such parameter and weight, and none lies on a decision boundary. Proof. The
// u of an input y in the ball has |u|_2 <= r / q < R: it lies in the cube, so in a box, and there m_k(u) <= 0 would
// give |y - x|_2 >= q |u|_2 >= q d > r. All margins are positive. []
//
// The boxes. d is the distance of a box where nothing else is known of it, and sharper where its image is: the margin
// lies between parallel planes, so that d comes close to the truth quadratically in the size of the box, long before
// the box lies in one class. A box that is cut is replaced by two closed boxes with a face in common, at a double
// strictly between its ends; both keep the planes of the whole. The cube begins as one box and grows by shells of 2 n
// boxes, the ends of which are those of the old cube and of the new one. Ends are doubles, and neighbours share them:
// no union of boxes is rounded. What is rounded is outward: x + Q u and the radii of the sets that are integrated, the
// distances d, q, and the products above.
//
// The method is best first: the box with the least d is integrated, or cut where that is done. So at any time the least
// d is a radius that is proved, and stopping (budget, time) costs sharpness, never truth. Q holds the right singular
// vectors of the derivative of the flow at x: boxes may then be long where the flow contracts.
//
// The other side. An input y and x, proved to have different classes (AdversarialPair): no radius of |y - x|_2 or more
// can hold. Candidates come from floating point and from where the planes of boxes put the nearest zero of a margin.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "capnode/dynamics/readout.hpp"
#include "capnode/dynamics/robust_radius.hpp"
#include "capnode/flow/layered_flow.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/proof/verdict.hpp"

namespace capnode {

struct CoveredRadiusTheorem;

struct CoveredRadius {
    using Theorem = CoveredRadiusTheorem;

    double radius = 0.0;
    std::size_t cls = 0;
    std::vector<Interval> margins;                  // at the input, by class; 0 for its own
    std::vector<double> gradient_at_input;          // upper bounds of the 2-norms of their gradients there
    std::vector<Interval> final;                    // x(T)
    std::optional<AdversarialPair> counterexample;  // the nearest that was proved
    std::size_t boxes = 0;                          // integrated
    bool sharp = false;                             // radius and counterexample are as close as was asked
    std::string ended;                              // why it stopped, in words
};

struct CoverOptions {
    FlowOptions flow;           // order, tolerance, max_seconds, interrupted, progress (radius over counterexample)
    double accuracy = 0.001;    // ends where radius >= (1 - accuracy) |counterexample - x|
    std::size_t budget = 0;     // boxes integrated, a Taylor model counted as 64 of them; 0: 100000
    double radius = 0.0;        // positive: ends where this one is proved, or refuted
    double largest = infinity;  // farther out nothing is looked at
};

/// The largest radius that could be certified within the budget.
Result<CoveredRadius> covered_radius(const std::vector<FlowLayer>& layers, const Readout& readout,
                                     const NetworkInput& input, const CoverOptions& options);

}  // namespace capnode
