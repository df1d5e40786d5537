#include "lanes_ball.hpp"

#include <algorithm>
#include <cmath>

#include "ball_entry.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/lanes.hpp"
#include "lanes_double.hpp"

namespace capnode::detail {
namespace {

Ball entry(const BallMatrix& a, std::size_t k) { return {a.mid.data[k], a.rad.data[k]}; }
void set(BallMatrix& a, std::size_t k, const Ball& b) {
    a.mid.data[k] = b.mid;
    a.rad.data[k] = b.rad;
}
ComplexBall entry(const ComplexBallMatrix& a, std::size_t k) {
    return {a.mid.re.data[k], a.mid.im.data[k], a.rad.data[k]};
}
void set(ComplexBallMatrix& a, std::size_t k, const ComplexBall& z) {
    a.mid.re.data[k] = z.re;
    a.mid.im.data[k] = z.im;
    a.rad.data[k] = z.rad;
}

Ball ball(const Interval& x) {
    const Ball b = to_ball(x);
    return total(b.mid, b.rad);
}

template <class Operation>
BallMatrix entrywise(const BallMatrix& a, const BallMatrix& b, Operation operation) {
    const std::size_t cols = std::max(a.cols(), b.cols());
    const std::size_t step_a = a.cols() == cols ? 1 : 0;
    const std::size_t step_b = b.cols() == cols ? 1 : 0;
    BallMatrix out(a.rows(), cols);
    for (std::size_t i = 0; i < out.rows(); ++i) {
        std::size_t ka = i * a.cols();
        std::size_t kb = i * b.cols();
        for (std::size_t j = 0; j < cols; ++j, ka += step_a, kb += step_b) {
            set(out, i * cols + j, operation(entry(a, ka), entry(b, kb)));
        }
    }
    return out;
}

// Where both balls are wide the product is taken of intervals: (1 +- 1)(1 +- 1) is [0, 4] and not 1 +- 3.
Ball product(const Ball& a, const Ball& b) {
    if (a.rad * b.rad > 0.01 * (std::fabs(a.mid) * b.rad + a.rad * std::fabs(b.mid))) {
        if (!(a.rad < infinity && b.rad < infinity)) return {0.0, infinity};
        return ball(to_interval(a) * to_interval(b));
    }
    return entry_multiply(a, b);
}

template <class F>
std::array<BallMatrix, 4> entrywise_derivatives(const BallMatrix& a, int order, F f) {
    std::array<BallMatrix, 4> out;
    for (int d = 0; d <= order; ++d) out[static_cast<std::size_t>(d)] = BallMatrix(a.rows(), a.cols());
    for (std::size_t k = 0; k < a.mid.size(); ++k) {
        if (!(a.rad.data[k] < infinity)) {
            for (int d = 0; d <= order; ++d) set(out[static_cast<std::size_t>(d)], k, {0.0, infinity});
            continue;
        }
        const std::array<Interval, 4> values = f(to_interval(entry(a, k)));
        for (int d = 0; d <= order; ++d)
            set(out[static_cast<std::size_t>(d)], k, ball(values[static_cast<std::size_t>(d)]));
    }
    return out;
}

// An argument about which nothing is known may be undefined (the log of a negative number): then so is every function
// of it, although tanh of the whole line would be [-1, 1].
void spread_unknown(const BallMatrix& a, BallMatrix& out) {
    for (std::size_t k = 0; k < a.rad.size(); ++k) {
        if (!(a.rad.data[k] < infinity)) set(out, k, {0.0, infinity});
    }
}

Matrix reshaped(Matrix column, std::size_t rows, std::size_t cols) {
    column.rows = rows;
    column.cols = cols;
    return column;
}
BallMatrix reshaped(const BallMatrix& column, std::size_t rows, std::size_t cols) {
    return {reshaped(column.mid, rows, cols), reshaped(column.rad, rows, cols)};
}
ComplexBallMatrix reshaped(const ComplexBallMatrix& column, std::size_t rows, std::size_t cols) {
    return {ComplexMatrix(reshaped(column.mid.re, rows, cols), reshaped(column.mid.im, rows, cols)),
            reshaped(column.rad, rows, cols)};
}

}  // namespace

BallMatrix BallLanes::fill(std::size_t rows, const Interval& value) {
    const Ball b = ball(value);
    return {Matrix(rows, 1, b.mid), Matrix(rows, 1, b.rad)};
}

BallMatrix BallLanes::affine(const Tensor& weight, const Tensor* bias, const BallMatrix& x) {
    return capnode::affine(weight.mid, weight.rad, x, bias == nullptr ? BallMatrix() : constant(*bias));
}

BallMatrix BallLanes::add(const BallMatrix& a, const BallMatrix& b) {
    return entrywise(a, b, [](const Ball& x, const Ball& y) { return entry_add(x, y); });
}
BallMatrix BallLanes::subtract(const BallMatrix& a, const BallMatrix& b) {
    return entrywise(a, b, [](const Ball& x, const Ball& y) { return entry_add(x, {-y.mid, y.rad}); });
}
BallMatrix BallLanes::multiply(const BallMatrix& a, const BallMatrix& b) { return entrywise(a, b, product); }
BallMatrix BallLanes::divide(const BallMatrix& a, const BallMatrix& b) {
    return entrywise(a, b, [](const Ball& x, const Ball& y) {
        if (!(x.rad < infinity && y.rad < infinity)) return Ball{0.0, infinity};
        return ball(quotient(to_interval(x), to_interval(y)));
    });
}

BallMatrix BallLanes::negate(BallMatrix a) {
    for (double& v : a.mid.data) v = -v;
    return a;
}
BallMatrix BallLanes::scale(BallMatrix a, double factor) {
    for (std::size_t k = 0; k < a.mid.size(); ++k) set(a, k, entry_multiply({factor, 0.0}, entry(a, k)));
    return a;
}
BallMatrix BallLanes::divide_by(BallMatrix a, double divisor) {
    for (std::size_t k = 0; k < a.mid.size(); ++k) {
        const Ball b = entry(a, k);
        const double m = b.mid / divisor;
        // The quotients of the midpoint and the radius err by half an ulp each, or eta/2 where they underflow.
        set(a, k, total(m, finish_radius(b.rad / std::fabs(divisor) + unit_roundoff * std::fabs(m))));
    }
    return a;
}

BallMatrix BallLanes::gather(const BallMatrix& a, const std::vector<std::uint32_t>& indices) {
    BallMatrix out(indices.size(), a.cols());
    for (std::size_t i = 0; i < indices.size(); ++i) {
        std::copy_n(a.mid.row(indices[i]), a.cols(), out.mid.row(i));
        std::copy_n(a.rad.row(indices[i]), a.cols(), out.rad.row(i));
    }
    return out;
}

BallMatrix BallLanes::concat(const std::vector<const BallMatrix*>& parts) {
    std::size_t rows = 0;
    std::size_t cols = 1;
    for (const BallMatrix* part : parts) {
        rows += part->rows();
        cols = std::max(cols, part->cols());
    }
    BallMatrix out(rows, cols);
    std::size_t at = 0;
    for (const BallMatrix* part : parts) {
        const std::size_t step = part->cols() == cols ? 1 : 0;
        for (std::size_t i = 0; i < part->rows(); ++i, ++at) {
            for (std::size_t j = 0; j < cols; ++j) set(out, at * cols + j, entry(*part, i * part->cols() + j * step));
        }
    }
    return out;
}

BallMatrix BallLanes::matvec(const BallMatrix& matrix, const BallMatrix& x, std::size_t rows, std::size_t cols) {
    if (matrix.cols() == 1) return capnode::multiply(reshaped(matrix, rows, cols), x);
    const std::size_t lanes = matrix.cols();
    const std::size_t step = x.cols() == lanes ? 1 : 0;
    BallMatrix out(rows, lanes);
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t l = 0; l < cols; ++l) {
            for (std::size_t j = 0; j < lanes; ++j) {
                const Ball term = product(entry(matrix, (i * cols + l) * lanes + j), entry(x, l * x.cols() + j * step));
                set(out, i * lanes + j, entry_add(entry(out, i * lanes + j), term));
            }
        }
    }
    return out;
}

