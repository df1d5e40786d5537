#include "affine_expansion.hpp"

#include <cmath>
#include <utility>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode {
namespace {

using Kind = CoefficientBlock::Kind;

bool is_zero(const Ball& a) { return a.mid == 0.0 && a.rad == 0.0; }
bool is_one(const Ball& a) { return a.mid == 1.0 && a.rad == 0.0; }

Ball total(double mid, double rad) { return std::isfinite(mid) && rad >= 0.0 ? Ball{mid, rad} : Ball{0.0, infinity}; }

/// a + b; the rounding error of the midpoints is known exactly (TwoSum).
Ball sum(const Ball& a, const Ball& b) {
    const auto [s, e] = two_sum(a.mid, b.mid);
    return total(s, add_up(add_up(a.rad, b.rad), std::fabs(e)));
}

/// a b; the residue is exact where |fl(ab)| >= 2^-968, below it is at most eta.
Ball product(const Ball& a, const Ball& b) {
    if (is_zero(a) || is_zero(b)) return {};
    const auto [p, e] = two_product(a.mid, b.mid);
    const bool exact_zero = a.mid == 0.0 || b.mid == 0.0;
    const double residue = exact_zero ? 0.0 : std::fabs(p) >= 0x1p-968 ? std::fabs(e) : smallest_subnormal;
    const double A = std::fabs(a.mid);
    const double B = std::fabs(b.mid);
    const double rad = add_up(add_up(multiply_up(A, b.rad), multiply_up(a.rad, add_up(B, b.rad))), residue);
    return total(p, rad);
}

/// 1/b, exact for powers of two; nothing is known where b may be 0.
Ball reciprocal_of(const Ball& b) {
    if (b.rad == 0.0 && b.mid != 0.0) {
        const double q = 1.0 / b.mid;
        if (std::isfinite(q) && std::fabs(q) >= 0x1p-1000 && std::fma(q, b.mid, -1.0) == 0.0) return {q, 0.0};
    }
    return to_ball(quotient(Interval(1.0), to_interval(b)));
}

Ball entry(const BallMatrix& m, std::size_t i, std::size_t j) { return {m.mid(i, j), m.rad(i, j)}; }
void set(BallMatrix& m, std::size_t i, std::size_t j, const Ball& v) {
    m.mid(i, j) = v.mid;
    m.rad(i, j) = v.rad;
}

bool all_zero(const std::vector<Ball>& v) {
    for (const Ball& b : v)
        if (!is_zero(b)) return false;
    return true;
}

BallMatrix ball_matrix(const Tensor& t) { return t.exact() ? BallMatrix(t.mid) : BallMatrix(t.mid, t.rad); }

// ---- blocks ------------------------------------------------------------------------------------------------------

CoefficientBlock add(const CoefficientBlock& a, const CoefficientBlock& b, double sign, std::size_t size,
                     std::size_t n) {
    if (b.is_zero()) return a;
    BallMatrix left = dense(a, size, n);
    const BallMatrix right = dense(b, size, n);
    for (std::size_t k = 0; k < left.mid.size(); ++k) {
        const Ball s = sum({left.mid.data[k], left.rad.data[k]}, {sign * right.mid.data[k], right.rad.data[k]});
        left.mid.data[k] = s.mid;
        left.rad.data[k] = s.rad;
    }
    return {Kind::dense, std::move(left)};
}

CoefficientBlock scale_rows(const CoefficientBlock& a, const std::vector<Ball>& factors, std::size_t n) {
    if (a.is_zero() || all_zero(factors)) return {};
    if (a.kind == Kind::identity) {
        bool ones = true;
        for (const Ball& f : factors) ones = ones && is_one(f);
        if (ones) return a;
        BallMatrix m(n, n);
        for (std::size_t i = 0; i < n; ++i) set(m, i, i, factors[i]);
        return {Kind::dense, std::move(m)};
    }
    BallMatrix m = a.entries;
    for (std::size_t i = 0; i < m.rows(); ++i)
        for (std::size_t j = 0; j < m.cols(); ++j) set(m, i, j, product(factors[i], entry(m, i, j)));
    return {Kind::dense, std::move(m)};
}

CoefficientBlock gather_rows(const CoefficientBlock& a, const std::vector<std::uint32_t>& indices, std::size_t n) {
    if (a.is_zero()) return {};
    if (a.kind == Kind::identity && indices.size() == n) {
        bool same = true;
        for (std::size_t i = 0; i < n; ++i) same = same && indices[i] == i;
        if (same) return a;
    }
    BallMatrix m(indices.size(), n);
    for (std::size_t i = 0; i < indices.size(); ++i) {
        if (a.kind == Kind::identity) {
            m.mid(i, indices[i]) = 1.0;
            continue;
        }
        for (std::size_t j = 0; j < n; ++j) set(m, i, j, entry(a.entries, indices[i], j));
    }
    return {Kind::dense, std::move(m)};
}

/// Rows with few entries are multiplied entry by entry (exactly where possible), others by BLAS.
bool is_sparse(const BallMatrix& w) {
    std::size_t count = 0;
    for (std::size_t k = 0; k < w.mid.size(); ++k) count += w.mid.data[k] != 0.0 || w.rad.data[k] != 0.0;
    return count <= 8 * w.rows();
}

CoefficientBlock left_multiply(const BallMatrix& w, const CoefficientBlock& a, std::size_t n) {
    if (a.is_zero()) return {};
    if (a.kind == Kind::identity) return {Kind::dense, w};
    if (!is_sparse(w)) return {Kind::dense, multiply(w, a.entries)};
    BallMatrix m(w.rows(), n);
    for (std::size_t i = 0; i < w.rows(); ++i)
        for (std::size_t k = 0; k < w.cols(); ++k) {
            const Ball f = entry(w, i, k);
            if (is_zero(f)) continue;
            for (std::size_t j = 0; j < n; ++j) set(m, i, j, sum(entry(m, i, j), product(f, entry(a.entries, k, j))));
        }
    return {Kind::dense, std::move(m)};
}

std::vector<Ball> left_multiply(const BallMatrix& w, const std::vector<Ball>& v) {
    std::vector<Ball> out(w.rows());
    for (std::size_t i = 0; i < w.rows(); ++i)
        for (std::size_t k = 0; k < w.cols(); ++k)
            if (!is_zero(v[k])) out[i] = sum(out[i], product(entry(w, i, k), v[k]));
    return out;
}

// ---- expansions ---------------------------------------------------------------------------------------------------

struct Expander {
    const Field& field;
    std::size_t n;
    std::vector<NodeExpansion> known;

