#include "diagonal_equilibria.hpp"

#include <cmath>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/eigenbasis_solve.hpp"
#include "capnode/numerics/rounding.hpp"
#include "fast_modulus.hpp"

namespace capnode {
namespace {

bool vanishes(const BallMatrix& b) {
    for (std::size_t i = 0; i < b.mid.size(); ++i)
        if (b.mid.data[i] != 0.0 || b.rad.data[i] != 0.0) return false;
    return true;
}

/// Column k of the coordinates of the solution: y = g/(c - s_k) with the radius of the head of the file. False where
/// k >= 1/2.
bool divide_column(const VerifiedEigenbasis& basis, const Ball& shift, const ComplexBallMatrix& g, std::size_t from,
                   ComplexBallMatrix& z, std::size_t to) {
    const std::size_t n = basis.n;
    // y = g/a in floats, a = fl(c - s): |a - (c - s)| <= u |a| + s_rad =: da, low <= |c - s|:
    // |y - g/(c-s)| <= |g| da/(|a| low) + g_rad/low + 16u |g|/|a|, the last for conj(a) g/(a conj(a)) in floats
    // where 1e-100 <= |a| <= 1e149 (elsewhere nothing is known); underflow costs less than 8 eta/|a|^2 <= 1e-120.
    std::vector<double> feed(n);
    double contraction = 0.0;
    double largest = 0.0;
    for (std::size_t j = 0; j < n; ++j) {
        const double re = basis.center[j].real() - shift.mid, im = basis.center[j].imag();
        const double below = modulus_below(re, im);
        const double da = add_up(multiply_up(unit_roundoff, modulus_above(re, im)), shift.rad);
        const double low = subtract_down(below, da);
        if (!(low > 1e-100) || !(below < 1e149)) return false;
        feed[j] = divide_up(basis.row_radius[j], low);
        contraction = std::fmax(contraction, feed[j]);
        const double gr = g.mid.re(j, from), gi = g.mid.im(j, from);
        const double square = re * re + im * im;
        const double yr = (gr * re + gi * im) / square, yi = (gi * re - gr * im) / square;
        const double size = divide_up(modulus_above(gr, gi), below);  // >= |g|/|a|
        double rad = add_up(divide_up(multiply_up(size, da), low), divide_up(g.rad(j, from), low));
        rad = add_up(add_up(rad, multiply_up(16.0 * unit_roundoff, size)), 1e-120);
        if (!std::isfinite(yr) || !std::isfinite(yi)) return false;
        largest = std::fmax(largest, add_up(modulus_above(yr, yi), rad));
        z.mid.re(j, to) = yr;
        z.mid.im(j, to) = yi;
        z.rad(j, to) = rad;
    }
    if (!(contraction < 0.5) || !(largest < infinity)) return false;
    const double bound = divide_up(largest, subtract_down(1.0, contraction));
    for (std::size_t j = 0; j < n; ++j) z.rad(j, to) = add_up(z.rad(j, to), multiply_up(feed[j], bound));
    return true;
}

}  // namespace

DiagonalEquilibria::DiagonalEquilibria(const VerifiedEigenbasis& basis, const DiagonalFamily& family,
                                       const std::vector<Ball>& shifts)
    : known_(shifts.size(), 1) {
    const std::size_t n = basis.n;
    const std::size_t count = shifts.size();
    states_ = BallMatrix(n, count);
    if (count == 0) return;

    // x0: floats, from the coordinates of -b
    ComplexBallMatrix z(n, count);
    const BallMatrix minus_b = negate(family.bias);
    const ComplexBallMatrix g = coordinates(basis, to_complex(minus_b));
    for (std::size_t k = 0; k < count; ++k) known_[k] = divide_column(basis, shifts[k], g, 0, z, k);
    if (vanishes(family.bias)) return;  // x = 0 exactly where M - s is invertible
    for (std::size_t k = 0; k < count; ++k)
        if (!known_[k])
            for (std::size_t j = 0; j < n; ++j) z.mid.re(j, k) = z.mid.im(j, k) = z.rad(j, k) = 0.0;
    const BallMatrix first = real_part(multiply(basis.V, z));
    const Matrix& x0 = first.mid;

    // r = -b - M x0 + s x0
    BallMatrix residual = negate(multiply(family.matrix, BallMatrix(x0)));
    for (std::size_t j = 0; j < n; ++j)
        for (std::size_t k = 0; k < count; ++k) {
            const Ball r = Ball{residual.mid(j, k), residual.rad(j, k)} + Ball{minus_b.mid(j, 0), minus_b.rad(j, 0)} +
                           shifts[k] * Ball{x0(j, k), 0.0};
            residual.mid(j, k) = r.mid;
            residual.rad(j, k) = r.rad;
        }
    const ComplexBallMatrix h = coordinates(basis, to_complex(residual));
    for (std::size_t k = 0; k < count; ++k)
        if (known_[k]) known_[k] = divide_column(basis, shifts[k], h, k, z, k);
    const BallMatrix correction = real_part(multiply(basis.V, z));
    for (std::size_t j = 0; j < n; ++j)
        for (std::size_t k = 0; k < count; ++k) {
            const Ball x = Ball{x0(j, k), 0.0} + Ball{correction.mid(j, k), correction.rad(j, k)};
            states_.mid(j, k) = x.mid;
            states_.rad(j, k) = x.rad;
        }
}

std::optional<std::vector<Interval>> DiagonalEquilibria::state(std::size_t k) const {
    if (!known_[k]) return std::nullopt;
    std::vector<Interval> x;
    x.reserve(states_.rows());
    for (std::size_t j = 0; j < states_.rows(); ++j) x.push_back(ball_hull(states_.mid(j, k), states_.rad(j, k)));
    for (const Interval& v : x)
        if (!is_bounded(v)) return std::nullopt;
    return x;
}

}  // namespace capnode
