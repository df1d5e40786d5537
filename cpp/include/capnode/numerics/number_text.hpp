// Numbers in messages: what a person reads, in any locale with a point. Rounded to nearest, so never a bound
// (decimal.hpp writes those).
#pragma once

#include <complex>
#include <string>

#include "capnode/numerics/interval.hpp"

namespace capnode {

/// So many significant digits, as "%g" writes them: "0.001", "1e-310", "inf".
std::string number_text(double x, int digits = 6);
/// "[lo, hi]"
std::string number_text(const Interval& x, int digits = 6);
/// "re + imi"
std::string number_text(const std::complex<double>& z, int digits = 6);
/// The shortest decimal that reads back as x.
std::string shortest_text(double x);

}  // namespace capnode
