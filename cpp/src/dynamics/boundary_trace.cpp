#include "boundary_trace.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/numerics/number_text.hpp"

namespace capnode {
namespace {

constexpr double flatness = 0.25;  // half width of a frame by its half length
constexpr double overlap = 0.15;   // of the half length, with the piece before

Point axis(const Frame& frame, std::size_t j) { return {frame.axes[j], frame.axes[2 + j]}; }
double dot(const Point& a, const Point& b) { return a[0] * b[0] + a[1] * b[1]; }
double distance(const Point& a, const Point& b) {
    return std::sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]));
}
Point middle(const std::array<Interval, 2>& z) { return {midpoint(z[0]), midpoint(z[1])}; }

std::string at(const Point& z) { return std::string("(").append(number_text(z[0])) + ", " + number_text(z[1]) + ")"; }

}  // namespace

BoundaryTrace::BoundaryTrace(const Classifier& classifier, std::size_t i, std::size_t k,
                             const std::array<double, 4>& box, const BoundaryOptions& options)
    : classifier_(classifier), i_(i), k_(k), box_(box), options_(options) {
    const double side = std::max(box[1] - box[0], box[3] - box[2]);
    longest_ = options.longest > 0.0 ? options.longest : side / 16.0;
    shortest_ = options.shortest > 0.0 ? options.shortest : longest_ * 1e-9;
}

std::vector<std::optional<MarginAt>> BoundaryTrace::look(const std::vector<Point>& points) const {
    std::vector<Frame> frames(points.size());
    for (std::size_t q = 0; q < points.size(); ++q) frames[q].centre = points[q];
    ImageOptions options;
    options.derivative = true;
    options.threads = points.size() >= 64 ? options_.threads : 1;
    const std::vector<FrameImage> found = images(classifier_, frames, options);
    std::vector<std::optional<MarginAt>> result(points.size());
    for (std::size_t q = 0; q < points.size(); ++q) {
        if (found[q].verdict != Verdict::proved) continue;
        const auto g = margin_derivative(classifier_, found[q], i_, k_);
        MarginAt m;
        m.value = midpoint(margin(classifier_, frames[q], found[q], i_, k_).constant);
        m.gradient = {midpoint(g[0]), midpoint(g[1])};
        if (dot(m.gradient, m.gradient) > 0.0) result[q] = m;
    }
    return result;
}

std::optional<MarginAt> BoundaryTrace::look(const Point& z) const { return look(std::vector<Point>{z}).front(); }

std::optional<Point> BoundaryTrace::correct(const Point& start, double reach) const {
    Point z = start;
    double last = infinity;
    for (int step = 0; step < 12; ++step) {
        const std::optional<MarginAt> m = look(z);
        if (!m) return std::nullopt;
        const double scale = m->value / dot(m->gradient, m->gradient);
        z = {z[0] - scale * m->gradient[0], z[1] - scale * m->gradient[1]};
        if (!(distance(z, start) <= reach)) return std::nullopt;
        const double move = std::fabs(m->value) / std::sqrt(dot(m->gradient, m->gradient));
        // quadratic: the next move would be far below the width of a frame
        if (move <= 1e-4 * reach) return z;
        if (step > 3 && move > 0.5 * last) return std::nullopt;
        last = move;
    }
    return std::nullopt;
}

// The frame about z with its u axis along the curve, roughly in `direction`.
std::optional<Frame> BoundaryTrace::frame_at(const Point& z, const Point& direction, double half_length) const {
    const std::optional<MarginAt> m = look(z);
    if (!m) return std::nullopt;
    const double norm = std::sqrt(dot(m->gradient, m->gradient));
    const Point n = {m->gradient[0] / norm, m->gradient[1] / norm};
    Point t = {-n[1], n[0]};
    if (dot(t, direction) < 0.0) t = {-t[0], -t[1]};
    Frame frame;
    frame.centre = z;
    frame.axes = {t[0], n[0], t[1], n[1]};
    frame.radii = {half_length, flatness * half_length};
    return frame;
}

bool BoundaryTrace::outside(const std::array<Interval, 2>& z) const {
    return z[0].hi < box_[0] || z[0].lo > box_[1] || z[1].hi < box_[2] || z[1].lo > box_[3];
}

std::optional<Result<BoundaryPiece>> BoundaryTrace::first_piece(const Point& seed) const {
    std::optional<Result<BoundaryPiece>> last;
    for (double half = longest_ / 8.0; half >= shortest_; half *= 0.4) {
        const std::optional<Frame> frame = frame_at(seed, {1.0, 0.0}, half);
        if (!frame) return last;
        last = prove_boundary_piece(classifier_, i_, k_, *frame);
        if (last->proved() || last->verdict() == Verdict::interrupted) return last;
    }
    return last;
}

