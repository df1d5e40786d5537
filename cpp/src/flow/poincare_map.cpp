#include "capnode/flow/poincare_map.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>

#include "capnode/field/autonomous.hpp"
#include "capnode/numerics/number_text.hpp"
#include "flow_lane.hpp"
#include "lane_group.hpp"
#include "section_scan.hpp"

namespace capnode {
namespace {

struct Passed {
    FlowLane before;  // at the start of the step
    StepScan scan;
};

// One start on its way.
struct Walk {
    std::size_t index;  // among the starts
    const InitialSet* start;
    FlowLane lane;
    FlowLane before;  // the lane before the step under way
    Crossings crossings;
    std::deque<Passed> passed{};
    PoincareResult result{};
};

class ReturnMap {
  public:
    ReturnMap(const Field& field, const Section& section, const std::vector<InitialSet>& starts,
              const PoincareOptions& options)
        : field_(field),
          section_(section),
          starts_(starts),
          options_(options),
          program_(shared_program(field)),
          order_(LaneGroup::order_for(program_->rows(), options.flow.order)),
          width_(starts.size() >= 4 && program_->rows() <= 32 ? 8 : 1),
          group_(program_, width_, order_, false, options.flow),
          last_(program_, 1, order_, false, options.flow),
          sign_(options.backward ? -1.0 : 1.0),
          walks_(width_),
          results_(starts.size()) {}

    std::vector<PoincareResult> run() {
        const auto begin = std::chrono::steady_clock::now();
        const auto out_of_time = [&] {
            const auto now = std::chrono::steady_clock::now();
            return std::chrono::duration<double>(now - begin).count() > options_.flow.max_seconds;
        };
        const auto stopped = [&] { return options_.flow.interrupted && options_.flow.interrupted(); };
        group_.stop_when([&] { return stopped() || out_of_time(); });
        last_.stop_when([&] { return stopped() || out_of_time(); });
        for (;;) {
            bool any = false;
            for (std::size_t l = 0; l < width_; ++l) {
                while (!walks_[l] && next_ < starts_.size()) enter(l, next_++);
                any = any || walks_[l];
            }
            if (!any) return std::move(results_);
            const bool stop = stopped();
            if (stop || out_of_time()) {
                const std::string why = stop ? "stopped by the caller" : "the time budget is used up";
                for (std::size_t l = 0; l < width_; ++l) {
                    if (walks_[l]) refuse(l, Verdict::interrupted, why);
                }
                for (; next_ < starts_.size(); ++next_) results_[next_] = refused({}, Verdict::interrupted, why);
                return std::move(results_);
            }
            for (const auto& walk : walks_) {
                if (walk) walk->before = walk->lane;
            }
            if (!group_.step()) continue;  // asked to stop: the next look at it answers
            for (std::size_t l = 0; l < width_; ++l) {
                if (walks_[l]) after_step(l);
            }
        }
    }

  private:
    void enter(std::size_t l, std::size_t index) {
        FlowLane lane(*program_, starts_[index], sign_ * options_.max_time, options_.flow.derivative, false);
        walks_[l] =
            std::make_unique<Walk>(Walk{index, &starts_[index], lane, lane, Crossings(options_.direction, sign_)});
        group_.lanes()[l] = &walks_[l]->lane;
    }

