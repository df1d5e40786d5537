// A field with its first derivatives f_x (dim x dim) and f_p (dim x parameter_dim) at one point or over one set.
//
// Forward mode: all tangents pass a layer in one product. Tangents that have one entry a row (the state itself, slices
// of it, functions of it) are kept as such, so that a first affine layer costs no product at all.
#pragma once

#include "capnode/field/field.hpp"
#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

struct Jacobian {
    Matrix value;  // dim x 1
    Matrix dx;     // dim x dim
    Matrix dp;     // dim x parameter_dim
};

struct BallJacobian {
    BallMatrix value;
    BallMatrix dx;
    BallMatrix dp;
};

/// Approximate, weights at their midpoints. x dim x 1, p parameter_dim x 1 (empty where parameter_dim = 0).
Jacobian jacobian(const Field& field, const Matrix& x, const Matrix& p, double t = 0.0);

/// Enclosures for every point of the balls and every weight within the weight radius (so also the enclosure that a
/// mean value form needs). Total: infinite radii where nothing is known.
BallJacobian jacobian(const Field& field, const BallMatrix& x, const BallMatrix& p, Ball t = {});

}  // namespace capnode
