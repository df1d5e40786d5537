#include "classical_lane.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/field/taylor.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode {
namespace {

constexpr std::size_t default_order = 20;
constexpr int most_attempts = 80;

}  // namespace

ClassicalLane::ClassicalLane(const Field& field, const InitialSet& start, double duration, const FlowOptions& options)
    : field_(field),
      n_(field.dim()),
      k_((options.order == 0 ? default_order : options.order) + 1),
      target_(std::fmax(options.tolerance * 1e-2, 0x1p-50)),
      derivative_(options.derivative),
      dense_(options.dense),
      centre_(start.centre),
      magnitude_(n_, 0.0),
      error_(n_, 1, ErrorSet::shape_for(n_)),
      parameter_(start.parameter),
      t0_(start.t0),
      duration_(duration),
      // All steps but the last are multiples of 2^(e-50), e the exponent of the duration: elapsed is an integer below
      // 2^52 times it, and what remains is a multiple of the last bit of the duration, below it: no sum rounds.
      grid_(duration == 0.0 ? 1.0 : std::ldexp(1.0, std::ilogb(duration) - 50)) {
    std::vector<std::size_t> kept;
    for (std::size_t j = 0; j < start.radii.size(); ++j) {
        if (start.radii[j] > 0.0) kept.push_back(j);
    }
    for (std::size_t j = 0; j < parameter_.size(); ++j) {
        parameter_centre_.push_back(midpoint(parameter_[j]));
        if (is_point(parameter_[j])) continue;
        uncertain_.push_back(j);
        uncertain_radius_.push_back(radius_up(parameter_[j], parameter_centre_[j]));
    }
    t0_centre_ = midpoint(t0_);
    if (!is_point(t0_) && field.depends_on_time()) {
        uncertain_time_ = true;
        uncertain_radius_.push_back(radius_up(t0_, t0_centre_));
    }
    // Directions: those of the initial set; those of the parameters and the time start at 0 in the state.
    box_ = Matrix(n_, kept.size() + uncertain_radius_.size());
    for (std::size_t j = 0; j < kept.size(); ++j) {
        for (std::size_t i = 0; i < n_; ++i) box_(i, j) = start.directions(i, kept[j]);
        radii_.push_back(start.radii[kept[j]]);
    }
    radii_.insert(radii_.end(), uncertain_radius_.begin(), uncertain_radius_.end());
    if (derivative_) {
        y_ = Matrix::identity(n_);
        y_error_.emplace(n_, n_, ErrorSet::shape_for(n_));
    }
    refresh_magnitude();
}

// |x_i - c_i| <= sum_j |C_ij| r_j + sup |s_i|
void ClassicalLane::refresh_magnitude() {
    error_.magnitude(magnitude_.data());
    for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t j = 0; j < radii_.size(); ++j) {
            magnitude_[i] = add_up(magnitude_[i], multiply_up(std::fabs(box_(i, j)), radii_[j]));
        }
    }
}

std::vector<Interval> ClassicalLane::enclosure() const {
    std::vector<Interval> result(n_);
    for (std::size_t i = 0; i < n_; ++i) result[i] = ball_hull(centre_[i], magnitude_[i]);
    return result;
}

std::vector<Interval> ClassicalLane::derivative() const {
    std::vector<Interval> result;
    if (!y_error_) return result;
    std::vector<double> size(n_ * n_);
    y_error_->magnitude(size.data());
    for (std::size_t i = 0; i < n_ * n_; ++i) result.push_back(ball_hull(y_.data[i], size[i]));
    return result;
}

// Tangent directions: the state first, then the uncertain parameters, then the time.
detail::Dual ClassicalLane::parameters(bool whole) const {
    detail::Dual p;
    for (std::size_t j = 0; j < parameter_.size(); ++j) {
        p.value.push_back(whole ? parameter_[j] : Interval(parameter_centre_[j]));
    }
    if (!whole || uncertain_.empty()) return p;
    p.tangent.assign(n_ + uncertain_radius_.size(), Box(parameter_.size()));
    for (std::size_t u = 0; u < uncertain_.size(); ++u) p.tangent[n_ + u][uncertain_[u]] = Interval(1.0);
    return p;
}