    void after_step(std::size_t l) {
        Walk& walk = *walks_[l];
        if (group_.failure(l)) return refuse(l, Verdict::unbounded, group_.failure(l));
        FlowLane& lane = walk.lane;
        if (!walk.crossings.open()) walk.passed.clear();
        walk.passed.push_back({std::move(walk.before), StepScan(field_, section_, walk.start->parameter,
                                                                group_.record(l, field_.dim(), lane.elapsed()))});
        Crossings::Event event = Crossings::Event::nothing;
        const StepScan& scan = walk.passed.back().scan;
        scan.follow([&](int sign, int slope, double from, double to) {
            event = walk.crossings.see(sign, slope, scan.time(from), scan.time(to));
            if (event == Crossings::Event::crossing && ++walk.result.crossings < options_.returns) {
                event = Crossings::Event::nothing;
            }
            return event == Crossings::Event::nothing;
        });
        if (event == Crossings::Event::undecided) {
            return refuse(l, Verdict::tangent,
                          "n . f may vanish between t = " + number_text(walk.crossings.from(), 10) + " and " +
                              number_text(walk.crossings.to(), 10) +
                              ", where the section is or may be met; a smaller set may do");
        }
        if (event == Crossings::Event::crossing) return close(l, land(walk));
        walk.result.reached = lane.elapsed();
        walk.result.steps = lane.steps;
        if (lane.remaining() == 0.0) {
            return refuse(l, Verdict::section_not_reached, "up to t = " + number_text(lane.elapsed(), 10));
        }
        if (lane.steps >= options_.flow.max_steps) {
            refuse(l, Verdict::section_not_reached,
                   "the step limit of " + std::to_string(options_.flow.max_steps) + " is reached");
        }
    }

    void close(std::size_t l, PoincareResult result) {
        results_[walks_[l]->index] = std::move(result);
        group_.lanes()[l] = nullptr;
        walks_[l].reset();
    }
    PoincareResult refused(PoincareResult result, Verdict verdict, const std::string& detail) const {
        result.verdict = verdict;
        result.detail = detail + " (" + std::to_string(result.crossings) + " of " + std::to_string(options_.returns) +
                        " crossings proved)";
        return result;
    }
    void refuse(std::size_t l, Verdict verdict, const std::string& detail) {
        close(l, refused(walks_[l]->result, verdict, detail));
    }

    // The set at the crossing time of the centre, projected.
    PoincareResult land(Walk& walk) {
        std::deque<Passed>& passed = walk.passed;
        const Crossings& crossings = walk.crossings;
        PoincareResult& result = walk.result;
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
        last_.lanes()[0] = &lane;
        while (lane.remaining() != 0.0) {
            if (!last_.step()) return refused(result, Verdict::interrupted, "stopped, or the time budget is used up");
            if (last_.failure(0)) return refused(result, Verdict::unbounded, last_.failure(0));
        }
        const double t = lane.elapsed();
        // The open stretch lies within the span of the projection, so what the projection finds is this crossing.
        const double span = std::max(std::fabs(std::fabs(t) - from), std::fabs(to - std::fabs(t))) * (1.0 + 0x1p-20) +
                            0x1p-45 * std::fabs(t);
        const std::vector<Interval> b = lane.enclosure(field_.dim());
        const std::size_t n = field_.dim();
        const std::size_t rows = program_->rows();
        const auto projection = project(field_, section_, b, lane.centre(), walk.start->parameter, span);
        if (!projection) {
            double width = 0.0;
            for (const Interval& x : b) width = std::max(width, width_up(x));
            return refused(result, Verdict::too_wide,
                           "the set, of width " + number_text(width, 10) + " at t = " + number_text(t, 10) +
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
        // D pi D Phi entry by entry, besides the sets': near the section the norms of the sets lose more.
        const std::vector<Interval> direct =
            options_.flow.derivative ? product(*projection, lane.derivative(n), rows, n) : std::vector<Interval>();
        lane.advance(step, scratch);
        if (!lane.is_finite()) return refused(result, Verdict::unbounded, "the projected set is unbounded");
        result.verdict = Verdict::proved;
        result.detail.clear();
        result.point = lane.enclosure(n);
        if (options_.flow.linear_part) result.linear = lane.linear_part(n);
        tighten(result);
        if (options_.flow.derivative) {
            result.derivative = lane.derivative(n);
            for (std::size_t j = 0; j < direct.size(); ++j) {
                const auto both = intersect(result.derivative[j], direct[j]);
                if (!both) throw InternalError("two enclosures of the derivative of a return map do not meet");
                result.derivative[j] = *both;
            }
            if (const auto i = section_.coordinate()) {  // n . P = c for all
                for (std::size_t c = 0; c < n; ++c) result.derivative[*i * n + c] = Interval(0.0);
            }
        }
        result.time = Interval(t) + projection->time;
        result.speed = projection->speed;
        result.reached = t;
        result.steps = lane.steps - 1;
        return std::move(result);
    }

    // D pi Y, rows of Y by the initial point; that of a parameter is 0.
    static std::vector<Interval> product(const Projection& projection, const std::vector<Interval>& y, std::size_t rows,
                                         std::size_t n) {
        std::vector<Interval> out(n * n, Interval(0.0));
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t k = 0; k < n; ++k) {
                for (std::size_t c = 0; c < n; ++c) {
                    out[i * n + c] = out[i * n + c] + projection.derivative[i * rows + k] * y[k * n + c];
                }
            }
        }
        return out;
    }

