#include "capnode/flow/transitions.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>

#include "flow_lane.hpp"
#include "lane_group.hpp"

namespace capnode {
namespace {

// The block of the state: parameters and time are constant, so that the rows of Phi below are those of I and the
// product of blocks is the block of the product.
MatrixSet state_block(const FlowLane::Step& step, std::size_t n, std::size_t dim) {
    MatrixSet factor;
    factor.mid = Matrix(dim, dim);
    for (std::size_t i = 0; i < dim; ++i) std::copy_n(step.phi + i * n, dim, factor.mid.row(i));
    if (step.by_norm) {
        factor.norm = step.phi_norm;
    } else {
        factor.rad = Matrix(dim, dim);
        for (std::size_t i = 0; i < dim; ++i) std::copy_n(step.phi_error + i * n, dim, factor.rad.row(i));
    }
    return factor;
}

}  // namespace

TransitionRun transitions(const std::vector<FlowLayer>& stages, const InitialSet& start, const FlowOptions& options,
                          const std::function<void(std::size_t, MatrixSet&&)>& take) {
    check_layers(stages);
    check_flow_options(options);
    check_initial_set(stages.front().field, start, stages.front().duration);
    const bool time =
        std::any_of(stages.begin(), stages.end(), [](const FlowLayer& s) { return s.field.depends_on_time(); });
    FlowOptions own = options;
    own.derivative = true;  // tangents to full degree
    const std::size_t dim = stages.front().field.dim();
    double total = 0.0;
    for (const FlowLayer& stage : stages) total += std::fabs(stage.duration);

    TransitionRun run;
    std::unique_ptr<FlowLane> lane;
    std::unique_ptr<LaneGroup> group;
    std::shared_ptr<const TaylorProgram> program;
    const auto begin = std::chrono::steady_clock::now();
    double done = 0.0;
    for (std::size_t k = 0; k < stages.size(); ++k) {
        if (k == 0 || !(stages[k].field == stages[k - 1].field)) {
            program = std::make_shared<const TaylorProgram>(taylor_program(stages[k].field, time));
            group = std::make_unique<LaneGroup>(program, 1, LaneGroup::order_for(program->rows(), options.order), false,
                                                own);
        }
        if (!lane) {
            lane = std::make_unique<FlowLane>(*program, start, stages[k].duration, false, false);
            run.states.push_back(lane->enclosure(dim));
        } else {
            lane->begin_stage(stages[k].duration);
        }
        group->lanes()[0] = lane.get();
        group->stop_when([&] {
            return (options.interrupted && options.interrupted()) ||
                   std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() >
                       options.max_seconds;
        });
        const auto stop = [&](Verdict verdict, std::string detail) {
            run.verdict = verdict;
            run.detail = std::move(detail);
            run.reached = lane->elapsed();
            run.steps = lane->steps;
        };
        while (lane->remaining() != 0.0) {
            if (options.interrupted && options.interrupted()) {
                stop(Verdict::interrupted, "stopped by the caller");
                return run;
            }
            if (std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() > options.max_seconds) {
                stop(Verdict::interrupted, "the time budget is used up");
                return run;
            }
            if (lane->steps >= options.max_steps) {
                stop(Verdict::too_wide, "the step limit of " + std::to_string(options.max_steps) + " is reached");
                return run;
            }
            if (options.progress) options.progress((done + std::fabs(lane->elapsed())) / total);
            if (!group->step()) continue;  // stopped on the way: the reason is found above
            if (group->failure(0)) {
                stop(Verdict::unbounded, group->failure(0));
                return run;
            }
            take(k, state_block(group->taken(), program->rows(), dim));
        }
        done += std::fabs(stages[k].duration);
        run.states.push_back(lane->enclosure(dim));
        ++run.stages;
    }
    run.verdict = Verdict::proved;
    run.steps = lane->steps;
    return run;
}

}  // namespace capnode
