#include "capnode/dynamics/no_periodic_orbits.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "affine_expansion.hpp"
#include "capnode/field/field.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/definiteness.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/proof/krawczyk_image.hpp"
#include "diagonal_scaling.hpp"

namespace capnode {
namespace {

/// E M E^-1, E = diag(e), e > 0: similar to M, and with D = E^2: D M + M^T D = 2 E sym(E M E^-1) E.
BallMatrix scaled(const BallMatrix& M, const std::vector<double>& e) {
    BallMatrix B(M.rows(), M.cols());
    for (std::size_t i = 0; i < B.rows(); ++i) {
        for (std::size_t j = 0; j < B.cols(); ++j) {
            const Ball b = Ball{e[i], 0.0} * Ball{M.mid(i, j), M.rad(i, j)} / Ball{e[j], 0.0};
            B.mid(i, j) = b.mid;
            B.rad(i, j) = b.rad;
        }
    }
    return B;
}

/// An extreme eigenvalue of the symmetric part, with the scaling it was found for (empty: none).
struct Extreme {
    Interval eigenvalue;
    std::vector<double> e;
};

/// The largest eigenvalue of sym(E M E^-1) over a few scalings E: D = I, and the hint where it does better.
Extreme least_largest(const BallMatrix& M, const Interval& symmetric) {
    Extreme best{symmetric, {}};
    std::vector<double> e = narrowing_scaling(M.mid);
    for (double& x : e) {
        x = static_cast<float>(x);  // so that the squares, the entries of D, are exact
        if (!(x > 0.0) || !std::isfinite(x)) return best;
    }
    const Interval largest = extreme_eigenvalues(symmetric_part(scaled(M, e))).largest;
    if (largest.hi < best.eigenvalue.hi) best = {largest, std::move(e)};
    return best;
}

std::vector<double> squares(const std::vector<double>& e) {
    std::vector<double> d(e.size());
    for (std::size_t i = 0; i < e.size(); ++i) d[i] = e[i] * e[i];
    return d;
}

/// P J + J^T P with P J enclosed, for a symmetric P.
BallMatrix quadratic_form(const Matrix& P, const BallMatrix& J) {
    const BallMatrix PJ = multiply(P, J);
    return add(PJ, transpose(PJ));
}

/// (p + p^T)/2, exactly symmetric.
std::optional<Matrix> symmetrised(const Matrix& p) {
    Matrix symmetric(p.rows, p.rows);
    for (std::size_t i = 0; i < p.rows; ++i)
        for (std::size_t j = 0; j < p.rows; ++j) symmetric(i, j) = 0.5 * p(i, j) + 0.5 * p(j, i);
    if (!is_finite(symmetric)) return std::nullopt;
    return symmetric;
}

/// P with P J + J^T P = I approximately, made symmetric exactly; nothing where that fails. A hint.
std::optional<Matrix> lyapunov_bar(const Matrix& J) {
    blas::Schur schur;
    if (!blas::gees(J, schur)) return std::nullopt;
    Matrix y;
    if (!blas::sylvester(blas::Op::transpose, blas::Op::none, 1.0, schur.t, schur.t, Matrix::identity(J.rows), y))
        return std::nullopt;
    return symmetrised(blas::multiply(blas::multiply(schur.q, y), schur.q, blas::Op::none, blas::Op::transpose));
}

/// P = U^-T diag(sign Re lambda) U^-1 for the real eigenvector basis U: P J + J^T P = U^-T diag(2 |Re lambda|) U^-1,
/// also where two eigenvalues add up to 0 and Lyapunov's equation has no solution. A hint.
std::optional<Matrix> spectral_bar(const Matrix& J) {
    blas::Eigen eigen;
    Matrix inverse;
    if (!blas::geev(J, true, false, eigen) || !blas::inverse(eigen.right, inverse)) return std::nullopt;
    Matrix weighted = inverse;
    for (std::size_t i = 0; i < J.rows; ++i) {
        if (eigen.values[i].real() < 0.0)
            for (std::size_t j = 0; j < J.rows; ++j) weighted(i, j) = -weighted(i, j);
    }
    const Matrix p = blas::multiply(inverse, weighted, blas::Op::transpose, blas::Op::none);
    return symmetrised(p);
}

BallMatrix column(const std::vector<Interval>& x) {
    BallMatrix c(x.size(), 1);
    for (std::size_t i = 0; i < x.size(); ++i) {
        c.mid(i, 0) = midpoint(x[i]);
        c.rad(i, 0) = radius_up(x[i], c.mid(i, 0));
    }
    return c;
}

/// x' = s(A(p) x + b(p)), A(p) = C + p K: what theorem 1 needs of it.
struct Activated {
    BallMatrix C;
    BallMatrix K;
    bool K_is_identity = false;
    /// Scalings that narrow the symmetric part of -A and of A at the middle of the span (hints; see hint_scalings).
    std::vector<double> e_positive, e_negative;

