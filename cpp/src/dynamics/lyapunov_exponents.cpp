#include "capnode/dynamics/lyapunov_exponents.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "capnode/field/divergence.hpp"
#include "capnode/field/evaluate.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/flow/transitions.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/log_determinant.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode {

// What the theorem is made of: the one place where it is declared proved.
struct ExponentsTheorem {
    struct Parts {
        ProductExponents product;
        Interval time;     // |t|
        Interval reached;  // what the factors cover, against the time asked for
        Interval asked;
        double rest = 0.0;                    // |Y / (product of the factors) - I|
        std::optional<Interval> determinant;  // log |det Y| the second way
    };

    static Result<FiniteTimeExponents> prove(const Parts& parts) {
        const ProductExponents& p = parts.product;
        std::vector<Evidence> evidence;
        const auto check = [&](const char* name, double left, const char* relation, double right) {
            const bool holds = relation[1] == '\0' ? left < right : left <= right;
            evidence.push_back({name, left, left, relation, right, right, holds});
        };
        evidence.push_back({"time covered by the steps", parts.reached.lo, parts.reached.hi, "meets", parts.asked.lo,
                            parts.asked.hi, !disjoint(parts.reached, parts.asked)});
        check("rest of time against the steps |Y P^-1 - I|", parts.rest, "<", 0.5);
        check("frames inverted |Z S - I|", p.frame_defect, "<", 0.5);
        check("directions told apart |K|", p.remainder, "<=", 0.25);
        check("error carried to the end |l|", p.lower, "<=", 0.0625);
        check("error carried to the start |w|", p.upper, "<=", 0.125);
        const auto failed = [](const Evidence& e) { return !e.holds; };
        if (!p.proved || std::any_of(evidence.begin(), evidence.end(), failed)) {
            const Verdict verdict = p.stopped    ? Verdict::interrupted
                                    : p.singular ? Verdict::singular
                                                 : Verdict::too_wide;
            return Result<FiniteTimeExponents>::not_proved(verdict, p.reason, std::move(evidence));
        }
        // sigma((I + E) P) lies within factors 1 - |E|, 1 + |E| of sigma(P), and so does R_ii.
        const Interval rest = apply(Function::log, Interval(1.0) + Interval(-parts.rest, parts.rest));
        FiniteTimeExponents value;
        value.time = parts.time;
        Interval sum(0.0);
        for (const Interval& log : p.log) {
            value.exponents.push_back((log + rest) / parts.time);
            sum += value.exponents.back();
        }
        if (parts.determinant) {
            const Interval second =
                (*parts.determinant + Interval(static_cast<double>(p.log.size())) * rest) / parts.time;
            const std::optional<Interval> both = intersect(sum, second);
            if (!both) {
                throw InternalError("the sum of the exponents " + number_text(sum, 17) +
                                    " and the integral of the divergence " + number_text(second, 17) + " do not meet");
            }
            value.sum = *both;
            evidence.push_back(
                {"sum of the exponents against Liouville", sum.lo, sum.hi, "meets", second.lo, second.hi, true});
        }
        return Result<FiniteTimeExponents>::make_proved(std::move(value), std::move(evidence));
    }
};

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

void check_requests(const std::vector<ExponentsRequest>& requests, std::size_t stages) {
    if (requests.empty()) throw std::invalid_argument("there are 0 times at which exponents are wanted");
    std::size_t last = 0;
    for (const ExponentsRequest& r : requests) {
        if (r.stages <= last || r.stages > stages) {
            throw std::invalid_argument("exponents are asked for after " + std::to_string(r.stages) + " of " +
                                        std::to_string(stages) + " stages, in ascending order from 1");
        }
        last = r.stages;
        if (contains_zero(r.time) || !is_bounded(r.time))
            throw std::invalid_argument("exponents are asked for at a time that may be 0, or is not finite");
    }
}

