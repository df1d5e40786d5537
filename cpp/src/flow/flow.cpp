#include "capnode/flow/flow.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "capnode/flow/step_engine.hpp"
#include "flow_lane.hpp"
#include "growth.hpp"

namespace capnode {
namespace {

constexpr double slack = 1.0 + 0x1p-32;

// A group of lanes stepping side by side, each with its own step and time. A lane without a trajectory repeats the
// state of lane 0 of the group with step 0.
class LaneGroup {
  public:
    LaneGroup(std::shared_ptr<const TaylorProgram> program, std::size_t lanes, std::size_t order,
              const FlowOptions& options)
        : program_(std::move(program)),
          options_(options),
          n_(program_->rows()),
          engine_(program_, lanes, order, 1, true),
          lanes_(lanes, nullptr),
          scale_(lanes, 1.0),
          theta_(lanes, 1.0),
          failed_(lanes, nullptr) {
        for (AlignedVector* v : {&tube_, &reach_, &value_, &value_error_}) v->assign(n_ * lanes, 0.0);
        for (AlignedVector* v : {&jacobian_mid_, &jacobian_rad_, &tangent_defect_, &phi_, &phi_error_}) {
            v->assign(n_ * n_ * lanes, 0.0);
        }
    }

    std::vector<FlowLane*>& lanes() { return lanes_; }
    /// Why lane l could not go on in the last step, or null.
    const char* failure(std::size_t l) const { return failed_[l]; }

    // One step of every lane that has a trajectory.
    void step() {
        const std::size_t lanes = lanes_.size();
        double* centre = engine_.centre();
        const FlowLane* stand_in =
            *std::find_if(lanes_.begin(), lanes_.end(), [](FlowLane* p) { return p != nullptr; });
        for (std::size_t l = 0; l < lanes; ++l) {
            failed_[l] = nullptr;
            const FlowLane* lane = lanes_[l] ? lanes_[l] : stand_in;
            for (std::size_t i = 0; i < n_; ++i) centre[i * lanes + l] = lane->centre()[i];
            double guess = std::fabs(lane->last_length);
            if (!(guess > 0.0)) guess = std::min(std::fabs(lane->remaining()), 0.125);
            scale_[l] = std::copysign(std::ldexp(1.0, std::ilogb(guess)), lane->remaining());
        }
        engine_.coefficients(scale_.data());
        for (std::size_t l = 0; l < lanes; ++l) choose_length(l);
        shorten_until_defect_is_small();
        shorten_until_tube_holds();
        engine_.tangent_coefficients();
        engine_.tangent_defect(tangent_defect_.data());
        engine_.evaluate(theta_.data(), value_.data(), value_error_.data());
        engine_.evaluate_tangent(theta_.data(), phi_.data(), phi_error_.data());
        for (std::size_t l = 0; l < lanes; ++l) {
            if (lanes_[l] && !failed_[l]) advance(l);
        }
    }

    const StepEngine& engine() const { return engine_; }
    double length(std::size_t l) const { return theta_[l] * scale_[l]; }
    double scale(std::size_t l) const { return scale_[l]; }
    /// What the set grows to inside the step, proved to lie inside the tube.
    double reach(std::size_t i, std::size_t l) const { return reach_[i * lanes_.size() + l]; }

  private:
    // theta from the last coefficients: |z_k| theta^k <= tolerance.
    void choose_length(std::size_t l) {
        theta_[l] = 1.0;
        FlowLane* lane = lanes_[l];
        if (!lane) return;
        const std::size_t lanes = lanes_.size();
        double size = 1.0;
        for (std::size_t i = 0; i < n_; ++i) size = std::max(size, std::fabs(lane->centre()[i]));
        const double goal = local_tolerance() * size;
        double theta = infinity;
        for (std::size_t k = engine_.order() - 1; k <= engine_.order(); ++k) {
            double m = 0.0;
            for (std::size_t i = 0; i < n_; ++i) m = std::max(m, std::fabs(engine_.coefficient(k)[i * lanes + l]));
            if (m > 0.0) theta = std::min(theta, std::exp2(std::log2(goal / m) / static_cast<double>(k)));
            if (!(m < infinity)) {
                failed_[l] = "the Taylor coefficients of the solution overflow";
                return;
            }
        }
        set_length(l, theta * std::fabs(scale_[l]) * lane->step_factor);
    }