    const NodeExpansion& input(const Node& node, std::size_t k) const { return known[node.inputs[k]]; }

    static NodeExpansion fail(std::string reason) {
        NodeExpansion out;
        out.reason = std::move(reason);
        return out;
    }
    static NodeExpansion make(AffineExpansion a) {
        if (!a.parameter.empty() && all_zero(a.parameter)) a.parameter.clear();
        NodeExpansion out;
        out.affine = std::move(a);
        return out;
    }

    AffineExpansion constants(std::vector<Ball> values) const {
        AffineExpansion a;
        a.size = values.size();
        a.constant = std::move(values);
        return a;
    }

    AffineExpansion add_or_subtract(const AffineExpansion& a, const AffineExpansion& b, double sign) const {
        AffineExpansion out = a;
        for (std::size_t i = 0; i < a.size; ++i)
            out.constant[i] = sum(a.constant[i], {sign * b.constant[i].mid, b.constant[i].rad});
        if (!b.parameter.empty()) {
            if (out.parameter.empty()) out.parameter.assign(a.size, Ball{});
            for (std::size_t i = 0; i < a.size; ++i)
                out.parameter[i] = sum(out.parameter[i], {sign * b.parameter[i].mid, b.parameter[i].rad});
        }
        out.state = add(a.state, b.state, sign, a.size, n);
        out.bilinear = add(a.bilinear, b.bilinear, sign, a.size, n);
        return out;
    }

