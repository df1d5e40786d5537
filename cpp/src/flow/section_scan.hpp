// A step of a flow seen from a section: where the section function g = n . x - c has which sign, and what follows for
// crossings.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "capnode/field/evaluate.hpp"
#include "capnode/field/field.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/flow/section.hpp"
#include "capnode/numerics/interval.hpp"

namespace capnode {

inline int sign_of(const Interval& x) { return x.lo > 0.0 ? 1 : x.hi < 0.0 ? -1 : 0; }

// The section function along one step: sum of the rows of P times the normal, as a polynomial in tau with interval
// coefficients, and the reach of the set.
class StepScan {
  public:
    StepScan(const Field& field, const Section& section, const std::vector<Interval>& p, FlowStep step)
        : field_(field), section_(section), p_(p), step_(std::move(step)), theta_(step_.length / step_.scale) {
        const std::size_t count = step_.polynomial.cols;
        for (std::size_t k = 0; k < count; ++k) {
            Interval sum(0.0);
            for (std::size_t i = 0; i < section.normal.size(); ++i) {
                if (section.normal[i] != 0.0) {
                    sum = sum + Interval(section.normal[i]) * Interval(step_.polynomial(i, k));
                }
            }
            g_.push_back(k == 0 ? sum - section.offset : sum);
        }
        Interval reach(0.0);
        for (std::size_t i = 0; i < section.normal.size(); ++i) {
            if (section.normal[i] != 0.0) {
                reach = reach + Interval(section.normal[i]) * Interval(-step_.tube[i], step_.tube[i]);
            }
        }
        reach_ = reach;
    }

    const FlowStep& step() const { return step_; }
    double theta() const { return theta_; }
    double time(double tau) const { return step_.start + tau * step_.scale; }

    // Follows g over [0, theta]: tells `visit(sign, slope, from, to)` stretch by stretch; sign is that of g, 0 where it
    // is unknown, and then slope is the sign of n . f, 0 where unknown. False from visit stops.
    template <class Visit>
    bool follow(Visit visit) const {
        return follow(0.0, theta_, 0, visit);
    }

    /// g of the centre at tau, in floating point.
    double centre(double tau) const {
        double value = 0.0;
        for (std::size_t k = g_.size(); k-- > 0;) value = value * tau + midpoint(g_[k]);
        return value;
    }

  private:
    static Interval range(const Interval* c, std::size_t stride, std::size_t count, Interval tau) {
        const Interval middle(midpoint(tau));
        Interval value = c[(count - 1) * stride];
        Interval direct = value;
        Interval slope(0.0);
        for (std::size_t k = count - 1; k-- > 0;) {
            slope = slope * tau + direct;  // P'(T) by the same scheme
            direct = direct * tau + c[k * stride];
            value = value * middle + c[k * stride];
        }
        const auto both = intersect(direct, value + slope * (tau - middle));
        return both ? *both : direct;
    }

    // A stretch is cut while g varies more over it than the set is wide; where the speed has no sign, a little further.
    template <class Visit>
    bool follow(double from, double to, int depth, Visit& visit) const {
        const Interval tau(from, to);
        const Interval bare = range(g_.data(), 1, g_.size(), tau);
        if (const int sign = sign_of(bare + reach_)) return visit(sign, 0, from, to);
        const double middle = 0.5 * (from + to);
        const bool can_cut = depth < 60 && from < middle && middle < to;
        const bool coarse = width_up(bare) > 2.0 * width_up(reach_);
        int slope = 0;
        if (!(can_cut && coarse)) {
            slope = slope_sign(tau);
            if (slope != 0 || !can_cut || depth >= 10) return visit(0, slope, from, to);
        }
        return follow(from, middle, depth + 1, visit) && follow(middle, to, depth + 1, visit);
    }

    int slope_sign(Interval tau) const {
        const std::size_t count = step_.polynomial.cols;
        std::vector<Interval> row(count);
        std::vector<Interval> x(field_.dim());
        for (std::size_t i = 0; i < x.size(); ++i) {
            for (std::size_t k = 0; k < count; ++k) row[k] = Interval(step_.polynomial(i, k));
            x[i] = range(row.data(), 1, count, tau) + Interval(-step_.tube[i], step_.tube[i]);
        }
        return sign_of(section_.along(evaluate(field_, x, p_)));
    }

    const Field& field_;
    const Section& section_;
    const std::vector<Interval>& p_;
    FlowStep step_;
    double theta_;
    std::vector<Interval> g_;
    Interval reach_{0.0, 0.0};
};

// What is known of the side of the section the solutions are on. One instance follows a whole run.
class Crossings {
  public:
    enum class Event { nothing, crossing, undecided };

    Crossings(int direction, double time_sign) : direction_(direction), time_sign_(time_sign) {}

    /// slope: sign of n . f; see StepScan::follow. `from`, `to`: times, on the way.
    Event see(int sign, int slope, double from, double to) {
        if (sign == 0) {
            if (!open_) {
                open_ = true;
                from_ = from;
                slope_ = slope;
            } else if (slope != slope_) {
                slope_ = 0;
            }
            to_ = to;
            return Event::nothing;
        }
        const bool was_open = open_;
        const int before = side_;
        open_ = false;
        side_ = sign;
        if (!was_open) {
            // Neighbouring stretches share an end, so without an open stretch the side is the same.
            if (before != 0 && before != sign) throw InternalError("the section function changed sign without a zero");
            return Event::nothing;
        }
        const int towards = slope_ * (time_sign_ > 0.0 ? 1 : -1);                     // along the way
        if (before == 0) return towards == sign ? Event::nothing : Event::undecided;  // leaving the start
        if (towards == 0) return Event::undecided;
        if (before == sign) return Event::nothing;  // strictly monotone between equal signs: no zero
        if (towards != sign) throw InternalError("the section function rose and fell at once");
        ++all_;
        return direction_ == 0 || direction_ == slope_ ? Event::crossing : Event::nothing;
    }

    bool open() const { return open_; }
    double from() const { return from_; }
    double to() const { return to_; }
    int slope() const { return slope_; }

  private:
    int direction_;
    double time_sign_;
    int side_ = 0;
    bool open_ = false;
    int slope_ = 0;
    double from_ = 0.0, to_ = 0.0;
    std::size_t all_ = 0;
};

}  // namespace capnode
