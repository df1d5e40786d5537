#include "capnode/flow/poincare_map.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>

#include "capnode/field/evaluate.hpp"
#include "capnode/numerics/ball.hpp"
#include "flow_lane.hpp"
#include "lane_group.hpp"

namespace capnode {
namespace {

std::string number(double x) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.10g", x);
    return buffer;
}

int sign_of(const Interval& x) { return x.lo > 0.0 ? 1 : x.hi < 0.0 ? -1 : 0; }

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

struct Passed {
    FlowLane before;  // at the start of the step
    StepScan scan;
};

class ReturnMap {
  public:
    ReturnMap(const Field& field, const Section& section, const InitialSet& start, const PoincareOptions& options)
        : field_(field),
          section_(section),
          start_(start),
          options_(options),
          program_(shared_program(field)),
          order_(LaneGroup::order_for(program_->rows(), options.flow.order)),
          group_(program_, 1, order_, false, options.flow),
          sign_(options.backward ? -1.0 : 1.0) {}

    PoincareResult run() {
        FlowLane lane(*program_, start_, sign_ * options_.max_time, options_.flow.derivative, false);
        group_.lanes()[0] = &lane;
        Crossings crossings(options_.direction, sign_);
        const auto begin = std::chrono::steady_clock::now();
        std::deque<Passed> passed;
        while (lane.remaining() != 0.0) {
            result_.reached = lane.elapsed();
            result_.steps = lane.steps;
            if (options_.flow.interrupted && options_.flow.interrupted()) {
                return refuse(Verdict::interrupted, "stopped by the caller");
            }
            if (std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() >
                options_.flow.max_seconds) {
                return refuse(Verdict::interrupted, "the time budget is used up");
            }
            if (lane.steps >= options_.flow.max_steps) {
                return refuse(Verdict::section_not_reached,
                              "the step limit of " + std::to_string(options_.flow.max_steps) + " is reached");
            }
            FlowLane before = lane;
            group_.step();
            if (group_.failure(0)) return refuse(Verdict::unbounded, group_.failure(0));
            if (!crossings.open()) passed.clear();
            passed.push_back({std::move(before), StepScan(field_, section_, start_.parameter,
                                                          group_.record(0, field_.dim(), lane.elapsed()))});
            Crossings::Event event = Crossings::Event::nothing;
            const StepScan& scan = passed.back().scan;
            scan.follow([&](int sign, int slope, double from, double to) {
                event = crossings.see(sign, slope, scan.time(from), scan.time(to));
                if (event == Crossings::Event::crossing && ++result_.crossings < options_.returns) {
                    event = Crossings::Event::nothing;
                }
                return event == Crossings::Event::nothing;
            });
            if (event == Crossings::Event::undecided) {
                return refuse(Verdict::tangent, "n . f may vanish between t = " + number(crossings.from()) + " and " +
                                                    number(crossings.to()) +
                                                    ", where the section is or may be met; a smaller set may do");
            }
            if (event == Crossings::Event::crossing) return land(passed, crossings);
        }
        result_.reached = lane.elapsed();
        result_.steps = lane.steps;
        return refuse(Verdict::section_not_reached, "up to t = " + number(lane.elapsed()));
    }

  private:
    PoincareResult refuse(Verdict verdict, const std::string& detail) {
        result_.verdict = verdict;
        result_.detail = detail + " (" + std::to_string(result_.crossings) + " of " + std::to_string(options_.returns) +
                         " crossings proved)";
        return std::move(result_);
    }

