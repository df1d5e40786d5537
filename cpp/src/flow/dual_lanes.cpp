#include "dual_lanes.hpp"

#include <utility>

#include "../field/series_algebra.hpp"
#include "../field/traverse.hpp"
#include "capnode/numerics/elementary.hpp"

namespace capnode::detail {
namespace {

using Entries = std::vector<Interval>;
using Columns = std::vector<Entries>;

Columns scaled(const Entries& factor, const Columns& a) {
    Columns out;
    out.reserve(a.size());
    for (const Entries& column : a) out.push_back(IntervalLanes::multiply(factor, column));
    return out;
}

Columns sum(Columns a, const Columns& b) {
    if (a.empty()) return b;
    for (std::size_t c = 0; c < b.size(); ++c) a[c] = IntervalLanes::add(a[c], b[c]);
    return a;
}

Columns negated(Columns a) {
    for (Entries& column : a) column = IntervalLanes::negate(std::move(column));
    return a;
}

template <class Map>
Columns mapped(const Columns& a, Map map) {
    Columns out;
    out.reserve(a.size());
    for (const Entries& column : a) out.push_back(map(column));
    return out;
}

}  // namespace

Dual DualLanes::affine(const Tensor& weight, const Tensor* bias, const Dual& x) {
    return {IntervalLanes::affine(weight, bias, x.value),
            mapped(x.tangent, [&](const Entries& column) { return IntervalLanes::affine(weight, nullptr, column); })};
}

Dual DualLanes::add(const Dual& a, const Dual& b) {
    return {IntervalLanes::add(a.value, b.value), sum(a.tangent, b.tangent)};
}
Dual DualLanes::subtract(const Dual& a, const Dual& b) {
    return {IntervalLanes::subtract(a.value, b.value), sum(negated(b.tangent), a.tangent)};
}
Dual DualLanes::multiply(const Dual& a, const Dual& b) {
    return {IntervalLanes::multiply(a.value, b.value), sum(scaled(b.value, a.tangent), scaled(a.value, b.tangent))};
}

// (a / b)' = (a' - (a / b) b') / b
Dual DualLanes::divide(const Dual& a, const Dual& b) {
    Dual out{IntervalLanes::divide(a.value, b.value), {}};
    const Columns numerator = sum(negated(scaled(out.value, b.tangent)), a.tangent);
    out.tangent = mapped(numerator, [&](const Entries& column) { return IntervalLanes::divide(column, b.value); });
    return out;
}

Dual DualLanes::negate(Dual a) { return {IntervalLanes::negate(std::move(a.value)), negated(std::move(a.tangent))}; }
Dual DualLanes::scale(Dual a, double factor) {
    for (Entries& column : a.tangent) column = IntervalLanes::scale(std::move(column), factor);
    return {IntervalLanes::scale(std::move(a.value), factor), std::move(a.tangent)};
}
Dual DualLanes::divide_by(Dual a, double divisor) {
    for (Entries& column : a.tangent) column = IntervalLanes::divide_by(std::move(column), divisor);
    return {IntervalLanes::divide_by(std::move(a.value), divisor), std::move(a.tangent)};
}

Dual DualLanes::gather(const Dual& a, const std::vector<std::uint32_t>& indices) {
    return {IntervalLanes::gather(a.value, indices),
            mapped(a.tangent, [&](const Entries& column) { return IntervalLanes::gather(column, indices); })};
}

Dual DualLanes::concat(const std::vector<const Dual*>& parts) {
    Dual out;
    std::size_t directions = 0;
    for (const Dual* part : parts) {
        if (!part->tangent.empty()) directions = part->tangent.size();
    }
    out.tangent.resize(directions);
    for (const Dual* part : parts) {
        out.value.insert(out.value.end(), part->value.begin(), part->value.end());
        for (std::size_t c = 0; c < directions; ++c) {
            if (part->tangent.empty()) {
                out.tangent[c].resize(out.value.size());  // zeros
            } else {
                out.tangent[c].insert(out.tangent[c].end(), part->tangent[c].begin(), part->tangent[c].end());
            }
        }
    }
    return out;
}

// (M x)' = M x' + M' x
Dual DualLanes::matvec(const Dual& matrix, const Dual& x, std::size_t rows, std::size_t cols) {
    return {
        IntervalLanes::matvec(matrix.value, x.value, rows, cols),
        sum(mapped(x.tangent, [&](const Entries& v) { return IntervalLanes::matvec(matrix.value, v, rows, cols); }),
            mapped(matrix.tangent, [&](const Entries& m) { return IntervalLanes::matvec(m, x.value, rows, cols); }))};
}

Dual DualLanes::apply(Function function, const Dual& a) {
    if (a.tangent.empty()) return {IntervalLanes::apply(function, a.value), {}};
    return {IntervalLanes::apply(function, a.value),
            scaled(IntervalLanes::derivatives(function, a.value, 1)[1], a.tangent)};
}

Dual DualLanes::power(const Dual& a, int exponent) {
    Dual out{IntervalLanes::power(a.value, exponent), {}};
    if (a.tangent.empty()) return out;
    Entries slope(a.value.size());
    for (std::size_t i = 0; i < slope.size(); ++i) slope[i] = power_derivatives(a.value[i], exponent)[1];
    out.tangent = scaled(slope, a.tangent);
    return out;
}

// f, f', .. up to `order`, at most 2, each with its own derivative: one order higher.
std::array<Dual, 4> DualLanes::derivatives(Function function, const Dual& a, int order) {
    const bool moves = !a.tangent.empty();
    const std::array<Entries, 4> f = IntervalLanes::derivatives(function, a.value, moves ? order + 1 : order);
    std::array<Dual, 4> out;
    for (std::size_t k = 0; k <= static_cast<std::size_t>(order); ++k) {
        out[k].value = f[k];
        if (moves) out[k].tangent = scaled(f[k + 1], a.tangent);
    }
    return out;
}

std::vector<Dual> dual_solution(const Field& field, const Dual& x0, const Dual& p, const Dual& t0, std::size_t order) {
    SeriesAlgebra<DualLanes> algebra(p, t0);
    algebra.x().c.emplace_back(x0);
    for (std::size_t k = 0; k < order; ++k) {
        algebra.start(k);
        const auto& slope = traverse(field, algebra)->at(k);
        Dual next = slope ? *slope : DualLanes::zeros(field.dim(), 1);
        algebra.x().c.emplace_back(DualLanes::divide_by(std::move(next), static_cast<double>(k + 1)));
    }
    std::vector<Dual> out;
    for (auto& c : algebra.x().c) out.push_back(std::move(*c));
    return out;
}

}  // namespace capnode::detail
