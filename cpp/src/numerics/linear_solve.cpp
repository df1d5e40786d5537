#include "capnode/numerics/linear_solve.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/numerics/rounding.hpp"
#include "radius_product.hpp"

namespace capnode {

using detail::ulps_up;

namespace {

void require_square(std::size_t rows, std::size_t cols) {
    if (rows != cols) {
        throw std::invalid_argument("a linear system needs a square matrix, got " + std::to_string(rows) + " x " +
                                    std::to_string(cols));
    }
}

void require_rows(std::size_t n, std::size_t rows) {
    if (n != rows) {
        throw std::invalid_argument("the right-hand side has " + std::to_string(rows) + " rows, the matrix " +
                                    std::to_string(n));
    }
}

// Weights by equilibration: powers of two r_i, w_j with greatest entries of |r_i a_ij w_j| near 1 in every row and
// column, found in exponents, so that nothing leaves the range. Any w > 0 is valid.
std::vector<double> equilibration(const Matrix& a_abs) {
    const std::size_t n = a_abs.rows;
    constexpr int none = -1000000;
    std::vector<int> e(n * n), row(n, 0), column(n, 0);
    for (std::size_t k = 0; k < n * n; ++k) {
        const double x = a_abs.data[k];
        e[k] = x > 0.0 && x < infinity ? std::ilogb(x) : none;
    }
    for (int sweep = 0; sweep < 3; ++sweep) {
        std::vector<int> greatest(n, none);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) greatest[j] = std::max(greatest[j], e[i * n + j] + row[i]);
        }
        for (std::size_t j = 0; j < n; ++j) column[j] = greatest[j] > none / 2 ? greatest[j] : 0;
        for (std::size_t i = 0; i < n; ++i) {
            int top = none;
            for (std::size_t j = 0; j < n; ++j) top = std::max(top, e[i * n + j] - column[j]);
            row[i] = top > none / 2 ? -top : 0;
        }
    }
    std::vector<double> w(n);
    for (std::size_t j = 0; j < n; ++j) w[j] = std::ldexp(1.0, std::clamp(-column[j], -1000, 1000));
    return w;
}

Matrix modulus_of_defect(const BallMatrix& g) {
    Matrix e(g.rows(), g.cols());
    for (std::size_t i = 0; i < e.rows; ++i) {
        for (std::size_t j = 0; j < e.cols; ++j) {
            const double d = (i == j ? 1.0 : 0.0) - g.mid(i, j);  // rounds by u |d|: one step
            e(i, j) = ulps_up(std::fabs(d) + g.rad(i, j), 2);
        }
    }
    return e;
}
Matrix modulus_of_defect(const ComplexBallMatrix& g) {
    Matrix e(g.rows(), g.cols());
    for (std::size_t i = 0; i < e.rows; ++i) {
        for (std::size_t j = 0; j < e.cols; ++j) {
            const double d = (i == j ? 1.0 : 0.0) - g.mid.re(i, j);
            e(i, j) = ulps_up(modulus_up(d, g.mid.im(i, j)) + g.rad(i, j), 4);
        }
    }
    return e;
}

// The hypothesis of the theorem; false (with a reason) where it fails.
bool contraction(const Matrix& defect, const std::vector<double>& w, std::vector<double>& e, double& alpha,
                 std::string* reason) {
    e = nonnegative_product(defect, w);
    alpha = 0.0;
    for (std::size_t i = 0; i < e.size(); ++i) {
        const double ratio = divide_up(e[i], w[i]);
        if (!(ratio <= alpha)) alpha = ratio < infinity ? ratio : infinity;
    }
    if (alpha < 1.0) return true;
    if (reason != nullptr)
        *reason = "the matrix may be singular: |I - R A| = " + number_text(alpha, 3) + ", needed < 1";
    return false;
}

// |d|_i <= e_i max_k(|g_k|/w_k)/(1 - alpha), added to the radii of g column by column.
template <class Balls>
void widen_by_defect(Balls& g, const std::vector<double>& e, const std::vector<double>& w, double alpha) {
    const double inverse = divide_up(1.0, subtract_down(1.0, alpha));
    const Matrix size = magnitude(g);
    for (std::size_t c = 0; c < g.cols(); ++c) {
        double greatest = 0.0;
        for (std::size_t k = 0; k < g.rows(); ++k) {
            const double v = divide_up(size(k, c), w[k]);
            if (!(v <= greatest)) greatest = v < infinity ? v : infinity;
        }
        if (greatest == 0.0) continue;
        const double bound = ulps_up(greatest * inverse, 1);
        for (std::size_t i = 0; i < g.rows(); ++i) g.rad(i, c) = ulps_up(g.rad(i, c) + ulps_up(e[i] * bound, 1), 1);
    }
}

