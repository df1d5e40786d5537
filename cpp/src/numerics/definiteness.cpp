#include "capnode/numerics/definiteness.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/rounding.hpp"
#include "radius_product.hpp"

namespace capnode {

using detail::ulps_up;

namespace {

void require_square(const BallMatrix& a) {
    if (a.rows() != a.cols()) {
        throw std::invalid_argument("a symmetric matrix is square, got " + std::to_string(a.rows()) + " x " +
                                    std::to_string(a.cols()));
    }
}

// The symmetric matrices within `a`, with a symmetric midpoint: of a_ij and a_ji the ball with the smaller radius is
// kept.
BallMatrix symmetric(const BallMatrix& a) {
    BallMatrix s = a;
    for (std::size_t i = 0; i < a.rows(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            const bool lower = a.rad(i, j) <= a.rad(j, i);
            s.mid(i, j) = s.mid(j, i) = lower ? a.mid(i, j) : a.mid(j, i);
            s.rad(i, j) = s.rad(j, i) = lower ? a.rad(i, j) : a.rad(j, i);
        }
    }
    return s;
}

// A lower bound of lambda_min of the symmetric float matrix m - shift I, by Cholesky; -inf where the factorisation
// breaks down.
//
// Let B = fl(m - shift I). If B = L L^T runs to completion in floating point, in any order of summation, with quotients
// or products with a rounded reciprocal (two roundings) for divisions, then |B - L L^T| <= g |L||L^T| + under, g =
// gamma_{n+8} (Higham, theorem 10.3, whose gamma_{n+1} allows for neither the reciprocal nor our slack), and row norms
// obey |l_j|^2 <= b_jj/(1 - g) + under. Hence
//     |B - L L^T|_2 <= g/(1-g) sum_j b_jj + underflow,   lambda_min(B) >= -that,
// underflow <= 4 n eta (n + 2 + max b_jj): n products a sum, and quotients that lose eta times a pivot (pivots <= 1 +
// max b_jj).
double least_by_cholesky(const Matrix& m, double shift) {
    const std::size_t n = m.rows;
    Matrix b = m;
    double trace = 0.0, greatest = 0.0, rounding = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        const Sum d = two_sum(m(i, i), -shift);
        b(i, i) = d.value;
        rounding = std::max(rounding, std::fabs(d.error));
        trace += d.value;
        greatest = std::max(greatest, d.value);
        if (!(d.value > 0.0) || !(d.value < 0x1p900)) return -infinity;
    }
    Matrix l;
    if (!blas::cholesky(b, l)) return -infinity;
    const double size = static_cast<double>(n);
    const double g = gamma_up(size + 8.0);
    const double ratio = divide_up(g, subtract_down(1.0, g));
    const double underflow = next_up(4.0 * size * smallest_subnormal * (size + 2.0 + greatest));
    const double c = ulps_up(ulps_up(ratio * inflate(trace, size), 1) + underflow, 1);
    return subtract_down(0.0, ulps_up(c + rounding, 1));
}

// lambda_min(m) >= returned value; `hint_bar` is an approximation of lambda_min.
double least_eigenvalue_down(const Matrix& m, double hint_bar) {
    double trace = 0.0;
    for (std::size_t i = 0; i < m.rows; ++i) trace += std::fabs(m(i, i)) + std::fabs(hint_bar);
    double margin = 2.0 * gamma_up(static_cast<double>(m.rows) + 8.0) * trace +
                    4.0 * unit_roundoff * std::fabs(hint_bar) + 0x1p-1000;
    double best = -infinity;
    for (int attempt = 0; attempt < 6 && best == -infinity; ++attempt, margin *= 16.0) {
        const double shift = hint_bar - margin;
        const double least = least_by_cholesky(m, shift);
        if (least > -infinity) best = std::max(best, add_down(shift, least));
    }
    return best;
}

// Rayleigh: lambda_min(m) <= v^T m v / v^T v <= lambda_max(m) for any v != 0. Encloses the quotient.
Interval rayleigh(const Matrix& m, const Matrix& vectors, std::size_t column) {
    const std::size_t n = m.rows;
    Matrix v(n, 1), vt(1, n);
    for (std::size_t i = 0; i < n; ++i) v.data[i] = vt.data[i] = vectors(i, column);
    const BallMatrix top = multiply(vt, multiply(m, v)), square = multiply(vt, v);
    const double lo = subtract_down(top.mid(0, 0), top.rad(0, 0)), hi = add_up(top.mid(0, 0), top.rad(0, 0));
    const double s_lo = subtract_down(square.mid(0, 0), square.rad(0, 0)),
                 s_hi = add_up(square.mid(0, 0), square.rad(0, 0));
    if (!(s_lo > 0.0) || !(std::fabs(lo) < infinity) || !(std::fabs(hi) < infinity)) return {-infinity, infinity};
    const double q_lo = next_down(lo / (lo > 0.0 ? s_hi : s_lo)), q_hi = next_up(hi / (hi > 0.0 ? s_lo : s_hi));
    return {q_lo, q_hi};
}

}  // namespace

