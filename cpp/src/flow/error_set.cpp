#include "capnode/flow/error_set.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode {
namespace {

// The bounds below are sums of at most 2^20 products of non-negative doubles: relative error below 2^-32
// (step_engine.cpp).
constexpr double slack = 1.0 + 0x1p-32;
constexpr double underflow = 0x1p-960;

// fl(a b) errs entrywise by gamma_{n+2} |a||b| (+ underflow).
Matrix product(const Matrix& a, const Matrix& b) {
    if (a.rows * a.cols * b.cols >= 32768) return blas::multiply(a, b);
    Matrix c(a.rows, b.cols);
    for (std::size_t i = 0; i < a.rows; ++i) {
        for (std::size_t k = 0; k < a.cols; ++k) {
            const double x = a(i, k);
            for (std::size_t j = 0; j < b.cols; ++j) c(i, j) += x * b(k, j);
        }
    }
    return c;
}

}  // namespace

ErrorSet::ErrorSet(std::size_t n, std::size_t columns, Shape shape)
    : n_(n), columns_(columns), shape_(shape), basis_(n, n), radius_(n, columns) {
    if (shape == Shape::frame) basis_ = Matrix::identity(n);
}

void ErrorSet::propagate(const Matrix& phi, const Matrix& d) {
    if (shape_ == Shape::frame) {
        propagate_frame(phi, d);
    } else {
        propagate_ellipsoid(phi, d);
    }
    zero_ = false;
}

// s = Phi Q z + w. With any Q' (nearly orthogonal) s = Q' z', z' = Q'^-1 (Phi Q z + w); A = fl(Phi Q), G = Q'^T Q',
// Q'^-1 = G^-1 Q'^T, |G^-1 - I|_inf <= eps / (1 - eps) where |I - G|_inf <= eps < 1. So with y = |Q'^T A| r + |Q'^T|
// w', w' = d + gamma |Phi||Q| r:  r'_i = y_i + eps / (1 - eps) max y.
void ErrorSet::propagate_frame(const Matrix& phi, const Matrix& d) {
    const double g = gamma_up(static_cast<double>(n_ + 2));
    const Matrix a = product(phi, basis_);
    Matrix w = d;
    std::vector<double> longest(n_, 0.0);
    for (std::size_t j = 0; j < n_; ++j) {
        for (std::size_t c = 0; c < columns_; ++c) longest[j] = std::max(longest[j], radius_(j, c));
    }
    for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t j = 0; j < n_; ++j) {
            double m = 0.0;
            for (std::size_t k = 0; k < n_; ++k) m += std::fabs(phi(i, k)) * std::fabs(basis_(k, j));
            for (std::size_t c = 0; c < columns_; ++c) w(i, c) += g * m * radius_(j, c);
        }
    }
    // The new frame: Gram-Schmidt (twice) on the columns of A, longest edge first; a hint, made sure of by eps.
    std::vector<double> length(n_, 0.0);
    for (std::size_t j = 0; j < n_; ++j) {
        for (std::size_t i = 0; i < n_; ++i) length[j] += a(i, j) * a(i, j);
        length[j] = std::sqrt(length[j]) * (longest[j] > 0.0 ? longest[j] : underflow);
    }
    std::vector<std::size_t> order(n_);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t p, std::size_t q) { return length[p] > length[q]; });
    Matrix q(n_, n_);
    std::size_t next_unit = 0;
    for (std::size_t c = 0; c < n_; ++c) {
        std::vector<double> v(n_);
        for (std::size_t i = 0; i < n_; ++i) v[i] = a(i, order[c]);
        for (int attempt = 0;; ++attempt) {
            double before = 0.0;
            for (const double x : v) before += x * x;
            for (int pass = 0; pass < 2; ++pass) {
                for (std::size_t b = 0; b < c; ++b) {
                    double dot = 0.0;
                    for (std::size_t i = 0; i < n_; ++i) dot += q(i, b) * v[i];
                    for (std::size_t i = 0; i < n_; ++i) v[i] -= dot * q(i, b);
                }
            }
            double norm = 0.0;
            for (const double x : v) norm += x * x;
            if (norm > 1e-20 * before && norm > 1e-280 && norm < 1e280) {
                norm = std::sqrt(norm);
                for (std::size_t i = 0; i < n_; ++i) q(i, c) = v[i] / norm;
                break;
            }
            if (next_unit >= n_) break;  // leaves a zero column: eps >= 1 below, infinite radius
            std::fill(v.begin(), v.end(), 0.0);
            v[next_unit++] = 1.0;
        }
    }
    double eps = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
        double row = 0.0;
        for (std::size_t j = 0; j < n_; ++j) {
            double dot = i == j ? -1.0 : 0.0;
            double size = i == j ? 1.0 : 0.0;
            for (std::size_t k = 0; k < n_; ++k) {
                dot += q(k, i) * q(k, j);
                size += std::fabs(q(k, i) * q(k, j));
            }
            row += std::fabs(dot) + g * size;
        }
        eps = std::max(eps, row);
    }
    eps *= slack;
    Matrix radius(n_, columns_, infinity);
    if (eps < 0.5) {
        const double defect = eps / (1.0 - eps) * slack;
        for (std::size_t c = 0; c < columns_; ++c) {
            double largest = 0.0;
            for (std::size_t i = 0; i < n_; ++i) {
                double y = 0.0;
                for (std::size_t j = 0; j < n_; ++j) {
                    double dot = 0.0;
                    double size = 0.0;
                    for (std::size_t k = 0; k < n_; ++k) {
                        dot += q(k, i) * a(k, j);
                        size += std::fabs(q(k, i) * a(k, j));
                    }
                    y += (std::fabs(dot) + g * size) * radius_(j, c);
                    y += std::fabs(q(j, i)) * w(j, c);
                }
                radius(i, c) = y;
                largest = std::max(largest, y);
                if (!(y < infinity)) largest = infinity;
            }
            for (std::size_t i = 0; i < n_; ++i) radius(i, c) = (radius(i, c) + defect * largest) * slack + underflow;
        }
    }
    for (double& x : radius.data) {
        if (!(x < infinity)) x = infinity;  // NaN too
    }
    basis_ = std::move(q);
    radius_ = std::move(radius);
}