detail::Dual ClassicalLane::time(bool whole, const Interval& after) const {
    detail::Dual t;
    t.value = {(whole ? t0_ : Interval(t0_centre_)) + Interval(elapsed_) + after};
    if (!whole || !uncertain_time_) return t;
    t.tangent.assign(n_ + uncertain_radius_.size(), Box(1));
    t.tangent.back()[0] = Interval(1.0);
    return t;
}

const char* ClassicalLane::step() {
    std::vector<Box> centre;  // x_j at the centre, j < k
    {
        Box point;
        for (const double c : centre_) point.emplace_back(c);
        centre = solution(field_, point, parameters(false).value, k_ - 1, time(false, Interval(0.0)).value[0]);
    }
    for (const Box& coefficient : centre) {
        if (!all_bounded(coefficient)) return "the Taylor coefficients of the solution overflow";
    }
    detail::Dual set{enclosure(), {}};
    set.tangent.assign(n_ + uncertain_radius_.size(), Box(n_));
    for (std::size_t i = 0; i < n_; ++i) set.tangent[i][i] = Interval(1.0);
    const Coefficients start = dual_solution(field_, set, parameters(true), time(true, Interval(0.0)), k_ - 1);
    for (const detail::Dual& coefficient : start) {
        if (!all_bounded(coefficient.value))
            return "the set reaches the edge of the field's domain or is too wide to carry";
    }

    const double sign = duration_ < 0.0 ? -1.0 : 1.0;
    const double left = std::fabs(remaining());
    double length = std::fmin(left, caution_ * std::fmin(first_guess(centre), spread_limit(start)));
    bool shortened = false;
    for (int i = 0; i < most_attempts; ++i) {
        if (length < left) length = std::floor(length / grid_) * grid_;
        if (!(length > 0.0)) return "the step length fell below the resolution of time";
        Remainder r;
        r.h = sign * length;
        double shrink = 0.5;
        if (attempt(start, r, shrink) == Attempt::good) {
            if (!shortened && length < left) caution_ = std::fmin(1.0, 1.1 * caution_);
            if (dense_) keep(start, centre, r);
            if (!advance(start, centre, r)) return "the enclosure became unbounded";
            elapsed_ += r.h;  // exact
            ++steps;
            return nullptr;
        }
        length *= shrink;
        if (shortened || length < left) caution_ = std::fmax(0x1p-30, caution_ * shrink);
        shortened = true;
    }
    return "no a-priori box holds the set; it is too wide to carry";
}

// The tube on the whole step: |x(s) - P(s)| <= sum_j |h|^j |x_j(c) - P_j| + |M(H)| |v| + |h|^k |x_k(B)|.
void ClassicalLane::keep(const Coefficients& start, const std::vector<Box>& centre, const Remainder& r) {
    const double hk = power(Interval(std::fabs(r.h)), static_cast<int>(k_)).hi;
    record_ = FlowStep{};
    record_.start = elapsed_;
    record_.length = r.h;
    record_.polynomial = Matrix(n_, k_);
    record_.tube.assign(n_, 0.0);
    for (std::size_t i = 0; i < n_; ++i) {
        double tube = multiply_up(hk, magnitude(r.top[i]));
        for (std::size_t j = 0; j < k_; ++j) record_.polynomial(i, j) = midpoint(centre[j][i]);
        const Interval rest = polynomial_over(k_, Interval(std::fabs(r.h)), [&](std::size_t j) {
            return Interval(radius_up(centre[j][i], record_.polynomial(i, j)));
        });
        tube = add_up(tube, rest.hi);
        for (std::size_t l = 0; l < n_ + uncertain_radius_.size(); ++l) {
            const double v = l < n_ ? magnitude_[l] : uncertain_radius_[l - n_];
            if (v == 0.0) continue;
            const Interval m = polynomial_over(k_, r.span, [&](std::size_t j) {
                return start[j].tangent.empty() ? Interval(0.0) : start[j].tangent[l][i];
            });
            tube = add_up(tube, multiply_up(magnitude(m), v));
        }
        record_.tube[i] = tube;
    }
}

