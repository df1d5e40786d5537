// Wide initial sets: the set is cut into pieces along its directions, the pieces are integrated as lanes, the answer is
// the hull.
//
// A set of width r is carried as centre + C r0 + S; S takes in what is not linear, of size r^2, so pieces half as wide
// have a quarter of it, while the hull of the linear parts stays. A piece is cut where it cannot be carried to the end,
// or where its enclosure sticks out of the hull of all linear parts by more than `excess` of that hull's width: only
// the pieces at the rim of the final set are refined. It is cut across the direction in which floating samples depart
// most from a straight line (a hint). Cuts are exact: halves overlap by nothing and cover everything, up to a rounding
// of the centre that is added to the radii.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/flow/flow.hpp"

namespace capnode {

struct SplitOptions {
    std::size_t max_pieces = 4096;  // integrated in all, those that are cut included
    double excess = 0.15;
    double least = 1e-9;  // sticking out by less than that, relative to max(1, |x|), is rounding: no cut helps
};

/// Throws std::invalid_argument with the numbers.
void check_split(const SplitOptions& split);

struct SplitResult {
    FlowResult hull;         // final and derivative are hulls over the pieces; no trajectory
    std::size_t pieces = 0;  // the final set is covered by so many
    std::size_t tried = 0;
    double excess = 0.0;  // of the hull over the linear parts, largest over components, in parts of their width
};

/// The verdict is that of the worst piece: proved where every piece reached the end. Where the budget runs out before
/// the excess is met, but all pieces reached the end, the hull stands and `excess` says how tight it is.
SplitResult integrate_split(const Field& field, const InitialSet& start, double duration, const FlowOptions& options,
                            const SplitOptions& split);

}  // namespace capnode
