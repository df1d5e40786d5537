#include "capnode/flow/set_degree.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <utility>

#include "capnode/flow/spatial_basis.hpp"
#include "capnode/flow/taylor_model_flow.hpp"
#include "dealt_out.hpp"
#include "flow_lane.hpp"
#include "lane_group.hpp"
#include "taylor_model_set.hpp"

namespace capnode {
namespace {

constexpr double nearly_linear = 1.1;  // a linear set may be that many times wider than its linear part
constexpr double enough = 0.05;        // a Taylor model that much wider than its samples, on either side
constexpr double least_gain = 0.7;     // of that, from one degree to the next
constexpr double most_terms = 1000.0;  // of a polynomial
constexpr std::size_t most_rows = 40;  // of the state, parameters and time included
constexpr std::size_t highest_degree = 8;

// How far `final` reaches beyond points of the set, on either side, in parts of their width; the largest over the rows.
double excess(const FlowResult& r) {
    double most = 0.0;
    for (std::size_t i = 0; i < r.final.size(); ++i) {
        const double width = r.linear[i].hi - r.linear[i].lo;
        const double out = std::max(r.linear[i].lo - r.final[i].lo, r.final[i].hi - r.linear[i].hi);
        if (out > 1e-9 * std::max(1.0, magnitude(r.final[i]))) most = std::max(most, out / width);
        if (!(out < infinity)) most = infinity;
    }
    return most;
}

bool reached_further(const LayeredResult& a, const LayeredResult& b) {
    if (a.size() != b.size()) return a.size() > b.size();
    return std::fabs(a.back().reached) > std::fabs(b.back().reached);
}

// One set, whose linear sets did not arrive or became too wide.
class Choice {
  public:
    /// The start of that index.
    using Integrate = std::function<LayeredResult(std::size_t, const FlowOptions&)>;

    Choice(const FlowOptions& options, Integrate linear, Integrate models)
        : options_(options), linear_(std::move(linear)), models_(std::move(models)) {}

    /// What the first run of linear sets may take: they give up where they are no longer nearly linear.
    FlowOptions first() const {
        FlowOptions own = options_;
        own.set_degree = 1;
        own.nonlinear_limit = std::min(options_.nonlinear_limit, nearly_linear);
        return own;
    }
    LayeredResult best(std::size_t index, const InitialSet& start, LayeredResult found_first) const {
        const auto proved = [](const LayeredResult& r) { return r.back().verdict == Verdict::proved; };
        LayeredResult best = std::move(found_first);
        if (best.back().verdict == Verdict::proved || best.back().verdict == Verdict::interrupted) return best;
        FlowOptions own = options_;
        own.linear_part = true;
        double last_excess = infinity;
        const std::size_t m = TaylorModelSet::coordinates(start);
        for (own.set_degree = 2; own.set_degree <= highest_degree; ++own.set_degree) {
            if (SpatialBasis::count(m, own.set_degree) > most_terms) break;
            own.max_seconds = seconds_left();
            LayeredResult found = models_(index, own);
            const bool arrived = proved(found);
            const bool stopped = found.back().verdict == Verdict::interrupted;
            const double now = arrived ? excess(found.back()) : infinity;
            const bool further = reached_further(found, best) || (arrived && !proved(best));
            const bool gains = now < least_gain * last_excess || (!arrived && further);
            if (further || (arrived && now < last_excess)) best = std::move(found);
            if (stopped || now <= enough || !(gains || own.set_degree == 2)) break;
            last_excess = now;
        }
        if (!proved(best)) {
            FlowOptions unlimited = options_;
            unlimited.set_degree = 1;
            unlimited.max_seconds = seconds_left();
            LayeredResult found = linear_(index, unlimited);
            if (reached_further(found, best) || proved(found)) best = std::move(found);
        }
        if (!options_.linear_part) {
            for (FlowResult& r : best) r.linear.clear();
        }
        return best;
    }

  private:
    double seconds_left() const {
        const std::chrono::duration<double> used = std::chrono::steady_clock::now() - begin_;
        return options_.max_seconds - used.count();
    }

    const FlowOptions& options_;
    Integrate linear_, models_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

bool only_linear(const Field& field, bool time, const std::vector<InitialSet>& starts, const FlowOptions& options) {
    const std::size_t rows = field.dim() + field.parameter_dim() + (time ? 1 : 0);
    return options.derivative || rows > most_rows || std::all_of(starts.begin(), starts.end(), FlowLane::is_point);
}

}  // namespace

std::vector<FlowResult> integrate_lanes_by_degree(const Field& field, const std::vector<InitialSet>& starts,
                                                  const std::vector<double>& durations, const FlowOptions& options) {
    if (options.set_degree > 1) return integrate_lanes_taylor_model(field, starts, durations, options);
    if (options.set_degree == 1 || only_linear(field, field.depends_on_time(), starts, options)) {
        FlowOptions own = options;
        own.set_degree = 1;
        return integrate_lanes(field, starts, durations, own);
    }
    const Choice::Integrate linear = [&](std::size_t i, const FlowOptions& own) {
        return LayeredResult{integrate(field, starts[i], durations[i], own)};
    };
    const Choice::Integrate models = [&](std::size_t i, const FlowOptions& own) {
        return LayeredResult{integrate_lanes_taylor_model(field, {starts[i]}, {durations[i]}, own).front()};
    };
    std::vector<FlowResult> results =
        integrate_lanes(field, starts, durations, Choice(options, linear, models).first());
    deal_out(starts.size(), options, [&](std::size_t first, std::size_t stride, const FlowOptions& own) {
        const Choice choice(own, linear, models);
        for (std::size_t i = first; i < starts.size(); i += stride) {
            results[i] = choice.best(i, starts[i], {std::move(results[i])}).front();
        }
    });
    return results;
}

std::vector<LayeredResult> integrate_layers_by_degree(const std::vector<FlowLayer>& layers,
                                                      const std::vector<InitialSet>& starts,
                                                      const FlowOptions& options) {
    if (options.set_degree > 1) return integrate_layers_taylor_model(layers, starts, options);
    const bool time =
        std::any_of(layers.begin(), layers.end(), [](const FlowLayer& layer) { return layer.field.depends_on_time(); });
    if (options.set_degree == 1 || layers.empty() || only_linear(layers.front().field, time, starts, options)) {
        FlowOptions own = options;
        own.set_degree = 1;
        return integrate_layers(layers, starts, own);
    }
    const Choice::Integrate linear = [&](std::size_t i, const FlowOptions& own) {
        return integrate_layers(layers, {starts[i]}, own).front();
    };
    const Choice::Integrate models = [&](std::size_t i, const FlowOptions& own) {
        return integrate_layers_taylor_model(layers, {starts[i]}, own).front();
    };
    std::vector<LayeredResult> results = integrate_layers(layers, starts, Choice(options, linear, models).first());
    deal_out(starts.size(), options, [&](std::size_t first, std::size_t stride, const FlowOptions& own) {
        const Choice choice(own, linear, models);
        for (std::size_t i = first; i < starts.size(); i += stride) {
            results[i] = choice.best(i, starts[i], std::move(results[i]));
        }
    });
    return results;
}

}  // namespace capnode
