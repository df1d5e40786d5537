#include "capnode/field/evaluate.hpp"

#include <cmath>

#include "arguments.hpp"
#include "double_double_algebra.hpp"
#include "lanes_ball.hpp"
#include "lanes_double.hpp"
#include "lanes_interval.hpp"
#include "point_algebra.hpp"
#include "sanitize.hpp"
#include "traverse.hpp"

namespace capnode {
namespace {

void check(const Field& field, std::size_t rows, std::size_t lanes, std::size_t parameter_rows,
           std::size_t parameter_lanes) {
    detail::check_sizes(field, rows, parameter_rows);
    detail::check_lanes(lanes, field.parameter_dim() == 0 ? 1 : parameter_lanes);
}

// A field that does not read its state has one lane for all.
template <class Lanes>
typename Lanes::Value spread(typename Lanes::Value value, std::size_t lanes) {
    if (Lanes::cols(value) == lanes) return value;
    return Lanes::add(Lanes::zeros(Lanes::rows(value), lanes), value);
}

}  // namespace

Matrix evaluate(const Field& field, const Matrix& x, const Matrix& p, double t) {
    check(field, x.rows, x.cols, p.rows, p.cols);
    const Matrix time(1, 1, t);
    detail::PointAlgebra<detail::DoubleLanes> algebra(x, p, time);
    return spread<detail::DoubleLanes>(detail::traverse(field, algebra), x.cols);
}

BallMatrix evaluate(const Field& field, const BallMatrix& x, const BallMatrix& p, Ball t) {
    check(field, x.rows(), x.cols(), p.rows(), p.cols());
    const BallMatrix state = detail::sanitize(x);
    const BallMatrix parameter = detail::sanitize(p);
    const BallMatrix time = detail::sanitize(BallMatrix(Matrix(1, 1, t.mid), Matrix(1, 1, t.rad)));
    detail::PointAlgebra<detail::BallLanes> algebra(state, parameter, time);
    return spread<detail::BallLanes>(detail::traverse(field, algebra), x.cols());
}

std::vector<Interval> evaluate(const Field& field, const std::vector<Interval>& x, const std::vector<Interval>& p,
                               Interval t) {
    detail::check_sizes(field, x.size(), p.size());
    const std::vector<Interval> time = {t};
    detail::PointAlgebra<detail::IntervalLanes> algebra(x, p, time);
    return detail::traverse(field, algebra);
}

std::vector<DoubleDoubleBall> evaluate(const Field& field, const std::vector<DoubleDoubleBall>& x,
                                       const std::vector<DoubleDoubleBall>& p, const DoubleDoubleBall& t) {
    detail::check_sizes(field, x.size(), p.size());
    detail::DoubleDoubleAlgebra algebra(x, p, t, {});
    return detail::column(detail::traverse(field, algebra), 0);
}

}  // namespace capnode
