#include "capnode/numerics/log_determinant.hpp"

#include <cmath>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/elementary.hpp"
#include "matrix_norms.hpp"
#include "product_frames.hpp"

namespace capnode {

using detail::frobenius;
using detail::up;

std::optional<Interval> log_determinant(const MatrixSet& a) {
    const std::size_t n = a.mid.rows;
    Matrix q;
    Matrix r;
    if (!detail::orthogonalise(a.mid, q, r)) return std::nullopt;
    Matrix z = Matrix::identity(n);
    detail::solve_triangular(r, z);
    if (!is_finite(z) || !is_finite(q)) return std::nullopt;
    BallMatrix ball(a.mid);
    if (a.rad.size() > 0) ball.rad = a.rad;
    const Matrix qt = transpose(q);
    const Matrix e = detail::distance_from_identity(multiply(qt, multiply(ball, z)));
    const Matrix f = detail::distance_from_identity(multiply(z, r));
    const Matrix g = detail::distance_from_identity(multiply(qt, q));
    const auto bound = [&](double rho) {
        if (!(rho < 0.5)) return infinity;
        return up(static_cast<double>(n) * up(rho / (1.0 - rho)));
    };
    // |Q^T E' Z|_F <= |Q|_F norm |Z|_F for the part known by norm
    const double by_norm = a.norm > 0.0 ? up(frobenius(q) * up(a.norm * frobenius(z))) : 0.0;
    const double error = up(bound(up(frobenius(e) + by_norm)) + bound(frobenius(f)) + 0.5 * bound(frobenius(g)));
    if (!(error < infinity)) return std::nullopt;
    Interval sum(0.0);
    for (std::size_t i = 0; i < n; ++i) sum += apply(Function::log, Interval(r(i, i)));
    return widen(sum, error);
}

}  // namespace capnode
