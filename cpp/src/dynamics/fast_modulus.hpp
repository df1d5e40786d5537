// Moduli of complex numbers for bulk loops: one square root, no branches on the way, a relative slack of 8u.
#pragma once

#include <cmath>

#include "capnode/numerics/rounding.hpp"

namespace capnode {

/// >= |re + i im|. s = fl(re^2 + im^2) errs by at most 2u s + 2 eta, the root and the product by u each: 8u cover them
/// where s >= 2^-1000, and below that the modulus is at most 2^-499 < 1e-150. +inf where s is not below 1e300.
inline double modulus_above(double re, double im) {
    const double s = re * re + im * im;
    return s < 1e300 ? std::sqrt(s) * (1.0 + 8.0 * unit_roundoff) + 1e-150 : infinity;
}

/// <= |re + i im|, likewise; 0 where s is below 1e-280.
inline double modulus_below(double re, double im) {
    const double s = re * re + im * im;
    if (!(s > 1e-280)) return 0.0;
    return s < 1e300 ? std::sqrt(s) * (1.0 - 8.0 * unit_roundoff) : 1e149;
}

}  // namespace capnode
