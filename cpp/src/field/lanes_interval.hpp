// Arithmetic of intervals on one lane: a value is a vector of intervals. Every operation is the tightest of its scalar
// kind, so wide and one-sided sets lose nothing to the shape of balls. O(size^2) scalar operations an affine layer.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/numerics/interval.hpp"

namespace capnode::detail {

struct IntervalLanes {
    using Value = std::vector<Interval>;

    static Value zeros(std::size_t rows, std::size_t) { return Value(rows); }
    static Value fill(std::size_t rows, const Interval& value) { return Value(rows, value); }
    static std::size_t rows(const Value& a) { return a.size(); }
    static std::size_t cols(const Value&) { return 1; }
    static Value constant(const Tensor& t);
    static Value affine(const Tensor& weight, const Tensor* bias, const Value& x);
    static Value add(const Value& a, const Value& b);
    static Value subtract(const Value& a, const Value& b);
    static Value multiply(const Value& a, const Value& b);
    static Value divide(const Value& a, const Value& b);
    static Value negate(Value a);
    static Value scale(Value a, double factor);
    static Value divide_by(Value a, double divisor);
    static Value gather(const Value& a, const std::vector<std::uint32_t>& indices);
    static Value concat(const std::vector<const Value*>& parts);
    static Value matvec(const Value& matrix, const Value& x, std::size_t rows, std::size_t cols);
    static Value apply(Function function, const Value& a);
    static Value power(const Value& a, int exponent);
    static std::array<Value, 4> derivatives(Function function, const Value& a, int order);
};

}  // namespace capnode::detail
