// CAPD's curve of a step as a FlowStep: the polynomial of the centre and a tube that holds the rest.
//
// On [0, h] CAPD encloses the solutions from the box X by
//     x(t) in  sum_k c_k t^k  +  (sum_k M_k t^k) (X - x_bar)  +  r t^(q+1),
// with interval vectors c_k, r and interval matrices M_k. With p_k the middle of c_k, |x(t) - sum p_k t^k| is at most
// the largest magnitude of
//     sum_k (c_k - p_k) t^k  +  (sum_k M_k t^k) (X - x_bar)  +  r t^(q+1)
// over pieces of [0, h]: one piece where X is about a point, more where the second term matters.
#pragma once

#include "capd/capdlib.h"
#include "capnode/flow/flow.hpp"

namespace capnode {

/// Inside of a CapdCall. `start` >= 0: the time of the step in the run's own direction; `sign` -1 backward.
FlowStep dense_step(const ::capd::IOdeSolver::SolutionCurve& curve, double start, double length, double sign);

}  // namespace capnode
