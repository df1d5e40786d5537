#include "capnode/field/divergence.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "capnode/numerics/ball.hpp"

namespace capnode {
namespace {

// A derivative in one direction: zero, a unit vector of the state, or a node.
struct Tangent {
    enum class Kind { zero, unit, node } kind = Kind::zero;
    NodeId node = 0;
    std::size_t entry = 0;
};

class Differentiator {
  public:
    explicit Differentiator(const Field& field)
        : field_(field), n_(field.dim()), builder_(n_ + 1, field.parameter_dim(), field.has_time()) {
        const NodeId state = builder_.state();
        for (const Node& node : field.nodes()) values_.push_back(copy(node, state));
    }

    Field build(double factor) {
        std::vector<NodeId> parts;
        for (std::size_t i = 0; i < n_; ++i) {
            tangents_.clear();
            const std::optional<NodeId> entry = row(field_.output(), i, i);
            if (entry) parts.push_back(*entry);
        }
        NodeId trace = 0;
        if (parts.empty()) {
            trace = builder_.constant(Matrix(1, 1, 0.0));
        } else {
            trace = builder_.affine(builder_.concat(parts), Matrix(1, parts.size(), factor));
        }
        return builder_.build(builder_.concat({values_[field_.output()], trace}));
    }

  private:
    const Tensor& tensor(std::uint32_t index) const { return field_.tensors()[index]; }
    NodeId value(const Node& node, std::size_t k) const { return values_[node.inputs[k]]; }

    NodeId copy(const Node& node, NodeId state) {
        switch (node.operation) {
            case Operation::state: {
                std::vector<std::uint32_t> range(n_);
                std::iota(range.begin(), range.end(), 0u);
                return builder_.gather(state, std::move(range));
            }
            case Operation::parameter:
                return builder_.parameter();
            case Operation::time:
                return builder_.time();
            case Operation::constant:
                return builder_.constant(tensor(node.weight).mid, tensor(node.weight).rad);
            case Operation::affine: {
                const Tensor& w = tensor(node.weight);
                if (node.bias == no_tensor) return builder_.affine(value(node, 0), w.mid, w.rad);
                const Tensor& b = tensor(node.bias);
                return builder_.affine(value(node, 0), w.mid, w.rad, b.mid, b.rad);
            }
            case Operation::add:
                return builder_.add(value(node, 0), value(node, 1));
            case Operation::subtract:
                return builder_.subtract(value(node, 0), value(node, 1));
            case Operation::multiply:
                return builder_.multiply(value(node, 0), value(node, 1));
            case Operation::divide:
                return builder_.divide(value(node, 0), value(node, 1));
            case Operation::negate:
                return builder_.negate(value(node, 0));
            case Operation::gather:
                return builder_.gather(value(node, 0), node.indices);
            case Operation::concat: {
                std::vector<NodeId> parts;
                for (std::size_t k = 0; k < node.inputs.size(); ++k) parts.push_back(value(node, k));
                return builder_.concat(parts);
            }
            case Operation::matvec:
                return builder_.matvec(value(node, 0), value(node, 1), node.rows, node.cols);
            case Operation::apply:
                return builder_.apply(node.function, value(node, 0));
            case Operation::power:
                return builder_.power(value(node, 0), node.exponent);
        }
        throw std::invalid_argument(std::string("no derivative is known of the operation ") + name(node.operation));
    }

    // ---- small graphs ----------------------------------------------------------------------------------------------
    NodeId filled(std::size_t size, const Ball& b) {
        return builder_.constant(Matrix(size, 1, b.mid), b.rad > 0.0 ? Matrix(size, 1, b.rad) : Matrix());
    }
    NodeId scaled(NodeId a, const Ball& b) { return builder_.multiply(filled(builder_.size(a), b), a); }
    NodeId one_minus(NodeId a) { return builder_.subtract(filled(builder_.size(a), {1.0, 0.0}), a); }
    NodeId one_plus(NodeId a) { return builder_.add(filled(builder_.size(a), {1.0, 0.0}), a); }
    NodeId square(NodeId a) { return builder_.multiply(a, a); }
    NodeId apply(Function f, NodeId a) { return builder_.apply(f, a); }
    static Ball two_over_root_pi() { return to_ball(derivatives(Function::erf, Interval(0.0))[1]); }
    static Ball root(double x) { return to_ball(sqrt(Interval(x))); }
    NodeId sigmoid_derivative(NodeId s) { return builder_.multiply(s, one_minus(s)); }

