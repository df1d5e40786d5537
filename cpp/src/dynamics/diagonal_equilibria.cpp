#include "diagonal_equilibria.hpp"

#include <cmath>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/eigenbasis_solve.hpp"
#include "capnode/numerics/rounding.hpp"

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
    const ComplexBall s{shift.mid, 0.0, shift.rad};
    std::vector<double> feed(n);
    double contraction = 0.0;
    double largest = 0.0;
    for (std::size_t j = 0; j < n; ++j) {
        const ComplexBall apart = ComplexBall{basis.center[j].real(), basis.center[j].imag(), 0.0} - s;
        feed[j] = divide_up(basis.row_radius[j], mignitude_down(apart));
        contraction = std::fmax(contraction, feed[j]);
        const ComplexBall y = ComplexBall{g.mid.re(j, from), g.mid.im(j, from), g.rad(j, from)} / apart;
        largest = std::fmax(largest, magnitude_up(y));
        z.mid.re(j, to) = y.re;
        z.mid.im(j, to) = y.im;
        z.rad(j, to) = y.rad;
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
