// One piece of the decision boundary between two classes i and k: the zeros of the margin m = s_i - s_k in a frame.
//
// Theorem. Let m(z) in constant + slope (u, v) on the frame |u| <= r_u, |v| <= r_v (classifier.hpp), V an enclosure of
// dm/dv over it, and
//     N = -(constant + slope_u [-r_u, r_u]) / slope_v.
// If 0 is not in slope_v, N is in the interior of [-r_v, r_v], and 0 is not in V, then for every u in [-r_u, r_u] there
// is exactly one v in [-r_v, r_v] with m = 0; it lies in N, and it is a continuously differentiable function of u. So
// the zeros of m in the frame are one arc that crosses it from end to end, and at u = +-r_u it lies in
// -(constant +- slope_u r_u) / slope_v; there it is enclosed sharply through the margin at a point
// (boundary_piece.cpp). Proof. For fixed u a zero obeys slope_v v = -(kappa + slope_u u) with some kappa in `constant`,
// hence v in N. At v =
// +-r_v, |kappa + slope_u u| < |slope_v| r_v, so m has the sign of slope_v v there: opposite signs, a zero exists. By V
// it is the only one, and the implicit function theorem does the rest. [] This is interval Newton across the frame,
// uniformly along it. With uncertain parameters or weights each of them has its arc, all in the same strip.
#pragma once

#include <array>
#include <cstddef>

#include "capnode/dynamics/classifier.hpp"
#include "capnode/proof/verdict.hpp"

namespace capnode {

struct BoundaryPieceTheorem;

struct BoundaryPiece {
    using Theorem = BoundaryPieceTheorem;

    Frame frame;
    Interval strip;                        // N
    Interval start;                        // v of the arc at u = -r_u
    Interval end;                          // v of the arc at u = +r_u
    std::array<Interval, 2> derivative{};  // of m by u and v over the frame
    bool proper = false;                   // on the arc no third class has a score as large as theirs
};

/// The theorem on a frame with positive radii.
Result<BoundaryPiece> prove_boundary_piece(const Classifier& classifier, std::size_t i, std::size_t k,
                                           const Frame& frame);

/// The same arc, run through the other way.
BoundaryPiece reversed(const BoundaryPiece& piece);

std::array<Interval, 2> start_of(const BoundaryPiece& piece);
std::array<Interval, 2> end_of(const BoundaryPiece& piece);

/// The point lies in the interior of the frame, certainly.
bool inside(const Frame& frame, const std::array<Interval, 2>& z);

/// The end of `first` lies inside the frame of `second` and the start of `second` inside that of `first`. A zero of m
/// in a frame lies on its arc, so the arcs then overlap: their union is one arc, without an end where they overlap.
bool joined(const BoundaryPiece& first, const BoundaryPiece& second);

}  // namespace capnode
