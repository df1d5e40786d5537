// Eigenvectors of isolated discs to first order with second-order radii, and real parts that are sharp in the radius of
// A.
//
// In the basis V the right vector is y, y_i = 1. With D = center_i - center_j, (lambda - d_j) y_j = F_ji + s_j, |s_j|
// <= row_radius_j m and lambda - d_j = D + theta, |theta| <= eigenvalue_radius_i + F_rad_jj + rounding:
//     y_j - T_ji/D = (F_ji - T_ji + s_j - (T_ji/D) theta)/(D + theta),   |.| <= (F_rad_ji + row_radius_j m + |T_ji/D|
//     |theta|)/gap_ij.
// Left vectors z likewise from columns. Back in the old basis q = V y and p = z V^-1 = z R + z E (I - E)^-1 R with
// |z E (I - E)^-1 R|_k <= sum_j |z_j| e_j max_m |R_mk| / (1 - alpha).
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/eigenbasis.hpp"
#include "capnode/numerics/rounding.hpp"
#include "radius_product.hpp"

namespace capnode {

using detail::ulps_up;

namespace {

void require_isolated(const VerifiedEigenbasis& basis, std::size_t i) {
    if (!basis.valid || i >= basis.n || !basis.isolated[i]) {
        throw std::invalid_argument("disc " + std::to_string(i) + " of " + std::to_string(basis.n) +
                                    " is not isolated");
    }
}

double gap_down(const VerifiedEigenbasis& b, std::size_t i, std::size_t j) {
    const double re = b.center[i].real() - b.center[j].real(), im = b.center[i].imag() - b.center[j].imag();
    return subtract_down(modulus_down(re, im) * (1.0 - 0x1p-50), ulps_up(b.radius[i] + b.radius[j], 1));
}

// The coordinates of one vector of the eigenvalue in disc i; `right`: y, else z.
void coordinates_of_vector(const VerifiedEigenbasis& b, std::size_t i, bool right, std::vector<double>& re,
                           std::vector<double>& im, std::vector<double>& rad) {
    const std::size_t n = b.n;
    std::vector<double> gap(n), f_rad(n), t_abs(n), f(n);
    const std::vector<double>& radius = right ? b.row_radius : b.column_radius;
    for (std::size_t j = 0; j < n; ++j) {
        if (j == i) continue;
        gap[j] = gap_down(b, i, j);
        const double tr = right ? b.T.re(j, i) : b.T.re(i, j), ti = right ? b.T.im(j, i) : b.T.im(i, j);
        f_rad[j] = right ? b.F_rad(j, i) : b.F_rad(i, j);
        t_abs[j] = modulus_up(tr, ti);
        f[j] = ulps_up(t_abs[j] + f_rad[j], 1);
    }
    double m = 1.0;
    for (int sweep = 0; sweep < 4; ++sweep) {
        double greatest = 0.0;
        for (std::size_t j = 0; j < n; ++j) {
            if (j == i) continue;
            double y = ulps_up((f[j] + radius[j] * m) / gap[j], 3);
            if (sweep == 0) y = std::min(y, ulps_up(radius[j] / gap[j], 1));
            greatest = std::max(greatest, y);
        }
        m = std::min(m, greatest);
    }
    for (std::size_t j = 0; j < n; ++j) {
        if (j == i) {
            re[j] = 1.0;
            im[j] = rad[j] = 0.0;
            continue;
        }
        const double tr = right ? b.T.re(j, i) : b.T.re(i, j), ti = right ? b.T.im(j, i) : b.T.im(i, j);
        const double dr = b.center[i].real() - b.center[j].real(), di = b.center[i].imag() - b.center[j].imag();
        const double square = dr * dr + di * di;
        double size = 0.0, extra = 0.0;
        re[j] = im[j] = 0.0;
        if (square > 0x1p-800 && square < 0x1p800 && t_abs[j] > 0x1p-500 && t_abs[j] < 0x1p500) {
            // T/D: differences (u each), products and sums (sqrt(2) gamma_2), the square (3u) and the quotient: below
            // 16u in all
            re[j] = (tr * dr + ti * di) / square;
            im[j] = (ti * dr - tr * di) / square;
            size = modulus_up(re[j], im[j]) * (1.0 + 0x1p-45);
            extra = 16.0 * unit_roundoff * size;
        } else {
            f_rad[j] = f[j];  // centre 0
        }
        const double theta = b.eigenvalue_radius[i] + (b.F_rad(j, j) + b.center_rounding[j] + b.center_rounding[i]);
        const double numerator = f_rad[j] + radius[j] * m + size * theta;
        rad[j] = ulps_up(ulps_up(numerator, 8) / gap[j] + extra * (1.0 + 0x1p-40), 4);
        if (!(rad[j] < infinity)) {
            re[j] = im[j] = 0.0;
            rad[j] = m;  // |y_j| <= m always
        }
    }
}

// sum_kl |Re(x_k y_l - z_k w_l)| a_kl rounded up; z null: without the second term. Each term is a sum of four products:
// fl errs by at most gamma_4 times the sum of moduli, which the second sum collects.
double real_weight(const double* xr, const double* xi, const double* yr, const double* yi, const double* zr,
                   const double* zi, const double* wr, const double* wi, const Matrix& a) {
    double total = 0.0;
    const std::size_t n = a.cols;
    for (std::size_t k = 0; k < a.rows; ++k) {
        double s = 0.0, moduli = 0.0;
        const double* r = a.row(k);
        const double p = xr[k], q = xi[k];
        if (zr == nullptr) {
            for (std::size_t l = 0; l < n; ++l) {
                const double u = p * yr[l], v = q * yi[l];
                s += std::fabs(u - v) * r[l];
                moduli += (std::fabs(u) + std::fabs(v)) * r[l];
            }
        } else {
            const double c = zr[k], d = zi[k];
            for (std::size_t l = 0; l < n; ++l) {
                const double u = p * yr[l], v = q * yi[l], x = c * wr[l], y = d * wi[l];
                s += std::fabs((u - v) - (x - y)) * r[l];
                moduli += (std::fabs(u) + std::fabs(v) + (std::fabs(x) + std::fabs(y))) * r[l];
            }
        }
        total += s + 8.0 * unit_roundoff * moduli;
    }
    const double terms = static_cast<double>(a.size());
    double greatest = 0.0;
    for (const double v : a.data) greatest = std::max(greatest, v);
    // underflows: at most eta per product, times the radius, and eta for each product with it
    const double slack = terms * 8.0 * smallest_subnormal * (1.0 + greatest);
    return total == 0.0 && greatest == 0.0 ? 0.0 : ulps_up(inflate(total, terms + 16.0) + slack, 4);
}

struct Planes {
    std::vector<double> r_re, r_im, v_re, v_im;
};
Planes planes(const VerifiedEigenbasis& b, std::size_t i) {
    Planes p{std::vector<double>(b.n), std::vector<double>(b.n), std::vector<double>(b.n), std::vector<double>(b.n)};
    for (std::size_t k = 0; k < b.n; ++k) {
        p.r_re[k] = b.R.re(i, k);
        p.r_im[k] = b.R.im(i, k);
        p.v_re[k] = b.V.re(k, i);
        p.v_im[k] = b.V.im(k, i);
    }
    return p;
}

// lambda_i - center_i without the first-order effect of the radius of A: rounding of T_ii, E, centre, second order.
double rest(const VerifiedEigenbasis& b, std::size_t i) {
    return ulps_up(b.diagonal_rounding[i] + b.e[i] * b.column_bound[i] + (b.center_rounding[i] + b.coupling[i]), 6);
}

void require_shape(const VerifiedEigenbasis& b, const Matrix& a_rad) {
    if (a_rad.rows != b.n || a_rad.cols != b.n) {
        throw std::invalid_argument("the radius is " + std::to_string(a_rad.rows) + " x " + std::to_string(a_rad.cols) +
                                    ", the matrix " + std::to_string(b.n) + " x " + std::to_string(b.n));
    }
}

}  // namespace

ComplexBallMatrix right_eigenvectors(const VerifiedEigenbasis& basis, const std::vector<std::size_t>& indices) {
    const std::size_t n = basis.n;
    ComplexBallMatrix y(n, indices.size());
    std::vector<double> re(n), im(n), rad(n);
    for (std::size_t c = 0; c < indices.size(); ++c) {
        require_isolated(basis, indices[c]);
        coordinates_of_vector(basis, indices[c], true, re, im, rad);
        for (std::size_t j = 0; j < n; ++j) {
            y.mid.re(j, c) = re[j];
            y.mid.im(j, c) = im[j];
            y.rad(j, c) = rad[j];
        }
    }
    return multiply(basis.V, y);
}

ComplexBallMatrix left_eigenvectors(const VerifiedEigenbasis& basis, const std::vector<std::size_t>& indices) {
    const std::size_t n = basis.n;
    ComplexBallMatrix z(indices.size(), n);
    std::vector<double> re(n), im(n), rad(n), weight(indices.size());
    for (std::size_t c = 0; c < indices.size(); ++c) {
        require_isolated(basis, indices[c]);
        coordinates_of_vector(basis, indices[c], false, re, im, rad);
        double sum = 0.0;
        for (std::size_t j = 0; j < n; ++j) {
            z.mid.re(c, j) = re[j];
            z.mid.im(c, j) = im[j];
            z.rad(c, j) = rad[j];
            sum += ulps_up(modulus_up(re[j], im[j]) + rad[j], 1) * basis.e[j];
        }
        weight[c] = ulps_up(inflate(sum, static_cast<double>(n), 2.0) + static_cast<double>(n) * smallest_subnormal, 1);
    }
    ComplexBallMatrix p = multiply(z, basis.R);
    const double inverse = divide_up(1.0, subtract_down(1.0, basis.alpha));
    for (std::size_t k = 0; k < n; ++k) {
        double greatest = 0.0;
        for (std::size_t m = 0; m < n; ++m) greatest = std::max(greatest, basis.R_abs(m, k));
        const double column = ulps_up(greatest * inverse, 1);
        for (std::size_t c = 0; c < indices.size(); ++c) {
            p.rad(c, k) = ulps_up(p.rad(c, k) + ulps_up(weight[c] * column, 1), 1);
        }
    }
    return p;
}

ComplexBall pairing(const VerifiedEigenbasis& basis, std::size_t i) {
    require_isolated(basis, i);
    const std::size_t n = basis.n;
    std::vector<double> re(n), im(n), rad(n), zre(n), zim(n), zrad(n);
    coordinates_of_vector(basis, i, true, re, im, rad);
    coordinates_of_vector(basis, i, false, zre, zim, zrad);
    double sum = 0.0;
    for (std::size_t j = 0; j < n; ++j) {
        if (j == i) continue;
        sum += ulps_up(modulus_up(re[j], im[j]) + rad[j], 1) * ulps_up(modulus_up(zre[j], zim[j]) + zrad[j], 1);
    }
    const double slack = static_cast<double>(n) * smallest_subnormal;
    return {1.0, 0.0, n > 1 ? ulps_up(inflate(sum, static_cast<double>(n), 2.0) + slack, 1) : 0.0};
}

Ball real_part(const VerifiedEigenbasis& basis, const Matrix& a_rad, std::size_t i) {
    require_isolated(basis, i);
    require_shape(basis, a_rad);
    const Planes p = planes(basis, i);
    const double first = real_weight(p.r_re.data(), p.r_im.data(), p.v_re.data(), p.v_im.data(), nullptr, nullptr,
                                     nullptr, nullptr, a_rad);
    return {basis.center[i].real(), std::min(basis.eigenvalue_radius[i], ulps_up(first + rest(basis, i), 1))};
}

Ball real_part_difference(const VerifiedEigenbasis& basis, const Matrix& a_rad, std::size_t i, std::size_t j) {
    require_isolated(basis, i);
    require_isolated(basis, j);
    require_shape(basis, a_rad);
    const Planes p = planes(basis, i), q = planes(basis, j);
    const double first = real_weight(p.r_re.data(), p.r_im.data(), p.v_re.data(), p.v_im.data(), q.r_re.data(),
                                     q.r_im.data(), q.v_re.data(), q.v_im.data(), a_rad);
    const Sum d = two_sum(basis.center[i].real(), -basis.center[j].real());
    const double rad = first + rest(basis, i) + rest(basis, j) + std::fabs(d.error);
    return {d.value, ulps_up(rad, 4)};
}

}  // namespace capnode
