#include "capnode/dynamics/ftle.hpp"

#include <algorithm>
#include <cmath>
#include <queue>
#include <stdexcept>

#include "capnode/numerics/number_text.hpp"

namespace capnode {
namespace {

constexpr std::size_t batch = 8;  // cells quartered together, so that lanes are full

[[noreturn]] void refuse(const std::string& text) { throw std::invalid_argument(text); }

void check_system(const FtleSystem& system) {
    if (system.layers.empty() == system.stages.empty()) {
        refuse("a system is made of layers or of maps; there are " + std::to_string(system.layers.size()) + " and " +
               std::to_string(system.stages.size()));
    }
    const Field& first = system.first();
    const auto fits = [&](const Field& field) {
        if (field.dim() != first.dim() || field.parameter_dim() != first.parameter_dim()) {
            refuse("the fields have dimensions " + std::to_string(first.dim()) + " and " + std::to_string(field.dim()) +
                   ", parameters " + std::to_string(first.parameter_dim()) + " and " +
                   std::to_string(field.parameter_dim()));
        }
    };
    for (const FlowLayer& layer : system.layers) {
        fits(layer.field);
        if (!std::isfinite(layer.duration) || layer.duration == 0.0 ||
            (layer.duration < 0.0) != (system.layers.front().duration < 0.0)) {
            refuse("the durations must be finite, not 0 and of one sign; one is " + shortest_text(layer.duration) +
                   ", the first " + shortest_text(system.layers.front().duration));
        }
    }
    for (const IterationStage& stage : system.stages) {
        fits(stage.map.field);
        if (!std::isfinite(stage.map.step) || stage.map.step == 0.0)
            refuse("the step of a map must be finite and not 0, not " + shortest_text(stage.map.step));
    }
    if (contains_zero(system.time())) refuse("the time is 0: an exponent over no time");
}

}  // namespace

void check(const FtleSpec& spec) {
    check_system(spec.system);
    const Field& field = spec.system.first();
    if (spec.parameter.size() != field.parameter_dim()) {
        refuse("the parameter has " + std::to_string(spec.parameter.size()) + " entries, the field needs " +
               std::to_string(field.parameter_dim()));
    }
    for (const Interval& p : spec.parameter) {
        if (!is_bounded(p)) refuse("a parameter interval is not bounded");
    }
    if (!std::isfinite(spec.t0)) refuse("t0 must be finite");
    if (spec.encoder.size() == 0) {
        if (field.dim() != 2) {
            refuse("the box is 2-dimensional and the field has dimension " + std::to_string(field.dim()) +
                   ": pass an encoder of shape (" + std::to_string(field.dim()) + ", 2)");
        }
        if (!spec.offset.empty()) refuse("an offset needs an encoder");
    } else {
        if (spec.encoder.rows != field.dim() || spec.encoder.cols != 2) {
            refuse("the encoder has shape (" + std::to_string(spec.encoder.rows) + ", " +
                   std::to_string(spec.encoder.cols) + "), the field needs (" + std::to_string(field.dim()) + ", 2)");
        }
        if (!spec.offset.empty() && spec.offset.size() != field.dim()) {
            refuse("the offset has " + std::to_string(spec.offset.size()) + " entries, the field has dimension " +
                   std::to_string(field.dim()));
        }
        bool zero = true;
        for (const double a : spec.encoder.data) {
            if (!std::isfinite(a)) refuse("the encoder must be finite");
            zero = zero && a == 0.0;
        }
        if (zero) refuse("the encoder is 0: an exponent of nothing");
        for (const double b : spec.offset) {
            if (!std::isfinite(b)) refuse("the offset must be finite");
        }
    }
    for (std::size_t k = 0; k < 2; ++k) {
        const std::string axis = "axis " + std::to_string(k);
        if (!std::isfinite(spec.lower[k]) || !std::isfinite(spec.upper[k])) refuse("the box must be finite");
        if (!(spec.lower[k] < spec.upper[k])) {
            refuse("the box has no positive side on " + axis + ": from " + shortest_text(spec.lower[k]) + " to " +
                   shortest_text(spec.upper[k]));
        }
        if (spec.shape[k] == 0) refuse("the shape has 0 entries on " + axis);
        if (spec.tile[k] == 0) refuse("the tiles have 0 entries on " + axis);
        for (std::size_t i = 0; i + 1 < spec.shape[k] + (spec.cells ? 1 : 0); ++i) {
            if (!(grid_line(spec, k, i) < grid_line(spec, k, i + 1))) {
                refuse("the grid has " + std::to_string(spec.shape[k]) + " entries on " + axis +
                       ", more than doubles between its ends");
            }
        }
    }
    if (!(spec.width >= 0.0)) refuse("the width must not be negative, but is " + shortest_text(spec.width));
    if (!(spec.area_width >= 0.0))
        refuse("area times width must not be negative, but is " + shortest_text(spec.area_width));
    if (!(spec.tolerance >= 0.0) || !std::isfinite(spec.tolerance)) refuse("the tolerance must be positive");
    if (spec.order != 0 && (spec.order < 3 || spec.order > 60))
        refuse("the order must lie between 3 and 60, not " + std::to_string(spec.order));
    if (spec.derivative_order < 0 || spec.derivative_order > 2)
        refuse("derivatives of order 1 or 2, not " + std::to_string(spec.derivative_order));
}

double grid_line(const FtleSpec& spec, std::size_t axis, std::size_t i) {
    const double lo = spec.lower[axis];
    const double hi = spec.upper[axis];
    const std::size_t last = spec.cells ? spec.shape[axis] : spec.shape[axis] - 1;
    if (last == 0) return lo + 0.5 * (hi - lo);
    if (i == 0) return lo;
    if (i == last) return hi;
    return lo + (hi - lo) * (static_cast<double>(i) / static_cast<double>(last));
}

namespace {

std::array<std::size_t, 2> tile_grid(const FtleSpec& spec) {
    return {(spec.shape[0] + spec.tile[0] - 1) / spec.tile[0], (spec.shape[1] + spec.tile[1] - 1) / spec.tile[1]};
}

}  // namespace

std::size_t tile_count(const FtleSpec& spec) {
    const auto grid = tile_grid(spec);
    return grid[0] * grid[1];
}

FtleTile tile_range(const FtleSpec& spec, std::size_t index) {
    const auto grid = tile_grid(spec);
    if (index >= grid[0] * grid[1]) {
        refuse("tile " + std::to_string(index) + " was asked for, there are " + std::to_string(grid[0] * grid[1]));
    }
    FtleTile tile;
    tile.index = index;
    const std::array<std::size_t, 2> place = {index / grid[1], index % grid[1]};
    for (std::size_t k = 0; k < 2; ++k) {
        tile.first[k] = place[k] * spec.tile[k];
        tile.size[k] = std::min(spec.tile[k], spec.shape[k] - tile.first[k]);
    }
    return tile;
}

namespace {

struct Candidate {
    double weight = 0.0;  // area x width
    double area = 0.0;    // where the width is infinite, larger cells come first
    std::size_t place = 0;
    bool operator<(const Candidate& other) const {
        if (weight != other.weight) return weight < other.weight;
        if (area != other.area) return area < other.area;
        return place > other.place;
    }
};

class TileRun {
  public:
    TileRun(const FtleSpec& spec, const FtleBounds& bounds, std::size_t index, const FtleProgress& progress)
        : spec_(spec), bounds_(bounds), progress_(progress), tile_(tile_range(spec, index)) {
        const std::size_t tiles = tile_count(spec);
        // even shares that add up to the budget
        budget_ = spec.budget / tiles + (index < spec.budget % tiles ? 1 : 0);
    }

