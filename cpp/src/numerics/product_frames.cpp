#include "product_frames.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>

#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode::detail {

bool orthogonalise(const Matrix& a, Matrix& q, Matrix& r) {
    const std::size_t n = a.rows;
    if (!blas::full_orthogonal_factor(a, q)) return false;
    r = blas::multiply(q, a, blas::Op::transpose);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < i; ++j) r(i, j) = 0.0;
        if (!(std::fabs(r(i, i)) > 0.0) || !(std::fabs(r(i, i)) < infinity)) return false;
        if (r(i, i) > 0.0) continue;
        for (std::size_t j = i; j < n; ++j) r(i, j) = -r(i, j);
        for (std::size_t k = 0; k < n; ++k) q(k, i) = -q(k, i);
    }
    return true;
}

void solve_triangular(const Matrix& r, Matrix& x) {
    const std::size_t n = r.rows;
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t k = i + 1; k < n; ++k) {
            const double f = r(i, k);
            for (std::size_t j = k; j < n; ++j) x(i, j) -= f * x(k, j);
        }
        const double inverse = 1.0 / r(i, i);
        for (std::size_t j = i; j < n; ++j) x(i, j) *= inverse;
    }
}

namespace {

// Some orthogonal matrix in general position: its first columns grow like the largest singular values.
Matrix general_frame(std::size_t n) {
    Matrix a(n, n);
    std::uint64_t state = 0x9e3779b97f4a7c15u;
    for (double& x : a.data) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        x = static_cast<double>(state >> 11) * 0x1p-53 - 0.5;
    }
    Matrix q;
    Matrix r;
    return orthogonalise(a, q, r) ? q : Matrix::identity(n);
}

void normalise_columns(Matrix& c) {
    for (std::size_t j = 0; j < c.cols; ++j) {
        double largest = 0.0;
        for (std::size_t i = 0; i <= j; ++i) largest = std::max(largest, std::fabs(c(i, j)));
        double sum = 0.0;
        for (std::size_t i = 0; i <= j; ++i) sum += (c(i, j) / largest) * (c(i, j) / largest);
        const double size = largest * std::sqrt(sum);
        for (std::size_t i = 0; i <= j; ++i) c(i, j) /= size;
    }
}

class Search {
  public:
    Search(const std::vector<MatrixSet>& factors, std::size_t count, const std::function<bool()>& interrupted)
        : factors_(factors), count_(count), interrupted_(interrupted), n_(factors.front().mid.rows) {}

    // Forward sweep from the frame V: q, r, and the triangular product on its scales, diag(exp(g)) M.
    bool forward(Matrix v, bool want_product) {
        frames.q.assign(1, std::move(v));
        frames.c.assign(1, Matrix());
        g.assign(n_, 0.0);
        product = Matrix::identity(n_);
        Matrix q;
        Matrix r;
        Matrix x(n_, n_);
        for (std::size_t k = 0; k < count_; ++k) {
            if (interrupted_ && interrupted_()) return stop();
            if (!orthogonalise(blas::multiply(factors_[k].mid, frames.q[k]), q, r))
                return fail("factor " + std::to_string(k + 1) + " is singular, or not finite");
            if (want_product) {
                std::fill(x.data.begin(), x.data.end(), 0.0);
                for (std::size_t i = 0; i < n_; ++i) {
                    x(i, i) = 1.0;
                    for (std::size_t j = i + 1; j < n_; ++j) {
                        if (r(i, j) != 0.0) x(i, j) = r(i, j) / r(i, i) * std::exp(g[j] - g[i]);
                    }
                }
                product = blas::multiply(x, product);
                for (std::size_t i = 0; i < n_; ++i) {
                    for (std::size_t j = 0; j < i; ++j) product(i, j) = 0.0;
                }
            }
            for (std::size_t i = 0; i < n_; ++i) g[i] += std::log(r(i, i));
            frames.q.push_back(std::move(q));
            frames.c.push_back(std::move(r));  // R_k, until the backward sweep
            q = Matrix();
            r = Matrix();
        }
        return true;
    }

    // C_N = I, C_{k-1} = R_k^-1 C_k with unit columns; frames.c holds R_k before and C_k after.
    bool backward() {
        Matrix c = Matrix::identity(n_);
        for (std::size_t k = count_; k > 0; --k) {
            if (interrupted_ && interrupted_()) return stop();
            Matrix next = c;
            solve_triangular(frames.c[k], next);
            frames.c[k] = std::move(c);
            normalise_columns(next);
            c = std::move(next);
        }
        frames.c[0] = std::move(c);
        return true;
    }

