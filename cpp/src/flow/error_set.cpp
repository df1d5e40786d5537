#include "capnode/flow/error_set.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/rounding.hpp"
#include "map_product.hpp"
#include "radius_rounding.hpp"

namespace capnode {

ErrorSet::ErrorSet(std::size_t n, std::size_t columns, Shape shape) : n_(n), columns_(columns), shape_(shape) {
    if (shape == Shape::frame) {
        basis_ = Matrix::identity(n);
        radius_ = Matrix(n, columns);
    }
}

void ErrorSet::propagate(const double* phi, const double* d, double ball, std::size_t moving) {
    if (shape_ == Shape::frame) {
        if (n_ == 1) propagate_frame<1>(phi, d);
        if (n_ == 2) propagate_frame<2>(phi, d);
        if (n_ == 3) propagate_frame<3>(phi, d);
    } else {
        propagate_ellipsoid(phi, d, ball, moving);
    }
    zero_ = false;
}

// s = Phi Q z + w. With any Q' (nearly orthogonal) s = Q' z', z' = Q'^-1 (Phi Q z + w); A = fl(Phi Q), G = Q'^T Q',
// Q'^-1 = G^-1 Q'^T, |G^-1 - I|_inf <= eps / (1 - eps) where |I - G|_inf <= eps < 1. So with y = |Q'^T A| r + |Q'^T|
// w', w' = d + gamma |Phi||Q| r:  r'_i = y_i + eps / (1 - eps) max y.
template <std::size_t n>
void ErrorSet::propagate_frame(const double* phi, const double* d) {
    constexpr std::size_t m = n;
    const double g = gamma_up(static_cast<double>(n + 2));
    double a[m][m];
    double w[m][m] = {};
    double longest[m];
    for (std::size_t i = 0; i < n; ++i) {
        longest[i] = 0.0;
        for (std::size_t c = 0; c < columns_; ++c) {
            w[i][c] = d[i * columns_ + c];
            longest[i] = std::max(longest[i], radius_(i, c));
        }
        for (std::size_t j = 0; j < n; ++j) {
            double sum = 0.0;
            double size = 0.0;
            for (std::size_t k = 0; k < n; ++k) {
                const double term = phi[i * n + k] * basis_(k, j);
                sum += term;
                size += std::fabs(term);
            }
            a[i][j] = sum;
            for (std::size_t c = 0; c < columns_; ++c) w[i][c] += g * size * radius_(j, c);
        }
    }
    // The new frame: Gram-Schmidt (twice) on the columns of A, longest edge first; a hint, made sure of by eps.
    double length[m];
    std::size_t order[m];
    for (std::size_t j = 0; j < n; ++j) {
        length[j] = 0.0;
        for (std::size_t i = 0; i < n; ++i) length[j] += a[i][j] * a[i][j];
        length[j] = std::sqrt(length[j]) * (longest[j] > 0.0 ? longest[j] : underflow);
        std::size_t at = j;
        for (; at > 0 && length[order[at - 1]] < length[j]; --at) order[at] = order[at - 1];
        order[at] = j;
    }
    double q[m][m] = {};
    std::size_t next_unit = 0;
    for (std::size_t c = 0; c < n; ++c) {
        double v[m];
        for (std::size_t i = 0; i < n; ++i) v[i] = a[i][order[c]];
        for (;;) {
            double before = 0.0;
            for (std::size_t i = 0; i < n; ++i) before += v[i] * v[i];
            for (int pass = 0; pass < 2; ++pass) {
                for (std::size_t b = 0; b < c; ++b) {
                    double dot = 0.0;
                    for (std::size_t i = 0; i < n; ++i) dot += q[i][b] * v[i];
                    for (std::size_t i = 0; i < n; ++i) v[i] -= dot * q[i][b];
                }
            }
            double norm = 0.0;
            for (std::size_t i = 0; i < n; ++i) norm += v[i] * v[i];
            if (norm > 1e-20 * before && norm > 1e-280 && norm < 1e280) {
                const double inverse = 1.0 / std::sqrt(norm);
                for (std::size_t i = 0; i < n; ++i) q[i][c] = v[i] * inverse;
                break;
            }
            if (next_unit >= n) break;  // leaves a zero column: eps >= 1 below, infinite radius
            for (std::size_t i = 0; i < n; ++i) v[i] = i == next_unit ? 1.0 : 0.0;
            ++next_unit;
        }
    }
    double eps = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        double row = 0.0;
        for (std::size_t j = 0; j < n; ++j) {
            double dot = i == j ? -1.0 : 0.0;
            double size = i == j ? 1.0 : 0.0;
            for (std::size_t k = 0; k < n; ++k) {
                dot += q[k][i] * q[k][j];
                size += std::fabs(q[k][i] * q[k][j]);
            }
            row += std::fabs(dot) + g * size;
        }
        eps = std::max(eps, row);
    }
    eps *= slack;
    double next[m][m];
    for (auto& row : next) std::fill(row, row + m, infinity);
    if (eps < 0.5) {
        const double defect = eps / (1.0 - eps) * slack;
        for (std::size_t c = 0; c < columns_; ++c) {
            double largest = 0.0;
            for (std::size_t i = 0; i < n; ++i) {
                double y = 0.0;
                for (std::size_t j = 0; j < n; ++j) {
                    double dot = 0.0;
                    double size = 0.0;
                    for (std::size_t k = 0; k < n; ++k) {
                        dot += q[k][i] * a[k][j];
                        size += std::fabs(q[k][i] * a[k][j]);
                    }
                    y += (std::fabs(dot) + g * size) * radius_(j, c);
                    y += std::fabs(q[j][i]) * w[j][c];
                }
                next[i][c] = y;
                largest = std::max(largest, y);
                if (!(y < infinity)) largest = infinity;
            }
            for (std::size_t i = 0; i < n; ++i) next[i][c] = (next[i][c] + defect * largest) * slack + underflow;
        }
    }
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t c = 0; c < columns_; ++c) radius_(i, c) = next[i][c] < infinity ? next[i][c] : infinity;
        for (std::size_t j = 0; j < n; ++j) basis_(i, j) = q[i][j];
    }
}

