// Univariate Taylor coefficients through a field.
//
// A series is a vector of coefficients of s^0, s^1, ..., s^K; each coefficient is a dim x lanes matrix. Two questions:
//   * compose: the coefficients of f(x(s), p, t0 + s) for a given polynomial x(s),
//   * solution: the coefficients of the solution of x' = f(x, p, t), x(t0) = x0, from (k+1) x_{k+1} = [f(x)]_k.
// Both go degree by degree: each node appends its k-th coefficient (methods section 5: u = tanh v, w = 1 - u^2,
// (k+1) u_{k+1} = sum_j (j+1) v_{j+1} w_{k-j}, and likewise for each function of the closed list).
//
// Over balls and intervals the coefficients enclose those of every solution that starts in the set, for every weight
// within the weight radius: [x^(k)(t0)/k!] over the set, as the remainder of a Taylor step needs.
#pragma once

#include <cstddef>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

std::vector<Matrix> compose(const Field& field, const std::vector<Matrix>& x, const Matrix& p, double t0 = 0.0);
std::vector<BallMatrix> compose(const Field& field, const std::vector<BallMatrix>& x, const BallMatrix& p,
                                Ball t0 = {});
std::vector<std::vector<Interval>> compose(const Field& field, const std::vector<std::vector<Interval>>& x,
                                           const std::vector<Interval>& p, Interval t0 = {});

/// Coefficients 0 .. order of the solution.
std::vector<Matrix> solution(const Field& field, const Matrix& x0, const Matrix& p, std::size_t order, double t0 = 0.0);
std::vector<BallMatrix> solution(const Field& field, const BallMatrix& x0, const BallMatrix& p, std::size_t order,
                                 Ball t0 = {});
std::vector<std::vector<Interval>> solution(const Field& field, const std::vector<Interval>& x0,
                                            const std::vector<Interval>& p, std::size_t order, Interval t0 = {});

}  // namespace capnode
