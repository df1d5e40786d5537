// Newton with a line search in plain floating point; where the Jacobian is (nearly) singular or the step finds no
// descent, Levenberg-Marquardt steps (J^T J + mu I) d = -J^T f take over. Nothing here is trusted.
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "capnode/dynamics/equilibrium.hpp"
#include "capnode/field/evaluate.hpp"
#include "capnode/field/field.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/numerics/blas.hpp"

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

}  // namespace

std::optional<std::vector<double>> find_equilibrium_bar(const Field& field, const std::vector<double>& near,
                                                        const std::vector<double>& p_bar) {
    if (near.size() != field.dim())
        throw std::invalid_argument("near has " + std::to_string(near.size()) + " components, the field " +
                                    std::to_string(field.dim()));
    for (std::size_t i = 0; i < near.size(); ++i) {
        if (!std::isfinite(near[i]))
            throw std::invalid_argument("near is not finite: component " + std::to_string(i) + " is " +
                                        std::to_string(near[i]));
    }
    if (p_bar.size() != field.parameter_dim())
        throw std::invalid_argument("the parameter has " + std::to_string(p_bar.size()) +
                                    " components, the field takes " + std::to_string(field.parameter_dim()));
    constexpr int iterations = 200;
    const Matrix p = column(p_bar);
    Matrix x = column(near);
    double mu = 0.0;
    for (int iteration = 0; iteration < iterations; ++iteration) {
        const Jacobian jac = jacobian(field, x, p);
        const double residual = norm(jac.value);
        if (!std::isfinite(residual)) return std::nullopt;
        if (residual == 0.0) return std::vector<double>(x.data.begin(), x.data.end());
        Matrix d;
        const bool found = mu == 0.0 ? newton_direction(jac, d) : damped_direction(jac, mu, d);
        const double length = found ? norm(d) : 0.0;
        if (found && mu == 0.0 && length <= 1e-12 * (1e-3 + norm(x))) {
            x = moved(x, 1.0, d);
            return std::vector<double>(x.data.begin(), x.data.end());
        }
        bool descended = false;
        for (double step = 1.0; found && std::isfinite(length) && step > 1e-3; step *= 0.5) {
            const Matrix trial = moved(x, step, d);
            if (norm(evaluate(field, trial, p)) < (1.0 - 1e-4 * step) * residual) {
                x = trial;
                descended = true;
                break;
            }
        }
        // mu in units of |J|^2; back to Newton as soon as damping is no longer needed.
        const double scale = std::pow(norm(jac.dx), 2.0);
        if (descended)
            mu = mu < 1e-10 * scale ? 0.0 : 0.1 * mu;
        else if (mu > 1e3 * scale)
            break;
        else
            mu = std::max(10.0 * mu, 1e-8 * scale);
        // At the rounding level Newton no longer descends: such a point is as good as it gets.
        if (!descended && found && length <= 1e-9 * (1e-3 + norm(x)))
            return std::vector<double>(x.data.begin(), x.data.end());
    }
    return std::nullopt;
}

}  // namespace capnode
