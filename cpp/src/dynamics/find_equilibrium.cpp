// Three searches in plain floating point, one after another until one converges; nothing here is trusted:
// Newton with a line search; the Newton homotopy f(x) = (1 - tau) f(near), tau from 0 to 1 (it follows saturating
// fields, where Newton's steps overshoot); Levenberg-Marquardt, (J^T J + mu I) d = -J^T f.
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "capnode/dynamics/equilibrium.hpp"
#include "capnode/field/evaluate.hpp"
#include "capnode/field/field.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/number_text.hpp"

namespace capnode {
namespace {

Matrix column(const std::vector<double>& x) {
    Matrix c(x.size(), 1);
    std::copy(x.begin(), x.end(), c.data.begin());
    return c;
}

double norm(const Matrix& v) {
    double sum = 0.0;
    for (const double x : v.data) sum += x * x;
    return std::sqrt(sum);
}

Matrix moved(const Matrix& x, double step, const Matrix& direction) {
    Matrix y = x;
    for (std::size_t i = 0; i < y.rows; ++i) y(i, 0) += step * direction(i, 0);
    return y;
}

/// d with (J^T J + mu I) d = -J^T f.
bool damped_direction(const Jacobian& jac, double mu, Matrix& d) {
    Matrix normal = blas::multiply(jac.dx, jac.dx, blas::Op::transpose, blas::Op::none);
    for (std::size_t i = 0; i < normal.rows; ++i) normal(i, i) += mu;
    Matrix right = blas::multiply(jac.dx, jac.value, blas::Op::transpose, blas::Op::none);
    for (double& r : right.data) r = -r;
    return blas::solve(normal, right, d);
}

bool newton_direction(const Jacobian& jac, Matrix& d) {
    Matrix right = jac.value;
    for (double& r : right.data) r = -r;
    return blas::solve(jac.dx, right, d);
}

/// A step this short is the rounding level: such a point is as good as it gets.
bool negligible(const Matrix& step, const Matrix& x, double relative) {
    return norm(step) <= relative * (1e-3 + norm(x));
}

/// Armijo's rule on |f|: the point reached from x along d, or nothing.
std::optional<Matrix> descend(const Field& field, const Matrix& x, const Matrix& d, const Matrix& p, double residual) {
    for (double step = 1.0; std::isfinite(norm(d)) && step > 1e-3; step *= 0.5) {
        const Matrix trial = moved(x, step, d);
        if (norm(evaluate(field, trial, p)) < (1.0 - 1e-4 * step) * residual) return trial;
    }
    return std::nullopt;
}

std::optional<Matrix> damped_newton(const Field& field, Matrix x, const Matrix& p, const Poll& stop) {
    for (int iteration = 0; iteration < 60; ++iteration) {
        if (stop && stop()) return std::nullopt;
        const Jacobian jac = jacobian(field, x, p);
        const double residual = norm(jac.value);
        Matrix d;
        if (residual == 0.0) return x;
        if (!std::isfinite(residual) || !newton_direction(jac, d)) return std::nullopt;
        if (negligible(d, x, 1e-12)) return moved(x, 1.0, d);
        const std::optional<Matrix> next = descend(field, x, d, p, residual);
        if (!next && negligible(d, x, 1e-9)) return x;
        if (!next) return std::nullopt;
        x = *next;
    }
    return std::nullopt;
}

/// Euler steps along dx/dtau = -J^-1 f(x0), each corrected by Newton; the step follows how the correctors went.
std::optional<Matrix> newton_homotopy(const Field& field, Matrix x, const Matrix& p, const Poll& stop) {
    const Matrix f0 = evaluate(field, x, p);
    const double scale = norm(f0);
    if (!std::isfinite(scale)) return std::nullopt;
    double tau = 0.0, step = 0.1;
    for (int count = 0; count < 400 && tau < 1.0 && step > 1e-6; ++count) {
        if (stop && stop()) return std::nullopt;
        Jacobian jac = jacobian(field, x, p);
        const double next = std::min(1.0, tau + step);
        Matrix d;
        jac.value = f0;
        if (!newton_direction(jac, d)) return std::nullopt;
        Matrix trial = moved(x, next - tau, d);
        bool corrected = false;
        double before = std::numeric_limits<double>::infinity();
        for (int k = 0; k < 5 && !corrected; ++k) {
            Jacobian at = jacobian(field, trial, p);
            at.value = moved(at.value, -(1.0 - next), f0);
            const double defect = norm(at.value);
            if (!(defect < before) || !newton_direction(at, d)) break;
            corrected = defect <= 1e-3 * scale * step || negligible(d, trial, 1e-10);
            before = defect;
            trial = moved(trial, 1.0, d);
        }
        if (corrected) {
            x = trial;
            tau = next;
            step *= 1.7;
        } else {
            step *= 0.4;
        }
    }
    return tau >= 1.0 ? std::optional<Matrix>(x) : std::nullopt;
}

std::optional<Matrix> levenberg_marquardt(const Field& field, Matrix x, const Matrix& p, const Poll& stop) {
    double mu = 1e-3;  // in units of |J|^2
    for (int iteration = 0; iteration < 200; ++iteration) {
        if (stop && stop()) return std::nullopt;
        const Jacobian jac = jacobian(field, x, p);
        const double residual = norm(jac.value);
        if (residual == 0.0) return x;
        if (!std::isfinite(residual)) return std::nullopt;
        Matrix d, newton;
        const double scale = std::pow(norm(jac.dx), 2.0);
        if (damped_direction(jac, mu * scale, d)) {
            if (const std::optional<Matrix> next = descend(field, x, d, p, residual)) {
                x = *next;
                mu = std::max(0.1 * mu, 1e-16);
                continue;
            }
        }
        if (newton_direction(jac, newton) && negligible(newton, x, 1e-9)) return x;
        if (mu > 1e3) return std::nullopt;
        mu *= 10.0;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::vector<double>> find_equilibrium_bar(const Field& field, const std::vector<double>& near,
                                                        const std::vector<double>& p_bar, const Poll& stop) {
    if (near.size() != field.dim())
        throw std::invalid_argument("near has " + std::to_string(near.size()) + " components, the field " +
                                    std::to_string(field.dim()));
    for (std::size_t i = 0; i < near.size(); ++i) {
        if (!std::isfinite(near[i]))
            throw std::invalid_argument("near is not finite: component " + std::to_string(i) + " is " +
                                        shortest_text(near[i]));
    }
    if (p_bar.size() != field.parameter_dim())
        throw std::invalid_argument("the parameter has " + std::to_string(p_bar.size()) +
                                    " components, the field takes " + std::to_string(field.parameter_dim()));
    const Matrix p = column(p_bar);
    const Matrix x0 = column(near);
    std::optional<Matrix> x = damped_newton(field, x0, p, stop);
    if (!x) {
        if (const auto end = newton_homotopy(field, x0, p, stop)) x = damped_newton(field, *end, p, stop);
    }
    if (!x) x = levenberg_marquardt(field, x0, p, stop);
    if (!x) return std::nullopt;
    return std::vector<double>(x->data.begin(), x->data.end());
}

}  // namespace capnode
