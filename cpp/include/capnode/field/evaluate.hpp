// Values of a field: f(x, p, t) for every column of x at once.
//
// x is dim x lanes; p is parameter_dim x 1 (the same for all lanes) or parameter_dim x lanes; where parameter_dim = 0
// it may be empty. Shapes that do not fit throw std::invalid_argument with both numbers.
//
// The enclosures hold for every point of the sets, every weight within the weight radius. Affine maps run in balls (one
// product a layer), elementwise functions through the ends of the balls (methods: "when balls are the wrong shape").
// Total: what is undefined or overflows somewhere on the set gets an infinite radius (the whole line), never a NaN.
#pragma once

#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/double_double.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

/// Approximate values at points (weights at their midpoints): dim x lanes.
Matrix evaluate(const Field& field, const Matrix& x, const Matrix& p, double t = 0.0);

/// Enclosure over balls: dim x lanes.
BallMatrix evaluate(const Field& field, const BallMatrix& x, const BallMatrix& p, Ball t = {});

/// Enclosure over one box in interval arithmetic, O(size^2) scalar operations a layer: keeps one-sided information.
std::vector<Interval> evaluate(const Field& field, const std::vector<Interval>& x, const std::vector<Interval>& p,
                               Interval t = {});

/// Enclosure in double-double: for thin sets the radius is about 2^-100 of the sum of the moduli of the terms.
std::vector<DoubleDoubleBall> evaluate(const Field& field, const std::vector<DoubleDoubleBall>& x,
                                       const std::vector<DoubleDoubleBall>& p, const DoubleDoubleBall& t = {});

}  // namespace capnode
