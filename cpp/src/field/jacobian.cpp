#include "capnode/field/jacobian.hpp"

#include <array>

#include "arguments.hpp"
#include "lanes_ball.hpp"
#include "lanes_double.hpp"
#include "sanitize.hpp"
#include "tangent_algebra.hpp"
#include "traverse.hpp"

namespace capnode {
namespace {

void check(const Field& field, std::size_t rows, std::size_t cols, std::size_t parameter_rows,
           std::size_t parameter_cols) {
    detail::check_sizes(field, rows, parameter_rows);
    detail::check_one_column("the state", cols);
    if (field.parameter_dim() > 0) detail::check_one_column("the parameter", parameter_cols);
}

}  // namespace

Jacobian jacobian(const Field& field, const Matrix& x, const Matrix& p, double t) {
    check(field, x.rows, x.cols, p.rows, p.cols);
    const Matrix time(1, 1, t);
    const detail::TangentAlgebra<detail::DoubleLanes> algebra(field, x, p, time);
    auto out = detail::traverse(field, algebra);
    return {out.value, algebra.dense(out, 0), algebra.dense(out, 1)};
}

BallJacobian jacobian(const Field& field, const BallMatrix& x, const BallMatrix& p, Ball t) {
    check(field, x.rows(), x.cols(), p.rows(), p.cols());
    const BallMatrix state = detail::sanitize(x);
    const BallMatrix parameter = detail::sanitize(p);
    const BallMatrix time = detail::sanitize(BallMatrix(Matrix(1, 1, t.mid), Matrix(1, 1, t.rad)));
    const detail::TangentAlgebra<detail::BallLanes> algebra(field, state, parameter, time);
    auto out = detail::traverse(field, algebra);
    return {out.value, algebra.dense(out, 0), algebra.dense(out, 1)};
}

}  // namespace capnode
