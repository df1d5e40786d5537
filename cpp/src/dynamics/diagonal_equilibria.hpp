// The equilibria h = -(M + p I)^-1 b of a diagonal family at many parameters p = -s_k at once, from one eigenbasis.
//
// V^-1 (M - s) V = diag(c - s) + G with |G| 1 <= rho (row radii). An approximate solution x0 of (M - s) x = -b (floats)
// is corrected by its residual r = -b - (M - s) x0, evaluated as balls:
//     x = x0 + V z,   (diag(c - s) + G) z = g,  g = V^-1 r,   y = g/(c - s):
//     z = y - (G z)/(c - s),  m = max|z| <= max|y| + k m,  k = max_j rho_j/|c_j - s| < 1/2,
//     |z - y|_j <= rho_j/|c_j - s| max|y|/(1 - k).
// All points share the coordinates of b and four matrix products, O(n^2) each per point.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "capnode/dynamics/diagonal_family.hpp"
#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/eigenbasis.hpp"

namespace capnode {

class DiagonalEquilibria {
  public:
    /// `shifts`: enclosures of s_k = Re lambda = -p.
    DiagonalEquilibria(const VerifiedEigenbasis& basis, const DiagonalFamily& family, const std::vector<Ball>& shifts);

    /// The equilibrium of point k; empty where M - s_k could not be proved invertible.
    std::optional<std::vector<Interval>> state(std::size_t k) const;

  private:
    BallMatrix states_;  // n x points
    std::vector<char> known_;
};

}  // namespace capnode
