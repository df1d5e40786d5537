// First and k-th returns of a flow to a section: enclosures of the point, the time and the derivative.
//
// The section function g = n . x - c is followed along dense enclosures of all solutions. Where 0 is outside of its
// range there is no crossing; a stretch of time where it is not must be one along which n . f keeps its sign, so that
// every solution crosses exactly once (g of opposite signs before and after) or not at all (equal signs). Anything else
// is refused: the flow may touch the section there. A start on the section (0 in g at time 0) must leave it the same
// way and counts as no crossing. Hence the crossing found is the k-th, for every solution, and transversal. Of a set on
// both sides of the section it is the k-th after the set has left: where those before it join the others, nothing is
// counted.
//
// Its point: the set is integrated to the crossing time of the centre, and projected along the flow (section.hpp); the
// projection acts on the set as one more linear map with an error, so the correlations of a set are kept, and D P = D
// pi D Phi comes out of the same product.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/flow/section.hpp"

namespace capnode {

struct PoincareOptions {
    FlowOptions flow;         // order, tolerance, budgets, derivative; dense is not looked at
    std::size_t returns = 1;  // the k-th crossing; at least 1
    int direction = 0;        // +1, -1: crossings with n . f > 0, < 0 in the sense of time; 0: all
    double max_time = 1000.0;
    bool backward = false;
};

struct PoincareResult {
    Verdict verdict = Verdict::no_convergence;
    std::string detail;
    std::size_t crossings = 0;  // proved, of the direction asked for
    double reached = 0.0;       // time up to which all crossings are known
    std::size_t steps = 0;
    std::vector<Interval> point;       // in the section; empty unless proved
    std::vector<Interval> derivative;  // dim x dim by rows; empty unless proved and asked for
    std::vector<Interval> linear;      // where flow.linear_part: point without what is not linear; no enclosure
    Interval time{0.0, 0.0};           // of flight, signed
    Interval speed{0.0, 0.0};          // n . f at the crossing
};

/// The solutions that start in each set at its time t0, where the field depends on time. Throws std::invalid_argument
/// for sizes that do not fit.
std::vector<PoincareResult> poincare_maps(const Field& field, const Section& section,
                                          const std::vector<InitialSet>& starts, const PoincareOptions& options);
PoincareResult poincare_map(const Field& field, const Section& section, const InitialSet& start,
                            const PoincareOptions& options);

}  // namespace capnode
