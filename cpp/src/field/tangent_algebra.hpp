// Values of one lane with all their first derivatives: forward mode over the arithmetic of some Lanes.
//
// The derivatives with respect to the state and to the parameter are two blocks. A block is zero, or has one entry a
// row (the state itself, slices, elementwise functions and scalings of it), or is dense. One-entry blocks make -x + W
// tanh(x) cost O(n^2): an affine layer only scales the columns of its weight.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "capnode/field/field.hpp"

namespace capnode::detail {

template <class Lanes>
struct TangentBlock {
    using Entries = typename Lanes::Value;
    enum class Kind { zero, single, dense };

    Kind kind = Kind::zero;
    std::vector<std::uint32_t> column;  // single: row i has its entry at column[i]
    Entries entries;                    // single: size x 1; dense: size x count

    bool is_zero() const { return kind == Kind::zero; }
};

template <class Lanes>
class TangentAlgebra {
  public:
    using Entries = typename Lanes::Value;
    using Block = TangentBlock<Lanes>;
    struct Value {
        Entries value;    // size x 1
        Block blocks[2];  // with respect to the state, the parameter
    };

    TangentAlgebra(const Field& field, const Entries& x, const Entries& p, const Entries& t)
        : count_{field.dim(), field.parameter_dim()}, x_(x), p_(p), t_(t) {}

    Value state() const { return input(x_, 0); }
    Value parameter() const { return input(p_, 1); }
    Value time() const { return {t_, {}}; }
    Value constant(const Tensor& t) const { return {Lanes::constant(t), {}}; }

    /// All dense columns in one product.
    Value affine(const Tensor& weight, const Tensor* bias, const Value& x) const {
        Value out;
        std::vector<const Entries*> dense;
        for (int b = 0; b < 2; ++b) {
            if (x.blocks[b].kind == Kind::dense) dense.push_back(&x.blocks[b].entries);
        }
        out.value = Lanes::affine(weight, bias, x.value);
        if (!dense.empty()) {
            const Entries product =
                Lanes::affine(weight, nullptr, dense.size() == 1 ? *dense[0] : Lanes::columns(dense));
            std::size_t first = 0;
            for (int b = 0; b < 2; ++b) {
                if (x.blocks[b].kind != Kind::dense) continue;
                out.blocks[b].kind = Kind::dense;
                out.blocks[b].entries = dense.size() == 1 ? product : Lanes::column_range(product, first, count_[b]);
                first += count_[b];
            }
        }
        for (int b = 0; b < 2; ++b) {
            if (x.blocks[b].kind != Kind::single) continue;
            out.blocks[b].kind = Kind::dense;
            out.blocks[b].entries = Lanes::affine_scattered(weight, x.blocks[b].entries, x.blocks[b].column, count_[b]);
        }
        return out;
    }

    Value add(const Value& a, const Value& b) const {
        return {Lanes::add(a.value, b.value), {sum(a, b, 0), sum(a, b, 1)}};
    }
    Value subtract(const Value& a, const Value& b) const {
        const Value minus{{}, {negated(b.blocks[0]), negated(b.blocks[1])}};
        return {Lanes::subtract(a.value, b.value), {sum(a, minus, 0), sum(a, minus, 1)}};
    }
    Value multiply(const Value& a, const Value& b) const {
        const Value left{{}, {scaled(a.blocks[0], b.value), scaled(a.blocks[1], b.value)}};
        const Value right{{}, {scaled(b.blocks[0], a.value), scaled(b.blocks[1], a.value)}};
        return {Lanes::multiply(a.value, b.value), {sum(left, right, 0), sum(left, right, 1)}};
    }
    // (a / b)' = a' / b - (a / b) / b b'
    Value divide(const Value& a, const Value& b) const {
        Value out;
        out.value = Lanes::divide(a.value, b.value);
        Entries slope;
        if (!b.blocks[0].is_zero() || !b.blocks[1].is_zero()) {
            slope = Lanes::negate(Lanes::divide(out.value, b.value));
        }
        for (int k = 0; k < 2; ++k) {
            Block left = a.blocks[k];
            if (left.kind != Kind::zero) left.entries = Lanes::divide(left.entries, b.value);
            out.blocks[k] = sum(left, scaled(b.blocks[k], slope), k);
        }
        return out;
    }
    Value negate(const Value& a) const {
        return {Lanes::negate(a.value), {negated(a.blocks[0]), negated(a.blocks[1])}};
    }

    Value gather(const Value& a, const std::vector<std::uint32_t>& indices) const {
        Value out;
        out.value = Lanes::gather(a.value, indices);
        for (int b = 0; b < 2; ++b) {
            const Block& from = a.blocks[b];
            Block& to = out.blocks[b];
            to.kind = from.kind;
            if (from.kind == Kind::zero) continue;
            to.entries = Lanes::gather(from.entries, indices);
            if (from.kind != Kind::single) continue;
            to.column.reserve(indices.size());
            for (const std::uint32_t i : indices) to.column.push_back(from.column[i]);
        }
        return out;
    }

    Value concat(const std::vector<const Value*>& parts) const {
        Value out;
        std::vector<const Entries*> values;
        for (const Value* part : parts) values.push_back(&part->value);
        out.value = Lanes::concat(values);
        for (int b = 0; b < 2; ++b) out.blocks[b] = concat_blocks(parts, b);
        return out;
    }

