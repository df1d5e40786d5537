// Construction of a verified eigenbasis: LAPACK's candidate, its verification in real form, and the repair of clusters.
#include "capnode/numerics/eigenbasis.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "balancing.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/numerics/rounding.hpp"
#include "eigenbasis_internal.hpp"
#include "radius_product.hpp"
#include "real_form.hpp"

namespace capnode {

using detail::ulps_up;

namespace {

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
    // the real form stands for exactly conjugate pairs and real numbers: LAPACK's word is not taken for it
    for (std::size_t i = 0; i < n; ++i) {
        const bool as_assumed = kind[i] == Kind::second ? candidate.lambda[i] == std::conj(candidate.lambda[i - 1])
                                                        : kind[i] == Kind::first || candidate.lambda[i].imag() == 0.0;
        if (!as_assumed) return invalid(n, "the approximate eigenvalues do not come in conjugate pairs");
    }
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
            return invalid(n, "the eigenvectors are ill-conditioned: |I - R V| = " + number_text(basis.alpha, 3) +
                                  ", needed < 0.5");
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
    std::vector<double> scaling = detail::balancing(a.mid);
    Matrix balanced;
    if (std::all_of(scaling.begin(), scaling.end(), [](double d) { return d == 1.0; })) {
        scaling.clear();
        balanced = a.mid;
    } else if (!detail::apply_balancing(a.mid, scaling, balanced)) {
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