// For every p, q > 0: E(A) + E(B) lies in E(S^1/2), S = (1 + q/p) A A^T + (1 + p/q) B B^T; p = |A|_F, q = |B|_F are the
// trace-optimal choice (any will do), tr S = (p+q)^2. The local error lies in an ellipsoid B B^T = diag(b_i^2):
//     box [-d, d] alone         b_i^2 = n d_i^2
//     box and ball (radius r)   |w + b|_2 <= |d|_2 + r over the moving rows: b_i = that; n d_i^2 in the other rows,
//     with
//                               the two groups as a product of balls: b_i^2 doubled where both are there.
// fl(A A^T) errs by gamma_n |A||A|^T, the Cholesky factor by gamma_{n+1} |L||L|^T, each of spectral norm below its
// trace: the shift gamma_{2n+20} (p+q)^2 I covers both and the scalings.
void ErrorSet::propagate_ellipsoid(const double* phi, const double* d, double ball, std::size_t moving) {
    const double g = gamma_up(static_cast<double>(n_ + 2));
    std::vector<double> side(n_, 0.0);
    for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t c = 0; c < columns_; ++c) {
            const double x = d[i * columns_ + c];
            side[i] = x <= side[i] ? side[i] : x;
            if (!(x < infinity)) side[i] = infinity;
        }
    }
    Matrix a(n_, n_);
    double p2 = 0.0;
    if (!zero_) {
        map_product(phi, basis_, n_, a);
        double l2 = 0.0;
        for (const double x : basis_.data) l2 += x * x;
        const double l = std::sqrt(l2) * slack + tiny_norm;
        for (std::size_t i = 0; i < n_; ++i) {  // |delta A z|_i <= gamma |Phi_i|_2 |L|_F
            double row = 0.0;
            for (std::size_t k = 0; k < n_; ++k) row += phi[i * n_ + k] * phi[i * n_ + k];
            side[i] += g * (std::sqrt(row) + tiny_norm) * l;
        }
        for (const double x : a.data) p2 += x * x;
    }
    for (double& x : side) x = x * slack + tiny_norm;  // whose square, and 2^-53 of it, are normal numbers
    if (ball > 0.0) {
        double sum = 0.0;
        for (std::size_t i = 0; i < moving; ++i) sum += side[i] * side[i];
        const double radius = (std::sqrt(sum) + ball) * slack;
        const double share = moving < n_ ? 2.0 : 1.0;
        for (std::size_t i = 0; i < n_; ++i) {
            side[i] = i < moving ? std::sqrt(share) * slack * radius
                                 : std::sqrt(share * static_cast<double>(n_ - moving)) * slack * side[i];
        }
    } else {
        for (double& x : side) x *= std::sqrt(static_cast<double>(n_)) * slack;
    }
    double q2 = 0.0;
    for (const double x : side) q2 += x * x;
    const double q = std::sqrt(q2);
    const double p = std::max(std::sqrt(p2), q * 0x1p-40);
    const double trace = (p + q) * (p + q);
    if (!(trace < 1e280)) {
        basis_ = Matrix(n_, n_, infinity);
        spectral_ = infinity;
        return;
    }
    Matrix s = zero_ ? Matrix(n_, n_) : blas::syrk(a);
    const double first = (p + q) / p;
    const double second = (p + q) / q;
    for (double& x : s.data) x *= first;
    const double shift = gamma_up(static_cast<double>(2 * n_ + 20)) * trace;
    for (std::size_t i = 0; i < n_; ++i) s(i, i) += (second * side[i] * side[i]) * slack + shift;
    Matrix l;
    if (!blas::cholesky(s, l)) {
        // Round-off left no positive pivot: a ball of the same trace holds everything.
        l = Matrix(n_, n_);
        for (std::size_t i = 0; i < n_; ++i) l(i, i) = (p + q) * 1.01;
        spectral_ = (p + q) * 1.01;
    } else {
        // |L|_2^2 = |L L^T|_2 <= |S|_2 + gamma_{n+1} tr(L L^T) (the Cholesky factor's backward error, in the shift's
        // measure twice over), and |S|_2 <= max row sum, |S|_F.
        double largest = 0.0;
        double squares = 0.0;
        for (std::size_t i = 0; i < n_; ++i) {
            double row = 0.0;
            for (std::size_t j = 0; j < n_; ++j) {
                row += std::fabs(s(i, j));
                squares += s(i, j) * s(i, j);
            }
            largest = std::max(largest, row);
        }
        spectral_ =
            std::sqrt((std::min(largest, std::sqrt(squares) + tiny_norm) * slack + 2.0 * shift) * slack) * slack;
    }
    basis_ = std::move(l);
}

