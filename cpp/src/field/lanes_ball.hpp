// Arithmetic of enclosures: a value is size x lanes balls; a value of one lane stands for all lanes.
//
// Affine maps in ball arithmetic (ball_matrix.hpp), elementwise functions through lanes.hpp, products and quotients of
// wide balls through intervals. Every result holds for all points of its arguments and all weights within their radii;
// nothing known is 0 +- inf.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode::detail {

struct BallLanes {
    using Value = BallMatrix;
    using Complex = ComplexBallMatrix;  // size x 1, for jets

    static Value zeros(std::size_t rows, std::size_t cols) { return {rows, cols}; }
    static Value ones(std::size_t rows) { return BallMatrix(Matrix(rows, 1, 1.0)); }
    static Value fill(std::size_t rows, const Interval& value);
    static std::size_t rows(const Value& a) { return a.rows(); }
    static std::size_t cols(const Value& a) { return a.cols(); }
    static Value constant(const Tensor& t) { return t.exact() ? BallMatrix(t.mid) : BallMatrix(t.mid, t.rad); }
    static Value affine(const Tensor& weight, const Tensor* bias, const Value& x);
    static Value add(const Value& a, const Value& b);
    static Value subtract(const Value& a, const Value& b);
    static Value multiply(const Value& a, const Value& b);
    static Value divide(const Value& a, const Value& b);
    static Value negate(Value a);
    /// Times, divided by an integer (a double).
    static Value scale(Value a, double factor);
    static Value divide_by(Value a, double divisor);
    static Value gather(const Value& a, const std::vector<std::uint32_t>& indices);
    static Value concat(const std::vector<const Value*>& parts);
    static Value matvec(const Value& matrix, const Value& x, std::size_t rows, std::size_t cols);
    static Value apply(Function function, const Value& a);
    static Value power(const Value& a, int exponent);
    /// f, f', ... up to the derivative of that order (at most 3); the rest is left empty.
    static std::array<Value, 4> derivatives(Function function, const Value& a, int order);
    static std::array<Value, 4> power_derivatives(const Value& a, int exponent, int order);

    // Tangents: columns side by side, and tangents with one entry a row, at (i, column[i]).
    static Value columns(const std::vector<const Value*>& parts);
    static Value column_range(const Value& a, std::size_t first, std::size_t count);
    /// out(i, column[i]) += entry(i)
    static void add_scattered(Value& out, const Value& entry, const std::vector<std::uint32_t>& column);
    /// weight S for S(j, column[j]) = entry(j): size x count.
    static Value affine_scattered(const Tensor& weight, const Value& entry, const std::vector<std::uint32_t>& column,
                                  std::size_t count);
    /// The matrix S(r, column[r]) = entry(r), each of its columns a rows x cols matrix, times x: rows x count.
    static Value matvec_scattered(const Value& entry, const std::vector<std::uint32_t>& column, const Value& x,
                                  std::size_t rows, std::size_t cols, std::size_t count);
    /// A matrix node of one lane as a weight.
    static Tensor as_tensor(const Value& matrix, std::size_t rows, std::size_t cols);

    // Jets: complex columns (size x 1), or several side by side in an affine layer.
    static Complex complex_zeros(std::size_t rows, std::size_t cols) { return {rows, cols}; }
    static std::size_t rows(const Complex& a) { return a.rows(); }
    static Complex to_complex(const Value& a) { return {ComplexMatrix(a.mid, Matrix(a.rows(), a.cols())), a.rad}; }
    static Complex complex_columns(const std::vector<const Complex*>& parts);
    static Complex complex_column(const Complex& a, std::size_t column);
    static Complex gather(const Complex& a, const std::vector<std::uint32_t>& indices);
    static Complex concat(const std::vector<const Complex*>& parts);
    static Complex affine(const Tensor& weight, const Complex& x);
    static void add_to(Complex& acc, const Complex& a);
    static void add_product(Complex& acc, const Complex& a, const Complex& b);
    static void add_product(Complex& acc, const Value& a, const Complex& b);
    static Complex negate(Complex a);
    static Complex matvec(const Value& matrix, const Complex& x, std::size_t rows, std::size_t cols);
    static Complex matvec(const Complex& matrix, const Value& x, std::size_t rows, std::size_t cols);
    static Complex matvec(const Complex& matrix, const Complex& x, std::size_t rows, std::size_t cols);
};

}  // namespace capnode::detail