    double local_tolerance() const { return std::max(options_.tolerance * 1e-3, 0x1p-54); }

    // |length| rounded to the grid of the lane's clock, or to all that remains.
    void set_length(std::size_t l, double length) {
        FlowLane& lane = *lanes_[l];
        const double remaining = std::fabs(lane.remaining());
        if (!(length < remaining * 0.999)) {
            length = remaining;
        } else {
            if (length > 0.5 * remaining) length = 0.5 * remaining * 1.0001;  // two equal steps rather than a stub
            const double grid = lane.grid();
            length = std::floor(length / grid) * grid;
            if (!(length >= grid * 16.0)) {
                failed_[l] = "the step length fell below the resolution of time";
                length = grid * 16.0;
            }
        }
        theta_[l] = length / std::fabs(scale_[l]);  // exact: the scale is a power of two
    }

    bool active(std::size_t l) const { return lanes_[l] && !failed_[l]; }

    double largest_defect(std::size_t l) const {
        double d = 0.0;
        for (std::size_t i = 0; i < n_; ++i) {
            const double x = engine_.defect()[i * lanes_.size() + l];
            d = x <= d ? d : x;  // NaN wins
        }
        return d;
    }

    void shorten_until_defect_is_small() {
        const std::size_t lanes = lanes_.size();
        std::vector<double> previous(lanes, infinity);
        std::vector<char> settled(lanes, 0);
        for (int attempt = 0; attempt < 60; ++attempt) {
            engine_.set_domain(theta_.data());
            engine_.radii(nullptr);
            bool again = false;
            for (std::size_t l = 0; l < lanes; ++l) {
                if (!active(l) || settled[l]) continue;
                double size = 1.0;
                for (std::size_t i = 0; i < n_; ++i) size = std::max(size, std::fabs(lanes_[l]->centre()[i]));
                const double d = largest_defect(l);
                if (d <= 64.0 * local_tolerance() * size || (d < 1e-3 && d > 0.7 * previous[l])) {
                    settled[l] = 1;  // small, or at the level of rounding
                    continue;
                }
                previous[l] = d;
                lanes_[l]->step_factor *= 0.85;
                set_length(l, 0.8 * length_of(l));
                again = true;
            }
            if (!again) break;
        }
        for (std::size_t l = 0; l < lanes; ++l) {
            if (active(l) && !settled[l] && !(largest_defect(l) < 1e-3))
                failed_[l] = "the defect of the polynomial stays large";
        }
        keep_defects();
    }

    double length_of(std::size_t l) const { return theta_[l] * std::fabs(scale_[l]); }

    Growth growth(std::size_t l) const {
        const std::size_t lanes = lanes_.size();
        Matrix mid(n_, n_);
        Matrix rad(n_, n_);
        for (std::size_t j = 0; j < n_ * n_; ++j) {
            mid.data[j] = jacobian_mid_[j * lanes + l];
            rad.data[j] = jacobian_rad_[j * lanes + l];
        }
        return Growth(mid, rad, length_of(l), std::copysign(1.0, scale_[l]));
    }

