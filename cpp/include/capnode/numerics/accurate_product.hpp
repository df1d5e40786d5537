// Products of twice the working precision from ordinary BLAS products (Ozaki, Ogita, Oishi, Rump 2012): both factors
// are split into slices so short that every product of two slices is a sum of integers below 2^53 times one power of
// two, and therefore exact in any order of summation and with or without FMA. The exact partial products are added with
// TwoSum.
#pragma once

#include "capnode/numerics/matrix.hpp"

namespace capnode {

/// An unevaluated sum hi + lo of two matrices with an entrywise bound of what is missing.
struct ExpandedMatrix {
    Matrix hi;
    Matrix lo;
    Matrix rad;
};

/// a b = hi + lo ± rad with rad ~ 2^-100 |a||b| row by column (+inf where the entries are out of range).
ExpandedMatrix accurate_product(const Matrix& a, const Matrix& b);

/// a b - c as a ball matrix: rad ~ u |a b - c| + 2^-100 |a||b|.
BallMatrix accurate_residual(const Matrix& a, const Matrix& b, const Matrix& c_hi, const Matrix& c_lo);

}  // namespace capnode
