// Ranges over intervals: the parts of elementary.hpp for Interval, private to the library.
#pragma once

#include <array>

#include "capnode/numerics/elementary.hpp"

namespace capnode::ranges {

/// f, f', f'', f''' (or their ranges).
using Values = std::array<Interval, 4>;

/// Enclosures of f, f', f'', f''' at x, which may be infinite (then of the limits).
Values endpoint_values(Function f, double x);
/// The range of f, for every transcendental function of the list but sin and cos.
Interval value_range(Function f, const Interval& x);
/// The ranges of all four, for those whose extrema are known to the third order.
Values monotone_ranges(Function f, const Interval& x);
/// The ranges of sin and cos.
std::array<Interval, 2> sine_cosine_ranges(const Interval& x);
/// The ranges of all four for silu, gelu_tanh, mish.
Values weighted_ranges(Function f, const Interval& x);

}  // namespace capnode::ranges
