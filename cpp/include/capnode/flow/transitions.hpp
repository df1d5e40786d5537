// The derivative of the flow over each step, for every solution from a set: the factors of a long product.
//
// Y(t_N) = Phi_N ... Phi_1: over step k the solution operator of v' = J(x(t)) v along each solution is one matrix Phi_k
// in mid + R + E (theorem in flow.hpp: |Phi - Q(h)| <= exp(h M+) D_Q, or by norm). The product is left to whoever asks:
// multiplied out it would overflow, and lose its small singular values. Stages are fields one after another, or one
// field whose run has to stop at given times.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/flow/layered_flow.hpp"
#include "capnode/numerics/matrix_product.hpp"

namespace capnode {

struct TransitionRun {
    Verdict verdict = Verdict::no_convergence;  // proved: the end of the last stage was reached
    std::string detail;
    std::size_t stages = 0;                     // completed
    double reached = 0.0;                       // time within the first stage that was not completed
    std::size_t steps = 0;                      // of all stages
    std::vector<std::vector<Interval>> states;  // at the start and after each completed stage
};

/// Calls take(stage, factor) for every step, in order; factors are dim x dim, by the initial point. `options`: order,
/// tolerance, max_steps, max_seconds, interrupted, progress.
TransitionRun transitions(const std::vector<FlowLayer>& stages, const InitialSet& start, const FlowOptions& options,
                          const std::function<void(std::size_t, MatrixSet&&)>& take);

}  // namespace capnode