    // f'(v) as a node; u = f(v).
    NodeId slope(Function f, NodeId v, NodeId u) {
        switch (f) {
            case Function::tanh:
                return one_minus(square(u));
            case Function::sigmoid:
                return sigmoid_derivative(u);
            case Function::softplus:
                return apply(Function::sigmoid, v);
            case Function::silu: {  // s + v s (1 - s)
                const NodeId s = apply(Function::sigmoid, v);
                return builder_.add(s, builder_.multiply(v, sigmoid_derivative(s)));
            }
            case Function::gelu: {  // (1 + erf(v / sqrt 2)) / 2 + v exp(-v^2 / 2) / sqrt(2 pi)
                const NodeId phi = scaled(one_plus(apply(Function::erf, scaled(v, root(0.5)))), {0.5, 0.0});
                const Ball density = Ball{0.5, 0.0} * root(0.5) * two_over_root_pi();  // 1 / sqrt(2 pi)
                const NodeId bell = scaled(apply(Function::exp, scaled(square(v), {-0.5, 0.0})), density);
                return builder_.add(phi, builder_.multiply(v, bell));
            }
            case Function::gelu_tanh: {  // s(g) + v s(g) (1 - s(g)) g', g = 2 sqrt(2/pi) (v + c v^3)
                const Ball c = to_ball(Interval(44715.0) / Interval(1e6));
                const Ball k = root(2.0) * two_over_root_pi();  // 2 sqrt(2/pi) = sqrt(2) * (2/sqrt(pi))
                const NodeId v2 = square(v);
                const NodeId s = apply(Function::sigmoid, scaled(builder_.multiply(v, one_plus(scaled(v2, c))), k));
                const NodeId inner = scaled(one_plus(scaled(v2, Ball{3.0, 0.0} * c)), k);
                return builder_.add(s, builder_.multiply(builder_.multiply(v, sigmoid_derivative(s)), inner));
            }
            case Function::mish: {  // w + v (1 - w^2) sigmoid(v), w = tanh(softplus(v))
                const NodeId w = apply(Function::tanh, apply(Function::softplus, v));
                const NodeId s = apply(Function::sigmoid, v);
                return builder_.add(w, builder_.multiply(v, builder_.multiply(one_minus(square(w)), s)));
            }
            case Function::sin:
                return apply(Function::cos, v);
            case Function::cos:
                return builder_.negate(apply(Function::sin, v));
            case Function::exp:
                return u;
            case Function::log:
                return apply(Function::reciprocal, v);
            case Function::sqrt:
                return apply(Function::reciprocal, scaled(u, {2.0, 0.0}));
            case Function::atan:
                return apply(Function::reciprocal, one_plus(square(v)));
            case Function::erf:
                return scaled(apply(Function::exp, builder_.negate(square(v))), two_over_root_pi());
            case Function::reciprocal:
                return builder_.negate(square(u));
            case Function::square:
                return scaled(v, {2.0, 0.0});
        }
        throw std::invalid_argument(std::string("no derivative is known of ") + name(f));
    }

    // Entrywise factor g of an elementwise node: its tangent is g times that of its input.
    NodeId factor(NodeId id) {
        const auto found = factors_.find(id);
        if (found != factors_.end()) return found->second;
        const Node& node = field_.node(id);
        NodeId g = 0;
        if (node.operation == Operation::apply) {
            g = slope(node.function, value(node, 0), values_[id]);
        } else if (node.exponent == 0) {
            g = filled(node.size, {0.0, 0.0});
        } else {
            g = scaled(builder_.power(value(node, 0), node.exponent - 1), {static_cast<double>(node.exponent), 0.0});
        }
        factors_.emplace(id, g);
        return g;
    }

    // ---- tangents in direction `entry` of the state
    // ---------------------------------------------------------------------
    std::optional<NodeId> as_node(const Tangent& t) {
        if (t.kind == Tangent::Kind::zero) return std::nullopt;
        if (t.kind == Tangent::Kind::node) return t.node;
        Matrix unit(n_, 1);
        unit(t.entry, 0) = 1.0;
        return builder_.constant(std::move(unit));
    }
    std::optional<NodeId> sum(std::optional<NodeId> a, std::optional<NodeId> b) {
        if (!a) return b;
        if (!b) return a;
        return builder_.add(*a, *b);
    }
    std::optional<NodeId> negated(std::optional<NodeId> a) {
        return a ? std::optional<NodeId>(builder_.negate(*a)) : std::nullopt;
    }
    std::optional<NodeId> times(NodeId f, std::optional<NodeId> a) {
        return a ? std::optional<NodeId>(builder_.multiply(f, *a)) : std::nullopt;
    }

    static Matrix rows_of(const Matrix& m, const std::vector<std::size_t>& rows) {
        if (m.size() == 0) return {};
        Matrix out(rows.size(), m.cols);
        for (std::size_t i = 0; i < rows.size(); ++i) std::copy_n(m.row(rows[i]), m.cols, out.row(i));
        return out;
    }
    static Matrix entries_of(const Matrix& m, const std::vector<std::size_t>& rows, std::size_t column) {
        if (m.size() == 0) return {};
        Matrix out(rows.size(), 1);
        for (std::size_t i = 0; i < rows.size(); ++i) out(i, 0) = m(rows[i], column);
        return out;
    }
    // Some rows of W t.
    std::optional<NodeId> product(const Tensor& w, const std::vector<std::size_t>& rows, const Tangent& t) {
        if (t.kind == Tangent::Kind::zero) return std::nullopt;
        if (t.kind == Tangent::Kind::unit)
            return builder_.constant(entries_of(w.mid, rows, t.entry), entries_of(w.rad, rows, t.entry));
        return builder_.affine(t.node, rows_of(w.mid, rows), rows_of(w.rad, rows));
    }

