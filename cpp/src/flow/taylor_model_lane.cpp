#include "taylor_model_lane.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>
#include <string>

#include "capnode/flow/spatial_range.hpp"
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

// A parameter known up to rounding needs no coordinate of its own.
bool is_thin(double radius, double centre) { return radius <= 1e-12 * std::max(1.0, std::fabs(centre)); }

}  // namespace

TaylorModelLane::TaylorModelLane(std::shared_ptr<const TaylorProgram> program, const InitialSet& start, double duration,
                                 const FlowOptions& options)
    : program_(std::move(program)),
      options_(options),
      n_(program_->rows()),
      order_(options.order != 0 ? options.order : default_order),
      error_(n_, 1, ErrorSet::shape_for(n_)),
      growth_(n_),
      duration_(duration),
      grid_(duration == 0.0 ? 1.0 : std::ldexp(1.0, std::ilogb(duration) - 50)) {
    const std::size_t dim = program_->dim;
    std::vector<double> centre(start.centre.begin(), start.centre.end());
    centre.resize(n_, 0.0);
    std::vector<double> thin(n_, 0.0);
    std::vector<std::size_t> wide;                          // directions
    std::vector<std::pair<std::size_t, double>> wide_rows;  // rows of their own
    for (std::size_t j = 0; j < start.radii.size(); ++j) {
        if (start.radii[j] > 0.0) wide.push_back(j);
    }
    const auto row_of_interval = [&](std::size_t row, const Interval& value) {
        centre[row] = midpoint(value);
        const double r = radius_up(value, centre[row]);
        if (is_thin(r, centre[row])) {
            thin[row] = r;
        } else {
            wide_rows.emplace_back(row, r);
        }
    };
    for (std::size_t j = 0; j < program_->parameter_dim; ++j) row_of_interval(dim + j, start.parameter[j]);
    if (program_->has_time_row) row_of_interval(n_ - 1, start.t0);

    const std::size_t degree = options.set_degree;
    const std::size_t m = wide.size() + wide_rows.size();
    spatial_ = std::make_shared<const SpatialBasis>(std::vector<std::size_t>(m, 1), degree);
    std::vector<std::size_t> weights(m, 1);
    weights.resize(m + n_, degree);
    combined_ = std::make_shared<const SpatialBasis>(weights, degree);
    for (std::size_t q = 0; q < spatial_->size(); ++q) {
        std::vector<std::uint8_t> e(spatial_->exponents(q), spatial_->exponents(q) + m);
        e.resize(m + n_, 0);
        place_.push_back(combined_->find(e));
    }
    for (std::size_t i = 0; i < n_; ++i) z_.push_back(combined_->linear(m + i));
    engine_ = std::make_unique<TaylorModelStep>(program_, combined_, order_);

    polynomials_.assign(n_ * combined_->size(), 0.0);
    for (std::size_t i = 0; i < n_; ++i) polynomial(i)[0] = centre[i];
    for (std::size_t j = 0; j < wide.size(); ++j) {
        for (std::size_t i = 0; i < dim; ++i) {
            const double d = start.directions(i, wide[j]);
            const double r = start.radii[wide[j]];
            const double product = d * r;
            polynomial(i)[combined_->linear(j)] = product;
            // |d r - product| <= |fma(d, r, -product)| up to its own rounding, and underflow
            const double missed = std::fabs(std::fma(d, r, -product));
            if (missed > 0.0 || std::fabs(product) < 0x1p-968) {
                thin[i] = add_up(thin[i], d == 0.0 ? 0.0 : add_up(next_up(missed), smallest_subnormal));
            }
        }
    }
    for (std::size_t j = 0; j < wide_rows.size(); ++j) {
        polynomial(wide_rows[j].first)[combined_->linear(wide.size() + j)] = wide_rows[j].second;
    }
    magnitude_.assign(n_, 0.0);
    if (std::any_of(thin.begin(), thin.end(), [](double x) { return x > 0.0; })) {
        error_.propagate(Matrix::identity(n_).data.data(), thin.data());
        error_.magnitude(magnitude_.data());
    }
    for (std::vector<double>* v : {&sigma_, &bare_, &tube_, &needed_, &value_error_}) v->assign(n_, 0.0);
    mid_.assign(n_ * n_, 0.0);
    rad_ = mid_;
    value_.assign(n_ * combined_->size(), 0.0);
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
        size = std::max(size, std::fabs(polynomial(i)[0]));
        left_out = std::max(left_out, engine_->level_norm(i, 0, combined_->degree()));
    }
    const double goal = std::max(std::max(options_.tolerance * 1e-3, 0x1p-54) * size, 1e-4 * left_out);
    double theta = infinity;
    for (std::size_t k = order_ - 1; k <= order_; ++k) {
        double most = 0.0;
        for (std::size_t i = 0; i < n_; ++i) {
            const double c = engine_->order_norm(i, k);
            most = c <= most ? most : c;
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
    for (std::size_t i = 0; i < n_; ++i) d = engine_->defect()[i] <= d ? d : engine_->defect()[i];
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
    for (std::size_t i = 0; i < n_; ++i) {
        if (!(magnitude_[i] < infinity)) return "the error set is unbounded; the set is too wide to carry";
        sigma_[i] = magnitude_[i] > least_sigma ? std::ldexp(1.0, std::ilogb(magnitude_[i]) + 1) : least_sigma;
        std::copy_n(polynomial(i), combined_->size(), engine_->start(i));
        engine_->start(i)[z_[i]] = sigma_[i];
    }
    double guess = std::fabs(last_length_);
    if (!(guess > 0.0)) guess = std::min(std::fabs(remaining()), 0.125);
    scale_ = std::copysign(std::ldexp(1.0, std::ilogb(guess)), remaining());
    engine_->coefficients(scale_);
    if (!set_length(choose_length())) return "the step length fell below the resolution of time";
    shorten_while_defect_gains();
    if (const char* failure = prove_tube()) return failure;

    // x(h) = P_h(r) + Phi s + w
    engine_->end(value_.data(), value_error_.data());
    Matrix phi(n_, n_);
    std::vector<double> w(n_);
    for (std::size_t i = 0; i < n_; ++i) {
        double* p = value_.data() + i * combined_->size();
        for (std::size_t j = 0; j < n_; ++j) {
            phi(i, j) = p[z_[j]] / sigma_[j];  // exact, but for underflow
            p[z_[j]] = 0.0;
        }
        w[i] = bound_or_infinity(needed_[i] + value_error_[i] + 0x1p-700);
    }
    polynomials_.swap(value_);
    error_.propagate(phi.data.data(), w.data());
    error_.magnitude(magnitude_.data());
    last_length_ = std::copysign(length(), scale_);
    elapsed_ += last_length_;  // exact
    step_factor_ = std::min(1.0, 1.1 * step_factor_);
    ++steps;
    double set = 0.0;
    double missing = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
        if (!(magnitude_[i] < infinity)) return "the error set is unbounded; the set is too wide to carry";
        double variation = 0.0;
        for (std::size_t m = 1; m < combined_->size(); ++m) variation += std::fabs(polynomial(i)[m]);
        set = std::max(set, variation);
        missing = std::max(missing, magnitude_[i]);
    }
    if (missing > 1e-6 && missing > std::min(options_.nonlinear_limit, 20.0) * set) {
        return "what the polynomials leave out is wider than they are; the set is too wide to carry";
    }
    return nullptr;
}

