#include "capnode/numerics/stability_count.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/definiteness.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/numerics/rounding.hpp"
#include "radius_product.hpp"

namespace capnode {

using detail::ulps_up;

namespace {

struct Inertia {
    bool proved = false;
    std::string reason;
    std::size_t positive = 0;
    std::size_t negative = 0;
};

Matrix block(const Matrix& t, std::size_t from, std::size_t to, std::size_t from2, std::size_t to2) {
    Matrix b(to - from, to2 - from2);
    for (std::size_t i = from; i < to; ++i) std::copy(t.row(i) + from2, t.row(i) + to2, b.row(i - from));
    return b;
}

Matrix identity_times(std::size_t n, double factor) {
    Matrix m(n, n);
    for (std::size_t i = 0; i < n; ++i) m(i, i) = factor;
    return m;
}

Matrix symmetrised(Matrix p) {
    for (std::size_t i = 0; i < p.rows; ++i) {
        for (std::size_t j = 0; j < i; ++j) p(i, j) = p(j, i) = 0.5 * (p(i, j) + p(j, i));
    }
    return p;
}

// Encloses X^-1 a X: with R ~ X^-1, E = I - R X, |E| 1 <= e, alpha = max e < 1 and M = R a X,
//     X^-1 a X = (I - E)^-1 M,   |X^-1 a X - M|_ij <= e_i max_k |M_kj| / (1 - alpha).
bool similar(const BallMatrix& a, const Matrix& x, BallMatrix& b, std::string& reason) {
    const std::size_t n = x.rows;
    Matrix r;
    if (!blas::inverse(x, r)) {
        reason = "the decoupling transformation is numerically singular";
        return false;
    }
    const BallMatrix g = multiply(r, x);
    Matrix defect(n, n);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
            defect(i, j) = ulps_up(std::fabs((i == j ? 1.0 : 0.0) - g.mid(i, j)) + g.rad(i, j), 2);
        }
    }
    const std::vector<double> e = row_sums(defect);
    const double alpha = *std::max_element(e.begin(), e.end());
    if (!(alpha < 0.5)) {
        reason =
            "the decoupling transformation is ill-conditioned: |I - R X| = " + number_text(alpha, 3) + ", needed < 0.5";
        return false;
    }
    b = multiply(r, multiply(a, x));
    const double inverse = divide_up(1.0, subtract_down(1.0, alpha));
    const Matrix size = magnitude(b);
    for (std::size_t j = 0; j < n; ++j) {
        double greatest = 0.0;
        for (std::size_t k = 0; k < n; ++k) greatest = std::max(greatest, size(k, j));
        const double bound = ulps_up(greatest * inverse, 1);
        for (std::size_t i = 0; i < n; ++i) b.rad(i, j) = ulps_up(b.rad(i, j) + ulps_up(e[i] * bound, 1), 1);
    }
    return true;
}

// The theorem of the header for a + shift I. `schur` is of the midpoint of a (a hint).
Inertia inertia(const BallMatrix& a, blas::Schur schur, double shift) {
    Inertia result;
    const std::size_t n = a.rows();
    std::vector<char> unstable(n);
    for (std::size_t i = 0; i < n; ++i) unstable[i] = schur.values[i].real() + shift > 0.0;
    const std::size_t u = static_cast<std::size_t>(std::count(unstable.begin(), unstable.end(), 1));
    if (!blas::reorder(schur, unstable)) {
        result.reason = "the Schur form could not be reordered";
        return result;
    }
    Matrix& t = schur.t;
    for (std::size_t i = 0; i < n; ++i) t(i, i) += shift;
    const Matrix tu = block(t, 0, u, 0, u), ts = block(t, u, n, u, n);
    Matrix coupling = block(t, 0, u, u, n), y;
    for (double& v : coupling.data) v = -v;
    // T_u Y - Y T_s = -T_us: X = Q [[I, Y], [0, I]] decouples
    if (!blas::sylvester(blas::Op::none, blas::Op::none, -1.0, tu, ts, coupling, y)) {
        result.reason = "the Sylvester equation of the decoupling has no usable solution";
        return result;
    }
    Matrix x = schur.q;
    if (u > 0 && u < n) {
        const Matrix qy = blas::multiply(block(schur.q, 0, n, 0, u), y);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = u; j < n; ++j) x(i, j) += qy(i, j - u);
        }
    }
    BallMatrix shifted = a;
    for (std::size_t i = 0; i < n; ++i) {
        const Sum d = two_sum(a.mid(i, i), shift);
        shifted.mid(i, i) = d.value;
        shifted.rad(i, i) = add_up(a.rad(i, i), std::fabs(d.error));
    }
    BallMatrix b;
    if (!similar(shifted, x, b, result.reason)) return result;

    // T_u^T P_u + P_u T_u = I,  T_s^T P_s + P_s T_s = -I
    Matrix pu, ps;
    if (!blas::sylvester(blas::Op::transpose, blas::Op::none, 1.0, tu, tu, identity_times(u, 1.0), pu) ||
        !blas::sylvester(blas::Op::transpose, blas::Op::none, 1.0, ts, ts, identity_times(n - u, -1.0), ps)) {
        result.reason = "a Lyapunov equation has no usable solution: an eigenvalue is too close to the axis";
        return result;
    }
    pu = symmetrised(std::move(pu));
    ps = symmetrised(std::move(ps));
    if (!positive_definite(BallMatrix(pu)) || !positive_definite(BallMatrix(ps))) {
        result.reason = "a Lyapunov matrix could not be proved positive definite";
        return result;
    }
    Matrix h(n, n);  // diag(P_u, -P_s): u positive and n - u negative eigenvalues
    for (std::size_t i = 0; i < u; ++i) {
        for (std::size_t j = 0; j < u; ++j) h(i, j) = pu(i, j);
    }
    for (std::size_t i = u; i < n; ++i) {
        for (std::size_t j = u; j < n; ++j) h(i, j) = -ps(i - u, j - u);
    }
    const BallMatrix hb = multiply(h, b);
    if (!positive_definite(add(hb, transpose(hb)))) {
        result.reason = "B^T H + H B could not be proved positive definite; |H| <= " +
                        number_text(spectral_norm_up(BallMatrix(h)), 3);
        return result;
    }
    result.proved = true;
    result.positive = u;
    result.negative = n - u;
    return result;
}