    FtleTile run() {
        roots();
        evaluate(0);
        if (spec_.cells) {
            for (std::size_t p = 0; p < cells_.size(); ++p) enqueue(p);
            while (!stopped_ && refine()) {
            }
        }
        finish();
        return std::move(tile_);
    }

  private:
    void roots() {
        for (std::size_t i = 0; i < tile_.size[0]; ++i) {
            for (std::size_t j = 0; j < tile_.size[1]; ++j) {
                const std::size_t a = tile_.first[0] + i;
                const std::size_t b = tile_.first[1] + j;
                const std::size_t next = spec_.cells ? 1 : 0;
                FtleBounds::Cell cell;
                cell.box = {grid_line(spec_, 0, a), grid_line(spec_, 0, a + next), grid_line(spec_, 1, b),
                            grid_line(spec_, 1, b + next)};
                cells_.push_back(cell);
                parent_.push_back(static_cast<std::uint32_t>(cells_.size() - 1));
                leaf_.push_back(1);
            }
        }
    }

    // Bounds the cells from `first` on.
    void evaluate(std::size_t first) {
        std::vector<FtleBounds::Cell> fresh(cells_.begin() + static_cast<std::ptrdiff_t>(first), cells_.end());
        for (FtleBounds::Cell& cell : fresh) {
            const double area = (cell.box[1] - cell.box[0]) * (cell.box[3] - cell.box[2]);
            if (spec_.cells) cell.enough = std::max(spec_.width, spec_.area_width / area);
        }
        bounds_.bound(fresh, progress_.interrupted);
        std::copy(fresh.begin(), fresh.end(), cells_.begin() + static_cast<std::ptrdiff_t>(first));
        tile_.integrated += fresh.size();
        stopped_ = std::any_of(fresh.begin(), fresh.end(),
                               [](const FtleBounds::Cell& c) { return c.verdict == Verdict::interrupted; });
        if (progress_.progress) {
            const std::size_t total = spec_.cells ? std::max(budget_, cells_.size()) : cells_.size();
            progress_.progress(static_cast<double>(tile_.integrated) / static_cast<double>(total));
        }
    }

