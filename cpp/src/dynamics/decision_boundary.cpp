#include "capnode/dynamics/decision_boundary.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "boundary_trace.hpp"

namespace capnode {
namespace {

constexpr std::size_t batch = 512;

using Box = std::array<double, 4>;

// Which frames may meet a cell: frames by the buckets that their bounding boxes touch.
class FrameIndex {
  public:
    explicit FrameIndex(const Box& box) : box_(box), buckets_(side * side) {}

    void add(const BoundaryPiece& piece, std::size_t number) {
        const Box b = bounds(piece.frame);
        visit(b, [&](std::vector<std::uint32_t>& bucket) { bucket.push_back(static_cast<std::uint32_t>(number)); });
    }
    /// f(number) for the frames in the buckets of b, some several times, until it returns true.
    template <class F>
    void near(const Box& b, F f) const {
        bool done = false;
        const_cast<FrameIndex*>(this)->visit(b, [&](std::vector<std::uint32_t>& bucket) {
            for (std::size_t q = 0; q < bucket.size() && !done; ++q) done = f(bucket[q]);
        });
    }
    static Box bounds(const Frame& f) {
        const double x = std::fabs(f.axes[0]) * f.radii[0] + std::fabs(f.axes[1]) * f.radii[1];
        const double y = std::fabs(f.axes[2]) * f.radii[0] + std::fabs(f.axes[3]) * f.radii[1];
        return {f.centre[0] - x, f.centre[0] + x, f.centre[1] - y, f.centre[1] + y};
    }

  private:
    static constexpr std::size_t side = 256;
    std::size_t place(double x, std::size_t axis) const {
        const double share = (x - box_[2 * axis]) / (box_[2 * axis + 1] - box_[2 * axis]) * static_cast<double>(side);
        return static_cast<std::size_t>(std::clamp(share, 0.0, static_cast<double>(side - 1)));
    }
    template <class F>
    void visit(const Box& b, F f) {
        for (std::size_t x = place(b[0], 0); x <= place(b[1], 0); ++x) {
            for (std::size_t y = place(b[2], 1); y <= place(b[3], 1); ++y) f(buckets_[x * side + y]);
        }
    }
    Box box_;
    std::vector<std::vector<std::uint32_t>> buckets_;
};

bool meet(const Box& a, const Box& b) { return a[0] <= b[1] && b[0] <= a[1] && a[2] <= b[3] && b[2] <= a[3]; }

// All of the cell lies in the frame: its corners do.
bool within(const Frame& frame, const Box& cell) {
    for (std::size_t x = 0; x < 2; ++x) {
        for (std::size_t y = 2; y < 4; ++y) {
            if (!inside(frame, {Interval(cell[x]), Interval(cell[y])})) return false;
        }
    }
    return true;
}

class BoundaryRun {
  public:
    BoundaryRun(const Classifier& classifier, std::size_t i, std::size_t k, const Box& box,
                const BoundaryOptions& options)
        : classifier_(classifier),
          i_(i),
          k_(k),
          box_(box),
          options_(options),
          trace_(classifier, i, k, box, options),
          index_(box) {}

    DecisionBoundary run(const ClassMap& map) {
        std::vector<BoundaryCell> level;
        for (const ClassCell& cell : map.cells) {
            BoundaryCell own;
            own.box = cell.box;
            own.possible = cell.possible;
            own.away = !cell.possible[i_] || !cell.possible[k_];
            (own.away ? found_.cells : level).push_back(own);
        }
        for (std::size_t depth = 0; !level.empty() && !stopped(); ++depth) {
            start_chains(level, depth);
            level = cover(std::move(level), depth);
        }
        for (BoundaryCell& cell : level) leave(cell);
        finish();
        return std::move(found_);
    }

  private:
    bool stopped() {
        stopped_ = stopped_ || (options_.interrupted && options_.interrupted());
        return stopped_;
    }

