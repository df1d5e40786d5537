#include "capnode/flow/split_poincare_map.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include "capnode/field/evaluate.hpp"
#include "capnode/flow/plain_flow.hpp"
#include "lane_group.hpp"
#include "split_pieces.hpp"

namespace capnode {
namespace {

class ReturnTask {
  public:
    using Answer = PoincareResult;

    ReturnTask(const Field& field, const Section& section, const PoincareOptions& options)
        : field_(field), section_(section), options_(options), own_(options) {
        own_.flow.linear_part = true;
    }

    std::vector<PoincareResult> run(const std::vector<InitialSet>& sets) {
        const auto now = std::chrono::steady_clock::now();
        own_.flow.max_seconds = options_.flow.max_seconds - std::chrono::duration<double>(now - begin_).count();
        return poincare_maps(field_, section_, sets, own_);
    }
    bool arrived(const PoincareResult& r) const { return r.verdict == Verdict::proved; }
    bool stopped(const PoincareResult& r) const { return r.verdict == Verdict::interrupted; }
    bool helps(const PoincareResult& r) const { return r.verdict != Verdict::section_not_reached; }
    const std::vector<Interval>& final(const PoincareResult& r) const { return r.point; }
    const std::vector<Interval>& linear(const PoincareResult& r) const { return r.linear; }

    // Floating solutions to the time of the return, then along the field to the section.
    Matrix image(const Matrix& points, const std::vector<double>& p, const InitialSet&, const PoincareResult& r) const {
        const double time = arrived(r) ? midpoint(r.time) : 0.0;
        if (time == 0.0 || field_.depends_on_time()) return Matrix(points.rows, points.cols, infinity);
        const Matrix end = plain_flow(field_, points, p, time, 12, 1e-9, false).final;
        Matrix x(end.cols, end.rows);
        for (std::size_t q = 0; q < end.rows; ++q) {
            for (std::size_t i = 0; i < end.cols; ++i) x(i, q) = end(q, i);
        }
        Matrix parameter(p.size(), 1);
        std::copy(p.begin(), p.end(), parameter.data.begin());
        for (int pass = 0; pass < 4; ++pass) {
            const Matrix f = evaluate(field_, x, parameter);
            Matrix middle = x;
            std::vector<double> s(x.cols);
            for (std::size_t q = 0; q < x.cols; ++q) {
                double g = -midpoint(section_.offset);
                double speed = 0.0;
                for (std::size_t i = 0; i < x.rows; ++i) {
                    g += section_.normal[i] * x(i, q);
                    speed += section_.normal[i] * f(i, q);
                }
                s[q] = -g / speed;
                for (std::size_t i = 0; i < x.rows; ++i) middle(i, q) += 0.5 * s[q] * f(i, q);
            }
            const Matrix slope = evaluate(field_, middle, parameter);
            for (std::size_t q = 0; q < x.cols; ++q) {
                for (std::size_t i = 0; i < x.rows; ++i) x(i, q) += s[q] * slope(i, q);
            }
        }
        Matrix image(end.rows, end.cols);
        for (std::size_t q = 0; q < end.rows; ++q) {
            for (std::size_t i = 0; i < end.cols; ++i) image(q, i) = x(i, q);
        }
        return image;
    }

  private:
    const Field& field_;
    const Section& section_;
    const PoincareOptions& options_;
    PoincareOptions own_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

std::vector<Interval> box_of(const InitialSet& set) {
    std::vector<Interval> box;
    for (std::size_t i = 0; i < set.centre.size(); ++i) {
        Interval x(set.centre[i]);
        for (std::size_t j = 0; j < set.radii.size(); ++j) {
            x += Interval(set.directions(i, j)) * Interval(-set.radii[j], set.radii[j]);
        }
        box.push_back(x);
    }
    return box;
}

// Whether the piece is off the section and may be on its way to it: what of a set on the section leaves it from there
// is no crossing, what is cut off before it would count one.
bool may_lie_before(const Field& field, const Section& section, const InitialSet& piece, bool backward) {
    const std::vector<Interval> box = box_of(piece);
    const Interval g = section.value(box);
    if (!(g.lo > 0.0) && !(g.hi < 0.0)) return false;
    const Interval speed = section.along(evaluate(field, box, piece.parameter, piece.t0));
    const bool up = (g.lo > 0.0) != backward;  // n . f of a piece that leaves
    return up ? !(speed.lo > 0.0) : !(speed.hi < 0.0);
}

}  // namespace

SplitPoincareResult poincare_map_split(const Field& field, const Section& section, const InitialSet& start,
                                       const PoincareOptions& options, const SplitOptions& split) {
    check_split(split);
    check_flow_options(options.flow);
    check_initial_set(field, start, options.max_time);
    ReturnTask task(field, section, options);
    SplitOptions own = split;
    own.least = 1e-12;
    Pieces<PoincareResult> cut = in_pieces(task, start, own);
    SplitPoincareResult answer;
    answer.pieces = cut.pieces.size();
    answer.tried = cut.tried;
    answer.excess = cut.excess;
    std::size_t missing = 0;
    bool both_ways = false;
    const PoincareResult* first = nullptr;
    PoincareResult& all = answer.hull;
    all = cut.pieces[0].answer;
    for (const auto& piece : cut.pieces) {
        const PoincareResult& r = piece.answer;
        if (!task.arrived(r)) {
            ++missing;
            if (!first) first = &r;
            continue;
        }
        if (missing > 0) continue;
        if (!(r.speed.lo > 0.0) == (all.speed.lo > 0.0)) both_ways = true;
        for (std::size_t i = 0; i < r.point.size(); ++i) all.point[i] = hull(all.point[i], r.point[i]);
        for (std::size_t i = 0; i < r.derivative.size(); ++i) {
            all.derivative[i] = hull(all.derivative[i], r.derivative[i]);
        }
        all.time = hull(all.time, r.time);
        all.speed = hull(all.speed, r.speed);
        all.steps = std::max(all.steps, r.steps);
    }
    if (!first && both_ways) {
        all.verdict = Verdict::tangent;
        all.detail = "some pieces cross the section one way, some the other; ask for one direction";
        all.point.clear();
        all.derivative.clear();
    }
    const Interval g = section.value(box_of(start));
    const bool on_section = !(g.lo > 0.0) && !(g.hi < 0.0);
    if (!first && answer.pieces > 1 && on_section &&
        std::any_of(cut.pieces.begin(), cut.pieces.end(), [&](const Piece<PoincareResult>& piece) {
            return may_lie_before(field, section, piece.set, options.backward);
        })) {
        all.verdict = Verdict::tangent;
        all.detail =
            "the initial set lies on both sides of the section, and has to be cut; start on one side of it, or in it";
        all.point.clear();
        all.derivative.clear();
    }
    if (first) {
        all = *first;
        if (answer.pieces > 1) {
            all.detail += " (" + std::to_string(missing) + " of " + std::to_string(answer.pieces) + " pieces" +
                          (cut.out_of_budget ? "; the budget of pieces is used up)" : ")");
        }
    }
    return answer;
}

}  // namespace capnode