BallMatrix symmetric_part(const BallMatrix& a) {
    require_square(a);
    return scale(add(a, transpose(a)), Ball{0.5, 0.0});
}

double perron_up(const Matrix& nonnegative) {
    const std::size_t n = nonnegative.rows;
    if (n == 0 || detail::is_zero(nonnegative)) return 0.0;
    std::vector<double> x(n, 1.0);
    double best = infinity;
    for (int sweep = 0; sweep < 8; ++sweep) {
        const std::vector<double> y = nonnegative_product(nonnegative, x);
        double greatest = 0.0, scale_y = 0.0;
        for (std::size_t i = 0; i < n; ++i) {
            const double q = divide_up(y[i], x[i]);
            if (!(q <= greatest)) greatest = q < infinity ? q : infinity;
            scale_y = std::max(scale_y, y[i]);
        }
        best = std::min(best, greatest);
        if (!(scale_y > 0.0) || !(scale_y < infinity)) break;
        // a positive vector nearer to Perron's: the half sum keeps cycles and zero rows from spoiling it
        for (std::size_t i = 0; i < n; ++i) x[i] = std::max(0.5 * x[i] + 0.5 * y[i] / scale_y, 0x1p-60);
    }
    return best;
}

ExtremeEigenvalues extreme_eigenvalues(const BallMatrix& a) {
    require_square(a);
    ExtremeEigenvalues e{{-infinity, infinity}, {-infinity, infinity}};
    if (a.rows() == 0 || !is_finite(a)) return e;
    const BallMatrix s = symmetric(a);
    const std::size_t n = s.rows();
    std::vector<double> values;
    Matrix vectors;
    if (!blas::syev(s.mid, true, values, vectors)) return e;
    const double spread = perron_up(s.rad);  // |Delta|_2 <= |rad|_2 = its Perron root (Weyl)
    const double least = least_eigenvalue_down(s.mid, values.front());
    Matrix negative = s.mid;
    for (double& v : negative.data) v = -v;
    const double greatest = -least_eigenvalue_down(negative, -values.back());
    e.least = {subtract_down(least, spread), add_up(rayleigh(s.mid, vectors, 0).hi, spread)};
    e.largest = {subtract_down(rayleigh(s.mid, vectors, n - 1).lo, spread), add_up(greatest, spread)};
    return e;
}

bool positive_definite(const BallMatrix& a) {
    require_square(a);
    if (!is_finite(a)) return false;
    if (a.rows() == 0) return true;
    const BallMatrix s = symmetric(a);
    const std::size_t n = s.rows();
    const double spread = perron_up(s.rad);
    double trace = 0.0;
    for (std::size_t i = 0; i < n; ++i) trace += s.mid(i, i);
    const double shift =
        2.2 * gamma_up(static_cast<double>(n) + 8.0) * std::fabs(trace) + spread * (1.0 + 0x1p-30) + 0x1p-1000;
    const double least = add_down(shift, least_by_cholesky(s.mid, shift));
    return least > spread;  // lambda_min >= least - spread > 0 for every symmetric matrix of the ball
}

double spectral_norm_up(const BallMatrix& a) {
    if (a.mid.size() == 0) return 0.0;
    if (!is_finite(a)) return infinity;
    const auto crude = [](const Matrix& m) {
        const std::vector<double> rows = row_sums(m), cols = column_sums(m);
        const double r = *std::max_element(rows.begin(), rows.end()), c = *std::max_element(cols.begin(), cols.end());
        return multiply_up(sqrt_up(r), sqrt_up(c));
    };
    const double simple = crude(magnitude(a));
    if (std::max(a.rows(), a.cols()) > 1500 || !(simple > 0x1p-400) || !(simple < 0x1p400)) return simple;
    // |A| <= |mid| + |rad|, |mid|^2 = lambda_max(mid^T mid)
    const Matrix t = transpose(a.mid);
    const BallMatrix square = a.rows() <= a.cols() ? multiply(a.mid, t) : multiply(t, a.mid);
    const double root = sqrt_up(extreme_eigenvalues(square).largest.hi);
    return std::min(simple, add_up(root, crude(a.rad)));
}

}  // namespace capnode