    void enqueue(std::size_t p) {
        const FtleBounds::Cell& cell = cells_[p];
        const double width = cell.exponent.hi - cell.exponent.lo;
        const double area = (cell.box[1] - cell.box[0]) * (cell.box[3] - cell.box[2]);
        if (!(width > spec_.width) || !(area * width > spec_.area_width)) return;
        queue_.push({area * width, area, p});
    }

    // Quarters the worst leaves; false where nothing is left to do.
    bool refine() {
        std::vector<std::size_t> chosen;
        while (chosen.size() < batch && !queue_.empty() && tile_.integrated + 4 * (chosen.size() + 1) <= budget_) {
            const std::size_t p = queue_.top().place;
            queue_.pop();
            const std::array<double, 4> box = cells_[p].box;
            const double x = midpoint(Interval(box[0], box[1]));
            const double y = midpoint(Interval(box[2], box[3]));
            if (!(box[0] < x && x < box[1] && box[2] < y && y < box[3])) continue;  // as small as doubles are
            chosen.push_back(p);
        }
        if (chosen.empty()) return false;
        const std::size_t first = cells_.size();
        for (const std::size_t p : chosen) {
            leaf_[p] = 0;
            const std::array<double, 4> b = cells_[p].box;
            const double x = midpoint(Interval(b[0], b[1]));
            const double y = midpoint(Interval(b[2], b[3]));
            for (const auto& quarter :
                 {std::array<double, 4>{b[0], x, b[2], y}, std::array<double, 4>{b[0], x, y, b[3]},
                  std::array<double, 4>{x, b[1], b[2], y}, std::array<double, 4>{x, b[1], y, b[3]}}) {
                FtleBounds::Cell cell;
                cell.box = quarter;
                cells_.push_back(cell);
                parent_.push_back(parent_[p]);
                leaf_.push_back(1);
                origin_.push_back(p);
            }
        }
        evaluate(first);
        for (std::size_t p = first; p < cells_.size(); ++p) {
            inherit(p, origin_[p - first]);
            enqueue(p);
        }
        origin_.clear();
        return true;
    }

    // What holds on a cell holds on its quarters.
    void inherit(std::size_t p, std::size_t from) {
        const FtleBounds::Cell& above = cells_[from];
        FtleBounds::Cell& cell = cells_[p];
        if (above.verdict != Verdict::proved || cell.verdict == Verdict::interrupted) return;
        const std::optional<Interval> both = intersect(above.exponent, cell.exponent);
        if (!both) throw InternalError("the exponents of a cell and of its quarter do not meet");
        cell.exponent = *both;
        cell.verdict = Verdict::proved;
    }

    void finish() {
        const std::size_t count = tile_.size[0] * tile_.size[1];
        tile_.lower.assign(count, infinity);
        tile_.upper.assign(count, -infinity);
        tile_.verdicts.assign(count, Verdict::proved);
        std::vector<std::size_t> order;
        for (std::size_t p = 0; p < cells_.size(); ++p) {
            if (!leaf_[p]) continue;
            order.push_back(p);
            const std::size_t q = parent_[p];
            tile_.lower[q] = std::fmin(tile_.lower[q], cells_[p].exponent.lo);
            tile_.upper[q] = std::fmax(tile_.upper[q], cells_[p].exponent.hi);
            if (tile_.verdicts[q] == Verdict::proved) tile_.verdicts[q] = cells_[p].verdict;
        }
        if (!spec_.cells) return;
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            const std::array<double, 4>& x = cells_[a].box;
            const std::array<double, 4>& y = cells_[b].box;
            if (parent_[a] != parent_[b]) return parent_[a] < parent_[b];
            return x[0] != y[0] ? x[0] < y[0] : x[2] < y[2];
        });
        for (const std::size_t p : order) {
            const FtleBounds::Cell& c = cells_[p];
            tile_.leaves.push_back({c.box, c.exponent.lo, c.exponent.hi, c.verdict, parent_[p]});
        }
    }

    const FtleSpec& spec_;
    const FtleBounds& bounds_;
    const FtleProgress& progress_;
    FtleTile tile_;
    std::size_t budget_ = 0;
    bool stopped_ = false;
    std::vector<FtleBounds::Cell> cells_;  // all that were integrated
    std::vector<std::uint32_t> parent_;
    std::vector<char> leaf_;
    std::vector<std::size_t> origin_;
    std::priority_queue<Candidate> queue_;
};

}  // namespace

FtleTile ftle_tile(const FtleSpec& spec, const FtleBounds& bounds, std::size_t index, const FtleProgress& progress) {
    return TileRun(spec, bounds, index, progress).run();
}

}  // namespace capnode
