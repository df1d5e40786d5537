#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>
#include <unordered_map>

#include "capnode/field/field.hpp"
#include "capnode/numerics/number_text.hpp"
#include "field_data.hpp"

namespace capnode {
namespace {

// Nodes and indices are 32-bit numbers; a vector of 2^31 doubles is 16 GB, more than any field needs.
constexpr std::size_t largest_size = std::size_t{1} << 31;

[[noreturn]] void refuse(const std::string& text) { throw std::invalid_argument(text); }

std::string shape(const Matrix& m) { return std::to_string(m.rows) + " x " + std::to_string(m.cols); }

void check_tensor(const char* what, Matrix& mid, const Matrix& rad) {
    for (std::size_t k = 0; k < mid.size(); ++k) {
        if (!std::isfinite(mid.data[k])) {
            refuse(std::string(what) + " must be finite, but entry (" + std::to_string(k / mid.cols) + ", " +
                   std::to_string(k % mid.cols) + ") is " + shortest_text(mid.data[k]));
        }
        mid.data[k] += 0.0;  // -0 becomes +0: the same number, one text
    }
    if (rad.size() == 0) return;
    if (rad.rows != mid.rows || rad.cols != mid.cols) {
        refuse(std::string("the radius of ") + what + " has shape " + shape(rad) + ", the tensor itself " + shape(mid));
    }
    for (std::size_t k = 0; k < rad.size(); ++k) {
        if (!(rad.data[k] >= 0.0) || !std::isfinite(rad.data[k])) {
            refuse(std::string("the radius of ") + what + " must be finite and >= 0, but entry (" +
                   std::to_string(k / rad.cols) + ", " + std::to_string(k % rad.cols) + ") is " +
                   shortest_text(rad.data[k]));
        }
    }
}

bool all_zero(const Matrix& m) {
    return std::all_of(m.data.begin(), m.data.end(), [](double v) { return v == 0.0; });
}

std::uint64_t content_hash(const Tensor& t) {
    std::uint64_t h = 0xcbf29ce484222325u ^ (t.mid.rows * 0x9e3779b97f4a7c15u);
    const auto mix = [&h](const Matrix& m) {
        for (const double v : m.data) {
            h = (h ^ std::bit_cast<std::uint64_t>(v)) * 0x100000001b3u;
            h ^= h >> 29;
        }
    };
    mix(t.mid);
    mix(t.rad);
    return h;
}

bool same(const Matrix& a, const Matrix& b) { return a.rows == b.rows && a.cols == b.cols && a.data == b.data; }

// The key under which equal nodes are found again.
std::vector<std::uint64_t> node_key(const Node& n) {
    std::vector<std::uint64_t> key = {static_cast<std::uint64_t>(n.operation),
                                      n.size,
                                      n.weight,
                                      n.bias,
                                      n.rows,
                                      n.cols,
                                      static_cast<std::uint64_t>(n.function),
                                      static_cast<std::uint64_t>(n.exponent),
                                      n.inputs.size()};
    key.insert(key.end(), n.inputs.begin(), n.inputs.end());
    key.insert(key.end(), n.indices.begin(), n.indices.end());
    return key;
}

}  // namespace

struct FieldBuilder::State {
    std::size_t dim = 0;
    std::size_t parameter_dim = 0;
    bool has_time = false;
    std::vector<Node> nodes;
    std::vector<Tensor> tensors;
    std::unordered_multimap<std::uint64_t, std::uint32_t> tensor_by_hash;
    std::map<std::vector<std::uint64_t>, NodeId> node_by_key;

    const Node& node(NodeId id) const {
        if (id >= nodes.size()) {
            refuse("node " + std::to_string(id) + " does not exist, there are " + std::to_string(nodes.size()));
        }
        return nodes[id];
    }

    std::uint32_t tensor(Matrix mid, Matrix rad) {
        if (rad.size() > 0 && all_zero(rad)) rad = {};
        for (double& r : rad.data) r += 0.0;
        Tensor t{std::move(mid), std::move(rad)};
        const std::uint64_t h = content_hash(t);
        const auto [first, last] = tensor_by_hash.equal_range(h);
        for (auto it = first; it != last; ++it) {
            const Tensor& old = tensors[it->second];
            if (same(old.mid, t.mid) && same(old.rad, t.rad)) return it->second;
        }
        const auto id = static_cast<std::uint32_t>(tensors.size());
        tensors.push_back(std::move(t));
        tensor_by_hash.emplace(h, id);
        return id;
    }

    NodeId push(Node n) {
        if (n.size == 0) refuse(std::string(name(n.operation)) + ": a vector of size 0 (sizes must be at least 1)");
        if (n.size > largest_size) {
            refuse(std::string(name(n.operation)) + ": size " + std::to_string(n.size) + " is above the largest size " +
                   std::to_string(largest_size));
        }
        // Two nodes with weights in a ball may mean two different weights: only exact nodes are merged.
        const bool exact =
            (n.weight == no_tensor || tensors[n.weight].exact()) && (n.bias == no_tensor || tensors[n.bias].exact());
        if (exact) {
            const auto [it, fresh] = node_by_key.try_emplace(node_key(n), static_cast<NodeId>(nodes.size()));
            if (!fresh) return it->second;
        }
        nodes.push_back(std::move(n));
        return static_cast<NodeId>(nodes.size() - 1);
    }

