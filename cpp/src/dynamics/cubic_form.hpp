// l (|q|^2 q) = sum_k l_k |q_k|^2 q_k and |q|_2^2 for vectors of discs: what the first Lyapunov coefficient of the
// diagonal family needs of the eigenvectors q (column) and l (row). O(n) in plain loops.
#pragma once

#include <cstddef>

#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

struct CubicForm {
    ComplexBall value;     // l (|q|^2 q)
    Interval norm_square;  // |q|_2^2
};

/// q = column `column` of `right` (n x k), l = row `column` of `left` (k x n).
CubicForm cubic_form(const ComplexBallMatrix& right, const ComplexBallMatrix& left, std::size_t column);

}  // namespace capnode
