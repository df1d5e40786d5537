// Real intervals [lo, hi], lo <= hi, lo < +inf, hi > -inf: never empty, ends may be infinite, -0 is treated as 0.
// Inside the core a NaN becomes the whole line, which then fails every inclusion.
#pragma once

#include "capnode/numerics/rounding.hpp"

namespace capnode {

struct Interval {
    double lo = 0.0;
    double hi = 0.0;
};

}  // namespace capnode
