#include "capnode/flow/layered_flow.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>

#include "capnode/numerics/number_text.hpp"
#include "dealt_out.hpp"
#include "flow_lane.hpp"
#include "lane_group.hpp"

namespace capnode {
void check_layers(const std::vector<FlowLayer>& layers) {
    if (layers.empty()) throw std::invalid_argument("there are 0 layers");
    const Field& first = layers.front().field;
    for (const FlowLayer& layer : layers) {
        if (layer.field.dim() != first.dim() || layer.field.parameter_dim() != first.parameter_dim()) {
            throw std::invalid_argument("the layers have dimensions " + std::to_string(first.dim()) + " and " +
                                        std::to_string(layer.field.dim()) + ", parameters " +
                                        std::to_string(first.parameter_dim()) + " and " +
                                        std::to_string(layer.field.parameter_dim()));
        }
        const double product = std::copysign(1.0, layer.duration) * std::copysign(1.0, layers.front().duration);
        if (layer.duration == 0.0 || !std::isfinite(layer.duration) || product < 0.0) {
            throw std::invalid_argument("the durations of layers must be finite, not 0 and of one sign; layer " +
                                        std::to_string(&layer - layers.data()) + " has " +
                                        shortest_text(layer.duration) + ", layer 0 has " +
                                        shortest_text(layers.front().duration));
        }
    }
}

std::vector<std::shared_ptr<const TaylorProgram>> layer_programs(const std::vector<FlowLayer>& layers) {
    const bool time =
        std::any_of(layers.begin(), layers.end(), [](const FlowLayer& layer) { return layer.field.depends_on_time(); });
    std::vector<std::shared_ptr<const TaylorProgram>> programs;
    for (const FlowLayer& layer : layers) programs.push_back(shared_program(layer.field, time));
    return programs;
}

namespace {

// Runs the lanes that are still alive through one layer.
class LayerRun {
  public:
    LayerRun(const FlowLayer& layer, std::shared_ptr<const TaylorProgram> program, bool tube,
             std::vector<std::unique_ptr<FlowLane>>& lanes, std::vector<LayeredResult>& results,
             const FlowOptions& options)
        : layer_(layer),
          lanes_(lanes),
          results_(results),
          options_(options),
          width_(lanes.size() >= 4 && program->rows() <= 32 ? 8 : 1),
          group_(program, width_, LaneGroup::order_for(program->rows(), options.order), tube, options),
          slot_(width_, none) {}

    // Stops where `stop()` gives a reason.
    template <class Stop, class Tell>
    void run(Stop stop, Tell tell) {
        group_.stop_when([&] { return stop() != nullptr; });
        for (;;) {
            bool any = false;
            for (std::size_t s = 0; s < width_; ++s) {
                while (slot_[s] == none && next_ < lanes_.size()) enter(s, next_++);
                any = any || slot_[s] != none;
            }
            if (!any) return;
            const char* reason = stop();
            if (reason) {
                for (std::size_t s = 0; s < width_; ++s) {
                    if (slot_[s] != none) leave(s, Verdict::interrupted, reason);
                }
                for (; next_ < lanes_.size(); ++next_) {
                    if (!lanes_[next_]) continue;
                    enter(0, next_);
                    leave(0, Verdict::interrupted, "not started");
                }
                return;
            }
            tell(static_cast<double>(finished_) / static_cast<double>(lanes_.size()));
            if (!group_.step()) continue;  // asked to stop
            for (std::size_t s = 0; s < width_; ++s) {
                if (slot_[s] != none) after_step(s);
            }
        }
    }

  private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    void enter(std::size_t s, std::size_t l) {
        FlowLane* lane = lanes_[l].get();
        if (!lane) return;
        lane->begin_stage(layer_.duration);
        FlowResult result;
        result.initial = lane->enclosure(layer_.field.dim());
        result.steps = lane->steps;  // subtracted on leaving
        results_[l].push_back(std::move(result));
        slot_[s] = l;
        group_.lanes()[s] = lane;
    }

