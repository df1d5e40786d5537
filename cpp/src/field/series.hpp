// Power series over the arithmetic of some Lanes, extended degree by degree: u = f(v) for each function of the closed
// list gets its coefficient k from the coefficients 0..k of v and 0..k-1 of u and of the helper series it keeps.
//
// Each function solves a small differential equation; with [a b]_k = sum_j a_j b_{k-j} and
//     integral(v, w)_k = (1/k) sum_{j=1}^{k} j v_j w_{k-j}      (u' = w v')
//     exp        u' = u v'                                sin, cos   s' = c v', c' = -s v'
//     log        v u' = v'                                sqrt       u^2 = v
//     tanh       u' = w v', w = 1 - u^2                   sigmoid    u' = w v', w = u - u^2
//     atan       u' = w v', w = 1 / (1 + v^2)             erf        u' = w v', w' = w (-v^2)'
//     softplus   u' = sigmoid(v) v'                       silu       u = v sigmoid(v)
//     gelu       u = v (1 + erf(v / sqrt 2)) / 2          mish       u = v tanh(softplus(v))
//     gelu_tanh  u = v (1 + tanh(sqrt(2/pi) (v + c v^3))) / 2
// Every recurrence holds for the coefficients of each single function in the set, so it encloses. The coefficient 0 is
// always f itself, and w_0 is f' itself, from the closed list. A coefficient that is zero for lack of terms is absent.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/interval.hpp"

namespace capnode::detail {

template <class Lanes>
struct Series {
    using Entries = typename Lanes::Value;
    std::vector<std::optional<Entries>> c;
    std::vector<Series> helpers;

    const std::optional<Entries>& at(std::size_t k) const {
        static const std::optional<Entries> none;
        return k < c.size() ? c[k] : none;
    }
    /// Grown where needed, which moves all of them: ask for the highest one first.
    Series& helper(std::size_t i) {
        if (helpers.size() <= i) helpers.resize(i + 1);
        return helpers[i];
    }
};

template <class Lanes>
struct SeriesFunctions {
    using Entries = typename Lanes::Value;
    using Coefficient = std::optional<Entries>;
    using S = Series<Lanes>;

    static void accumulate(Coefficient& sum, Entries term) { sum = sum ? Lanes::add(*sum, term) : std::move(term); }
    static Coefficient add(const Coefficient& a, const Coefficient& b) {
        if (!a) return b;
        return b ? Lanes::add(*a, *b) : a;
    }
    static Coefficient negate(Coefficient a) {
        if (a) a = Lanes::negate(std::move(*a));
        return a;
    }
    static Coefficient subtract(const Coefficient& a, const Coefficient& b) {
        if (!b) return a;
        return a ? Lanes::subtract(*a, *b) : negate(b);
    }
    static Coefficient divide(const Coefficient& a, const Coefficient& b) {
        if (!a) return a;
        return Lanes::divide(*a, *b);
    }
    static Coefficient divide_by(Coefficient a, double divisor) {
        if (a) a = Lanes::divide_by(std::move(*a), divisor);
        return a;
    }

    /// sum of a_j b_{k-j} for first <= j <= last.
    static Coefficient convolution(const S& a, const S& b, std::size_t k, std::size_t first, std::size_t last) {
        Coefficient sum;
        for (std::size_t j = first; j <= last && j <= k; ++j) {
            if (a.at(j) && b.at(k - j)) accumulate(sum, Lanes::multiply(*a.at(j), *b.at(k - j)));
        }
        return sum;
    }
    static Coefficient product(const S& a, const S& b, std::size_t k) { return convolution(a, b, k, 0, k); }

    /// sum of j v_j w_{k-j} for 1 <= j <= last.
    static Coefficient weighted(const S& v, const S& w, std::size_t k, std::size_t last) {
        Coefficient sum;
        for (std::size_t j = 1; j <= last; ++j) {
            if (!v.at(j) || !w.at(k - j)) continue;
            accumulate(sum, Lanes::scale(Lanes::multiply(*v.at(j), *w.at(k - j)), static_cast<double>(j)));
        }
        return sum;
    }
    static Coefficient integral(const S& v, const S& w, std::size_t k) {
        return divide_by(weighted(v, w, k, k), static_cast<double>(k));
    }

