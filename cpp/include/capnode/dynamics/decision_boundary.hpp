// The decision boundary between two classes over a rectangle of inputs: chains of proved pieces, and the proof that
// there is nothing else.
//
// Theorem (chain). Consecutive pieces are joined (boundary_piece.hpp). So the arcs of a chain together are one arc of
// { m = 0 }; where the chain is closed its last piece is joined to its first ones and the arcs are one closed curve: a
// connected, compact piece of the curve { m = 0 }, regular by V, without an end. Otherwise both its ends are proved to
// lie outside of the rectangle, or the chain has a verdict and a reason.
//
// Theorem (nothing else). Every cell of a cover of the rectangle is (a) away: m has no zero there, or i or k is beaten
// by another class throughout; or (b) within one frame of a chain, where every zero of m lies on the arc. If no cell
// is left over, the decision boundary between i and k in the rectangle consists of the arcs of the chains, as far as
// they run in the rectangle and no third class has a larger score (`proper`).
//
// Method. Predictor and corrector along the curve in floating point (hints); frames as long as they can be proved.
// Chains start near cells that no chain meets; cells along the chains are quartered until each lies within one frame.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "capnode/dynamics/boundary_piece.hpp"
#include "capnode/dynamics/class_map.hpp"

namespace capnode {

struct BoundaryOptions {
    double longest = 0.0;             // of a frame; 0: a sixteenth of the longer side of the rectangle
    double shortest = 0.0;            // 0: 1e-9 of it
    std::size_t max_pieces = 100000;  // of all chains
    std::size_t depth = 12;           // how often cells of the cover are quartered
    std::size_t budget = 2000000;     // cells of the cover that are integrated
    std::size_t threads = 1;
    std::function<bool()> interrupted;
    std::function<void(std::size_t, std::size_t, std::size_t)> progress;  // level, done, cells of this level
};

struct BoundaryChain {
    std::size_t first = 0;  // of `pieces`
    std::size_t count = 0;
    bool closed = false;
    Verdict verdict = Verdict::no_convergence;  // proved: closed, or from border to border
    std::string detail;
};

struct BoundaryCell {
    std::array<double, 4> box{};
    std::vector<char> possible;  // classes
    bool away = false;
    std::ptrdiff_t piece = -1;  // the piece in whose frame it lies; -1: none
    double distance_bar = 0.0;  // of the cell from the curve, about: a hint
};

struct DecisionBoundary {
    std::vector<BoundaryPiece> pieces;
    std::vector<BoundaryChain> chains;
    std::vector<BoundaryCell> cells;  // of the cover; those neither away nor in a piece are left over
    std::size_t left_over = 0;
    std::size_t integrated = 0;                 // cells
    Verdict verdict = Verdict::no_convergence;  // proved: all chains are, and no cell is left over
    std::string detail;
};

/// `map`: of the same classifier; its box is the rectangle.
DecisionBoundary decision_boundary(const Classifier& classifier, std::size_t i, std::size_t k, const ClassMap& map,
                                   const BoundaryOptions& options);

}  // namespace capnode