// |Phi - I|_2 for the flow over the rest of time, |rest| <= d: on the box B about x with |d| sup |f| inside, |Phi - I|
// <= exp(|d| sup_B |f_x|_F) - 1 <= 2 |d| sup_B |f_x|_F where that is at most 1.
double rest_of_time(const Field& field, const std::vector<Interval>& x, const std::vector<Interval>& p, Interval t,
                    const Interval& rest) {
    const double d = magnitude(rest);
    if (d == 0.0) return 0.0;
    if (!(d < infinity)) return infinity;
    const std::size_t n = x.size();
    BallMatrix box(n, 1);
    BallMatrix parameter(p.size(), 1);
    std::vector<Interval> wide;
    std::vector<double> room(n);
    for (std::size_t i = 0; i < n; ++i) {
        room[i] = 1e-8 * std::fmax(1.0, magnitude(x[i]));
        wide.push_back(widen(x[i], room[i]));
        const Ball b = to_ball(wide.back());
        box.mid(i, 0) = b.mid;
        box.rad(i, 0) = b.rad;
    }
    for (std::size_t j = 0; j < p.size(); ++j) {
        const Ball b = to_ball(p[j]);
        parameter.mid(j, 0) = b.mid;
        parameter.rad(j, 0) = b.rad;
    }
    const Interval when = widen(t, d);
    const std::vector<Interval> f = evaluate(field, wide, p, when);
    for (std::size_t i = 0; i < n; ++i) {
        if (!(multiply_up(d, magnitude(f[i])) < room[i])) return infinity;
    }
    const BallJacobian J = jacobian(field, box, parameter, to_ball(when));
    double sum = 0.0;
    for (const double m : magnitude(J.dx).data) sum = add_up(sum, multiply_up(m, m));
    const double exponent = multiply_up(d, sqrt_up(sum));
    return exponent <= 1.0 ? 2.0 * exponent : infinity;
}

// What stopped a run, as a verdict about exponents: a trajectory that outgrows every step is lost.
Verdict verdict_of(Verdict run) { return run == Verdict::unbounded ? Verdict::lost : run; }

// log |det Y| after each stage, by the augmented field; as far as its own run got.
std::vector<Interval> divergence_integrals(const std::vector<FlowLayer>& stages, const InitialSet& start,
                                           FlowOptions options) {
    const std::size_t n = start.centre.size();
    // Large systems go by norms: there the gradient of the divergence should not rule the growth of everything else.
    const double factor = n < 16 ? 1.0 : 0x1p-10;
    std::vector<FlowLayer> augmented;
    for (std::size_t k = 0; k < stages.size(); ++k) {
        const bool same = k > 0 && stages[k].field == stages[k - 1].field;
        augmented.push_back(
            {same ? augmented.back().field : with_divergence(stages[k].field, factor), stages[k].duration});
    }
    InitialSet set = start;
    set.centre.push_back(0.0);
    if (!start.radii.empty()) {
        Matrix d(n + 1, start.directions.cols);
        for (std::size_t i = 0; i < n; ++i) std::copy_n(start.directions.row(i), d.cols, d.row(i));
        set.directions = std::move(d);
    } else {
        set.directions = Matrix();
    }
    options.dense = false;
    options.derivative = false;
    const LayeredResult run = integrate_layers(augmented, {set}, options).front();
    std::vector<Interval> integrals;
    for (const FlowResult& r : run) {
        if (r.verdict != Verdict::proved) break;
        integrals.push_back(r.final[n] / Interval(factor));
    }
    return integrals;
}

}  // namespace

ExponentsRun lyapunov_exponents(const std::vector<FlowLayer>& stages, const std::vector<ExponentsRequest>& requests,
                                const InitialSet& start, const ExponentsOptions& options) {
    check_requests(requests, stages.size());
    const auto begin = Clock::now();
    std::vector<MatrixSet> factors;
    std::vector<std::size_t> count(stages.size(), 0);  // factors up to the end of each stage
    FlowOptions flow = options.flow;
    const auto progress = options.flow.progress;
    if (progress) flow.progress = [&](double share) { progress(0.4 * share); };
    const TransitionRun run = transitions(stages, start, flow, [&](std::size_t k, MatrixSet&& factor) {
        factors.push_back(std::move(factor));
        count[k] = factors.size();
    });
    std::vector<Interval> integrals;
    if (options.sum && run.stages > 0) {
        const std::vector<FlowLayer> done(stages.begin(), stages.begin() + static_cast<std::ptrdiff_t>(run.stages));
        flow.max_seconds = options.flow.max_seconds - seconds_since(begin);
        if (progress) flow.progress = [&](double share) { progress(0.4 + 0.3 * share); };
        if (flow.max_seconds > 0.0) integrals = divergence_integrals(done, start, flow);
    }
    ExponentsRun answer;
    answer.steps = run.steps;
    answer.final = run.states.back();
    std::vector<Interval> elapsed{Interval(0.0)};
    for (const FlowLayer& stage : stages) elapsed.push_back(elapsed.back() + Interval(stage.duration));
    answer.reached = midpoint(elapsed[run.stages]) + (run.stages < stages.size() ? run.reached : 0.0);
    const auto interrupted = [&] {
        return (options.flow.interrupted && options.flow.interrupted()) ||
               seconds_since(begin) > options.flow.max_seconds;
    };
    for (const ExponentsRequest& request : requests) {
        const std::size_t k = request.stages;
        if (k > run.stages) {
            answer.at.push_back(Result<FiniteTimeExponents>::not_proved(
                verdict_of(run.verdict),
                run.detail + "; the trajectory is proved up to t - t0 = " + number_text(answer.reached) + " of " +
                    number_text(midpoint(request.time)),
                {{"time covered by the steps", answer.reached, answer.reached, "meets", request.time.lo,
                  request.time.hi, false}}));
            continue;
        }
        ExponentsTheorem::Parts parts;
        parts.time = abs(request.time);
        parts.asked = request.time;
        const Interval rest = request.time - elapsed[k];
        const Interval t = start.t0 + elapsed[k];
        // The rest may lie on either side of the end of the stage: under its field or under the next one.
        for (std::size_t side = k - 1; side <= k && side < stages.size(); ++side) {
            if (side == k && stages[k].field == stages[k - 1].field) continue;
            parts.rest =
                std::fmax(parts.rest, rest_of_time(stages[side].field, run.states[k], start.parameter, t, rest));
        }
        parts.reached = hull(elapsed[k], parts.rest < 0.5 ? elapsed[k] + rest : elapsed[k]);
        parts.product = product_exponents(factors, count[k - 1], options.kind, interrupted);
        if (k <= integrals.size()) parts.determinant = integrals[k - 1];
        answer.at.push_back(ExponentsTheorem::prove(parts));
        if (progress)
            progress(0.7 + 0.3 * static_cast<double>(answer.at.size()) / static_cast<double>(requests.size()));
    }
    return answer;
}

