#include "capnode/flow/section.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/field/evaluate.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/numerics/ball.hpp"
#include "radius_rounding.hpp"

namespace capnode {
namespace {

double largest(const Interval& x) { return std::max(std::fabs(x.lo), std::fabs(x.hi)); }

Interval symmetric(double r) { return Interval(-r, r); }

}  // namespace

std::optional<std::size_t> Section::coordinate() const {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < normal.size(); ++i) {
        if (normal[i] == 0.0) continue;
        if (found || normal[i] != 1.0) return std::nullopt;
        found = i;
    }
    return found;
}

Interval Section::along(const std::vector<Interval>& v) const {
    Interval sum(0.0);
    for (std::size_t i = 0; i < normal.size(); ++i) {
        if (normal[i] != 0.0) sum = sum + Interval(normal[i]) * v[i];
    }
    return sum;
}

Interval Section::value(const std::vector<Interval>& x) const { return along(x) - offset; }

std::optional<Projection> project(const Field& field, const Section& section, const std::vector<Interval>& b,
                                  const std::vector<double>& centre, const std::vector<Interval>& p, double span) {
    const std::size_t n = field.dim();
    const std::size_t rows = n + field.parameter_dim();
    const Interval g = section.value(b);
    std::vector<Interval> h = b;
    std::vector<Interval> f = evaluate(field, h, p);
    double r = 0.0;
    bool held = false;
    for (int attempt = 0; attempt < 12 && !held; ++attempt) {
        const Interval speed = section.along(f);
        const double least = std::min(std::fabs(speed.lo), std::fabs(speed.hi));
        if (!(speed.lo > 0.0 || speed.hi < 0.0) || !is_bounded(speed)) return std::nullopt;
        r = std::max(r, std::max(span, largest(g) / least) * (1.0 + 0x1p-20)) + 0x1p-900;
        // H = what Picard's map gives, a little wider, until it maps into itself.
        std::vector<Interval> next(n);
        held = true;
        for (std::size_t i = 0; i < n; ++i) {
            const Interval image = b[i] + symmetric(r) * f[i];
            held = held && subset(image, h[i]);
            const double wider = 0.1 * (image.hi - image.lo) + 0x1p-1000;
            next[i] = image + symmetric(wider);
            if (!is_bounded(next[i])) return std::nullopt;
        }
        // Only where r covers the section as well, with the speed of this H.
        const bool reaches = largest(g) * slack <= r * (least * (1.0 - 0x1p-32));
        if (held && reaches) break;
        held = false;
        h = std::move(next);
        f = evaluate(field, h, p);
    }
    if (!held) return std::nullopt;

    // The crossing is at |s| <= r' = sup |g / (n . f(H))|, often far less than r, and up to there solutions stay in
    // B + [-r', r'] f(H): from here on r' and that box.
    const double near = largest(g / section.along(f)) * (1.0 + 0x1p-40) + 0x1p-900;
    if (near < r) {
        r = near;
        for (std::size_t i = 0; i < n; ++i) {
            const auto less = intersect(h[i], b[i] + symmetric(near) * f[i]);
            if (!less) return std::nullopt;
            h[i] = *less;
        }
        f = evaluate(field, h, p);
    }

    // Crossing points lie in H and in the section.
    std::vector<Interval> on = h;
    if (const auto i = section.coordinate()) on[*i] = section.offset;
    const std::vector<Interval> f_on = evaluate(field, on, p);
    const Interval speed_on = section.along(f_on);
    const Interval speed = section.along(f);
    if (!(speed_on.lo > 0.0 || speed_on.hi < 0.0)) return std::nullopt;

    Projection result;
    result.time = -g / speed;
    result.speed = speed_on;
    std::vector<Interval> at(n);
    for (std::size_t i = 0; i < n; ++i) at[i] = Interval(centre[i]);
    const Interval own = -section.value(at) / speed;
    result.point.resize(n);
    for (std::size_t i = 0; i < n; ++i) result.point[i] = at[i] + own * f[i];
    if (const auto i = section.coordinate()) result.point[*i] = section.offset;

    // |Phi - I - int J| <= sum_{k>=2} A^k / k!, A = r |J(H)|: each entry below a^2, a = |A|_inf <= 1/2.
    BallMatrix x(n, 1);
    BallMatrix q(field.parameter_dim(), 1);
    const auto fill = [](BallMatrix& m, const std::vector<Interval>& v) {
        for (std::size_t i = 0; i < v.size(); ++i) {
            const Ball ball = to_ball(v[i]);
            m.mid.data[i] = ball.mid;
            m.rad.data[i] = ball.rad;
        }
    };
    fill(x, h);
    fill(q, p);
    const BallJacobian j = jacobian(field, x, q);
    Matrix a(n, rows);
    double norm = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        double row = 0.0;
        for (std::size_t c = 0; c < rows; ++c) {
            const double size =
                c < n ? std::fabs(j.dx.mid(i, c)) + j.dx.rad(i, c) : std::fabs(j.dp.mid(i, c - n)) + j.dp.rad(i, c - n);
            a(i, c) = r * size * slack;
            row += a(i, c);
        }
        norm = larger(norm, row);
    }
    norm *= slack;
    if (!(norm <= 0.5)) return std::nullopt;
    const double rest = bound(norm * norm);
    std::vector<Interval> phi(rows * rows, Interval(0.0));
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t c = 0; c < rows; ++c) {
            if (i < n) {
                // Phi(s) = I + int J + int J (Phi - I): the first integral lies in s J(H), the second within `rest`.
                const double mid = c < n ? j.dx.mid(i, c) : j.dp.mid(i, c - n);
                const double rad = c < n ? j.dx.rad(i, c) : j.dp.rad(i, c - n);
                phi[i * rows + c] = Interval(i == c ? 1.0 : 0.0) + result.time * (Interval(mid) + symmetric(rad)) +
                                    symmetric(rest * slack);
            } else {
                phi[i * rows + c] = Interval(i == c ? 1.0 : 0.0);
            }
        }
    }
    result.derivative = phi;
    for (std::size_t c = 0; c < rows; ++c) {
        Interval across(0.0);
        for (std::size_t k = 0; k < n; ++k) {
            if (section.normal[k] != 0.0) across = across + Interval(section.normal[k]) * phi[k * rows + c];
        }
        const Interval share = across / speed_on;
        for (std::size_t i = 0; i < n; ++i) {
            result.derivative[i * rows + c] = phi[i * rows + c] - f_on[i] * share;
        }
    }
    // Along the normal the projection is exactly 0.
    if (const auto i = section.coordinate()) {
        for (std::size_t c = 0; c < rows; ++c) result.derivative[*i * rows + c] = Interval(0.0);
    }
    return result;
}

}  // namespace capnode
