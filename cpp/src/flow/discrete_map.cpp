#include "capnode/flow/discrete_map.hpp"

#include <chrono>
#include <cmath>
#include <stdexcept>

#include "capnode/field/evaluate.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/numerics/double_double.hpp"
#include "dealt_out.hpp"
#include "flow_lane.hpp"
#include "lanes_check.hpp"
#include "radius_rounding.hpp"

namespace capnode {
namespace {

void check(const std::vector<IterationStage>& stages, const std::vector<InitialSet>& starts) {
    if (stages.empty()) throw std::invalid_argument("there are 0 maps to iterate");
    const std::size_t dim = stages.front().map.field.dim();
    const std::size_t parameters = stages.front().map.field.parameter_dim();
    for (const IterationStage& s : stages) {
        if (s.map.field.dim() != dim || s.map.field.parameter_dim() != parameters) {
            throw std::invalid_argument(
                "the maps have dimensions " + std::to_string(dim) + " and " + std::to_string(s.map.field.dim()) +
                ", parameters " + std::to_string(parameters) + " and " + std::to_string(s.map.field.parameter_dim()));
        }
        if (!std::isfinite(s.map.step)) throw std::invalid_argument("the step of a map must be finite");
    }
    for (const InitialSet& start : starts) check_set("map", dim, parameters, start);
}

// One step of one set.
class Stepper {
  public:
    Stepper(std::size_t dim, std::size_t parameters)
        : dim_(dim),
          n_(dim + parameters),
          centre_(n_),
          error_(n_),
          zero_(n_, 0.0),
          phi_(n_ * n_),
          phi_error_(n_ * n_),
          scratch_(n_) {}

    void advance(FlowLane& lane, const DiscreteMap& map, const DoubleDoubleBall& t) {
        evaluate_centre(lane, map, t);
        enclose_derivative(lane, map, t);
        FlowLane::Step step;
        step.length = 1.0;
        step.centre = centre_.data();
        step.centre_error = error_.data();
        step.phi = phi_.data();
        step.phi_error = phi_error_.data();
        step.defect = zero_.data();
        lane.advance(step, scratch_);
    }

    const std::vector<double>& phi() const { return phi_; }
    const std::vector<double>& phi_error() const { return phi_error_; }

  private:
    // centre_ +- error_ holds g(x_bar, p_bar) for all weights.
    void evaluate_centre(const FlowLane& lane, const DiscreteMap& map, const DoubleDoubleBall& t) {
        std::vector<DoubleDoubleBall> x;
        std::vector<DoubleDoubleBall> p;
        for (std::size_t i = 0; i < n_; ++i) (i < dim_ ? x : p).push_back({lane.centre()[i], 0.0, 0.0});
        const std::vector<DoubleDoubleBall> f = evaluate(map.field, x, p, t);
        const DoubleDoubleBall h{map.step, 0.0, 0.0};
        for (std::size_t i = 0; i < dim_; ++i) {
            const DoubleDoubleBall y = map.residual ? x[i] + h * f[i] : h * f[i];
            centre_[i] = y.hi;
            const double e = std::fabs(y.lo) + y.rad;
            error_[i] = e < infinity ? e * slack : infinity;
        }
        for (std::size_t i = dim_; i < n_; ++i) {
            centre_[i] = lane.centre()[i];
            error_[i] = 0.0;
        }
    }

