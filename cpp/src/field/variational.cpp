#include "capnode/field/variational.hpp"

#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/elementary_constants.hpp"

namespace capnode {
namespace {

constexpr NodeId none = 0xffffffffu;

std::vector<std::uint32_t> range(std::size_t first, std::size_t count) {
    std::vector<std::uint32_t> r(count);
    std::iota(r.begin(), r.end(), static_cast<std::uint32_t>(first));
    return r;
}

// Rebuilds the graph in a builder of the larger state; a node that does not depend on the state has no tangents.
class Differentiation {
  public:
    Differentiation(const Field& field, std::size_t k)
        : field_(field),
          k_(k),
          builder_(field.dim() * (1 + k), field.parameter_dim(), field.has_time()),
          state_(builder_.state()),
          values_(field.nodes().size()),
          tangents_(field.nodes().size()) {}

    Field run() {
        for (std::size_t id = 0; id < field_.nodes().size(); ++id) visit(static_cast<NodeId>(id));
        std::vector<NodeId> parts = {values_[field_.output()]};
        const std::vector<NodeId>& slopes = tangents_[field_.output()];
        for (std::size_t j = 0; j < k_; ++j) parts.push_back(slopes.empty() ? fill(0.0, field_.dim()) : slopes[j]);
        return builder_.build(builder_.concat(parts));
    }

  private:
    NodeId fill(double value, std::size_t size) { return builder_.constant(Matrix(size, 1, value)); }
    NodeId fill(const Ball& value, std::size_t size) {
        return builder_.constant(Matrix(size, 1, value.mid), Matrix(size, 1, value.rad));
    }
    template <class Factor>
    NodeId scaled(Factor factor, NodeId v) {
        return builder_.multiply(fill(factor, builder_.size(v)), v);
    }
    NodeId one_minus(NodeId v) { return builder_.subtract(fill(1.0, builder_.size(v)), v); }
    NodeId one_plus(NodeId v) { return builder_.add(fill(1.0, builder_.size(v)), v); }
    NodeId apply(Function f, NodeId v) { return builder_.apply(f, v); }
    static Ball number(const DoubleDouble& c) { return to_ball(to_interval(constants::ball(c))); }

    // f'(v); u = f(v).
    NodeId slope(Function f, NodeId v, NodeId u) {
        FieldBuilder& b = builder_;
        switch (f) {
            case Function::tanh:
                return one_minus(b.multiply(u, u));
            case Function::sigmoid:
                return b.subtract(u, b.multiply(u, u));
            case Function::softplus:
                return apply(Function::sigmoid, v);
            case Function::silu: {  // s + v s (1 - s)
                const NodeId s = apply(Function::sigmoid, v);
                return b.add(s, b.multiply(v, b.subtract(s, b.multiply(s, s))));
            }
            case Function::gelu: {  // (1 + erf(v/sqrt 2))/2 + v exp(-v^2/2)/sqrt(2 pi)
                const NodeId e = apply(Function::erf, scaled(number(constants::one_over_sqrt_2), v));
                const NodeId density = apply(Function::exp, scaled(-0.5, b.multiply(v, v)));
                return b.add(scaled(0.5, one_plus(e)),
                             b.multiply(v, scaled(number(constants::one_over_sqrt_2pi), density)));
            }
            case Function::gelu_tanh: {  // s + v s (1 - s) (a + 3 c v^2), s = sigmoid(a v + c v^3)
                const NodeId square = b.multiply(v, v);
                const NodeId cubic = scaled(number(constants::gelu_tanh_cubic), square);
                const NodeId linear = fill(number(constants::gelu_tanh_linear), b.size(v));
                const NodeId s = apply(Function::sigmoid, b.multiply(v, b.add(linear, cubic)));
                const NodeId inner = b.add(linear, scaled(3.0, cubic));
                return b.add(s, b.multiply(b.multiply(v, inner), b.subtract(s, b.multiply(s, s))));
            }
            case Function::mish: {  // t + v (1 - t^2) sigmoid(v), t = tanh(softplus(v))
                const NodeId t = apply(Function::tanh, apply(Function::softplus, v));
                const NodeId s = apply(Function::sigmoid, v);
                return b.add(t, b.multiply(v, b.multiply(one_minus(b.multiply(t, t)), s)));
            }
            case Function::sin:
                return apply(Function::cos, v);
            case Function::cos:
                return b.negate(apply(Function::sin, v));
            case Function::exp:
                return u;
            case Function::log:
                return apply(Function::reciprocal, v);
            case Function::sqrt:
                return scaled(0.5, apply(Function::reciprocal, u));
            case Function::atan:
                return apply(Function::reciprocal, one_plus(b.multiply(v, v)));
            case Function::erf:
                return scaled(number(constants::two_over_sqrt_pi), apply(Function::exp, b.negate(b.multiply(v, v))));
            case Function::reciprocal:
                return b.negate(b.multiply(u, u));
            case Function::square:
                return b.add(v, v);
        }
        throw std::invalid_argument(std::string("no derivative is known here of the function ") + name(f));
    }

    // Sum of two tangents, either of which may be absent (zero).
    NodeId sum(NodeId a, NodeId b) { return a == none ? b : b == none ? a : builder_.add(a, b); }