ExponentsRun lyapunov_exponents(const std::vector<IterationStage>& stages,
                                const std::vector<ExponentsRequest>& requests, const InitialSet& start,
                                const ExponentsOptions& options) {
    std::size_t total = 0;
    for (const IterationStage& stage : stages) total += stage.steps;
    check_requests(requests, total);
    const auto begin = Clock::now();
    const std::size_t dim = start.centre.size();
    const std::size_t rows = dim + start.parameter.size();
    std::vector<MatrixSet> factors;
    std::vector<Interval> determinants{Interval(0.0)};  // as far as they are known
    IterationOptions iteration;
    iteration.max_seconds = options.flow.max_seconds;
    iteration.interrupted = options.flow.interrupted;
    if (options.flow.progress) iteration.progress = [&](double share) { options.flow.progress(0.6 * share); };
    iteration.transition = [&](const double* mid, const double* rad) {
        MatrixSet factor{Matrix(dim, dim), Matrix(dim, dim), 0.0};
        for (std::size_t i = 0; i < dim; ++i) {
            std::copy_n(mid + i * rows, dim, factor.mid.row(i));
            std::copy_n(rad + i * rows, dim, factor.rad.row(i));
        }
        if (options.sum && determinants.size() == factors.size() + 1) {
            if (const auto log = log_determinant(factor)) determinants.push_back(determinants.back() + *log);
        }
        factors.push_back(std::move(factor));
    };
    const IterationResult run = iterate(stages, {start}, iteration).front();
    ExponentsRun answer;
    answer.steps = run.steps;
    answer.reached = static_cast<double>(run.steps);
    answer.final = run.final;
    const auto interrupted = [&] {
        return (options.flow.interrupted && options.flow.interrupted()) ||
               seconds_since(begin) > options.flow.max_seconds;
    };
    for (const ExponentsRequest& request : requests) {
        const auto asked = static_cast<double>(request.stages);
        if (request.stages > run.steps) {
            answer.at.push_back(Result<FiniteTimeExponents>::not_proved(
                verdict_of(run.verdict),
                run.detail + "; the orbit is proved for " + std::to_string(run.steps) + " of " +
                    std::to_string(request.stages) + " steps",
                {{"time covered by the steps", answer.reached, answer.reached, "meets", asked, asked, false}}));
            continue;
        }
        ExponentsTheorem::Parts parts;
        parts.time = abs(request.time);
        parts.asked = Interval(asked);
        parts.reached = Interval(answer.reached < asked ? answer.reached : asked);
        parts.product = product_exponents(factors, request.stages, options.kind, interrupted);
        if (request.stages < determinants.size()) parts.determinant = determinants[request.stages];
        answer.at.push_back(ExponentsTheorem::prove(parts));
        if (options.flow.progress) {
            options.flow.progress(0.6 +
                                  0.4 * static_cast<double>(answer.at.size()) / static_cast<double>(requests.size()));
        }
    }
    return answer;
}

}  // namespace capnode