    // Every point solves n . x = c: each coordinate from the others.
    void tighten(PoincareResult& result) const {
        for (std::size_t i = 0; i < result.point.size(); ++i) {
            if (section_.normal[i] == 0.0) continue;
            Interval rest = section_.offset;
            for (std::size_t k = 0; k < result.point.size(); ++k) {
                if (k != i && section_.normal[k] != 0.0) rest = rest - Interval(section_.normal[k]) * result.point[k];
            }
            const auto both = intersect(result.point[i], rest / Interval(section_.normal[i]));
            if (!both) throw InternalError("the projected set misses the section");
            result.point[i] = *both;
        }
    }

    const Field& field_;
    const Section& section_;
    const std::vector<InitialSet>& starts_;
    const PoincareOptions& options_;
    std::shared_ptr<const TaylorProgram> program_;
    std::size_t order_;
    std::size_t width_;
    LaneGroup group_, last_;  // on the way; of the last, shortened step
    double sign_;
    std::vector<std::unique_ptr<Walk>> walks_;
    std::size_t next_ = 0;
    std::vector<PoincareResult> results_;
};

// Time as a coordinate: x' = f(x, p, t), t' = 1, and the section does not look at t.
std::vector<PoincareResult> of_time(const Field& field, const Section& section, const std::vector<InitialSet>& starts,
                                    const PoincareOptions& options) {
    const std::size_t n = field.dim();
    Section wider = section;
    wider.normal.push_back(0.0);
    std::vector<InitialSet> sets;
    for (const InitialSet& start : starts) {
        InitialSet set = start;
        const double t0 = midpoint(start.t0);
        set.t0 = Interval(0.0);
        set.centre.push_back(t0);
        set.directions = Matrix(n + 1, start.radii.size() + 1);
        for (std::size_t j = 0; j < start.radii.size(); ++j) {
            for (std::size_t i = 0; i < n; ++i) set.directions(i, j) = start.directions(i, j);
        }
        set.directions(n, start.radii.size()) = 1.0;
        set.radii.push_back(radius_up(start.t0, t0));
        sets.push_back(std::move(set));
    }
    std::vector<PoincareResult> results = poincare_maps(autonomous(field), wider, sets, options);
    for (PoincareResult& r : results) {
        if (!r.point.empty()) r.point.resize(n);
        if (!r.linear.empty()) r.linear.resize(n);
        std::vector<Interval> inner;
        for (std::size_t i = 0; !r.derivative.empty() && i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) inner.push_back(r.derivative[i * (n + 1) + j]);
        }
        r.derivative = std::move(inner);
    }
    return results;
}

}  // namespace

std::vector<PoincareResult> poincare_maps(const Field& field, const Section& section,
                                          const std::vector<InitialSet>& starts, const PoincareOptions& options) {
    for (const InitialSet& start : starts) check_initial_set(field, start, options.max_time);
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
    if (field.depends_on_time()) return of_time(field, section, starts, options);
    return ReturnMap(field, section, starts, options).run();
}

PoincareResult poincare_map(const Field& field, const Section& section, const InitialSet& start,
                            const PoincareOptions& options) {
    return std::move(poincare_maps(field, section, {start}, options).front());
}

}  // namespace capnode