std::vector<Interval> TaylorModelLane::enclosure(std::size_t budget) const {
    std::vector<Interval> result;
    std::vector<double> c(spatial_->size());
    for (std::size_t i = 0; i < program_->dim; ++i) {
        for (std::size_t q = 0; q < c.size(); ++q) c[q] = polynomial(i)[place_[q]];
        result.push_back(widen(spatial_range(*spatial_, c.data(), budget), magnitude_[i]));
    }
    return result;
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
            for (const SpatialBasis::Index z : z_) linear += std::fabs(p[z]) * power;
            for (const SpatialBasis::Index m : place_) variation += m == 0 ? 0.0 : std::fabs(p[m]) * power;
            power = next_up(power * theta_);
        }
        tube.push_back(bound_or_infinity(needed_[i] + linear));
        step.tube.push_back(bound_or_infinity(tube.back() + variation));
    }
    step.spatial = std::make_shared<const SpatialStep>(
        spatial_, dim, order_ + 1, theta_, std::move(tube),
        [&](std::size_t row, std::size_t k, std::size_t m) { return engine_->coefficient(row, k)[place_[m]]; });
    return step;
}

std::vector<Interval> TaylorModelLane::samples() const {
    const std::size_t m = spatial_->variables();
    std::mt19937 random(1);
    std::vector<Interval> result(program_->dim, Interval(0.0));
    std::vector<double> r(m);
    for (std::size_t s = 0; s < 2000; ++s) {
        for (std::size_t j = 0; j < m; ++j) {
            const bool corner = m <= 10 && s < (std::size_t{1} << m);
            const bool up = corner ? ((s >> j) & 1u) != 0 : (random() & 1u) != 0;
            r[j] = up ? 1.0 : -1.0;
            if (!corner && s % 2 == 0) r[j] = 2.0 * (static_cast<double>(random()) / 4294967296.0) - 1.0;
        }
        std::vector<double> monomial(spatial_->size(), 1.0);
        for (std::size_t q = 1; q < spatial_->size(); ++q) {
            for (std::size_t j = 0; j < m; ++j) {
                const SpatialBasis::Index lower = spatial_->divided(q, j);
                if (lower == SpatialBasis::none) continue;
                monomial[q] = monomial[lower] * r[j];
                break;
            }
        }
        for (std::size_t i = 0; i < program_->dim; ++i) {
            double x = 0.0;
            for (std::size_t q = 0; q < spatial_->size(); ++q) x += polynomial(i)[place_[q]] * monomial[q];
            result[i] = s == 0 ? Interval(x) : hull(result[i], Interval(x));
        }
    }
    return result;
}

}  // namespace capnode
