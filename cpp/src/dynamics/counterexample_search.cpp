#include "counterexample_search.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace capnode {
namespace {

constexpr std::size_t side_by_side = 64;
constexpr std::size_t corrections = 3;   // of a candidate that missed
constexpr std::size_t outwards = 40;     // steps until the class changes
constexpr std::size_t bisections = 24;   // back towards x
constexpr std::size_t projections = 10;  // of x onto tangent planes

double squared(const std::vector<double>& v) {
    double sum = 0.0;
    for (const double x : v) sum += x * x;
    return sum;
}

// The margins of class c at a point and their gradients, rows; about.
struct Linearised {
    std::vector<double> margin, size;  // by class; size: |gradient|^2
    std::vector<std::vector<double>> gradient;
};
Linearised linearised(const Readout& readout, std::size_t c, const std::vector<Interval>& final,
                      const std::vector<double>& derivative) {
    const std::size_t n = final.size();
    Linearised at;
    for (std::size_t k = 0; k < readout.classes(); ++k) {
        double m = readout.bias[c] - readout.bias[k];
        std::vector<double> g(n, 0.0);
        for (std::size_t i = 0; i < n; ++i) {
            const double w = readout.weight(c, i) - readout.weight(k, i);
            m += w * midpoint(final[i]);
            for (std::size_t j = 0; j < n; ++j) g[j] += w * derivative[i * n + j];
        }
        at.margin.push_back(m);
        at.size.push_back(squared(g));
        at.gradient.push_back(std::move(g));
    }
    return at;
}

}  // namespace

CounterexampleSearch::CounterexampleSearch(const std::vector<FlowLayer>& layers, const Readout& readout,
                                           const NetworkInput& input, std::size_t cls, const FlowOptions& options,
                                           double accuracy, double largest)
    : layers_(layers),
      readout_(readout),
      input_(input),
      cls_(cls),
      options_(options),
      accuracy_(accuracy),
      largest_(largest) {
    options_.progress = {};
    options_.set_degree = 1;
    options_.dense = false;
}

std::vector<CounterexampleSearch::Point> CounterexampleSearch::points(const std::vector<std::vector<double>>& ys,
                                                                      bool derivative) {
    FlowOptions own = options_;
    own.derivative = derivative;
    std::vector<InitialSet> starts;
    for (const std::vector<double>& y : ys) {
        InitialSet start;
        start.centre = y;
        start.directions = Matrix(y.size(), 0);
        start.parameter = input_.parameter;
        start.t0 = input_.t0;
        starts.push_back(std::move(start));
    }
    std::vector<Point> out;
    const std::vector<LayeredResult> runs = integrate_layers(layers_, starts, own);
    for (const LayeredResult& run : runs) {
        const FlowResult& last = run.back();
        Point point;
        point.known = last.verdict == Verdict::proved && run.size() == layers_.size();
        if (last.verdict == Verdict::interrupted) stopped_ = true;
        if (point.known) {
            point.final = last.final;
            for (const Interval& d : last.derivative) point.derivative_bar.push_back(midpoint(d));
        }
        out.push_back(std::move(point));
    }
    return out;
}

double CounterexampleSearch::from_x(const std::vector<double>& y) const {
    double sum = 0.0;
    for (std::size_t j = 0; j < y.size(); ++j) sum += (y[j] - input_.x[j]) * (y[j] - input_.x[j]);
    return std::sqrt(sum);
}

bool CounterexampleSearch::is_other(const Point& point) const {
    const auto cls = point.known ? class_of(readout_, point.final) : std::nullopt;
    return cls && *cls != cls_;
}

void CounterexampleSearch::accept(const std::vector<double>& y) {
    if (!(from_x(y) < distance())) return;
    const Result<AdversarialPair> pair = adversarial_pair(layers_, readout_, input_, y, options_);
    if (pair.proved() && pair.value().distance.hi < distance()) best_ = pair.value();
}

