#include "lanes_interval.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace capnode::detail {
namespace {

using Value = std::vector<Interval>;

Interval weight_entry(const Tensor& t, std::size_t k) {
    return t.exact() ? Interval(t.mid.data[k]) : ball_hull(t.mid.data[k], t.rad.data[k]);
}

// A set about which nothing is known may come from an undefined value: 0 times it is not 0.
Interval product(const Interval& a, const Interval& b) {
    if (same(a, Interval::whole()) || same(b, Interval::whole())) return Interval::whole();
    return a * b;
}

// One row of an affine map by scalar interval operations.
Interval row_of_intervals(const Tensor& weight, std::size_t i, const Value& x, Interval sum) {
    for (std::size_t j = 0; j < x.size(); ++j) sum += product(weight_entry(weight, i * x.size() + j), x[j]);
    return sum;
}

// The same for bounded x in floating point with an a-priori bound, a few flops a term. The lower end of the sum is
// l = sum_j min(w lo, w hi) - sum_j R_j max(|lo|, |hi|) + b.lo, R the weight radius. In any order of summation the
// first sum errs by at most gamma_n sum |min(..)| + n eta (Higham, section 3.1); the terms keep their sign, so a sum of
// terms of one sign keeps its side of zero but for n eta. Where that could matter, or a number is not finite: no
// answer.
std::optional<Interval> row_of_ends(const Tensor& weight, std::size_t i, const std::vector<double>& lo,
                                    const std::vector<double>& hi, const Interval& bias) {
    const std::size_t n = lo.size();
    const double* w = weight.mid.row(i);
    double lower = 0.0;
    double upper = 0.0;
    double lower_size = 0.0;
    double upper_size = 0.0;
    for (std::size_t j = 0; j < n; ++j) {
        const double a = w[j] * lo[j];
        const double b = w[j] * hi[j];
        const double least = a < b ? a : b;
        const double most = a < b ? b : a;
        lower += least;
        upper += most;
        lower_size += std::fabs(least);
        upper_size += std::fabs(most);
    }
    double spread = 0.0;
    if (!weight.exact()) {
        const double* r = weight.rad.row(i);
        for (std::size_t j = 0; j < n; ++j) spread += r[j] * std::fmax(std::fabs(lo[j]), std::fabs(hi[j]));
    }
    const auto terms = static_cast<double>(n);
    const double underflow = 2.0 * (terms + 1.0) * smallest_subnormal;
    const double gamma = gamma_up(terms);
    spread = inflate(spread, terms, 1.0);
    const double below = add_up(add_up(multiply_up(gamma, inflate(lower_size, terms, 1.0)), spread), underflow);
    const double above = add_up(add_up(multiply_up(gamma, inflate(upper_size, terms, 1.0)), spread), underflow);
    const Interval sum(subtract_down(lower, below), add_up(upper, above));
    const bool plain = below < infinity && above < infinity && std::fabs(sum.lo) > 1e-280 && std::fabs(sum.hi) > 1e-280;
    if (!plain || !(std::fabs(lower) < infinity) || !(std::fabs(upper) < infinity)) return std::nullopt;
    return sum + bias;
}

template <class Operation>
Value entrywise(const Value& a, const Value& b, Operation operation) {
    Value out(a.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = operation(a[i], b[i]);
    return out;
}

}  // namespace

Value IntervalLanes::constant(const Tensor& t) {
    Value out(t.mid.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = weight_entry(t, i);
    return out;
}

Value IntervalLanes::affine(const Tensor& weight, const Tensor* bias, const Value& x) {
    Value out(weight.mid.rows);
    bool bounded = true;
    std::vector<double> lo(x.size());
    std::vector<double> hi(x.size());
    for (std::size_t j = 0; j < x.size(); ++j) {
        lo[j] = x[j].lo;
        hi[j] = x[j].hi;
        bounded = bounded && is_bounded(x[j]);
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        const Interval b = bias == nullptr ? Interval(0.0) : weight_entry(*bias, i);
        std::optional<Interval> sum;
        if (bounded) sum = row_of_ends(weight, i, lo, hi, b);
        out[i] = sum ? *sum : row_of_intervals(weight, i, x, b);
    }
    return out;
}

Value IntervalLanes::add(const Value& a, const Value& b) {
    return entrywise(a, b, [](const Interval& x, const Interval& y) { return x + y; });
}
Value IntervalLanes::subtract(const Value& a, const Value& b) {
    return entrywise(a, b, [](const Interval& x, const Interval& y) { return x - y; });
}
Value IntervalLanes::multiply(const Value& a, const Value& b) { return entrywise(a, b, product); }
Value IntervalLanes::divide(const Value& a, const Value& b) {
    return entrywise(
        a, b, [](const Interval& x, const Interval& y) { return same(x, Interval::whole()) ? x : quotient(x, y); });
}

Value IntervalLanes::negate(Value a) {
    for (Interval& x : a) x = -x;
    return a;
}
Value IntervalLanes::scale(Value a, double factor) {
    for (Interval& x : a) x = product(x, factor);
    return a;
}
Value IntervalLanes::divide_by(Value a, double divisor) {
    for (Interval& x : a) x = quotient(x, divisor);
    return a;
}

Value IntervalLanes::gather(const Value& a, const std::vector<std::uint32_t>& indices) {
    Value out(indices.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = a[indices[i]];
    return out;
}

Value IntervalLanes::concat(const std::vector<const Value*>& parts) {
    Value out;
    for (const Value* part : parts) out.insert(out.end(), part->begin(), part->end());
    return out;
}

Value IntervalLanes::matvec(const Value& matrix, const Value& x, std::size_t rows, std::size_t cols) {
    Value out(rows);
    for (std::size_t i = 0; i < rows; ++i) {
        Interval sum(0.0);
        for (std::size_t j = 0; j < cols; ++j) sum += product(matrix[i * cols + j], x[j]);
        out[i] = sum;
    }
    return out;
}

Value IntervalLanes::apply(Function function, const Value& a) {
    Value out(a.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = same(a[i], Interval::whole()) ? a[i] : capnode::apply(function, a[i]);
    }
    return out;
}

Value IntervalLanes::power(const Value& a, int exponent) {
    Value out(a.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = same(a[i], Interval::whole()) ? a[i] : power_derivatives(a[i], exponent)[0];
    }
    return out;
}

std::array<Value, 4> IntervalLanes::derivatives(Function function, const Value& a, int order) {
    std::array<Value, 4> out;
    for (int d = 0; d <= order; ++d) out[static_cast<std::size_t>(d)].resize(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        const std::array<Interval, 4> values =
            same(a[i], Interval::whole()) ? std::array{a[i], a[i], a[i], a[i]} : capnode::derivatives(function, a[i]);
        for (int d = 0; d <= order; ++d) out[static_cast<std::size_t>(d)][i] = values[static_cast<std::size_t>(d)];
    }
    return out;
}

}  // namespace capnode::detail
