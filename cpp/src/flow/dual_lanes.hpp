// Intervals with their derivatives in some directions (dual numbers, e^2 = 0), as the Lanes of
// field/series_algebra.hpp.
//
// Every rule is the chain rule in interval arithmetic, so over sets a result encloses the value and the derivatives at
// every point of the set. The Taylor coefficients of a solution are functions of its initial point, built from the same
// rules: carried through here they come with their derivatives by that point, the Taylor coefficients of the
// variational equation. Tangents: rows x directions, by columns; none at all means zero.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "../field/lanes_interval.hpp"
#include "capnode/field/field.hpp"

namespace capnode::detail {

struct Dual {
    std::vector<Interval> value;
    std::vector<std::vector<Interval>> tangent;  // directions, each as long as value; or empty
};

struct DualLanes {
    using Value = Dual;

    static Value zeros(std::size_t rows, std::size_t) { return {std::vector<Interval>(rows), {}}; }
    static Value fill(std::size_t rows, const Interval& value) { return {std::vector<Interval>(rows, value), {}}; }
    static std::size_t rows(const Value& a) { return a.value.size(); }
    static std::size_t cols(const Value&) { return 1; }
    static Value constant(const Tensor& t) { return {IntervalLanes::constant(t), {}}; }
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

/// Coefficients 0 .. order of the solution of x' = f(x, p, t) through (x0, p, t0), and their derivatives.
std::vector<Dual> dual_solution(const Field& field, const Dual& x0, const Dual& p, const Dual& t0, std::size_t order);

}  // namespace capnode::detail
