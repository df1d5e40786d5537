// The variational field of x' = f(x, p, t): the state (x, V_1, .., V_k), V_j columns of size n, with
//     x' = f(x, p, t),   V_j' = f_x(x, p, t) V_j,
// as a field of its own, of dimension n (1 + k), built node by node by forward differentiation of the graph. Its flow
// carries the derivative of the flow of f along k directions, and its own derivative the second one.
#pragma once

#include <cstddef>

#include "capnode/field/field.hpp"

namespace capnode {

/// The weights are those of f; where they have a radius, V_j' holds for every choice of weights, equal in all places or
/// not. std::invalid_argument where k = 0.
Field variational_field(const Field& field, std::size_t k);

}  // namespace capnode
