#include "capnode/dynamics/classifier.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <thread>

#include "capnode/numerics/number_text.hpp"
#include "capnode/numerics/worker_threads.hpp"

namespace capnode {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw std::invalid_argument(text); }

void check_system(const Classifier& c) {
    if (c.layers.empty() == c.stages.empty()) {
        refuse("a classifier is made of layers or of maps; there are " + std::to_string(c.layers.size()) + " and " +
               std::to_string(c.stages.size()));
    }
    const auto fits = [&](const Field& field) {
        if (field.dim() != c.first().dim() || field.parameter_dim() != c.first().parameter_dim()) {
            refuse("the fields have dimensions " + std::to_string(c.first().dim()) + " and " +
                   std::to_string(field.dim()) + ", parameters " + std::to_string(c.first().parameter_dim()) + " and " +
                   std::to_string(field.parameter_dim()));
        }
    };
    for (const FlowLayer& layer : c.layers) {
        fits(layer.field);
        if (!std::isfinite(layer.duration) || layer.duration == 0.0 ||
            (layer.duration < 0.0) != (c.layers.front().duration < 0.0)) {
            refuse("the time of a flow must be finite, not 0 and of one sign; it is " + shortest_text(layer.duration) +
                   " in a layer and " + shortest_text(c.layers.front().duration) + " in the first");
        }
    }
    std::size_t steps = 0;
    for (const IterationStage& stage : c.stages) {
        fits(stage.map.field);
        steps += stage.steps;
    }
    if (c.discrete() && steps == 0) refuse("the maps are iterated for 0 steps");
}

}  // namespace

void check(const Classifier& c) {
    check_system(c);
    const std::size_t dim = c.first().dim();
    check_readout(c.readout, dim);
    const std::vector<std::size_t> tied = tied_classes(c.readout);
    if (std::all_of(tied.begin(), tied.end(), [](std::size_t first) { return first == 0; })) {
        refuse("the classes 0 and 1" +
               (tied.size() > 2 ? " and all others up to " + std::to_string(tied.size() - 1) : "") +
               " have the same readout row and bias: their scores are equal everywhere");
    }
    if (c.parameter.size() != c.first().parameter_dim()) {
        refuse("the parameter has " + std::to_string(c.parameter.size()) + " entries, the field needs " +
               std::to_string(c.first().parameter_dim()));
    }
    if (c.encoder.size() == 0) {
        if (dim != 2) {
            refuse("the box is 2-dimensional and the field has dimension " + std::to_string(dim) +
                   ": pass an encoder of shape (" + std::to_string(dim) + ", 2)");
        }
        if (!c.offset.empty()) refuse("an offset needs an encoder");
        return;
    }
    if (c.encoder.rows != dim || c.encoder.cols != 2) {
        refuse("the encoder has shape (" + std::to_string(c.encoder.rows) + ", " + std::to_string(c.encoder.cols) +
               "), the field needs (" + std::to_string(dim) + ", 2)");
    }
    if (!c.offset.empty() && c.offset.size() != dim) {
        refuse("the offset of the encoder has " + std::to_string(c.offset.size()) +
               " entries, the field has dimension " + std::to_string(dim));
    }
    for (const double a : c.encoder.data) {
        if (!std::isfinite(a)) refuse("the encoder must be finite");
    }
    for (const double b : c.offset) {
        if (!std::isfinite(b)) refuse("the offset of the encoder must be finite");
    }
}

void check_pair(const Classifier& c, std::size_t i, std::size_t k) {
    const std::size_t classes = c.readout.classes();
    const std::string pair = std::to_string(i) + " and " + std::to_string(k);
    if (i == k || i >= classes || k >= classes)
        refuse("a boundary between the classes " + pair + " of " + std::to_string(classes));
    const std::vector<std::size_t> tied = tied_classes(c.readout);
    if (tied[i] == tied[k]) {
        refuse(
            "the classes " + pair +
            " have the same readout row and bias: their scores are equal everywhere, there is no curve between them");
    }
}

std::array<Interval, 2> Frame::at(const Interval& u, const Interval& v) const {
    return {Interval(centre[0]) + Interval(axes[0]) * u + Interval(axes[1]) * v,
            Interval(centre[1]) + Interval(axes[2]) * u + Interval(axes[3]) * v};
}

// Cramer's rule.
std::array<Interval, 2> Frame::coordinates(const std::array<Interval, 2>& z) const {
    const Interval x = z[0] - Interval(centre[0]);
    const Interval y = z[1] - Interval(centre[1]);
    const Interval det = Interval(axes[0]) * Interval(axes[3]) - Interval(axes[1]) * Interval(axes[2]);
    return {quotient(Interval(axes[3]) * x - Interval(axes[1]) * y, det),
            quotient(Interval(axes[0]) * y - Interval(axes[2]) * x, det)};
}

