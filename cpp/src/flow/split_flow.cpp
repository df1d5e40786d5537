#include "capnode/flow/split_flow.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <string>

#include "capnode/flow/plain_flow.hpp"
#include "capnode/flow/set_degree.hpp"
#include "lane_group.hpp"
#include "split_pieces.hpp"

namespace capnode {
namespace {

class FlowTask {
  public:
    using Answer = FlowResult;

    FlowTask(const Field& field, double duration, const FlowOptions& options)
        : field_(field), duration_(duration), options_(options), own_(options) {
        own_.dense = false;
        own_.linear_part = true;
        own_.nonlinear_limit = std::min(own_.nonlinear_limit, 8.0);
    }

    std::vector<FlowResult> run(const std::vector<InitialSet>& sets) {
        const auto now = std::chrono::steady_clock::now();
        own_.max_seconds = options_.max_seconds - std::chrono::duration<double>(now - begin_).count();
        return integrate_lanes_by_degree(field_, sets, std::vector<double>(sets.size(), duration_), own_);
    }
    bool arrived(const FlowResult& r) const { return r.verdict == Verdict::proved; }
    bool stopped(const FlowResult& r) const { return r.verdict == Verdict::interrupted; }
    bool helps(const FlowResult&) const { return true; }
    const std::vector<Interval>& final(const FlowResult& r) const { return r.final; }
    const std::vector<Interval>& linear(const FlowResult& r) const { return r.linear; }
    Matrix image(const Matrix& points, const std::vector<double>& p, const InitialSet&, const FlowResult&) const {
        return plain_flow(field_, points, p, duration_, 10, std::max(options_.tolerance, 1e-7), false).final;
    }

  private:
    const Field& field_;
    double duration_;
    const FlowOptions& options_;
    FlowOptions own_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace

void check_split(const SplitOptions& split) {
    if (split.max_pieces == 0) throw std::invalid_argument("max_pieces must be at least 1");
    if (!(split.excess > 0.0)) throw std::invalid_argument("the excess must be positive");
}

SplitResult integrate_split(const Field& field, const InitialSet& start, double duration, const FlowOptions& options,
                            const SplitOptions& split) {
    check_split(split);
    check_flow_options(options);
    check_initial_set(field, start, duration);
    const std::size_t dim = field.dim();
    FlowTask task(field, duration, options);
    const Pieces<FlowResult> cut = in_pieces(task, start, split);
    SplitResult answer;
    answer.pieces = cut.pieces.size();
    answer.tried = cut.tried;
    answer.excess = cut.excess;
    FlowResult& hull_of = answer.hull;
    hull_of = cut.pieces[0].answer;
    hull_of.initial.clear();
    std::size_t missing = 0;
    const FlowResult* first = nullptr;
    for (const auto& piece : cut.pieces) {
        const FlowResult& r = piece.answer;
        hull_of.steps = std::max(hull_of.steps, r.steps);
        if (!task.arrived(r)) {
            ++missing;
            if (!first || std::fabs(r.reached) < std::fabs(first->reached)) first = &r;
            continue;
        }
        for (std::size_t i = 0; i < dim; ++i) hull_of.final[i] = hull(hull_of.final[i], r.final[i]);
        for (std::size_t i = 0; i < hull_of.derivative.size(); ++i) {
            hull_of.derivative[i] = hull(hull_of.derivative[i], r.derivative[i]);
        }
    }
    if (first) {
        hull_of = *first;
        hull_of.detail += " (" + std::to_string(missing) + " of " + std::to_string(answer.pieces) + " pieces" +
                          (cut.out_of_budget ? "; the budget of pieces is used up)" : ")");
        // What is known at one time for all: nothing but that every piece reached it.
        hull_of.final.assign(dim, Interval::whole());
        hull_of.derivative.assign(hull_of.derivative.size(), Interval::whole());
    }
    return answer;
}

}  // namespace capnode