BallMatrix BallLanes::apply(Function function, const BallMatrix& a) {
    BallMatrix out(a.rows(), a.cols());
    apply_lanes(function, a.mid.size(), a.mid.data.data(), a.rad.data.data(), out.mid.data.data(), out.rad.data.data());
    spread_unknown(a, out);
    return out;
}

BallMatrix BallLanes::power(const BallMatrix& a, int exponent) { return power_derivatives(a, exponent, 0)[0]; }

std::array<BallMatrix, 4> BallLanes::derivatives(Function function, const BallMatrix& a, int order) {
    if (order == 1) {
        std::array<BallMatrix, 4> out = {BallMatrix(a.rows(), a.cols()), BallMatrix(a.rows(), a.cols()), {}, {}};
        derivative_lanes(function, a.mid.size(), a.mid.data.data(), a.rad.data.data(), out[0].mid.data.data(),
                         out[0].rad.data.data(), out[1].mid.data.data(), out[1].rad.data.data());
        spread_unknown(a, out[0]);
        spread_unknown(a, out[1]);
        return out;
    }
    return entrywise_derivatives(a, order, [function](const Interval& x) { return capnode::derivatives(function, x); });
}

std::array<BallMatrix, 4> BallLanes::power_derivatives(const BallMatrix& a, int exponent, int order) {
    return entrywise_derivatives(a, order,
                                 [exponent](const Interval& x) { return capnode::power_derivatives(x, exponent); });
}

