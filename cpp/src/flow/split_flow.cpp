#include "capnode/flow/split_flow.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>

#include "capnode/flow/plain_flow.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode {
namespace {

struct Piece {
    InitialSet set;
    FlowResult result;
    bool done = false;
};

bool reached(const FlowResult& r) { return r.verdict == Verdict::proved; }

// Halves across direction j (of the state, then of the parameters). The new centre is rounded: |error| <= u |c| + ...,
// put into the radius of the rows through a direction of its own would add directions; instead the centres are moved by
// +- half the direction, and what the rounding of the move misses is added along the unit directions `rounding`.
class Cutter {
  public:
    explicit Cutter(const InitialSet& start) : dim_(start.centre.size()), own_(start.directions.cols) {}

    // Adds one unit direction a row, of radius 0, where the state has directions at all: they take in the roundings.
    InitialSet prepared(const InitialSet& start) const {
        InitialSet s = start;
        Matrix d(dim_, own_ + dim_);
        for (std::size_t i = 0; i < dim_; ++i) {
            for (std::size_t j = 0; j < own_; ++j) d(i, j) = start.directions(i, j);
            d(i, own_ + i) = 1.0;
        }
        s.directions = std::move(d);
        s.radii.resize(own_ + dim_, 0.0);
        return s;
    }
    std::size_t directions(const InitialSet& s) const { return own_ + s.parameter.size(); }
    double radius(const InitialSet& s, std::size_t j) const {
        return j < own_ ? s.radii[j] : 0.5 * width_up(s.parameter[j - own_]);
    }

    // The point of the set at position x in [-1, 1] along j, in floating point.
    void point(const InitialSet& s, std::size_t j, double x, double* state, double* parameter) const {
        for (std::size_t i = 0; i < dim_; ++i) state[i] = s.centre[i];
        for (std::size_t k = 0; k < s.parameter.size(); ++k) parameter[k] = midpoint(s.parameter[k]);
        if (j == directions(s)) return;
        if (j < own_) {
            for (std::size_t i = 0; i < dim_; ++i) state[i] += x * s.radii[j] * s.directions(i, j);
        } else {
            parameter[j - own_] += x * radius(s, j);
        }
    }

    // { c + d r : |r| <= R } = the union over both signs of { c +- d R/2 + d r : |r| <= R/2 }.
    std::vector<InitialSet> halves(const InitialSet& s, std::size_t j) const {
        std::vector<InitialSet> result;
        if (j >= own_) {
            const Interval p = s.parameter[j - own_];
            const double m = midpoint(p);
            for (const Interval& half : {Interval(p.lo, m), Interval(m, p.hi)}) {
                result.push_back(s);
                result.back().parameter[j - own_] = half;
            }
            return result;
        }
        const double half = next_up(0.5 * s.radii[j]);  // R/2, and one ulp so that the halves overlap
        for (const double sign : {-1.0, 1.0}) {
            InitialSet part = s;
            part.radii[j] = half;
            for (std::size_t i = 0; i < dim_; ++i) {
                // The move sign R/2 d_i: the product and the sum round, each by at most u times its size.
                const double move = sign * 0.5 * s.radii[j] * s.directions(i, j);
                part.centre[i] = s.centre[i] + move;
                const double rounding =
                    2.0 * unit_roundoff * (std::fabs(move) + std::fabs(part.centre[i])) + smallest_subnormal;
                if (s.directions(i, j) != 0.0) part.radii[own_ + i] = add_up(part.radii[own_ + i], rounding);
            }
            result.push_back(std::move(part));
        }
        return result;
    }

