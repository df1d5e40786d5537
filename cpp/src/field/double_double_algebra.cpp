#include "double_double_algebra.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/numerics/elementary.hpp"
#include "double_double_product.hpp"

namespace capnode::detail {
namespace {

using Value = DoubleDoubleColumns;

// hi + lo with |lo| <= u |hi|; what is not finite is the whole line.
DoubleDoubleBall normalized(const DoubleDoubleBall& b) {
    const auto [hi, lo] = two_sum(b.hi, b.lo);
    if (!(std::fabs(hi) < infinity && b.rad >= 0.0 && b.rad < infinity)) return DoubleDoubleBall::whole();
    return {hi, lo, b.rad};
}

Value input(const std::vector<DoubleDoubleBall>& value, const std::vector<Direction>& directions, bool state) {
    Value out(value.size(), 1 + directions.size());
    for (std::size_t i = 0; i < value.size(); ++i) out.set(i, 0, normalized(value[i]));
    for (std::size_t k = 0; k < directions.size(); ++k) {
        const std::vector<DoubleDoubleBall>& d = state ? directions[k].x : directions[k].p;
        for (std::size_t i = 0; i < d.size(); ++i) out.set(i, k + 1, normalized(d[i]));
    }
    return out;
}

// An argument about which nothing is known may be undefined: 0 times it is not 0, and tanh of it not [-1, 1].
DoubleDoubleBall product(const DoubleDoubleBall& x, const DoubleDoubleBall& y) {
    return is_bounded(x) && is_bounded(y) ? normalized(x * y) : DoubleDoubleBall::whole();
}

template <class Operation>
Value per_column(const Value& a, const Value& b, Operation operation) {
    Value out(a.size, std::max(a.columns, b.columns));
    for (std::size_t c = 0; c < out.columns; ++c) {
        for (std::size_t i = 0; i < out.size; ++i) {
            out.set(i, c,
                    operation(c < a.columns ? a.get(i, c) : DoubleDoubleBall(),
                              c < b.columns ? b.get(i, c) : DoubleDoubleBall()));
        }
    }
    return out;
}

// slope(i) times the tangents of a, the value given.
template <class F>
Value elementwise(const Value& a, F value_and_slope) {
    Value out(a.size, a.columns);
    for (std::size_t i = 0; i < a.size; ++i) {
        if (!is_bounded(a.get(i, 0))) {
            for (std::size_t c = 0; c < a.columns; ++c) out.set(i, c, DoubleDoubleBall::whole());
            continue;
        }
        const auto [value, slope] = value_and_slope(a.get(i, 0));
        out.set(i, 0, normalized(value));
        for (std::size_t c = 1; c < a.columns; ++c) out.set(i, c, normalized(slope * a.get(i, c)));
    }
    return out;
}

// One column through weight (and bias): midpoints by double_double_product, radii by
//     |W| (kappa |x| + r) + R (|x| + r) + kappa |b| + r_b + 2 n eta
// where R is the weight radius. `|x| <= |hi| (1 + 2^-53)`; sums inflated for their own roundings; a product |W| q or
// R q that underflows costs eta/2, counted with the others as 4 (n + 1) eta.
void affine_column(const Matrix& mid, const Matrix& weight_rad, const Tensor* bias, const Value& x, std::size_t c,
                   Value& out) {
    const std::size_t n = x.size;
    const double* hi = x.hi.data() + c * n;
    const double* lo = x.lo.data() + c * n;
    const double* rad = x.rad.data() + c * n;
    const double kappa = dot_error_factor(n);
    std::vector<double> q(n);
    std::vector<double> reach(n);
    for (std::size_t j = 0; j < n; ++j) {
        const double size = next_up(std::fabs(hi[j]));
        q[j] = add_up(multiply_up(kappa, size), rad[j]);
        reach[j] = add_up(size, rad[j]);
    }
    const std::size_t rows = mid.rows;
    double* out_hi = out.hi.data() + c * rows;
    double* out_lo = out.lo.data() + c * rows;
    double* out_rad = out.rad.data() + c * rows;
    double_double_product(mid, hi, lo, bias == nullptr ? nullptr : bias->mid.data.data(), out_hi, out_lo);
    const auto terms = static_cast<double>(2 * n + 4);
    const double underflow = 4.0 * (static_cast<double>(n) + 1.0) * smallest_subnormal;
    for (std::size_t i = 0; i < rows; ++i) {
        const double* w = mid.row(i);
        double sum = 0.0;
        for (std::size_t j = 0; j < n; ++j) sum += std::fabs(w[j]) * q[j];
        if (weight_rad.size() > 0) {
            const double* r = weight_rad.row(i);
            for (std::size_t j = 0; j < n; ++j) sum += r[j] * reach[j];
        }
        if (bias != nullptr) {
            sum += kappa * std::fabs(bias->mid.data[i]);
            if (!bias->exact()) sum += bias->rad.data[i];
        }
        out_rad[i] = add_up(inflate(sum, terms, 1.0), underflow);
        const DoubleDoubleBall b = normalized({out_hi[i], out_lo[i], out_rad[i]});
        out.set(i, c, b);
    }
}

Value affine_columns(const Matrix& mid, const Matrix& weight_rad, const Tensor* bias, const Value& x) {
    Value out(mid.rows, x.columns);
    for (std::size_t c = 0; c < x.columns; ++c) affine_column(mid, weight_rad, c == 0 ? bias : nullptr, x, c, out);
    return out;
}

// Column m of a matrix node as hi +- rad and lo.
Matrix plane(const std::vector<double>& data, std::size_t m, std::size_t rows, std::size_t cols) {
    Matrix out(rows, cols);
    const double* from = data.data() + m * rows * cols;
    std::copy(from, from + rows * cols, out.data.begin());
    return out;
}

bool all_zero(const Matrix& m) {
    return std::all_of(m.data.begin(), m.data.end(), [](double v) { return v == 0.0; });
}

// Column m of the matrix times all columns of x: (hi +- rad) x + lo x.
Value matrix_times(const Value& matrix, std::size_t m, const Value& x, std::size_t rows, std::size_t cols) {
    const Matrix rad = plane(matrix.rad, m, rows, cols);
    const Matrix lo = plane(matrix.lo, m, rows, cols);
    Value out = affine_columns(plane(matrix.hi, m, rows, cols), all_zero(rad) ? Matrix() : rad, nullptr, x);
    if (all_zero(lo)) return out;
    return DoubleDoubleAlgebra::add(out, affine_columns(lo, {}, nullptr, x));
}

Value first_column(const Value& a) {
    Value out(a.size, 1);
    for (std::size_t i = 0; i < a.size; ++i) out.set(i, 0, a.get(i, 0));
    return out;
}

}  // namespace

std::vector<DoubleDoubleBall> column(const DoubleDoubleColumns& a, std::size_t c) {
    std::vector<DoubleDoubleBall> out(a.size);
    if (c < a.columns) {
        for (std::size_t i = 0; i < a.size; ++i) out[i] = a.get(i, c);
    }
    return out;
}

DoubleDoubleAlgebra::DoubleDoubleAlgebra(const std::vector<DoubleDoubleBall>& x, const std::vector<DoubleDoubleBall>& p,
                                         const DoubleDoubleBall& t, const std::vector<Direction>& directions)
    : x_(input(x, directions, true)), p_(input(p, directions, false)), t_(1, 1) {
    t_.set(0, 0, normalized(t));
}

Value DoubleDoubleAlgebra::constant(const Tensor& t) {
    Value out(t.mid.size(), 1);
    std::copy(t.mid.data.begin(), t.mid.data.end(), out.hi.begin());
    if (!t.exact()) std::copy(t.rad.data.begin(), t.rad.data.end(), out.rad.begin());
    return out;
}

Value DoubleDoubleAlgebra::affine(const Tensor& weight, const Tensor* bias, const Value& x) {
    return affine_columns(weight.mid, weight.rad, bias, x);
}

Value DoubleDoubleAlgebra::add(const Value& a, const Value& b) {
    return per_column(a, b, [](const DoubleDoubleBall& x, const DoubleDoubleBall& y) { return normalized(x + y); });
}
Value DoubleDoubleAlgebra::subtract(const Value& a, const Value& b) {
    return per_column(a, b, [](const DoubleDoubleBall& x, const DoubleDoubleBall& y) { return normalized(x - y); });
}

Value DoubleDoubleAlgebra::multiply(const Value& a, const Value& b) {
    Value out(a.size, std::max(a.columns, b.columns));
    for (std::size_t i = 0; i < a.size; ++i) {
        const DoubleDoubleBall x = a.get(i, 0);
        const DoubleDoubleBall y = b.get(i, 0);
        out.set(i, 0, product(x, y));
        for (std::size_t c = 1; c < out.columns; ++c) {
            DoubleDoubleBall sum;
            if (c < a.columns) sum = a.get(i, c) * y;
            if (c < b.columns) sum = sum + x * b.get(i, c);
            out.set(i, c, normalized(sum));
        }
    }
    return out;
}

// (a / b)' = (a' - (a / b) b') / b
Value DoubleDoubleAlgebra::divide(const Value& a, const Value& b) {
    Value out(a.size, std::max(a.columns, b.columns));
    for (std::size_t i = 0; i < a.size; ++i) {
        const DoubleDoubleBall y = b.get(i, 0);
        const DoubleDoubleBall ratio = a.get(i, 0) / y;
        out.set(i, 0, normalized(ratio));
        for (std::size_t c = 1; c < out.columns; ++c) {
            DoubleDoubleBall sum;
            if (c < a.columns) sum = a.get(i, c);
            if (c < b.columns) sum = sum - ratio * b.get(i, c);
            out.set(i, c, normalized(sum / y));
        }
    }
    return out;
}

Value DoubleDoubleAlgebra::negate(Value a) {
    for (double& v : a.hi) v = -v;
    for (double& v : a.lo) v = -v;
    return a;
}

Value DoubleDoubleAlgebra::gather(const Value& a, const std::vector<std::uint32_t>& indices) {
    Value out(indices.size(), a.columns);
    for (std::size_t c = 0; c < a.columns; ++c) {
        for (std::size_t i = 0; i < indices.size(); ++i) out.set(i, c, a.get(indices[i], c));
    }
    return out;
}

Value DoubleDoubleAlgebra::concat(const std::vector<const Value*>& parts) {
    std::size_t size = 0;
    std::size_t columns = 1;
    for (const Value* part : parts) {
        size += part->size;
        columns = std::max(columns, part->columns);
    }
    Value out(size, columns);
    std::size_t at = 0;
    for (const Value* part : parts) {
        for (std::size_t c = 0; c < part->columns; ++c) {
            for (std::size_t i = 0; i < part->size; ++i) out.set(at + i, c, part->get(i, c));
        }
        at += part->size;
    }
    return out;
}

// (M x)' = M' x + M x'
Value DoubleDoubleAlgebra::matvec(const Value& matrix, const Value& x, std::size_t rows, std::size_t cols) {
    Value products = matrix_times(matrix, 0, x, rows, cols);
    Value out(rows, std::max(matrix.columns, x.columns));
    for (std::size_t c = 0; c < products.columns; ++c) {
        for (std::size_t i = 0; i < rows; ++i) out.set(i, c, products.get(i, c));
    }
    const Value value = first_column(x);
    for (std::size_t c = 1; c < matrix.columns; ++c) {
        const Value more = matrix_times(matrix, c, value, rows, cols);
        for (std::size_t i = 0; i < rows; ++i) out.set(i, c, normalized(out.get(i, c) + more.get(i, 0)));
    }
    return out;
}

Value DoubleDoubleAlgebra::apply(Function function, const Value& a) {
    if (a.columns == 1) {
        Value out(a.size, 1);
        for (std::size_t i = 0; i < a.size; ++i) {
            const DoubleDoubleBall x = a.get(i, 0);
            out.set(i, 0, is_bounded(x) ? normalized(capnode::apply(function, x)) : DoubleDoubleBall::whole());
        }
        return out;
    }
    return elementwise(a, [function](const DoubleDoubleBall& x) { return derivatives2(function, x); });
}

Value DoubleDoubleAlgebra::power(const Value& a, int exponent) {
    return elementwise(a, [exponent](const DoubleDoubleBall& x) { return power_derivatives2(x, exponent); });
}

}  // namespace capnode::detail
