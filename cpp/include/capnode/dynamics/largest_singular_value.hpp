// The largest singular value over a family of n x 2 matrices
//     M(r, E) = M_0 + sum_j r_j C_j + E,   |r_j| <= rho_j,   |E| <= R entrywise,
// enclosed to second order in the size of the family.
//
// Upper: sigma_max is convex, so over the r it is largest at a corner; and sigma_max(M + E) <= sigma_max(M) + |E|_F.
// Lower: sigma_max(M) >= u^T M v for unit u, v, which is linear: at least u^T M_0 v - sum rho_j |u^T C_j v| - |u|^T R
// |v|. With u, v the singular vectors of M_0 (hints) both are off by what is quadratic in r, and by R.
// sigma_max of one matrix from its Gram matrix (a b; b c): sigma^2 = (a+c)/2 + sqrt(((a-c)/2)^2 + b^2), no
// cancellation.
#pragma once

#include <cstddef>
#include <vector>

#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

struct PlanarFamily {
    Matrix centre;                   // n x 2
    std::vector<Matrix> directions;  // n x 2 each; beyond two, they are counted into R
    std::vector<double> radii;       // rho_j
    Matrix radius;                   // R
};

/// sigma_max of a matrix whose two columns are in the intervals (n each).
Interval largest_singular_value(const std::vector<Interval>& first, const std::vector<Interval>& second);
/// Over the whole family; never below 0.
Interval largest_singular_value(const PlanarFamily& family);

}  // namespace capnode
