// The range over the unit box of a polynomial in a SpatialBasis.
//
// A monomial with even exponents lies in [0, 1], any other in [-1, 1]: for c = sum c_m r^m
//     c <= c_0 + sum over even m of max(c_m, 0) + sum over other m of |c_m|.
// Two moves make that as sharp as is wanted:
//     a variable whose linear term outweighs the rest of its derivative, |c_i| > sum m_i |c_m|, is monotone: the
//     largest
//         value has it at its end, where it can be put (Moore);
//     the half of the box across a variable, r_i = +-1/2 + r_i'/2, is a polynomial in the same monomials, whose higher
//         terms are smaller; the half with the larger bound is divided first (branch and bound).
// Both are exact up to rounding, at most gamma_{4d+12} of the sum of |c_m| a move, which is added.
#pragma once

#include <cstddef>

#include "capnode/flow/spatial_basis.hpp"
#include "capnode/numerics/interval.hpp"

namespace capnode {

/// Encloses { sum c_m r^m : r in [-1, 1]^variables }. `budget`: number of boxes to divide at most for each end; the
/// work stops earlier where no more than `share` of the width is to be gained.
Interval spatial_range(const SpatialBasis& basis, const double* c, std::size_t budget, double share = 1e-3);

}  // namespace capnode
