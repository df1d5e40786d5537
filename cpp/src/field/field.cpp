#include "capnode/field/field.hpp"

#include "capnode/field/digest.hpp"
#include "capnode/field/field_io.hpp"
#include "field_data.hpp"

namespace capnode {

const char* name(Operation operation) {
    switch (operation) {
#define CAPNODE_OPERATION_CASE(id) \
    case Operation::id:            \
        return #id;
        CAPNODE_OPERATIONS(CAPNODE_OPERATION_CASE)
#undef CAPNODE_OPERATION_CASE
    }
    return "unknown";
}

std::size_t Field::dim() const { return data_->dim; }
std::size_t Field::parameter_dim() const { return data_->parameter_dim; }
bool Field::has_time() const { return data_->has_time; }
bool Field::depends_on_time() const { return data_->dependence[data_->output].time; }
bool Field::has_weight_radius() const { return data_->has_weight_radius; }
const std::vector<Node>& Field::nodes() const { return data_->nodes; }
const std::vector<Tensor>& Field::tensors() const { return data_->tensors; }
NodeId Field::output() const { return data_->output; }
const std::vector<Field::Dependence>& Field::dependence() const { return data_->dependence; }
const std::vector<NodeId>& Field::last_use() const { return data_->last_use; }

const std::string& Field::digest() const {
    std::call_once(data_->digest_once, [this] { data_->digest = sha256_hex(canonical_text(*this)); });
    return data_->digest;
}

const std::shared_ptr<const void>& Field::derived(const std::function<std::shared_ptr<const void>()>& make) const {
    std::call_once(data_->derived_once, [&] { data_->derived = make(); });
    return data_->derived;
}

}  // namespace capnode
