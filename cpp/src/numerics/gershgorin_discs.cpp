// Discs, isolation, second-order radii and half-plane counts of a verified eigenbasis.
//
// Second-order radii of an isolated disc i (own derivation). Let lambda be the one eigenvalue in row disc i, (D + F) y
// = lambda y with greatest modulus max_k |y_k| = 1 attained at k. Then |lambda - center_k| <= row_radius_k, so disc k
// meets disc i, so k = i: scale y_i = 1, |y_j| <= 1. Row j != i, with d_j = lambda_j + F_jj, |d_j - center_j| <=
// radius_j - (sum of the others):
//     (lambda - d_j) y_j = F_ji + sum_{k != i, j} F_jk y_k,    |lambda - d_j| >= |c_i - c_j| - radius_i - radius_j =
//     gap_ij > 0,
// hence |y_j| <= (|F_ji| + row_radius_j m)/gap_ij whenever m >= max_{k != i} |y_k|; start with m = min(1, max_j
// row_radius_j/gap_ij), each sweep can only tighten. Row i: lambda = d_i + sum_{j != i} F_ij y_j. Left vectors: the
// same with columns; the column disc i holds the same eigenvalue, because disc i (radius = max of both) meets no other
// disc.
#include <algorithm>
#include <cmath>
#include <deque>
#include <stdexcept>
#include <string>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/eigenbasis.hpp"
#include "capnode/numerics/rounding.hpp"
#include "radius_product.hpp"

namespace capnode {

using detail::ulps_up;

namespace {

// A lower bound of |a - b|: the difference errs by u relatively, modulus_down is below by more than that.
double distance_down(std::complex<double> a, std::complex<double> b) {
    return modulus_down(a.real() - b.real(), a.imag() - b.imag()) * (1.0 - 0x1p-50);
}

double up_sum(double sum, std::size_t terms) { return sum == 0.0 ? 0.0 : inflate(sum, static_cast<double>(terms)); }

}  // namespace

void update_discs(VerifiedEigenbasis& basis) {
    const std::size_t n = basis.n;
    const Matrix t_abs = absolute(basis.T);
    const double inverse = divide_up(1.0, subtract_down(1.0, basis.alpha));

    basis.column_bound.assign(n, 0.0);
    for (std::size_t k = 0; k < n; ++k) {
        const double *t = t_abs.row(k), *r = basis.T_rad.row(k);
        for (std::size_t j = 0; j < n; ++j) {
            const double v = t[j] + r[j];
            if (!(v <= basis.column_bound[j])) basis.column_bound[j] = v < infinity ? v : infinity;
        }
    }
    for (double& b : basis.column_bound) b = ulps_up(ulps_up(b, 1) * inverse, 1);

    // |F_ij| <= t_abs + F_rad; row and column sums without the diagonal
    Matrix f(n, n);
    basis.row_radius.assign(n, 0.0);
    basis.column_radius.assign(n, 0.0);
    basis.center.resize(n);
    basis.center_rounding.assign(n, 0.0);
    std::vector<double> diagonal(n);
    for (std::size_t i = 0; i < n; ++i) {
        const double *t = t_abs.row(i), *r = basis.T_rad.row(i), *b = basis.column_bound.data();
        double* out = f.row(i);
        const double e = basis.e[i];
        for (std::size_t j = 0; j < n; ++j) out[j] = ulps_up(t[j] + (r[j] + e * b[j]), 4);
        const Sum re = two_sum(basis.lambda[i].real(), basis.T.re(i, i));
        const Sum im = two_sum(basis.lambda[i].imag(), basis.T.im(i, i));
        basis.center[i] = {re.value, im.value};
        basis.center_rounding[i] = modulus_up(re.error, im.error);
        diagonal[i] = ulps_up(basis.F_rad(i, i) + basis.center_rounding[i], 1);
        out[i] = 0.0;
        double sum = 0.0;
        for (std::size_t j = 0; j < n; ++j) sum += out[j];
        basis.row_radius[i] = ulps_up(up_sum(sum, n) + diagonal[i], 1);
        for (std::size_t j = 0; j < n; ++j) basis.column_radius[j] += out[j];
    }
    basis.radius.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
        basis.column_radius[i] = ulps_up(up_sum(basis.column_radius[i], n) + diagonal[i], 1);
        basis.radius[i] = std::max(basis.row_radius[i], basis.column_radius[i]);
    }

