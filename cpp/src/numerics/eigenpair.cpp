// Krawczyk for F(v, lambda) = ((A - lambda) v, phi v - 1), phi a fixed row. With x = (v, lambda), an approximation
// x_bar, C = F'(x_bar) at the midpoint of A and K any matrix near C^-1, for d = (dv, dl) in a set |d| <= s:
//     F(x_bar + d) - F(x_bar) - C* d = (-dl dv, 0)  exactly (F is quadratic),  C* = F'(x_bar) for the given A,
// so d is a zero of F(x_bar + d) iff d = -K F(x_bar) + (I - K C*) d + K (dl dv, 0) =: N(d). If |N(d)| < s for all |d|
// <= s, Brouwer gives a zero, and N is a contraction in the norm max |d_k|/s_k where also the derivative part is below
// 1: |I - K C*| s + 2 |K| (s_l s_v, 0) < s. K F(x_bar) and |I - K C*| are evaluated in ball arithmetic for the whole
// ball A.
#include "capnode/numerics/eigenpair.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/rounding.hpp"
#include "radius_product.hpp"

namespace capnode {

using detail::ulps_up;

std::optional<Eigenpair> verified_eigenpair(const BallMatrix& a, std::complex<double> lambda_bar,
                                            const ComplexMatrix& v_bar, std::string* reason) {
    const std::size_t n = a.rows();
    if (a.cols() != n || v_bar.rows() != n || v_bar.cols() != 1) {
        throw std::invalid_argument("an eigenpair needs A n x n and v n x 1, got " + std::to_string(n) + " x " +
                                    std::to_string(a.cols()) + " and " + std::to_string(v_bar.rows()) + " x " +
                                    std::to_string(v_bar.cols()));
    }
    const auto fail = [reason](std::string text) -> std::optional<Eigenpair> {
        if (reason != nullptr) *reason = std::move(text);
        return std::nullopt;
    };
    double square = 0.0;
    for (std::size_t i = 0; i < n; ++i) square += v_bar.re(i, 0) * v_bar.re(i, 0) + v_bar.im(i, 0) * v_bar.im(i, 0);
    if (!(square > 0x1p-900) || !(square < 0x1p900)) return fail("the approximate eigenvector is zero or out of range");
    ComplexMatrix phi(1, n), v = v_bar;
    for (std::size_t i = 0; i < n; ++i) {
        phi.re(0, i) = v_bar.re(i, 0) / square;
        phi.im(0, i) = -v_bar.im(i, 0) / square;
    }

    // C = [[A - lambda, -v], [phi, 0]] as a ball matrix, at the current floats v, lambda
    std::complex<double> lambda = lambda_bar;
    const auto derivative = [&] {
        ComplexBallMatrix c(n + 1, n + 1);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) {
                c.mid.re(i, j) = a.mid(i, j);
                c.rad(i, j) = a.rad(i, j);
            }
            const Sum d = two_sum(a.mid(i, i), -lambda.real());
            c.mid.re(i, i) = d.value;
            c.mid.im(i, i) = -lambda.imag();
            c.rad(i, i) = add_up(a.rad(i, i), std::fabs(d.error));
            c.mid.re(i, n) = -v.re(i, 0);
            c.mid.im(i, n) = -v.im(i, 0);
            c.mid.re(n, i) = phi.re(0, i);
            c.mid.im(n, i) = phi.im(0, i);
        }
        return c;
    };
    const auto residual = [&] {
        const ComplexBallMatrix z(v);
        const ComplexBallMatrix top =
            subtract(multiply(a, z), scale(z, ComplexBall{lambda.real(), lambda.imag(), 0.0}));
        const ComplexBallMatrix last = multiply(phi, z);
        ComplexBallMatrix f(n + 1, 1);
        for (std::size_t i = 0; i < n; ++i) {
            f.mid.re(i, 0) = top.mid.re(i, 0);
            f.mid.im(i, 0) = top.mid.im(i, 0);
            f.rad(i, 0) = top.rad(i, 0);
        }
        const Sum d = two_sum(last.mid.re(0, 0), -1.0);
        f.mid.re(n, 0) = d.value;
        f.mid.im(n, 0) = last.mid.im(0, 0);
        f.rad(n, 0) = add_up(last.rad(0, 0), std::fabs(d.error));
        return f;
    };

    ComplexMatrix k;
    ComplexBallMatrix c = derivative();
    if (!blas::inverse(c.mid, k)) return fail("the bordered matrix is numerically singular");
    for (int step = 0; step < 3; ++step) {  // Newton with one inverse: a better approximation, no fact
        const ComplexMatrix d = blas::multiply(k, residual().mid);
        for (std::size_t i = 0; i < n; ++i) {
            v.re(i, 0) -= d.re(i, 0);
            v.im(i, 0) -= d.im(i, 0);
        }
        lambda -= std::complex<double>(d.re(n, 0), d.im(n, 0));
    }
    if (!is_finite(v.re) || !is_finite(v.im) || !(std::fabs(lambda.real()) < infinity) ||
        !(std::fabs(lambda.imag()) < infinity)) {
        return fail("Newton's iteration diverged");
    }
    c = derivative();
    const Matrix y = magnitude(multiply(k, residual()));  // |K F(x_bar)|
    Matrix defect;                                        // |I - K C*|
    {
        ComplexBallMatrix kc = multiply(k, c);
        for (std::size_t i = 0; i <= n; ++i) kc.mid.re(i, i) -= 1.0;  // rounds by at most u |result| <= one step
        defect = magnitude(kc);
        for (std::size_t i = 0; i <= n; ++i) defect(i, i) = ulps_up(defect(i, i), 2);
    }
    const Matrix k_abs = absolute(k);

    std::vector<double> s(n + 1), top(n + 1, 0.0);
    double greatest = 0.0;
    for (std::size_t i = 0; i <= n; ++i) greatest = std::max(greatest, y(i, 0));
    for (std::size_t i = 0; i <= n; ++i) s[i] = 1.1 * y(i, 0) + 0.01 * greatest + 0x1p-1000;
    for (int sweep = 0; sweep < 12; ++sweep) {
        const std::vector<double> linear = nonnegative_product(defect, s);
        for (std::size_t i = 0; i < n; ++i) top[i] = multiply_up(s[n], s[i]);
        top[n] = 0.0;
        const std::vector<double> quadratic = nonnegative_product(k_abs, top);
        bool inside = true;
        std::vector<double> image(n + 1);
        for (std::size_t i = 0; i <= n; ++i) {
            image[i] = add_up(y(i, 0), add_up(linear[i], quadratic[i]));
            const double slope = add_up(linear[i], multiply_up(2.0, quadratic[i]));
            inside = inside && image[i] < s[i] && slope < s[i] && s[i] < infinity;
        }
        if (inside) {
            Eigenpair pair{{lambda.real(), lambda.imag(), image[n]}, ComplexBallMatrix(n, 1), phi};
            pair.vector.mid = v;
            for (std::size_t i = 0; i < n; ++i) pair.vector.rad(i, 0) = image[i];
            return pair;
        }
        for (std::size_t i = 0; i <= n; ++i) s[i] = std::max(1.05 * s[i], 1.2 * image[i]) + 0x1p-1000;
    }
    char text[128];
    std::snprintf(text, sizeof text, "the inclusion of the eigenpair failed; |K F| = %.3g", greatest);
    return fail(text);
}

}  // namespace capnode
