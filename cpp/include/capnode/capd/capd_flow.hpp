// The flow by CAPD: the same initial sets, options and results as flow.hpp, computed by CAPD's Taylor solver.
//
// What is trusted: that CAPD's solver, sets and intervals are correct. What is checked here: every step was one CAPD
// accepted and has a length that is a double, the steps add up exactly to the whole time, and the enclosures of each
// step and of its end are bounded. Only then the verdict is `proved`.
//
// A step that CAPD refuses is tried again shorter, from a copy of the set (CAPD may leave a set half moved); one that
// is refused at the shortest length ends the run with CAPD's words. Dense output: CAPD's own curve of each step, stored
// as the polynomial of the centre with a tube that holds all the rest of it.
#pragma once

#include <string>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/flow/flow.hpp"

namespace capnode {

/// CAPD's representations of sets by their names in CAPD; those without derivatives first.
const std::vector<std::string>& capd_c0_sets();
const std::vector<std::string>& capd_c1_sets();
/// What is taken where no name is given: "C0HOTripletonSet", "C1HORect2Set".
const std::string& capd_default_set(bool derivative);
/// The degree of CAPD's Taylor polynomial where none is given: 20.
inline constexpr std::size_t capd_default_order = 20;

/// Throws std::invalid_argument, with the names, for a set that CAPD does not have or that carries no derivative where
/// one is asked for, and for an order that the set does not take (1 to 60; from 3 for the sets with HO in their name).
void require_capd_set(const std::string& set, std::size_t order, bool derivative);

/// integrate_lanes of flow.hpp by CAPD. `set`: a name, or empty. options.order: degree of the Taylor polynomial;
/// options.tolerance: CAPD's absolute and relative tolerance of a step.
std::vector<FlowResult> integrate_lanes_capd(const Field& field, const std::vector<InitialSet>& starts,
                                             const std::vector<double>& durations, const FlowOptions& options,
                                             const std::string& set = "");

}  // namespace capnode
