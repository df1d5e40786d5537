// A field x' = f(x, p) or f(x, p, t): an immutable straight-line program over real vectors.
//
// Nodes stand in order of evaluation; each is a flat vector of known size and refers only to earlier nodes. Weights
// are exact: a tensor is the matrix of exactly the stored binary numbers, or, where it has a radius, every matrix
// within that radius entrywise; then the field is the set of all those fields, and an enclosure holds for each of
// them. A matrix (for `matvec`) is a vector of rows*cols entries, row after row.
//
// A Field is a handle on shared, never changing data: copies are cheap and may be used from many threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

/// What a node computes from its inputs a, b. X(identifier): the identifier is also the word in the file format.
#define CAPNODE_OPERATIONS(X)                            \
    X(state)     /* x, size dim */                       \
    X(parameter) /* p, size parameter_dim */             \
    X(time)      /* t, size 1 */                         \
    X(constant)  /* tensor `weight` as a column */       \
    X(affine)    /* weight a + bias */                   \
    X(add)                                               \
    X(subtract)                                          \
    X(multiply) /* entrywise */                          \
    X(divide)   /* entrywise */                          \
    X(negate)                                            \
    X(gather) /* out[i] = a[indices[i]] */               \
    X(concat) /* the inputs one after another */         \
    X(matvec) /* a is a rows x cols matrix, out = a b */ \
    X(apply)  /* the elementwise `function` */           \
    X(power)  /* entrywise a^exponent, exponent any integer */

enum class Operation : std::uint8_t {
#define CAPNODE_OPERATION_NAME(name) name,
    CAPNODE_OPERATIONS(CAPNODE_OPERATION_NAME)
#undef CAPNODE_OPERATION_NAME
};

const char* name(Operation operation);

using NodeId = std::uint32_t;
inline constexpr std::uint32_t no_tensor = 0xffffffffu;

struct Node {
    Operation operation = Operation::constant;
    std::size_t size = 0;
    std::vector<NodeId> inputs;          // earlier nodes
    std::uint32_t weight = no_tensor;    // constant, affine: index into tensors()
    std::uint32_t bias = no_tensor;      // affine: index of a size x 1 tensor, or no_tensor
    std::vector<std::uint32_t> indices;  // gather
    std::size_t rows = 0;                // matvec: the shape of inputs[0]
    std::size_t cols = 0;
    Function function{};  // apply
    int exponent = 0;     // power
};

/// A weight: all matrices W with |W - mid| <= rad entrywise; `rad` empty (0 x 0) means exact.
struct Tensor {
    Matrix mid;
    Matrix rad;
    bool exact() const { return rad.size() == 0; }
};

class Field {
  public:
    std::size_t dim() const;
    std::size_t parameter_dim() const;
    bool has_time() const;         ///< declared with a time argument
    bool depends_on_time() const;  ///< the output depends on a time node
    bool has_weight_radius() const;

    const std::vector<Node>& nodes() const;  ///< in order of evaluation, only nodes the output depends on
    const std::vector<Tensor>& tensors() const;
    NodeId output() const;  ///< its size is dim()
    const Node& node(NodeId id) const { return nodes()[id]; }

    /// SHA-256 (64 hex digits) of the canonical text of the graph: equal graphs have equal digests.
    const std::string& digest() const;

    /// For each node: does its value depend on the state / the parameter / the time?
    struct Dependence {
        bool state = false;
        bool parameter = false;
        bool time = false;
    };
    const std::vector<Dependence>& dependence() const;
    /// For each node the last node that reads it (itself for the output): after that its value may be dropped.
    const std::vector<NodeId>& last_use() const;

    /// What a higher layer has derived from this field, made by the first caller and kept as long as the field. It must
    /// not own the field. One slot: the flow keeps its program here.
    const std::shared_ptr<const void>& derived(const std::function<std::shared_ptr<const void>()>& make) const;

    friend bool operator==(const Field& a, const Field& b) { return a.digest() == b.digest(); }

  private:
    friend class FieldBuilder;
    struct Data;
    explicit Field(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
    std::shared_ptr<const Data> data_;
};

/// Builds a field node by node. Every method checks its sizes and throws std::invalid_argument carrying both numbers.
/// Equal nodes and equal tensors are stored once; nodes the output does not need are dropped by `build`.
class FieldBuilder {
  public:
    FieldBuilder(std::size_t dim, std::size_t parameter_dim, bool has_time);
    ~FieldBuilder();
    FieldBuilder(FieldBuilder&&) noexcept;
    FieldBuilder& operator=(FieldBuilder&&) noexcept;

    NodeId state();
    NodeId parameter();  ///< refused where parameter_dim = 0
    NodeId time();       ///< refused where the field was declared without time

    /// A column of fixed numbers, `rad` empty or of the same shape, non-negative.
    NodeId constant(Matrix mid, Matrix rad = {});
    /// weight x + bias; weight (rows x size(x)), bias empty or rows x 1; radii empty or of the shape of their tensor.
    NodeId affine(NodeId x, Matrix weight, Matrix weight_rad = {}, Matrix bias = {}, Matrix bias_rad = {});
    NodeId add(NodeId a, NodeId b);
    NodeId subtract(NodeId a, NodeId b);
    NodeId multiply(NodeId a, NodeId b);
    NodeId divide(NodeId a, NodeId b);
    NodeId negate(NodeId a);
    NodeId gather(NodeId a, std::vector<std::uint32_t> indices);
    NodeId concat(const std::vector<NodeId>& parts);
    NodeId matvec(NodeId matrix, NodeId x, std::size_t rows, std::size_t cols);
    NodeId apply(Function function, NodeId a);
    NodeId apply(std::string_view function, NodeId a);
    NodeId power(NodeId a, int exponent);

    std::size_t size(NodeId id) const;
    /// The field whose value is node `output`, of size dim. The builder stays usable.
    Field build(NodeId output) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace capnode
