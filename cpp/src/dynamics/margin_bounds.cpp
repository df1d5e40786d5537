#include "capnode/dynamics/margin_bounds.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <thread>
#include <utility>

#include "../flow/taylor_model_set.hpp"
#include "capnode/flow/taylor_model_flow.hpp"
#include "capnode/numerics/directed.hpp"
#include "capnode/numerics/rounding.hpp"
#include "capnode/numerics/worker_threads.hpp"

namespace capnode {
namespace {

// A box as it is integrated: Q u = Q c + Q (u - c), and with fl(x + Q c) = x + Q c + e, eta = -Q^-1 e.
struct Start {
    InitialSet set;
    std::vector<double> centre;  // c, in u
    double delta = 0.0;          // of the header; it is part of the radii of `set`
};

Start start_of(const InputBox& box, const NetworkInput& input, const InputFrame& frame) {
    const std::size_t n = frame.x.size();
    Start start;
    start.centre.resize(n);
    start.set.centre.resize(n);
    start.set.radii.resize(n);
    start.set.directions = frame.axes;
    start.set.parameter = input.parameter;
    start.set.t0 = input.t0;
    for (std::size_t j = 0; j < n; ++j) {
        const Interval side(box.lo[j], box.hi[j]);
        start.centre[j] = midpoint(side);
        start.set.radii[j] = radius_up(side, start.centre[j]);
    }
    double sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        Interval y(frame.x[i]);
        for (std::size_t j = 0; j < n; ++j) y += Interval(frame.axes(i, j)) * Interval(start.centre[j]);
        start.set.centre[i] = midpoint(y);
        const double e = radius_up(y, start.set.centre[i]);
        sum = add_up(sum, multiply_up(e, e));
    }
    start.delta = divide_up(root_up(sum), frame.least);
    for (double& r : start.set.radii) r = add_up(r, start.delta);
    return start;
}

struct Arrived {
    Verdict verdict = Verdict::no_convergence;
    std::string detail;
    std::vector<Interval> final;
    AffineForm affine;  // its first coordinates: r, or each divided by its radius, where `of_unit`
    bool of_unit = false;
};

// Whether a Taylor model gives every direction a coordinate.
bool has_coordinates(const InitialSet& set) {
    InitialSet alone = set;
    alone.t0 = Interval(0.0);
    alone.parameter.clear();
    return TaylorModelSet::coordinates(alone) == set.radii.size();
}

std::vector<Arrived> followed(const std::vector<FlowLayer>& layers, const std::vector<InitialSet>& starts,
                              const FlowOptions& options) {
    const bool models = options.set_degree > 1;
    std::vector<Arrived> out;
    out.reserve(starts.size());
    const auto take = [&](FlowResult& r) {
        out.push_back({r.verdict, std::move(r.detail), std::move(r.final), std::move(r.affine), models});
    };
    if (layers.size() == 1) {
        const std::vector<double> durations(starts.size(), layers.front().duration);
        auto found = models ? integrate_lanes_taylor_model(layers.front().field, starts, durations, options)
                            : integrate_lanes(layers.front().field, starts, durations, options);
        for (FlowResult& r : found) take(r);
        return out;
    }
    auto found =
        models ? integrate_layers_taylor_model(layers, starts, options) : integrate_layers(layers, starts, options);
    for (LayeredResult& run : found) {
        if (run.back().verdict == Verdict::proved && run.size() != layers.size())
            throw InternalError("a run through " + std::to_string(layers.size()) + " layers ended after " +
                                std::to_string(run.size()));
        take(run.back());
    }
    return out;
}

// The first theorem of the header. The radii of the set are positive, so its directions are the first n coordinates.
MarginPlanes planes_of(const Readout& readout, std::size_t c, std::size_t k, const Arrived& arrived,
                       const Start& start) {
    const std::size_t n = start.centre.size();
    const AffineForm& form = arrived.affine;
    Interval level = Interval(readout.bias[c]) - Interval(readout.bias[k]);
    std::vector<Interval> weight(n);
    for (std::size_t i = 0; i < n; ++i) {
        weight[i] = Interval(readout.weight(c, i)) - Interval(readout.weight(k, i));
        level += weight[i] * (Interval(form.centre[i]) + Interval(-form.rest[i], form.rest[i]));
    }
    const Interval moved(-start.delta, start.delta);
    MarginPlanes planes;
    planes.slope.resize(n);
    for (std::size_t j = 0; j < form.radii.size(); ++j) {
        Interval slope(0.0);
        for (std::size_t i = 0; i < n; ++i) slope += weight[i] * Interval(form.directions(i, j));
        if (j >= n) {
            level += slope * Interval(-form.radii[j], form.radii[j]);
            continue;
        }
        const double radius = start.set.radii[j];  // rho + delta
        if (arrived.of_unit) slope = quotient(slope, Interval(radius));
        const double s = midpoint(slope);
        planes.slope[j] = s;
        level += (slope - Interval(s)) * Interval(-radius, radius) + Interval(s) * (moved - Interval(start.centre[j]));
    }
    planes.lower = level.lo;
    planes.upper = level.hi;
    return planes;
}

BoxImage image_of(const Readout& readout, std::size_t cls, const Start& start, Arrived arrived) {
    BoxImage image;
    image.verdict = arrived.verdict;
    image.detail = std::move(arrived.detail);
    image.final = std::move(arrived.final);
    if (image.verdict != Verdict::proved) return image;
    const std::size_t n = start.centre.size();
    image.margins.resize(readout.classes());
    const std::vector<Interval> range = margins(readout, image.final, cls);
    for (std::size_t k = 0; k < readout.classes(); ++k) {
        if (k == cls) continue;
        if (range[k].lo > 0.0) {
            image.margins[k] = {range[k].lo, range[k].hi, std::vector<double>(n, 0.0)};
        } else {
            image.margins[k] = planes_of(readout, cls, k, arrived, start);
        }
    }
    for (std::size_t j = 0; j < n; ++j) {
        double sum = 0.0;
        for (std::size_t i = 0; i < n; ++i) sum += arrived.affine.directions(i, j) * arrived.affine.directions(i, j);
        image.stretch_bar.push_back(std::sqrt(sum) / (arrived.of_unit ? start.set.radii[j] : 1.0));
    }
    return image;
}

// The minimum over v in B_j of v^2 + 2 a v, a in A, from below: at an end where the function is monotone on B_j for all
// a, at v = -a otherwise.
double least_of_quadratic(double lo, double hi, const Interval& a) {
    if (a.lo >= -lo) return (Interval(lo) * (Interval(lo) + Interval(2.0) * a)).lo;
    if (a.hi <= -hi) return (Interval(hi) * (Interval(hi) + Interval(2.0) * a)).lo;
    return -square(a).hi;
}

// The second theorem of the header, for one lambda: a lower bound of |u|^2.
double dual_bound(const MarginPlanes& planes, const InputBox& box, double lambda) {
    double below = (Interval(2.0) * Interval(lambda) * Interval(planes.lower)).lo;
    for (std::size_t j = 0; j < box.lo.size(); ++j)
        below = add_down(below, least_of_quadratic(box.lo[j], box.hi[j], Interval(lambda) * Interval(planes.slope[j])));
    return below;
}

// In floating point: the lambda at which u(lambda) = clamp(-lambda s, B) meets the plane level + s . u = 0; and u.
double best_multiplier(double level, const std::vector<double>& slope, const InputBox& box, std::vector<double>& u) {
    const auto height = [&](double lambda) {
        double h = level;
        for (std::size_t j = 0; j < u.size(); ++j) {
            u[j] = std::fmin(std::fmax(-lambda * slope[j], box.lo[j]), box.hi[j]);
            h += slope[j] * u[j];
        }
        return h;
    };
    if (!(height(0.0) > 0.0)) return 0.0;
    double size = 0.0;
    for (const double s : slope) size += s * s;
    double hi = level > 0.0 && size > 0.0 ? level / size : 1.0;
    double lo = 0.0;
    for (int k = 0; k < 60 && height(hi) > 0.0; ++k) {
        lo = hi;
        hi *= 2.0;
    }
    for (int k = 0; k < 50 && hi - lo > 1e-13 * hi; ++k) {
        const double middle = 0.5 * (lo + hi);
        (height(middle) > 0.0 ? lo : hi) = middle;
    }
    height(hi);
    return hi;
}

}  // namespace

