#include "lanes_interval.hpp"

#include <algorithm>

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
    for (std::size_t i = 0; i < out.size(); ++i) {
        Interval sum = bias == nullptr ? Interval(0.0) : weight_entry(*bias, i);
        for (std::size_t j = 0; j < x.size(); ++j) sum += product(weight_entry(weight, i * x.size() + j), x[j]);
        out[i] = sum;
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