// For every p, q > 0: E(A) + [-d, d] lies in E(S^1/2), S = (1 + q/p) A A^T + (1 + p/q) n diag(d^2), as [-d, d] lies in
// the ellipsoid of n diag(d^2) and E(A) + E(B) in that of (1 + q/p) A A^T + (1 + p/q) B B^T. p = |A|_F, q = sqrt(n)
// |d|_2 are the trace-optimal choice (any will do), tr S = (p+q)^2. fl(A A^T) errs by gamma_n |A||A|^T, the Cholesky
// factor by gamma_{n+1} |L||L|^T, each of spectral norm below its trace: the shift gamma_{2n+20} (p+q)^2 I covers both
// and the scalings.
void ErrorSet::propagate_ellipsoid(const Matrix& phi, const Matrix& d) {
    const double g = gamma_up(static_cast<double>(n_ + 2));
    std::vector<double> side(n_, 0.0);
    for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t c = 0; c < columns_; ++c) {
            side[i] = std::max(side[i], d(i, c));
            if (!(d(i, c) < infinity)) side[i] = infinity;
        }
    }
    Matrix a(n_, n_);
    double p2 = 0.0;
    if (!zero_) {
        a = product(phi, basis_);
        double l2 = 0.0;
        for (const double x : basis_.data) l2 += x * x;
        const double l = std::sqrt(l2) * slack;
        for (std::size_t i = 0; i < n_; ++i) {  // |delta A z|_i <= gamma |Phi_i|_2 |L|_F
            double row = 0.0;
            for (std::size_t k = 0; k < n_; ++k) row += phi(i, k) * phi(i, k);
            side[i] += g * std::sqrt(row) * l;
        }
        for (const double x : a.data) p2 += x * x;
    }
    double q2 = 0.0;
    for (double& x : side) {
        x = x * slack + 0x1p-480;  // whose square, and 2^-53 of it, are normal numbers
        q2 += x * x;
    }
    q2 *= static_cast<double>(n_);
    const double q = std::sqrt(q2);
    const double p = std::max(std::sqrt(p2), q * 0x1p-40);
    const double trace = (p + q) * (p + q);
    if (!(trace < 1e280)) {
        basis_ = Matrix(n_, n_, infinity);
        return;
    }
    Matrix s = zero_ ? Matrix(n_, n_) : blas::syrk(a);
    const double first = (p + q) / p;
    const double second = (p + q) / q * static_cast<double>(n_);
    for (double& x : s.data) x *= first;
    const double shift = gamma_up(static_cast<double>(2 * n_ + 20)) * trace;
    for (std::size_t i = 0; i < n_; ++i) s(i, i) += (second * side[i] * side[i]) * slack + shift;
    Matrix l;
    if (!blas::cholesky(s, l)) {
        // Round-off left no positive pivot: a ball of the same trace holds everything.
        l = Matrix(n_, n_);
        for (std::size_t i = 0; i < n_; ++i) l(i, i) = (p + q) * 1.01;
    }
    basis_ = std::move(l);
}

Matrix ErrorSet::magnitude() const {
    Matrix m(n_, columns_);
    if (zero_) return m;
    for (std::size_t i = 0; i < n_; ++i) {
        if (shape_ == Shape::frame) {
            for (std::size_t c = 0; c < columns_; ++c) {
                double sum = 0.0;
                for (std::size_t j = 0; j < n_; ++j) sum += std::fabs(basis_(i, j)) * radius_(j, c);
                m(i, c) = sum < infinity ? sum * slack + underflow : infinity;
            }
        } else {
            double sum = 0.0;
            for (std::size_t j = 0; j < n_; ++j) sum += basis_(i, j) * basis_(i, j);
            const double bound = sum < infinity ? std::sqrt(sum) * slack + underflow : infinity;
            for (std::size_t c = 0; c < columns_; ++c) m(i, c) = bound;
        }
    }
    return m;
}

bool ErrorSet::is_finite() const {
    const Matrix m = magnitude();
    return std::all_of(m.data.begin(), m.data.end(), [](double x) { return x < infinity; });
}

}  // namespace capnode