  private:
    std::size_t dim_, own_;
};

// The direction along which the end point of floating-point solutions departs most from a straight line, each component
// measured in `width`; where they tell nothing, the widest.
std::vector<std::size_t> directions_to_cut(const Field& field, const Cutter& cutter, const std::vector<Piece*>& pieces,
                                           double duration, const FlowOptions& options,
                                           const std::vector<double>& width) {
    const std::size_t dim = field.dim();
    std::vector<std::size_t> answer;
    for (const Piece* piece : pieces) {
        const InitialSet& s = piece->set;
        const std::size_t k = cutter.directions(s);
        std::vector<double> state(dim);
        std::vector<double> p(s.parameter.size());
        std::vector<std::vector<double>> ends;
        Matrix starts(2 * k + 1, dim);
        // Parameters differ from sample to sample only along their own directions: those run one by one.
        for (std::size_t j = 0; j <= k; ++j) {
            for (int side = 0; side < (j == k ? 1 : 2); ++side) {
                cutter.point(s, j, side == 0 ? -1.0 : 1.0, state.data(), p.data());
                std::copy(state.begin(), state.end(), starts.row(2 * j + static_cast<std::size_t>(side)));
            }
        }
        for (std::size_t i = 0; i < p.size(); ++i) p[i] = midpoint(s.parameter[i]);
        const PlainFlow flow = plain_flow(field, starts, p, duration, 10, std::max(options.tolerance, 1e-7), false);
        Matrix end = flow.final;
        for (std::size_t j = k - s.parameter.size(); j < k; ++j) {
            for (std::size_t side = 0; side < 2; ++side) {
                std::vector<double> q(p.size());
                cutter.point(s, j, side == 0 ? -1.0 : 1.0, state.data(), q.data());
                Matrix one(1, dim);
                std::copy(state.begin(), state.end(), one.row(0));
                const Matrix moved = plain_flow(field, one, q, duration, 10, 1e-7, false).final;
                std::copy(moved.row(0), moved.row(0) + dim, end.row(2 * j + side));
            }
        }
        std::size_t best = 0;
        double most = -1.0;
        for (std::size_t j = 0; j < k; ++j) {
            double bend = 0.0;
            double reach = 0.0;
            for (std::size_t i = 0; i < dim; ++i) {
                const double a = end(2 * j, i);
                const double b = end(2 * j + 1, i);
                const double c = end(2 * k, i);
                bend = std::max(bend, std::fabs(a - 2.0 * c + b) / width[i]);
                reach = std::max(reach, std::fabs(a - b) / width[i]);
            }
            double score = cutter.radius(s, j) > 0.0 ? bend + 0.02 * reach + 1e-300 : -1.0;
            if (!(std::fabs(bend) < infinity) || !(std::fabs(reach) < infinity)) score = cutter.radius(s, j);
            if (score > most) {
                most = score;
                best = j;
            }
        }
        answer.push_back(best);
    }
    return answer;
}

}  // namespace

SplitResult integrate_split(const Field& field, const InitialSet& start, double duration, const FlowOptions& options,
                            const SplitOptions& split) {
    if (split.max_pieces == 0) throw std::invalid_argument("max_pieces must be at least 1");
    if (!(split.excess > 0.0)) throw std::invalid_argument("the excess must be positive");
    const std::size_t dim = field.dim();
    const auto begin = std::chrono::steady_clock::now();
    FlowOptions own = options;
    own.dense = false;
    own.linear_part = true;
    own.nonlinear_limit = std::min(own.nonlinear_limit, 8.0);
    SplitResult answer;
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
        std::vector<FlowResult> results = integrate_lanes(field, sets, std::vector<double>(sets.size(), duration), own);
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
    hull_of = pieces[0].result;
    hull_of.initial.clear();
    std::size_t missing = 0;
    const Piece* first = nullptr;
    for (const Piece& piece : pieces) {
        const FlowResult& r = piece.result;
        hull_of.steps = std::max(hull_of.steps, r.steps);
        if (!reached(r)) {
            ++missing;
            if (!first || std::fabs(r.reached) < std::fabs(first->result.reached)) first = &piece;
            continue;
        }
        for (std::size_t i = 0; i < dim; ++i) hull_of.final[i] = hull(hull_of.final[i], r.final[i]);
        for (std::size_t i = 0; i < hull_of.derivative.size(); ++i) {
            hull_of.derivative[i] = hull(hull_of.derivative[i], r.derivative[i]);
        }
    }
    if (first) {
        hull_of = first->result;
        hull_of.detail += " (" + std::to_string(missing) + " of " + std::to_string(pieces.size()) + " pieces" +
                          (out_of_budget ? "; the budget of pieces is used up)" : ")");
        // What is known at one time for all: nothing but that every piece reached it.
        hull_of.final.assign(dim, Interval::whole());
        hull_of.derivative.assign(hull_of.derivative.size(), Interval::whole());
    }
    return answer;
}

}  // namespace capnode
