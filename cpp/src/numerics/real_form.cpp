#include "real_form.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/numerics/accurate_product.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/rounding.hpp"
#include "radius_product.hpp"

namespace capnode::detail {

std::vector<Kind> kinds(const std::vector<std::complex<double>>& lambda) {
    std::vector<Kind> k(lambda.size(), Kind::real);
    for (std::size_t i = 0; i < k.size(); ++i) {
        if (lambda[i].imag() > 0.0 && i + 1 < k.size()) {
            k[i] = Kind::first;
            k[i + 1] = Kind::second;
            ++i;
        }
    }
    return k;
}

// Each part of the result is one rounded sum, halved: |exact - result| <= u |result| in each part, one unit in the last
// place in all.
ComplexMatrix complex_form(const Matrix& m, const std::vector<Kind>& kind) {
    const std::size_t n = m.rows;
    ComplexMatrix c(n, n);
    for (std::size_t i = 0; i < n; ++i) {
        if (kind[i] == Kind::second) {
            std::copy(c.re.row(i - 1), c.re.row(i - 1) + n, c.re.row(i));
            for (std::size_t j = 0; j < n; ++j) c.im(i, j) = -c.im(i - 1, j);
            // conjugate row: entry (conj i, j) = conj of entry (i, conj j)
            for (std::size_t j = 0; j + 1 < n; ++j) {
                if (kind[j] != Kind::first) continue;
                std::swap(c.re(i, j), c.re(i, j + 1));
                std::swap(c.im(i, j), c.im(i, j + 1));
            }
            continue;
        }
        const double* a = m.row(i);
        const bool pair_row = kind[i] == Kind::first;
        const double* b = pair_row ? m.row(i + 1) : nullptr;
        double *re = c.re.row(i), *im = c.im.row(i);
        for (std::size_t j = 0; j < n; ++j) {
            if (kind[j] == Kind::real) {
                re[j] = pair_row ? 0.5 * a[j] : a[j];
                im[j] = pair_row ? -0.5 * b[j] : 0.0;
            } else if (pair_row) {
                re[j] = 0.5 * (a[j] + b[j + 1]);
                im[j] = 0.5 * (a[j + 1] - b[j]);
                re[j + 1] = 0.5 * (a[j] - b[j + 1]);
                im[j + 1] = -0.5 * (a[j + 1] + b[j]);
                ++j;
            } else {
                re[j] = a[j];
                im[j] = a[j + 1];
                re[j + 1] = a[j];
                im[j + 1] = -a[j + 1];
                ++j;
            }
        }
    }
    return c;
}

// Radii of the complex form from radii of the real one: |(d_ac + d_bd, d_ad + d_bc)|_2 / 2 and its special cases.
Matrix complex_form_radius(const Matrix& d, const std::vector<Kind>& kind) {
    const std::size_t n = d.rows;
    Matrix r(n, n);
    for (std::size_t i = 0; i < n; ++i) {
        double* out = r.row(i);
        if (kind[i] == Kind::second) {
            std::copy(r.row(i - 1), r.row(i - 1) + n, out);
            continue;
        }
        const double* a = d.row(i);
        const bool pair_row = kind[i] == Kind::first;
        const double* b = pair_row ? d.row(i + 1) : nullptr;
        for (std::size_t j = 0; j < n; ++j) {
            if (kind[j] == Kind::real) {
                out[j] = pair_row ? ulps_up(0.5 * modulus_up(a[j], b[j]), 1) : a[j];
            } else {
                const double v = pair_row ? 0.5 * modulus_up(ulps_up(a[j] + b[j + 1], 1), ulps_up(a[j + 1] + b[j], 1))
                                          : modulus_up(a[j], a[j + 1]);
                out[j] = out[j + 1] = ulps_up(v, 1);
                ++j;
            }
        }
    }
    return r;
}

ComplexMatrix complex_columns(const Matrix& v, const std::vector<Kind>& kind) {
    ComplexMatrix c{v, Matrix(v.rows, v.cols)};
    for (std::size_t k = 0; k < v.rows; ++k) {
        for (std::size_t j = 0; j < v.cols; ++j) {
            if (kind[j] != Kind::first) continue;
            c.im(k, j) = v(k, j + 1);
            c.im(k, j + 1) = -v(k, j + 1);
            c.re(k, j + 1) = v(k, j);
        }
    }
    return c;
}

// The halves are exact: entries below 2^-1000 were set to zero before.
ComplexMatrix complex_rows(const Matrix& r, const std::vector<Kind>& kind) {
    ComplexMatrix c{r, Matrix(r.rows, r.cols)};
    for (std::size_t i = 0; i < r.rows; ++i) {
        if (kind[i] != Kind::first) continue;
        for (std::size_t k = 0; k < r.cols; ++k) {
            c.re(i, k) = c.re(i + 1, k) = 0.5 * r(i, k);
            c.im(i, k) = -0.5 * r(i + 1, k);
            c.im(i + 1, k) = 0.5 * r(i + 1, k);
        }
    }
    return c;
}

// ---- residuals -----------------------------------------------------------------------------------------------------

// S = A V - V D in real form, A taken at its midpoint. For a pair: A a - (alpha a - beta b), A b - (beta a + alpha b).
BallMatrix plain_residual(const Matrix& a, const Matrix& v, const std::vector<std::complex<double>>& lambda,
                          const std::vector<Kind>& kind) {
    BallMatrix s = multiply(a, v);
    const std::size_t n = v.rows;
    const auto subtract_from = [](double& mid, double& rad, double p, double q) {
        // mid - (p + q) with p, q rounded products: at most five roundings of size u (|mid| + |p| + |q|), three
        // underflows
        const double moduli = std::fabs(mid) + (std::fabs(p) + std::fabs(q));
        mid -= p + q;
        rad = ulps_up(rad + 6.0 * unit_roundoff * moduli, 8);
    };
    for (std::size_t k = 0; k < n; ++k) {
        double *mid = s.mid.row(k), *rad = s.rad.row(k);
        const double* row = v.row(k);
        for (std::size_t j = 0; j < n; ++j) {
            const double alpha = lambda[j].real(), beta = lambda[j].imag();
            if (kind[j] == Kind::real) {
                subtract_from(mid[j], rad[j], alpha * row[j], 0.0);
            } else {
                subtract_from(mid[j], rad[j], alpha * row[j], -(beta * row[j + 1]));
                subtract_from(mid[j + 1], rad[j + 1], beta * row[j], alpha * row[j + 1]);
                ++j;
            }
        }
    }
    return s;
}

BallMatrix sharp_residual(const Matrix& a, const Matrix& v, const std::vector<std::complex<double>>& lambda,
                          const std::vector<Kind>& kind) {
    const std::size_t n = v.rows;
    ExpandedMatrix c{Matrix(n, n), Matrix(n, n), Matrix(n, n)};
    const auto product_sum = [&c](std::size_t k, std::size_t j, double x, double y, double z, double w) {
        // x y + z w = hi + lo with lo rounded: three small terms, two roundings; TwoProd may lose eta each where it
        // underflows
        const Sum p = two_product(x, y), q = two_product(z, w);
        const Sum h = two_sum(p.value, q.value);
        c.hi(k, j) = h.value;
        c.lo(k, j) = h.error + (p.error + q.error);
        const double moduli = std::fabs(h.error) + std::fabs(p.error) + std::fabs(q.error);
        c.rad(k, j) = ulps_up(4.0 * unit_roundoff * moduli, 8);
    };
    for (std::size_t k = 0; k < n; ++k) {
        const double* row = v.row(k);
        for (std::size_t j = 0; j < n; ++j) {
            const double alpha = lambda[j].real(), beta = lambda[j].imag();
            if (kind[j] == Kind::real) {
                product_sum(k, j, alpha, row[j], 0.0, 0.0);
            } else {
                product_sum(k, j, alpha, row[j], -beta, row[j + 1]);
                product_sum(k, j + 1, beta, row[j], alpha, row[j + 1]);
                ++j;
            }
        }
    }
    return accurate_residual(a, v, c);
}

}  // namespace capnode::detail
