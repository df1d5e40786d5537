#include "cubic_form.hpp"

#include <cmath>

#include "capnode/numerics/rounding.hpp"
#include "fast_modulus.hpp"

namespace capnode {

// Floats first. m = fl(|q|^2) errs by 2u m, m q by u more, the complex product with l by sqrt(2) gamma_2 |l||m q|: a
// term by at most 8u |l||q|^3, and the sum of n terms by gamma_n sum |l||q|^3 (1 + 8u). Underflow costs a term at most
// 8 eta (1 + |l|)(1 + |q|), far below 1e-290 of it. The set: for |d| <= r on q and |e| <= s on l,
//     |(l + e) |q+d|^2 (q+d) - l |q|^2 q| <= |l| ((Q + r)^3 - Q^3) + s (Q + r)^3,   (Q + r)^3 - Q^3 = r (3 Q^2 + 3 Q r
//     + r^2)
// (telescoping the three factors of q), and | |q+d|^2 - |q|^2 | <= 2 Q r + r^2, with Q >= |q|, L >= |l|. All sums are
// of non-negative numbers, each term with at most 16 roundings, inflated at the end.
CubicForm cubic_form(const ComplexBallMatrix& right, const ComplexBallMatrix& left, std::size_t column) {
    const std::size_t n = right.rows();
    const double terms = static_cast<double>(n);
    double re = 0.0, im = 0.0, norm = 0.0;
    double rounding = 0.0, set = 0.0, norm_set = 0.0, underflow = 0.0;
    for (std::size_t k = 0; k < n; ++k) {
        const double a = right.mid.re(k, column), b = right.mid.im(k, column), r = right.rad(k, column);
        const double c = left.mid.re(column, k), d = left.mid.im(column, k), s = left.rad(column, k);
        const double m = a * a + b * b;
        const double x = m * a, y = m * b;
        re += c * x - d * y;
        im += c * y + d * x;
        norm += m;
        const double Q = modulus_above(a, b), L = modulus_above(c, d);
        const double cube = (Q + r) * (Q + r) * (Q + r);
        rounding += L * Q * Q * Q;
        set += L * (r * (3.0 * Q * Q + 3.0 * Q * r + r * r)) + s * cube;
        norm_set += 2.0 * Q * r + r * r;
        underflow += (1.0 + L) * (1.0 + Q);
    }
    CubicForm out;
    const double tiny = 1e-290 * inflate(underflow, terms, 16.0);
    const double error = multiply_up(gamma_up(terms + 16.0), inflate(rounding, terms, 16.0));
    const double rad = add_up(add_up(inflate(set, terms, 16.0), error), tiny);
    const bool finite = std::isfinite(re) && std::isfinite(im) && rad < infinity;
    out.value = finite ? ComplexBall{re, im, rad} : ComplexBall{0.0, 0.0, infinity};
    // sum of squares: gamma_(n+2) of the sum itself
    const double norm_rad = add_up(
        add_up(inflate(norm_set, terms, 16.0), multiply_up(gamma_up(terms + 4.0), inflate(norm, terms, 4.0))), tiny);
    out.norm_square = intersect(ball_hull(norm, norm_rad), Interval(0.0, infinity)).value_or(Interval::whole());
    return out;
}

}  // namespace capnode