    // The set at the crossing time of the centre, projected.
    PoincareResult land(std::deque<Passed>& passed, const Crossings& crossings) {
        const double from = std::fabs(crossings.from());
        const double to = std::fabs(crossings.to());
        // The step in which the centre changes sides; the last one if none shows it.
        std::size_t index = passed.size() - 1;
        double tau = 0.0;
        for (std::size_t k = passed.size(); k-- > 0;) {
            const StepScan& scan = passed[k].scan;
            // within the open stretch only
            const double base = std::fabs(scan.step().start);
            const double size = std::fabs(scan.step().scale);
            double lo = std::clamp((from - base) / size, 0.0, scan.theta());
            double hi = std::clamp((to - base) / size, 0.0, scan.theta());
            const double g_lo = scan.centre(lo);
            const bool changes = (g_lo > 0.0) != (scan.centre(hi) > 0.0);
            if (!changes && k > 0) continue;
            for (int i = 0; i < 80 && changes; ++i) {
                const double m = 0.5 * (lo + hi);
                ((scan.centre(m) > 0.0) == (g_lo > 0.0) ? lo : hi) = m;
            }
            index = k;
            tau = 0.5 * (lo + hi);
            break;
        }
        FlowLane lane = std::move(passed[index].before);
        const StepScan& scan = passed[index].scan;
        lane.set_end(scan.time(tau));
        group_.lanes()[0] = &lane;
        while (lane.remaining() != 0.0) {
            group_.step();
            if (group_.failure(0)) return refuse(Verdict::unbounded, group_.failure(0));
        }
        const double t = lane.elapsed();
        // The open stretch lies within the span of the projection, so what the projection finds is this crossing.
        const double span = std::max(std::fabs(std::fabs(t) - from), std::fabs(to - std::fabs(t))) * (1.0 + 0x1p-20) +
                            0x1p-45 * std::fabs(t);
        const std::vector<Interval> b = lane.enclosure(field_.dim());
        const std::size_t n = field_.dim();
        const std::size_t rows = program_->rows();
        const auto projection = project(field_, section_, b, lane.centre(), start_.parameter, span);
        if (!projection) {
            double width = 0.0;
            for (const Interval& x : b) width = std::max(width, width_up(x));
            return refuse(Verdict::too_wide, "the set, of width " + number(width) + " at t = " + number(t) +
                                                 ", could not be projected onto the section");
        }
        std::vector<double> centre(rows), centre_error(rows), phi(rows * rows), phi_error(rows * rows), none(rows, 0.0);
        for (std::size_t i = 0; i < rows; ++i) {
            centre[i] = i < n ? midpoint(projection->point[i]) : lane.centre()[i];
            centre_error[i] = i < n ? radius_up(projection->point[i], centre[i]) : 0.0;
        }
        for (std::size_t j = 0; j < rows * rows; ++j) {
            phi[j] = midpoint(projection->derivative[j]);
            phi_error[j] = radius_up(projection->derivative[j], phi[j]);
        }
        FlowLane::Step step;
        step.centre = centre.data();
        step.centre_error = centre_error.data();
        step.phi = phi.data();
        step.phi_error = phi_error.data();
        step.defect = none.data();
        FlowLane::Scratch scratch(rows);
        lane.advance(step, scratch);
        if (!lane.is_finite()) return refuse(Verdict::unbounded, "the projected set is unbounded");
        result_.verdict = Verdict::proved;
        result_.detail.clear();
        result_.point = lane.enclosure(n);
        tighten();
        if (options_.flow.derivative) {
            result_.derivative = lane.derivative(n);
            if (const auto i = section_.coordinate()) {  // n . P = c for all
                for (std::size_t c = 0; c < n; ++c) result_.derivative[*i * n + c] = Interval(0.0);
            }
        }
        result_.time = Interval(t) + projection->time;
        result_.speed = projection->speed;
        result_.reached = t;
        result_.steps = lane.steps - 1;
        return std::move(result_);
    }

    // Every point solves n . x = c: each coordinate from the others.
    void tighten() {
        for (std::size_t i = 0; i < result_.point.size(); ++i) {
            if (section_.normal[i] == 0.0) continue;
            Interval rest = section_.offset;
            for (std::size_t k = 0; k < result_.point.size(); ++k) {
                if (k != i && section_.normal[k] != 0.0) rest = rest - Interval(section_.normal[k]) * result_.point[k];
            }
            const auto both = intersect(result_.point[i], rest / Interval(section_.normal[i]));
            if (!both) throw InternalError("the projected set misses the section");
            result_.point[i] = *both;
        }
    }

    const Field& field_;
    const Section& section_;
    const InitialSet& start_;
    const PoincareOptions& options_;
    std::shared_ptr<const TaylorProgram> program_;
    std::size_t order_;
    LaneGroup group_;
    double sign_;
    PoincareResult result_;
};

}  // namespace

PoincareResult poincare_map(const Field& field, const Section& section, const InitialSet& start,
                            const PoincareOptions& options) {
    if (field.depends_on_time()) {
        throw std::invalid_argument("a section needs an autonomous field; this one depends on time");
    }
    check_initial_set(field, start, options.max_time);
    if (section.normal.size() != field.dim()) {
        throw std::invalid_argument("the normal of the section has " + std::to_string(section.normal.size()) +
                                    " entries, the field has dimension " + std::to_string(field.dim()));
    }
    bool zero = true;
    for (const double x : section.normal) {
        if (!std::isfinite(x)) throw std::invalid_argument("the normal of the section has an entry that is not finite");
        zero = zero && x == 0.0;
    }
    if (zero) throw std::invalid_argument("the normal of the section is zero");
    if (!is_bounded(section.offset)) throw std::invalid_argument("the offset of the section is not bounded");
    if (options.returns == 0) throw std::invalid_argument("returns must be at least 1, not 0");
    if (!(options.max_time > 0.0)) throw std::invalid_argument("max_time must be positive");
    check_flow_options(options.flow);
    return ReturnMap(field, section, start, options).run();
}

}  // namespace capnode