    /// Appends coefficient k of 1 / v: sum_j v_j u_{k-j} = 0.
    static void append_reciprocal(const S& v, S& u, std::size_t k) {
        if (k == 0) {
            u.c.push_back(Lanes::apply(Function::reciprocal, *v.at(0)));
        } else {
            u.c.push_back(negate(divide(convolution(v, u, k, 1, k), v.at(0))));
        }
    }

    /// Appends coefficient k of v times a constant interval.
    static void append_multiple(const S& v, const Interval& factor, S& u, std::size_t k) {
        Coefficient term;
        if (v.at(k)) term = Lanes::multiply(Lanes::fill(Lanes::rows(*v.at(k)), factor), *v.at(k));
        u.c.push_back(std::move(term));
    }

    /// Appends coefficient k of f(v).
    static void append(Function f, const S& v, S& u, std::size_t k) {
        Coefficient next = coefficient(f, v, u, k);
        u.c.push_back(k == 0 ? Coefficient(Lanes::apply(f, *v.at(0))) : std::move(next));
        after(f, v, u, k);
    }

    /// Appends coefficient k of v^n.
    static void append_power(int n, const S& v, S& u, std::size_t k) {
        Coefficient next;
        if (n < 0) {
            // |n| as unsigned halves first: -n of the least int would overflow.
            S& positive = u.helper(0);
            append_unsigned_power(0u - static_cast<unsigned>(n), v, positive, k);
            if (k > 0) next = negate(divide(convolution(positive, u, k, 1, k), positive.at(0)));
        } else {
            S& whole = u.helper(0);
            append_unsigned_power(static_cast<unsigned>(n), v, whole, k);
            next = whole.at(k);
        }
        u.c.push_back(k == 0 ? Coefficient(Lanes::power(*v.at(0), n)) : std::move(next));
    }

  private:
    static void append_unsigned_power(unsigned n, const S& v, S& u, std::size_t k) {
        Coefficient next;
        if (n == 0) {
            if (k == 0) next = Lanes::fill(Lanes::rows(*v.at(0)), Interval(1.0));
        } else if (n == 1) {
            next = v.at(k);
        } else {
            S& part = u.helper(0);
            append_unsigned_power(n % 2 == 0 ? n / 2 : n - 1, v, part, k);
            next = product(part, n % 2 == 0 ? part : v, k);
        }
        u.c.push_back(std::move(next));
    }

