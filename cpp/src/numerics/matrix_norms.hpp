// Upper bounds of norms in round to nearest, with slack for every rounding.
#pragma once

#include <cmath>
#include <vector>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/matrix.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode::detail {

// Sums and products of fewer than 2^20 non-negative numbers in round to nearest: relative error below 2^-32, and at
// most 2^-960 where terms underflow.
inline constexpr double norm_slack = 1.0 + 0x1p-32;
inline constexpr double norm_underflow = 0x1p-960;

inline double up(double x) { return x < infinity ? x * norm_slack + norm_underflow : infinity; }

/// 2-norms of rows and of columns, and the Frobenius norm; squares below 2^-1074 are lost: + 2^-480.
inline std::vector<double> row_norms(const Matrix& a) {
    std::vector<double> out(a.rows);
    for (std::size_t i = 0; i < a.rows; ++i) {
        double sum = 0.0;
        for (std::size_t j = 0; j < a.cols; ++j) sum += a(i, j) * a(i, j);
        out[i] = up(std::sqrt(sum) + 0x1p-480);
    }
    return out;
}
inline std::vector<double> column_norms(const Matrix& a) {
    std::vector<double> out(a.cols, 0.0);
    for (std::size_t i = 0; i < a.rows; ++i) {
        for (std::size_t j = 0; j < a.cols; ++j) out[j] += a(i, j) * a(i, j);
    }
    for (double& x : out) x = up(std::sqrt(x) + 0x1p-480);
    return out;
}
inline double frobenius(const Matrix& a) {
    double sum = 0.0;
    for (const double x : a.data) sum += x * x;
    return up(std::sqrt(sum) + 0x1p-480);
}

/// Entrywise upper bounds of |a - I| over the ball matrix.
inline Matrix distance_from_identity(BallMatrix a) {
    for (std::size_t i = 0; i < a.rows(); ++i) a.mid(i, i) -= 1.0;  // errs by at most u |mid - 1|
    Matrix size = magnitude(a);
    for (std::size_t i = 0; i < a.rows(); ++i) size(i, i) = up(size(i, i));
    return size;
}

}  // namespace capnode::detail
