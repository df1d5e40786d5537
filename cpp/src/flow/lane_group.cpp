#include "lane_group.hpp"

#include <algorithm>
#include <cmath>

#include "radius_rounding.hpp"

namespace capnode {
namespace {

constexpr double wide_growth = 0.3;
constexpr double caution = 0.85;  // of the step length, after a defect that was large

}  // namespace

LaneGroup::LaneGroup(std::shared_ptr<const TaylorProgram> program, std::size_t lanes, std::size_t order, bool tube,
                     const FlowOptions& options)
    : program_(std::move(program)),
      options_(options),
      n_(program_->rows()),
      order_(order),
      by_norm_(!Growth::componentwise(n_)),
      tube_mode_(tube && by_norm_ && !options.derivative),
      lanes_(lanes, nullptr),
      scale_(lanes, 1.0),
      theta_(lanes, 1.0),
      failed_(lanes, nullptr),
      settled_(lanes, 0),
      followed_(lanes, 0),
      tries_(lanes, 0),
      previous_(lanes, 0.0),
      share_(lanes, 0.0),
      bare_norm_(lanes, 0.0),
      exponent_(lanes, 0.0),
      mean_exponent_(lanes, 0.0),
      jacobian_largest_(lanes, 0.0),
      jacobian_average_(lanes, 0.0),
      scratch_(n_) {
    if (!by_norm_) growth_.assign(lanes, Growth(n_));
    for (std::vector<double>* v :
         {&inflow_, &needed_, &bare_, &centre_, &centre_error_, &column_, &lead_of_, &rest_of_})
        v->assign(n_, 0.0);
    for (AlignedVector* v : {&bare_defect_, &tube_, &reach_, &value_, &value_error_, &lead_, &rest_})
        v->assign(n_ * lanes, 0.0);
    if (!by_norm_) {
        jacobian_mid_.assign(n_ * n_ * lanes, 0.0);
        jacobian_rad_.assign(n_ * n_ * lanes, 0.0);
    }
    make_engine();
}

// Where the derivative is not wanted, tangents only carry small sets: degree 8 leaves |h J|^9 / 9! of them, which the
// sets take in. Small systems keep the full degree: it costs them little.
void LaneGroup::make_engine() {
    const std::size_t tangent_order = tube_mode_ ? 0 : options_.derivative || !by_norm_ ? order_ : (order_ + 1) / 2;
    engine_ = std::make_unique<StepEngine>(program_, lanes_.size(), order_, 1, tangent_order);
    engine_->use_threads(threads_);
    if (by_norm_) engine_->use_norms();
    if (!tube_mode_) {
        for (AlignedVector* v : {&tangent_defect_, &phi_, &phi_error_, &curvature_})
            v->assign(n_ * n_ * lanes_.size(), 0.0);
        phi_of_.assign(n_ * n_, 0.0);
        phi_error_of_.assign(n_ * n_, 0.0);
        tangent_defect_of_.assign(n_ * n_, 0.0);
    }
}

// Where it matters how wide the tube is: the derivative varies over it, and wide sets by their square.
bool LaneGroup::follows_tangents() const {
    if (by_norm_) return false;
    return options_.derivative || std::any_of(lanes_.begin(), lanes_.end(),
                                              [](const FlowLane* lane) { return lane != nullptr && lane->is_wide(); });
}

void LaneGroup::use_threads(std::size_t threads) {
    threads_ = threads;
    engine_->use_threads(threads);
}

bool LaneGroup::step() {
    const std::size_t lanes = lanes_.size();
    if (tube_mode_) {
        bool leave = false;
        for (const FlowLane* lane : lanes_)
            leave = leave || (lane && (lane->tube_growth > tube_limit || !lane->in_tube()));
        if (leave) {
            tube_mode_ = false;
            make_engine();
        }
    }
    double* centre = engine_->centre();
    const FlowLane* stand_in = *std::find_if(lanes_.begin(), lanes_.end(), [](FlowLane* p) { return p != nullptr; });
    for (std::size_t l = 0; l < lanes; ++l) {
        failed_[l] = nullptr;
        if (lanes_[l] && !tube_mode_) lanes_[l]->leave_tube();
        const FlowLane* lane = lanes_[l] ? lanes_[l] : stand_in;
        for (std::size_t i = 0; i < n_; ++i) centre[i * lanes + l] = lane->centre()[i];
        double guess = std::fabs(lane->last_length);
        if (!(guess > 0.0)) guess = std::min(std::fabs(lane->remaining()), 0.125);
        scale_[l] = std::copysign(std::ldexp(1.0, std::ilogb(guess)), lane->remaining());
    }
    engine_->coefficients(scale_.data());
    if (!tube_mode_ && !engine_->tangent_coefficients(stop_)) return false;
    for (std::size_t l = 0; l < lanes; ++l) choose_length(l);
    shorten_until_defect_is_small();
    shorten_until_tube_holds();
    if (tube_mode_) {
        engine_->evaluate(theta_.data(), value_.data(), value_error_.data());
    } else {
        engine_->increment(theta_.data(), lead_.data(), rest_.data(), value_error_.data());
        engine_->evaluate_tangent(theta_.data(), phi_.data(), phi_error_.data());
        if (!follows_tangents()) {
            if (by_norm_ && options_.derivative) engine_->radii(reach_.data(), true);  // below the tube it was shown in
            engine_->tangent_defect(tangent_defect_.data());
        } else {
            follow_tangents();
            do {  // a second time at most: then the tube is the one before
                engine_->radii(reach_.data());
                engine_->tangent_defect(tangent_defect_.data());
            } while (!tangents_hold());
        }
    }
    for (std::size_t l = 0; l < lanes; ++l) {
        if (active(l)) advance(l);
    }
    return true;
}

FlowStep LaneGroup::record(std::size_t l, std::size_t dim, double end) const {
    const std::size_t lanes = lanes_.size();
    FlowStep step;
    step.start = end - length(l);  // exact: both are multiples of the clock's grid
    step.length = length(l);
    step.scale = scale_[l];
    step.polynomial = Matrix(dim, order_ + 1);
    for (std::size_t k = 0; k <= order_; ++k) {
        const double* z = engine_->coefficient(k);
        for (std::size_t i = 0; i < dim; ++i) step.polynomial(i, k) = z[i * lanes + l];
    }
    for (std::size_t i = 0; i < dim; ++i) step.tube.push_back(reach(i, l));
    return step;
}

// theta from the last coefficients: |z_k| theta^k <= tolerance. The same of the tangents, whose radius of convergence
// still counts where the solution itself hardly moves (a stable equilibrium); where no derivative is wanted they only
// carry sets, and three digits of rounding errors will do, seven of boxes.
void LaneGroup::choose_length(std::size_t l) {
    theta_[l] = 1.0;
    FlowLane* lane = lanes_[l];
    if (!lane) return;
    const std::size_t lanes = lanes_.size();
    const double goal = local_tolerance() * size_of(l);
    double theta = infinity;
    for (std::size_t k = engine_->order() - 1; k <= engine_->order(); ++k) {
        double m = 0.0;
        for (std::size_t i = 0; i < n_; ++i) {
            m = larger(m, std::fabs(engine_->coefficient(k)[i * lanes + l]));
        }
        if (m > 0.0) theta = std::min(theta, std::exp2(std::log2(goal / m) / static_cast<double>(k)));
        if (!(m < infinity)) {
            failed_[l] = "the Taylor coefficients of the solution overflow";
            return;
        }
    }
    if (!tube_mode_) {
        const double wanted = options_.derivative ? 64.0 * local_tolerance() : lane->is_box() ? 1e-7 : 1e-3;
        const double k = static_cast<double>(engine_->tangent_order());
        const double m = engine_->largest_tangent(engine_->tangent_order(), l);
        if (m > 0.0) theta = std::min(theta, std::exp2(std::log2(wanted / m) / k));
    }
    double length = theta * std::fabs(scale_[l]) * lane->step_factor;
    // In a wide set the tube is exp(h M) times the set, and what is not linear grows with its square.
    if (lane->is_wide() && lane->last_speed > 0.0) length = std::min(length, wide_growth / lane->last_speed);
    set_length(l, length);
}

// Of a step against a run. In small systems the derivative is as wide as the solution is, times second derivatives: a
// little shorter steps halve it.
double LaneGroup::local_tolerance() const {
    return std::max(options_.tolerance * (options_.derivative && !by_norm_ ? 3e-4 : 1e-3), 0x1p-54);
}

double LaneGroup::size_of(std::size_t l) const {
    double size = 1.0;
    for (const double x : lanes_[l]->centre()) size = std::max(size, std::fabs(x));
    return size;
}

// |length| rounded to the grid of the lane's clock, or to all that remains.
void LaneGroup::set_length(std::size_t l, double length) {
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
            length = std::min(grid * 16.0, remaining);
        }
    }
    theta_[l] = length / std::fabs(scale_[l]);  // exact: the scale is a power of two
}

