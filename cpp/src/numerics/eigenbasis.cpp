// Construction. Everything of order n^3 is done with real matrices, in LAPACK's real form of a basis closed under
// conjugation: for a pair v = a + i b the real columns are (a, b), the dual rows (r_a, r_b), and in complex form
//     column v = a + i b,  row (r_a - i r_b)/2;   for the conjugate their conjugates.
// For any real matrix M (R' M' V' with real-form rows and columns) the complex form is then, block by block,
//     pair, pair:        ((M_ac + M_bd) + i (M_ad - M_bc))/2,   pair, conjugate: ((M_ac - M_bd) - i (M_ad + M_bc))/2
//     real row, pair:    M_rc + i M_rd          pair, real column: (M_ac - i M_bc)/2
// and the conjugate rows and columns are the conjugates: four real products become one.
#include "capnode/numerics/eigenbasis.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "capnode/numerics/accurate_product.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/rounding.hpp"
#include "eigenbasis_internal.hpp"
#include "radius_product.hpp"

namespace capnode {

using detail::ulps_up;

namespace {

// ---- the complex form ----------------------------------------------------------------------------------------------

enum class Kind : char { real, first, second };

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

// ---- balancing -----------------------------------------------------------------------------------------------------

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

std::string number(double x) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", x);
    return text;
}

VerifiedEigenbasis invalid(std::size_t n, std::string reason) {
    VerifiedEigenbasis basis;
    basis.n = n;
    basis.reason = std::move(reason);
    return basis;
}

}  // namespace

double VerifiedEigenbasis::F_rad(std::size_t i, std::size_t j) const {
    return ulps_up(T_rad(i, j) + ulps_up(e[i] * column_bound[j], 1), 1);
}

namespace detail {

VerifiedEigenbasis verify_basis(const BallMatrix& a, const Matrix& balanced_mid, const std::vector<double>& scaling,
                                CandidateBasis candidate, Residual residual) {
    const std::size_t n = a.rows();
    const std::vector<Kind> kind = kinds(candidate.lambda);
    Matrix& v = candidate.V;
    Matrix& r = candidate.R;
    if (r.size() == 0 && !blas::inverse(v, r)) return invalid(n, "the eigenvector matrix is numerically singular");
    // V and R are what we say they are: entries that would leave the safe range, here or after undoing the scaling, are
    // dropped
    for (std::size_t k = 0; k < n; ++k) {
        const double d = scaling.empty() ? 1.0 : scaling[k];
        for (std::size_t j = 0; j < n; ++j) {
            double &x = v(k, j), &y = r(j, k);
            if (!(std::fabs(x) > 0x1p-1000) || !(std::fabs(x * d) > 0x1p-1000)) x = 0.0;
            if (!(std::fabs(y) > 0x1p-1000) || !(std::fabs(y / d) > 0x1p-1000)) y = 0.0;
            if (!(std::fabs(x * d) < 0x1p1000) || !(std::fabs(y / d) < 0x1p1000)) {
                return invalid(n, "the eigenvector matrix is out of range");
            }
        }
    }

    VerifiedEigenbasis basis;
    basis.n = n;
    basis.lambda = candidate.lambda;

    // E = I - R V: the real form is known to within d = radius of the product + u |1 - g_ii|. In complex form (sums
    // round relatively) a row sum of the radii is at most 2 D_r for a real row and D_a + D_b for a pair, D = row sums
    // of d, because the moduli of the two entries of a pair are at most (d_ac + d_bd + d_ad + d_bc)/2 each.
    {
        Matrix g = blas::multiply(r, v);
        const Matrix v_abs = absolute(v);
        const std::vector<double> v_sum = row_sums(v_abs);
        const std::vector<double> rv = nonnegative_product(absolute(r), v_sum);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) g(i, j) = (i == j ? 1.0 : 0.0) - g(i, j);
        }
        const std::vector<double> rows = row_sums(absolute(complex_form(g, kind)));
        const double gamma = gamma_up(static_cast<double>(n));
        const double slack = static_cast<double>(n) * static_cast<double>(n) * 2.0 * smallest_subnormal;
        const auto error = [&](std::size_t i) {
            return ulps_up(gamma * rv[i] + unit_roundoff * std::fabs(g(i, i)) + slack, 4);
        };
        basis.e.resize(n);
        basis.alpha = 0.0;
        for (std::size_t i = 0; i < n; ++i) {
            const double d = kind[i] == Kind::real    ? 2.0 * error(i)
                             : kind[i] == Kind::first ? error(i) + error(i + 1)
                                                      : error(i - 1) + error(i);
            basis.e[i] = ulps_up(rows[i] * (1.0 + 0x1p-50) + d, 3);
            basis.alpha = std::max(basis.alpha, basis.e[i]);
        }
        if (!(basis.alpha < 0.5)) {
            return invalid(
                n, "the eigenvectors are ill-conditioned: |I - R V| = " + number(basis.alpha) + ", needed < 0.5");
        }
    }

    // T = R S
    BallMatrix s;
    if (residual == Residual::accurate) s = sharp_residual(balanced_mid, v, basis.lambda, kind);
    // rows out of the range of the accurate product: the plain one has none
    if (residual == Residual::plain || !is_finite(s)) s = plain_residual(balanced_mid, v, basis.lambda, kind);
    {
        const BallMatrix t = multiply(r, s);
        basis.T = complex_form(t.mid, kind);
        basis.T_rad = complex_form_radius(t.rad, kind);
    }
    const Matrix t_abs = absolute(basis.T);
    for (std::size_t i = 0; i < t_abs.size(); ++i) {
        basis.T_rad.data[i] = ulps_up(basis.T_rad.data[i] + 2.0 * unit_roundoff * t_abs.data[i], 4);
    }
    basis.diagonal_rounding.resize(n);
    for (std::size_t i = 0; i < n; ++i) basis.diagonal_rounding[i] = basis.T_rad(i, i);

    // undo the scaling: V <- D V, R <- R D^-1 exactly; E and T do not change
    if (!scaling.empty()) {
        for (std::size_t k = 0; k < n; ++k) {
            for (std::size_t j = 0; j < n; ++j) {
                v(k, j) *= scaling[k];
                r(j, k) /= scaling[k];
            }
        }
    }
    basis.V = complex_columns(v, kind);
    basis.R = complex_rows(r, kind);
    basis.V_abs = absolute(basis.V);
    basis.R_abs = absolute(basis.R);
    basis.conjugate.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
        basis.conjugate[i] = kind[i] == Kind::real ? i : kind[i] == Kind::first ? i + 1 : i - 1;
    }
    basis.valid = true;
    if (is_zero(a.rad)) {
        update_discs(basis);
        return basis;
    }
    return widen(std::move(basis), a.rad);
}

}  // namespace detail

