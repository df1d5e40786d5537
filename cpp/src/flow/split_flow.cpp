#include "capnode/flow/split_flow.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <string>

#include "capnode/flow/plain_flow.hpp"
#include "lane_group.hpp"
#include "split_pieces.hpp"
#include "capnode/flow/set_degree.hpp"
#include "capnode/numerics/rounding.hpp"

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
        return integrate_lanes(field_, sets, std::vector<double>(sets.size(), duration_), own_);
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
    if (start.centre.size() != dim || start.radii.size() != start.directions.cols ||
        (!start.radii.empty() && start.directions.rows != dim)) {
        integrate(field, start, duration, own);  // throws with the numbers
    }
    const Cutter cutter(start);
    std::vector<Piece> pieces(1);
    pieces[0].set = cutter.prepared(start);
    bool out_of_budget = false;
    for (;;) {
        // Integrate what is new.
        std::vector<std::size_t> fresh;
        for (std::size_t q = 0; q < pieces.size(); ++q) {
            if (!pieces[q].done) fresh.push_back(q);
        }
        std::vector<InitialSet> sets;
        for (const std::size_t q : fresh) sets.push_back(pieces[q].set);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        own.max_seconds = options.max_seconds - seconds;
        std::vector<FlowResult> results =
            integrate_lanes_by_degree(field, sets, std::vector<double>(sets.size(), duration), own);
        answer.tried += fresh.size();
        for (std::size_t k = 0; k < fresh.size(); ++k) {
            pieces[fresh[k]].result = std::move(results[k]);
            pieces[fresh[k]].done = true;
        }
        // The hull of the linear parts of those that arrived.
        std::vector<double> lo(dim, infinity);
        std::vector<double> hi(dim, -infinity);
        bool stopped = false;
        for (const Piece& piece : pieces) {
            if (piece.result.verdict == Verdict::interrupted) stopped = true;
            if (!reached(piece.result)) continue;
            for (std::size_t i = 0; i < dim; ++i) {
                lo[i] = std::min(lo[i], piece.result.linear[i].lo);
                hi[i] = std::max(hi[i], piece.result.linear[i].hi);
            }
        }
        std::vector<double> width(dim);
        for (std::size_t i = 0; i < dim; ++i) {
            width[i] = hi[i] > lo[i] && hi[i] - lo[i] < infinity ? hi[i] - lo[i] : 1.0;
        }
        std::vector<Piece*> to_cut;
        double worst = 0.0;
        for (Piece& piece : pieces) {
            bool cut = !reached(piece.result);
            if (!cut) {
                for (std::size_t i = 0; i < dim; ++i) {
                    const Interval& x = piece.result.final[i];
                    const double out = std::max(lo[i] - x.lo, x.hi - hi[i]) / width[i];
                    // rounding alone sticks out of a point: no cut helps
                    const bool matters = std::max(lo[i] - x.lo, x.hi - hi[i]) > 1e-9 * std::max(1.0, magnitude(x));
                    if (matters) worst = std::max(worst, out);
                    cut = cut || (matters && out > split.excess);
                }
            }
            bool wide = false;
            for (std::size_t j = 0; j < cutter.directions(piece.set); ++j) {
                wide = wide || cutter.radius(piece.set, j) > 0.0;
            }
            if (cut && wide) to_cut.push_back(&piece);
        }
        answer.excess = worst;
        if (to_cut.empty() || stopped) break;
        if (answer.tried + 2 * to_cut.size() > split.max_pieces) {
            out_of_budget = true;
            // Those that did not arrive come first, the worst of the others after them.
            const std::size_t room = (split.max_pieces - std::min(split.max_pieces, answer.tried)) / 2;
            std::stable_partition(to_cut.begin(), to_cut.end(), [](Piece* p) { return !reached(p->result); });
            if (room == 0) break;
            to_cut.resize(std::min(room, to_cut.size()));
        }
        const std::vector<std::size_t> across = directions_to_cut(field, cutter, to_cut, duration, options, width);
        std::vector<Piece> added;
        for (std::size_t k = 0; k < to_cut.size(); ++k) {
            std::vector<InitialSet> halves = cutter.halves(to_cut[k]->set, across[k]);
            *to_cut[k] = Piece{};
            to_cut[k]->set = std::move(halves[0]);
            added.push_back({});
            added.back().set = std::move(halves[1]);
        }
        for (Piece& piece : added) pieces.push_back(std::move(piece));
    }
    answer.pieces = pieces.size();
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
