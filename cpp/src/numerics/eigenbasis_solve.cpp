#include "capnode/numerics/eigenbasis_solve.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/numerics/rounding.hpp"
#include "radius_product.hpp"

namespace capnode {

using detail::ulps_up;

namespace {

void require_rows(const VerifiedEigenbasis& basis, const ComplexBallMatrix& r) {
    if (!basis.valid) throw std::invalid_argument("the eigenbasis is not valid: " + basis.reason);
    if (r.rows() != basis.n) {
        throw std::invalid_argument("the right-hand side has " + std::to_string(r.rows()) + " rows, the matrix " +
                                    std::to_string(basis.n));
    }
}

// Entries of A z for a real ball matrix and a complex ball vector, minus s z: the residual's matrix part.
ComplexBallMatrix shifted_product(const BallMatrix& a, ComplexBall s, const ComplexBallMatrix& z) {
    return subtract(multiply(a, z), scale(z, s));
}

bool has_midpoint(const ComplexBallMatrix& r) { return !detail::is_zero(r.mid.re) || !detail::is_zero(r.mid.im); }

ComplexBallMatrix point(const ComplexBallMatrix& z) { return ComplexBallMatrix(z.mid); }

ComplexBallMatrix column_of(const ComplexBallMatrix& a, std::size_t j) {
    ComplexBallMatrix c(a.rows(), 1);
    for (std::size_t i = 0; i < a.rows(); ++i) {
        c.mid.re(i, 0) = a.mid.re(i, j);
        c.mid.im(i, 0) = a.mid.im(i, j);
        c.rad(i, 0) = a.rad(i, j);
    }
    return c;
}

// A lower bound of |center_j - s| over the disc s.
double distance_down(const VerifiedEigenbasis& b, std::size_t j, ComplexBall s) {
    const double d = modulus_down(b.center[j].real() - s.re, b.center[j].imag() - s.im) * (1.0 - 0x1p-50);
    return subtract_down(d, s.rad);
}

// Floating-point quotient (re + i im)/(c - s.mid): a hint with a bound. Returns |quotient| up and an error bound of 16
// u of it, see eigenbasis_vectors.cpp; where the range is left the quotient is 0 and the error its whole modulus bound.
struct Quotient {
    double re = 0.0, im = 0.0, error = 0.0;
};
Quotient divide(double re, double im, double dr, double di, double distance) {
    Quotient q;
    const double square = dr * dr + di * di;
    const double size = modulus_up(re, im);
    if (size == 0.0) return q;
    if (square > 0x1p-800 && square < 0x1p800 && size > 0x1p-500 && size < 0x1p500) {
        q.re = (re * dr + im * di) / square;
        q.im = (im * dr - re * di) / square;
        q.error = ulps_up(16.0 * unit_roundoff * modulus_up(q.re, q.im) * (1.0 + 0x1p-40), 2);
    } else {
        q.error = distance > 0.0 ? ulps_up(size / distance, 1) : infinity;
    }
    return q;
}

}  // namespace

// V^-1 r = (I-E)^-1 g, g = R r: |V^-1 r - g|_j <= e_j max|g| / (1 - alpha), column by column.
ComplexBallMatrix coordinates(const VerifiedEigenbasis& basis, const ComplexBallMatrix& r) {
    require_rows(basis, r);
    ComplexBallMatrix g = detail::multiply_with_modulus(basis.R, basis.R_abs, r);
    const double inverse = divide_up(1.0, subtract_down(1.0, basis.alpha));
    for (std::size_t c = 0; c < g.cols(); ++c) {
        double greatest = 0.0;
        for (std::size_t j = 0; j < basis.n; ++j) {
            const double v = ulps_up(modulus_up(g.mid.re(j, c), g.mid.im(j, c)) + g.rad(j, c), 1);
            greatest = std::max(greatest, v);
        }
        const double bound = ulps_up(greatest * inverse, 1);
        for (std::size_t j = 0; j < basis.n; ++j) {
            if (greatest != 0.0) g.rad(j, c) = ulps_up(g.rad(j, c) + ulps_up(basis.e[j] * bound, 1), 1);
        }
    }
    return g;
}

namespace {

// One application of the theorem in the header; distances and rho are those of the caller.
//   centre  y_j = fl(g_j/(c_j - s));  with q = g/(c - s') for any s' in the disc:
//   |y*_j - y_j| <= |q_j - y_j| + rho_j/|c_j - s'| max|q| / (1 - k),
//   |q_j - y_j| <= (g_rad_j + |y_j| s_rad)/|c_j - s'| + rounding.
ComplexBallMatrix solve_once(const VerifiedEigenbasis& basis, ComplexBall s, const std::vector<double>& distance,
                             const std::vector<double>& feed, double k, const ComplexBallMatrix& r) {
    const ComplexBallMatrix g = coordinates(basis, r);
    const std::size_t n = basis.n;
    ComplexBallMatrix y(n, r.cols());
    const double inverse = divide_up(1.0, subtract_down(1.0, k));
    for (std::size_t c = 0; c < r.cols(); ++c) {
        double greatest = 0.0;
        for (std::size_t j = 0; j < n; ++j) {
            const Quotient q = divide(g.mid.re(j, c), g.mid.im(j, c), basis.center[j].real() - s.re,
                                      basis.center[j].imag() - s.im, distance[j]);
            const double size = ulps_up(modulus_up(q.re, q.im) + q.error, 1);  // of the exact quotient too
            const double spread = g.rad(j, c) + size * s.rad;
            const double rad = ulps_up(ulps_up(spread, 2) / distance[j] + q.error, 2);
            y.mid.re(j, c) = q.re;
            y.mid.im(j, c) = q.im;
            y.rad(j, c) = rad;
            greatest = std::max(greatest, ulps_up(size + rad, 1));
        }
        const double bound = ulps_up(greatest * inverse, 1);
        for (std::size_t j = 0; j < n; ++j) {
            if (greatest != 0.0) y.rad(j, c) = ulps_up(y.rad(j, c) + ulps_up(feed[j] * bound, 1), 1);
        }
    }
    return detail::multiply_with_modulus(basis.V, basis.V_abs, y);
}

}  // namespace

std::optional<ComplexBallMatrix> shifted_solve(const VerifiedEigenbasis& basis, const BallMatrix& a, ComplexBall s,
                                               const ComplexBallMatrix& r, double* contraction) {
    require_rows(basis, r);
    const std::size_t n = basis.n;
    std::vector<double> distance(n), feed(n);
    double k = 0.0;
    for (std::size_t j = 0; j < n; ++j) {
        distance[j] = distance_down(basis, j, s);
        feed[j] = distance[j] > 0.0 ? divide_up(basis.row_radius[j], distance[j]) : infinity;
        if (!(feed[j] <= k)) k = feed[j] < infinity ? feed[j] : infinity;
    }
    if (contraction != nullptr) *contraction = k;
    if (!(k < 0.5)) return std::nullopt;
    ComplexBallMatrix z = solve_once(basis, s, distance, feed, k, r);
    if (!has_midpoint(r)) return z;
    // (A - s)^-1 r = z0 + (A - s)^-1 (r - (A - s) z0) for the floats z0
    const ComplexBallMatrix z0 = point(z);
    const ComplexBallMatrix residual = subtract(r, shifted_product(a, s, z0));
    const ComplexBallMatrix corrected = add(z0, solve_once(basis, s, distance, feed, k, residual));
    // both enclose; keep the narrower one entry by entry
    for (std::size_t i = 0; i < z.rad.size(); ++i) {
        if (corrected.rad.data[i] < z.rad.data[i]) {
            z.mid.re.data[i] = corrected.mid.re.data[i];
            z.mid.im.data[i] = corrected.mid.im.data[i];
            z.rad.data[i] = corrected.rad.data[i];
        }
    }
    return z;
}

ComplexBall row_times(const ComplexMatrix& r, std::size_t i, const ComplexBallMatrix& z) {
    ComplexMatrix row(1, r.cols());
    std::copy(r.re.row(i), r.re.row(i) + r.cols(), row.re.row(0));
    std::copy(r.im.row(i), r.im.row(i) + r.cols(), row.im.row(0));
    const ComplexBallMatrix p = multiply(row, column_of(z, 0));
    return {p.mid.re(0, 0), p.mid.im(0, 0), p.rad(0, 0)};
}

// ---- the bordered system -------------------------------------------------------------------------------------------
//
// With z = V y, g = V^-1 r, h = V^-1 v:   (c_j - s) y_j + (G y)_j - h_j mu = g_j,   y_i - (E y)_i = sigma, because psi
// V = e_i^T - E_i. Take y0_j = g_j/(c_j - s) (j != i), y0_i = sigma, mu0 = ((c_i - s) sigma - g_i)/h_i. With Y >=
// max|y|, M >= |mu| and
//     a_j = rho_j/|c_j - s|, a_i = e_i, b_j = |h_j|/|c_j - s|, b_i = 0, theta = (|c_i - s| e_i + rho_i)/|h_i|:
//     |y_j - y0_j| <= a_j Y + b_j M,   |mu - mu0| <= theta Y,
//     Y <= Y0 + max a Y + max b M,  M <= M0 + theta Y   =>   Y <= (Y0 + max b M0)/(1 - max a - max b theta),
// which also proves the system nonsingular: with zero data Y = 0.

std::optional<BorderedSystem> BorderedSystem::of(const VerifiedEigenbasis& basis, const BallMatrix& a, std::size_t i,
                                                 ComplexBall s, const ComplexBallMatrix& v, std::string* reason) {
    require_rows(basis, v);
    if (i >= basis.n || v.cols() != 1)
        throw std::invalid_argument("the border needs an index below n and one column v");
    const auto fail = [reason](std::string text) -> std::optional<BorderedSystem> {
        if (reason != nullptr) *reason = std::move(text);
        return std::nullopt;
    };
    const std::size_t n = basis.n;
    BorderedSystem b;
    b.basis_ = &basis;
    b.a_ = &a;
    b.i_ = i;
    b.s_ = s;
    b.v_ = v;
    b.h_ = coordinates(basis, v);
    b.feed_y_.assign(n, 0.0);
    b.feed_mu_.assign(n, 0.0);
    for (std::size_t j = 0; j < n; ++j) {
        if (j == i) {
            b.feed_y_[j] = basis.e[i];
        } else {
            const double distance = distance_down(basis, j, s);
            const double h = ulps_up(modulus_up(b.h_.mid.re(j, 0), b.h_.mid.im(j, 0)) + b.h_.rad(j, 0), 1);
            b.feed_y_[j] = distance > 0.0 ? divide_up(basis.row_radius[j], distance) : infinity;
            b.feed_mu_[j] = distance > 0.0 ? divide_up(h, distance) : infinity;
        }
        if (!(b.feed_y_[j] <= b.a_max_)) b.a_max_ = b.feed_y_[j] < infinity ? b.feed_y_[j] : infinity;
        if (!(b.feed_mu_[j] <= b.b_max_)) b.b_max_ = b.feed_mu_[j] < infinity ? b.feed_mu_[j] : infinity;
    }
    const double h_down = subtract_down(modulus_down(b.h_.mid.re(i, 0), b.h_.mid.im(i, 0)), b.h_.rad(i, 0));
    if (!(h_down > 0.0)) return fail("the coordinate of v along the critical eigenvector may vanish");
    const double shift = modulus_up(basis.center[i].real() - s.re, basis.center[i].imag() - s.im) * (1.0 + 0x1p-50);
    const double near = ulps_up(shift + s.rad, 2);
    b.theta_ = divide_up(ulps_up(near * basis.e[i] + basis.row_radius[i], 2), h_down);
    const double used = ulps_up(b.a_max_ + ulps_up(b.b_max_ * b.theta_, 1), 1);
    b.denominator_ = subtract_down(1.0, used);
    if (!(b.denominator_ > 0.0)) {
        return fail("the bordered system may be singular: max a + max b theta = " + number_text(used, 3) +
                    ", needed < 1");
    }
    return b;
}

BorderedSolution BorderedSystem::solve_once(const ComplexBallMatrix& r, ComplexBall sigma) const {
    const VerifiedEigenbasis& basis = *basis_;
    const std::size_t n = basis.n;
    const ComplexBallMatrix g = coordinates(basis, r);
    ComplexBallMatrix y(n, 1);
    double y_max = 0.0;
    for (std::size_t j = 0; j < n; ++j) {
        if (j == i_) {
            y.mid.re(j, 0) = sigma.re;
            y.mid.im(j, 0) = sigma.im;
            y.rad(j, 0) = sigma.rad;
        } else {
            const double distance = distance_down(basis, j, s_);
            const Quotient q = divide(g.mid.re(j, 0), g.mid.im(j, 0), basis.center[j].real() - s_.re,
                                      basis.center[j].imag() - s_.im, distance);
            const double size = ulps_up(modulus_up(q.re, q.im) + q.error, 1);
            const double spread = g.rad(j, 0) + size * s_.rad;
            y.mid.re(j, 0) = q.re;
            y.mid.im(j, 0) = q.im;
            y.rad(j, 0) = ulps_up(ulps_up(spread, 2) / distance + q.error, 2);
        }
        y_max = std::max(y_max, ulps_up(modulus_up(y.mid.re(j, 0), y.mid.im(j, 0)) + y.rad(j, 0), 1));
    }
    // mu0 = ((c_i - s) sigma - g_i)/h_i as a quotient of discs
    const ComplexBallMatrix sigma_matrix = [&] {
        ComplexBallMatrix m(1, 1);
        m.mid.re(0, 0) = sigma.re;
        m.mid.im(0, 0) = sigma.im;
        m.rad(0, 0) = sigma.rad;
        return m;
    }();
    const Sum dr = two_sum(basis.center[i_].real(), -s_.re), di = two_sum(basis.center[i_].imag(), -s_.im);
    const ComplexBall shift{dr.value, di.value, ulps_up(s_.rad + modulus_up(dr.error, di.error), 1)};
    ComplexBallMatrix g_i(1, 1);
    g_i.mid.re(0, 0) = g.mid.re(i_, 0);
    g_i.mid.im(0, 0) = g.mid.im(i_, 0);
    g_i.rad(0, 0) = g.rad(i_, 0);
    const ComplexBallMatrix top = subtract(scale(sigma_matrix, shift), g_i);
    const double hr = h_.mid.re(i_, 0), hi = h_.mid.im(i_, 0), h_rad = h_.rad(i_, 0);
    const double h_down = subtract_down(modulus_down(hr, hi), h_rad);
    const Quotient q = divide(top.mid.re(0, 0), top.mid.im(0, 0), hr, hi, h_down);
    ComplexBall mu{q.re, q.im, 0.0};
    mu.rad =
        ulps_up(ulps_up(top.rad(0, 0) + ulps_up(modulus_up(q.re, q.im) + q.error, 1) * h_rad, 2) / h_down + q.error, 2);
    const double m0 = ulps_up(modulus_up(mu.re, mu.im) + mu.rad, 1);

    const double y_bound = divide_up(ulps_up(y_max + ulps_up(b_max_ * m0, 1), 1), denominator_);
    const double m_bound = ulps_up(m0 + ulps_up(theta_ * y_bound, 1), 1);
    if (y_bound != 0.0 || m_bound != 0.0) {
        for (std::size_t j = 0; j < n; ++j) {
            const double more = ulps_up(feed_y_[j] * y_bound + feed_mu_[j] * m_bound, 3);
            y.rad(j, 0) = ulps_up(y.rad(j, 0) + more, 1);
        }
        mu.rad = ulps_up(mu.rad + ulps_up(theta_ * y_bound, 1), 1);
    }
    if (!(mu.rad < infinity) || !(std::fabs(mu.re) < infinity) || !(std::fabs(mu.im) < infinity))
        mu = {0.0, 0.0, infinity};
    return {detail::multiply_with_modulus(basis.V, basis.V_abs, y), mu};
}

BorderedSolution BorderedSystem::solve(const ComplexBallMatrix& r, ComplexBall sigma) const {
    require_rows(*basis_, r);
    BorderedSolution x = solve_once(r, sigma);
    if (!has_midpoint(r) && sigma.re == 0.0 && sigma.im == 0.0) return x;
    // the residual of the floats (z0, mu0), solved for again
    const ComplexBallMatrix z0 = point(x.z);
    const ComplexBall mu0{x.mu.re, x.mu.im, 0.0};
    const ComplexBallMatrix residual = add(subtract(r, shifted_product(*a_, s_, z0)), scale(v_, mu0));
    const ComplexBall psi_z = row_times(basis_->R, i_, z0);
    const Sum re = two_sum(sigma.re, -psi_z.re), im = two_sum(sigma.im, -psi_z.im);
    const ComplexBall rest{re.value, im.value,
                           ulps_up(ulps_up(sigma.rad + psi_z.rad, 1) + modulus_up(re.error, im.error), 1)};
    const BorderedSolution d = solve_once(residual, rest);
    const ComplexBallMatrix z = add(z0, d.z);
    for (std::size_t i = 0; i < z.rad.size(); ++i) {
        if (z.rad.data[i] < x.z.rad.data[i]) {
            x.z.mid.re.data[i] = z.mid.re.data[i];
            x.z.mid.im.data[i] = z.mid.im.data[i];
            x.z.rad.data[i] = z.rad.data[i];
        }
    }
    const Sum mre = two_sum(mu0.re, d.mu.re), mim = two_sum(mu0.im, d.mu.im);
    const double mu_rad = ulps_up(d.mu.rad + modulus_up(mre.error, mim.error), 1);
    if (mu_rad < x.mu.rad) x.mu = {mre.value, mim.value, mu_rad};
    return x;
}

}  // namespace capnode