    BallMatrix at(const Interval& p) const { return add(C, scale(K, to_ball(p))); }
    void hint_scalings(const Interval& span) {
        const Matrix A = at(midpoint(span)).mid;
        e_negative = narrowing_scaling(A);
        e_positive = narrowing_scaling(negate(BallMatrix(A)).mid);
    }
};

std::optional<Activated> activated_affine(const Field& field) {
    const NodeExpansion expansion = expand_output(field);
    if (!expansion.activated) return std::nullopt;
    const std::size_t n = field.dim();
    const AffineExpansion& inner = expansion.activated->inner;
    if (inner.size != n) return std::nullopt;
    return Activated{
        dense(inner.state, n, n), dense(inner.bilinear, n, n), is_exact_identity(inner.bilinear, n), {}, {}};
}

/// The three theorems on cells of the parameter.
struct CellTest {
    const Field& field;
    BallMatrix region;
    std::optional<Activated> activated;
    std::string criterion;  // of the last cell that passed
    Evidence evidence;

    bool passes(const Interval& cell) { return has_potential(cell) || contracts(cell); }

  private:
    /// +-(P-weighted form) > 0 over the cell, where `least` encloses its least eigenvalue.
    bool definite(const BallMatrix& tested, const char* theorem, const std::string& what, const Interval& cell) {
        const Interval least = extreme_eigenvalues(tested).least;
        if (!(least.lo > 0.0)) return false;
        criterion = theorem;
        evidence = {
            "least eigenvalue of " + what + ", p in " + number_text(cell), least.lo, least.hi, ">", 0.0, 0.0, true};
        return true;
    }

    /// Theorem 1 with D = I and with the D that narrows the symmetric part.
    bool has_potential(const Interval& cell) {
        if (!activated) return false;
        const BallMatrix A = activated->at(cell);
        if (!is_finite(A)) return false;
        for (const bool positive : {false, true}) {
            const BallMatrix signed_A = positive ? A : negate(A);
            const std::string what = positive ? "sym(E A E^-1)" : "-sym(E A E^-1)";
            if (definite(symmetric_part(signed_A), "potential", what, cell)) return true;
            const std::vector<double>& e = positive ? activated->e_positive : activated->e_negative;
            if (definite(symmetric_part(scaled(signed_A, e)), "potential", what, cell)) return true;
        }
        return false;
    }

