// The one traversal of the graph. What a node means is the algebra's business: doubles, balls, intervals, double-double
// numbers with tangents, jets and series each say how their values are combined, and nothing else.
//
// An Algebra has a type Value (default constructible, movable) and
//     state() parameter() time() constant(tensor) affine(weight, bias or null, x) add(a, b) subtract(a, b) multiply(a,
//     b) divide(a, b) negate(a) gather(a, indices) concat(pointers) matvec(matrix, x, rows, cols) apply(function, a)
//     power(a, exponent).
#pragma once

#include <stdexcept>
#include <vector>

#include "capnode/field/field.hpp"

namespace capnode::detail {

template <class Algebra>
typename Algebra::Value compute(const Field& field, const Node& n, Algebra& algebra,
                                const std::vector<typename Algebra::Value>& values) {
    const auto& tensors = field.tensors();
    const auto in = [&](std::size_t k) -> const typename Algebra::Value& { return values[n.inputs[k]]; };
    switch (n.operation) {
        case Operation::state:
            return algebra.state();
        case Operation::parameter:
            return algebra.parameter();
        case Operation::time:
            return algebra.time();
        case Operation::constant:
            return algebra.constant(tensors[n.weight]);
        case Operation::affine:
            return algebra.affine(tensors[n.weight], n.bias == no_tensor ? nullptr : &tensors[n.bias], in(0));
        case Operation::add:
            return algebra.add(in(0), in(1));
        case Operation::subtract:
            return algebra.subtract(in(0), in(1));
        case Operation::multiply:
            return algebra.multiply(in(0), in(1));
        case Operation::divide:
            return algebra.divide(in(0), in(1));
        case Operation::negate:
            return algebra.negate(in(0));
        case Operation::gather:
            return algebra.gather(in(0), n.indices);
        case Operation::concat: {
            std::vector<const typename Algebra::Value*> parts;
            for (const NodeId input : n.inputs) parts.push_back(&values[input]);
            return algebra.concat(parts);
        }
        case Operation::matvec:
            return algebra.matvec(in(0), in(1), n.rows, n.cols);
        case Operation::apply:
            return algebra.apply(n.function, in(0));
        case Operation::power:
            return algebra.power(in(0), n.exponent);
    }
    throw std::logic_error("a node of unknown kind");
}

/// The value of the output. Values are dropped after their last use.
template <class Algebra>
typename Algebra::Value traverse(const Field& field, Algebra& algebra) {
    using Value = typename Algebra::Value;
    const std::vector<Node>& nodes = field.nodes();
    const std::vector<NodeId>& last_use = field.last_use();
    std::vector<Value> values(nodes.size());
    for (NodeId id = 0; id < nodes.size(); ++id) {
        values[id] = compute(field, nodes[id], algebra, values);
        for (const NodeId input : nodes[id].inputs) {
            if (last_use[input] == id) values[input] = Value{};
        }
    }
    return std::move(values[field.output()]);
}

}  // namespace capnode::detail