// With Phi = mid M in floating point: x(h) = T(c) + h^k R + Phi (C r0 + s) + M_theta v_theta + (M - Phi) v. The new
// centre, Phi C + M_theta and Phi S are taken exactly, all that they miss goes into the new error of S. For derivatives
// Z (Y_bar + s) = Phi Y_bar + Phi s + (Z - Phi)(Y_bar + s).
bool ClassicalLane::advance(const Coefficients& start, const std::vector<Box>& centre, const Remainder& r) {
    const Interval h(r.h);
    const Interval hk = power(h, static_cast<int>(k_));
    const std::size_t directions = n_ + uncertain_radius_.size();
    std::vector<Interval> m(n_ * directions);  // M
    for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t l = 0; l < directions; ++l) {
            m[i * directions + l] = polynomial_over(k_, h, [&](std::size_t j) {
                return start[j].tangent.empty() ? Interval(0.0) : start[j].tangent[l][i];
            });
            if (!is_bounded(m[i * directions + l])) return false;
        }
    }
    Matrix phi(n_, n_);
    std::vector<double> next(n_);
    std::vector<double> d(n_);
    Matrix box(n_, box_.cols);
    for (std::size_t i = 0; i < n_; ++i) {
        const Interval end = polynomial_over(k_, h, [&](std::size_t j) { return centre[j][i]; }) + hk * r.top[i];
        next[i] = midpoint(end);
        d[i] = radius_up(end, next[i]);
        for (std::size_t l = 0; l < n_; ++l) {
            const Interval& entry = m[i * directions + l];
            phi(i, l) = midpoint(entry);
            d[i] = add_up(d[i], multiply_up(radius_up(entry, phi(i, l)), magnitude_[l]));
        }
        const std::size_t first = box_.cols - uncertain_radius_.size();  // of the parameters and the time
        for (std::size_t j = 0; j < box_.cols; ++j) {
            Interval entry = j < first ? Interval(0.0) : m[i * directions + n_ + (j - first)];
            for (std::size_t l = 0; l < n_; ++l) entry += Interval(phi(i, l)) * Interval(box_(l, j));
            box(i, j) = midpoint(entry);
            d[i] = add_up(d[i], multiply_up(radius_up(entry, box(i, j)), radii_[j]));
        }
        if (!(d[i] < infinity)) return false;
    }
    Matrix y(n_, n_);
    std::vector<double> dy(n_ * n_, 0.0);
    if (y_error_) {
        std::vector<double> size(n_ * n_);
        y_error_->magnitude(size.data());
        for (std::size_t i = 0; i < n_; ++i) {
            for (std::size_t c = 0; c < n_; ++c) {
                Interval entry(0.0);
                double miss = 0.0;
                for (std::size_t l = 0; l < n_; ++l) {
                    entry += Interval(phi(i, l)) * Interval(y_(l, c));
                    const double z = radius_up(widen(m[i * directions + l], r.slope(i, l)), phi(i, l));
                    miss = add_up(miss, multiply_up(z, add_up(std::fabs(y_(l, c)), size[l * n_ + c])));
                }
                y(i, c) = midpoint(entry);
                dy[i * n_ + c] = add_up(miss, radius_up(entry, y(i, c)));
                if (!(dy[i * n_ + c] < infinity)) return false;
            }
        }
    }
    ErrorSet error = error_;
    error.propagate(phi.data.data(), d.data());
    if (!error.is_finite()) return false;
    if (y_error_) {
        ErrorSet y_error = *y_error_;
        y_error.propagate(phi.data.data(), dy.data());
        if (!y_error.is_finite()) return false;
        y_error_ = std::move(y_error);
        y_ = std::move(y);
    }
    error_ = std::move(error);
    centre_ = std::move(next);
    box_ = std::move(box);
    refresh_magnitude();
    return true;
}

}  // namespace capnode