double LaneGroup::length_of(std::size_t l) const { return theta_[l] * std::fabs(scale_[l]); }

double LaneGroup::largest_defect(std::size_t l) const {
    double d = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
        d = larger(d, engine_->defect()[i * lanes_.size() + l]);
    }
    return d;
}

// Afterwards bare_defect_ holds the defect of the bare polynomial, the one that counts.
void LaneGroup::shorten_until_defect_is_small() {
    const std::size_t lanes = lanes_.size();
    std::fill(previous_.begin(), previous_.end(), infinity);
    std::fill(settled_.begin(), settled_.end(), char{0});
    for (int attempt = 0; attempt < 60; ++attempt) {
        engine_->set_domain(theta_.data());
        engine_->radii(nullptr);
        bool again = false;
        for (std::size_t l = 0; l < lanes; ++l) {
            if (!active(l) || settled_[l]) continue;
            const double d = largest_defect(l);
            FlowLane& lane = *lanes_[l];
            const double length = length_of(l);
            if (d <= 64.0 * local_tolerance() * size_of(l) || (d < 1e-3 && d <= 1.25 * lane.defect_rate * length)) {
                settled_[l] = 1;
                continue;
            }
            if (d < 1e-3 && d > 0.7 * previous_[l]) {
                // What rounding or a weight radius put in, proportional to the length: no step is short enough.
                lane.defect_rate = d / length;
                lane.step_factor /= caution;
                settled_[l] = 1;
                continue;
            }
            previous_[l] = d;
            lane.step_factor *= caution;
            set_length(l, 0.8 * length_of(l));
            again = true;
        }
        if (!again) break;
    }
    for (std::size_t l = 0; l < lanes; ++l) {
        if (active(l) && !settled_[l] && !(largest_defect(l) < 1e-3))
            failed_[l] = "the defect of the polynomial stays large";
    }
    for (std::size_t l = 0; l < lanes; ++l) keep_defect(l);
}