    void after_step(std::size_t s) {
        FlowLane& lane = *lanes_[slot_[s]];
        if (group_.failure(s)) {
            leave(s, Verdict::unbounded, group_.failure(s));
            return;
        }
        if (options_.dense) {
            std::vector<FlowStep>& steps = results_[slot_[s]].back().trajectory;
            steps.push_back(group_.record(s, layer_.field.dim(), lane.elapsed()));
            steps.back().end = lane.enclosure(layer_.field.dim());
        }
        if (lane.remaining() == 0.0) {
            leave(s, Verdict::proved, "");
        } else if (lane.steps >= options_.max_steps) {
            leave(s, Verdict::too_wide, "the step limit of " + std::to_string(options_.max_steps) + " is reached");
        }
    }

    void leave(std::size_t s, Verdict verdict, std::string detail) {
        const std::size_t l = slot_[s];
        const FlowLane& lane = *lanes_[l];
        FlowResult& result = results_[l].back();
        result.verdict = verdict;
        result.detail = std::move(detail);
        result.reached = lane.elapsed();
        result.steps = lane.steps - result.steps;
        result.final = lane.enclosure(layer_.field.dim());
        if (options_.derivative) {
            const std::size_t dim = layer_.field.dim();
            result.derivative = lane.derivative(dim);
            result.parameter_derivative = lane.derivative(dim, dim, layer_.field.parameter_dim());
        }
        if (options_.affine_form) result.affine = lane.affine_form(layer_.field.dim());
        if (verdict != Verdict::proved) lanes_[l].reset();
        slot_[s] = none;
        group_.lanes()[s] = nullptr;
        ++finished_;
    }

    const FlowLayer& layer_;
    std::vector<std::unique_ptr<FlowLane>>& lanes_;
    std::vector<LayeredResult>& results_;
    const FlowOptions& options_;
    std::size_t width_;
    LaneGroup group_;
    std::vector<std::size_t> slot_;
    std::size_t next_ = 0, finished_ = 0;
};

std::vector<LayeredResult> integrate_share(const std::vector<FlowLayer>& layers,
                                           const std::vector<std::shared_ptr<const TaylorProgram>>& programs,
                                           const std::vector<InitialSet>& starts, const FlowOptions& options) {
    const bool points = std::all_of(starts.begin(), starts.end(), FlowLane::is_point);
    const bool tube = points && !options.derivative && LaneGroup::by_norm(programs.front()->rows());
    std::vector<std::unique_ptr<FlowLane>> lanes;
    for (const InitialSet& start : starts) {
        lanes.push_back(
            std::make_unique<FlowLane>(*programs.front(), start, layers.front().duration, options.derivative, tube));
    }
    std::vector<LayeredResult> results(starts.size());
    const auto begin = std::chrono::steady_clock::now();
    const auto stop = [&]() -> const char* {
        if (options.interrupted && options.interrupted()) return "stopped by the caller";
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        return seconds > options.max_seconds ? "the time budget is used up" : nullptr;
    };
    for (std::size_t k = 0; k < layers.size(); ++k) {
        const bool in_tube =
            std::all_of(lanes.begin(), lanes.end(), [](const auto& lane) { return !lane || lane->in_tube(); });
        LayerRun(layers[k], programs[k], in_tube, lanes, results, options).run(stop, [&](double share) {
            if (options.progress)
                options.progress((static_cast<double>(k) + share) / static_cast<double>(layers.size()));
        });
    }
    return results;
}

}  // namespace

std::vector<LayeredResult> integrate_layers(const std::vector<FlowLayer>& layers, const std::vector<InitialSet>& starts,
                                            const FlowOptions& options) {
    check_layers(layers);
    check_flow_options(options);
    for (const InitialSet& start : starts) check_initial_set(layers.front().field, start, layers.front().duration);
    const std::vector<std::shared_ptr<const TaylorProgram>> programs = layer_programs(layers);
    const std::size_t threads = std::min(threads_of(options), starts.size() / 8);  // at least a group of lanes each
    if (threads <= 1) return integrate_share(layers, programs, starts, options);
    return in_blocks<LayeredResult>(
        starts.size(), threads, options, [&](std::ptrdiff_t from, std::ptrdiff_t to, const FlowOptions& own) {
            return integrate_share(layers, programs, {starts.begin() + from, starts.begin() + to}, own);
        });
}

}  // namespace capnode
