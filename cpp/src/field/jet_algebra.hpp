// Third-order nilpotent jets over the arithmetic of some Lanes (e_i^2 = 0): a real value and complex coefficients of
// the seven other monomials, each a column of its own; monomial S (a set of bits) times T is S + T where they are
// disjoint. Coefficients that are zero for lack of an input are not stored.
//
// With u = u0 + N, N nilpotent:  f(u) = f(u0) + f'(u0) N + f''(u0)/2 N^2 + f'''(u0)/6 N^3, where
//     N^2/2 has the coefficient u_i u_j at e_i e_j, and u_1 u_23 + u_2 u_13 + u_3 u_12 at e1 e2 e3;
//     N^3/6 has u_1 u_2 u_3 at e1 e2 e3.
// All coefficients present pass an affine layer side by side in one product.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/field/jet.hpp"

namespace capnode::detail {

template <class Lanes>
class JetAlgebra {
  public:
    using Real = typename Lanes::Value;
    using Complex = typename Lanes::Complex;
    struct Value {
        Real base;                                               // size x 1
        std::array<std::optional<Complex>, monomial::count> at;  // at[0] unused
    };

    JetAlgebra(Value x, Value p, Value t) : x_(std::move(x)), p_(std::move(p)), t_(std::move(t)) {}

    Value state() const { return x_; }
    Value parameter() const { return p_; }
    Value time() const { return t_; }
    static Value constant(const Tensor& t) { return {Lanes::constant(t), {}}; }

    static Value affine(const Tensor& weight, const Tensor* bias, const Value& x) {
        Value out;
        out.base = Lanes::affine(weight, bias, x.base);
        std::vector<const Complex*> present;
        for (const auto& c : x.at) {
            if (c) present.push_back(&*c);
        }
        if (present.empty()) return out;
        const Complex product = Lanes::affine(weight, Lanes::complex_columns(present));
        std::size_t column = 0;
        for (std::size_t s = 1; s < monomial::count; ++s) {
            if (x.at[s]) out.at[s] = Lanes::complex_column(product, column++);
        }
        return out;
    }

    static Value add(const Value& a, const Value& b) {
        Value out = a;
        out.base = Lanes::add(a.base, b.base);
        for (std::size_t s = 1; s < monomial::count; ++s) accumulate(out.at[s], b.at[s]);
        return out;
    }
    static Value negate(Value a) {
        a.base = Lanes::negate(std::move(a.base));
        for (auto& c : a.at) {
            if (c) c = Lanes::negate(std::move(*c));
        }
        return a;
    }
    static Value subtract(const Value& a, const Value& b) {
        Value out = add(a, negate(b));
        out.base = Lanes::subtract(a.base, b.base);
        return out;
    }

    // (a b)_S = sum over T within S of a_T b_(S - T)
    static Value multiply(const Value& a, const Value& b) {
        Value out;
        out.base = Lanes::multiply(a.base, b.base);
        for (std::size_t s = 1; s < monomial::count; ++s) {
            add_product(out.at[s], a.base, b.at[s]);
            add_product(out.at[s], b.base, a.at[s]);
            add_proper_products(out.at[s], a, b, s);
        }
        return out;
    }

    // a / b = a (1 / b)
    static Value divide(const Value& a, const Value& b) {
        Value out = multiply(a, apply(Function::reciprocal, b));
        out.base = Lanes::divide(a.base, b.base);
        return out;
    }

    static Value gather(const Value& a, const std::vector<std::uint32_t>& indices) {
        Value out;
        out.base = Lanes::gather(a.base, indices);
        for (std::size_t s = 1; s < monomial::count; ++s) {
            if (a.at[s]) out.at[s] = Lanes::gather(*a.at[s], indices);
        }
        return out;
    }

    static Value concat(const std::vector<const Value*>& parts) {
        Value out;
        std::vector<const Real*> bases;
        for (const Value* part : parts) bases.push_back(&part->base);
        out.base = Lanes::concat(bases);
        for (std::size_t s = 1; s < monomial::count; ++s) {
            bool any = false;
            for (const Value* part : parts) any |= part->at[s].has_value();
            if (!any) continue;
            std::vector<Complex> zeros;
            zeros.reserve(parts.size());
            std::vector<const Complex*> columns;
            for (const Value* part : parts) {
                if (!part->at[s]) zeros.push_back(Lanes::complex_zeros(Lanes::rows(part->base), 1));
                columns.push_back(part->at[s] ? &*part->at[s] : &zeros.back());
            }
            out.at[s] = Lanes::concat(columns);
        }
        return out;
    }