// Adds pieces behind the last one until the curve leaves the box, meets its own beginning, or no piece is proved.
void BoundaryTrace::extend(Arm& arm, std::size_t most) const {
    double length = 4.0 * arm.pieces.back().frame.radii[0];
    for (;;) {
        const BoundaryPiece& before = arm.pieces.back();
        const auto end = end_of(before);
        if (outside(end)) {
            arm.verdict = Verdict::proved;
            return;
        }
        const Point from = middle(end);
        if (arm.pieces.size() >= most) {
            arm.verdict = Verdict::too_wide;
            arm.detail = "the limit of " + std::to_string(most) + " pieces is reached at " + at(from);
            return;
        }
        if (options_.interrupted && options_.interrupted()) {
            arm.verdict = Verdict::interrupted;
            arm.detail = "stopped at " + at(from);
            return;
        }
        // The arc is close to a parabola with its apex in the middle of the frame.
        const double bend = 2.0 * midpoint(before.end) / before.frame.radii[0];
        const Point t = axis(before.frame, 0);
        const Point n = axis(before.frame, 1);
        const double norm = std::sqrt(1.0 + bend * bend);
        const Point direction = {(t[0] + bend * n[0]) / norm, (t[1] + bend * n[1]) / norm};
        std::optional<BoundaryPiece> next;
        std::string reason = "no point of the curve was found";
        Verdict verdict = Verdict::no_convergence;
        for (; length >= shortest_; length *= 0.6) {
            const Point guess = {from[0] + 0.5 * length * direction[0], from[1] + 0.5 * length * direction[1]};
            const std::optional<Point> centre = correct(guess, 0.25 * length);
            if (!centre) continue;
            const std::optional<Frame> frame = frame_at(*centre, direction, (1.0 + overlap) * distance(from, *centre));
            if (!frame) continue;
            const Result<BoundaryPiece> piece = prove_boundary_piece(classifier_, i_, k_, *frame);
            if (!piece.proved()) {
                verdict = piece.verdict();
                reason = piece.detail();
                if (verdict == Verdict::interrupted) break;
                continue;
            }
            if (!joined(before, piece.value())) {
                verdict = Verdict::inclusion_failed;
                reason = "a piece was proved, but not that it goes on from the one before";
                continue;
            }
            next = piece.value();
            break;
        }
        if (!next) {
            arm.verdict = verdict;
            arm.detail = "at " + at(from) + ", with frames down to the length " + number_text(length) + ": " + reason;
            return;
        }
        arm.pieces.push_back(*next);
        length = std::min(longest_, 1.4 * length);
        // Closed: the beginning lies on this arc, and the end of this arc on an earlier one, so that no end is left.
        if (arm.pieces.size() > 3 && inside(next->frame, start_of(arm.pieces.front()))) {
            const auto tail = end_of(*next);
            for (std::size_t j = 0; j + 2 < arm.pieces.size() && !arm.closed; ++j) {
                arm.closed = inside(arm.pieces[j].frame, tail);
            }
            if (arm.closed) {
                arm.verdict = Verdict::proved;
                return;
            }
        }
    }
}

BoundaryTrace::Chain BoundaryTrace::follow(const Point& seed, std::size_t most) const {
    Chain chain;
    const std::optional<Result<BoundaryPiece>> first = first_piece(seed);
    if (!first || !first->proved()) {
        chain.summary.verdict = first ? first->verdict() : Verdict::unbounded;
        chain.summary.detail = "at " + at(seed) + ": " + (first ? first->detail() : "the margin is not known");
        return chain;
    }
    Arm forward;
    forward.pieces = {first->value()};
    extend(forward, most);
    chain.summary.closed = forward.closed;
    chain.summary.verdict = forward.verdict;
    chain.summary.detail = forward.detail;
    if (!forward.closed) {
        Arm backward;
        backward.pieces = {reversed(first->value())};
        extend(backward, std::max<std::size_t>(1, most - std::min(most, forward.pieces.size())));
        if (backward.closed) {  // it met itself the other way round
            chain.summary.closed = true;
            chain.summary.verdict = Verdict::proved;
            chain.summary.detail.clear();
            chain.pieces = std::move(backward.pieces);
            chain.summary.count = chain.pieces.size();
            return chain;
        }
        if (backward.verdict != Verdict::proved) {
            if (chain.summary.verdict == Verdict::proved) chain.summary.verdict = backward.verdict;
            chain.summary.detail += (chain.summary.detail.empty() ? "" : "; ") + backward.detail;
        }
        for (std::size_t q = backward.pieces.size(); q-- > 1;) chain.pieces.push_back(reversed(backward.pieces[q]));
    }
    chain.pieces.insert(chain.pieces.end(), forward.pieces.begin(), forward.pieces.end());
    chain.summary.count = chain.pieces.size();
    return chain;
}

}  // namespace capnode
