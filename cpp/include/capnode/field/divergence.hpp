// A field with the integral of its divergence as one more component of the state: x' = f(x, p, t), q' = tr f_x(x, p,
// t).
//
// Liouville: q(t) - q(0) = c log det Y(t), Y the derivative of the flow by the initial point. The divergence is a graph
// of its own, made by symbolic differentiation: one tangent a direction, of whose last layer only the row of the trace.
#pragma once

#include "capnode/field/field.hpp"

namespace capnode {

/// A field of dim + 1 components; the last is q', and nothing depends on q. `factor` c: a power of two.
Field with_divergence(const Field& field, double factor = 1.0);

}  // namespace capnode
