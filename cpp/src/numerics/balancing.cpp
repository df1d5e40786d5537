#include "balancing.hpp"

#include <cmath>
#include <cstdlib>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode::detail {

// Powers of two d with D^-1 A D balanced in the 1-norm (Parlett, Reinsch 1969); all ones where nothing is gained.
// Hints.
std::vector<double> balancing(const Matrix& a) {
    const std::size_t n = a.rows;
    std::vector<double> d(n, 1.0);
    Matrix b = absolute(a);
    for (std::size_t i = 0; i < n; ++i) b(i, i) = 0.0;
    for (int sweep = 0; sweep < 20; ++sweep) {
        bool changed = false;
        for (std::size_t i = 0; i < n; ++i) {
            double c = 0.0, r = 0.0;
            for (std::size_t j = 0; j < n; ++j) {
                c += b(j, i);
                r += b(i, j);
            }
            if (!(c > 0.0) || !(r > 0.0) || !(c + r < infinity)) continue;
            const int e = static_cast<int>(std::lround(0.5 * (std::log2(r) - std::log2(c))));
            if (e == 0 || std::abs(e + std::ilogb(d[i])) > 400) continue;
            const double f = std::ldexp(1.0, e);
            if (!((c * f + r / f) < 0.95 * (c + r))) continue;
            changed = true;
            d[i] *= f;
            for (std::size_t j = 0; j < n; ++j) {
                b(j, i) *= f;
                b(i, j) /= f;
            }
        }
        if (!changed) break;
    }
    return d;
}

// D^-1 A D, exactly; false where an entry leaves the safe range.
bool apply_balancing(const Matrix& a, const std::vector<double>& d, Matrix& b) {
    b = Matrix(a.rows, a.cols);
    for (std::size_t i = 0; i < a.rows; ++i) {
        for (std::size_t j = 0; j < a.cols; ++j) {
            const double x = a(i, j);
            if (x == 0.0) continue;
            const double y = x * (d[j] / d[i]);
            if (!(std::fabs(y) > 0x1p-1000) || !(std::fabs(y) < 0x1p1000)) return false;
            b(i, j) = y;
        }
    }
    return true;
}

}  // namespace capnode::detail