void CounterexampleSearch::descend() {
    std::vector<double> y = input_.x;
    bool found = false;
    for (std::size_t step = 0; step < outwards && !found && !stopped_; ++step) {
        const Point point = points({y}, true).front();
        if (!point.known) return;
        found = is_other(point);
        if (found) break;
        const Linearised at = linearised(readout_, cls_, point.final, point.derivative_bar);
        std::size_t best = cls_;
        for (std::size_t k = 0; k < readout_.classes(); ++k) {
            if (k == cls_ || !(at.size[k] > 0.0)) continue;
            if (best == cls_ || at.margin[k] * std::sqrt(at.size[best]) < at.margin[best] * std::sqrt(at.size[k]))
                best = k;
        }
        if (best == cls_) return;
        const double step_size =
            (1.05 * std::fmax(at.margin[best], 0.0) + 1e-3 * std::sqrt(at.size[best])) / at.size[best];
        for (std::size_t j = 0; j < y.size(); ++j) y[j] -= step_size * at.gradient[best][j];
        if (!(from_x(y) < 1e3 * std::fmax(1.0, std::sqrt(squared(input_.x))))) return;
    }
    if (!found || stopped_) return;
    accept(y);
    double lo = 0.0;  // x + s (y - x): of class c at lo, of another at hi
    double hi = 1.0;
    const auto at = [&](double s) {
        std::vector<double> z = input_.x;
        for (std::size_t j = 0; j < z.size(); ++j) z[j] += s * (y[j] - input_.x[j]);
        return z;
    };
    for (std::size_t k = 0; k < bisections && hi - lo > 0.1 * accuracy_ * hi && !stopped_; ++k) {
        const double middle = 0.5 * (lo + hi);
        (is_other(points({at(middle)}, false).front()) ? hi : lo) = middle;
    }
    project(at(hi));
}

// The nearest boundary obeys y - x = -mu gradient: fixed points of the foot of x on the tangent plane at y.
void CounterexampleSearch::project(std::vector<double> y) {
    accept(y);
    for (std::size_t step = 0; step < projections && !stopped_; ++step) {
        const Point point = points({y}, true).front();
        if (!point.known) return;
        const Linearised at = linearised(readout_, cls_, point.final, point.derivative_bar);
        std::size_t rival = cls_;
        for (std::size_t k = 0; k < readout_.classes(); ++k) {
            if (k != cls_ && (rival == cls_ || at.margin[k] < at.margin[rival])) rival = k;
        }
        if (!(at.size[rival] > 0.0)) return;
        const std::vector<double>& g = at.gradient[rival];
        double level = at.margin[rival];  // at x, linearised at y
        for (std::size_t j = 0; j < y.size(); ++j) level += g[j] * (input_.x[j] - y[j]);
        Candidate foot;
        foot.rival = rival;
        foot.gradient_bar = g;
        foot.y = input_.x;
        const double along = level * (1.0 + 0.1 * accuracy_) / at.size[rival];
        for (std::size_t j = 0; j < y.size(); ++j) foot.y[j] -= along * g[j];
        const double before = distance();
        look_at({foot});
        if (!(distance() < (1.0 - 0.1 * accuracy_) * before)) return;
        y = best_->y;
    }
}

void CounterexampleSearch::look_at(std::vector<Candidate> candidates) {
    while (!candidates.empty() && !stopped_) {
        std::vector<Candidate> worth;
        for (Candidate& c : candidates) {
            if (from_x(c.y) < (1.0 - 0.2 * accuracy_) * distance()) worth.push_back(std::move(c));
        }
        if (worth.empty()) return;
        std::sort(worth.begin(), worth.end(),
                  [this](const Candidate& a, const Candidate& b) { return from_x(a.y) < from_x(b.y); });
        if (worth.size() > side_by_side) worth.resize(side_by_side);
        std::vector<std::vector<double>> ys;
        for (const Candidate& c : worth) ys.push_back(c.y);
        const std::vector<Point> found = points(ys, false);
        candidates.clear();
        for (std::size_t k = 0; k < worth.size(); ++k) {
            if (!found[k].known) continue;
            if (is_other(found[k])) {
                accept(ys[k]);
                continue;
            }
            Candidate& next = worth[k];
            const double size = squared(next.gradient_bar);
            if (++next.tries > corrections || !(size > 0.0)) continue;
            const double lacks = margins(readout_, found[k].final, cls_)[next.rival].hi;
            const double step = 1.05 * lacks / size + 0.05 * accuracy_ * from_x(next.y) / std::sqrt(size);
            for (std::size_t j = 0; j < next.y.size(); ++j) next.y[j] -= step * next.gradient_bar[j];
            candidates.push_back(std::move(next));
        }
    }
}

}  // namespace capnode