BallMatrix point(const BallMatrix& x) { return BallMatrix(x.mid); }
ComplexBallMatrix point(const ComplexBallMatrix& x) { return ComplexBallMatrix(x.mid); }
bool has_midpoint(const BallMatrix& x) { return !detail::is_zero(x.mid); }
bool has_midpoint(const ComplexBallMatrix& x) { return !detail::is_zero(x.mid.re) || !detail::is_zero(x.mid.im); }

void take(BallMatrix& x, const BallMatrix& y, std::size_t i) { x.mid.data[i] = y.mid.data[i]; }
void take(ComplexBallMatrix& x, const ComplexBallMatrix& y, std::size_t i) {
    x.mid.re.data[i] = y.mid.re.data[i];
    x.mid.im.data[i] = y.mid.im.data[i];
}

template <class Inverse, class A, class Balls>
Balls solve_and_correct(const Inverse& r, const A& a, const std::vector<double>& e, const std::vector<double>& w,
                        double alpha, const Balls& b) {
    require_rows(a.rows(), b.rows());
    const auto once = [&](const Balls& rhs) {
        Balls g = multiply(r, rhs);
        widen_by_defect(g, e, w, alpha);
        return g;
    };
    Balls x = once(b);
    if (!has_midpoint(b)) return x;
    const Balls x0 = point(x);
    const Balls y = add(x0, once(subtract(b, multiply(a, x0))));
    for (std::size_t i = 0; i < x.rad.size(); ++i) {
        if (y.rad.data[i] < x.rad.data[i]) {
            take(x, y, i);
            x.rad.data[i] = y.rad.data[i];
        }
    }
    return x;
}

}  // namespace

std::optional<VerifiedInverse> VerifiedInverse::of(BallMatrix a, std::string* reason) {
    require_square(a.rows(), a.cols());
    VerifiedInverse v;
    if (!blas::inverse(a.mid, v.r_)) {
        if (reason != nullptr) *reason = "the midpoint of the matrix is numerically singular";
        return std::nullopt;
    }
    v.w_ = equilibration(absolute(a.mid));
    if (!contraction(modulus_of_defect(multiply(v.r_, a)), v.w_, v.e_, v.alpha_, reason)) return std::nullopt;
    v.a_ = std::move(a);
    return v;
}

BallMatrix VerifiedInverse::solve(const BallMatrix& b) const { return solve_and_correct(r_, a_, e_, w_, alpha_, b); }
ComplexBallMatrix VerifiedInverse::solve(const ComplexBallMatrix& b) const {
    return solve_and_correct(r_, a_, e_, w_, alpha_, b);
}

BallMatrix VerifiedInverse::inverse() const {
    BallMatrix x(r_);
    widen_by_defect(x, e_, w_, alpha_);
    return x;
}

std::optional<VerifiedComplexInverse> VerifiedComplexInverse::of(ComplexBallMatrix a, std::string* reason) {
    require_square(a.rows(), a.cols());
    VerifiedComplexInverse v;
    if (!blas::inverse(a.mid, v.r_)) {
        if (reason != nullptr) *reason = "the midpoint of the matrix is numerically singular";
        return std::nullopt;
    }
    v.w_ = equilibration(absolute(a.mid));
    if (!contraction(modulus_of_defect(multiply(v.r_, a)), v.w_, v.e_, v.alpha_, reason)) return std::nullopt;
    v.a_ = std::move(a);
    return v;
}

ComplexBallMatrix VerifiedComplexInverse::solve(const ComplexBallMatrix& b) const {
    return solve_and_correct(r_, a_, e_, w_, alpha_, b);
}

ComplexBallMatrix VerifiedComplexInverse::inverse() const {
    ComplexBallMatrix x(r_);
    widen_by_defect(x, e_, w_, alpha_);
    return x;
}

std::optional<BallMatrix> verified_solve(const BallMatrix& a, const BallMatrix& b, std::string* reason) {
    require_rows(a.rows(), b.rows());
    const auto v = VerifiedInverse::of(a, reason);
    if (!v) return std::nullopt;
    return v->solve(b);
}

std::optional<ComplexBallMatrix> verified_solve(const ComplexBallMatrix& a, const ComplexBallMatrix& b,
                                                std::string* reason) {
    require_rows(a.rows(), b.rows());
    const auto v = VerifiedComplexInverse::of(a, reason);
    if (!v) return std::nullopt;
    return v->solve(b);
}

}  // namespace capnode
