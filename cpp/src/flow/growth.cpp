#include "growth.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode {
namespace {

constexpr double slack = 1.0 + 0x1p-32;  // see step_engine.cpp
constexpr double underflow = 0x1p-960;

}  // namespace

// exp(A) = sum_{k<=K} A^k / k! + rest, A = h M+ >= 0: the terms T_k = A T_{k-1} / k obey max T_{k+1} <= rho_k max T_k,
// rho_k = |A|_inf / (k+1), so once rho_K <= 1/2 the rest is at most 2 rho_K max T_K in each entry.
void Growth::set(const double* mid, const double* rad, std::size_t stride, double h, double sign) {
    h = std::fabs(h);
    double norm = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
        double row = 0.0;
        for (std::size_t j = 0; j < n_; ++j) {
            const std::size_t e = i * n_ + j;
            const double value = mid[e * stride];
            const double m = i == j ? sign * value + rad[e * stride] : std::fabs(value) + rad[e * stride];
            hm_[e] = m < infinity ? h * std::max(0.0, m) * slack : infinity;  // NaN: nothing is known of J
            row += hm_[e];
        }
        norm = std::max(norm, row * slack);
    }
    norm_ = norm;
    if (!(norm < 64.0)) {
        std::fill(exponential_.begin(), exponential_.end(), infinity);
        return;
    }
    for (std::size_t e = 0; e < n_ * n_; ++e) exponential_[e] = term_[e] = e % (n_ + 1) == 0 ? 1.0 : 0.0;
    double rest = 0.0;
    for (std::size_t k = 1; k <= 400; ++k) {
        const double inverse = 1.0 / static_cast<double>(k);
        double size = 0.0;
        for (std::size_t i = 0; i < n_; ++i) {
            for (std::size_t c = 0; c < n_; ++c) {
                double s = 0.0;
                for (std::size_t j = 0; j < n_; ++j) s += hm_[i * n_ + j] * term_[j * n_ + c];
                s *= inverse;
                next_[i * n_ + c] = s;
                exponential_[i * n_ + c] += s;
                size = std::max(size, s);
            }
        }
        term_.swap(next_);
        const double rho = norm / static_cast<double>(k + 1);
        rest = 2.0 * rho * size;
        if (rho <= 0.5 && rest <= 1e-7) break;
        if (k == 400) rest = infinity;
    }
    for (double& x : exponential_) x = (x + rest) * slack;
}

void Growth::apply(const double* v, double* out) const {
    for (std::size_t i = 0; i < n_; ++i) {
        double s = 0.0;
        for (std::size_t j = 0; j < n_; ++j) s += exponential_[i * n_ + j] * v[j];
        out[i] = s < infinity ? s * slack + underflow : infinity;
    }
}

double exponential_up(double x) {
    if (!(x < 700.0)) return infinity;
    const double e = apply(Function::exp, Interval{x, x}).hi;
    return e == e ? e : infinity;
}

