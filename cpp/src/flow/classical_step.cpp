#include "capnode/flow/classical_step.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

#include "classical_lane.hpp"
#include "lane_group.hpp"
#include "lanes_check.hpp"

namespace capnode {
namespace {

FlowResult finish(const ClassicalLane& lane, Verdict verdict, std::string detail) {
    FlowResult result;
    result.verdict = verdict;
    result.detail = std::move(detail);
    result.reached = lane.elapsed();
    result.steps = lane.steps;
    result.final = lane.enclosure();
    result.derivative = lane.derivative();
    return result;
}

}  // namespace

std::vector<FlowResult> integrate_lanes_classical(const Field& field, const std::vector<InitialSet>& starts,
                                                  const std::vector<double>& durations, const FlowOptions& options) {
    check_lanes(field, starts, durations, options);
    const auto begin = std::chrono::steady_clock::now();
    std::vector<FlowResult> results;
    const auto share = [&](const ClassicalLane& lane, double duration) {
        const double part = duration == 0.0 ? 1.0 : lane.elapsed() / duration;
        return (static_cast<double>(results.size()) + part) / static_cast<double>(starts.size());
    };
    std::string stopped;
    for (std::size_t i = 0; i < starts.size(); ++i) {
        ClassicalLane lane(field, starts[i], durations[i], options);
        std::vector<Interval> initial = lane.enclosure();
        std::vector<FlowStep> history;
        Verdict verdict = Verdict::proved;
        std::string detail;
        while (lane.remaining() != 0.0) {
            if (!stopped.empty()) {
                verdict = Verdict::interrupted;
                detail = "not started";
                break;
            }
            if (options.interrupted && options.interrupted()) stopped = "stopped by the caller";
            if (std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() > options.max_seconds) {
                stopped = "the time budget is used up";
            }
            if (!stopped.empty()) {
                verdict = Verdict::interrupted;
                detail = stopped;
                break;
            }
            if (lane.steps >= options.max_steps) {
                verdict = Verdict::too_wide;
                detail = "the step limit of " + std::to_string(options.max_steps) + " is reached";
                break;
            }
            if (options.progress) options.progress(share(lane, durations[i]));
            if (const char* failure = lane.step()) {
                verdict = Verdict::unbounded;
                detail = failure;
                break;
            }
            if (options.dense) {
                history.push_back(lane.record());
                history.back().end = lane.enclosure();
            }
        }
        results.push_back(finish(lane, verdict, std::move(detail)));
        results.back().trajectory = std::move(history);
        results.back().initial = std::move(initial);
    }
    return results;
}

}  // namespace capnode