    /// Theorems 2 and 3.
    bool contracts(const Interval& cell) {
        const BallMatrix p = field.parameter_dim() == 0 ? BallMatrix(0, 1) : column({cell});
        const BallMatrix J = jacobian(field, region, p).dx;
        if (!is_finite(J)) return false;
        if (J.rows() == 2) {
            const Interval trace = ball_hull(J.mid(0, 0), J.rad(0, 0)) + ball_hull(J.mid(1, 1), J.rad(1, 1));
            if (!contains_zero(trace)) {
                criterion = "divergence";
                evidence = {"divergence over the region, p in " + number_text(cell),
                            trace.lo,
                            trace.hi,
                            "excludes",
                            0.0,
                            0.0,
                            true};
                return true;
            }
        }
        std::vector<Matrix> candidates = {Matrix::identity(J.rows())};
        if (const auto P = lyapunov_bar(J.mid)) candidates.push_back(*P);
        if (const auto P = spectral_bar(J.mid)) candidates.push_back(*P);
        for (const Matrix& P : candidates) {
            const BallMatrix form = quadratic_form(P, J);
            if (definite(form, "quadratic form", "P J + J^T P", cell)) return true;
            if (definite(negate(form), "quadratic form", "-(P J + J^T P)", cell)) return true;
        }
        return false;
    }
};

struct Interrupted {};

void collect(CellTest& test, const Interval& cell, int depth, std::vector<Interval>& out,
             std::vector<Evidence>& evidence, std::string& criterion, const std::function<bool()>& interrupted) {
    if (interrupted && interrupted()) throw Interrupted();
    if (test.passes(cell)) {
        if (!out.empty() && out.back().hi == cell.lo)
            out.back().hi = cell.hi;
        else
            out.push_back(cell);
        evidence.push_back(test.evidence);
        if (criterion.find(test.criterion) == std::string::npos)
            criterion += (criterion.empty() ? "" : " or ") + test.criterion;
        return;
    }
    const double m = midpoint(cell);
    if (depth == 0 || !(cell.lo < m && m < cell.hi)) return;
    collect(test, {cell.lo, m}, depth - 1, out, evidence, criterion, interrupted);
    collect(test, {m, cell.hi}, depth - 1, out, evidence, criterion, interrupted);
}

/// The closure of span minus the union of `intervals` (increasing, disjoint).
std::vector<Interval> complement(const Interval& span, const std::vector<Interval>& intervals) {
    std::vector<Interval> rest;
    double from = span.lo;
    for (const Interval& i : intervals) {
        if (from < i.lo) rest.push_back({from, i.lo});
        from = i.hi;
    }
    if (from < span.hi || intervals.empty()) rest.push_back({from, span.hi});
    return rest;
}

}  // namespace

struct PeriodicOrbitExclusionTheorem {
    /// Theorem 1 for A(p) = M + p I.
    static Result<PeriodicOrbitExclusion> diagonal(const BallMatrix& M, const Interval& span) {
        const ExtremeEigenvalues symmetric = extreme_eigenvalues(symmetric_part(M));
        // sym(E A(p) E^-1) = sym(E M E^-1) + p I is negative definite iff p < -lambda_max, positive definite iff
        // p > -lambda_min; lambda_min(M) = -lambda_max(-M).
        const Extreme below = least_largest(M, symmetric.largest);
        const Extreme above = least_largest(negate(M), -symmetric.least);
        PeriodicOrbitExclusion found;
        std::vector<Evidence> evidence;
        const double upper_end = std::fmin(span.hi, next_down(-below.eigenvalue.hi));
        const double lower_end = std::fmax(span.lo, next_up(above.eigenvalue.hi));
        const Interval negative = below.eigenvalue + Interval(upper_end);
        const Interval positive = Interval(lower_end) - above.eigenvalue;
        if (span.lo <= upper_end && negative.hi < 0.0) {
            found.intervals.push_back({span.lo, upper_end});
            found.scaling_lower = squares(below.e);
            evidence.push_back({"largest eigenvalue of the symmetric part at the upper end of the lower interval",
                                negative.lo, negative.hi, "<", 0.0, 0.0, true});
        }
        if (lower_end <= span.hi && positive.lo > 0.0) {
            found.intervals.push_back({lower_end, span.hi});
            found.scaling_upper = squares(above.e);
            evidence.push_back({"least eigenvalue of the symmetric part at the lower end of the upper interval",
                                positive.lo, positive.hi, ">", 0.0, 0.0, true});
        }
        if (found.intervals.empty()) {
            const Interval left = below.eigenvalue + Interval(span.lo);
            const Interval right = Interval(span.hi) - above.eigenvalue;
            return Result<PeriodicOrbitExclusion>::not_proved(
                Verdict::not_definite, "The span lies where the symmetric part is indefinite.",
                {{"largest eigenvalue of the symmetric part at the lower end of the span", left.lo, left.hi, "<", 0.0,
                  0.0, false},
                 {"least eigenvalue of the symmetric part at the upper end of the span", right.lo, right.hi, ">", 0.0,
                  0.0, false}});
        }
        found.symmetric_lower = -symmetric.largest;
        found.symmetric_upper = -symmetric.least;
        return finish(std::move(found), span, "diagonal family", std::move(evidence));
    }

