#include "capnode/flow/flow.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "capnode/numerics/worker_threads.hpp"
#include "dealt_out.hpp"
#include "flow_lane.hpp"
#include "lane_group.hpp"
#include "lanes_check.hpp"

namespace capnode {

void check_set(const char* what, std::size_t dim, std::size_t parameter_dim, const InitialSet& start) {
    const auto size = [&](const char* of, std::size_t got, std::size_t want) {
        if (got != want) {
            throw std::invalid_argument(std::string(of) + " has " + std::to_string(got) + " entries, the " + what +
                                        " needs " + std::to_string(want));
        }
    };
    size("the initial point", start.centre.size(), dim);
    size("the parameter", start.parameter.size(), parameter_dim);
    if (!start.radii.empty()) size("each direction of the initial set", start.directions.rows, dim);
    size("the radii of the initial set", start.radii.size(), start.directions.cols);
    for (const double x : start.centre) {
        if (!std::isfinite(x)) throw std::invalid_argument("the initial point has an entry that is not finite");
    }
    for (const double r : start.radii) {
        if (!(r >= 0.0) || !std::isfinite(r))
            throw std::invalid_argument("a radius of the initial set is negative or not finite");
    }
    for (const Interval& p : start.parameter) {
        if (!is_bounded(p)) throw std::invalid_argument("a parameter interval is not bounded");
    }
    for (const double x : start.directions.data) {
        if (!std::isfinite(x))
            throw std::invalid_argument("a direction of the initial set has an entry that is not finite");
    }
    if (!is_bounded(start.t0)) throw std::invalid_argument("the times must be finite");
}

void check_initial_set(const Field& field, const InitialSet& start, double duration) {
    check_set("field", field.dim(), field.parameter_dim(), start);
    if (!std::isfinite(duration)) throw std::invalid_argument("the times must be finite");
}

void check_lanes(const Field& field, const std::vector<InitialSet>& starts, const std::vector<double>& durations,
                 const FlowOptions& options) {
    if (starts.size() != durations.size()) {
        throw std::invalid_argument(std::to_string(starts.size()) + " initial sets, but " +
                                    std::to_string(durations.size()) + " durations");
    }
    check_flow_options(options);
    for (std::size_t i = 0; i < starts.size(); ++i) check_initial_set(field, starts[i], durations[i]);
}

void check_flow_options(const FlowOptions& options) {
    if (!(options.tolerance > 0.0)) throw std::invalid_argument("the tolerance must be positive");
    if (options.order != 0 && (options.order < 3 || options.order > 60)) {
        throw std::invalid_argument("the order must lie between 3 and 60, not " + std::to_string(options.order));
    }
}

namespace {

FlowResult finish(const FlowLane& lane, const Field& field, Verdict verdict, std::string detail,
                  const FlowOptions& options) {
    FlowResult result;
    result.verdict = verdict;
    result.detail = std::move(detail);
    result.reached = lane.elapsed();
    result.steps = lane.steps;
    result.final = lane.enclosure(field.dim());
    if (options.derivative) {
        result.derivative = lane.derivative(field.dim());
        result.parameter_derivative = lane.derivative(field.dim(), field.dim(), field.parameter_dim());
    }
    if (options.linear_part) result.linear = lane.linear_part(field.dim());
    if (options.affine_form) result.affine = lane.affine_form(field.dim());
    return result;
}

}  // namespace

namespace {

// The starts one after another through one group of lanes.
std::vector<FlowResult> integrate_share(const Field& field, const std::vector<InitialSet>& starts,
                                        const std::vector<double>& durations, const FlowOptions& options) {
    const auto program = shared_program(field);
    const std::size_t order = LaneGroup::order_for(program->rows(), options.order);
    const std::size_t width = starts.size() >= 4 && program->rows() <= 32 ? 8 : 1;
    const bool tube = std::all_of(starts.begin(), starts.end(), FlowLane::is_point);
    LaneGroup group(program, width, order, tube, options);
    group.use_threads(width == 1 ? threads_of(options) : 1);

    std::vector<FlowResult> results(starts.size());
    std::vector<std::unique_ptr<FlowLane>> running(width);
    std::vector<std::size_t> index(width, 0);
    std::vector<std::vector<FlowStep>> history(width);
    std::vector<std::vector<Interval>> initial(width);
    std::size_t finished = 0;
    std::size_t next = 0;
    const auto begin = std::chrono::steady_clock::now();
    const auto close = [&](std::size_t l, Verdict verdict, const std::string& detail) {
        results[index[l]] = finish(*running[l], field, verdict, detail, options);
        results[index[l]].trajectory = std::move(history[l]);
        results[index[l]].initial = std::move(initial[l]);
        history[l].clear();
        ++finished;
        running[l].reset();
        group.lanes()[l] = nullptr;
    };
    const auto out_of_time = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() > options.max_seconds;
    };
    group.stop_when([&] { return (options.interrupted && options.interrupted()) || out_of_time(); });
    for (;;) {
        bool any = false;
        for (std::size_t l = 0; l < width; ++l) {
            while (!running[l] && next < starts.size()) {
                running[l] = std::make_unique<FlowLane>(*program, starts[next], durations[next], options.derivative,
                                                        group.in_tube_mode());
                index[l] = next++;
                group.lanes()[l] = running[l].get();
                initial[l] = running[l]->enclosure(field.dim());
                if (durations[index[l]] == 0.0) close(l, Verdict::proved, "");
            }
            any = any || running[l];
        }
        if (!any) return results;
        const bool stop = options.interrupted && options.interrupted();
        if (stop || out_of_time()) {
            for (std::size_t l = 0; l < width; ++l) {
                if (running[l])
                    close(l, Verdict::interrupted, stop ? "stopped by the caller" : "the time budget is used up");
            }
            for (; next < starts.size(); ++next) {
                const FlowLane lane(*program, starts[next], durations[next], options.derivative, false);
                results[next] = finish(lane, field, Verdict::interrupted, "not started", options);
                results[next].initial = results[next].final;
            }
            return results;
        }
        if (options.progress) {
            double done = static_cast<double>(finished);
            for (const auto& lane : running) {
                if (lane) done += lane->elapsed() / lane->duration();
            }
            options.progress(done / static_cast<double>(starts.size()));
        }
        if (!group.step()) continue;  // asked to stop: the next look at it answers
        for (std::size_t l = 0; l < width; ++l) {
            if (!running[l]) continue;
            if (group.failure(l)) {
                close(l, Verdict::unbounded, group.failure(l));
                continue;
            }
            if (options.dense) {
                history[l].push_back(group.record(l, field.dim(), running[l]->elapsed()));
                history[l].back().end = running[l]->enclosure(field.dim());
            }
            if (running[l]->remaining() == 0.0) {
                close(l, Verdict::proved, "");
            } else if (running[l]->steps >= options.max_steps) {
                close(l, Verdict::too_wide, "the step limit of " + std::to_string(options.max_steps) + " is reached");
            }
        }
    }
}

// An equal share of the starts for each thread; the calling one alone reports.
std::vector<FlowResult> integrate_shares(const Field& field, const std::vector<InitialSet>& starts,
                                         const std::vector<double>& durations, const FlowOptions& options,
                                         std::size_t threads) {
    return in_blocks<FlowResult>(starts.size(), threads, options,
                                 [&](std::ptrdiff_t from, std::ptrdiff_t to, const FlowOptions& own) {
                                     return integrate_share(field, {starts.begin() + from, starts.begin() + to},
                                                            {durations.begin() + from, durations.begin() + to}, own);
                                 });
}

}  // namespace

std::vector<FlowResult> integrate_lanes(const Field& field, const std::vector<InitialSet>& starts,
                                        const std::vector<double>& durations, const FlowOptions& options) {
    check_lanes(field, starts, durations, options);
    const std::size_t threads = std::min(threads_of(options), starts.size() / 8);  // at least a group of lanes each
    return threads <= 1 ? integrate_share(field, starts, durations, options)
                        : integrate_shares(field, starts, durations, options, threads);
}

FlowResult integrate(const Field& field, const InitialSet& start, double duration, const FlowOptions& options) {
    return integrate_lanes(field, {start}, {duration}, options).front();
}

}  // namespace capnode
