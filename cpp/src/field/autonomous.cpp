#include "capnode/field/autonomous.hpp"

#include <numeric>
#include <stdexcept>
#include <vector>

namespace capnode {

Field autonomous(const Field& field) {
    const std::size_t n = field.dim();
    FieldBuilder builder(n + 1, field.parameter_dim(), false);
    const NodeId state = builder.state();
    std::vector<std::uint32_t> rows(n);
    std::iota(rows.begin(), rows.end(), 0U);
    const auto tensor = [&](std::uint32_t index) { return index == no_tensor ? Tensor{} : field.tensors()[index]; };
    std::vector<NodeId> made;
    for (const Node& node : field.nodes()) {
        const auto in = [&](std::size_t k) { return made[node.inputs[k]]; };
        switch (node.operation) {
            case Operation::state:
                made.push_back(builder.gather(state, rows));
                break;
            case Operation::parameter:
                made.push_back(builder.parameter());
                break;
            case Operation::time:
                made.push_back(builder.gather(state, {static_cast<std::uint32_t>(n)}));
                break;
            case Operation::constant: {
                Tensor c = tensor(node.weight);
                made.push_back(builder.constant(std::move(c.mid), std::move(c.rad)));
                break;
            }
            case Operation::affine: {
                Tensor w = tensor(node.weight);
                Tensor b = tensor(node.bias);
                made.push_back(
                    builder.affine(in(0), std::move(w.mid), std::move(w.rad), std::move(b.mid), std::move(b.rad)));
                break;
            }
            case Operation::add:
                made.push_back(builder.add(in(0), in(1)));
                break;
            case Operation::subtract:
                made.push_back(builder.subtract(in(0), in(1)));
                break;
            case Operation::multiply:
                made.push_back(builder.multiply(in(0), in(1)));
                break;
            case Operation::divide:
                made.push_back(builder.divide(in(0), in(1)));
                break;
            case Operation::negate:
                made.push_back(builder.negate(in(0)));
                break;
            case Operation::gather:
                made.push_back(builder.gather(in(0), node.indices));
                break;
            case Operation::concat: {
                std::vector<NodeId> parts;
                for (const NodeId part : node.inputs) parts.push_back(made[part]);
                made.push_back(builder.concat(parts));
                break;
            }
            case Operation::matvec:
                made.push_back(builder.matvec(in(0), in(1), node.rows, node.cols));
                break;
            case Operation::apply:
                made.push_back(builder.apply(node.function, in(0)));
                break;
            case Operation::power:
                made.push_back(builder.power(in(0), node.exponent));
                break;
        }
    }
    const NodeId one = builder.constant(Matrix(1, 1, 1.0));
    return builder.build(builder.concat({made[field.output()], one}));
}

}  // namespace capnode
