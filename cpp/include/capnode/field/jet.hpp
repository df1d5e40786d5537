// Mixed derivatives up to order three by nilpotent jets: f at (x, p) + e1 d1 + e2 d2 + e3 d3 with e_i^2 = 0.
//
// With d_i = (x_i, p_i), directions in (state, parameter) space, the coefficients of the eight monomials are
//
//     1: f      e_i: Df[d_i]      e_i e_j: D^2 f[d_i, d_j]      e1 e2 e3: D^3 f[d1, d2, d3]
//
// (the whole multilinear forms, no factorials). Column `m` of the result belongs to the monomial whose bits are m: bit
// 0 is e1, bit 1 is e2, bit 2 is e3. The base is real, the directions are complex discs. A direction given as a disc
// about 0 of radius s bounds a form over all vectors |d| <= s: that is how second derivatives are bounded without
// forming them.
#pragma once

#include <array>
#include <cstddef>

#include "capnode/field/field.hpp"
#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

namespace monomial {
inline constexpr std::size_t one = 0, e1 = 1, e2 = 2, e12 = 3, e3 = 4, e13 = 5, e23 = 6, e123 = 7, count = 8;
}

struct JetDirection {
    ComplexMatrix x;  // dim x 1, or empty = 0
    ComplexMatrix p;  // parameter_dim x 1, or empty = 0
};

struct BallJetDirection {
    ComplexBallMatrix x;
    ComplexBallMatrix p;
};

/// Approximate, weights at their midpoints: dim x 8.
ComplexMatrix third_order_jet(const Field& field, const Matrix& x, const Matrix& p,
                              const std::array<JetDirection, 3>& directions, double t = 0.0);

/// Enclosures for every base point in the balls, every direction in the discs (each independent of the others, of the
/// base and of its own conjugate), every weight within the weight radius: dim x 8.
ComplexBallMatrix third_order_jet(const Field& field, const BallMatrix& x, const BallMatrix& p,
                                  const std::array<BallJetDirection, 3>& directions, Ball t = {});

}  // namespace capnode
