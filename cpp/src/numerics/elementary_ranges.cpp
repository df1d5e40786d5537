// Ranges of f, f', f'', f''' over an interval, by monotone pieces: the hull of the values at both ends and of the local
// extrema in between (elementary_extrema.def). The lists of extrema are complete because f^(k+1) vanishes there only:
//
//   tanh (t = tanh x, q = 1 - t^2 > 0): f'' = -2tq, f''' = q (6t^2 - 2), f'''' = 8tq (2 - 3t^2);
//   sigmoid(x) = (1 + tanh(x/2))/2, softplus' = sigmoid: the same points, halved arguments;
//   atan: f'' = -2x/(1+x^2)^2, f''' = (6x^2 - 2)/(1+x^2)^3, f'''' = 24x (1 - x^2)/(1+x^2)^4;
//   erf: f' times -2x, 4x^2 - 2, -8x^3 + 12x;
//   gelu (phi > 0 the normal density): f'' = phi (2 - x^2), f''' = phi x (x^2 - 4), f'''' = phi (-x^4 + 7x^2 - 4); f'
//   falls from
//     0 at -inf to -sqrt 2, then rises to 1/2 at 0 and stays positive: one zero, the minimum of f;
//   silu: f' = s (1 + x sigmoid(-x)), for x < 0 the bracket is increasing, for x >= 0 positive: one zero;
//   gelu_tanh: f' = s(z) (1 + x z' sigmoid(-z)), likewise (|x|, z', sigmoid(-z) all grow as x falls below 0): one zero;
//   mish: f' = w (1 + x r(v)), v = sigmoid(-x), r = 4v^2/((1+v)(1+v^2)) increasing in v on (0, 1) (its derivative has
//   the sign
//     of 2 + v - v^3): likewise one zero.
// The derivatives of silu, gelu_tanh and mish are treated in elementary_weighted.cpp.
#include "elementary_ranges.hpp"

#include <stdexcept>

#include "elementary_jets.hpp"

