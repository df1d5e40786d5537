// Products of nearly twice the working precision from ordinary BLAS products (after Ozaki, Ogita, Oishi, Rump 2012).
//
// A is split by rows and B by columns into A0 + A1 + A2, B0 + B1 + B2 such that the leading slices are integers of at
// most beta bits times one power of two per row (column), 2 beta + log2 k <= 53. Then A0 B0, A0 B1, A1 B0 are exact in
// any order of summation, with or without FMA, because every partial sum is an integer below 2^53 of one unit; what is
// left, A0 B2 + A1 (B1 + B2) + A2 B, is smaller by 2^-2beta and an ordinary product will do. Six products in all.
#pragma once

#include "capnode/numerics/matrix.hpp"

namespace capnode {

/// An unevaluated sum hi + lo of two matrices with an entrywise bound of what is missing.
struct ExpandedMatrix {
    Matrix hi;
    Matrix lo;
    Matrix rad;
};

/// a b = hi + lo ± rad, rad ~ k^2 2^-95 max|row of a| max|column of b|; +inf in rows and columns whose greatest entry
/// is not within 2^±450 (scale first).
ExpandedMatrix accurate_product(const Matrix& a, const Matrix& b);

/// Encloses a b - c, c = c_hi + c_lo ± c_rad: radius ~ u |a b - c| + c_rad + the above.
BallMatrix accurate_residual(const Matrix& a, const Matrix& b, const ExpandedMatrix& c);

}  // namespace capnode