    void shorten_until_tube_holds() {
        const std::size_t lanes = lanes_.size();
        growth_.assign(lanes, std::nullopt);
        for (std::size_t l = 0; l < lanes; ++l) {
            for (std::size_t i = 0; i < n_; ++i) {
                const std::size_t j = i * lanes + l;
                tube_[j] = lanes_[l] ? 1.5 * (lanes_[l]->magnitude()[i] + engine_.defect()[j]) + 0x1p-900 : 0.0;
            }
        }
        std::vector<char> settled(lanes, 0);
        std::vector<int> tries(lanes, 0);
        for (int attempt = 0; attempt < 400; ++attempt) {
            engine_.radii(tube_.data());
            engine_.jacobian_range(jacobian_mid_.data(), jacobian_rad_.data());
            bool again = false;
            bool shorter = false;
            for (std::size_t l = 0; l < lanes; ++l) {
                if (!active(l) || settled[l]) continue;
                std::vector<double> inflow(n_);
                for (std::size_t i = 0; i < n_; ++i) {
                    inflow[i] = (lanes_[l]->magnitude()[i] + defect_before_tube(i, l)) * slack;
                }
                growth_[l] = growth(l);
                const std::vector<double> needed = growth_[l]->apply(inflow);
                bool inside = true;
                for (std::size_t i = 0; i < n_; ++i) inside = inside && needed[i] < tube_[i * lanes + l];
                if (inside) {
                    for (std::size_t i = 0; i < n_; ++i) reach_[i * lanes + l] = needed[i];
                    settled[l] = 1;
                    continue;
                }
                again = true;
                bool finite = true;
                for (const double x : needed) finite = finite && x < infinity;
                if (finite && ++tries[l] < 4) {
                    for (std::size_t i = 0; i < n_; ++i) tube_[i * lanes + l] = 1.3 * needed[i] + 0x1p-900;
                } else {
                    tries[l] = 0;
                    set_length(l, 0.6 * length_of(l));
                    lanes_[l]->step_factor *= 0.9;
                    shorter = true;
                }
            }
            if (!again) return;
            if (shorter) {
                engine_.set_domain(theta_.data());
                engine_.radii(nullptr);
                keep_defects();
                for (std::size_t l = 0; l < lanes; ++l) {
                    if (!active(l) || settled[l]) continue;
                    for (std::size_t i = 0; i < n_; ++i) {
                        const std::size_t j = i * lanes + l;
                        tube_[j] =
                            std::min(tube_[j], 2.0 * (lanes_[l]->magnitude()[i] + engine_.defect()[j]) + 0x1p-900);
                    }
                }
            }
        }
        for (std::size_t l = 0; l < lanes; ++l) {
            if (active(l) && !settled[l])
                failed_[l] = "no tube around the polynomial holds the set; it is too wide to carry";
        }
    }

    // radii(tube) overwrites the defect of the bare polynomial with that of the tube; the bare one is what counts.
    void keep_defects() { bare_defect_.assign(engine_.defect(), engine_.defect() + n_ * lanes_.size()); }
    double defect_before_tube(std::size_t i, std::size_t l) const { return bare_defect_[i * lanes_.size() + l]; }

    void advance(std::size_t l) {
        const std::size_t lanes = lanes_.size();
        FlowLane::Step step;
        step.length = length(l);
        step.phi = Matrix(n_, n_);
        Matrix defect(n_, n_);
        Matrix rounding(n_, n_);
        for (std::size_t j = 0; j < n_ * n_; ++j) {
            step.phi.data[j] = phi_[j * lanes + l];
            rounding.data[j] = phi_error_[j * lanes + l];
            defect.data[j] = tangent_defect_[j * lanes + l];
        }
        std::vector<double> bare(n_);
        for (std::size_t i = 0; i < n_; ++i) {
            bare[i] = defect_before_tube(i, l);
            step.centre.push_back(value_[i * lanes + l]);
            step.centre_error.push_back(value_error_[i * lanes + l]);
        }
        step.defect = growth_[l]->apply(bare);
        step.phi_error = growth_[l]->apply(defect);
        for (std::size_t j = 0; j < n_ * n_; ++j)
            step.phi_error.data[j] = (step.phi_error.data[j] + rounding.data[j]) * slack;
        // Rows without motion (parameters) are exactly constant.
        for (std::size_t i = program_->dim; i < n_; ++i) {
            step.defect[i] = bare[i];
            for (std::size_t c = 0; c < n_; ++c) step.phi_error(i, c) = 0.0;
        }
        FlowLane next = *lanes_[l];
        next.advance(step);
        if (!next.is_finite()) {  // what was proved before stays
            failed_[l] = "the enclosure became unbounded";
            return;
        }
        next.step_factor = std::min(1.0, next.step_factor * 1.05);
        *lanes_[l] = std::move(next);
    }