    // (M x)' = M x' + M' x
    Value matvec(const Value& matrix, const Value& x, std::size_t rows, std::size_t cols) const {
        Value out;
        out.value = Lanes::matvec(matrix.value, x.value, rows, cols);
        for (int b = 0; b < 2; ++b) {
            Block first;
            if (x.blocks[b].kind == Kind::dense) {
                first.entries = Lanes::matvec(matrix.value, x.blocks[b].entries, rows, cols);
            } else if (x.blocks[b].kind == Kind::single) {
                first.entries = Lanes::affine_scattered(Lanes::as_tensor(matrix.value, rows, cols), x.blocks[b].entries,
                                                        x.blocks[b].column, count_[b]);
            }
            if (!x.blocks[b].is_zero()) first.kind = Kind::dense;
            Block second;
            if (matrix.blocks[b].kind == Kind::dense) {
                second.entries = Lanes::matvec(matrix.blocks[b].entries, x.value, rows, cols);
            } else if (matrix.blocks[b].kind == Kind::single) {
                second.entries = Lanes::matvec_scattered(matrix.blocks[b].entries, matrix.blocks[b].column, x.value,
                                                         rows, cols, count_[b]);
            }
            if (!matrix.blocks[b].is_zero()) second.kind = Kind::dense;
            out.blocks[b] = sum(first, second, b);
        }
        return out;
    }

    Value apply(Function function, const Value& a) const { return chain(a, Lanes::derivatives(function, a.value, 1)); }
    Value power(const Value& a, int exponent) const { return chain(a, Lanes::power_derivatives(a.value, exponent, 1)); }

    /// size x count, zeros where there is nothing.
    Entries dense(const Value& a, int b) const { return dense(a.blocks[b], Lanes::rows(a.value), count_[b]); }

  private:
    using Kind = typename Block::Kind;

    Value input(const Entries& value, int b) const {
        Value out;
        out.value = value;
        out.blocks[b].kind = Kind::single;
        out.blocks[b].entries = Lanes::ones(Lanes::rows(value));
        for (std::uint32_t i = 0; i < Lanes::rows(value); ++i) out.blocks[b].column.push_back(i);
        return out;
    }

    static Entries dense(const Block& block, std::size_t rows, std::size_t count) {
        if (block.kind == Kind::dense) return block.entries;
        Entries out = Lanes::zeros(rows, count);
        if (block.kind == Kind::single) Lanes::add_scattered(out, block.entries, block.column);
        return out;
    }

    Block sum(const Value& a, const Value& b, int k) const { return sum(a.blocks[k], b.blocks[k], k); }
    Block sum(const Block& a, const Block& b, int k) const {
        if (a.is_zero()) return b;
        if (b.is_zero()) return a;
        Block out;
        out.kind = Kind::dense;
        if (a.kind == Kind::dense && b.kind == Kind::dense) {
            out.entries = Lanes::add(a.entries, b.entries);
        } else if (a.kind == Kind::single && b.kind == Kind::single && a.column == b.column) {
            out.kind = Kind::single;
            out.column = a.column;
            out.entries = Lanes::add(a.entries, b.entries);
        } else {
            const bool a_dense = a.kind == Kind::dense;
            out.entries = dense(a_dense ? a : b, Lanes::rows(a.entries), count_[k]);
            Lanes::add_scattered(out.entries, a_dense ? b.entries : a.entries, a_dense ? b.column : a.column);
        }
        return out;
    }

    static Block negated(Block a) {
        a.entries = Lanes::negate(std::move(a.entries));
        return a;
    }
    static Block scaled(Block a, const Entries& factor) {
        if (!a.is_zero()) a.entries = Lanes::multiply(factor, a.entries);
        return a;
    }

    Block concat_blocks(const std::vector<const Value*>& parts, int b) const {
        Block out;
        bool any = false;
        bool dense_needed = false;
        for (const Value* part : parts) {
            any |= !part->blocks[b].is_zero();
            dense_needed |= part->blocks[b].kind == Kind::dense;
        }
        if (!any) return out;
        out.kind = dense_needed ? Kind::dense : Kind::single;
        std::vector<Entries> made;
        made.reserve(parts.size());
        for (const Value* part : parts) {
            const Block& block = part->blocks[b];
            const std::size_t rows = Lanes::rows(part->value);
            if (dense_needed) {
                made.push_back(dense(block, rows, count_[b]));
            } else if (block.is_zero()) {
                made.push_back(Lanes::zeros(rows, 1));
                out.column.insert(out.column.end(), rows, 0u);
            } else {
                made.push_back(block.entries);
                out.column.insert(out.column.end(), block.column.begin(), block.column.end());
            }
        }
        std::vector<const Entries*> pointers;
        for (const Entries& e : made) pointers.push_back(&e);
        out.entries = Lanes::concat(pointers);
        return out;
    }

    static Value chain(const Value& a, std::array<Entries, 4> f) {
        Value out;
        for (int b = 0; b < 2; ++b) out.blocks[b] = scaled(a.blocks[b], f[1]);
        out.value = std::move(f[0]);
        return out;
    }

    std::size_t count_[2];
    const Entries& x_;
    const Entries& p_;
    const Entries& t_;
};

}  // namespace capnode::detail
