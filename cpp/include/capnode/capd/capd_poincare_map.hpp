// Return maps by CAPD: the same sections, options and results as poincare_map.hpp, computed by CAPD's PoincareMap.
//
// CAPD proves that every solution from the set crosses the section for the k-th time within an interval of times, in
// the direction asked for, and transversally: it takes the section to be crossed where the section function changes
// sign, and refuses a step along which 0 is in its range and in that of n . f. What is checked here: the enclosures are
// bounded, the time is positive and at most max_time, and n . f at the crossing has a sign, the one asked for.
#pragma once

#include <string>

#include "capnode/field/field.hpp"
#include "capnode/flow/poincare_map.hpp"

namespace capnode {

/// poincare_map of poincare_map.hpp by CAPD, with a set of CAPD's by name (capd_flow.hpp; empty: the default).
/// `steps` of the result counts the steps CAPD tried.
PoincareResult poincare_map_capd(const Field& field, const Section& section, const InitialSet& start,
                                 const PoincareOptions& options, const std::string& set = "");

}  // namespace capnode
