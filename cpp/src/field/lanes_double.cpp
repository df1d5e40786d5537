#include "lanes_double.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/lanes.hpp"

namespace capnode::detail {
namespace {

// out(i, j) = operation(a(i, j), b(i, j)); a value of one lane stands for all lanes.
template <class Operation>
Matrix entrywise(const Matrix& a, const Matrix& b, Operation operation) {
    Matrix out(a.rows, std::max(a.cols, b.cols));
    for (std::size_t i = 0; i < out.rows; ++i) {
        double* to = out.row(i);
        const double* x = a.row(i);
        const double* y = b.row(i);
        if (a.cols == b.cols) {
            for (std::size_t j = 0; j < out.cols; ++j) to[j] = operation(x[j], y[j]);
        } else if (a.cols == 1) {
            for (std::size_t j = 0; j < out.cols; ++j) to[j] = operation(x[0], y[j]);
        } else {
            for (std::size_t j = 0; j < out.cols; ++j) to[j] = operation(x[j], y[0]);
        }
    }
    return out;
}

template <class F>
std::array<Matrix, 4> entrywise_derivatives(const Matrix& a, int order, F f) {
    std::array<Matrix, 4> out;
    for (int d = 0; d <= order; ++d) out[static_cast<std::size_t>(d)] = Matrix(a.rows, a.cols);
    for (std::size_t k = 0; k < a.size(); ++k) {
        const std::array<double, 4> values = f(a.data[k]);
        for (int d = 0; d <= order; ++d) out[static_cast<std::size_t>(d)].data[k] = values[static_cast<std::size_t>(d)];
    }
    return out;
}

Matrix reshaped(const Matrix& column, std::size_t rows, std::size_t cols) {
    Matrix m = column;
    m.rows = rows;
    m.cols = cols;
    return m;
}

}  // namespace

Matrix DoubleLanes::affine(const Tensor& weight, const Tensor* bias, const Matrix& x) {
    Matrix out = blas::multiply(weight.mid, x);
    if (bias != nullptr) {
        for (std::size_t i = 0; i < out.rows; ++i) {
            double* row = out.row(i);
            for (std::size_t j = 0; j < out.cols; ++j) row[j] += bias->mid.data[i];
        }
    }
    return out;
}

Matrix DoubleLanes::add(const Matrix& a, const Matrix& b) {
    return entrywise(a, b, [](double x, double y) { return x + y; });
}
Matrix DoubleLanes::subtract(const Matrix& a, const Matrix& b) {
    return entrywise(a, b, [](double x, double y) { return x - y; });
}
Matrix DoubleLanes::multiply(const Matrix& a, const Matrix& b) {
    return entrywise(a, b, [](double x, double y) { return x * y; });
}
Matrix DoubleLanes::divide(const Matrix& a, const Matrix& b) {
    return entrywise(a, b, [](double x, double y) { return x / y; });
}

Matrix DoubleLanes::negate(Matrix a) {
    for (double& v : a.data) v = -v;
    return a;
}
Matrix DoubleLanes::scale(Matrix a, double factor) {
    for (double& v : a.data) v *= factor;
    return a;
}
Matrix DoubleLanes::divide_by(Matrix a, double divisor) {
    for (double& v : a.data) v /= divisor;
    return a;
}

Matrix DoubleLanes::gather(const Matrix& a, const std::vector<std::uint32_t>& indices) {
    Matrix out(indices.size(), a.cols);
    for (std::size_t i = 0; i < indices.size(); ++i) std::copy_n(a.row(indices[i]), a.cols, out.row(i));
    return out;
}

Matrix DoubleLanes::concat(const std::vector<const Matrix*>& parts) {
    std::size_t rows = 0;
    std::size_t cols = 1;
    for (const Matrix* part : parts) {
        rows += part->rows;
        cols = std::max(cols, part->cols);
    }
    Matrix out(rows, cols);
    std::size_t at = 0;
    for (const Matrix* part : parts) {
        for (std::size_t i = 0; i < part->rows; ++i, ++at) {
            for (std::size_t j = 0; j < cols; ++j) out(at, j) = (*part)(i, part->cols == 1 ? 0 : j);
        }
    }
    return out;
}

Matrix DoubleLanes::matvec(const Matrix& matrix, const Matrix& x, std::size_t rows, std::size_t cols) {
    if (matrix.cols == 1) return blas::multiply(reshaped(matrix, rows, cols), x);
    Matrix out(rows, matrix.cols);
    for (std::size_t i = 0; i < rows; ++i) {
        double* to = out.row(i);
        for (std::size_t l = 0; l < cols; ++l) {
            const double* m = matrix.row(i * cols + l);
            const double* v = x.row(l);
            for (std::size_t j = 0; j < out.cols; ++j) to[j] += m[j] * v[x.cols == 1 ? 0 : j];
        }
    }
    return out;
}

Matrix DoubleLanes::apply(Function function, const Matrix& a) {
    Matrix out(a.rows, a.cols);
    value_lanes(function, a.size(), a.data.data(), out.data.data());
    return out;
}

Matrix DoubleLanes::power(const Matrix& a, int exponent) { return power_derivatives(a, exponent, 0)[0]; }

std::array<Matrix, 4> DoubleLanes::derivatives(Function function, const Matrix& a, int order) {
    if (order == 1) {
        std::array<Matrix, 4> out = {Matrix(a.rows, a.cols), Matrix(a.rows, a.cols), {}, {}};
        value_lanes(function, a.size(), a.data.data(), out[0].data.data(), out[1].data.data());
        return out;
    }
    return entrywise_derivatives(a, order, [function](double x) { return capnode::derivatives(function, x); });
}

std::array<Matrix, 4> DoubleLanes::power_derivatives(const Matrix& a, int exponent, int order) {
    return entrywise_derivatives(a, order, [exponent](double x) { return capnode::power_derivatives(x, exponent); });
}

Matrix DoubleLanes::columns(const std::vector<const Matrix*>& parts) {
    std::size_t cols = 0;
    for (const Matrix* part : parts) cols += part->cols;
    Matrix out(parts[0]->rows, cols);
    for (std::size_t i = 0; i < out.rows; ++i) {
        double* to = out.row(i);
        for (const Matrix* part : parts) to = std::copy_n(part->row(i), part->cols, to);
    }
    return out;
}

Matrix DoubleLanes::column_range(const Matrix& a, std::size_t first, std::size_t count) {
    Matrix out(a.rows, count);
    for (std::size_t i = 0; i < a.rows; ++i) std::copy_n(a.row(i) + first, count, out.row(i));
    return out;
}

void DoubleLanes::add_scattered(Matrix& out, const Matrix& entry, const std::vector<std::uint32_t>& column) {
    for (std::size_t i = 0; i < out.rows; ++i) out(i, column[i]) += entry.data[i];
}

Matrix DoubleLanes::affine_scattered(const Tensor& weight, const Matrix& entry,
                                     const std::vector<std::uint32_t>& column, std::size_t count) {
    Matrix out(weight.mid.rows, count);
    for (std::size_t i = 0; i < out.rows; ++i) {
        double* to = out.row(i);
        const double* w = weight.mid.row(i);
        for (std::size_t j = 0; j < column.size(); ++j) to[column[j]] += w[j] * entry.data[j];
    }
    return out;
}

Matrix DoubleLanes::matvec_scattered(const Matrix& entry, const std::vector<std::uint32_t>& column, const Matrix& x,
                                     std::size_t rows, std::size_t cols, std::size_t count) {
    Matrix out(rows, count);
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t l = 0; l < cols; ++l) {
            const std::size_t r = i * cols + l;
            out(i, column[r]) += entry.data[r] * x.data[l];
        }
    }
    return out;
}