    /// Some arc seems to meet the cell: a hint.
    bool met(const BoundaryCell& cell) const {
        bool hit = false;
        index_.near(cell.box, [&](std::uint32_t number) { return hit = hit || crosses(number, cell.box); });
        return hit;
    }
    bool crosses(std::uint32_t number, const Box& b) const {
        const BoundaryPiece& p = found_.pieces[number];
        const Frame& f = p.frame;
        if (!meet(FrameIndex::bounds(f), b)) return false;
        const double x = 0.5 * (b[0] + b[1]) - f.centre[0];
        const double y = 0.5 * (b[2] + b[3]) - f.centre[1];
        const double rx = 0.5 * (b[1] - b[0]);
        const double ry = 0.5 * (b[3] - b[2]);
        const double u = f.axes[0] * x + f.axes[2] * y;
        const double v = f.axes[1] * x + f.axes[3] * y;
        const double ru = std::fabs(f.axes[0]) * rx + std::fabs(f.axes[2]) * ry;
        const double rv = std::fabs(f.axes[1]) * rx + std::fabs(f.axes[3]) * ry;
        if (std::fabs(u) > f.radii[0] + ru) return false;
        // The arc as a parabola through its ends and, at u = 0, the centre.
        const double first = midpoint(p.start);
        const double last = midpoint(p.end);
        const double share = std::clamp(u / f.radii[0], -1.0, 1.0);
        const double arc = 0.5 * share * ((last - first) + share * (last + first));
        const double slope = (std::fabs(first) + std::fabs(last)) / f.radii[0];
        return std::fabs(v - arc) <= rv + slope * ru;
    }

    // Chains near the cells that none meets: the margin and its gradient at their centres say how far the curve is.
    void start_chains(std::vector<BoundaryCell>& level, std::size_t depth) {
        std::vector<std::size_t> open;
        std::vector<Point> centres;
        for (std::size_t q = 0; q < level.size(); ++q) {
            if (level[q].distance_bar > 0.0 && depth % 3 != 0) continue;  // seen from above to be far
            if (met(level[q])) continue;
            open.push_back(q);
            const Box& b = level[q].box;
            centres.push_back({0.5 * (b[0] + b[1]), 0.5 * (b[2] + b[3])});
        }
        std::vector<double> distance(open.size(), infinity);
        for (std::size_t from = 0; from < open.size() && !stopped(); from += batch) {
            const std::size_t to = std::min(open.size(), from + batch);
            const auto seen = trace_.look({centres.begin() + static_cast<std::ptrdiff_t>(from),
                                           centres.begin() + static_cast<std::ptrdiff_t>(to)});
            for (std::size_t q = from; q < to; ++q) {
                if (!seen[q - from]) continue;
                const Point& g = seen[q - from]->gradient;
                distance[q] = std::fabs(seen[q - from]->value) / std::sqrt(g[0] * g[0] + g[1] * g[1]);
            }
        }
        for (std::size_t q = 0; q < open.size(); ++q) {
            const Box& b = level[open[q]].box;
            level[open[q]].distance_bar = distance[q] - 1.5 * std::max(b[1] - b[0], b[3] - b[2]);
        }
        std::vector<std::size_t> order(open.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return distance[a] < distance[b]; });
        for (const std::size_t q : order) {
            const BoundaryCell& cell = level[open[q]];
            const double size = std::max(cell.box[1] - cell.box[0], cell.box[3] - cell.box[2]);
            if (!(distance[q] < 1.5 * size) || found_.pieces.size() >= options_.max_pieces || stopped()) break;
            if (met(cell)) continue;
            const std::optional<Point> seed = trace_.correct(centres[q], 2.0 * size);
            if (!seed || !in_rectangle(*seed) || known(*seed)) continue;
            BoundaryTrace::Chain chain = trace_.follow(*seed, options_.max_pieces - found_.pieces.size());
            if (chain.pieces.empty()) {
                if (failure_.empty()) failure_ = "no first piece " + chain.summary.detail;
                continue;
            }
            chain.summary.first = found_.pieces.size();
            for (BoundaryPiece& piece : chain.pieces) {
                index_.add(piece, found_.pieces.size());
                found_.pieces.push_back(std::move(piece));
            }
            found_.chains.push_back(std::move(chain.summary));
        }
    }

    bool in_rectangle(const Point& z) const {
        return box_[0] <= z[0] && z[0] <= box_[1] && box_[2] <= z[1] && z[1] <= box_[3];
    }

    // In a frame already: a zero of m there lies on its arc.
    bool known(const Point& z) const {
        bool hit = false;
        index_.near({z[0], z[0], z[1], z[1]}, [&](std::uint32_t number) {
            return hit = hit || inside(found_.pieces[number].frame, {Interval(z[0]), Interval(z[1])});
        });
        return hit;
    }

