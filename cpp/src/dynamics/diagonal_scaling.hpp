// A diagonal scaling that narrows the symmetric part: hints for no_periodic_orbits. Not installed.
#pragma once

#include <vector>

#include "capnode/numerics/matrix.hpp"

namespace capnode {

/// Positive e for which the largest eigenvalue of the symmetric part of E M E^-1, E = diag(e), is small (approximately
/// least). Plain floating point: no claim. For the least eigenvalue ask about -M.
std::vector<double> narrowing_scaling(const Matrix& M);

}  // namespace capnode