    /// All theorems, cell by cell.
    static Result<PeriodicOrbitExclusion> general(const Field& field, std::optional<Activated> activated,
                                                  const Interval& span, const ExclusionOptions& options) {
        PeriodicOrbitExclusion found;
        std::vector<Evidence> evidence;
        std::string criterion;
        if (field.dim() == 1) {
            found.intervals = {span};
            evidence.push_back({"dimension", 1.0, 1.0, "<=", 1.0, 1.0, true});
            return finish(std::move(found), span, "dimension one", std::move(evidence));
        }
        const std::vector<Interval> region =
            options.region ? *options.region : std::vector<Interval>(field.dim(), Interval(-0x1p300, 0x1p300));
        if (activated) activated->hint_scalings(span);
        CellTest test{field, column(region), std::move(activated), "", {}};
        try {
            collect(test, span, options.depth, found.intervals, evidence, criterion, options.interrupted);
        } catch (const Interrupted&) {
            return Result<PeriodicOrbitExclusion>::not_proved(Verdict::interrupted, "");
        }
        if (found.intervals.empty())
            return Result<PeriodicOrbitExclusion>::not_proved(
                Verdict::not_definite, std::string("No quadratic form was found along which all solutions ") +
                                           (options.region ? "of the region" : "with |x_i| <= 2^300") +
                                           " contract or expand; a smaller region may help.");
        if (criterion != "potential") found.region = region;
        if (test.activated && criterion.find("potential") != std::string::npos) {
            found.scaling_lower = squares(test.activated->e_negative);
            found.scaling_upper = squares(test.activated->e_positive);
        }
        return finish(std::move(found), span, criterion, std::move(evidence));
    }

  private:
    static Result<PeriodicOrbitExclusion> finish(PeriodicOrbitExclusion found, const Interval& span,
                                                 std::string criterion, std::vector<Evidence> evidence) {
        found.span = span;
        found.criterion = std::move(criterion);
        found.remaining = complement(span, found.intervals);
        return Result<PeriodicOrbitExclusion>::make_proved(std::move(found), std::move(evidence));
    }
};

Result<PeriodicOrbitExclusion> no_periodic_orbits(const Field& field, const Interval& span,
                                                  const ExclusionOptions& options) {
    if (!is_bounded(span)) throw std::invalid_argument("the span must be bounded");
    if (field.depends_on_time()) throw std::invalid_argument("the field depends on time; the theorems are autonomous");
    if (field.parameter_dim() > 1)
        throw std::invalid_argument("the span is of one parameter, the field has " +
                                    std::to_string(field.parameter_dim()));
    if (options.region && options.region->size() != field.dim())
        throw std::invalid_argument("the region has " + std::to_string(options.region->size()) +
                                    " components, the field " + std::to_string(field.dim()));
    if (options.region && !zeros::all_bounded(*options.region))
        throw std::invalid_argument("the region must be bounded");
    if (options.depth < 0 || options.depth > 20)
        throw std::invalid_argument("depth must lie in [0, 20], not " + std::to_string(options.depth));
    std::optional<Activated> activated = field.dim() > 1 ? activated_affine(field) : std::nullopt;
    if (activated && activated->K_is_identity) return PeriodicOrbitExclusionTheorem::diagonal(activated->C, span);
    return PeriodicOrbitExclusionTheorem::general(field, std::move(activated), span, options);
}

}  // namespace capnode
