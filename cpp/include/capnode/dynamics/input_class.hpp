// The class of an input, or the one class of all inputs of a set: a readout of the state at the final time of a flow,
// or after the steps of maps.
//
// Theorem. Let the state that every input of the set reaches, with every parameter in its interval and every weight in
// the weight radius, lie in a set X, and let m_k > 0 be a lower bound of the margin s_c - s_k (readout.hpp) on X for
// every k != c. Then every input of the set has class c, and no other. Proof. s_c is the only largest score on X. []
// X is the box of the final enclosure, and { centre + D r + e : |r_j| <= radii_j, |e| <= rest } (AffineForm), whose
// margins are  (w_c - w_k) . (centre + e) + sum_j ((w_c - w_k) . D_j) r_j + b_c - b_k:  what the input does to the
// components of x stays together. The margin is enclosed by the meet of both.
#pragma once

#include <cstddef>
#include <vector>

#include "capnode/dynamics/readout.hpp"
#include "capnode/flow/discrete_map.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/flow/layered_flow.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/proof/verdict.hpp"

namespace capnode {

struct InputClassTheorem;

struct InputClass {
    using Theorem = InputClassTheorem;

    std::size_t cls = 0;
    std::vector<Interval> margins;  // by class; 0 for its own
    std::vector<Interval> final;
};

/// Not proved: `too_wide` where the set reaches, or may reach, several classes, with the margin that is not decided.
Result<InputClass> input_class(const std::vector<FlowLayer>& layers, const Readout& readout, const InitialSet& start,
                               const FlowOptions& options);
Result<InputClass> input_class(const std::vector<IterationStage>& stages, const Readout& readout,
                               const InitialSet& start, const IterationOptions& options);

}  // namespace capnode