Frame frame_of(const std::array<double, 4>& box) {
    Frame frame;
    for (std::size_t k = 0; k < 2; ++k) {
        const Interval side(box[2 * k], box[2 * k + 1]);
        frame.centre[k] = midpoint(side);
        frame.radii[k] = std::max(subtract_up(side.hi, frame.centre[k]), subtract_up(frame.centre[k], side.lo));
    }
    return frame;
}

namespace {

// A T as enclosed, dim x 2 (T alone where there is no encoder).
std::vector<std::array<Interval, 2>> encoded_axes(const Classifier& c, const Frame& frame) {
    const std::size_t dim = c.first().dim();
    std::vector<std::array<Interval, 2>> rows(dim);
    for (std::size_t i = 0; i < dim; ++i) {
        for (std::size_t j = 0; j < 2; ++j) {
            rows[i][j] = c.encoder.size() == 0 ? Interval(frame.axes[2 * i + j])
                                               : Interval(c.encoder(i, 0)) * Interval(frame.axes[j]) +
                                                     Interval(c.encoder(i, 1)) * Interval(frame.axes[2 + j]);
        }
    }
    return rows;
}

// Directions 0 and 1 are u and v; then, where something was rounded, one for each component.
InitialSet initial_set(const Classifier& c, const Frame& frame) {
    const std::size_t dim = c.first().dim();
    const bool encoded = c.encoder.size() > 0;
    const auto axes = encoded_axes(c, frame);
    InitialSet set;
    set.centre.resize(dim);
    set.directions = Matrix(dim, 2 + (encoded ? dim : 0));
    set.radii.assign(set.directions.cols, 0.0);
    set.radii[0] = frame.radii[0];
    set.radii[1] = frame.radii[1];
    set.parameter = c.parameter;
    set.t0 = Interval(c.t0);
    for (std::size_t i = 0; i < dim; ++i) {
        Interval error(0.0);
        Interval start(encoded ? 0.0 : frame.centre[i]);
        if (encoded) {
            start = Interval(c.encoder(i, 0)) * Interval(frame.centre[0]) +
                    Interval(c.encoder(i, 1)) * Interval(frame.centre[1]);
            if (!c.offset.empty()) start += Interval(c.offset[i]);
        }
        set.centre[i] = midpoint(start);
        error += start - Interval(set.centre[i]);
        for (std::size_t j = 0; j < 2; ++j) {
            set.directions(i, j) = midpoint(axes[i][j]);
            error += (axes[i][j] - Interval(set.directions(i, j))) * Interval(-frame.radii[j], frame.radii[j]);
        }
        if (encoded) {
            set.directions(i, 2 + i) = 1.0;
            set.radii[2 + i] = std::max(-error.lo, error.hi);
        }
    }
    return set;
}

struct Raw {
    Verdict verdict = Verdict::no_convergence;
    std::string detail;
    std::vector<Interval> final;
    std::vector<Interval> derivative;
    AffineForm affine;
};

template <class Answer>
Raw raw_of(Answer& r) {
    return {r.verdict, std::move(r.detail), std::move(r.final), std::move(r.derivative), std::move(r.affine)};
}

std::vector<Raw> run(const Classifier& c, const std::vector<InitialSet>& starts, const ImageOptions& options) {
    std::vector<Raw> results;
    results.reserve(starts.size());
    if (c.discrete()) {
        IterationOptions choice;
        choice.derivative = options.derivative;
        choice.affine_form = true;
        choice.interrupted = options.interrupted;
        for (IterationResult& r : iterate(c.stages, starts, choice)) results.push_back(raw_of(r));
        return results;
    }
    FlowOptions choice;
    choice.order = c.order;
    choice.tolerance = c.tolerance;
    choice.derivative = options.derivative;
    choice.affine_form = true;
    choice.nonlinear_limit = options.nonlinear_limit;
    choice.interrupted = options.interrupted;
    if (c.layers.size() == 1) {
        const std::vector<double> durations(starts.size(), c.layers.front().duration);
        for (FlowResult& r : integrate_lanes(c.layers.front().field, starts, durations, choice))
            results.push_back(raw_of(r));
        return results;
    }
    for (LayeredResult& layers : integrate_layers(c.layers, starts, choice)) {
        Raw raw = raw_of(layers.back());
        if (raw.verdict == Verdict::proved && layers.size() != c.layers.size())
            throw InternalError("a run through " + std::to_string(c.layers.size()) + " layers ended after " +
                                std::to_string(layers.size()));
        results.push_back(std::move(raw));
    }
    return results;
}

FrameImage image_of(const Classifier& c, const Frame& frame, Raw raw, bool derivative) {
    const std::size_t dim = c.first().dim();
    FrameImage image;
    image.verdict = raw.verdict;
    image.detail = std::move(raw.detail);
    image.final = std::move(raw.final);
    if (image.verdict != Verdict::proved) return image;
    // Directions of radius 0 are left out of the form; u and v come first.
    std::array<std::optional<std::size_t>, 2> column;
    std::size_t own = 0;
    for (std::size_t j = 0; j < 2; ++j) {
        if (frame.radii[j] > 0.0) column[j] = own++;
    }
    image.constant.resize(dim);
    image.slope.resize(dim);
    for (std::size_t i = 0; i < dim; ++i) {
        Interval rest(-raw.affine.rest[i], raw.affine.rest[i]);
        for (std::size_t j = own; j < raw.affine.radii.size(); ++j) {
            const double r = raw.affine.radii[j];
            rest += Interval(raw.affine.directions(i, j)) * Interval(-r, r);
        }
        image.constant[i] = Interval(raw.affine.centre[i]) + rest;
        for (std::size_t j = 0; j < 2; ++j) {
            image.slope[i][j] = column[j] ? Interval(raw.affine.directions(i, *column[j])) : Interval(0.0);
        }
    }
    if (derivative) {
        const auto axes = encoded_axes(c, frame);
        image.derivative.resize(dim);
        for (std::size_t i = 0; i < dim; ++i) {
            for (std::size_t j = 0; j < 2; ++j) {
                Interval sum(0.0);
                for (std::size_t k = 0; k < dim; ++k) sum += raw.derivative[i * dim + k] * axes[k][j];
                image.derivative[i][j] = sum;
            }
        }
    }
    return image;
}

std::vector<FrameImage> share(const Classifier& c, const std::vector<Frame>& frames, std::size_t from, std::size_t to,
                              const ImageOptions& options) {
    std::vector<InitialSet> starts;
    starts.reserve(to - from);
    for (std::size_t k = from; k < to; ++k) starts.push_back(initial_set(c, frames[k]));
    std::vector<Raw> raw = run(c, starts, options);
    std::vector<FrameImage> result;
    result.reserve(raw.size());
    for (std::size_t k = from; k < to; ++k)
        result.push_back(image_of(c, frames[k], std::move(raw[k - from]), options.derivative));
    return result;
}

}  // namespace

