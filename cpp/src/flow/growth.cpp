#include "growth.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/numerics/definiteness.hpp"
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
            const double m =
                i == j ? std::max(0.0, sign * value + rad[e * stride]) : std::fabs(value) + rad[e * stride];
            // max(0, NaN) = 0: a NaN must not pass for a small number
            hm_[e] = value == value && m < infinity ? h * m * slack : infinity;
            row += hm_[e];
        }
        norm = std::max(norm, row * slack);
    }
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

// A few power steps guess lambda_max; that lambda I - S is positive definite is then proved by one Cholesky
// factorisation (definiteness.hpp). Where no guess holds: lambda_max <= |S|_inf.
double logarithmic_norm(const double* a, std::size_t stride, std::size_t n, double sign, std::vector<double>& guess) {
    BallMatrix s(n, n);
    double norm = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        double row = 0.0;
        for (std::size_t j = 0; j < n; ++j) {
            // one rounding, below u |m| (1 + 2u)
            const double m = 0.5 * sign * (a[(i * n + j) * stride] + a[(j * n + i) * stride]);
            s.mid(i, j) = m;
            s.rad(i, j) = 2.0 * unit_roundoff * std::fabs(m) + underflow;
            row += std::fabs(m);
        }
        norm = row <= norm ? norm : row;  // NaN wins
    }
    norm = norm * slack + underflow;
    if (!(norm < infinity)) return infinity;
    const bool warm = guess.size() == n;
    if (!warm) {
        guess.assign(n, 1.0);
        for (std::size_t i = 0; i < n; ++i) guess[i] += 0.3 * std::cos(static_cast<double>(i));
    }
    // The Rayleigh quotient of S + c I, with c the size of the spectrum rather than the much larger |S|_inf.
    double square = 0.0;
    for (const double m : s.mid.data) square += m * m;
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
            const double* row = s.mid.row(i);
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
    for (const double factor : {0.1, 0.5, 2.0}) {
        const double lambda = rayleigh + factor * residual + 1e-3 * std::fabs(rayleigh) + 1e-10 * norm;
        if (!(lambda < norm)) break;
        BallMatrix shifted = s;
        for (double& x : shifted.mid.data) x = -x;
        for (std::size_t i = 0; i < n; ++i) {
            shifted.mid(i, i) = lambda - s.mid(i, i);
            shifted.rad(i, i) = (s.rad(i, i) + unit_roundoff * std::fabs(shifted.mid(i, i))) * slack;
        }
        if (positive_definite(shifted)) return lambda;
    }
    return norm;
}

}  // namespace capnode
