// Fields one after another in time: networks whose weights are piecewise constant in time.
//
// The flow of a layered field is the composition of the flows of its layers. The sets of a lane (centre + C r0 + S, and
// those of the derivative) are carried from one layer into the next as they are, so nothing wraps at the seams. A field
// that depends on time sees one clock that runs through all layers from t0; then time is a row of the state in every
// layer. The parameter is the same in all layers.
#pragma once

#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/flow/flow.hpp"

namespace capnode {

struct FlowLayer {
    Field field;
    double duration = 0.0;  // not 0; all of one sign
};

/// A result of flow.hpp for each layer that was entered; what it holds (reached, final, derivative, steps, trajectory,
/// initial) counts from the beginning of that layer, except the derivative, which is by the initial point of all. The
/// last one that is there tells where the run ended; the whole is proved where all layers are there and proved.
using LayeredResult = std::vector<FlowResult>;

/// For each initial set. Fields of one dim and one parameter_dim; std::invalid_argument otherwise.
std::vector<LayeredResult> integrate_layers(const std::vector<FlowLayer>& layers, const std::vector<InitialSet>& starts,
                                            const FlowOptions& options);

}  // namespace capnode
