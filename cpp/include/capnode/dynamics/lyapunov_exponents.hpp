// Finite-time Lyapunov exponents.
//
// Theorem. For every initial point of the set (every parameter in its interval, every weight within the weight radius)
// let Y be the derivative of the flow, or of the iterates of a map, over the time t by the initial point. Then
//     singular   (1/|t|) log sigma_i(Y), sigma_1 >= ... >= sigma_n the singular values of Y, lies in exponents[i];
//     qr         (1/|t|) log R_ii, Y = Q R with R_ii > 0, lies in exponents[i]: the volume growth of the first i
//                coordinate directions against that of the first i - 1. Not the same numbers.
// `sum` holds their sum, (1/|t|) log |det Y| = (1/|t|) integral of tr f_x along the solution (Liouville): computed a
// second time from the field itself, with no derivative of the flow in it, and required to meet the sum of the
// exponents; an empty intersection is an InternalError. For maps the second way is one determinant a step.
//
// Method. Y = Phi_N ... Phi_1, the factors from the validated steps (flow/transitions.hpp), the product never formed
// (numerics/matrix_product.hpp). Times that are not a sum of doubles: the rest d of time, a rounding error, multiplies
// Y by a matrix within exp(|d| sup |f_x|) - 1 of I.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "capnode/flow/discrete_map.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/flow/layered_flow.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix_product.hpp"
#include "capnode/proof/verdict.hpp"

namespace capnode {

struct ExponentsTheorem;

struct FiniteTimeExponents {
    using Theorem = ExponentsTheorem;

    Interval time;  // |t|
    std::vector<Interval> exponents;
    std::optional<Interval> sum;  // nothing where it was not asked for, or its own run did not arrive
};

/// The exponents are asked for after `stages` stages (`steps` steps), at the time `time` from the start, exactly.
struct ExponentsRequest {
    std::size_t stages = 0;
    Interval time;
};

struct ExponentsOptions {
    ProductKind kind = ProductKind::singular;
    bool sum = true;
    FlowOptions flow;  // order, tolerance, max_steps, max_seconds, interrupted, progress
};

struct ExponentsRun {
    std::vector<Result<FiniteTimeExponents>> at;  // one a request
    double reached = 0.0;                         // time that is proved; of maps: steps
    std::size_t steps = 0;
    std::vector<Interval> final;  // the state there
};

/// Stages as in layered_flow.hpp; the requests in ascending order of stages.
ExponentsRun lyapunov_exponents(const std::vector<FlowLayer>& stages, const std::vector<ExponentsRequest>& requests,
                                const InitialSet& start, const ExponentsOptions& options);

/// Of iterates; `stages` of a request counts steps, its time is what the logarithms are divided by.
ExponentsRun lyapunov_exponents(const std::vector<IterationStage>& stages,
                                const std::vector<ExponentsRequest>& requests, const InitialSet& start,
                                const ExponentsOptions& options);

}  // namespace capnode
