// Systems with known zeros, as function objects in interval arithmetic.
#pragma once

#include <cmath>
#include <functional>
#include <vector>

#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/proof/zero_problem.hpp"

namespace problems {

using capnode::BallMatrix;
using capnode::Interval;
using Box = std::vector<Interval>;
using Rows = std::vector<std::vector<Interval>>;

inline BallMatrix ball_matrix_of(const Rows& rows) {
    BallMatrix m(rows.size(), rows.empty() ? 0 : rows[0].size());
    for (std::size_t i = 0; i < m.rows(); ++i) {
        for (std::size_t j = 0; j < m.cols(); ++j) {
            const capnode::Ball b = capnode::to_ball(rows[i][j]);
            m.mid(i, j) = b.mid;
            m.rad(i, j) = b.rad;
        }
    }
    return m;
}

/// A problem from F and F' over boxes, and optionally a bound of F''.
inline capnode::ZeroProblem from(std::size_t n, const std::function<Box(const Box&)>& F,
                                 const std::function<Rows(const Box&)>& dF) {
    capnode::ZeroProblem problem;
    problem.dim = n;
    problem.residual = [F](const std::vector<double>& x) {
        Rows column;
        for (const Interval& f : F({x.begin(), x.end()})) column.push_back({f});
        return capnode::ValueAtPoint{ball_matrix_of(column), {}};
    };
    problem.derivative = [dF](const Box& X) { return ball_matrix_of(dF(X)); };
    problem.value = F;
    return problem;
}

/// x^2 - a: the zeros +-sqrt(a).
inline capnode::ZeroProblem square_root(Interval a) {
    return from(
        1, [a](const Box& x) { return Box{capnode::square(x[0]) - a}; },
        [](const Box& x) { return Rows{{Interval(2.0) * x[0]}}; });
}

/// (x^2 + y^2 - 4, x y - 1): the zeros (+-)(sqrt(2 + sqrt 3), sqrt(2 - sqrt 3)) and their mirror images.
inline capnode::ZeroProblem circle_and_hyperbola() {
    return from(
        2,
        [](const Box& x) {
            return Box{capnode::square(x[0]) + capnode::square(x[1]) - Interval(4.0), x[0] * x[1] - Interval(1.0)};
        },
        [](const Box& x) { return Rows{{Interval(2.0) * x[0], Interval(2.0) * x[1]}, {x[1], x[0]}}; });
}

/// x^3 - 3x on the line: zeros 0, +-sqrt 3; folds at +-1.
inline capnode::ZeroProblem cubic() {
    return from(
        1, [](const Box& x) { return Box{capnode::power(x[0], 3) - Interval(3.0) * x[0]}; },
        [](const Box& x) { return Rows{{Interval(3.0) * capnode::square(x[0]) - Interval(3.0)}}; });
}

inline bool inside(const std::vector<double>& x, const Box& X) {
    for (std::size_t i = 0; i < X.size(); ++i)
        if (!capnode::contains(X[i], x[i])) return false;
    return true;
}

}  // namespace problems
