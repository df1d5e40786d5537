#include "capnode/flow/plain_flow.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>

#include "capnode/flow/step_engine.hpp"
#include "capnode/flow/taylor_program.hpp"
#include "capnode/numerics/blas.hpp"

namespace capnode {
namespace {

constexpr std::size_t nobody = static_cast<std::size_t>(-1);

}  // namespace

PlainFlow plain_flow(const Field& field, const Matrix& starts, const std::vector<double>& parameter, double duration,
                     std::size_t order, double tolerance, bool derivative) {
    const auto program = shared_program(field);
    const std::size_t n = program->rows();
    const std::size_t dim = field.dim();
    if (starts.cols != dim || parameter.size() != field.parameter_dim()) {
        throw std::invalid_argument("starts have " + std::to_string(starts.cols) + " columns and the parameter " +
                                    std::to_string(parameter.size()) + " entries, the field needs " +
                                    std::to_string(dim) + " and " + std::to_string(field.parameter_dim()));
    }
    if (!(std::fabs(duration) < 1e300) || !(tolerance > 0.0)) throw std::invalid_argument("duration or tolerance");
    if (order == 0) order = n <= 8 ? 18 : 20;
    const std::size_t lanes = starts.rows >= 4 && n <= 32 ? 8 : 1;
    StepEngine engine(program, lanes, order, 1, derivative ? order : 0);
    const double goal = std::max(tolerance * 1e-3, 0x1p-54);

    PlainFlow result;
    result.final = Matrix(starts.rows, dim);
    if (derivative) result.derivative = Matrix(starts.rows, dim * dim);
    std::vector<std::size_t> index(lanes, nobody);
    std::vector<double> elapsed(lanes, 0.0);
    std::vector<double> scale(lanes, std::copysign(0.25, duration));
    std::vector<double> theta(lanes, 1.0);
    std::vector<double> value(n * lanes, 0.0);
    std::vector<double> phi(n * n * lanes, 0.0);
    std::vector<Matrix> y(lanes, Matrix::identity(n));
    Matrix one(n, n);
    std::size_t next = 0;
    for (;;) {
        bool any = false;
        for (std::size_t l = 0; l < lanes; ++l) {
            if (index[l] == nobody && next < starts.rows) {
                index[l] = next++;
                elapsed[l] = 0.0;
                for (std::size_t i = 0; i < n; ++i) {
                    value[i * lanes + l] = i < dim                      ? starts(index[l], i)
                                           : i < dim + parameter.size() ? parameter[i - dim]
                                                                        : 0.0;
                }
                if (derivative) y[l] = Matrix::identity(n);
            }
            any = any || index[l] != nobody;
        }
        if (!any) return result;
        std::copy(value.begin(), value.end(), engine.centre());
        engine.coefficients(scale.data());
        for (std::size_t l = 0; l < lanes; ++l) {
            double length = 0x1p300;
            double size = 1.0;
            for (std::size_t i = 0; i < dim; ++i) size = std::max(size, std::fabs(value[i * lanes + l]));
            for (std::size_t k = order - 1; k <= order; ++k) {
                double m = 0.0;
                for (std::size_t i = 0; i < n; ++i) m = std::max(m, std::fabs(engine.coefficient(k)[i * lanes + l]));
                if (m > 0.0) {
                    length = std::min(length, std::exp2(std::log2(goal * size / m) / static_cast<double>(k)));
                }
            }
            theta[l] = std::min(length, std::fabs(duration - elapsed[l]) / std::fabs(scale[l]));
            if (index[l] == nobody) theta[l] = 0.0;
            if (!(theta[l] < 0x1p300)) theta[l] = std::fabs(duration - elapsed[l]) / std::fabs(scale[l]);
        }
        engine.evaluate(theta.data(), value.data(), nullptr);
        if (derivative) {
            engine.tangent_coefficients();
            engine.evaluate_tangent(theta.data(), phi.data(), nullptr);
        }
        for (std::size_t l = 0; l < lanes; ++l) {
            if (index[l] == nobody) continue;
            ++result.steps;
            elapsed[l] += theta[l] * scale[l];
            if (derivative) {
                Matrix product(n, n);
                for (std::size_t j = 0; j < n * n; ++j) one.data[j] = phi[j * lanes + l];
                if (n >= 32) {
                    product = blas::multiply(one, y[l]);
                } else {
                    for (std::size_t i = 0; i < n; ++i) {
                        for (std::size_t k = 0; k < n; ++k) {
                            for (std::size_t c = 0; c < n; ++c) product(i, c) += one(i, k) * y[l](k, c);
                        }
                    }
                }
                std::swap(y[l], product);
            }
            const bool stuck = !(std::fabs(value[l]) < 1e300);
            if (std::fabs(duration - elapsed[l]) <= 1e-14 * std::fabs(duration) || stuck) {
                for (std::size_t i = 0; i < dim; ++i) result.final(index[l], i) = value[i * lanes + l];
                if (derivative) {
                    for (std::size_t i = 0; i < dim; ++i) {
                        std::copy_n(y[l].row(i), dim, result.derivative.row(index[l]) + i * dim);
                    }
                }
                index[l] = nobody;
            }
        }
    }
}

}  // namespace capnode