    // What is within a frame or away goes to the cells of the cover; the quarters of the rest are returned.
    std::vector<BoundaryCell> cover(std::vector<BoundaryCell> level, std::size_t depth) {
        std::vector<BoundaryCell> next;
        std::vector<BoundaryCell> rest;
        for (BoundaryCell& cell : level) {
            bool crossed = false;
            index_.near(cell.box, [&](std::uint32_t number) {
                if (!meet(FrameIndex::bounds(found_.pieces[number].frame), cell.box)) return false;
                if (within(found_.pieces[number].frame, cell.box)) cell.piece = static_cast<std::ptrdiff_t>(number);
                crossed = crossed || crosses(number, cell.box);
                return cell.piece >= 0;
            });
            if (cell.piece >= 0) {
                found_.cells.push_back(cell);
            } else if ((crossed || depth == 0) && depth < options_.depth) {
                quarter(cell, next);  // the arc meets it, or the map has tried: integrating it would decide nothing
            } else {
                rest.push_back(cell);
            }
        }
        for (std::size_t from = 0; from < rest.size(); from += batch) {
            const std::size_t to = std::min(rest.size(), from + batch);
            if (stopped() || found_.integrated >= options_.budget) {
                out_of_budget_ = out_of_budget_ || !stopped_;
                for (std::size_t q = from; q < rest.size(); ++q) leave(rest[q]);
                break;
            }
            decide(rest, from, to);
            for (std::size_t q = from; q < to; ++q) {
                if (rest[q].away) {
                    found_.cells.push_back(rest[q]);
                } else if (depth < options_.depth) {
                    quarter(rest[q], next);
                } else {
                    leave(rest[q]);
                }
            }
            if (options_.progress) options_.progress(depth, to, rest.size());
        }
        return next;
    }

    void decide(std::vector<BoundaryCell>& cells, std::size_t from, std::size_t to) {
        std::vector<Frame> frames;
        for (std::size_t q = from; q < to; ++q) frames.push_back(frame_of(cells[q].box));
        ImageOptions choice;
        choice.threads = options_.threads;
        choice.interrupted = options_.interrupted;
        choice.nonlinear_limit = 20.0;
        const std::vector<FrameImage> image = images(classifier_, frames, choice);
        found_.integrated += to - from;
        for (std::size_t q = from; q < to; ++q) {
            BoundaryCell& cell = cells[q];
            const std::vector<char> possible = possible_classes(classifier_, frames[q - from], image[q - from]);
            for (std::size_t c = 0; c < possible.size(); ++c)
                cell.possible[c] = static_cast<char>(cell.possible[c] && possible[c]);
            if (std::count(cell.possible.begin(), cell.possible.end(), 1) == 0)
                throw InternalError("no class is possible in a cell");
            // m without a zero: one of the two is beaten by the other, and not possible either.
            cell.away = !cell.possible[i_] || !cell.possible[k_];
        }
    }

    void quarter(const BoundaryCell& cell, std::vector<BoundaryCell>& next) {
        const auto parts = quarters(cell.box);
        if (parts.empty()) leave(cell);
        for (const Box& part : parts) {
            next.push_back(cell);
            next.back().box = part;
        }
    }

    void leave(const BoundaryCell& cell) {
        found_.cells.push_back(cell);
        ++found_.left_over;
    }

    void finish() {
        found_.verdict = Verdict::proved;
        const auto fail = [&](Verdict verdict, const std::string& detail) {
            if (found_.verdict == Verdict::proved) found_.verdict = verdict;
            found_.detail += (found_.detail.empty() ? "" : "; ") + detail;
        };
        for (std::size_t q = 0; q < found_.chains.size(); ++q) {
            const BoundaryChain& chain = found_.chains[q];
            if (chain.verdict != Verdict::proved)
                fail(chain.verdict, "chain " + std::to_string(q) + ": " + chain.detail);
        }
        if (found_.left_over > 0) {
            const std::string why = stopped_ ? "the computation was stopped"
                                    : out_of_budget_
                                        ? "the budget of " + std::to_string(options_.budget) + " cells is used up"
                                        : "cells were quartered " + std::to_string(options_.depth) + " times";
            fail(stopped_ ? Verdict::interrupted : Verdict::too_wide,
                 std::to_string(found_.left_over) + " cells are neither away from the boundary nor within a piece; " +
                     why + (failure_.empty() ? "" : "; " + failure_));
        }
        if (stopped_ && found_.verdict == Verdict::proved) fail(Verdict::interrupted, "stopped by the caller");
    }

    const Classifier& classifier_;
    std::size_t i_, k_;
    Box box_;
    const BoundaryOptions& options_;
    BoundaryTrace trace_;
    FrameIndex index_;
    DecisionBoundary found_;
    std::string failure_;
    bool stopped_ = false;
    bool out_of_budget_ = false;
};

}  // namespace

DecisionBoundary decision_boundary(const Classifier& classifier, std::size_t i, std::size_t k, const ClassMap& map,
                                   const BoundaryOptions& options) {
    check(classifier);
    check_pair(classifier, i, k);
    return BoundaryRun(classifier, i, k, map.box, options).run(map);
}

}  // namespace capnode
