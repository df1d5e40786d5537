// The radius of a product: an entrywise upper bound of  sum_t L_t P_t  for non-negative factors, each of the form
// g |m| + r  with m (any signs) and r >= 0 matrices, either of which may be absent. The one place where radii of
// products are computed; ball_matrix.cpp says which factors a product needs.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "capnode/numerics/matrix.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode::detail {

struct Factor {
    const Matrix* m = nullptr;
    double g = 1.0;
    const Matrix* r = nullptr;
};

/// x + `steps` <= 255 units in the last place for x >= +0 (0 too moves up); +inf for inf, NaN and the last 256 doubles
/// below inf, so that no step goes beyond it into NaN. A step covers one rounding, also in the subnormal range, where
/// an operation errs by at most half of the smallest subnormal.
inline double ulps_up(double x, std::uint64_t steps) {
    constexpr double last = 0x1.fffffffffff00p+1023;
    return x < last ? std::bit_cast<double>(std::bit_cast<std::uint64_t>(x) + steps) : infinity;
}

/// left: rows x k each, right: k x cols each, as many of one as of the other.
Matrix radius_product(std::span<const Factor> left, std::span<const Factor> right, std::size_t rows, std::size_t k,
                      std::size_t cols);

/// The least non-zero |entry| (+inf where all are zero): if the product of two of these is >= 2^-968, no product
/// underflows.
double least_nonzero(const Matrix& a);

/// a b where upper bounds of the moduli of `a` are at hand (implemented in ball_matrix.cpp).
ComplexBallMatrix multiply_with_modulus(const ComplexMatrix& a, const Matrix& a_abs, const ComplexBallMatrix& b);

/// A dot product with four accumulators (any order of summation will do for our bounds).
inline double dot(const double* x, const double* y, std::size_t length) {
    double s[4] = {0, 0, 0, 0};
    std::size_t l = 0;
    for (; l + 4 <= length; l += 4) {
        for (std::size_t u = 0; u < 4; ++u) s[u] += x[l + u] * y[l + u];
    }
    for (; l < length; ++l) s[0] += x[l] * y[l];
    return (s[0] + s[1]) + (s[2] + s[3]);
}

/// True where every entry is +0 or -0.
bool is_zero(const Matrix& a);

}  // namespace capnode::detail
