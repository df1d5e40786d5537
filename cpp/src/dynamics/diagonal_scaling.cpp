// Minimises mu log sum exp(lambda_i / mu) over u = log e, lambda_i the eigenvalues of the symmetric part S of B = E M
// E^-1, with mu going to 0: the gradient with respect to u_k is sum_i w_i v_ik ((B - B^T) v_i)_k, w = softmax(lambda /
// mu). Gradient steps of Barzilai-Borwein length with backtracking.
#include "diagonal_scaling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "capnode/numerics/blas.hpp"

namespace capnode {
namespace {

struct Smoothed {
    double value = std::numeric_limits<double>::infinity();
    double largest = std::numeric_limits<double>::infinity();
    std::vector<double> gradient;
};

Smoothed smoothed(const Matrix& M, const std::vector<double>& u, double mu) {
    const std::size_t n = M.rows;
    Matrix B(n, n), S(n, n), skew(n, n);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) B(i, j) = std::exp(u[i] - u[j]) * M(i, j);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
            S(i, j) = 0.5 * (B(i, j) + B(j, i));
            skew(i, j) = B(i, j) - B(j, i);
        }
    }
    Smoothed out;
    std::vector<double> lambda;
    Matrix V;
    if (!blas::syev(S, true, lambda, V)) return out;
    out.largest = lambda.back();
    double sum = 0.0;
    for (const double l : lambda) sum += std::exp((l - out.largest) / mu);
    out.value = out.largest + mu * std::log(sum);
    out.gradient.assign(n, 0.0);
    const Matrix skew_V = blas::multiply(skew, V);
    for (std::size_t k = 0; k < n; ++k) {
        for (std::size_t i = 0; i < n; ++i)
            out.gradient[k] += std::exp((lambda[i] - out.largest) / mu) / sum * V(k, i) * skew_V(k, i);
    }
    return out;
}

}  // namespace

std::vector<double> narrowing_scaling(const Matrix& M) {
    const std::size_t n = M.rows;
    const double cost = std::pow(static_cast<double>(n), 3.0);
    const int budget = static_cast<int>(std::clamp(1e9 / cost, 12.0, 200.0));
    std::vector<double> u(n, 0.0), best(n, 0.0);
    const Smoothed start = smoothed(M, u, 1.0);
    if (!(start.largest < std::numeric_limits<double>::infinity()) || n < 2) return std::vector<double>(n, 1.0);
    // The scale on which the extreme eigenvalue can move: the spread of the symmetric part.
    const double spread = std::fmax(std::fabs(start.largest), 1e-300);
    double least = start.largest;
    double mu = 0.1 * spread;
    Smoothed at = smoothed(M, u, mu);
    double length = 0.0;
    for (int step = 0; step < budget; ++step) {
        double g2 = 0.0;
        for (const double g : at.gradient) g2 += g * g;
        if (!(g2 > 0.0)) break;
        if (length == 0.0) length = 0.1 / std::sqrt(g2);
        std::vector<double> trial(n);
        Smoothed next;
        for (int halving = 0; halving < 12; ++halving, length *= 0.5) {
            for (std::size_t k = 0; k < n; ++k) trial[k] = u[k] - length * at.gradient[k];
            next = smoothed(M, trial, mu);
            ++step;
            if (next.value < at.value - 1e-4 * length * g2) break;
        }
        if (!(next.value < at.value)) {
            if (mu < 1e-4 * spread) break;
            mu *= 0.2;
            at = smoothed(M, u, mu);
            length = 0.0;
            continue;
        }
        double su = 0.0, sg = 0.0;
        for (std::size_t k = 0; k < n; ++k) {
            const double du = trial[k] - u[k];
            su += du * du;
            sg += du * (next.gradient[k] - at.gradient[k]);
        }
        const bool slow = at.value - next.value < 1e-3 * std::fabs(at.value);
        length = sg > 0.0 ? su / sg : 2.0 * length;
        u = trial;
        at = std::move(next);
        if (at.largest < least) {
            least = at.largest;
            best = u;
        }
        if (slow && mu > 1e-4 * spread) {
            mu *= 0.3;
            at = smoothed(M, u, mu);
        }
    }
    std::vector<double> e(n);
    for (std::size_t k = 0; k < n; ++k) e[k] = std::exp(best[k]);
    return e;
}

}  // namespace capnode
