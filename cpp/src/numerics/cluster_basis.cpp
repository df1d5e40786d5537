// Hints only: nothing here is a fact before verify_basis has checked it.
#include <algorithm>
#include <cmath>
#include <complex>
#include <vector>

#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/rounding.hpp"
#include "components.hpp"
#include "eigenbasis_internal.hpp"

namespace capnode::detail {

namespace {

constexpr double tolerance[ClusterRepair::levels] = {1e-12, 1e-9, 1e-6, 1e-4, 1e-2, 1e-1};

// Single linkage: numbers of the clusters with at least two members, -1 for single eigenvalues. A cluster that holds a
// pair of conjugates (or a real eigenvalue) is closed under conjugation; others come as two clusters, K and its
// conjugate.
std::vector<int> clusters(const std::vector<std::complex<double>>& values, double reach) {
    const std::size_t n = values.size();
    const std::vector<std::size_t> root =
        connected(n, [&](std::size_t i, std::size_t j) { return std::abs(values[i] - values[j]) <= reach; });
    std::vector<std::size_t> size(n, 0);
    for (const std::size_t r : root) ++size[r];
    std::vector<int> number(n, -1), out(n, -1);
    int next = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t r = root[i];
        if (size[r] < 2) continue;
        if (number[r] < 0) number[r] = next++;
        out[i] = number[r];
    }
    return out;
}

}  // namespace

ClusterRepair::ClusterRepair(const Matrix& balanced_mid) {
    usable_ = blas::gees(balanced_mid, schur_) && blas::schur_eigenvectors(schur_, right_);
}

bool ClusterRepair::candidate(int level, CandidateBasis& out) {
    if (!usable_) return false;
    const std::vector<std::complex<double>>& values = schur_.values;
    const std::size_t n = values.size();
    double scale = 0.0;
    for (const auto& v : values) scale = std::max(scale, std::abs(v));
    const std::vector<int> member = clusters(values, tolerance[level] * scale);
    if (member == last_ || std::all_of(member.begin(), member.end(), [](int c) { return c < 0; })) return false;
    last_ = member;

    out = {};
    out.V = Matrix(n, n);
    std::size_t column = 0;
    const auto put = [&](const Matrix& from, std::size_t j, std::complex<double> lambda, int cluster) {
        for (std::size_t k = 0; k < n; ++k) out.V(k, column) = from(k, j);
        out.lambda.push_back(lambda);
        out.cluster.push_back(cluster);
        ++column;
    };
    for (std::size_t j = 0; j < n; ++j) {
        if (member[j] < 0) put(right_, j, values[j], -1);
    }
    const int count = 1 + *std::max_element(member.begin(), member.end());
    for (int c = 0; c < count; ++c) {
        std::vector<char> selected(n, 0);
        bool closed = true, upper = false;
        std::size_t size = 0;
        for (std::size_t j = 0; j < n; ++j) {
            if (member[j] != c) continue;
            upper = upper || values[j].imag() > 0.0;
            const std::size_t partner = values[j].imag() > 0.0 ? j + 1 : values[j].imag() < 0.0 ? j - 1 : j;
            closed = closed && partner < n && member[partner] == c;
            if (partner < n) selected[partner] = 1;
            selected[j] = 1;
            ++size;
        }
        if (!closed && !upper) continue;  // the conjugate of a cluster that is treated itself
        blas::Schur top = schur_;
        if (!blas::reorder(top, selected)) return false;
        if (closed) {
            for (std::size_t j = 0; j < size; ++j) put(top.q, j, top.t(j, j), c);
            continue;
        }
        // K above the axis: complex Schur form of the real matrix on K + conj K, K first
        const std::size_t wide = 2 * size;
        ComplexMatrix block(wide, wide);
        for (std::size_t i = 0; i < wide; ++i) {
            for (std::size_t j = 0; j < wide; ++j) block.re(i, j) = top.t(i, j);
        }
        blas::ComplexSchur small;
        if (!blas::gees(block, small)) return false;
        std::vector<char> above(wide, 0);
        for (std::size_t i = 0; i < wide; ++i) above[i] = small.values[i].imag() > 0.0;
        if (static_cast<std::size_t>(std::count(above.begin(), above.end(), 1)) != size || !blas::reorder(small, above))
            return false;
        for (std::size_t j = 0; j < size; ++j) {
            Matrix re(n, 1), im(n, 1);
            for (std::size_t k = 0; k < n; ++k) {
                for (std::size_t l = 0; l < wide; ++l) {
                    re(k, 0) += top.q(k, l) * small.q.re(l, j);
                    im(k, 0) += top.q(k, l) * small.q.im(l, j);
                }
            }
            const std::complex<double> lambda = small.values[j];
            if (!(lambda.imag() > 0.0)) return false;
            put(re, 0, lambda, c);
            put(im, 0, std::conj(lambda), c);
        }
    }
    return column == n;
}

bool rescale_candidate(const VerifiedEigenbasis& basis, CandidateBasis& candidate) {
    const std::size_t n = basis.n;
    if (candidate.cluster.size() != n) return false;
    bool gained = false;
    const int count = 1 + *std::max_element(candidate.cluster.begin(), candidate.cluster.end());
    for (int c = 0; c < count; ++c) {
        // one index a vector: of a pair in real form only the first
        std::vector<std::size_t> index;
        for (std::size_t j = 0; j < n; ++j) {
            if (candidate.cluster[j] == c && candidate.lambda[j].imag() >= 0.0) index.push_back(j);
        }
        const std::size_t m = index.size();
        if (m < 2) continue;
        Matrix f(m, m);
        double greatest = 0.0;
        for (std::size_t i = 0; i < m; ++i) {
            for (std::size_t j = 0; j < m; ++j) {
                f(i, j) = std::hypot(basis.T.re(index[i], index[j]), basis.T.im(index[i], index[j])) +
                          basis.F_rad(index[i], index[j]);
                greatest = std::max(greatest, f(i, j));
            }
        }
        if (!(greatest > 0.0) || !(greatest < infinity)) continue;
        std::vector<double> x(m, 1.0), y(m);
        double before = 0.0;
        for (int sweep = 0; sweep < 60; ++sweep) {
            double top = 0.0;
            for (std::size_t i = 0; i < m; ++i) {
                y[i] = 0.0;
                for (std::size_t j = 0; j < m; ++j) y[i] += f(i, j) * x[j];
                top = std::max(top, y[i]);
            }
            if (sweep == 0) before = top;
            for (std::size_t i = 0; i < m; ++i) x[i] = std::max(0.5 * x[i] + 0.5 * y[i] / top, 0x1p-30);
        }
        double after = 0.0;
        for (std::size_t i = 0; i < m; ++i) {
            x[i] = std::ldexp(1.0, std::ilogb(x[i]));
        }
        for (std::size_t i = 0; i < m; ++i) {
            double sum = 0.0;
            for (std::size_t j = 0; j < m; ++j) sum += f(i, j) * x[j];
            after = std::max(after, sum / x[i]);
        }
        if (!(after < 0.5 * before)) continue;
        gained = true;
        for (std::size_t i = 0; i < m; ++i) {
            const std::size_t width = candidate.lambda[index[i]].imag() > 0.0 ? 2 : 1;
            for (std::size_t k = 0; k < n; ++k) {
                for (std::size_t w = 0; w < width; ++w) candidate.V(k, index[i] + w) *= x[i];
            }
        }
    }
    candidate.R = Matrix();
    return gained;
}

}  // namespace capnode::detail
