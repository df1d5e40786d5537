// Newton's method in plain floats on F(p, w, x, v) = (f, f_x v - i w v, psi v - 1), psi = conj(v)/|v|^2 at the start:
// the elimination of hopf_newton.hpp with LU factorisations instead of verified solves. Finds hints; proves nothing.
#include <algorithm>
#include <cmath>

#include "capnode/dynamics/hopf.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/field/jet.hpp"
#include "capnode/numerics/blas.hpp"

namespace capnode {
namespace {

using Complex = std::complex<double>;

double largest(const Matrix& m) {
    double out = 0.0;
    for (const double x : m.data) {
        if (!(std::fabs(x) <= out)) out = std::fabs(x);
    }
    return out;
}

/// D^2 f [(v, 0), (dx, dp)].
std::vector<Complex> bend(const Field& field, const Matrix& x, const Matrix& p, const std::vector<Complex>& v,
                          const double* dx, std::size_t stride, double dp) {
    const std::size_t n = v.size();
    JetDirection a{ComplexMatrix(n, 1), {}};
    JetDirection b{ComplexMatrix(n, 1), ComplexMatrix(1, 1)};
    for (std::size_t k = 0; k < n; ++k) {
        a.x.re(k, 0) = v[k].real();
        a.x.im(k, 0) = v[k].imag();
        b.x.re(k, 0) = dx[k * stride];
    }
    b.p.re(0, 0) = dp;
    const ComplexMatrix jet = third_order_jet(field, x, p, {a, b, JetDirection{}});
    std::vector<Complex> out(n);
    for (std::size_t k = 0; k < n; ++k) out[k] = {jet.re(k, monomial::e12), jet.im(k, monomial::e12)};
    return out;
}

}  // namespace

HopfRefinement refine_hopf_candidate(const Field& field, const HopfHint& start, int max_iterations) {
    const std::size_t n = start.state_bar.size();
    HopfRefinement out;
    out.hint = start;
    double norm = 0.0;
    for (const Complex& z : start.eigenvector_bar) norm += std::norm(z);
    norm = std::sqrt(norm);
    if (!(norm > 0.0) || !std::isfinite(norm)) return out;
    std::vector<Complex>& v = out.hint.eigenvector_bar;
    std::vector<Complex> psi(n);
    for (std::size_t k = 0; k < n; ++k) {
        v[k] /= norm;
        psi[k] = std::conj(v[k]);
    }
    Matrix x(n, 1);
    std::copy(start.state_bar.begin(), start.state_bar.end(), x.data.begin());
    Matrix p(1, 1, start.parameter_bar);
    double w = start.frequency_bar;

    for (; out.iterations < max_iterations; ++out.iterations) {
        const Jacobian j = jacobian(field, x, p);
        // the residual, each part against the size of its terms
        const double size_j = largest(j.dx) + 1e-300;
        std::vector<Complex> e(n);
        Complex r_psi = 1.0;
        double largest_e = 0.0;
        double size_x = 0.0;
        for (std::size_t r = 0; r < n; ++r) {
            Complex s = -Complex(0.0, w) * v[r];
            const double* row = j.dx.row(r);
            for (std::size_t c = 0; c < n; ++c) s += row[c] * v[c];
            e[r] = s;
            r_psi -= psi[r] * v[r];
            largest_e = std::fmax(largest_e, std::abs(s));
            size_x = std::fmax(size_x, std::fabs(x(r, 0)));
        }
        out.residual = std::fmax(largest(j.value) / (size_j * (1.0 + size_x)), largest_e / (size_j + std::fabs(w)));
        if (!std::isfinite(out.residual)) return out;

        Matrix right(n, 2);
        for (std::size_t k = 0; k < n; ++k) {
            right(k, 0) = -j.value(k, 0);
            right(k, 1) = -j.dp(k, 0);
        }
        Matrix both;
        if (!blas::solve(j.dx, right, both)) return out;  // columns a, x_p
        const std::vector<Complex> b1 = bend(field, x, p, v, both.data.data(), 2, 0.0);
        const std::vector<Complex> b2 = bend(field, x, p, v, both.data.data() + 1, 2, 1.0);
        ComplexMatrix bordered(n + 1, n + 1);
        ComplexMatrix rhs(n + 1, 2);
        for (std::size_t r = 0; r < n; ++r) {
            std::copy(j.dx.row(r), j.dx.row(r) + n, bordered.re.row(r));
            bordered.im(r, r) -= w;
            bordered.re(r, n) = -v[r].real();
            bordered.im(r, n) = -v[r].imag();
            bordered.re(n, r) = psi[r].real();
            bordered.im(n, r) = psi[r].imag();
            rhs.re(r, 0) = -(e[r] + b1[r]).real();
            rhs.im(r, 0) = -(e[r] + b1[r]).imag();
            rhs.re(r, 1) = b2[r].real();
            rhs.im(r, 1) = b2[r].imag();
        }
        rhs.re(n, 0) = r_psi.real();
        rhs.im(n, 0) = r_psi.imag();
        ComplexMatrix z;
        if (!blas::solve(bordered, rhs, z)) return out;
        const double dp = z.re(n, 0) / z.re(n, 1);
        const double dw = z.im(n, 0) - dp * z.im(n, 1);
        double step_x = 0.0;
        double step_v = 0.0;
        for (std::size_t k = 0; k < n; ++k) {
            const double dx = both(k, 0) + dp * both(k, 1);
            const Complex dv{z.re(k, 0) - dp * z.re(k, 1), z.im(k, 0) - dp * z.im(k, 1)};
            x(k, 0) += dx;
            v[k] += dv;
            step_x = std::fmax(step_x, std::fabs(dx));
            step_v = std::fmax(step_v, std::abs(dv));
        }
        p(0, 0) += dp;
        w += dw;
        out.hint.parameter_bar = p(0, 0);
        out.hint.frequency_bar = w;
        std::copy(x.data.begin(), x.data.end(), out.hint.state_bar.begin());
        out.last_step =
            std::fmax(std::fmax(step_x / (1.0 + size_x), step_v),
                      std::fmax(std::fabs(dp) / (1.0 + std::fabs(p(0, 0))), std::fabs(dw) / (1e-3 + std::fabs(w))));
        if (!std::isfinite(out.last_step)) {
            out.last_step = infinity;
            return out;
        }
        if (out.last_step <= 1e-9) {
            ++out.iterations;
            out.converged = w > 0.0;
            return out;
        }
    }
    return out;
}

}  // namespace capnode