    /// a b where b is free of the state: (c + X x + d p + p K x)(e + g p), without the terms in p^2, which must vanish.
    std::optional<AffineExpansion> times(const AffineExpansion& a, const AffineExpansion& b) const {
        AffineExpansion out;
        out.size = a.size;
        out.constant.resize(a.size);
        for (std::size_t i = 0; i < a.size; ++i) out.constant[i] = product(a.constant[i], b.constant[i]);
        out.state = scale_rows(a.state, b.constant, n);
        out.bilinear = scale_rows(a.bilinear, b.constant, n);
        if (!b.parameter.empty()) {
            if (!a.bilinear.is_zero()) return std::nullopt;
            out.bilinear = add(out.bilinear, scale_rows(a.state, b.parameter, n), 1.0, a.size, n);
        }
        if (!a.parameter.empty() || !b.parameter.empty()) {
            out.parameter.assign(a.size, Ball{});
            for (std::size_t i = 0; i < a.size; ++i) {
                const Ball da = a.parameter.empty() ? Ball{} : a.parameter[i];
                const Ball db = b.parameter.empty() ? Ball{} : b.parameter[i];
                if (!is_zero(da) && !is_zero(db)) return std::nullopt;
                out.parameter[i] = sum(product(da, b.constant[i]), product(a.constant[i], db));
            }
        }
        return out;
    }

    /// W a for a constant matrix W.
    AffineExpansion map(const BallMatrix& w, const AffineExpansion& a) const {
        AffineExpansion out;
        out.size = w.rows();
        out.constant = left_multiply(w, a.constant);
        out.state = left_multiply(w, a.state, n);
        if (!a.parameter.empty()) out.parameter = left_multiply(w, a.parameter);
        out.bilinear = left_multiply(w, a.bilinear, n);
        return out;
    }

    NodeExpansion expand(const Node& node) const;
    NodeExpansion multiply_nodes(const Node& node) const;
    NodeExpansion matrix_vector(const Node& node) const;
    NodeExpansion apply_function(const Node& node) const;
};

BallMatrix reshaped(const std::vector<Ball>& v, std::size_t rows, std::size_t cols) {
    BallMatrix m(rows, cols);
    for (std::size_t k = 0; k < v.size(); ++k) {
        m.mid.data[k] = v[k].mid;
        m.rad.data[k] = v[k].rad;
    }
    return m;
}

NodeExpansion Expander::multiply_nodes(const Node& node) const {
    const NodeExpansion& a = input(node, 0);
    const NodeExpansion& b = input(node, 1);
    for (const auto& [one, other] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
        if (!one->activated || !other->affine || !other->affine->is_constant()) continue;
        const Ball first = other->affine->constant[0];
        for (const Ball& f : other->affine->constant)
            if (f.rad != 0.0 || f.mid != first.mid) return fail("the components have different factors before s");
        const auto [scale, error] = two_product(one->activated->scale, first.mid);
        if (error != 0.0 || !(std::fabs(scale) >= 0x1p-900) || !(std::fabs(scale) <= 0x1p900))
            return fail("the factor of the activation is not exact in double precision");
        NodeExpansion out = *one;
        out.activated->scale = scale;
        return out;
    }
    if (!a.affine || !b.affine) return fail(a.affine ? b.reason : a.reason);
    std::optional<AffineExpansion> result;
    if (b.affine->free_of_state())
        result = times(*a.affine, *b.affine);
    else if (a.affine->free_of_state())
        result = times(*b.affine, *a.affine);
    if (!result) return fail("a product is not affine in the state and the parameter apart from p x");
    return make(std::move(*result));
}

NodeExpansion Expander::matrix_vector(const Node& node) const {
    const NodeExpansion& m = input(node, 0);
    const NodeExpansion& x = input(node, 1);
    if (!m.affine || !x.affine) return fail(m.affine ? x.reason : m.reason);
    if (!m.affine->free_of_state()) return fail("a matrix depends on the state");
    AffineExpansion out = map(reshaped(m.affine->constant, node.rows, node.cols), *x.affine);
    if (!m.affine->parameter.empty()) {
        if (!x.affine->parameter.empty() || !x.affine->bilinear.is_zero())
            return fail("a product has a term in p squared");
        const BallMatrix d = reshaped(m.affine->parameter, node.rows, node.cols);
        std::vector<Ball> moved = left_multiply(d, x.affine->constant);
        if (out.parameter.empty()) out.parameter.assign(node.rows, Ball{});
        for (std::size_t i = 0; i < node.rows; ++i) out.parameter[i] = sum(out.parameter[i], moved[i]);
        out.bilinear = add(out.bilinear, left_multiply(d, x.affine->state, n), 1.0, node.rows, n);
    }
    return make(std::move(out));
}

NodeExpansion Expander::apply_function(const Node& node) const {
    const NodeExpansion& a = input(node, 0);
    if (!a.affine) return fail(a.activated ? "an activation is applied to an activation" : a.reason);
    if (a.affine->is_constant()) {
        std::vector<Ball> values(a.affine->size);
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] = to_ball(apply(node.function, to_interval(a.affine->constant[i])));
        return make(constants(std::move(values)));
    }
    NodeExpansion out;
    out.activated = ActivatedExpansion{node.function, 1.0, *a.affine};
    return out;
}

