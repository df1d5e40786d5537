// What a Field shares; filled by FieldBuilder::build and never changed afterwards.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "capnode/field/field.hpp"

namespace capnode {

struct Field::Data {
    std::size_t dim = 0;
    std::size_t parameter_dim = 0;
    bool has_time = false;
    std::vector<Node> nodes;
    std::vector<Tensor> tensors;
    NodeId output = 0;
    std::vector<Dependence> dependence;
    std::vector<NodeId> last_use;
    bool has_weight_radius = false;

    // The digest is a hash of the whole text of the graph (tens of megabytes for n = 1000): made when asked for.
    mutable std::once_flag digest_once;
    mutable std::string digest;
    mutable std::once_flag derived_once;
    mutable std::shared_ptr<const void> derived;
};

}  // namespace capnode