VerifiedEigenbasis widen(VerifiedEigenbasis basis, const Matrix& extra) {
    if (!basis.valid) return basis;
    const std::size_t n = basis.n;
    if (extra.rows != n || extra.cols != n) {
        throw std::invalid_argument("the radius is " + std::to_string(extra.rows) + " x " + std::to_string(extra.cols) +
                                    ", the matrix " + std::to_string(n) + " x " + std::to_string(n));
    }
    // |R Delta V| <= |R| extra |V|, rank one where extra is constant
    const double first = n > 0 ? extra.data[0] : 0.0;
    if (std::all_of(extra.data.begin(), extra.data.end(), [first](double x) { return x == first; })) {
        const std::vector<double> rows = row_sums(basis.R_abs), cols = column_sums(basis.V_abs);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) {
                const double w = first == 0.0 ? 0.0 : ulps_up(first * ulps_up(rows[i] * cols[j], 1), 1);
                basis.T_rad(i, j) = add_up(basis.T_rad(i, j), w);
            }
        }
    } else {
        const Matrix w = nonnegative_product(basis.R_abs, nonnegative_product(extra, basis.V_abs));
        for (std::size_t i = 0; i < w.size(); ++i) basis.T_rad.data[i] = add_up(basis.T_rad.data[i], w.data[i]);
    }
    update_discs(basis);
    return basis;
}

VerifiedEigenbasis verified_eigenbasis(const BallMatrix& a, const EigenbasisOptions& options) {
    const std::size_t n = a.rows();
    if (n != a.cols()) {
        throw std::invalid_argument("eigenvalues need a square matrix, got " + std::to_string(n) + " x " +
                                    std::to_string(a.cols()));
    }
    if (!is_finite(a)) return invalid(n, "the matrix is not finite");
    std::vector<double> scaling = balancing(a.mid);
    Matrix balanced;
    if (std::all_of(scaling.begin(), scaling.end(), [](double d) { return d == 1.0; })) {
        scaling.clear();
        balanced = a.mid;
    } else if (!apply_balancing(a.mid, scaling, balanced)) {
        scaling.clear();
        balanced = a.mid;
    }
    blas::Eigen eigen;
    if (!blas::geev(balanced, true, false, eigen)) return invalid(n, "LAPACK found no eigenvalues");
    detail::CandidateBasis candidate{std::move(eigen.values), std::move(eigen.right), Matrix(), {}};
    VerifiedEigenbasis basis = detail::verify_basis(a, balanced, scaling, std::move(candidate), options.residual);
    if (!options.repair_clusters || (basis.valid && basis.alpha < 1e-3)) return basis;

    // ill-conditioned: try bases of the subspaces of ever coarser clusters, keep the best
    detail::ClusterRepair repair(balanced);
    for (int level = 0; level < detail::ClusterRepair::levels; ++level) {
        detail::CandidateBasis repaired;
        if (!repair.candidate(level, repaired)) continue;
        VerifiedEigenbasis next = detail::verify_basis(a, balanced, scaling, repaired, options.residual);
        if (!next.valid) continue;
        next.repaired = true;
        if (detail::rescale_candidate(next, repaired)) {
            VerifiedEigenbasis rescaled = detail::verify_basis(a, balanced, scaling, repaired, options.residual);
            if (rescaled.valid) {
                next = std::move(rescaled);
                next.repaired = true;
            }
        }
        if (!basis.valid || next.alpha < basis.alpha) basis = std::move(next);
        if (basis.alpha < 1e-3) break;
    }
    return basis;
}

}  // namespace capnode
