#include "capnode/flow/taylor_model_flow.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

#include "dealt_out.hpp"
#include "lane_group.hpp"
#include "lanes_check.hpp"
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

// What all lanes of a call share.
class Run {
  public:
    Run(const FlowOptions& options, std::size_t stages) : options_(options), stages_(static_cast<double>(stages)) {}

    /// The lane through its stage, to the end of that or as far as it goes.
    FlowResult stage(TaylorModelLane& lane, std::size_t dim) {
        const std::size_t before = lane.steps;
        std::vector<Interval> initial = lane.set().enclosure(dim, 0);
        std::vector<FlowStep> history;
        Verdict verdict = Verdict::proved;
        std::string detail;
        while (lane.remaining() != 0.0) {
            if (stopped_.empty() && out_of_budget()) {
                verdict = Verdict::interrupted;
                detail = stopped_;
                break;
            }
            if (!stopped_.empty()) {
                verdict = Verdict::interrupted;
                detail = "not started";
                break;
            }
            if (lane.steps >= options_.max_steps) {
                verdict = Verdict::too_wide;
                detail = "the step limit of " + std::to_string(options_.max_steps) + " is reached";
                break;
            }
            if (options_.progress) options_.progress((done_ + lane.elapsed() / lane.duration()) / stages_);
            const char* failure = lane.step();
            if (!failure) {
                if (options_.dense) {
                    history.push_back(lane.record());
                    history.back().end = lane.set().enclosure(dim, 0);
                }
                failure = lane.hopeless();
            }
            if (failure) {
                verdict = Verdict::unbounded;
                detail = failure;
                break;
            }
        }
        done_ += 1.0;
        FlowResult result = finish(lane, dim, verdict, std::move(detail), options_);
        result.steps = lane.steps - before;
        result.trajectory = std::move(history);
        result.initial = std::move(initial);
        return result;
    }

  private:
    bool out_of_budget() {
        if (options_.interrupted && options_.interrupted()) stopped_ = "stopped by the caller";
        const std::chrono::duration<double> used = std::chrono::steady_clock::now() - begin_;
        if (used.count() > options_.max_seconds) stopped_ = "the time budget is used up";
        return !stopped_.empty();
    }

    const FlowOptions& options_;
    double stages_, done_ = 0.0;
    std::string stopped_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

void check_degree(const FlowOptions& options) {
    if (options.derivative) throw std::invalid_argument("Taylor models carry no derivative: take set_degree 1");
    if (options.set_degree < 2) {
        throw std::invalid_argument("the degree of a Taylor model must be at least 2, not " +
                                    std::to_string(options.set_degree));
    }
}

}  // namespace

std::vector<FlowResult> integrate_lanes_taylor_model(const Field& field, const std::vector<InitialSet>& starts,
                                                     const std::vector<double>& durations, const FlowOptions& options) {
    check_lanes(field, starts, durations, options);
    check_degree(options);
    const auto program = shared_program(field);
    std::vector<FlowResult> results(starts.size());
    deal_out(starts.size(), options, [&](std::size_t first, std::size_t stride, const FlowOptions& own) {
        Run run(own, (starts.size() - first + stride - 1) / stride);
        for (std::size_t i = first; i < starts.size(); i += stride) {
            TaylorModelLane lane(program, starts[i], durations[i], own);
            results[i] = run.stage(lane, field.dim());
        }
    });
    return results;
}

std::vector<LayeredResult> integrate_layers_taylor_model(const std::vector<FlowLayer>& layers,
                                                         const std::vector<InitialSet>& starts,
                                                         const FlowOptions& options) {
    check_layers(layers);
    check_flow_options(options);
    for (const InitialSet& start : starts) check_initial_set(layers.front().field, start, layers.front().duration);
    check_degree(options);
    const std::vector<std::shared_ptr<const TaylorProgram>> programs = layer_programs(layers);
    std::vector<LayeredResult> results(starts.size());
    deal_out(starts.size(), options, [&](std::size_t first, std::size_t stride, const FlowOptions& own) {
        Run run(own, (starts.size() - first + stride - 1) / stride * layers.size());
        for (std::size_t i = first; i < starts.size(); i += stride) {
            TaylorModelLane lane(programs.front(), starts[i], layers.front().duration, own);
            for (std::size_t k = 0; k < layers.size(); ++k) {
                if (k > 0) lane.begin_stage(programs[k], layers[k].duration);
                double later = 0.0;
                for (std::size_t q = k + 1; q < layers.size(); ++q) later += layers[q].duration;
                lane.expect_later(later);
                results[i].push_back(run.stage(lane, layers[k].field.dim()));
                if (results[i].back().verdict != Verdict::proved) break;
            }
        }
    });
    return results;
}

}  // namespace capnode
