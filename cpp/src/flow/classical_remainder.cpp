// The a-priori box of a step, its remainders over that box, and whether they are small enough. Statements:
// classical_step.hpp.
#include <algorithm>
#include <cmath>

#include "capnode/field/evaluate.hpp"
#include "capnode/field/taylor.hpp"
#include "capnode/numerics/rounding.hpp"
#include "classical_lane.hpp"

namespace capnode {
namespace {

double larger_of_one(double x) { return std::fmax(1.0, std::fabs(x)); }

}  // namespace

// A hint: where the last two terms of the centre's series fall below the target.
double ClassicalLane::first_guess(const std::vector<Box>& centre) const {
    double h = std::fabs(remaining());
    for (std::size_t j = k_ - 2; j < k_; ++j) {
        double size = 0.0;
        for (std::size_t i = 0; i < n_; ++i) {
            size = std::fmax(size, magnitude(centre[j][i]) / larger_of_one(centre_[i]));
        }
        if (size > 0.0) h = std::fmin(h, std::pow(target_ / size, 1.0 / static_cast<double>(j)));
    }
    return h;
}

// A hint for wide sets: the spread of D x_j over the set, against the set, is felt as R_j h^j; R_1 h costs the same per
// unit of time for every h, so the step ends where a later term exceeds its share 2^(1-j) of that.
double ClassicalLane::spread_limit(const Coefficients& start) const {
    std::vector<double> spread(k_, 0.0);
    for (std::size_t j = 1; j < k_; ++j) {
        for (std::size_t i = 0; i < n_ && !start[j].tangent.empty(); ++i) {
            double row = 0.0;
            for (std::size_t l = 0; l < n_; ++l) row += 0.5 * width_up(start[j].tangent[l][i]) * magnitude_[l];
            spread[j] = std::fmax(spread[j], row);
        }
    }
    double h = infinity;
    for (std::size_t j = 2; j < k_; ++j) {
        const double order = static_cast<double>(j);
        const double share = 0.5 * std::pow(spread[1] / spread[j], 1.0 / (order - 1.0));
        const double small = std::pow(target_ / spread[j], 1.0 / order);
        if (spread[j] > 0.0 && spread[j] < infinity) h = std::fmin(h, std::fmax(share, small));
    }
    return h;
}

// x_k over B, for all times of the step; false where B leaves the domain of the field.
bool ClassicalLane::holds(const Box& box, const Interval& span, Box& top) const {
    const auto series = solution(field_, box, parameter_, k_, time(true, span).value[0]);
    for (const Box& coefficient : series) {
        if (!all_bounded(coefficient)) return false;
    }
    top = series[k_];
    return true;
}

bool ClassicalLane::a_priori_box(const Coefficients& start, Remainder& r) const {
    r.span = Interval(std::fmin(0.0, r.h), std::fmax(0.0, r.h));
    const Interval power_of_span = power(r.span, static_cast<int>(k_));
    const double step = std::pow(std::fabs(r.h), static_cast<double>(k_ - 1));
    Box bulk(n_);  // sum_{j<k} H^j x_j(X)
    r.box.resize(n_);
    for (std::size_t i = 0; i < n_; ++i) {
        bulk[i] = polynomial_over(k_, r.span, [&](std::size_t j) { return start[j].value[i]; });
        const double slack = 2.0 * step * magnitude(start[k_ - 1].value[i]) + 0.02 * width_up(bulk[i]) +
                             std::fmin(target_, 1e-6) * larger_of_one(centre_[i]);
        r.box[i] = widen(bulk[i], slack);
    }
    if (!all_bounded(bulk)) return false;
    const auto whole_sum = [&](std::size_t i) { return bulk[i] + power_of_span * r.top[i]; };
    for (int round = 0; round < 3; ++round) {
        if (!all_bounded(r.box) || !holds(r.box, r.span, r.top)) break;
        bool inside = true;
        Box next(n_);
        for (std::size_t i = 0; i < n_; ++i) {
            next[i] = whole_sum(i);
            inside = inside && is_bounded(next[i]) && interior(next[i], r.box[i]);
        }
        if (inside) return true;
        for (std::size_t i = 0; i < n_; ++i) {
            const Interval both = hull(next[i], r.box[i]);
            r.box[i] = widen(both, 0.25 * width_up(both));
        }
    }
    // Picard's box of a bounded field; k = 1 of the theorem. With it all solutions lie in `whole_sum` too.
    const Interval t = time(true, r.span).value[0];
    const Box everywhere = evaluate(field_, Box(n_, Interval::whole()), parameter_, t);
    if (!all_bounded(everywhere)) return false;
    const auto picard = [&](const Box& f, std::size_t i) { return start[0].value[i] + r.span * f[i]; };
    for (std::size_t i = 0; i < n_; ++i) {
        const Interval b = picard(everywhere, i);
        r.box[i] = widen(b, 0x1p-20 * width_up(b) + 0x1p-50 * larger_of_one(magnitude(b)));
    }
    const Box speed = evaluate(field_, r.box, parameter_, t);
    for (std::size_t i = 0; i < n_; ++i) {
        if (!is_bounded(r.box[i]) || !interior(picard(speed, i), r.box[i])) return false;
    }
    for (int round = 0; round < 2; ++round) {
        if (!holds(r.box, r.span, r.top)) return false;
        for (std::size_t i = 0; i < n_ && round == 0; ++i) {
            const auto both = intersect(r.box[i], whole_sum(i));
            if (both) r.box[i] = *both;
        }
    }
    return true;
}

// |h^k D x_k(B) Z(H)| entry by entry. With a = |h A|_inf < 2, the entries of (hA)^m are at most a^m, and m! >= 2
// 3^(m-2) for m >= 2: exp(hA) - I <= hA + sum_{m>=2} a^m / m! <= hA + (a^2 / 2) / (1 - a / 3), entry by entry.
bool ClassicalLane::bound_slope(Remainder& r) const {
    detail::Dual x{r.box, {}};
    const std::size_t directions = n_ + uncertain_radius_.size();
    x.tangent.assign(directions, Box(n_));
    for (std::size_t i = 0; i < n_; ++i) x.tangent[i][i] = Interval(1.0);
    const Coefficients series = dual_solution(field_, x, parameters(true), time(true, r.span), k_);
    const double h = std::fabs(r.h);
    Matrix z(n_, n_);  // |Z| <= z over H
    double a = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
        double row = 0.0;
        for (std::size_t l = 0; l < n_; ++l) {
            z(i, l) = series[1].tangent.empty() ? 0.0 : multiply_up(h, magnitude(series[1].tangent[l][i]));
            row = add_up(row, z(i, l));
        }
        if (!(row < 2.0)) return false;
        a = std::fmax(a, row);
    }
    const Interval tail = Interval(a) * Interval(a) / (Interval(2.0) * (Interval(1.0) - Interval(a) / Interval(3.0)));
    for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t l = 0; l < n_; ++l) z(i, l) = add_up(add_up(z(i, l), tail.hi), i == l ? 1.0 : 0.0);
    }
    const double hk = power(Interval(h), static_cast<int>(k_)).hi;
    r.slope = Matrix(n_, n_);
    if (series[k_].tangent.empty()) return true;
    for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t l = 0; l < n_; ++l) {
            double sum = 0.0;
            for (std::size_t m = 0; m < n_; ++m) {
                sum = add_up(sum, multiply_up(magnitude(series[k_].tangent[m][i]), z(m, l)));
            }
            r.slope(i, l) = multiply_up(hk, sum);
            if (!(r.slope(i, l) < infinity)) return false;
        }
    }
    return true;
}

