#include "capnode/flow/dense_output.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "capnode/flow/spatial_step.hpp"
#include "capnode/numerics/number_text.hpp"
#include "polynomial_range.hpp"

namespace capnode {
namespace {

// Number of pieces a whole step is cut into.
constexpr double pieces_a_step = 8.0;

Interval sum_of_ends(const FlowStep& step) {
    return Interval(std::min(step.start, step.start + step.length), std::max(step.start, step.start + step.length));
}

}  // namespace

DenseOutput::DenseOutput(std::vector<FlowStep> steps, std::vector<Interval> initial, Interval t0)
    : steps_(std::move(steps)), initial_(std::move(initial)), t0_(t0) {}

std::vector<double> DenseOutput::offsets() const {
    std::vector<double> result{0.0};
    for (const FlowStep& step : steps_) result.push_back(step.start + step.length);  // exact: the clock's grid
    return result;
}

std::vector<Interval> DenseOutput::enclosure(Interval t) const { return enclosure_at_offset(t - t0_); }

std::vector<Interval> DenseOutput::enclosure_at_offset(Interval s) const {
    const double last = steps_.empty() ? 0.0 : steps_.back().start + steps_.back().length;
    const Interval covered(std::min(0.0, last), std::max(0.0, last));
    if (!subset(s, covered)) {
        throw std::invalid_argument("the trajectory is enclosed for times in t0 + [" + shortest_text(covered.lo) +
                                    ", " + shortest_text(covered.hi) + "], asked was t0 + [" + shortest_text(s.lo) +
                                    ", " + shortest_text(s.hi) + "]");
    }
    std::vector<Interval> result;
    const auto add = [&](const std::vector<Interval>& part) {
        if (result.empty()) {
            result = part;
        } else {
            for (std::size_t i = 0; i < part.size(); ++i) result[i] = hull(result[i], part[i]);
        }
    };
    if (steps_.empty() || (s.lo == 0.0 && s.hi == 0.0)) return initial_;
    // Steps are in order of |start|: bisect for the first that reaches the interval.
    const bool forward = last >= 0.0;
    const auto first = std::partition_point(steps_.begin(), steps_.end(), [&](const FlowStep& step) {
        return forward ? step.start + step.length < s.lo : step.start + step.length > s.hi;
    });
    if (is_point(s) && first != steps_.end() && s.lo == first->start + first->length) return first->end;
    for (auto step = first; step != steps_.end(); ++step) {
        const auto part = intersect(s, sum_of_ends(*step));
        if (!part) break;
        if (part->lo == part->hi && s.lo < s.hi && !result.empty()) continue;  // its neighbour has the end
        const Interval tau = (*part - Interval(step->start)) / Interval(step->scale);
        const double theta = step->length / step->scale;
        const double share = width_up(tau) / theta * pieces_a_step;
        const std::size_t pieces = share > 0.0 ? static_cast<std::size_t>(std::ceil(share)) : 1;
        const std::size_t count = step->polynomial.cols;
        std::vector<Interval> range(dim());
        for (std::size_t q = 0; q < pieces; ++q) {
            const auto at = [&](std::size_t k) {
                if (k == 0) return tau.lo;
                if (k == pieces) return tau.hi;
                const double x = tau.lo + (tau.hi - tau.lo) * (static_cast<double>(k) / static_cast<double>(pieces));
                return std::min(std::max(x, tau.lo), tau.hi);
            };
            const Interval piece(at(q), std::max(at(q), at(q + 1)));
            for (std::size_t i = 0; i < dim(); ++i) {
                const double e = step->tube[i];
                const Interval y = step->spatial
                                       ? step->spatial->enclosure(i, piece)
                                       : polynomial_range(step->polynomial.row(i), count, piece) + Interval(-e, e);
                range[i] = q == 0 ? y : hull(range[i], y);
            }
        }
        add(range);
    }
    if (result.empty()) return initial_;
    return result;
}

}  // namespace capnode
