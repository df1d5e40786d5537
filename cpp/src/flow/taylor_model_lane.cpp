#include "taylor_model_lane.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/flow/spatial_step.hpp"
#include "capnode/numerics/rounding.hpp"
#include "radius_rounding.hpp"

namespace capnode {
namespace {

constexpr double least_tube = 0x1p-900;
constexpr double least_sigma = 0x1p-300;
constexpr double most_growth = 0.7;
constexpr double hopeless_growth = 1e-3;
constexpr std::size_t default_order = 12;
constexpr std::size_t shortest_keep = 4;  // steps
constexpr std::size_t longest_keep = 30;
constexpr double small_error = 1e-4;

// As in flow_lane.cpp: sums of multiples of the grid, below the duration, are exact.
double grid_for(double duration) { return duration == 0.0 ? 1.0 : std::ldexp(1.0, std::ilogb(duration) - 50); }

}  // namespace

TaylorModelLane::TaylorModelLane(std::shared_ptr<const TaylorProgram> program, const InitialSet& start, double duration,
                                 const FlowOptions& options)
    : program_(std::move(program)),
      options_(options),
      n_(program_->rows()),
      order_(options.order != 0 ? options.order : default_order),
      set_(*program_, start, options.set_degree),
      growth_(n_),
      duration_(duration),
      grid_(grid_for(duration)) {
    for (std::vector<double>* v : {&sigma_, &bare_, &tube_, &needed_, &value_error_}) v->assign(n_, 0.0);
    mid_.assign(n_ * n_, 0.0);
    rad_ = mid_;
    make_engine();
}

void TaylorModelLane::begin_stage(std::shared_ptr<const TaylorProgram> program, double duration) {
    program_ = std::move(program);
    duration_ = duration;
    grid_ = grid_for(duration);
    elapsed_ = last_length_ = last_speed_ = 0.0;
    step_factor_ = 1.0;
    make_engine();
}

void TaylorModelLane::make_engine() {
    engine_ = std::make_unique<TaylorModelStep>(program_, set_.basis(), order_);
    value_.assign(n_ * set_.basis()->size(), 0.0);
}

// The error set has grown beyond a small part of the set itself, and so much time has passed since it last got
// coordinates that what room there is for more lasts to the end.
bool TaylorModelLane::error_matters() const {
    if (!set_.has_room_for_error() || steps_since_ < shortest_keep) return false;
    const double left = (std::fabs(remaining()) + later_) / std::fabs(last_length_);
    if (set_.room() > 0 && static_cast<double>(steps_since_) < left / static_cast<double>(set_.room())) return false;
    if (set_.room() == 0 && steps_since_ < longest_keep) return false;
    for (std::size_t i = 0; i < n_; ++i) {
        if (set_.error()[i] > small_error * set_.initial_variation(i) && set_.initial_variation(i) > 0.0) return true;
    }
    return false;
}

// To the grid of the clock, or to all that remains; false where that is nothing.
bool TaylorModelLane::set_length(double length) {
    const double remaining = std::fabs(this->remaining());
    if (!(length < remaining * 0.999)) {
        length = remaining;
    } else {
        if (length > 0.5 * remaining) length = 0.5 * remaining * 1.0001;
        length = std::floor(length / grid_) * grid_;
        if (!(length >= grid_ * 16.0)) return false;
    }
    theta_ = length / std::fabs(scale_);  // exact: the scale is a power of two
    return true;
}

// Where the last orders in time are below the tolerance, or far below what the set leaves out anyway.
double TaylorModelLane::choose_length() const {
    double size = 1.0;
    double left_out = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
        size = std::max(size, std::fabs(set_.polynomial(i)[0]));
        left_out = std::max(left_out, engine_->level_norm(i, 0, set_.basis()->degree()));
    }
    const double goal = std::max(std::max(options_.tolerance * 1e-3, 0x1p-54) * size, 1e-4 * left_out);
    double theta = infinity;
    for (std::size_t k = order_ - 1; k <= order_; ++k) {
        double most = 0.0;
        for (std::size_t i = 0; i < n_; ++i) {
            most = larger(most, engine_->order_norm(i, k));
        }
        if (!(most < infinity)) return 0.0;
        if (most > 0.0) theta = std::min(theta, std::exp2(std::log2(goal / most) / static_cast<double>(k)));
    }
    double length = theta * std::fabs(scale_) * step_factor_;
    if (last_speed_ > 0.0) length = std::min(length, most_growth / last_speed_);
    return length;
}

double TaylorModelLane::largest_defect() const {
    double d = 0.0;
    for (std::size_t i = 0; i < n_; ++i) d = larger(d, engine_->defect()[i]);
    return d;
}

// The defect a unit of time: shorter steps as long as they lower it much.
void TaylorModelLane::shorten_while_defect_gains() {
    engine_->set_domain(theta_);
    engine_->radii(nullptr);
    double rate = largest_defect() / theta_;
    for (int attempt = 0; attempt < 60; ++attempt) {
        const double before = theta_;
        if (!set_length(0.7 * length())) break;
        engine_->set_domain(theta_);
        engine_->radii(nullptr);
        const double shorter = largest_defect() / theta_;
        if (!(shorter < 0.75 * rate) && rate < infinity) {
            theta_ = before;
            engine_->set_domain(theta_);
            engine_->radii(nullptr);
            break;
        }
        rate = shorter;
        step_factor_ = std::max(0.05, 0.8 * step_factor_);
    }
    std::copy_n(engine_->defect(), n_, bare_.begin());
}

