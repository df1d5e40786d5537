// A field and its derivatives along given directions, in double-double: the residuals of a verified Newton step.
//
//     f(x, p, t)   and   Df(x, p, t)[d_k] = f_x x_k + f_p p_k,   d_k = (x_k, p_k)
//
// for all points of the sets, all directions in the sets, all weights within the weight radius. A complex direction is
// two real ones. All columns pass a layer together.
#pragma once

#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/numerics/double_double.hpp"

namespace capnode {

struct Direction {
    std::vector<DoubleDoubleBall> x;  // dim, or empty = 0
    std::vector<DoubleDoubleBall> p;  // parameter_dim, or empty = 0
};

struct DirectionalDerivatives {
    std::vector<DoubleDoubleBall> value;                     // f, dim
    std::vector<std::vector<DoubleDoubleBall>> derivatives;  // Df[d_k], dim each, one a direction
};

DirectionalDerivatives directional_derivatives(const Field& field, const std::vector<DoubleDoubleBall>& x,
                                               const std::vector<DoubleDoubleBall>& p,
                                               const std::vector<Direction>& directions,
                                               const DoubleDoubleBall& t = {});

}  // namespace capnode
