#include "capnode/dynamics/class_map.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "capnode/numerics/number_text.hpp"

namespace capnode {
namespace {

constexpr std::size_t batch = 512;  // cells between two reports
// A set that much wider than its linear part decides nothing: it is cut rather than followed to the end.
constexpr double nonlinear_limit = 20.0;

void check_rectangle(const std::array<double, 4>& box, const std::array<std::size_t, 2>& shape) {
    for (std::size_t k = 0; k < 2; ++k) {
        const double lower = box[2 * k];
        const double upper = box[2 * k + 1];
        const std::string axis = " on axis " + std::to_string(k);
        if (!std::isfinite(lower) || !std::isfinite(upper))
            throw std::invalid_argument("the box must be finite" + axis);
        if (!(lower < upper)) {
            throw std::invalid_argument("the box has no positive side" + axis + ": from " + shortest_text(lower) +
                                        " to " + shortest_text(upper));
        }
        if (shape[k] == 0) {
            throw std::invalid_argument("the shape is (" + std::to_string(shape[0]) + ", " + std::to_string(shape[1]) +
                                        "), with 0 cells" + axis);
        }
        for (std::size_t i = 0; i < shape[k]; ++i) {
            if (!(cell_edge(lower, upper, shape[k], i) < cell_edge(lower, upper, shape[k], i + 1))) {
                throw std::invalid_argument(std::to_string(shape[k]) + " cells" + axis +
                                            " are more than there are doubles between its ends");
            }
        }
    }
}

// Verdicts and classes of the cells [from, to).
void decide(const Classifier& classifier, std::vector<ClassCell>& cells, std::size_t from, std::size_t to,
            const ClassMapOptions& options) {
    std::vector<Frame> frames;
    for (std::size_t k = from; k < to; ++k) frames.push_back(frame_of(cells[k].box));
    ImageOptions choice;
    choice.threads = options.threads;
    choice.interrupted = options.interrupted;
    choice.nonlinear_limit = nonlinear_limit;
    const std::vector<FrameImage> found = images(classifier, frames, choice);
    const std::vector<std::size_t> tied = tied_classes(classifier.readout);
    for (std::size_t k = from; k < to; ++k) {
        ClassCell& cell = cells[k];
        const FrameImage& image = found[k - from];
        const std::vector<char> possible = possible_classes(classifier, frames[k - from], image);
        std::size_t count = 0, apart = 0;  // classes; those that are not tied to an earlier one
        for (std::size_t c = 0; c < possible.size(); ++c) {
            cell.possible[c] = static_cast<char>(cell.possible[c] && possible[c]);
            if (!cell.possible[c]) continue;
            ++count;
            apart += cell.possible[tied[c]] && tied[c] != c ? 0 : 1;
        }
        if (count == 0) throw InternalError("no class is possible in a cell");
        cell.verdict = count == 1                              ? Verdict::proved
                       : apart == 1                            ? Verdict::tied
                       : image.verdict == Verdict::proved      ? Verdict::too_wide
                       : image.verdict == Verdict::interrupted ? Verdict::interrupted
                                                               : Verdict::unbounded;
    }
}

}  // namespace

double cell_edge(double lower, double upper, std::size_t cells, std::size_t i) {
    if (i == 0) return lower;
    if (i == cells) return upper;
    return lower + (upper - lower) * (static_cast<double>(i) / static_cast<double>(cells));
}

std::vector<std::array<double, 4>> quarters(const std::array<double, 4>& b) {
    const double x = midpoint(Interval(b[0], b[1]));
    const double y = midpoint(Interval(b[2], b[3]));
    if (!(b[0] < x && x < b[1] && b[2] < y && y < b[3])) return {};
    return {{b[0], x, b[2], y}, {b[0], x, y, b[3]}, {x, b[1], b[2], y}, {x, b[1], y, b[3]}};
}

ClassMap class_map(const Classifier& classifier, const std::array<double, 4>& box,
                   const std::array<std::size_t, 2>& shape, const ClassMapOptions& options) {
    check(classifier);
    check_rectangle(box, shape);
    const std::size_t classes = classifier.readout.classes();
    std::vector<ClassCell> level;
    for (std::size_t i = 0; i < shape[0]; ++i) {
        for (std::size_t j = 0; j < shape[1]; ++j) {
            ClassCell cell;
            cell.box = {cell_edge(box[0], box[1], shape[0], i), cell_edge(box[0], box[1], shape[0], i + 1),
                        cell_edge(box[2], box[3], shape[1], j), cell_edge(box[2], box[3], shape[1], j + 1)};
            cell.possible.assign(classes, 1);
            cell.parent = static_cast<std::uint32_t>(i * shape[1] + j);
            level.push_back(std::move(cell));
        }
    }
    ClassMap map;
    map.box = box;
    for (std::uint32_t depth = 0; !level.empty(); ++depth) {
        std::vector<ClassCell> next;
        bool stopped = false;
        for (std::size_t from = 0; from < level.size() && !stopped; from += batch) {
            const std::size_t to = std::min(level.size(), from + batch);
            decide(classifier, level, from, to, options);
            map.integrated += to - from;
            if (options.progress) options.progress(depth, to, level.size());
            stopped = options.interrupted && options.interrupted();
            if (stopped) {
                for (std::size_t k = to; k < level.size(); ++k) level[k].verdict = Verdict::interrupted;
            }
        }
        for (ClassCell& cell : level) {
            const bool cut = cell.verdict == Verdict::too_wide || cell.verdict == Verdict::unbounded;
            std::vector<std::array<double, 4>> parts;
            if (cut && !stopped && depth < options.depth) {
                if (map.integrated + next.size() + 4 <= options.budget) {
                    parts = quarters(cell.box);
                } else {
                    map.out_of_budget = true;
                }
            }
            if (parts.empty()) map.cells.push_back(cell);
            for (const auto& part : parts) {
                next.push_back(cell);
                next.back().box = part;
                next.back().level = depth + 1;
            }
        }
        level = std::move(next);
    }
    std::stable_sort(map.cells.begin(), map.cells.end(),
                     [](const ClassCell& a, const ClassCell& b) { return a.parent < b.parent; });
    return map;
}

// A box holds all of the rectangle; or it is cut at an end of a box inside of it, and both parts are covered by what
// overlaps them. Where no end lies inside, a box that overlaps it would hold it. The middle one of the ends leaves at
// most half of them to each part.
bool cover(const std::array<double, 4>& box, std::vector<std::array<double, 4>> boxes) {
    std::erase_if(boxes, [&](const std::array<double, 4>& b) {
        return !(b[0] < box[1] && box[0] < b[1] && b[2] < box[3] && box[2] < b[3]);
    });
    std::array<std::vector<double>, 2> ends;
    for (const std::array<double, 4>& b : boxes) {
        if (b[0] <= box[0] && box[1] <= b[1] && b[2] <= box[2] && box[3] <= b[3]) return true;
        for (std::size_t k = 0; k < 4; ++k) {
            if (box[k / 2 * 2] < b[k] && b[k] < box[k / 2 * 2 + 1]) ends[k / 2].push_back(b[k]);
        }
    }
    const std::size_t axis = ends[0].size() >= ends[1].size() ? 0 : 1;
    if (ends[axis].empty()) return false;
    const auto middle = ends[axis].begin() + static_cast<std::ptrdiff_t>(ends[axis].size() / 2);
    std::nth_element(ends[axis].begin(), middle, ends[axis].end());
    std::array<double, 4> lower = box, upper = box;
    lower[2 * axis + 1] = upper[2 * axis] = *middle;
    return cover(lower, boxes) && cover(upper, std::move(boxes));
}

ClassMap class_map_of_cells(const Classifier& classifier, const std::array<double, 4>& box,
                            const std::vector<std::array<double, 4>>& boxes, const ClassMapOptions& options) {
    check_rectangle(box, {1, 1});
    if (!cover(box, boxes)) {
        throw std::invalid_argument("the " + std::to_string(boxes.size()) + " cells do not cover the rectangle " +
                                    number_text(Interval(box[0], box[1])) + " x " +
                                    number_text(Interval(box[2], box[3])));
    }
    ClassMap map;
    map.box = box;
    map.cells = classify_cells(classifier, boxes, options);
    map.integrated = boxes.size();
    return map;
}

std::vector<ClassCell> classify_cells(const Classifier& classifier, const std::vector<std::array<double, 4>>& boxes,
                                      const ClassMapOptions& options) {
    check(classifier);
    std::vector<ClassCell> cells(boxes.size());
    for (std::size_t k = 0; k < boxes.size(); ++k) {
        cells[k].box = boxes[k];
        cells[k].possible.assign(classifier.readout.classes(), 1);
        cells[k].parent = static_cast<std::uint32_t>(k);
    }
    for (std::size_t from = 0; from < cells.size(); from += batch) {
        const std::size_t to = std::min(cells.size(), from + batch);
        decide(classifier, cells, from, to, options);
        if (options.progress) options.progress(0, to, cells.size());
    }
    return cells;
}

}  // namespace capnode