    // phi_ +- phi_error_ holds the derivative over the hull: h J has u |h J| of rounding, the sum on the diagonal u of
    // itself.
    void enclose_derivative(const FlowLane& lane, const DiscreteMap& map, const DoubleDoubleBall& t) {
        BallMatrix x(dim_, 1);
        BallMatrix p(n_ - dim_, 1);
        for (std::size_t i = 0; i < n_; ++i) {
            BallMatrix& part = i < dim_ ? x : p;
            const std::size_t j = i < dim_ ? i : i - dim_;
            part.mid(j, 0) = lane.centre()[i];
            part.rad(j, 0) = lane.magnitude()[i];
        }
        const BallJacobian J = jacobian(map.field, x, p, Ball{t.hi, (std::fabs(t.lo) + t.rad) * slack});
        const double h = std::fabs(map.step);
        std::fill(phi_.begin(), phi_.end(), 0.0);
        std::fill(phi_error_.begin(), phi_error_.end(), 0.0);
        for (std::size_t i = 0; i < dim_; ++i) {
            for (std::size_t c = 0; c < n_; ++c) {
                const BallMatrix& part = c < dim_ ? J.dx : J.dp;
                const std::size_t j = c < dim_ ? c : c - dim_;
                const double product = map.step * part.mid(i, j);
                const double value = map.residual && i == c ? 1.0 + product : product;
                const double rounding = unit_roundoff * (std::fabs(product) + std::fabs(value));
                const double e = (h * part.rad(i, j) + rounding) * slack + underflow;
                phi_[i * n_ + c] = value;
                phi_error_[i * n_ + c] = e < infinity ? e : infinity;
            }
        }
        for (std::size_t i = dim_; i < n_; ++i) phi_[i * n_ + i] = 1.0;
    }

    std::size_t dim_, n_;
    std::vector<double> centre_, error_, zero_, phi_, phi_error_;
    FlowLane::Scratch scratch_;
};

}  // namespace

std::vector<IterationResult> iterate(const std::vector<IterationStage>& stages, const std::vector<InitialSet>& starts,
                                     const IterationOptions& options) {
    check(stages, starts);
    TaylorProgram rows;  // the sets only ask for its sizes
    rows.dim = stages.front().map.field.dim();
    rows.parameter_dim = stages.front().map.field.parameter_dim();
    std::size_t total = 0;
    for (const IterationStage& s : stages) total += s.steps;
    const auto begin = std::chrono::steady_clock::now();
    std::vector<IterationResult> results(starts.size());
    const auto deal = [&](std::size_t first, std::size_t stride, const Stop& stop, bool reports) {
        Stepper stepper(rows.dim, rows.parameter_dim);
        bool stopped = false;
        for (std::size_t l = first; l < starts.size(); l += stride) {
            FlowLane lane(rows, starts[l], static_cast<double>(std::max<std::size_t>(total, 1)), options.derivative,
                          false);
            IterationResult& result = results[l];
            result.verdict = Verdict::proved;
            if (options.keep) result.states.push_back(lane.enclosure(rows.dim));
            DoubleDoubleBall t = to_double_double(starts[l].t0);
            for (const IterationStage& stage : stages) {
                for (std::size_t k = 0; k < stage.steps && result.verdict == Verdict::proved; ++k) {
                    if (options.progress && reports) {
                        const double done = static_cast<double>(result.steps) / static_cast<double>(total);
                        options.progress((static_cast<double>(l) + done) / static_cast<double>(starts.size()));
                    }
                    const bool late = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() >
                                      options.max_seconds;
                    if (stopped || late || (stop && stop())) {
                        stopped = true;
                        result.verdict = Verdict::interrupted;
                        result.detail = late ? "the time budget is used up" : "stopped by the caller";
                        break;
                    }
                    FlowLane next = lane;
                    stepper.advance(next, stage.map, t);
                    if (!next.is_finite()) {  // what was proved before stays
                        result.verdict = Verdict::unbounded;
                        result.detail = "the enclosure became unbounded in step " + std::to_string(result.steps + 1);
                        break;
                    }
                    lane = std::move(next);
                    if (options.transition) options.transition(stepper.phi().data(), stepper.phi_error().data());
                    t = t + DoubleDoubleBall{stage.map.step, 0.0, 0.0};
                    ++result.steps;
                    if (options.keep) result.states.push_back(lane.enclosure(rows.dim));
                }
            }
            result.final = lane.enclosure(rows.dim);
            if (options.derivative) result.derivative = lane.derivative(rows.dim);
            if (options.affine_form) result.affine = lane.affine_form(rows.dim);
        }
    };
    const std::size_t threads = options.transition ? 1 : std::min(threads_of(options.threads), starts.size());
    if (threads <= 1) {
        deal(0, 1, options.interrupted, true);
    } else {
        in_shares(threads, options.interrupted,
                  [&](std::size_t share, const Stop& stop) { deal(share, threads, stop, share == 0); });
    }
    return results;
}

}  // namespace capnode