namespace capnode::ranges {
namespace {

struct Extremum {
    Function function;
    int order;
    double left, right, low, high;
};

constexpr Extremum extrema[] = {
#define CAPNODE_EXTREMUM(function, order, left, right, low, high) {Function::function, order, left, right, low, high},
#include "elementary_extrema.def"
#undef CAPNODE_EXTREMUM
};

constexpr Interval unbounded_above{largest_finite, infinity};

/// The values approached at +-inf, for the functions with ends there.
Values limits(Function f, bool positive) {
    switch (f) {
        case Function::tanh:
        case Function::erf:
            return {positive ? 1.0 : -1.0, 0.0, 0.0, 0.0};
        case Function::sigmoid:
            return {positive ? 1.0 : 0.0, 0.0, 0.0, 0.0};
        case Function::atan: {
            const Interval quarter = to_interval(constants::ball(constants::half_pi));
            return {positive ? quarter : -quarter, 0.0, 0.0, 0.0};
        }
        case Function::exp:
            if (positive) return {unbounded_above, unbounded_above, unbounded_above, unbounded_above};
            return {};
        case Function::softplus:
        case Function::silu:
        case Function::gelu:
        case Function::gelu_tanh:
        case Function::mish:
            if (positive) return {unbounded_above, 1.0, 0.0, 0.0};
            return {};
        default:  // log at +inf and, for its global range, at 0
            if (positive) return {unbounded_above, 0.0, 0.0, 0.0};
            return {-unbounded_above, 0.0, 0.0, 0.0};
    }
}

Interval with_extrema(Function f, int order, const Interval& x, Interval range) {
    for (const Extremum& e : extrema) {
        if (e.function == f && e.order == order && x.lo <= e.left && e.right <= x.hi)
            range = hull(range, {e.low, e.high});
    }
    return range;
}

/// Everything f^(order) takes on the line: bounds that no enclosure needs to exceed.
Interval global_range(Function f, int order) {
    const auto k = static_cast<std::size_t>(order);
    return with_extrema(f, order, Interval::whole(), hull(limits(f, false)[k], limits(f, true)[k]));
}

bool is_weighted(Function f) { return f == Function::silu || f == Function::gelu_tanh || f == Function::mish; }

Interval clip(Function f, int order, const Interval& value) {
    if (order > 0 && is_weighted(f)) return value;
    const auto both = intersect(value, global_range(f, order));
    if (!both) throw std::logic_error("an elementary function left its range: please report this");
    return *both;
}

/// |f(x)| <= |x| and f(x) = x (1 - d), 0 <= d <= x^2 <= 2^-200.
Interval tiny_odd(double x) { return x > 0.0 ? Interval(next_down(x), x) : Interval(x, next_up(x)); }

Interval endpoint_value(Function f, double x) {
    if (std::fabs(x) == infinity) return limits(f, x > 0.0)[0];
    if (f == Function::exp) return series::exp_point(x);
    if (x != 0.0 && std::fabs(x) < 0x1p-100) {
        if (f == Function::tanh || f == Function::atan) return tiny_odd(x);
        if (f == Function::erf) return to_interval(constants::ball(constants::two_over_sqrt_pi)) * tiny_odd(x);
    }
    return clip(f, 0, to_interval(jets::value(f, DoubleDoubleBall(x))));
}

}  // namespace

Values endpoint_values(Function f, double x) {
    if (std::fabs(x) == infinity) return limits(f, x > 0.0);
    if (f == Function::exp) {
        const Interval e = series::exp_point(x);
        return {e, e, e, e};
    }
    Values out;
    const std::array<DoubleDoubleBall, 4> jet = jets::jet(f, DoubleDoubleBall(x));
    for (int k = 0; k < 4; ++k)
        out[static_cast<std::size_t>(k)] = clip(f, k, to_interval(jet[static_cast<std::size_t>(k)]));
    if (x != 0.0 && std::fabs(x) < 0x1p-100) out[0] = endpoint_value(f, x);
    if (f == Function::atan && std::fabs(x) > 0x1p300) {
        // 0 < f' < x^-2, |f''| < 2 |x|^-3, |f'''| < 6 x^-4: nothing is left of the last two.
        const Interval r = reciprocal(Interval(x));
        out[1] = Interval(0.0, square(r).hi);
        out[2] = out[3] = Interval(-0x1p-800, 0x1p-800);
    }
    return out;
}

Interval value_range(Function f, const Interval& x) {
    const Interval left = endpoint_value(f, x.lo);
    const Interval right = is_point(x) ? left : endpoint_value(f, x.hi);
    return with_extrema(f, 0, x, hull(left, right));
}

Values monotone_ranges(Function f, const Interval& x) {
    const Values left = endpoint_values(f, x.lo);
    const Values right = is_point(x) ? left : endpoint_values(f, x.hi);
    Values out;
    for (int k = 0; k < 4; ++k) {
        const auto i = static_cast<std::size_t>(k);
        out[i] = with_extrema(f, k, x, hull(left[i], right[i]));
    }
    return out;
}

namespace {

struct TrigonometricEnd {
    Interval sin;
    Interval cos;
    std::int64_t low = 0;  // floor(x / (pi/2)) lies between low and high
    std::int64_t high = 0;
};

TrigonometricEnd trigonometric_end(double x) {
    const series::SineCosine at = series::sine_cosine(DoubleDoubleBall(x));
    const Interval r = to_interval(at.r);
    const Interval unit(-1.0, 1.0);
    TrigonometricEnd out{*intersect(to_interval(at.sin), unit), *intersect(to_interval(at.cos), unit),
                         at.quadrant - (r.lo < 0.0 ? 1 : 0), at.quadrant - (r.hi < 0.0 ? 1 : 0)};
    if (x != 0.0 && std::fabs(x) < 0x1p-100) out.sin = tiny_odd(x);
    return out;
}

}  // namespace

// sin(x + shift pi/2) has its maxima at x = n pi/2 with n + shift = 1 (mod 4), its minima at 3; between the ends lie
// the n in (floor(lo), floor(hi)], ends that cannot be told apart counted in.
std::array<Interval, 2> sine_cosine_ranges(const Interval& x) {
    const Interval unit(-1.0, 1.0);
    if (!(magnitude(x) <= 0x1p45)) return {unit, unit};
    const TrigonometricEnd left = trigonometric_end(x.lo);
    const TrigonometricEnd right = is_point(x) ? left : trigonometric_end(x.hi);
    std::array<Interval, 2> out{hull(left.sin, right.sin), hull(left.cos, right.cos)};
    if (is_point(x)) return out;
    if (right.high - left.low >= 5) return {unit, unit};
    for (std::int64_t n = left.low + 1; n <= right.high; ++n) {
        for (std::int64_t shift = 0; shift < 2; ++shift) {
            const std::int64_t phase = (n + shift) & 3;
            Interval& range = out[static_cast<std::size_t>(shift)];
            if (phase == 1) range.hi = 1.0;
            if (phase == 3) range.lo = -1.0;
        }
    }
    return out;
}

}  // namespace capnode::ranges
