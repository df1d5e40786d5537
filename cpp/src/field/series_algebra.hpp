// The graph over power series, one degree at a time: each traversal appends coefficient `degree` to the series of every
// node. The series live here, in the order in which the traversal asks for them, which is the same each time.
#pragma once

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "capnode/field/field.hpp"
#include "series.hpp"

namespace capnode::detail {

template <class Lanes>
class SeriesAlgebra {
  public:
    using Entries = typename Lanes::Value;
    using S = Series<Lanes>;
    using F = SeriesFunctions<Lanes>;
    using Value = const S*;

    SeriesAlgebra(Entries p, Entries t0) {
        p_.c.push_back(std::move(p));
        t_.c.push_back(std::move(t0));
        t_.c.push_back(Lanes::fill(1, Interval(1.0)));
    }

    S& x() { return x_; }
    void start(std::size_t degree) {
        k_ = degree;
        next_ = 0;
    }

    Value state() { return &x_; }
    Value parameter() { return &p_; }
    Value time() { return &t_; }
    Value constant(const Tensor& t) {
        S& out = slot();
        if (k_ == 0) out.c.push_back(Lanes::constant(t));
        return &out;
    }
    Value affine(const Tensor& weight, const Tensor* bias, Value a) {
        Coefficient next;
        if (a->at(k_)) next = Lanes::affine(weight, k_ == 0 ? bias : nullptr, *a->at(k_));
        return push(std::move(next));
    }
    Value add(Value a, Value b) { return push(F::add(a->at(k_), b->at(k_))); }
    Value subtract(Value a, Value b) { return push(F::subtract(a->at(k_), b->at(k_))); }
    Value multiply(Value a, Value b) { return push(F::product(*a, *b, k_)); }
    // q b = a
    Value divide(Value a, Value b) {
        S& out = slot();
        const Coefficient rest = k_ == 0 ? a->at(0) : F::subtract(a->at(k_), F::convolution(*b, out, k_, 1, k_));
        out.c.push_back(F::divide(rest, b->at(0)));
        return &out;
    }
    Value negate(Value a) { return push(F::negate(a->at(k_))); }
    Value gather(Value a, const std::vector<std::uint32_t>& indices) {
        Coefficient next;
        if (a->at(k_)) next = Lanes::gather(*a->at(k_), indices);
        return push(std::move(next));
    }
    Value concat(const std::vector<const Value*>& parts) {
        bool any = false;
        for (const Value* part : parts) any |= (*part)->at(k_).has_value();
        if (!any) return push({});
        std::vector<Entries> zeros;
        zeros.reserve(parts.size());
        std::vector<const Entries*> columns;
        for (const Value* part : parts) {
            const S& s = **part;
            if (!s.at(k_)) zeros.push_back(Lanes::zeros(Lanes::rows(*s.at(0)), 1));
            columns.push_back(s.at(k_) ? &*s.at(k_) : &zeros.back());
        }
        return push(Lanes::concat(columns));
    }
    Value matvec(Value m, Value a, std::size_t rows, std::size_t cols) {
        Coefficient sum;
        for (std::size_t j = 0; j <= k_; ++j) {
            if (m->at(j) && a->at(k_ - j)) F::accumulate(sum, Lanes::matvec(*m->at(j), *a->at(k_ - j), rows, cols));
        }
        return push(std::move(sum));
    }
    Value apply(Function function, Value a) {
        S& out = slot();
        F::append(function, *a, out, k_);
        return &out;
    }
    Value power(Value a, int exponent) {
        S& out = slot();
        F::append_power(exponent, *a, out, k_);
        return &out;
    }

  private:
    using Coefficient = std::optional<Entries>;

    S& slot() {
        if (next_ == slots_.size()) slots_.emplace_back();
        return slots_[next_++];
    }
    Value push(Coefficient next) {
        S& out = slot();
        out.c.push_back(std::move(next));
        return &out;
    }

    S x_, p_, t_;
    std::deque<S> slots_;
    std::size_t next_ = 0;
    std::size_t k_ = 0;
};

}  // namespace capnode::detail