    const Matrix f_columns = transpose(f);
    basis.separation.assign(n, infinity);
    basis.isolated.assign(n, 0);
    basis.coupling.assign(n, infinity);
    basis.coupling_max.assign(n, infinity);
    basis.eigenvalue_radius = basis.row_radius;
    std::vector<double> gap(n), y(n);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
            if (j == i) continue;
            const double rounding = basis.radius[i] + basis.radius[j];
            gap[j] = subtract_down(distance_down(basis.center[i], basis.center[j]), ulps_up(rounding, 1));
            if (!(gap[j] >= basis.separation[i])) basis.separation[i] = gap[j];
        }
        if (!(basis.separation[i] > 0.0) || !(basis.radius[i] < infinity)) continue;
        basis.isolated[i] = 1;
        const double* column = f_columns.row(i);  // |F_ji|
        double m = 1.0;
        for (int sweep = 0; sweep < 4; ++sweep) {
            double greatest = 0.0;
            for (std::size_t j = 0; j < n; ++j) {
                if (j == i) {
                    y[j] = 0.0;
                    continue;
                }
                y[j] = ulps_up((column[j] + basis.row_radius[j] * m) / gap[j], 3);
                if (sweep == 0) y[j] = std::min(y[j], ulps_up(basis.row_radius[j] / gap[j], 1));
                greatest = std::max(greatest, y[j]);
            }
            m = std::min(m, greatest);
        }
        double sum = 0.0;
        for (std::size_t j = 0; j < n; ++j) sum += f(i, j) * y[j];
        basis.coupling[i] = n > 1 ? up_sum(sum, n + 2) + static_cast<double>(n) * smallest_subnormal : 0.0;
        basis.coupling_max[i] = m;
        basis.eigenvalue_radius[i] = std::min(basis.row_radius[i], ulps_up(diagonal[i] + basis.coupling[i], 1));
    }
}

ComplexBall eigenvalue(const VerifiedEigenbasis& basis, std::size_t i) {
    if (!basis.valid || i >= basis.n || !basis.isolated[i]) {
        throw std::invalid_argument("disc " + std::to_string(i) + " of " + std::to_string(basis.n) +
                                    " is not isolated");
    }
    return {basis.center[i].real(), basis.center[i].imag(), basis.eigenvalue_radius[i]};
}

namespace {

// Each disc on one side, or undecided together with all discs it is connected with.
HalfPlaneCount count(const VerifiedEigenbasis& basis, std::size_t skip_a, std::size_t skip_b) {
    const std::size_t n = basis.n;
    enum Side : char { positive, negative, straddling };
    std::vector<Side> side(n);
    std::deque<std::size_t> queue;
    for (std::size_t i = 0; i < n; ++i) {
        // isolated discs: the second-order radius decides; the others: the row disc
        const double r = basis.isolated[i] ? basis.eigenvalue_radius[i] : basis.row_radius[i];
        const double re = basis.center[i].real();
        side[i] = re > r ? positive : re < -r ? negative : straddling;
        if (side[i] == straddling && i != skip_a && i != skip_b && !basis.isolated[i]) queue.push_back(i);
    }
    while (!queue.empty()) {
        const std::size_t i = queue.front();
        queue.pop_front();
        for (std::size_t j = 0; j < n; ++j) {
            if (side[j] == straddling || basis.isolated[j]) continue;
            const double reach = ulps_up(basis.row_radius[i] + basis.row_radius[j], 1);
            if (distance_down(basis.center[i], basis.center[j]) > reach) continue;
            side[j] = straddling;
            queue.push_back(j);
        }
    }
    HalfPlaneCount c;
    for (std::size_t i = 0; i < n; ++i) {
        if (i == skip_a || i == skip_b) continue;
        (side[i] == positive ? c.positive : side[i] == negative ? c.negative : c.undecided) += 1;
    }
    return c;
}

}  // namespace

HalfPlaneCount count_half_planes(const VerifiedEigenbasis& basis) {
    if (!basis.valid) return {0, 0, basis.n};
    return count(basis, basis.n, basis.n);
}

HalfPlaneCount count_others(const VerifiedEigenbasis& basis, std::size_t i) {
    if (!basis.valid || i >= basis.n || !basis.isolated[i] || !basis.isolated[basis.conjugate[i]]) {
        return {0, 0, basis.n};
    }
    return count(basis, i, basis.conjugate[i]);
}

}  // namespace capnode