void LaneGroup::keep_defect(std::size_t l) {
    const std::size_t lanes = lanes_.size();
    double sum = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
        const double d = engine_->defect()[i * lanes + l];
        bare_defect_[i * lanes + l] = d;
        sum += d * d;
    }
    if (by_norm_) bare_norm_[l] = bound_or_infinity(std::sqrt(sum) * slack + tiny_norm + engine_->unmatched_norm(l));
}

void LaneGroup::gather(const AlignedVector& from, std::size_t l, double* to, std::size_t count) const {
    const std::size_t lanes = lanes_.size();
    for (std::size_t j = 0; j < count; ++j) to[j] = from[j * lanes + l];
}

void LaneGroup::advance(std::size_t l) {
    const std::size_t lanes = lanes_.size();
    FlowLane& lane = *lanes_[l];
    for (std::size_t i = 0; i < n_; ++i) {
        bare_[i] = bare_defect_[i * lanes + l];
        centre_[i] = value_[i * lanes + l];
        centre_error_[i] = value_error_[i * lanes + l];
    }
    if (!spare_) {
        spare_ = std::make_unique<FlowLane>(lane);
    } else {
        *spare_ = lane;  // reuses its storage
    }
    FlowLane::Step step;
    step.length = length(l);
    step.centre = centre_.data();
    step.centre_error = centre_error_.data();
    double rounding_norm = 0.0;
    double peak = 1.0;
    if (by_norm_) {
        for (std::size_t i = 0; i < n_; ++i) {
            rounding_norm += centre_error_[i] * centre_error_[i];
        }
        rounding_norm = std::sqrt(rounding_norm) * slack + tiny_norm;
        peak = exponential_up(exponent_[l]);
    }
    if (tube_mode_) {
        // |v(h)| <= exp(integral of mu) |v(0)| + exp(h max mu) |D|
        spare_->advance_tube(
            step.length, centre_.data(),
            (exponential_up(mean_exponent_[l]) * lane.euclidean() + peak * bare_norm_[l] + rounding_norm) * slack +
                underflow);
        spare_->tube_growth += std::max(0.0, mean_exponent_[l]);
    } else {
        gather(phi_, l, phi_of_.data(), n_ * n_);
        gather(phi_error_, l, phi_error_of_.data(), n_ * n_);
        step.phi = phi_of_.data();
        step.by_norm = by_norm_;
        if (by_norm_) {
            // |Phi - Q| <= peak times the integral of |Q' - J Q|, as an operator and applied to columns of Y:
            // entrywise |Q' - J Q| <= a + b tau^k, theta a <= D_Q, of norms at most |D_Q| and |b|_F.
            double sum = 0.0;
            double rounding = 0.0;
            gather(tangent_defect_, l, tangent_defect_of_.data(), n_ * n_);
            for (std::size_t j = 0; j < n_ * n_; ++j) {
                sum += tangent_defect_of_[j] * tangent_defect_of_[j];
                rounding += phi_error_of_[j] * phi_error_of_[j];
            }
            const double unmatched =
                peak * engine_->unmatched_tangent_norm(l) + std::sqrt(rounding) * slack + tiny_norm;
            step.defect = bare_.data();
            step.defect_norm = peak * bare_norm_[l] * slack;
            step.phi_norm = (peak * (std::sqrt(sum) + tiny_norm) + unmatched) * slack;
            step.phi_defect = tangent_defect_of_.data();
            step.phi_defect_growth = peak;
            step.phi_rest_norm = unmatched * slack;
        } else {
            growth_[l].apply(bare_.data(), needed_.data());
            for (std::size_t i = program_->dim; i < n_; ++i) needed_[i] = bare_[i];  // rows without motion
            step.defect = needed_.data();
            for (std::size_t c = 0; c < n_; ++c) {
                for (std::size_t i = 0; i < n_; ++i) inflow_[i] = tangent_defect_[(i * n_ + c) * lanes + l];
                growth_[l].apply(inflow_.data(), column_.data());
                for (std::size_t i = 0; i < n_; ++i) {
                    double& e = phi_error_of_[i * n_ + c];
                    e = i < program_->dim ? (column_[i] + e) * slack : 0.0;  // parameters are exactly constant
                }
            }
            step.phi_error = phi_error_of_.data();
        }
        for (std::size_t i = 0; i < n_; ++i) {
            lead_of_[i] = lead_[i * lanes + l];
            rest_of_[i] = rest_[i * lanes + l];
        }
        step.increment = lead_of_.data();
        step.increment_rest = rest_of_.data();
        spare_->advance(step, scratch_);
        taken_ = step;
    }
    if (!spare_->is_finite()) {  // what was proved before stays
        failed_[l] = "the enclosure became unbounded";
        return;
    }
    if (options_.nonlinear_limit < infinity && spare_->is_wide() && spare_->nonlinearity() > options_.nonlinear_limit) {
        failed_[l] = "the set grew too far beyond its linear part";
        return;
    }
    spare_->step_factor = std::min(1.0, spare_->step_factor * 1.05);
    std::swap(lane, *spare_);
}

}  // namespace capnode