// Whether the remainder is small against the target, or against the set that is there anyway; else by how much to
// shorten. Any answer is sound.
ClassicalLane::Attempt ClassicalLane::attempt(const Coefficients& start, Remainder& r, double& shrink) const {
    shrink = 0.5;
    if (!a_priori_box(start, r)) return Attempt::shorter;
    const double hk = power(Interval(std::fabs(r.h)), static_cast<int>(k_)).hi;
    double excess = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
        const double allowed = std::fmax(16.0 * target_ * larger_of_one(centre_[i]), 1e-3 * magnitude_[i]);
        excess = std::fmax(excess, multiply_up(hk, magnitude(r.top[i])) / allowed);
    }
    if (excess <= 1.0 && derivative_) {
        if (!bound_slope(r)) return Attempt::shorter;
        for (std::size_t i = 0; i < n_; ++i) {
            double thick = 0.0;  // what the set costs the derivative anyway
            for (std::size_t l = 0; l < n_ && !start[1].tangent.empty(); ++l) {
                thick = std::fmax(thick, std::fabs(r.h) * width_up(start[1].tangent[l][i]));
            }
            const double allowed = std::fmax(16.0 * target_, 1e-2 * thick);
            for (std::size_t l = 0; l < n_; ++l) excess = std::fmax(excess, r.slope(i, l) / allowed);
        }
    }
    if (excess <= 1.0) return Attempt::good;
    shrink = std::clamp(0.95 * std::pow(excess, -1.0 / static_cast<double>(k_)), 0.3, 0.9);
    return Attempt::shorter;
}

}  // namespace capnode
