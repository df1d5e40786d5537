#include "growth.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "capnode/flow/step_kernels.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/rounding.hpp"
#include "radius_rounding.hpp"

namespace capnode {
namespace {

// Largest eigenvalue of a tridiagonal matrix by bisection: T - x has no positive pivot iff x is above it.
double largest_of_tridiagonal(const double* alpha, const double* beta, std::size_t size) {
    double lo = alpha[0];
    double hi = alpha[0];
    for (std::size_t k = 0; k < size; ++k) {
        hi = std::max(hi, alpha[k] + beta[k] + (k + 1 < size ? beta[k + 1] : 0.0));
    }
    for (int step = 0; step < 24; ++step) {
        const double x = 0.5 * (lo + hi);
        bool above = true;
        double pivot = alpha[0] - x;
        for (std::size_t k = 1; k < size && above; ++k) {
            above = pivot < 0.0;
            if (above) pivot = alpha[k] - x - beta[k] * beta[k] / pivot;
        }
        above = above && pivot < 0.0;
        (above ? hi : lo) = x;
    }
    return hi;
}

// Lanczos on the symmetric S from `guess` (a vector kept from call to call): the largest Ritz value with its residual,
// and the Ritz vector in `guess`. All of it a hint.
// After 5 steps and after 12 it looks whether that will do: a residual that adds little to the value.
std::pair<double, double> largest_ritz_value(const Matrix& s, std::vector<double>& guess, LogNormWork& work) {
    constexpr std::size_t most = 12;
    constexpr std::size_t early = 5;
    const StepKernels& kernels = step_kernels();
    const std::size_t n = s.rows;
    const std::size_t steps = std::min(most, n);
    if (guess.size() != n) {
        guess.assign(n, 1.0);
        for (std::size_t i = 0; i < n; ++i) guess[i] += 0.3 * std::cos(static_cast<double>(i));
    }
    const auto size_of = [&](const double* v) { return std::sqrt(kernels.dot(v, v, n)); };
    double size = size_of(guess.data());
    if (!(size > 0.0) || !(size < infinity)) {
        std::fill(guess.begin(), guess.end(), 1.0);
        size = std::sqrt(static_cast<double>(n));
    }
    work.basis.resize((most + 1) * n);
    double* basis = work.basis.data();
    for (std::size_t i = 0; i < n; ++i) basis[i] = guess[i] / size;
    double alpha[most] = {};
    double beta[most + 1] = {};
    double y[most] = {};
    double ritz = 0.0;
    double residual = 0.0;
    std::size_t done = 0;
    for (std::size_t k = 0; k < steps; ++k) {
        const double* v = basis + k * n;
        double* w = basis + (k + 1) * n;
        kernels.product(w, s.data.data(), nullptr, v, n, n, 1);
        alpha[k] = kernels.dot(w, v, n);
        const double* before = k > 0 ? v - n : v;
        for (std::size_t i = 0; i < n; ++i) w[i] -= alpha[k] * v[i] + beta[k] * before[i];
        done = k + 1;
        beta[k + 1] = size_of(w);
        const bool last = !(beta[k + 1] > 1e-12 * std::fabs(alpha[0])) || !(beta[k + 1] < infinity) || done == steps;
        if (last || done == early) {
            ritz = largest_of_tridiagonal(alpha, beta, done);
            y[0] = 1.0;
            double norm = 1.0;
            for (std::size_t q = 1; q < done; ++q) {
                y[q] = ((ritz - alpha[q - 1]) * y[q - 1] - (q > 1 ? beta[q - 1] * y[q - 2] : 0.0)) / beta[q];
                norm += y[q] * y[q];
            }
            norm = std::sqrt(norm);
            for (std::size_t q = 0; q < done; ++q) y[q] /= norm;
            residual = std::fabs(beta[done] * y[done - 1]);
            if (last || residual < 0.02 * std::fabs(ritz)) break;
        }
        const double inverse = 1.0 / beta[k + 1];
        for (std::size_t i = 0; i < n; ++i) w[i] *= inverse;
    }
    std::fill(guess.begin(), guess.end(), 0.0);
    for (std::size_t k = 0; k < done; ++k) {
        for (std::size_t i = 0; i < n; ++i) guess[i] += y[k] * basis[k * n + i];
    }
    return {ritz, residual};
}

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

// A few Lanczos steps guess lambda_max. Proof: A = fl(lambda I - S). If the floating-point Cholesky factorisation of A
// runs to its end, lambda_min(A) >= -gamma_{n+1} / (1 - gamma_{n+1}) tr A - underflow (Rump 2006, Demmel 1989), and A
// differs from lambda I - S by at most u |A_ii| on the diagonal; S itself from the symmetric part by u |s_ij| (1 + 2u).
// Hence mu_2 <= lambda + 1.01 gamma_{n+1} tr A + u max |A_ii| + 2u |S|_F + tiny_norm (the squares of |S|_F may
// underflow). Where no guess holds: |S|_inf.
double logarithmic_norm(const double* a, std::size_t stride, std::size_t n, double sign, std::vector<double>& guess,
                        LogNormWork& work) {
    Matrix& s = work.symmetric;
    if (s.rows != n || s.cols != n) s = Matrix(n, n);
    double norm = 0.0;
    double square = 0.0;
    step_kernels().symmetric_part(s.data.data(), &norm, &square, a, stride, n, 0.5 * sign);
    norm = norm * slack * slack + underflow;  // the second slack: s is rounded
    if (!(norm < 1e140)) return infinity;
    const auto [ritz, residual] = largest_ritz_value(s, guess, work);
    Matrix& shifted = work.shifted;
    if (shifted.rows != n || shifted.cols != n) shifted = Matrix(n, n);
    for (const double width : {0.2, 0.7, 2.0}) {
        const double lambda = ritz + width * residual + 1e-3 * std::fabs(ritz) + 1e-10 * norm;
        if (!(lambda < norm)) break;
        double trace = 0.0;
        double largest = 0.0;
        for (std::size_t i = 0; i < n; ++i) {  // the lower triangle is read
            for (std::size_t j = 0; j < i; ++j) shifted(i, j) = -s(i, j);
        }
        for (std::size_t i = 0; i < n; ++i) {
            const double d = lambda - s(i, i);
            shifted(i, i) = d;
            trace += std::fabs(d);
            largest = std::max(largest, std::fabs(d));
        }
        if (blas::has_cholesky(shifted)) {
            const double error = 1.01 * gamma_up(static_cast<double>(n + 1)) * trace + unit_roundoff * largest +
                                 2.0 * unit_roundoff * std::sqrt(square);
            return lambda + (error * slack + unit_roundoff * std::fabs(lambda) * 2.0 + tiny_norm);
        }
    }
    return norm;
}

// |A|_2^2 = lambda_max(A A^T), the product in floating point: |fl - exact|_2 <= gamma_{n+2} |A|_F^2.
double spectral_norm(const Matrix& a) {
    double square = 0.0;
    for (const double x : a.data) square += x * x;
    square *= slack;
    const double frobenius = std::sqrt(square) * slack + tiny_norm;  // whose squares may underflow
    if (!(square < 1e140) || !(square > 1e-140)) return frobenius;
    const Matrix product = blas::syrk(a.rows <= a.cols ? a : transpose(a));
    std::vector<double> guess;
    LogNormWork work;
    const double lambda = logarithmic_norm(product.data.data(), 1, product.rows, 1.0, guess, work) +
                          gamma_up(static_cast<double>(std::max(a.rows, a.cols) + 2)) * square * slack;
    return lambda > 0.0 ? std::min(frobenius, std::sqrt(lambda * slack) * slack + underflow) : frobenius;
}

}  // namespace capnode
