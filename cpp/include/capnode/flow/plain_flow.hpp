// The flow in plain doubles: the same Taylor polynomials and step lengths as integrate, with nothing bounded and
// nothing proved. It is the yardstick for the price of rigour (benchmarks/flow.py), and a source of float samples.
#pragma once

#include <cstddef>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

struct PlainFlow {
    Matrix final;           // starts x dim
    Matrix derivative;      // starts x dim^2, by rows; empty unless asked for
    std::size_t steps = 0;  // of all starts together
};

/// `starts`: one initial point a row. The parameter is empty or one number each.
PlainFlow plain_flow(const Field& field, const Matrix& starts, const std::vector<double>& parameter, double duration,
                     std::size_t order, double tolerance, bool derivative);

}  // namespace capnode