void require_square(const BallMatrix& a) {
    if (a.rows() != a.cols()) {
        throw std::invalid_argument("eigenvalues need a square matrix, got " + std::to_string(a.rows()) + " x " +
                                    std::to_string(a.cols()));
    }
}

}  // namespace

StabilityCount stability_count(const BallMatrix& a) {
    require_square(a);
    StabilityCount c;
    if (a.rows() == 0) {
        c.proved = true;
        return c;
    }
    blas::Schur schur;
    if (!is_finite(a) || !blas::gees(a.mid, schur)) {
        c.reason = "no Schur form was found";
        return c;
    }
    const Inertia i = inertia(a, std::move(schur), 0.0);
    c.proved = i.proved;
    c.reason = i.reason;
    c.positive = i.positive;
    c.negative = i.negative;
    return c;
}

StabilityCount stability_count_others(const BallMatrix& a, std::complex<double> critical_bar) {
    require_square(a);
    StabilityCount c;
    const std::size_t n = a.rows();
    blas::Schur schur;
    if (n == 0 || !is_finite(a) || !blas::gees(a.mid, schur)) {
        c.reason = "no Schur form was found";
        return c;
    }
    std::size_t nearest = 0;
    for (std::size_t i = 1; i < n; ++i) {
        if (std::abs(schur.values[i] - critical_bar) < std::abs(schur.values[nearest] - critical_bar)) nearest = i;
    }
    const std::complex<double> critical = schur.values[nearest];
    double others = infinity;  // least |Re| of the others
    std::size_t expected = 0;
    for (const std::complex<double>& v : schur.values) {
        if (v == critical || v == std::conj(critical)) {
            ++expected;
        } else {
            others = std::min(others, std::fabs(v.real()));
        }
    }
    const double size = std::abs(critical);
    const double delta = others < infinity ? 0.5 * others : std::max(size, 0x1p-500);
    if (!(std::fabs(critical.real()) < delta)) {
        c.reason = "the critical eigenvalue (real part " + number_text(critical.real(), 3) +
                   ") is not closer to the axis than the others (" + number_text(others, 3) + ")";
        return c;
    }
    // eigenvalues right of the line Re = delta, and right of Re = -delta: between them exactly the critical ones
    const Inertia right = inertia(a, schur, -delta);
    const Inertia left = right.proved ? inertia(a, std::move(schur), delta) : Inertia{};
    if (!right.proved || !left.proved) {
        c.reason = !right.proved ? right.reason : left.reason;
        return c;
    }
    const std::size_t between = left.positive - right.positive;
    if (left.positive < right.positive || between != expected) {
        c.reason = "the strip |Re| <= " + number_text(delta, 3) + " holds " + std::to_string(between) +
                   " eigenvalues, expected " + std::to_string(expected);
        return c;
    }
    c.proved = true;
    c.critical = between;
    c.positive = right.positive;
    c.negative = left.negative;
    return c;
}

}  // namespace capnode