    // How far the first frame is from orthogonal columns.
    double misfit() const {
        const Matrix s = frames.frame(0);
        const Matrix gram = blas::multiply(s, s, blas::Op::transpose);
        double largest = 0.0;
        for (std::size_t i = 0; i < n_; ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                const double x = std::fabs(gram(i, j));
                largest = x <= largest ? largest : x;  // NaN wins
            }
        }
        return largest;
    }

    bool stop() {
        frames.stopped = true;
        return fail("stopped by the caller");
    }
    bool fail(std::string why) {
        frames.failure = std::move(why);
        return false;
    }

    ProductFrames frames;
    std::vector<double> g;
    Matrix product;

  private:
    const std::vector<MatrixSet>& factors_;
    std::size_t count_;
    const std::function<bool()>& interrupted_;
    std::size_t n_;
};

}  // namespace

Matrix ProductFrames::frame(std::size_t k) const { return blas::multiply(q[k], c[k]); }

Matrix ProductFrames::inverse(std::size_t k) const {
    Matrix inverse = Matrix::identity(c[k].rows);
    solve_triangular(c[k], inverse);
    Matrix out;
    blas::gemm(blas::Op::none, blas::Op::transpose, 1.0, inverse, q[k], 0.0, out);
    return out;
}

// Rows x = m_i and y = r m_j with r = exp(g_j - g_i) <= 1 and cosine c: the rotation with tan(2 phi) = 2 r c / (1 -
// r^2) makes them orthogonal. y changes by sin(phi) m_i, and sin(phi) / r stays finite for r = 0.
void jacobi_rows(std::vector<double>& g, Matrix& m) {
    const std::size_t n = m.rows;
    const std::size_t cols = m.cols;
    const auto normalise = [&](std::size_t i) {
        double sum = 0.0;
        for (std::size_t k = 0; k < cols; ++k) sum += m(i, k) * m(i, k);
        const double size = std::sqrt(sum);
        if (!(size > 0.0)) return;
        for (std::size_t k = 0; k < cols; ++k) m(i, k) /= size;
        g[i] += std::log(size);
    };
    for (std::size_t i = 0; i < n; ++i) normalise(i);
    for (int sweep = 0; sweep < 40; ++sweep) {
        double largest = 0.0;
        for (std::size_t a = 0; a + 1 < n; ++a) {
            for (std::size_t b = a + 1; b < n; ++b) {
                const std::size_t i = g[a] >= g[b] ? a : b;
                const std::size_t j = i == a ? b : a;
                double c = 0.0;
                for (std::size_t k = 0; k < cols; ++k) c += m(i, k) * m(j, k);
                largest = std::max(largest, std::fabs(c));
                if (!(std::fabs(c) > 0x1p-54)) continue;
                const double r = std::exp(g[j] - g[i]);
                const double gap = 1.0 - r * r;
                // t = tan(phi), t / r kept apart
                const double t_over_r = 2.0 * c / (gap + std::sqrt(gap * gap + 4.0 * r * r * c * c));
                const double t = r * t_over_r;
                const double cosine = 1.0 / std::sqrt(1.0 + t * t);
                double* x = m.row(i);
                double* y = m.row(j);
                for (std::size_t k = 0; k < cols; ++k) {
                    const double u = x[k];
                    const double v = y[k];
                    x[k] = cosine * (u + t * r * v);
                    y[k] = cosine * (v - t_over_r * u);
                }
                normalise(i);
                normalise(j);
            }
        }
        if (!(largest > 0x1p-50)) break;
    }
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return g[a] > g[b]; });
    Matrix sorted(n, cols);
    std::vector<double> scales(n);
    for (std::size_t i = 0; i < n; ++i) {
        std::copy_n(m.row(order[i]), cols, sorted.row(i));
        scales[i] = g[order[i]];
    }
    m = std::move(sorted);
    g = std::move(scales);
}

ProductFrames product_frames(const std::vector<MatrixSet>& factors, std::size_t count, ProductKind kind,
                             const std::function<bool()>& interrupted) {
    const std::size_t n = factors.front().mid.rows;
    Search search(factors, count, interrupted);
    if (kind == ProductKind::qr) {
        if (search.forward(Matrix::identity(n), false)) search.backward();
        return std::move(search.frames);
    }
    constexpr int rounds = 6;
    Matrix v = general_frame(n);
    double before = infinity;
    for (int round = 0;; ++round) {
        if (!search.forward(v, round < rounds)) break;
        if (!search.backward()) break;
        const double misfit = search.misfit();
        if (misfit <= 1e-14 * static_cast<double>(n) || round == rounds) break;
        if (round > 1 && misfit < 1e-9 && misfit > 0.3 * before) break;
        before = misfit;
        // Y V = Q diag(e^g) M, and diag(e^g) M = U diag(sigma) W^T: the next V is V W.
        jacobi_rows(search.g, search.product);
        Matrix next;
        blas::gemm(blas::Op::none, blas::Op::transpose, 1.0, v, search.product, 0.0, next);
        Matrix q;
        Matrix r;
        if (!orthogonalise(next, q, r)) break;
        v = std::move(q);
    }
    return std::move(search.frames);
}

}  // namespace capnode::detail