std::vector<FrameImage> images(const Classifier& c, const std::vector<Frame>& frames, const ImageOptions& options) {
    std::size_t threads = options.threads != 0 ? options.threads : std::thread::hardware_concurrency();
    threads = std::max<std::size_t>(1, std::min(threads, frames.size() / 16));
    std::vector<std::vector<FrameImage>> parts(threads);
    in_shares(threads, options.interrupted, [&](std::size_t t, const Stop& stop) {
        ImageOptions own = options;
        own.interrupted = stop;
        parts[t] = share(c, frames, frames.size() * t / threads, frames.size() * (t + 1) / threads, own);
    });
    std::vector<FrameImage> result;
    result.reserve(frames.size());
    for (auto& part : parts) std::move(part.begin(), part.end(), std::back_inserter(result));
    return result;
}

FrameMargin margin(const Classifier& c, const Frame& frame, const FrameImage& image, std::size_t i, std::size_t k) {
    FrameMargin m;
    m.constant = Interval(c.readout.bias[i]) - Interval(c.readout.bias[k]);
    Interval whole = m.constant;
    for (std::size_t q = 0; q < image.final.size(); ++q) {
        const Interval w = Interval(c.readout.weight(i, q)) - Interval(c.readout.weight(k, q));
        m.constant += w * image.constant[q];
        for (std::size_t j = 0; j < 2; ++j) m.slope[j] += w * image.slope[q][j];
        whole += w * image.final[q];
    }
    Interval range = m.constant;
    for (std::size_t j = 0; j < 2; ++j) range += m.slope[j] * Interval(-frame.radii[j], frame.radii[j]);
    const std::optional<Interval> both = intersect(range, whole);
    if (!both) throw InternalError("two enclosures of one margin do not meet");
    m.range = *both;
    return m;
}

std::array<Interval, 2> margin_derivative(const Classifier& c, const FrameImage& image, std::size_t i, std::size_t k) {
    std::array<Interval, 2> sum{Interval(0.0), Interval(0.0)};
    for (std::size_t q = 0; q < image.derivative.size(); ++q) {
        const Interval w = Interval(c.readout.weight(i, q)) - Interval(c.readout.weight(k, q));
        for (std::size_t j = 0; j < 2; ++j) sum[j] += w * image.derivative[q][j];
    }
    return sum;
}

// As for readouts: a class is beaten where some margin against it is positive on the whole frame; never all of them.
std::vector<char> possible_classes(const Classifier& c, const Frame& frame, const FrameImage& image) {
    const std::size_t classes = c.readout.classes();
    std::vector<char> possible(classes, 1);
    if (image.verdict != Verdict::proved) return possible;
    for (std::size_t j = 0; j < classes; ++j) {
        for (std::size_t k = j + 1; k < classes; ++k) {
            if (!possible[j] && !possible[k]) continue;
            const Interval m = margin(c, frame, image, j, k).range;
            if (m.lo > 0.0) possible[k] = 0;
            if (m.hi < 0.0) possible[j] = 0;
        }
    }
    return possible;
}

}  // namespace capnode