void ErrorSet::magnitude(double* out) const {
    for (std::size_t i = 0; i < n_; ++i) {
        if (zero_) {
            std::fill(out + i * columns_, out + (i + 1) * columns_, 0.0);
        } else if (shape_ == Shape::frame) {
            for (std::size_t c = 0; c < columns_; ++c) {
                double sum = 0.0;
                for (std::size_t j = 0; j < n_; ++j) sum += std::fabs(basis_(i, j)) * radius_(j, c);
                out[i * columns_ + c] = sum < infinity ? sum * slack + underflow : infinity;
            }
        } else {
            double sum = 0.0;
            for (std::size_t j = 0; j < n_; ++j) sum += basis_(i, j) * basis_(i, j);
            const double bound = sum < infinity ? std::sqrt(sum) * slack + tiny_norm : infinity;
            std::fill(out + i * columns_, out + (i + 1) * columns_, bound);
        }
    }
}

// |phi Q z| <= sum_j |(phi Q)_ij| r_j, |phi L z| <= |(phi L)_i|_2.
void ErrorSet::image_magnitude(const double* phi, double* out) const {
    std::fill(out, out + n_, 0.0);
    if (zero_) return;
    for (std::size_t i = 0; i < n_; ++i) {
        double sum = 0.0;
        for (std::size_t j = 0; j < n_; ++j) {
            double x = 0.0;
            for (std::size_t k = 0; k < n_; ++k) x += phi[i * n_ + k] * basis_(k, j);
            sum += shape_ == Shape::frame ? std::fabs(x) * radius_(j, 0) : x * x;
        }
        if (shape_ == Shape::ellipsoid) sum = std::sqrt(sum) + tiny_norm;
        out[i] = sum < infinity ? sum * slack + underflow : infinity;
    }
}

// |z|_2 <= 1 implies |z_i| <= 1. A frame: F = fl(Q diag(r)), one rounding an entry.
Matrix ErrorSet::directions(double* missed) const {
    std::fill(missed, missed + n_, 0.0);
    if (zero_) return Matrix(n_, n_);
    Matrix f = basis_;
    if (shape_ == Shape::ellipsoid) return f;
    for (std::size_t i = 0; i < n_; ++i) {
        double sum = 0.0;
        for (std::size_t j = 0; j < n_; ++j) {
            f(i, j) *= radius_(j, 0);
            sum += std::fabs(f(i, j));
        }
        missed[i] = sum < infinity ? unit_roundoff * sum * slack + underflow : infinity;
    }
    return f;
}

// An ellipsoid: |L z|_2 <= |L|_2. A frame: the 2-norm of the magnitudes.
double ErrorSet::euclidean() const {
    if (zero_) return 0.0;
    if (shape_ == Shape::ellipsoid) return spectral_;
    double largest = 0.0;
    for (std::size_t c = 0; c < columns_; ++c) {
        double sum = 0.0;
        for (std::size_t i = 0; i < n_; ++i) {
            double row = 0.0;
            for (std::size_t j = 0; j < n_; ++j) row += std::fabs(basis_(i, j)) * radius_(j, c);
            sum += row * row;
        }
        largest = larger(largest, sum);
    }
    return largest < infinity ? std::sqrt(largest) * slack + tiny_norm : infinity;
}

bool ErrorSet::is_finite() const {
    const auto finite = [](const Matrix& m) {
        return std::all_of(m.data.begin(), m.data.end(), [](double x) { return std::fabs(x) < infinity; });
    };
    return zero_ || (finite(basis_) && finite(radius_));
}

}  // namespace capnode