BallMatrix BallLanes::columns(const std::vector<const BallMatrix*>& parts) {
    std::size_t cols = 0;
    for (const BallMatrix* part : parts) cols += part->cols();
    BallMatrix out(parts[0]->rows(), cols);
    for (std::size_t i = 0; i < out.rows(); ++i) {
        double* mid = out.mid.row(i);
        double* rad = out.rad.row(i);
        for (const BallMatrix* part : parts) {
            mid = std::copy_n(part->mid.row(i), part->cols(), mid);
            rad = std::copy_n(part->rad.row(i), part->cols(), rad);
        }
    }
    return out;
}

BallMatrix BallLanes::column_range(const BallMatrix& a, std::size_t first, std::size_t count) {
    BallMatrix out(a.rows(), count);
    for (std::size_t i = 0; i < a.rows(); ++i) {
        std::copy_n(a.mid.row(i) + first, count, out.mid.row(i));
        std::copy_n(a.rad.row(i) + first, count, out.rad.row(i));
    }
    return out;
}

void BallLanes::add_scattered(BallMatrix& out, const BallMatrix& values, const std::vector<std::uint32_t>& column) {
    for (std::size_t i = 0; i < out.rows(); ++i) {
        const std::size_t k = i * out.cols() + column[i];
        set(out, k, entry_add(entry(out, k), entry(values, i)));
    }
}

BallMatrix BallLanes::affine_scattered(const Tensor& weight, const BallMatrix& values,
                                       const std::vector<std::uint32_t>& column, std::size_t count) {
    BallMatrix out(weight.mid.rows, count);
    const std::size_t size = column.size();
    // A column that is met once takes its product as it is; an entry that is exactly 1 takes the weight as it is.
    std::vector<std::uint32_t> uses(count, 0);
    for (const std::uint32_t c : column) ++uses[c];
    for (std::size_t i = 0; i < out.rows(); ++i) {
        const double* w = weight.mid.row(i);
        const double* r = weight.exact() ? nullptr : weight.rad.row(i);
        for (std::size_t j = 0; j < size; ++j) {
            const Ball a{w[j], r == nullptr ? 0.0 : r[j]};
            const Ball e = entry(values, j);
            const Ball term = e.mid == 1.0 && e.rad == 0.0 ? a : product(a, e);
            const std::size_t k = i * count + column[j];
            set(out, k, uses[column[j]] > 1 ? entry_add(entry(out, k), term) : term);
        }
    }
    return out;
}

BallMatrix BallLanes::matvec_scattered(const BallMatrix& values, const std::vector<std::uint32_t>& column,
                                       const BallMatrix& x, std::size_t rows, std::size_t cols, std::size_t count) {
    BallMatrix out(rows, count);
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t l = 0; l < cols; ++l) {
            const std::size_t r = i * cols + l;
            const std::size_t k = i * count + column[r];
            set(out, k, entry_add(entry(out, k), product(entry(values, r), entry(x, l))));
        }
    }
    return out;
}

