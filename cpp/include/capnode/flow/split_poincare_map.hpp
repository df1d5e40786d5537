// Return maps of wide sets: in pieces, as in split_flow.hpp; the answer is the hull of the pieces' images in the
// section.
#pragma once

#include <cstddef>

#include "capnode/field/field.hpp"
#include "capnode/flow/poincare_map.hpp"
#include "capnode/flow/split_flow.hpp"

namespace capnode {

struct SplitPoincareResult {
    PoincareResult hull;     // point, derivative, time and speed are hulls over the pieces
    std::size_t pieces = 0;  // the set is covered by so many
    std::size_t tried = 0;
    double excess = 0.0;  // as in SplitResult
};

/// Proved where every piece returns; otherwise the verdict of a piece that does not. Pieces that are proved not to meet
/// the section in time end the search. With max_pieces = 1 the set stays whole. `tangent` for a set that
/// meets the section and of which a piece may lie before it: it would count the crossing by which the set leaves.
SplitPoincareResult poincare_map_split(const Field& field, const Section& section, const InitialSet& start,
                                       const PoincareOptions& options, const SplitOptions& split);

}  // namespace capnode