    // Coefficient k >= 1 of u = f(v) (k = 0 only lets the helpers grow). Helpers hold coefficients 0 .. k-1 on entry
    // where `after` extends them, and are extended to k here where u needs them first.
    static Coefficient coefficient(Function f, const S& v, S& u, std::size_t k) {
        switch (f) {
            case Function::exp:
                return k == 0 ? Coefficient() : integral(v, u, k);
            case Function::log: {
                if (k == 0) return {};
                const Coefficient sum = divide_by(weighted(u, v, k, k - 1), static_cast<double>(k));
                return divide(subtract(v.at(k), sum), v.at(0));
            }
            case Function::sqrt: {
                if (k == 0) return {};
                const Coefficient rest = subtract(v.at(k), convolution(u, u, k, 1, k - 1));
                return divide_by(divide(rest, u.at(0)), 2.0);
            }
            case Function::reciprocal:
                return k == 0 ? Coefficient() : negate(divide(convolution(v, u, k, 1, k), v.at(0)));
            case Function::square:
                return k == 0 ? Coefficient() : product(v, v, k);
            case Function::sin:
            case Function::cos:
            case Function::tanh:
            case Function::sigmoid:
            case Function::atan:
            case Function::erf: {
                if (k == 0) return {};
                const Coefficient next = integral(v, u.helper(0), k);
                return f == Function::cos ? negate(next) : next;
            }
            case Function::softplus:
                append(Function::sigmoid, v, u.helper(0), k);
                return k == 0 ? Coefficient() : integral(v, u.helper(0), k);
            case Function::silu:
                append(Function::sigmoid, v, u.helper(0), k);
                return k == 0 ? Coefficient() : product(v, u.helper(0), k);
            case Function::mish: {
                u.helper(1);
                append(Function::softplus, v, u.helpers[0], k);
                append(Function::tanh, u.helpers[0], u.helpers[1], k);
                return k == 0 ? Coefficient() : product(v, u.helpers[1], k);
            }
            case Function::gelu:
                u.helper(1);
                append_multiple(v, sqrt(Interval(0.5)), u.helpers[0], k);
                append(Function::erf, u.helpers[0], u.helpers[1], k);
                return k == 0 ? Coefficient() : divide_by(add(v.at(k), product(v, u.helpers[1], k)), 2.0);
            case Function::gelu_tanh: {
                // helpers: v^2, v^3, q = sqrt(2/pi) (v + c v^3), tanh(q); sqrt(2/pi) = erf'(0) sqrt(1/2).
                u.helper(3);
                S& square = u.helpers[0];
                S& cube = u.helpers[1];
                square.c.push_back(product(v, v, k));
                cube.c.push_back(product(square, v, k));
                const Interval c = Interval(44715.0) / Interval(1e6);
                const Interval root = derivatives(Function::erf, Interval(0.0))[1] * sqrt(Interval(0.5));
                S inner;
                inner.c.resize(k);
                append_multiple(cube, c, inner, k);
                S shifted;
                shifted.c.resize(k);
                shifted.c.push_back(add(v.at(k), inner.at(k)));
                append_multiple(shifted, root, u.helpers[2], k);
                append(Function::tanh, u.helpers[2], u.helpers[3], k);
                return k == 0 ? Coefficient() : divide_by(add(v.at(k), product(v, u.helpers[3], k)), 2.0);
            }
        }
        return {};
    }

    // Extends the helper w of u' = w v' to coefficient k, u being known to k.
    static void after(Function f, const S& v, S& u, std::size_t k) {
        const auto slope = [&] { return Coefficient(Lanes::derivatives(f, *v.at(0), 1)[1]); };
        switch (f) {
            case Function::sin:  // w = cos v, w' = -u v'
                u.helper(0).c.push_back(k == 0 ? Coefficient(Lanes::apply(Function::cos, *v.at(0)))
                                               : negate(integral(v, u, k)));
                break;
            case Function::cos:  // u' = -w v' with w = sin v, w' = u v'
                u.helper(0).c.push_back(k == 0 ? Coefficient(Lanes::apply(Function::sin, *v.at(0)))
                                               : integral(v, u, k));
                break;
            case Function::tanh:
                u.helper(0).c.push_back(k == 0 ? slope() : negate(product(u, u, k)));
                break;
            case Function::sigmoid:
                u.helper(0).c.push_back(k == 0 ? slope() : subtract(u.at(k), product(u, u, k)));
                break;
            case Function::atan: {  // helpers: w = 1 / q, q = 1 + v^2
                u.helper(1);
                S& q = u.helpers[1];
                Coefficient next = product(v, v, k);
                if (k == 0) next = Lanes::add(Lanes::fill(Lanes::rows(*next), Interval(1.0)), *next);
                q.c.push_back(std::move(next));
                S& w = u.helpers[0];
                w.c.push_back(k == 0 ? slope() : negate(divide(convolution(q, w, k, 1, k), q.at(0))));
                break;
            }
            case Function::erf: {  // helpers: w with w' = w g', g = -v^2
                u.helper(1);
                S& g = u.helpers[1];
                g.c.push_back(negate(product(v, v, k)));
                S& w = u.helpers[0];
                w.c.push_back(k == 0 ? slope() : integral(g, w, k));
                break;
            }
            default:
                break;
        }
    }
};

}  // namespace capnode::detail