    const Tangent& tangent(NodeId id, std::size_t entry) {
        const auto found = tangents_.find(id);
        if (found != tangents_.end()) return found->second;
        Tangent t;
        if (field_.dependence()[id].state) {
            const Node& node = field_.node(id);
            if (node.operation == Operation::state) {
                t = {Tangent::Kind::unit, 0, entry};
            } else if (const std::optional<NodeId> d = derivative(node, id, entry)) {
                t = {Tangent::Kind::node, *d, 0};
            }
        }
        return tangents_.emplace(id, t).first->second;
    }

    std::optional<NodeId> derivative(const Node& node, NodeId id, std::size_t entry) {
        const auto in = [&](std::size_t k) { return as_node(tangent(node.inputs[k], entry)); };
        switch (node.operation) {
            case Operation::affine: {
                std::vector<std::size_t> rows(node.size);
                std::iota(rows.begin(), rows.end(), std::size_t{0});
                return product(tensor(node.weight), rows, tangent(node.inputs[0], entry));
            }
            case Operation::add:
                return sum(in(0), in(1));
            case Operation::subtract:
                return sum(in(0), negated(in(1)));
            case Operation::multiply:
                return sum(times(value(node, 1), in(0)), times(value(node, 0), in(1)));
            case Operation::divide: {  // (a' - u b') / b
                const auto top = sum(in(0), negated(times(values_[id], in(1))));
                return top ? std::optional<NodeId>(builder_.divide(*top, value(node, 1))) : std::nullopt;
            }
            case Operation::negate:
                return negated(in(0));
            case Operation::gather: {
                const auto a = in(0);
                return a ? std::optional<NodeId>(builder_.gather(*a, node.indices)) : std::nullopt;
            }
            case Operation::concat: {
                std::vector<NodeId> parts;
                bool any = false;
                for (std::size_t k = 0; k < node.inputs.size(); ++k) {
                    const auto a = in(k);
                    any = any || a;
                    parts.push_back(a ? *a : filled(field_.node(node.inputs[k]).size, {0.0, 0.0}));
                }
                return any ? std::optional<NodeId>(builder_.concat(parts)) : std::nullopt;
            }
            case Operation::matvec: {
                const auto m = in(0);
                const auto x = in(1);
                const auto left =
                    m ? std::optional<NodeId>(builder_.matvec(*m, value(node, 1), node.rows, node.cols)) : std::nullopt;
                const auto right =
                    x ? std::optional<NodeId>(builder_.matvec(value(node, 0), *x, node.rows, node.cols)) : std::nullopt;
                return sum(left, right);
            }
            case Operation::apply:
            case Operation::power:
                return times(factor(id), in(0));
            default:
                return std::nullopt;
        }
    }

    // Row i alone of the tangent of a node.
    std::optional<NodeId> row(NodeId id, std::size_t entry, std::size_t i) {
        if (!field_.dependence()[id].state) return std::nullopt;
        const Node& node = field_.node(id);
        const auto pick = [&](NodeId a) { return builder_.gather(a, {static_cast<std::uint32_t>(i)}); };
        switch (node.operation) {
            case Operation::affine:
                return product(tensor(node.weight), {i}, tangent(node.inputs[0], entry));
            case Operation::add:
                return sum(row(node.inputs[0], entry, i), row(node.inputs[1], entry, i));
            case Operation::subtract:
                return sum(row(node.inputs[0], entry, i), negated(row(node.inputs[1], entry, i)));
            case Operation::negate:
                return negated(row(node.inputs[0], entry, i));
            case Operation::multiply: {
                const auto a = row(node.inputs[0], entry, i);
                const auto b = row(node.inputs[1], entry, i);
                return sum(a ? times(pick(value(node, 1)), a) : std::nullopt,
                           b ? times(pick(value(node, 0)), b) : std::nullopt);
            }
            case Operation::gather:
                return row(node.inputs[0], entry, node.indices[i]);
            case Operation::concat: {
                std::size_t first = 0;
                for (const NodeId part : node.inputs) {
                    const std::size_t size = field_.node(part).size;
                    if (i < first + size) return row(part, entry, i - first);
                    first += size;
                }
                return std::nullopt;
            }
            case Operation::apply:
            case Operation::power: {
                const auto a = row(node.inputs[0], entry, i);
                return a ? times(pick(factor(id)), a) : std::nullopt;
            }
            default: {
                const auto all = as_node(tangent(id, entry));
                return all ? std::optional<NodeId>(pick(*all)) : std::nullopt;
            }
        }
    }

    const Field& field_;
    std::size_t n_;
    FieldBuilder builder_;
    std::vector<NodeId> values_;          // the nodes of the field in the new graph
    std::map<NodeId, Tangent> tangents_;  // of the present direction
    std::map<NodeId, NodeId> factors_;
};

}  // namespace

Field with_divergence(const Field& field, double factor) { return Differentiator(field).build(factor); }

}  // namespace capnode
