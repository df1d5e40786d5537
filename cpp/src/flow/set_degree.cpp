#include "capnode/flow/set_degree.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <string>

#include "capnode/flow/spatial_basis.hpp"
#include "capnode/flow/taylor_model_flow.hpp"
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

bool reached_further(const FlowResult& a, const FlowResult& b) { return std::fabs(a.reached) > std::fabs(b.reached); }

}  // namespace

std::vector<FlowResult> integrate_lanes_by_degree(const Field& field, const std::vector<InitialSet>& starts,
                                                  const std::vector<double>& durations, const FlowOptions& options) {
    if (options.set_degree == 1) return integrate_lanes(field, starts, durations, options);
    if (options.set_degree > 1) return integrate_lanes_taylor_model(field, starts, durations, options);
    const auto begin = std::chrono::steady_clock::now();
    FlowOptions linear = options;
    linear.set_degree = 1;
    const std::size_t rows = field.dim() + field.parameter_dim() + (field.depends_on_time() ? 1 : 0);
    if (options.derivative || rows > most_rows || std::all_of(starts.begin(), starts.end(), FlowLane::is_point)) {
        return integrate_lanes(field, starts, durations, linear);
    }
    linear.nonlinear_limit = std::min(options.nonlinear_limit, nearly_linear);
    std::vector<FlowResult> results = integrate_lanes(field, starts, durations, linear);
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (results[i].verdict == Verdict::proved || results[i].verdict == Verdict::interrupted) continue;
        FlowOptions own = options;
        own.linear_part = true;
        double last_excess = infinity;
        FlowResult best = std::move(results[i]);
        for (own.set_degree = 2; own.set_degree <= highest_degree; ++own.set_degree) {
            if (SpatialBasis::count(TaylorModelSet::coordinates(starts[i]), own.set_degree) > most_terms) break;
            const std::chrono::duration<double> used = std::chrono::steady_clock::now() - begin;
            own.max_seconds = options.max_seconds - used.count();
            FlowResult found = integrate_lanes_taylor_model(field, {starts[i]}, {durations[i]}, own).front();
            const bool proved = found.verdict == Verdict::proved;
            const bool stopped = found.verdict == Verdict::interrupted;
            const double now = proved ? excess(found) : infinity;
            const bool further = reached_further(found, best);
            const bool gains = now < least_gain * last_excess || (!proved && further);
            if (further || (proved && now < last_excess)) best = std::move(found);
            if (stopped || now <= enough || !(gains || own.set_degree == 2)) break;
            last_excess = now;
        }
        if (best.verdict != Verdict::proved) {
            FlowOptions unlimited = options;
            unlimited.set_degree = 1;
            const std::chrono::duration<double> used = std::chrono::steady_clock::now() - begin;
            unlimited.max_seconds = options.max_seconds - used.count();
            FlowResult found = integrate(field, starts[i], durations[i], unlimited);
            if (reached_further(found, best) || found.verdict == Verdict::proved) best = std::move(found);
        }
        if (!options.linear_part) best.linear.clear();
        results[i] = std::move(best);
    }
    return results;
}

}  // namespace capnode