NodeExpansion Expander::expand(const Node& node) const {
    switch (node.operation) {
        case Operation::state: {
            AffineExpansion a = constants(std::vector<Ball>(n));
            a.state.kind = Kind::identity;
            return make(std::move(a));
        }
        case Operation::parameter: {
            AffineExpansion a = constants(std::vector<Ball>(1));
            a.parameter.assign(1, Ball{1.0, 0.0});
            return make(std::move(a));
        }
        case Operation::time:
            return fail("the field depends on time");
        case Operation::constant: {
            const BallMatrix t = ball_matrix(field.tensors()[node.weight]);
            std::vector<Ball> values(node.size);
            for (std::size_t i = 0; i < node.size; ++i) values[i] = {t.mid.data[i], t.rad.data[i]};
            return make(constants(std::move(values)));
        }
        case Operation::affine: {
            const NodeExpansion& x = input(node, 0);
            if (!x.affine) return fail(x.activated ? "the activation is followed by a linear layer" : x.reason);
            AffineExpansion out = map(ball_matrix(field.tensors()[node.weight]), *x.affine);
            if (node.bias != no_tensor) {
                const BallMatrix b = ball_matrix(field.tensors()[node.bias]);
                for (std::size_t i = 0; i < node.size; ++i) out.constant[i] = sum(out.constant[i], entry(b, i, 0));
            }
            return make(std::move(out));
        }
        case Operation::add:
        case Operation::subtract: {
            const NodeExpansion& a = input(node, 0);
            const NodeExpansion& b = input(node, 1);
            if (!a.affine || !b.affine) {
                const bool activated = a.activated || b.activated;
                return fail(activated ? "something is added to the activation" : a.affine ? b.reason : a.reason);
            }
            return make(add_or_subtract(*a.affine, *b.affine, node.operation == Operation::add ? 1.0 : -1.0));
        }
        case Operation::multiply:
            return multiply_nodes(node);
        case Operation::divide: {
            const NodeExpansion& a = input(node, 0);
            const NodeExpansion& b = input(node, 1);
            if (!a.affine || !b.affine || !b.affine->is_constant())
                return fail("a quotient whose divisor is not constant");
            std::vector<Ball> inverse(b.affine->size);
            for (std::size_t i = 0; i < inverse.size(); ++i) inverse[i] = reciprocal_of(b.affine->constant[i]);
            return make(*times(*a.affine, constants(std::move(inverse))));
        }
        case Operation::negate: {
            NodeExpansion a = input(node, 0);
            if (a.activated) a.activated->scale = -a.activated->scale;
            if (!a.affine) return a;
            AffineExpansion zero = constants(std::vector<Ball>(node.size));
            return make(add_or_subtract(zero, *a.affine, -1.0));
        }
        case Operation::gather: {
            NodeExpansion a = input(node, 0);
            AffineExpansion* inner = a.affine ? &*a.affine : a.activated ? &a.activated->inner : nullptr;
            if (inner == nullptr) return a;
            AffineExpansion out;
            out.size = node.size;
            for (std::uint32_t i : node.indices) out.constant.push_back(inner->constant[i]);
            if (!inner->parameter.empty())
                for (std::uint32_t i : node.indices) out.parameter.push_back(inner->parameter[i]);
            out.state = gather_rows(inner->state, node.indices, n);
            out.bilinear = gather_rows(inner->bilinear, node.indices, n);
            *inner = std::move(out);
            return a;
        }
        case Operation::concat: {
            const NodeExpansion& first = input(node, 0);
            AffineExpansion out;
            out.size = node.size;
            out.constant.reserve(node.size);
            std::vector<Ball> parameter;
            BallMatrix state(node.size, n), bilinear(node.size, n);
            bool any_state = false, any_bilinear = false;
            for (std::size_t k = 0; k < node.inputs.size(); ++k) {
                const NodeExpansion& part = input(node, k);
                const AffineExpansion* a = part.affine ? &*part.affine : nullptr;
                if (first.activated) {
                    if (!part.activated || part.activated->function != first.activated->function ||
                        part.activated->scale != first.activated->scale)
                        return fail("the components have different activations");
                    a = &part.activated->inner;
                }
                if (a == nullptr)
                    return fail(part.activated ? "the components have different activations" : part.reason);
                const std::size_t offset = out.constant.size();
                const auto copy = [&](const CoefficientBlock& from, BallMatrix& to, bool& any) {
                    if (from.is_zero()) return;
                    any = true;
                    const BallMatrix rows = dense(from, a->size, n);
                    for (std::size_t i = 0; i < a->size; ++i)
                        for (std::size_t j = 0; j < n; ++j) set(to, offset + i, j, entry(rows, i, j));
                };
                copy(a->state, state, any_state);
                copy(a->bilinear, bilinear, any_bilinear);
                out.constant.insert(out.constant.end(), a->constant.begin(), a->constant.end());
                parameter.resize(offset);
                parameter.insert(parameter.end(), a->parameter.begin(), a->parameter.end());
            }
            parameter.resize(node.size);
            if (!all_zero(parameter)) out.parameter = std::move(parameter);
            if (any_state) out.state = {Kind::dense, std::move(state)};
            if (any_bilinear) out.bilinear = {Kind::dense, std::move(bilinear)};
            if (!first.activated) return make(std::move(out));
            NodeExpansion activated;
            activated.activated = ActivatedExpansion{first.activated->function, first.activated->scale, std::move(out)};
            return activated;
        }
        case Operation::matvec:
            return matrix_vector(node);
        case Operation::apply:
            return apply_function(node);
        case Operation::power: {
            const NodeExpansion& a = input(node, 0);
            if (node.exponent == 1) return a;
            if (!a.affine || !a.affine->is_constant()) return fail("a power of the state or the parameter");
            std::vector<Ball> values(a.affine->size);
            for (std::size_t i = 0; i < values.size(); ++i)
                values[i] = to_ball(power(to_interval(a.affine->constant[i]), node.exponent));
            return make(constants(std::move(values)));
        }
    }
    return fail("an operation that the diagonal family does not have");
}

}  // namespace

BallMatrix dense(const CoefficientBlock& block, std::size_t rows, std::size_t n) {
    switch (block.kind) {
        case Kind::identity:
            return BallMatrix(Matrix::identity(n));
        case Kind::dense:
            return block.entries;
        case Kind::zero:
            break;
    }
    return BallMatrix(rows, n);
}

bool is_exact_identity(const CoefficientBlock& block, std::size_t n) {
    if (block.kind == Kind::identity) return true;
    if (block.is_zero() || block.entries.rows() != n || block.entries.cols() != n) return false;
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
            if (block.entries.rad(i, j) != 0.0 || block.entries.mid(i, j) != (i == j ? 1.0 : 0.0)) return false;
    return true;
}

NodeExpansion expand_output(const Field& field) {
    Expander expander{field, field.dim(), {}};
    expander.known.reserve(field.nodes().size());
    for (std::size_t k = 0; k < field.nodes().size(); ++k) {
        expander.known.push_back(expander.expand(field.nodes()[k]));
        for (const NodeId input : field.nodes()[k].inputs)
            if (field.last_use()[input] == k) expander.known[input] = {};  // matrices are large
    }
    return expander.known[field.output()];
}

}  // namespace capnode