    NodeId entrywise(Operation operation, NodeId a, NodeId b) {
        if (node(a).size != node(b).size) {
            refuse(std::string(name(operation)) + ": sizes differ, " + std::to_string(node(a).size) + " and " +
                   std::to_string(node(b).size));
        }
        Node n;
        n.operation = operation;
        n.size = node(a).size;
        n.inputs = {a, b};
        return push(std::move(n));
    }
};

FieldBuilder::FieldBuilder(std::size_t dim, std::size_t parameter_dim, bool has_time)
    : state_(std::make_unique<State>()) {
    if (dim == 0) refuse("a field needs a state of dimension at least 1, not 0");
    if (dim > largest_size || parameter_dim > largest_size) {
        refuse("dimensions " + std::to_string(dim) + " and " + std::to_string(parameter_dim) + " must not be above " +
               std::to_string(largest_size));
    }
    state_->dim = dim;
    state_->parameter_dim = parameter_dim;
    state_->has_time = has_time;
}

FieldBuilder::~FieldBuilder() = default;
FieldBuilder::FieldBuilder(FieldBuilder&&) noexcept = default;
FieldBuilder& FieldBuilder::operator=(FieldBuilder&&) noexcept = default;

NodeId FieldBuilder::state() {
    Node n;
    n.operation = Operation::state;
    n.size = state_->dim;
    return state_->push(std::move(n));
}

NodeId FieldBuilder::parameter() {
    if (state_->parameter_dim == 0) refuse("parameter: the field was declared with parameter_dim = 0");
    Node n;
    n.operation = Operation::parameter;
    n.size = state_->parameter_dim;
    return state_->push(std::move(n));
}

NodeId FieldBuilder::time() {
    if (!state_->has_time) refuse("time: the field was declared without time");
    Node n;
    n.operation = Operation::time;
    n.size = 1;
    return state_->push(std::move(n));
}

NodeId FieldBuilder::constant(Matrix mid, Matrix rad) {
    if (mid.cols != 1) refuse("constant: a column is needed, got shape " + shape(mid));
    check_tensor("a constant", mid, rad);
    Node n;
    n.operation = Operation::constant;
    n.size = mid.rows;
    n.weight = state_->tensor(std::move(mid), std::move(rad));
    return state_->push(std::move(n));
}

NodeId FieldBuilder::affine(NodeId x, Matrix weight, Matrix weight_rad, Matrix bias, Matrix bias_rad) {
    const std::size_t size_x = state_->node(x).size;
    if (weight.cols != size_x) {
        refuse("affine: weight has shape " + shape(weight) + ", but its input has size " + std::to_string(size_x));
    }
    if (bias.size() == 0 && bias_rad.size() > 0) {  // a radius about the bias 0
        if (bias_rad.rows != weight.rows) {
            refuse("affine: the radius of the bias has " + std::to_string(bias_rad.rows) + " entries, weight has " +
                   std::to_string(weight.rows) + " rows");
        }
        bias = Matrix(weight.rows, 1);
    }
    if (bias.size() > 0 && (bias.rows != weight.rows || bias.cols != 1)) {
        refuse("affine: bias has shape " + shape(bias) + ", weight has " + std::to_string(weight.rows) + " rows");
    }
    check_tensor("a weight", weight, weight_rad);
    check_tensor("a bias", bias, bias_rad);
    Node n;
    n.operation = Operation::affine;
    n.size = weight.rows;
    n.inputs = {x};
    if (n.size > 0) {
        n.weight = state_->tensor(std::move(weight), std::move(weight_rad));
        const bool no_bias = bias.size() == 0 || (all_zero(bias) && all_zero(bias_rad));
        if (!no_bias) n.bias = state_->tensor(std::move(bias), std::move(bias_rad));
    }
    return state_->push(std::move(n));
}

NodeId FieldBuilder::add(NodeId a, NodeId b) { return state_->entrywise(Operation::add, a, b); }
NodeId FieldBuilder::subtract(NodeId a, NodeId b) { return state_->entrywise(Operation::subtract, a, b); }
NodeId FieldBuilder::multiply(NodeId a, NodeId b) { return state_->entrywise(Operation::multiply, a, b); }
NodeId FieldBuilder::divide(NodeId a, NodeId b) { return state_->entrywise(Operation::divide, a, b); }

NodeId FieldBuilder::negate(NodeId a) {
    Node n;
    n.operation = Operation::negate;
    n.size = state_->node(a).size;
    n.inputs = {a};
    return state_->push(std::move(n));
}

NodeId FieldBuilder::gather(NodeId a, std::vector<std::uint32_t> indices) {
    const std::size_t size_a = state_->node(a).size;
    bool identity = indices.size() == size_a;
    for (std::size_t i = 0; i < indices.size(); ++i) {
        if (indices[i] >= size_a) {
            refuse("gather: index " + std::to_string(indices[i]) + " at place " + std::to_string(i) +
                   ", but the input has size " + std::to_string(size_a));
        }
        identity = identity && indices[i] == i;
    }
    if (identity) return a;
    Node n;
    n.operation = Operation::gather;
    n.size = indices.size();
    n.inputs = {a};
    n.indices = std::move(indices);
    return state_->push(std::move(n));
}

NodeId FieldBuilder::concat(const std::vector<NodeId>& parts) {
    Node n;
    n.operation = Operation::concat;
    for (const NodeId part : parts) n.size += state_->node(part).size;
    if (parts.size() == 1) return parts[0];
    n.inputs = parts;
    return state_->push(std::move(n));
}

NodeId FieldBuilder::matvec(NodeId matrix, NodeId x, std::size_t rows, std::size_t cols) {
    const std::size_t size_m = state_->node(matrix).size;
    const std::size_t size_x = state_->node(x).size;
    if (rows > largest_size || cols > largest_size || size_m != rows * cols) {
        refuse("matvec: the matrix node has size " + std::to_string(size_m) + ", not " + std::to_string(rows) + " x " +
               std::to_string(cols));
    }
    if (size_x != cols) {
        refuse("matvec: the matrix has " + std::to_string(cols) + " columns, the vector has size " +
               std::to_string(size_x));
    }
    Node n;
    n.operation = Operation::matvec;
    n.size = rows;
    n.inputs = {matrix, x};
    n.rows = rows;
    n.cols = cols;
    return state_->push(std::move(n));
}

NodeId FieldBuilder::apply(Function function, NodeId a) {
    Node n;
    n.operation = Operation::apply;
    n.size = state_->node(a).size;
    n.inputs = {a};
    n.function = function;
    return state_->push(std::move(n));
}

NodeId FieldBuilder::apply(std::string_view function, NodeId a) { return apply(function_from_name(function), a); }

NodeId FieldBuilder::power(NodeId a, int exponent) {
    Node n;
    n.operation = Operation::power;
    n.size = state_->node(a).size;
    n.inputs = {a};
    n.exponent = exponent;
    return state_->push(std::move(n));
}

std::size_t FieldBuilder::size(NodeId id) const { return state_->node(id).size; }

Field FieldBuilder::build(NodeId output) const {
    const State& s = *state_;
    if (s.node(output).size != s.dim) {
        refuse("build: the output has size " + std::to_string(s.node(output).size) + ", the state has dimension " +
               std::to_string(s.dim));
    }
    // Depth-first from the output, inputs in order: the same graph gets the same numbering, however it was built.
    constexpr NodeId unseen = std::numeric_limits<NodeId>::max();
    std::vector<NodeId> place(s.nodes.size(), unseen);
    std::vector<NodeId> order;
    std::vector<std::pair<NodeId, std::size_t>> stack = {{output, 0}};
    while (!stack.empty()) {
        auto& [id, next] = stack.back();
        const std::vector<NodeId>& inputs = s.nodes[id].inputs;
        if (place[id] == unseen && next < inputs.size()) {
            const NodeId input = inputs[next++];
            if (place[input] == unseen) stack.emplace_back(input, 0);
            continue;
        }
        if (place[id] == unseen) {
            place[id] = static_cast<NodeId>(order.size());
            order.push_back(id);
        }
        stack.pop_back();
    }

    auto data = std::make_shared<Field::Data>();
    data->dim = s.dim;
    data->parameter_dim = s.parameter_dim;
    data->has_time = s.has_time;
    std::vector<std::uint32_t> tensor_place(s.tensors.size(), no_tensor);
    const auto move_tensor = [&](std::uint32_t& id) {
        if (id == no_tensor) return;
        if (tensor_place[id] == no_tensor) {
            tensor_place[id] = static_cast<std::uint32_t>(data->tensors.size());
            data->tensors.push_back(s.tensors[id]);
            if (!s.tensors[id].exact()) data->has_weight_radius = true;
        }
        id = tensor_place[id];
    };
    for (const NodeId old : order) {
        Node n = s.nodes[old];
        for (NodeId& input : n.inputs) input = place[input];
        move_tensor(n.weight);
        move_tensor(n.bias);
        Field::Dependence d{n.operation == Operation::state, n.operation == Operation::parameter,
                            n.operation == Operation::time};
        for (const NodeId input : n.inputs) {
            d.state |= data->dependence[input].state;
            d.parameter |= data->dependence[input].parameter;
            d.time |= data->dependence[input].time;
        }
        const auto here = static_cast<NodeId>(data->nodes.size());
        for (const NodeId input : n.inputs) data->last_use[input] = here;
        data->last_use.push_back(here);
        data->dependence.push_back(d);
        data->nodes.push_back(std::move(n));
    }
    data->output = place[output];
    return Field(std::move(data));
}

}  // namespace capnode
