// silu, gelu_tanh and mish: f = x w(x), f^(k) = k w^(k-1) + x w^(k). f itself goes by its one minimum; the derivatives
// are enclosed on pieces at most 1/2 long by the formula over the piece (with sharp ranges of w and of the derivatives
// of sigmoid), sharpened downward: where f^(k+1) keeps its sign f^(k) is monotone, and elsewhere the mean value form
// about both ends holds.
//
// Tails, |x| >= a >= 16: |w^(j)| <= 256 e^-|x| for j = 1, 2, 3, and w differs from its limit 0 or 1 by less than that,
// so |f^(k) - limit| <= 256 (k + |x|) e^-|x| <= 256 (3 + a) e^-a, x e^-x being decreasing. Indeed
//   silu: |s'|, |s''|, |s'''| <= e^-|x|;
//   mish: by the formulas of elementary_jets.hpp with v^2 s <= e^-|x|, |P| <= 8, |Q| <= 64 for v in [0, 1]; 1 - w <= 2
//   v^2, w <= 2 s; gelu_tanh: |z| >= 1.59 |x| + 0.071 |x|^3 >= 19 |x|, |w^(j)| <= x^6 e^-|z| (z' <= x^2/4, z'' <=
//   x^2/4, z''' <= x^2/4 there).
#include <algorithm>

#include "capnode/numerics/elementary_constants.hpp"
#include "capnode/numerics/elementary_series.hpp"
#include "elementary_jets.hpp"
#include "elementary_ranges.hpp"

namespace capnode::jets {

// Enough of a number type for the formulas of mish and of the chain rule over intervals.
template <>
struct Primitives<Interval> {
    static double hint(const Interval& x) { return midpoint(x); }
};

}  // namespace capnode::jets

namespace capnode::ranges {
namespace {

constexpr double tail_start = 16.0;
constexpr double piece_length = 0.5;

/// Ranges of w, w', w'', w''' over a bounded piece.
Values weight(Function f, const Interval& x) {
    if (f == Function::silu) return monotone_ranges(Function::sigmoid, x);
    if (f == Function::mish) {
        return jets::mish_weight(value_range(Function::sigmoid, x), value_range(Function::sigmoid, -x));
    }
    const Interval a = to_interval(constants::ball(constants::gelu_tanh_linear));
    const Interval c = to_interval(constants::ball(constants::gelu_tanh_cubic));
    const Interval x2 = square(x);
    const auto z = [&](double t) { return Interval(t) * (a + c * square(Interval(t))); };  // increasing in t
    const Interval argument = hull(z(x.lo), z(x.hi));
    return jets::compose_cubic(monotone_ranges(Function::sigmoid, argument), a + 3.0 * (c * x2), 6.0 * (c * x),
                               6.0 * c);
}

/// f^(k) over [a, b] from its enclosure, both end values and the enclosure of f^(k+1).
Interval sharpen(const Interval& natural, const Interval& left, const Interval& right, const Interval& slope,
                 const Interval& step) {
    if (slope.lo >= 0.0 || slope.hi <= 0.0) return hull(left, right);
    const auto first = intersect(natural, left + slope * step);
    if (!first) return natural;
    const auto second = intersect(*first, right - slope * step);
    return second ? *second : *first;
}

Values piece(Function f, const Interval& x, const Values& left, const Values& right) {
    Values out = jets::times_x(x, weight(f, x));
    const Interval step(0.0, width_up(x));
    out[2] = sharpen(out[2], left[2], right[2], out[3], step);
    out[1] = sharpen(out[1], left[1], right[1], out[2], step);
    return out;
}

Interval tail_bound(double a) { return Interval(256.0) * (Interval(3.0) + Interval(a)) * series::exp_point(-a); }

void join(Values& out, const Values& more, bool& started) {
    for (std::size_t k = 1; k < 4; ++k) out[k] = started ? hull(out[k], more[k]) : more[k];
    started = true;
}

}  // namespace

Values weighted_ranges(Function f, const Interval& x) {
    Values out;
    bool started = false;
    if (is_point(x)) return endpoint_values(f, x.lo);
    for (const bool positive : {false, true}) {
        const double a = positive ? std::fmax(x.lo, tail_start) : std::fmax(-x.hi, tail_start);
        if (!(positive ? x.hi > tail_start : x.lo < -tail_start)) continue;
        const double e = tail_bound(a).hi;
        join(out, {Interval(), Interval(positive ? 1.0 : 0.0) + Interval(-e, e), Interval(-e, e), Interval(-e, e)},
             started);
    }
    const double lo = std::fmax(x.lo, -tail_start);
    const double hi = std::fmin(x.hi, tail_start);
    if (lo <= hi) {
        const int pieces = std::max(1, static_cast<int>((hi - lo) / piece_length));
        double from = lo;
        Values left = endpoint_values(f, lo);
        for (int i = 1; i <= pieces; ++i) {
            const double to = i == pieces ? hi : std::fmin(hi, std::fmax(from, lo + (hi - lo) * i / pieces));
            const Values right = endpoint_values(f, to);
            join(out, piece(f, {from, to}, left, right), started);
            from = to;
            left = right;
        }
    }
    out[0] = value_range(f, x);
    return out;
}

}  // namespace capnode::ranges

namespace capnode {

Interval apply(Function f, const Interval& x) {
    switch (f) {
        case Function::sin:
            return ranges::sine_cosine_ranges(x)[0];
        case Function::cos:
            return ranges::sine_cosine_ranges(x)[1];
        case Function::log:
            return x.lo > 0.0 ? ranges::value_range(f, x) : Interval::whole();
        case Function::sqrt:
            return x.lo >= 0.0 ? sqrt(x) : Interval::whole();
        case Function::reciprocal:
            return contains_zero(x) ? Interval::whole() : reciprocal(x);
        case Function::square:
            return square(x);
        default:
            return ranges::value_range(f, x);
    }
}

std::array<Interval, 4> derivatives(Function f, const Interval& x) {
    const std::array<Interval, 4> nothing{Interval::whole(), Interval::whole(), Interval::whole(), Interval::whole()};
    switch (f) {
        case Function::sin: {
            const auto [s, c] = ranges::sine_cosine_ranges(x);
            return {s, c, -s, -c};
        }
        case Function::cos: {
            const auto [s, c] = ranges::sine_cosine_ranges(x);
            return {c, -s, -c, s};
        }
        // Each a power of one variable: monotone, no dependency.
        case Function::log:
            if (!(x.lo > 0.0)) return nothing;
            return {ranges::value_range(f, x), reciprocal(x), -power(x, -2), 2.0 * power(x, -3)};
        case Function::sqrt: {
            if (!(x.lo >= 0.0)) return nothing;
            const Interval s = sqrt(x);
            return {s, 0.5 * reciprocal(s), -0.25 * power(s, -3), 0.375 * power(s, -5)};
        }
        case Function::reciprocal:
            if (contains_zero(x)) return nothing;
            return {reciprocal(x), -power(x, -2), 2.0 * power(x, -3), -6.0 * power(x, -4)};
        case Function::square:
            return {square(x), 2.0 * x, 2.0, 0.0};
        case Function::silu:
        case Function::gelu_tanh:
        case Function::mish:
            return ranges::weighted_ranges(f, x);
        default:
            return ranges::monotone_ranges(f, x);
    }
}

}  // namespace capnode
