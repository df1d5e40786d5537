// By what a set of starting points is carried: linear sets (flow.hpp), or Taylor models of some degree
// (taylor_model_flow.hpp).
//
// options.set_degree = 1 are linear sets, 2 and more Taylor models of that degree, 0 a choice: linear sets where they
// arrive hardly wider than their linear part; else Taylor models of degree 2, 3, ..., until the enclosure is little
// wider than what points of the set reach, or a degree gains nothing, or the polynomials grow too long. Each answer is
// proved by itself; the choice only decides which one is given. Points, and runs with a derivative, have linear sets.
#pragma once

#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/flow/layered_flow.hpp"

namespace capnode {

std::vector<FlowResult> integrate_lanes_by_degree(const Field& field, const std::vector<InitialSet>& starts,
                                                  const std::vector<double>& durations, const FlowOptions& options);
std::vector<LayeredResult> integrate_layers_by_degree(const std::vector<FlowLayer>& layers,
                                                      const std::vector<InitialSet>& starts,
                                                      const FlowOptions& options);

}  // namespace capnode
