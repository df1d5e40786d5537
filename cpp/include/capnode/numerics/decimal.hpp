// Decimal strings as intervals: "0.1" becomes the two neighbouring doubles around 1/10, a dyadic number becomes a
// point.
#pragma once

#include <string>
#include <string_view>

#include "capnode/numerics/interval.hpp"

namespace capnode {

/// The tightest interval around the number written: decimal ("-1.25e-3"), hexadecimal ("0x1.8p-1"), "inf", "-inf".
/// std::invalid_argument for anything else, NaN included.
Interval interval_from_string(std::string_view text);
/// At most `digits` significant decimals, rounded down (up): a decimal number that is certainly <= x (>= x).
std::string decimal_down(double x, int digits);
std::string decimal_up(double x, int digits);

}  // namespace capnode