const char* TaylorModelLane::prove_tube() {
    int tries = 0;
    for (std::size_t i = 0; i < n_; ++i) tube_[i] = 1.5 * bare_[i] + least_tube;
    for (int attempt = 0; attempt < 200; ++attempt) {
        engine_->radii(tube_.data());
        engine_->jacobian(mid_.data(), rad_.data());
        growth_.set(mid_.data(), rad_.data(), 1, length(), std::copysign(1.0, scale_));
        growth_.apply(bare_.data(), needed_.data());
        bool inside = true;
        bool finite = true;
        for (std::size_t i = 0; i < n_; ++i) {
            inside = inside && needed_[i] < tube_[i];
            finite = finite && needed_[i] < infinity;
        }
        const double speed = growth_.norm() / length();
        last_speed_ = speed < infinity ? speed : last_speed_;
        if (inside) return nullptr;
        if (finite && ++tries < 4) {
            for (std::size_t i = 0; i < n_; ++i) tube_[i] = 1.3 * needed_[i] + least_tube;
            continue;
        }
        tries = 0;
        if (growth_.norm() < hopeless_growth)
            return "no tube around the polynomials holds; the set is too wide to carry";
        if (!set_length(0.6 * length())) return "the step length fell below the resolution of time";
        step_factor_ *= 0.9;
        engine_->set_domain(theta_);
        engine_->radii(nullptr);
        std::copy_n(engine_->defect(), n_, bare_.begin());
        for (std::size_t i = 0; i < n_; ++i) tube_[i] = 1.5 * bare_[i] + least_tube;
    }
    return "no tube around the polynomials holds; the set is too wide to carry";
}

const char* TaylorModelLane::step() {
    if (last_length_ != 0.0 && error_matters()) {
        set_.give_error_coordinates();
        make_engine();
        steps_since_ = 0;
    }
    const std::size_t size = set_.basis()->size();
    for (std::size_t i = 0; i < n_; ++i) {
        const double e = set_.error()[i];
        sigma_[i] = e > least_sigma ? std::ldexp(1.0, std::ilogb(e) + 1) : least_sigma;
        std::copy_n(set_.polynomial(i), size, engine_->start(i));
        engine_->start(i)[set_.step_coordinate(i)] = sigma_[i];
    }
    double guess = std::fabs(last_length_);
    if (!(guess > 0.0)) guess = std::min(std::fabs(remaining()), 0.125);
    scale_ = std::copysign(std::ldexp(1.0, std::ilogb(guess)), remaining());
    engine_->coefficients(scale_);
    if (!set_length(choose_length())) return "the step length fell below the resolution of time";
    shorten_while_defect_gains();
    if (const char* failure = prove_tube()) return failure;

    // x(h) = P_h + Phi e + w
    engine_->end(value_.data(), value_error_.data());
    Matrix phi(n_, n_);
    std::vector<double> w(n_);
    for (std::size_t i = 0; i < n_; ++i) {
        double* p = value_.data() + i * size;
        for (std::size_t j = 0; j < n_; ++j) {
            double& z = p[set_.step_coordinate(j)];
            phi(i, j) = z / sigma_[j];  // exact, but for underflow
            z = 0.0;
        }
        w[i] = bound_or_infinity(needed_[i] + value_error_[i] + 0x1p-700);
    }
    set_.advance(value_, phi.data.data(), w.data());
    last_length_ = std::copysign(length(), scale_);
    elapsed_ += last_length_;  // exact
    step_factor_ = std::min(1.0, 1.1 * step_factor_);
    ++steps;
    ++steps_since_;
    return nullptr;
}

const char* TaylorModelLane::hopeless() const {
    if (!set_.is_finite()) return "the error set is unbounded; the set is too wide to carry";
    if (remaining() == 0.0) return nullptr;  // arrived
    double variation = 0.0;
    double missing = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
        variation = std::max(variation, set_.initial_variation(i));
        missing = std::max(missing, set_.error()[i] + set_.carried_variation(i));
    }
    if (variation > 0.0 && missing > 1e-6 && missing > std::min(options_.nonlinear_limit, 20.0) * variation) {
        return "what the polynomials leave out is wider than they are; the set is too wide to carry";
    }
    return nullptr;
}

FlowStep TaylorModelLane::record() const {
    FlowStep step;
    const std::size_t dim = program_->dim;
    step.start = elapsed_ - last_length_;
    step.length = last_length_;
    step.scale = scale_;
    step.polynomial = Matrix(dim, order_ + 1);
    std::vector<double> tube;
    for (std::size_t i = 0; i < dim; ++i) {
        double linear = 0.0;     // |Z z| over the step
        double variation = 0.0;  // of all terms in r over the step
        double power = 1.0;
        for (std::size_t k = 0; k <= order_; ++k) {
            const double* p = engine_->coefficient(i, k);
            step.polynomial(i, k) = p[0];
            for (std::size_t j = 0; j < n_; ++j) linear += std::fabs(p[set_.step_coordinate(j)]) * power;
            for (const SpatialBasis::Index m : set_.kept_places()) variation += m == 0 ? 0.0 : std::fabs(p[m]) * power;
            power = next_up(power * theta_);
        }
        tube.push_back(bound_or_infinity(needed_[i] + linear));
        step.tube.push_back(bound_or_infinity(tube.back() + variation));
    }
    step.spatial = std::make_shared<const SpatialStep>(set_.kept_basis(), dim, order_ + 1, theta_, std::move(tube),
                                                       [&](std::size_t row, std::size_t k, std::size_t m) {
                                                           return engine_->coefficient(row, k)[set_.kept_places()[m]];
                                                       });
    return step;
}

}  // namespace capnode