    static Value matvec(const Value& m, const Value& x, std::size_t rows, std::size_t cols) {
        Value out;
        out.base = Lanes::matvec(m.base, x.base, rows, cols);
        for (std::size_t s = 1; s < monomial::count; ++s) {
            if (x.at[s]) accumulate(out.at[s], Lanes::matvec(m.base, *x.at[s], rows, cols));
            if (m.at[s]) accumulate(out.at[s], Lanes::matvec(*m.at[s], x.base, rows, cols));
            for (std::size_t t = (s - 1) & s; t != 0; t = (t - 1) & s) {
                if (m.at[t] && x.at[s ^ t]) accumulate(out.at[s], Lanes::matvec(*m.at[t], *x.at[s ^ t], rows, cols));
            }
        }
        return out;
    }

    static Value apply(Function function, const Value& a) {
        return compose(a, Lanes::derivatives(function, a.base, order(a)));
    }
    static Value power(const Value& a, int exponent) {
        return compose(a, Lanes::power_derivatives(a.base, exponent, order(a)));
    }

  private:
    using Column = std::optional<Complex>;

    static void accumulate(Column& acc, const Column& a) {
        if (!a) return;
        if (acc) {
            Lanes::add_to(*acc, *a);
        } else {
            acc = a;
        }
    }
    static void accumulate(Column& acc, Complex&& a) {
        if (acc) {
            Lanes::add_to(*acc, a);
        } else {
            acc = std::move(a);
        }
    }
    template <class Factor>
    static void add_product(Column& acc, const Factor& a, const Column& b) {
        if (!b) return;
        if (!acc) acc = Lanes::complex_zeros(Lanes::rows(*b), 1);
        Lanes::add_product(*acc, a, *b);
    }
    static void add_proper_products(Column& acc, const Value& a, const Value& b, std::size_t s) {
        for (std::size_t t = (s - 1) & s; t != 0; t = (t - 1) & s) {
            if (a.at[t]) add_product(acc, *a.at[t], b.at[s ^ t]);
        }
    }

    // The highest derivative that can meet a coefficient.
    static int order(const Value& a) {
        const bool one = a.at[monomial::e1].has_value();
        const bool two = a.at[monomial::e2].has_value();
        const bool three = a.at[monomial::e3].has_value();
        bool pairs = false;
        bool any = one || two || three;
        for (const std::size_t s : {monomial::e12, monomial::e13, monomial::e23, monomial::e123}) {
            pairs |= a.at[s].has_value();
        }
        any |= pairs;
        const int singles = int{one} + int{two} + int{three};
        if (singles == 3) return 3;
        if (singles == 2 || (singles == 1 && pairs)) return 2;
        return any ? 1 : 0;
    }

    static Value compose(const Value& a, std::array<Real, 4> f) {
        using namespace monomial;
        Value out;
        // N^2 / 2
        std::array<Column, count> square;
        for (const auto& [i, j] : {std::pair{e1, e2}, std::pair{e1, e3}, std::pair{e2, e3}}) {
            if (a.at[i]) add_product(square[i | j], *a.at[i], a.at[j]);
        }
        for (const auto& [i, rest] : {std::pair{e1, e23}, std::pair{e2, e13}, std::pair{e3, e12}}) {
            if (a.at[i]) add_product(square[e123], *a.at[i], a.at[rest]);
        }
        // N^3 / 6
        Column cube;
        if (a.at[e3] && square[e12]) add_product(cube, *a.at[e3], square[e12]);
        for (std::size_t s = 1; s < count; ++s) {
            add_product(out.at[s], f[1], a.at[s]);
            if (square[s]) add_product(out.at[s], f[2], square[s]);
        }
        if (cube) add_product(out.at[e123], f[3], cube);
        out.base = std::move(f[0]);
        return out;
    }

    Value x_, p_, t_;
};

}  // namespace capnode::detail
