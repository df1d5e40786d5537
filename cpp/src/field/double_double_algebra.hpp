// Values and tangents in double-double balls: column 0 is the value, column k the derivative along direction k. A value
// that does not depend on state or parameter carries no tangent columns.
#pragma once

#include <cstdint>
#include <vector>

#include "capnode/field/directional.hpp"
#include "capnode/field/field.hpp"
#include "capnode/numerics/double_double.hpp"

namespace capnode::detail {

/// size x columns double-double balls, each column contiguous.
struct DoubleDoubleColumns {
    std::size_t size = 0;
    std::size_t columns = 0;
    std::vector<double> hi, lo, rad;

    DoubleDoubleColumns() = default;
    DoubleDoubleColumns(std::size_t n, std::size_t c) : size(n), columns(c), hi(n * c), lo(n * c), rad(n * c) {}
    DoubleDoubleBall get(std::size_t i, std::size_t c) const {
        const std::size_t k = c * size + i;
        return {hi[k], lo[k], rad[k]};
    }
    void set(std::size_t i, std::size_t c, const DoubleDoubleBall& b) {
        const std::size_t k = c * size + i;
        hi[k] = b.hi;
        lo[k] = b.lo;
        rad[k] = b.rad;
    }
};

std::vector<DoubleDoubleBall> column(const DoubleDoubleColumns& a, std::size_t c);

class DoubleDoubleAlgebra {
  public:
    using Value = DoubleDoubleColumns;

    DoubleDoubleAlgebra(const std::vector<DoubleDoubleBall>& x, const std::vector<DoubleDoubleBall>& p,
                        const DoubleDoubleBall& t, const std::vector<Direction>& directions);

    Value state() const { return x_; }
    Value parameter() const { return p_; }
    Value time() const { return t_; }
    static Value constant(const Tensor& t);
    static Value affine(const Tensor& weight, const Tensor* bias, const Value& x);
    static Value add(const Value& a, const Value& b);
    static Value subtract(const Value& a, const Value& b);
    static Value multiply(const Value& a, const Value& b);
    static Value divide(const Value& a, const Value& b);
    static Value negate(Value a);
    static Value gather(const Value& a, const std::vector<std::uint32_t>& indices);
    static Value concat(const std::vector<const Value*>& parts);
    static Value matvec(const Value& matrix, const Value& x, std::size_t rows, std::size_t cols);
    static Value apply(Function function, const Value& a);
    static Value power(const Value& a, int exponent);

  private:
    Value x_, p_, t_;
};

}  // namespace capnode::detail