InputFrame frame_at(const std::vector<double>& x, const Matrix& axes_bar) {
    const std::size_t n = x.size();
    InputFrame frame{x, axes_bar, 1.0};
    double sum = 0.0;  // |Q^T Q - I|_F^2
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
            Interval entry(i == j ? -1.0 : 0.0);
            for (std::size_t k = 0; k < n; ++k) entry += Interval(axes_bar(k, i)) * Interval(axes_bar(k, j));
            sum = add_up(sum, multiply_up(magnitude(entry), magnitude(entry)));
        }
    }
    const double rest = subtract_down(1.0, root_up(sum));
    if (rest > 0.5) {
        frame.least = root_down(rest);
    } else {
        frame.axes = Matrix::identity(n);
    }
    return frame;
}

std::vector<double> point_bar(const InputFrame& frame, const std::vector<double>& u) {
    std::vector<double> y = frame.x;
    for (std::size_t i = 0; i < y.size(); ++i) {
        for (std::size_t j = 0; j < y.size(); ++j) y[i] += frame.axes(i, j) * u[j];
    }
    return y;
}

std::vector<BoxImage> box_images(const std::vector<FlowLayer>& layers, const Readout& readout,
                                 const NetworkInput& input, const InputFrame& frame, std::size_t cls,
                                 const std::vector<InputBox>& boxes, const FlowOptions& options) {
    std::size_t threads = options.threads != 0 ? options.threads : std::thread::hardware_concurrency();
    threads = std::max<std::size_t>(1, std::min(threads, boxes.size() / 8));
    std::vector<Start> starts;
    starts.reserve(boxes.size());
    for (const InputBox& box : boxes) starts.push_back(start_of(box, input, frame));
    FlowOptions choice = options;
    choice.threads = 1;
    choice.affine_form = true;
    choice.derivative = false;
    choice.dense = false;
    choice.progress = {};
    const auto fits = [](const Start& start) { return has_coordinates(start.set); };
    if (choice.set_degree > 1 && !std::all_of(starts.begin(), starts.end(), fits)) choice.set_degree = 1;
    std::vector<std::vector<BoxImage>> parts(threads);
    in_shares(threads, options.interrupted, [&](std::size_t t, const Stop& stop) {
        FlowOptions own = choice;
        own.interrupted = stop;
        const std::size_t from = boxes.size() * t / threads;
        std::vector<InitialSet> sets;
        for (std::size_t k = from; k < boxes.size() * (t + 1) / threads; ++k) sets.push_back(starts[k].set);
        std::vector<Arrived> arrived = followed(layers, sets, own);
        for (std::size_t k = 0; k < sets.size(); ++k)
            parts[t].push_back(image_of(readout, cls, starts[from + k], std::move(arrived[k])));
    });
    std::vector<BoxImage> images;
    images.reserve(boxes.size());
    for (auto& part : parts) std::move(part.begin(), part.end(), std::back_inserter(images));
    return images;
}

double distance_of(const InputBox& box) {
    double sum = 0.0;
    for (std::size_t j = 0; j < box.lo.size(); ++j) {
        const double d = mignitude(Interval(box.lo[j], box.hi[j]));
        sum = add_down(sum, multiply_down(d, d));
    }
    return root_down(std::fmax(0.0, sum));
}

NearestZero nearest_zero(const MarginPlanes& planes, const InputBox& box) {
    NearestZero nearest;
    Interval range(planes.lower);
    for (std::size_t j = 0; j < box.lo.size(); ++j) range += Interval(planes.slope[j]) * Interval(box.lo[j], box.hi[j]);
    if (range.lo > 0.0) return nearest;
    nearest.distance = distance_of(box);
    nearest.point_bar.assign(box.lo.size(), 0.0);
    const double lambda = best_multiplier(planes.lower, planes.slope, box, nearest.point_bar);
    if (lambda > 0.0 && lambda < infinity)
        nearest.distance = std::fmax(nearest.distance, root_down(std::fmax(0.0, dual_bound(planes, box, lambda))));
    best_multiplier(0.5 * planes.lower + 0.5 * planes.upper, planes.slope, box, nearest.point_bar);
    return nearest;
}

}  // namespace capnode