    void visit(NodeId id) {
        const Node& n = field_.node(id);
        const std::vector<Tensor>& tensors = field_.tensors();
        FieldBuilder& b = builder_;
        const auto in = [&](std::size_t i) { return values_[n.inputs[i]]; };
        const auto moves = [&](std::size_t i) { return !tangents_[n.inputs[i]].empty(); };
        const auto tangent = [&](std::size_t i, std::size_t j) { return moves(i) ? tangents_[n.inputs[i]][j] : none; };
        const auto weight = [&] { return tensors[n.weight]; };
        NodeId& u = values_[id];
        // d(j): the tangent along column j, asked for only where some input moves.
        const auto differentiate = [&](auto&& d) {
            bool any = false;
            for (std::size_t i = 0; i < n.inputs.size(); ++i) any = any || moves(i);
            if (!any) return;
            for (std::size_t j = 0; j < k_; ++j) tangents_[id].push_back(d(j));
        };
        switch (n.operation) {
            case Operation::state:
                u = b.gather(state_, range(0, field_.dim()));
                for (std::size_t j = 0; j < k_; ++j)
                    tangents_[id].push_back(b.gather(state_, range(field_.dim() * (1 + j), field_.dim())));
                return;
            case Operation::parameter:
                u = b.parameter();
                return;
            case Operation::time:
                u = b.time();
                return;
            case Operation::constant:
                u = b.constant(weight().mid, weight().rad);
                return;
            case Operation::affine: {
                const Tensor bias = n.bias == no_tensor ? Tensor{} : tensors[n.bias];
                u = b.affine(in(0), weight().mid, weight().rad, bias.mid, bias.rad);
                return differentiate(
                    [&](std::size_t j) { return b.affine(tangent(0, j), weight().mid, weight().rad); });
            }
            case Operation::add:
                u = b.add(in(0), in(1));
                return differentiate([&](std::size_t j) { return sum(tangent(0, j), tangent(1, j)); });
            case Operation::subtract:
                u = b.subtract(in(0), in(1));
                return differentiate([&](std::size_t j) {
                    return moves(1) ? moves(0) ? b.subtract(tangent(0, j), tangent(1, j)) : b.negate(tangent(1, j))
                                    : tangent(0, j);
                });
            case Operation::multiply:
                u = b.multiply(in(0), in(1));
                return differentiate([&](std::size_t j) {
                    return sum(moves(0) ? b.multiply(tangent(0, j), in(1)) : none,
                               moves(1) ? b.multiply(in(0), tangent(1, j)) : none);
                });
            case Operation::divide:  // (da - u db) / b
                u = b.divide(in(0), in(1));
                return differentiate([&](std::size_t j) {
                    const NodeId second = moves(1) ? b.negate(b.multiply(u, tangent(1, j))) : none;
                    return b.divide(sum(tangent(0, j), second), in(1));
                });
            case Operation::negate:
                u = b.negate(in(0));
                return differentiate([&](std::size_t j) { return b.negate(tangent(0, j)); });
            case Operation::gather:
                u = b.gather(in(0), n.indices);
                return differentiate([&](std::size_t j) { return b.gather(tangent(0, j), n.indices); });
            case Operation::concat: {
                std::vector<NodeId> parts;
                for (std::size_t i = 0; i < n.inputs.size(); ++i) parts.push_back(in(i));
                u = b.concat(parts);
                return differentiate([&](std::size_t j) {
                    std::vector<NodeId> slopes;
                    for (std::size_t i = 0; i < n.inputs.size(); ++i)
                        slopes.push_back(moves(i) ? tangent(i, j) : fill(0.0, b.size(in(i))));
                    return b.concat(slopes);
                });
            }
            case Operation::matvec:
                u = b.matvec(in(0), in(1), n.rows, n.cols);
                return differentiate([&](std::size_t j) {
                    return sum(moves(0) ? b.matvec(tangent(0, j), in(1), n.rows, n.cols) : none,
                               moves(1) ? b.matvec(in(0), tangent(1, j), n.rows, n.cols) : none);
                });
            case Operation::apply: {
                u = b.apply(n.function, in(0));
                if (!moves(0)) return;
                const NodeId d = slope(n.function, in(0), u);
                return differentiate([&](std::size_t j) { return b.multiply(d, tangent(0, j)); });
            }
            case Operation::power: {
                u = b.power(in(0), n.exponent);
                if (!moves(0)) return;
                const NodeId d = n.exponent == 0
                                     ? fill(0.0, n.size)
                                     : scaled(static_cast<double>(n.exponent), b.power(in(0), n.exponent - 1));
                return differentiate([&](std::size_t j) { return b.multiply(d, tangent(0, j)); });
            }
        }
        throw std::invalid_argument(std::string("no derivative is known here of the operation ") + name(n.operation));
    }

    const Field& field_;
    std::size_t k_;
    FieldBuilder builder_;
    NodeId state_;
    std::vector<NodeId> values_;
    std::vector<std::vector<NodeId>> tangents_;  // k each, or empty: zero
};

}  // namespace

Field variational_field(const Field& field, std::size_t k) {
    if (k == 0) throw std::invalid_argument("the variational field needs at least 1 direction, got 0");
    return Differentiation(field, k).run();
}

}  // namespace capnode
