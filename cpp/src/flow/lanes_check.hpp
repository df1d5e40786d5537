// What every integration is asked for is looked at first: std::invalid_argument with the numbers.
#pragma once

#include <vector>

#include "capnode/flow/flow.hpp"

namespace capnode {

/// The sizes fit a field or a map (`what`) of these dimensions, and all numbers are finite.
void check_set(const char* what, std::size_t dim, std::size_t parameter_dim, const InitialSet& start);

/// A duration for each set, sets that fit the field, and sensible options.
void check_lanes(const Field& field, const std::vector<InitialSet>& starts, const std::vector<double>& durations,
                 const FlowOptions& options);

}  // namespace capnode
