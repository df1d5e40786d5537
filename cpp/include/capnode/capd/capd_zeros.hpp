// Krawczyk's and Newton's operator of x -> f(x, p) by CAPD, for the theorems of zero_operator.hpp: CAPD evaluates the
// field and its derivative, chooses the preconditioner (the inverse of the derivative at x_bar) or eliminates by Gauss,
// and sums up. An uncertain parameter and weights with a radius are interval parameters of its map.
#pragma once

#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/proof/zero_operator.hpp"

namespace capnode {

/// Throws std::invalid_argument where CAPD cannot differentiate the field, where it depends on time, and where `p` has
/// not parameter_dim entries. The operator holds a map of CAPD's: use it from one thread at a time.
ZeroOperator capd_krawczyk(const Field& field, const std::vector<Interval>& p);
ZeroOperator capd_interval_newton(const Field& field, const std::vector<Interval>& p);

}  // namespace capnode
