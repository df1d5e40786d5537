#include "capnode/flow/taylor_model_flow.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

#include "lane_group.hpp"
#include "taylor_model_lane.hpp"

namespace capnode {
namespace {

constexpr std::size_t final_budget = 200;

FlowResult finish(const TaylorModelLane& lane, std::size_t dim, Verdict verdict, std::string detail,
                  const FlowOptions& options) {
    FlowResult result;
    result.verdict = verdict;
    result.detail = std::move(detail);
    result.reached = lane.elapsed();
    result.steps = lane.steps;
    result.set_degree = options.set_degree;
    result.final = lane.set().enclosure(dim, options.affine_form ? 0 : final_budget);
    if (options.affine_form) result.affine = lane.set().affine_form(dim);
    if (options.linear_part) result.linear = lane.set().samples(dim);
    return result;
}

}  // namespace

std::vector<FlowResult> integrate_lanes_taylor_model(const Field& field, const std::vector<InitialSet>& starts,
                                                     const std::vector<double>& durations, const FlowOptions& options) {
    if (starts.size() != durations.size()) {
        throw std::invalid_argument(std::to_string(starts.size()) + " initial sets, but " +
                                    std::to_string(durations.size()) + " durations");
    }
    check_flow_options(options);
    for (std::size_t i = 0; i < starts.size(); ++i) check_initial_set(field, starts[i], durations[i]);
    if (options.derivative) throw std::invalid_argument("Taylor models carry no derivative: take set_degree 1");
    if (options.set_degree < 2) {
        throw std::invalid_argument("the degree of a Taylor model must be at least 2, not " +
                                    std::to_string(options.set_degree));
    }
    const auto program = std::make_shared<const TaylorProgram>(taylor_program(field));
    const auto begin = std::chrono::steady_clock::now();
    std::vector<FlowResult> results;
    std::string stopped;
    for (std::size_t i = 0; i < starts.size(); ++i) {
        TaylorModelLane lane(program, starts[i], durations[i], options);
        std::vector<Interval> initial = lane.set().enclosure(field.dim(), 0);
        std::vector<FlowStep> history;
        Verdict verdict = Verdict::proved;
        std::string detail;
        while (lane.remaining() != 0.0) {
            const bool untouched = !stopped.empty();
            if (options.interrupted && options.interrupted()) stopped = "stopped by the caller";
            if (std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() > options.max_seconds) {
                stopped = "the time budget is used up";
            }
            if (!stopped.empty()) {
                verdict = Verdict::interrupted;
                detail = untouched ? "not started" : stopped;
                break;
            }
            if (lane.steps >= options.max_steps) {
                verdict = Verdict::too_wide;
                detail = "the step limit of " + std::to_string(options.max_steps) + " is reached";
                break;
            }
            if (options.progress) {
                const double part = lane.elapsed() / lane.duration();
                options.progress((static_cast<double>(i) + part) / static_cast<double>(starts.size()));
            }
            if (const char* failure = lane.step()) {
                verdict = Verdict::unbounded;
                detail = failure;
                break;
            }
            if (options.dense) {
                history.push_back(lane.record());
                history.back().end = lane.set().enclosure(field.dim(), 0);
            }
            if (const char* failure = lane.hopeless()) {
                verdict = Verdict::unbounded;
                detail = failure;
                break;
            }
        }
        results.push_back(finish(lane, field.dim(), verdict, std::move(detail), options));
        results.back().trajectory = std::move(history);
        results.back().initial = std::move(initial);
    }
    return results;
}

}  // namespace capnode
