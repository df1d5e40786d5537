// The augmented system of a Hopf point and what its Newton operator needs of it.
//
// Unknowns X = (p, w, x, v) in R x R x R^n x C^n, psi a fixed complex row vector:
//
//     F(X) = ( f(x, p),  f_x(x, p) v - i w v,  psi v - 1 )   in R^n x C^n x C.
//
// Real dimension 3n + 2 on both sides; a zero with w > 0 is an equilibrium with the eigenvalue i w, v its eigenvector.
// psi close to the left eigenvector makes F' as well conditioned as the pair allows (a fixed real psi can be nearly
// orthogonal to v). All enclosures hold for every network of the field's weight ball.
#pragma once

#include <complex>
#include <vector>

#include "capnode/dynamics/hopf.hpp"
#include "capnode/field/field.hpp"
#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode::hopf {

/// A set of points (p, x).
struct Base {
    Ball p;
    BallMatrix x;  // n x 1
};

/// A set of complex directions (p part, x part).
struct Direction {
    ComplexBall p;
    ComplexBallMatrix x;  // n x 1
};

/// D^2 f [a, b] over the base (n x 1).
ComplexBallMatrix second_derivative(const Field& field, const Base& base, const Direction& a, const Direction& b);
/// All mixed derivatives of three directions, one jet: D^2 f [a, b], [a, c], [b, c] and D^3 f [a, b, c].
struct MixedDerivatives {
    ComplexBallMatrix ab;
    ComplexBallMatrix ac;
    ComplexBallMatrix bc;
    ComplexBallMatrix abc;
};
MixedDerivatives mixed_derivatives(const Field& field, const Base& base, const Direction& a, const Direction& b,
                                   const Direction& c);

/// Radii of a box about X_bar: |p|, |w|, |x_k|, |v_k| (moduli), in this order; 2 + 2n numbers.
using Radii = std::vector<double>;

/// A set of vectors (p, w, x, v).
struct AugmentedSet {
    Ball p;
    Ball w;
    BallMatrix x;         // n x 1
    ComplexBallMatrix v;  // n x 1
};
/// Upper bounds of the moduli over the set.
Radii magnitudes(const AugmentedSet& set);

/// A set of right-hand sides.
struct AugmentedValue {
    BallMatrix f;         // n x 1
    ComplexBallMatrix e;  // n x 1
    ComplexBall psi;
};

/// F(X_bar), evaluated in double-double: in error by the weight radius and about 2^-100 relative to its terms, then
/// rounded to balls of doubles.
AugmentedValue residual(const Field& field, const HopfHint& x_bar, const std::vector<std::complex<double>>& psi);

/// Bounds |F''(X)[d, h]| for all X, X_bar + d, X_bar + h of the box X_bar ± s; midpoints are 0:
///     f part:   |D^2 f [d, h]|
///     e part:   |D^3 f [(v,0), d, h]| + |D^2 f [(d_v,0), h]| + |D^2 f [(h_v,0), d]| + |d_w h_v + h_w d_v|
///     psi part: 0 (linear).
AugmentedValue second_derivative_bound(const Field& field, const HopfHint& x_bar, const Radii& s);

/// Conversions of a hint: v as a column, with radii.
ComplexBallMatrix column(const std::vector<std::complex<double>>& v);
BallMatrix column(const std::vector<double>& x);

}  // namespace capnode::hopf
