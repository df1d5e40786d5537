#include "capnode/dynamics/boundary_piece.hpp"

#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "capnode/numerics/number_text.hpp"

namespace capnode {
namespace {

Interval symmetric(double r) { return {-r, r}; }

// Every third class is beaten by i or by k on all of the frame; on the arc their scores are equal.
bool beaten_by_them(const Classifier& c, const Frame& frame, const FrameImage& image, std::size_t i, std::size_t k) {
    for (std::size_t other = 0; other < c.readout.classes(); ++other) {
        if (other == i || other == k) continue;
        if (!(margin(c, frame, image, i, other).range.lo > 0.0) && !(margin(c, frame, image, k, other).range.lo > 0.0))
            return false;
    }
    return true;
}

// The v of the arc at u = u_0, from the margin at a point z of the frame near its end. With (u_z, v_z) the coordinates
// of z and U, V the derivatives over the (convex) frame,
//     0 = m(u_0, v) in m(z) + U (u_0 - u_z) + V (v - v_z),   so   v in v_z - (m(z) + U (u_0 - u_z)) / V.
Interval sharpened(const Interval& v, double u_0, const Frame& frame, const std::array<double, 2>& z,
                   const Interval& margin_at_z, const std::array<Interval, 2>& derivative) {
    const std::array<Interval, 2> point = {Interval(z[0]), Interval(z[1])};
    if (!inside(frame, point)) return v;
    const std::array<Interval, 2> w = frame.coordinates(point);
    const Interval sharp = w[1] - quotient(margin_at_z + derivative[0] * (Interval(u_0) - w[0]), derivative[1]);
    const std::optional<Interval> both = intersect(v, sharp);
    if (!both) throw InternalError("two enclosures of the end of a boundary piece do not meet");
    return *both;
}

// Both ends of a proved piece, by two trajectories.
void sharpen_ends(const Classifier& c, std::size_t i, std::size_t k, BoundaryPiece& piece) {
    constexpr double just_inside = 1.0 - 0x1p-40;
    std::vector<Frame> points(2);
    for (std::size_t e = 0; e < 2; ++e) {
        const double u = (e == 0 ? -just_inside : just_inside) * piece.frame.radii[0];
        const auto z = piece.frame.at(Interval(u), Interval(midpoint(e == 0 ? piece.start : piece.end)));
        points[e].centre = {midpoint(z[0]), midpoint(z[1])};
    }
    const std::vector<FrameImage> found = images(c, points, {});
    for (std::size_t e = 0; e < 2; ++e) {
        if (found[e].verdict != Verdict::proved) continue;
        Interval& v = e == 0 ? piece.start : piece.end;
        const double u_0 = e == 0 ? -piece.frame.radii[0] : piece.frame.radii[0];
        v = sharpened(v, u_0, piece.frame, points[e].centre, margin(c, points[e], found[e], i, k).range,
                      piece.derivative);
    }
}

}  // namespace

struct BoundaryPieceTheorem {
    static Result<BoundaryPiece> prove(const Classifier& c, std::size_t i, std::size_t k, const Frame& frame,
                                       const FrameImage& image) {
        if (image.verdict != Verdict::proved)
            return Result<BoundaryPiece>::not_proved(image.verdict, "the image of the frame: " + image.detail);
        const double r_v = frame.radii[1];
        const FrameMargin m = margin(c, frame, image, i, k);
        BoundaryPiece piece;
        piece.frame = frame;
        piece.derivative = margin_derivative(c, image, i, k);
        const Interval numerator = m.constant + m.slope[0] * symmetric(frame.radii[0]);
        piece.strip = quotient(-numerator, m.slope[1]);
        const bool divides = !contains_zero(m.slope[1]);
        const bool exists = divides && interior(piece.strip, symmetric(r_v));
        const bool unique = !contains_zero(piece.derivative[1]);
        const Interval V = piece.derivative[1];
        const std::vector<Evidence> evidence = {
            {"the margin grows across the frame", m.slope[1].lo, m.slope[1].hi, "excludes", 0.0, 0.0, divides},
            {"the arc stays in the frame", piece.strip.lo, piece.strip.hi, "interior", -r_v, r_v, exists},
            {"derivative of the margin across the frame", V.lo, V.hi, "excludes", 0.0, 0.0, unique}};
        if (!divides) {
            return Result<BoundaryPiece>::not_proved(
                Verdict::singular, "the margin grows across the frame by " + number_text(m.slope[1], 4), evidence);
        }
        if (!exists) {
            return Result<BoundaryPiece>::not_proved(Verdict::inclusion_failed,
                                                     "the arc lies in " + number_text(piece.strip, 4) +
                                                         " across the frame of half width " +
                                                         number_text(Interval(r_v), 4),
                                                     evidence);
        }
        if (!unique) {
            return Result<BoundaryPiece>::not_proved(
                Verdict::singular, "the derivative of the margin across the frame is " + number_text(V, 4), evidence);
        }
        piece.start = quotient(m.slope[0] * Interval(frame.radii[0]) - m.constant, m.slope[1]);
        piece.end = quotient(-(m.slope[0] * Interval(frame.radii[0]) + m.constant), m.slope[1]);
        sharpen_ends(c, i, k, piece);
        piece.proper = beaten_by_them(c, frame, image, i, k);
        return Result<BoundaryPiece>::make_proved(std::move(piece), evidence);
    }
};

Result<BoundaryPiece> prove_boundary_piece(const Classifier& c, std::size_t i, std::size_t k, const Frame& frame) {
    check_pair(c, i, k);
    if (!(frame.radii[0] > 0.0) || !(frame.radii[1] > 0.0)) {
        throw std::invalid_argument("the radii of a frame must be positive, not " + shortest_text(frame.radii[0]) +
                                    " and " + shortest_text(frame.radii[1]));
    }
    ImageOptions options;
    options.derivative = true;
    options.nonlinear_limit = 20.0;  // a hopeless frame fails early
    return BoundaryPieceTheorem::prove(c, i, k, frame, images(c, {frame}, options).front());
}

BoundaryPiece reversed(const BoundaryPiece& piece) {
    BoundaryPiece r = piece;
    r.frame.axes[0] = -r.frame.axes[0];
    r.frame.axes[2] = -r.frame.axes[2];
    r.derivative[0] = -r.derivative[0];
    std::swap(r.start, r.end);
    return r;
}

std::array<Interval, 2> start_of(const BoundaryPiece& p) { return p.frame.at(Interval(-p.frame.radii[0]), p.start); }
std::array<Interval, 2> end_of(const BoundaryPiece& p) { return p.frame.at(Interval(p.frame.radii[0]), p.end); }

bool inside(const Frame& frame, const std::array<Interval, 2>& z) {
    const std::array<Interval, 2> w = frame.coordinates(z);
    return interior(w[0], symmetric(frame.radii[0])) && interior(w[1], symmetric(frame.radii[1]));
}

bool joined(const BoundaryPiece& first, const BoundaryPiece& second) {
    return inside(second.frame, end_of(first)) && inside(first.frame, start_of(second));
}

}  // namespace capnode
