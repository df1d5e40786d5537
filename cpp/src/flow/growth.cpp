#include "growth.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/numerics/definiteness.hpp"
#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode {
namespace {

constexpr std::size_t largest_componentwise = 16;
constexpr double slack = 1.0 + 0x1p-32;  // see step_engine.cpp
constexpr double underflow = 0x1p-960;

// mu_2(J) = lambda_max(S), S the symmetric part. A few power steps guess it; that lambda I - S is positive definite is
// then proved by one Cholesky factorisation (definiteness.hpp). Where no guess holds: lambda_max <= |S|_inf.
double logarithmic_norm(const Matrix& mid, const Matrix& rad, double sign) {
    const std::size_t n = mid.rows;
    BallMatrix s(n, n);
    std::vector<double> row(n, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
            const double m = 0.5 * sign * (mid(i, j) + mid(j, i));  // one rounding, below u |m| (1 + 2u)
            s.mid(i, j) = m;
            s.rad(i, j) = (0.5 * (rad(i, j) + rad(j, i)) + 2.0 * unit_roundoff * std::fabs(m)) * slack + underflow;
            row[i] += std::fabs(m) + s.rad(i, j);
        }
    }
    double norm = 0.0;
    for (const double r : row) {
        if (!(r < infinity)) return infinity;  // NaN too: nothing is known of J
        norm = std::max(norm, r * slack);
    }
    std::vector<double> x(n, 1.0);
    std::vector<double> y(n);
    double guess = 0.0;
    for (std::size_t i = 0; i < n; ++i) x[i] += 0.3 * std::cos(static_cast<double>(i));
    for (int k = 0; k < 12; ++k) {  // on S + |S| I, so that the largest eigenvalue dominates
        double xx = 0.0;
        double xy = 0.0;
        for (std::size_t i = 0; i < n; ++i) {
            double sum = norm * x[i];
            for (std::size_t j = 0; j < n; ++j) sum += s.mid(i, j) * x[j];
            y[i] = sum;
            xx += x[i] * x[i];
            xy += x[i] * sum;
        }
        guess = xy / xx - norm;
        double size = 0.0;
        for (const double v : y) size = std::max(size, std::fabs(v));
        if (!(size > 0.0)) break;
        for (std::size_t i = 0; i < n; ++i) x[i] = y[i] / size;
    }
    double spread = 0.0;  // |rad|_2 <= largest row sum
    for (std::size_t i = 0; i < n; ++i) {
        double sum = 0.0;
        for (std::size_t j = 0; j < n; ++j) sum += s.rad(i, j);
        spread = std::max(spread, sum);
    }
    for (const double factor : {0.15, 0.4}) {
        const double lambda = guess + factor * (norm - guess) * 0.25 + 1.01 * spread;
        if (!(lambda < norm)) break;
        BallMatrix shifted = s;
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) shifted.mid(i, j) = -s.mid(i, j);
            shifted.mid(i, i) = lambda - s.mid(i, i);
            shifted.rad(i, i) = (s.rad(i, i) + unit_roundoff * std::fabs(shifted.mid(i, i))) * slack;
        }
        if (positive_definite(shifted)) return lambda;
    }
    return norm;
}

}  // namespace

Growth::Growth(const Matrix& mid, const Matrix& rad, double h, double sign)
    : n_(mid.rows), componentwise_(n_ <= largest_componentwise) {
    h = std::fabs(h);
    if (componentwise_) {
        hm_ = Matrix(n_, n_);
        for (std::size_t i = 0; i < n_; ++i) {
            double row = 0.0;
            for (std::size_t j = 0; j < n_; ++j) {
                const double m = i == j ? sign * mid(i, j) + rad(i, j) : std::fabs(mid(i, j)) + rad(i, j);
                hm_(i, j) = m < infinity ? h * std::max(0.0, m) * slack : infinity;  // NaN: nothing is known of J
                row += hm_(i, j);
            }
            norm_ = std::max(norm_, row * slack);
        }
        if (!(norm_ < infinity)) norm_ = infinity;
        return;
    }
    const double exponent = std::max(0.0, logarithmic_norm(mid, rad, sign)) * h * slack;  // never NaN, see there
    factor_ = exponent < 700.0 ? capnode::apply(Function::exp, Interval{0.0, exponent}).hi : infinity;
    if (std::isnan(factor_)) factor_ = infinity;
}

bool Growth::is_finite() const { return componentwise_ ? norm_ < 64.0 : factor_ < infinity; }

// exp(A) v = sum_{k<K} A^k v / k! + rest; the terms t_k = A t_{k-1} / k obey |t_{k+1}|_inf <= |t_k|_inf rho, rho =
// |A|/(k+1), so once rho <= 1/2 the rest after t_k is at most 2 rho |t_k|_inf in each component.
std::vector<double> Growth::exponential(const std::vector<double>& v) const {
    std::vector<double> sum = v;
    std::vector<double> term = v;
    std::vector<double> next(n_);
    double last = 0.0;
    for (std::size_t k = 1; k <= 400; ++k) {
        double size = 0.0;
        for (std::size_t i = 0; i < n_; ++i) {
            double s = 0.0;
            for (std::size_t j = 0; j < n_; ++j) s += hm_(i, j) * term[j];
            next[i] = s / static_cast<double>(k);
            sum[i] += next[i];
            size = std::max(size, next[i]);
        }
        term.swap(next);
        const double rho = norm_ / static_cast<double>(k + 1);
        last = 2.0 * rho * size;
        double smallest = infinity;
        for (const double x : sum) smallest = x > 0.0 ? std::min(smallest, x) : smallest;
        if (rho <= 0.5 && (last <= 1e-6 * smallest || k >= static_cast<std::size_t>(2.0 * norm_) + 12)) break;
    }
    for (double& x : sum) {
        x = (x + last) * slack + underflow;
        if (!(x < infinity)) x = infinity;
    }
    return sum;
}

std::vector<double> Growth::apply(const std::vector<double>& v) const {
    if (!is_finite()) return std::vector<double>(n_, infinity);
    if (componentwise_) return exponential(v);
    double sum = 0.0;
    for (const double x : v) sum += x * x;
    const double norm = std::sqrt(sum) * factor_ * slack + underflow;
    return std::vector<double>(n_, norm < infinity ? norm : infinity);
}

Matrix Growth::apply(const Matrix& v) const {
    Matrix result(v.rows, v.cols);
    std::vector<double> column(v.rows);
    for (std::size_t c = 0; c < v.cols; ++c) {
        for (std::size_t i = 0; i < v.rows; ++i) column[i] = v(i, c);
        const std::vector<double> grown = apply(column);
        for (std::size_t i = 0; i < v.rows; ++i) result(i, c) = grown[i];
    }
    return result;
}

}  // namespace capnode
