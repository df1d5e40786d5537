// The closed list over lanes: contiguous arrays of balls in, arrays of balls out, through the kernels of the
// instruction set of this machine (kernels.hpp). This is how an activation layer is enclosed.
//
// Thin lanes are enclosed by the kernels with their proved error bounds; lanes that a kernel does not cover (wide sets,
// tails, functions without a kernel) go one by one through elementary.hpp. Either way out_mid +- out_rad holds f(x) for
// every x with |x - mid| <= rad. A lane that is not finite, or leaves the domain, gets rad = +inf (mid 0).
#pragma once

#include <cstddef>

#include "capnode/numerics/elementary.hpp"

namespace capnode {

/// out_mid +- out_rad encloses f over each lane mid +- rad; rad may be null (points). In place is allowed.
void apply_lanes(Function f, std::size_t n, const double* mid, const double* rad, double* out_mid, double* out_rad);
/// The same for f and f'.
void derivative_lanes(Function f, std::size_t n, const double* mid, const double* rad, double* value_mid,
                      double* value_rad, double* slope_mid, double* slope_rad);
/// Approximate values of f and (where not null) f' at points: hints.
void value_lanes(Function f, std::size_t n, const double* x, double* value, double* slope = nullptr);

}  // namespace capnode