Tensor DoubleLanes::as_tensor(const Matrix& matrix, std::size_t rows, std::size_t cols) {
    return {reshaped(matrix, rows, cols), {}};
}

namespace {

// The same operation on each plane of complex columns.
std::vector<const Matrix*> planes(const std::vector<const ComplexMatrix*>& parts, Matrix ComplexMatrix::* plane) {
    std::vector<const Matrix*> out;
    for (const ComplexMatrix* part : parts) out.push_back(&(part->*plane));
    return out;
}

}  // namespace

ComplexMatrix DoubleLanes::complex_columns(const std::vector<const ComplexMatrix*>& parts) {
    return {columns(planes(parts, &ComplexMatrix::re)), columns(planes(parts, &ComplexMatrix::im))};
}
ComplexMatrix DoubleLanes::complex_column(const ComplexMatrix& a, std::size_t column) {
    return {column_range(a.re, column, 1), column_range(a.im, column, 1)};
}
ComplexMatrix DoubleLanes::gather(const ComplexMatrix& a, const std::vector<std::uint32_t>& indices) {
    return {gather(a.re, indices), gather(a.im, indices)};
}
ComplexMatrix DoubleLanes::concat(const std::vector<const ComplexMatrix*>& parts) {
    return {concat(planes(parts, &ComplexMatrix::re)), concat(planes(parts, &ComplexMatrix::im))};
}

ComplexMatrix DoubleLanes::affine(const Tensor& weight, const ComplexMatrix& x) {
    return blas::multiply(weight.mid, x);
}

void DoubleLanes::add_to(ComplexMatrix& acc, const ComplexMatrix& a) {
    for (std::size_t k = 0; k < acc.re.size(); ++k) {
        acc.re.data[k] += a.re.data[k];
        acc.im.data[k] += a.im.data[k];
    }
}

void DoubleLanes::add_product(ComplexMatrix& acc, const ComplexMatrix& a, const ComplexMatrix& b) {
    for (std::size_t k = 0; k < acc.re.size(); ++k) {
        acc.re.data[k] += a.re.data[k] * b.re.data[k] - a.im.data[k] * b.im.data[k];
        acc.im.data[k] += a.re.data[k] * b.im.data[k] + a.im.data[k] * b.re.data[k];
    }
}

void DoubleLanes::add_product(ComplexMatrix& acc, const Matrix& a, const ComplexMatrix& b) {
    for (std::size_t k = 0; k < acc.re.size(); ++k) {
        acc.re.data[k] += a.data[k] * b.re.data[k];
        acc.im.data[k] += a.data[k] * b.im.data[k];
    }
}

ComplexMatrix DoubleLanes::negate(ComplexMatrix a) {
    a.re = negate(std::move(a.re));
    a.im = negate(std::move(a.im));
    return a;
}

ComplexMatrix DoubleLanes::matvec(const Matrix& matrix, const ComplexMatrix& x, std::size_t rows, std::size_t cols) {
    return blas::multiply(reshaped(matrix, rows, cols), x);
}
ComplexMatrix DoubleLanes::matvec(const ComplexMatrix& matrix, const Matrix& x, std::size_t rows, std::size_t cols) {
    return {matvec(matrix.re, x, rows, cols), matvec(matrix.im, x, rows, cols)};
}
ComplexMatrix DoubleLanes::matvec(const ComplexMatrix& matrix, const ComplexMatrix& x, std::size_t rows,
                                  std::size_t cols) {
    return blas::multiply(ComplexMatrix(reshaped(matrix.re, rows, cols), reshaped(matrix.im, rows, cols)), x);
}

}  // namespace capnode::detail
