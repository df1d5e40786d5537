// Diagonal similarity by powers of two, so that the rows and columns of a badly scaled matrix become comparable.
#pragma once

#include <vector>

#include "capnode/numerics/matrix.hpp"

namespace capnode::detail {

/// Powers of two d with D^-1 A D balanced in the 1-norm (Parlett, Reinsch 1969); all ones where nothing is gained.
/// Hints.
std::vector<double> balancing(const Matrix& a);

/// D^-1 A D, exactly; false where an entry leaves the safe range.
bool apply_balancing(const Matrix& a, const std::vector<double>& d, Matrix& b);

}  // namespace capnode::detail