// A few power steps guess lambda_max. Proof: A = fl(lambda I - S). If the floating-point Cholesky factorisation of A
// runs to its end, lambda_min(A) >= -gamma_{n+1} / (1 - gamma_{n+1}) tr A - underflow (Rump 2006, Demmel 1989), and A
// differs from lambda I - S by at most u |A_ii| on the diagonal; S itself from the symmetric part by u |s_ij| (1 + 2u).
// Hence mu_2 <= lambda + 1.01 gamma_{n+1} tr A + u max |A_ii| + 2u |S|_F + underflow. Where no guess holds: |S|_inf.
double logarithmic_norm(const double* a, std::size_t stride, std::size_t n, double sign, std::vector<double>& guess) {
    Matrix s(n, n);
    double norm = 0.0;
    double square = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        double row = 0.0;
        for (std::size_t j = 0; j < n; ++j) {
            const double m = 0.5 * sign * (a[(i * n + j) * stride] + a[(j * n + i) * stride]);
            s(i, j) = m;
            row += std::fabs(m);
            square += m * m;
        }
        norm = row <= norm ? norm : row;  // NaN wins
    }
    norm = norm * slack * slack + underflow;  // the second slack: s is rounded
    if (!(norm < 1e140)) return infinity;
    const bool warm = guess.size() == n;
    if (!warm) {
        guess.assign(n, 1.0);
        for (std::size_t i = 0; i < n; ++i) guess[i] += 0.3 * std::cos(static_cast<double>(i));
    }
    // The Rayleigh quotient of S + c I, with c the size of the spectrum rather than the much larger |S|_inf.
    const double shift = 2.0 * std::sqrt(square / static_cast<double>(n)) + 1e-300;
    std::vector<double> y(n);
    double rayleigh = 0.0;
    double residual = 0.0;
    for (int k = 0; k < (warm ? 4 : 12); ++k) {
        double xx = 0.0;
        double xy = 0.0;
        double yy = 0.0;
        double size = 0.0;
        for (std::size_t i = 0; i < n; ++i) {
            const double* row = s.row(i);
            double part[4] = {0.0, 0.0, 0.0, 0.0};
            std::size_t j = 0;
            for (; j + 4 <= n; j += 4) {
                for (std::size_t q = 0; q < 4; ++q) part[q] += row[j + q] * guess[j + q];
            }
            for (; j < n; ++j) part[0] += row[j] * guess[j];
            const double sum = (part[0] + part[1]) + (part[2] + part[3]);
            xx += guess[i] * guess[i];
            xy += guess[i] * sum;
            yy += sum * sum;
            y[i] = sum + shift * guess[i];
            size = std::max(size, std::fabs(y[i]));
        }
        if (!(xx > 0.0) || !(size > 0.0)) break;
        rayleigh = xy / xx;
        residual = std::sqrt(std::max(0.0, yy / xx - rayleigh * rayleigh));
        for (std::size_t i = 0; i < n; ++i) guess[i] = y[i] / size;
    }
    Matrix shifted(n, n);
    Matrix factor;
    for (const double width : {0.1, 0.5, 2.0}) {
        const double lambda = rayleigh + width * residual + 1e-3 * std::fabs(rayleigh) + 1e-10 * norm;
        if (!(lambda < norm)) break;
        double trace = 0.0;
        double largest = 0.0;
        for (std::size_t j = 0; j < n * n; ++j) shifted.data[j] = -s.data[j];
        for (std::size_t i = 0; i < n; ++i) {
            const double d = lambda - s(i, i);
            shifted(i, i) = d;
            trace += std::fabs(d);
            largest = std::max(largest, std::fabs(d));
        }
        if (blas::cholesky(shifted, factor)) {
            const double error = 1.01 * gamma_up(static_cast<double>(n + 1)) * trace + unit_roundoff * largest +
                                 2.0 * unit_roundoff * std::sqrt(square);
            return lambda + (error * slack + unit_roundoff * std::fabs(lambda) * 2.0 + underflow);
        }
    }
    return norm;
}

// |A|_2^2 = lambda_max(A A^T), the product in floating point: |fl - exact|_2 <= gamma_{n+2} |A|_F^2.
double spectral_norm(const Matrix& a) {
    double square = 0.0;
    for (const double x : a.data) square += x * x;
    square *= slack;
    const double frobenius = std::sqrt(square) * slack + 0x1p-480;  // whose squares may underflow
    if (!(square < 1e140) || !(square > 1e-140)) return frobenius;
    const Matrix product = blas::syrk(a.rows <= a.cols ? a : transpose(a));
    std::vector<double> guess;
    const double lambda = logarithmic_norm(product.data.data(), 1, product.rows, 1.0, guess) +
                          gamma_up(static_cast<double>(std::max(a.rows, a.cols) + 2)) * square * slack;
    return lambda > 0.0 ? std::min(frobenius, std::sqrt(lambda * slack) * slack + underflow) : frobenius;
}

}  // namespace capnode
