// Products of ball matrices: the formula of the header, once, and the float products it bounds.
#include <algorithm>
#include <cmath>

#include "ball_matrix_internal.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/rounding.hpp"
#include "radius_product.hpp"

namespace capnode {

using detail::Factor;
using detail::require_inner;
using detail::require_same;
using detail::settle;
using detail::ulps_up;

namespace {

// fl(a b) + beta c, by gemv for a single column.
void float_product(double alpha, const Matrix& a, const Matrix& b, double beta, Matrix& c) {
    if (b.cols != 1) {
        blas::gemm(blas::Op::none, blas::Op::none, alpha, a, b, beta, c);
        return;
    }
    Matrix y(a.rows, 1);
    blas::gemv(blas::Op::none, a, b.data.data(), y.data.data());
    if (beta == 0.0) {
        c = std::move(y);
        if (alpha != 1.0) {
            for (double& v : c.data) v *= alpha;
        }
    } else {
        for (std::size_t i = 0; i < a.rows; ++i) c.data[i] = beta * c.data[i] + alpha * y.data[i];
    }
}

ComplexMatrix float_product(const ComplexMatrix& a, const ComplexMatrix& b) {
    ComplexMatrix c;
    float_product(1.0, a.re, b.re, 0.0, c.re);
    float_product(-1.0, a.im, b.im, 1.0, c.re);
    float_product(1.0, a.re, b.im, 0.0, c.im);
    float_product(1.0, a.im, b.re, 1.0, c.im);
    return c;
}

// THE formula. For |A - Ma| <= Ra, |B - Mb| <= Rb entrywise (moduli where complex) and fl(Ma Mb) with
// |fl(Ma Mb) - Ma Mb| <= g |Ma||Mb| + underflow:
//     |A B - fl(Ma Mb)| <= |Ma| (Rb + g |Mb|) + Ra (|Mb| + Rb) + underflow.
// An absent radius is an exact factor. g = gamma_k for real (or real times complex: the two parts of the error are at
// most gamma_k times sums whose Euclidean norm the triangle inequality bounds by |Ma||Mb|), sqrt(2) gamma_2k for
// complex times complex (each part is a sum of 2k products, |x||u| + |y||v| <= |x + iy||u + iv| by Cauchy-Schwarz).
Matrix radius(const Matrix& a_abs, const Matrix* a_rad, const Matrix& b_abs, const Matrix* b_rad, double g) {
    if (a_rad != nullptr && detail::is_zero(*a_rad)) a_rad = nullptr;
    if (b_rad != nullptr && detail::is_zero(*b_rad)) b_rad = nullptr;
    const std::size_t blocks = a_rad != nullptr ? 2 : 1;
    const Factor left[2] = {{&a_abs, 1.0, nullptr}, {nullptr, 1.0, a_rad}};
    const Factor right[2] = {{&b_abs, g, b_rad}, {&b_abs, 1.0, b_rad}};
    return detail::radius_product({left, blocks}, {right, blocks}, a_abs.rows, a_abs.cols, b_abs.cols);
}

double sqrt2_gamma(std::size_t k) { return next_up(1.4142135623730952 * gamma_up(2.0 * static_cast<double>(k))); }
double real_gamma(std::size_t k) { return gamma_up(static_cast<double>(k)); }

// What underflow of the products of the midpoint may add: `products` times eta, or nothing where none can underflow.
double underflow_slack(double least_a, double least_b, double products) {
    return least_a * least_b >= 0x1p-968 ? 0.0 : products * smallest_subnormal;
}

BallMatrix settled(Matrix mid, Matrix rad, double slack) {
    for (std::size_t i = 0; i < mid.size(); ++i) settle(mid.data[i], rad.data[i], slack);
    return {std::move(mid), std::move(rad)};
}
ComplexBallMatrix settled(ComplexMatrix mid, Matrix rad, double slack) {
    for (std::size_t i = 0; i < rad.size(); ++i) settle(mid.re.data[i], mid.im.data[i], rad.data[i], slack);
    return {std::move(mid), std::move(rad)};
}

double least(const Matrix& a) { return detail::least_nonzero(a); }
double least(const ComplexMatrix& a) { return std::min(detail::least_nonzero(a.re), detail::least_nonzero(a.im)); }

BallMatrix product(const Matrix& a, const Matrix* a_rad, const Matrix& b, const Matrix* b_rad) {
    require_inner(a.cols, b.rows);
    Matrix mid;
    float_product(1.0, a, b, 0.0, mid);
    Matrix rad = radius(a, a_rad, b, b_rad, real_gamma(a.cols));
    return settled(std::move(mid), std::move(rad), underflow_slack(least(a), least(b), static_cast<double>(a.cols)));
}

ComplexBallMatrix product(const ComplexMatrix& a, const Matrix* a_rad, const ComplexMatrix& b, const Matrix* b_rad) {
    require_inner(a.cols(), b.rows());
    ComplexMatrix mid = float_product(a, b);
    Matrix rad = radius(absolute(a), a_rad, absolute(b), b_rad, sqrt2_gamma(a.cols()));
    // 2k products in each part: 2 sqrt(2) k eta
    return settled(std::move(mid), std::move(rad),
                   underflow_slack(least(a), least(b), 3.0 * static_cast<double>(a.cols())));
}

ComplexBallMatrix product(const Matrix& a, const Matrix* a_rad, const ComplexMatrix& b, const Matrix* b_rad) {
    require_inner(a.cols, b.rows());
    ComplexMatrix mid;
    float_product(1.0, a, b.re, 0.0, mid.re);
    float_product(1.0, a, b.im, 0.0, mid.im);
    Matrix rad = radius(a, a_rad, absolute(b), b_rad, real_gamma(a.cols));
    return settled(std::move(mid), std::move(rad),
                   underflow_slack(least(a), least(b), 2.0 * static_cast<double>(a.cols)));
}

ComplexBallMatrix product(const ComplexMatrix& a, const Matrix* a_rad, const Matrix& b, const Matrix* b_rad) {
    require_inner(a.cols(), b.rows);
    ComplexMatrix mid;
    float_product(1.0, a.re, b, 0.0, mid.re);
    float_product(1.0, a.im, b, 0.0, mid.im);
    Matrix rad = radius(absolute(a), a_rad, b, b_rad, real_gamma(b.rows));
    return settled(std::move(mid), std::move(rad),
                   underflow_slack(least(a), least(b), 2.0 * static_cast<double>(b.rows)));
}

}  // namespace

ComplexBallMatrix detail::multiply_with_modulus(const ComplexMatrix& a, const Matrix& a_abs,
                                                const ComplexBallMatrix& b) {
    require_inner(a.cols(), b.rows());
    ComplexMatrix mid = float_product(a, b.mid);
    Matrix rad = radius(a_abs, nullptr, absolute(b.mid), &b.rad, sqrt2_gamma(a.cols()));
    return settled(std::move(mid), std::move(rad), 3.0 * static_cast<double>(a.cols()) * smallest_subnormal);
}

Matrix nonnegative_product(const Matrix& a, const Matrix& b) {
    require_inner(a.cols, b.rows);
    const Factor left[1] = {{&a, 1.0, nullptr}}, right[1] = {{&b, 1.0, nullptr}};
    return detail::radius_product(left, right, a.rows, a.cols, b.cols);
}

std::vector<double> nonnegative_product(const Matrix& a, const std::vector<double>& x) {
    require_inner(a.cols, x.size());
    Matrix column(x.size(), 1);
    std::copy(x.begin(), x.end(), column.data.begin());
    const Matrix y = nonnegative_product(a, column);
    return {y.data.begin(), y.data.end()};
}

// ---- products ------------------------------------------------------------------------------------------------------

BallMatrix multiply(const Matrix& a, const Matrix& b) { return product(a, nullptr, b, nullptr); }
BallMatrix multiply(const Matrix& a, const BallMatrix& b) { return product(a, nullptr, b.mid, &b.rad); }
BallMatrix multiply(const BallMatrix& a, const Matrix& b) { return product(a.mid, &a.rad, b, nullptr); }
BallMatrix multiply(const BallMatrix& a, const BallMatrix& b) { return product(a.mid, &a.rad, b.mid, &b.rad); }
ComplexBallMatrix multiply(const ComplexMatrix& a, const ComplexMatrix& b) { return product(a, nullptr, b, nullptr); }
ComplexBallMatrix multiply(const ComplexMatrix& a, const ComplexBallMatrix& b) {
    return product(a, nullptr, b.mid, &b.rad);
}
ComplexBallMatrix multiply(const ComplexBallMatrix& a, const ComplexMatrix& b) {
    return product(a.mid, &a.rad, b, nullptr);
}
ComplexBallMatrix multiply(const ComplexBallMatrix& a, const ComplexBallMatrix& b) {
    return product(a.mid, &a.rad, b.mid, &b.rad);
}
ComplexBallMatrix multiply(const Matrix& a, const ComplexBallMatrix& b) { return product(a, nullptr, b.mid, &b.rad); }
ComplexBallMatrix multiply(const BallMatrix& a, const ComplexBallMatrix& b) {
    return product(a.mid, &a.rad, b.mid, &b.rad);
}
ComplexBallMatrix multiply(const ComplexBallMatrix& a, const BallMatrix& b) {
    return product(a.mid, &a.rad, b.mid, &b.rad);
}

BallMatrix affine(const Matrix& w, const Matrix& w_rad, const BallMatrix& x, const BallMatrix& bias) {
    if (w_rad.size() != 0) require_same(w.rows, w.cols, w_rad.rows, w_rad.cols);
    BallMatrix y = product(w, w_rad.size() != 0 ? &w_rad : nullptr, x.mid, &x.rad);
    if (bias.rows() == 0) return y;
    require_same(bias.rows(), bias.cols(), w.rows, 1);
    // fl(y + b): one more rounding, |fl(y + b) - (y + b)| <= u |fl(y + b)| (additions do not underflow)
    for (std::size_t i = 0; i < y.rows(); ++i) {
        const double b = bias.mid(i, 0), r = bias.rad(i, 0);
        for (std::size_t j = 0; j < y.cols(); ++j) {
            double& mid = y.mid(i, j);
            double& rad = y.rad(i, j);
            const Sum s = two_sum(mid, b);
            mid = s.value;
            if (s.error != 0.0 || r != 0.0) rad = ulps_up((rad + r) + std::fabs(s.error), 2);
            settle(mid, rad, 0.0);
        }
    }
    return y;
}

}  // namespace capnode