Tensor BallLanes::as_tensor(const BallMatrix& matrix, std::size_t rows, std::size_t cols) {
    return {reshaped(matrix.mid, rows, cols), reshaped(matrix.rad, rows, cols)};
}

namespace {

// The midpoints and the radii of complex columns, for the operations that only move entries (DoubleLanes).
std::vector<const ComplexMatrix*> midpoints(const std::vector<const ComplexBallMatrix*>& parts) {
    std::vector<const ComplexMatrix*> out;
    for (const ComplexBallMatrix* part : parts) out.push_back(&part->mid);
    return out;
}
std::vector<const Matrix*> radii(const std::vector<const ComplexBallMatrix*>& parts) {
    std::vector<const Matrix*> out;
    for (const ComplexBallMatrix* part : parts) out.push_back(&part->rad);
    return out;
}

}  // namespace

ComplexBallMatrix BallLanes::complex_columns(const std::vector<const ComplexBallMatrix*>& parts) {
    return {DoubleLanes::complex_columns(midpoints(parts)), DoubleLanes::columns(radii(parts))};
}
ComplexBallMatrix BallLanes::complex_column(const ComplexBallMatrix& a, std::size_t column) {
    return {DoubleLanes::complex_column(a.mid, column), DoubleLanes::column_range(a.rad, column, 1)};
}
ComplexBallMatrix BallLanes::gather(const ComplexBallMatrix& a, const std::vector<std::uint32_t>& indices) {
    return {DoubleLanes::gather(a.mid, indices), DoubleLanes::gather(a.rad, indices)};
}
ComplexBallMatrix BallLanes::concat(const std::vector<const ComplexBallMatrix*>& parts) {
    return {DoubleLanes::concat(midpoints(parts)), DoubleLanes::concat(radii(parts))};
}

ComplexBallMatrix BallLanes::affine(const Tensor& weight, const ComplexBallMatrix& x) {
    return weight.exact() ? capnode::multiply(weight.mid, x) : capnode::multiply(BallMatrix(weight.mid, weight.rad), x);
}

void BallLanes::add_to(ComplexBallMatrix& acc, const ComplexBallMatrix& a) {
    for (std::size_t k = 0; k < acc.rad.size(); ++k) set(acc, k, entry_add(entry(acc, k), entry(a, k)));
}
void BallLanes::add_product(ComplexBallMatrix& acc, const ComplexBallMatrix& a, const ComplexBallMatrix& b) {
    for (std::size_t k = 0; k < acc.rad.size(); ++k) {
        set(acc, k, entry_add(entry(acc, k), entry_multiply(entry(a, k), entry(b, k))));
    }
}
void BallLanes::add_product(ComplexBallMatrix& acc, const BallMatrix& a, const ComplexBallMatrix& b) {
    for (std::size_t k = 0; k < acc.rad.size(); ++k) {
        set(acc, k, entry_add(entry(acc, k), entry_multiply(entry(a, k), entry(b, k))));
    }
}

ComplexBallMatrix BallLanes::negate(ComplexBallMatrix a) {
    for (double& v : a.mid.re.data) v = -v;
    for (double& v : a.mid.im.data) v = -v;
    return a;
}

ComplexBallMatrix BallLanes::matvec(const BallMatrix& matrix, const ComplexBallMatrix& x, std::size_t rows,
                                    std::size_t cols) {
    return capnode::multiply(reshaped(matrix, rows, cols), x);
}
ComplexBallMatrix BallLanes::matvec(const ComplexBallMatrix& matrix, const BallMatrix& x, std::size_t rows,
                                    std::size_t cols) {
    return capnode::multiply(reshaped(matrix, rows, cols), x);
}
ComplexBallMatrix BallLanes::matvec(const ComplexBallMatrix& matrix, const ComplexBallMatrix& x, std::size_t rows,
                                    std::size_t cols) {
    return capnode::multiply(reshaped(matrix, rows, cols), x);
}

}  // namespace capnode::detail