    std::shared_ptr<const TaylorProgram> program_;
    const FlowOptions& options_;
    std::size_t n_;
    StepEngine engine_;
    std::vector<FlowLane*> lanes_;
    std::vector<double> scale_, theta_;
    std::vector<const char*> failed_;
    std::vector<std::optional<Growth>> growth_;
    std::vector<double> bare_defect_;
    AlignedVector tube_, reach_, value_, value_error_, jacobian_mid_, jacobian_rad_, tangent_defect_, phi_, phi_error_;
};

void check(const Field& field, const InitialSet& start, double duration) {
    const auto size = [](const char* what, std::size_t got, std::size_t want) {
        if (got != want) {
            throw std::invalid_argument(std::string(what) + " has " + std::to_string(got) +
                                        " entries, the field needs " + std::to_string(want));
        }
    };
    size("the initial point", start.centre.size(), field.dim());
    size("the parameter", start.parameter.size(), field.parameter_dim());
    if (!start.radii.empty()) size("each direction of the initial set", start.directions.rows, field.dim());
    size("the radii of the initial set", start.radii.size(), start.directions.cols);
    for (const double x : start.centre) {
        if (!std::isfinite(x)) throw std::invalid_argument("the initial point has an entry that is not finite");
    }
    for (const double r : start.radii) {
        if (!(r >= 0.0) || !std::isfinite(r))
            throw std::invalid_argument("a radius of the initial set is negative or not finite");
    }
    for (const Interval& p : start.parameter) {
        if (!is_bounded(p)) throw std::invalid_argument("a parameter interval is not bounded");
    }
    if (!is_bounded(start.t0) || !std::isfinite(duration)) throw std::invalid_argument("the times must be finite");
}

std::size_t default_order(std::size_t n) { return n <= 8 ? 18 : 20; }

FlowStep record(const LaneGroup& group, const FlowLane& lane, std::size_t l, std::size_t dim, double start) {
    FlowStep step;
    step.start = start;
    step.length = group.length(l);
    step.scale = group.scale(l);
    const std::size_t order = group.engine().order();
    step.polynomial = Matrix(dim, order + 1);
    for (std::size_t k = 0; k <= order; ++k) {
        const double* z = group.engine().coefficient(k);
        for (std::size_t i = 0; i < dim; ++i) step.polynomial(i, k) = z[i * group.engine().lanes() + l];
    }
    for (std::size_t i = 0; i < dim; ++i) step.tube.push_back(group.reach(i, l));
    step.end = lane.enclosure(dim);
    return step;
}

FlowResult finish(const FlowLane& lane, const Field& field, Verdict verdict, std::string detail, bool derivative) {
    FlowResult result;
    result.verdict = verdict;
    result.detail = std::move(detail);
    result.reached = lane.elapsed();
    result.steps = lane.steps;
    result.final = lane.enclosure(field.dim());
    if (derivative) result.derivative = lane.derivative(field.dim());
    return result;
}

}  // namespace

std::vector<FlowResult> integrate_lanes(const Field& field, const std::vector<InitialSet>& starts,
                                        const std::vector<double>& durations, const FlowOptions& options) {
    if (starts.size() != durations.size()) {
        throw std::invalid_argument(std::to_string(starts.size()) + " initial sets, but " +
                                    std::to_string(durations.size()) + " durations");
    }
    if (!(options.tolerance > 0.0)) throw std::invalid_argument("the tolerance must be positive");
    if (options.order != 0 && (options.order < 3 || options.order > 60)) {
        throw std::invalid_argument("the order must lie between 3 and 60, not " + std::to_string(options.order));
    }
    for (std::size_t i = 0; i < starts.size(); ++i) check(field, starts[i], durations[i]);
    const auto program = std::make_shared<const TaylorProgram>(taylor_program(field));
    const std::size_t order = options.order != 0 ? options.order : default_order(program->rows());
    const std::size_t width = starts.size() >= 4 && program->rows() <= 32 ? 8 : 1;
    LaneGroup group(program, width, order, options);

    std::vector<FlowResult> results(starts.size());
    std::vector<std::unique_ptr<FlowLane>> running(width);
    std::vector<std::size_t> index(width, 0);
    std::vector<std::vector<FlowStep>> history(width);
    std::vector<std::vector<Interval>> initial(width);
    std::size_t finished = 0;
    std::size_t next = 0;
    const auto begin = std::chrono::steady_clock::now();
    const auto close = [&](std::size_t l, Verdict verdict, const std::string& detail) {
        results[index[l]] = finish(*running[l], field, verdict, detail, options.derivative);
        results[index[l]].trajectory = std::move(history[l]);
        results[index[l]].initial = std::move(initial[l]);
        history[l].clear();
        ++finished;
        running[l].reset();
        group.lanes()[l] = nullptr;
    };
    for (;;) {
        bool any = false;
        for (std::size_t l = 0; l < width; ++l) {
            while (!running[l] && next < starts.size()) {
                running[l] = std::make_unique<FlowLane>(*program, starts[next], durations[next], options.derivative);
                index[l] = next++;
                group.lanes()[l] = running[l].get();
                initial[l] = running[l]->enclosure(field.dim());
                if (durations[index[l]] == 0.0) close(l, Verdict::proved, "");
            }
            any = any || running[l];
        }
        if (!any) return results;
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        const bool stop = options.interrupted && options.interrupted();
        if (stop || seconds > options.max_seconds) {
            for (std::size_t l = 0; l < width; ++l) {
                if (running[l])
                    close(l, Verdict::interrupted, stop ? "stopped by the caller" : "the time budget is used up");
            }
            for (; next < starts.size(); ++next) {
                const FlowLane lane(*program, starts[next], durations[next], options.derivative);
                results[next] = finish(lane, field, Verdict::interrupted, "not started", options.derivative);
                results[next].initial = results[next].final;
            }
            return results;
        }
        if (options.progress) {
            double done = static_cast<double>(finished);
            for (const auto& lane : running) {
                if (lane) done += lane->elapsed() / lane->duration();
            }
            options.progress(done / static_cast<double>(starts.size()));
        }
        std::vector<double> before(width, 0.0);
        for (std::size_t l = 0; l < width; ++l) {
            if (running[l]) before[l] = running[l]->elapsed();
        }
        group.step();
        for (std::size_t l = 0; l < width; ++l) {
            if (!running[l]) continue;
            if (group.failure(l)) {
                close(l, Verdict::unbounded, group.failure(l));
                continue;
            }
            if (options.dense) history[l].push_back(record(group, *running[l], l, field.dim(), before[l]));
            if (running[l]->remaining() == 0.0) {
                close(l, Verdict::proved, "");
            } else if (running[l]->steps >= options.max_steps) {
                close(l, Verdict::too_wide, "the step limit of " + std::to_string(options.max_steps) + " is reached");
            }
        }
    }
}

FlowResult integrate(const Field& field, const InitialSet& start, double duration, const FlowOptions& options) {
    return integrate_lanes(field, {start}, {duration}, options).front();
}

}  // namespace capnode
