#include "flow_lane.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/numerics/error_free.hpp"
#include "map_product.hpp"
#include "radius_rounding.hpp"

namespace capnode {
namespace {

double grid_for(double duration) { return duration == 0.0 ? 1.0 : std::ldexp(1.0, std::ilogb(duration) - 50); }

double finite_or_infinite(double x) { return x < infinity ? x * slack + underflow : infinity; }

}  // namespace

bool FlowLane::is_point(const InitialSet& start) {
    const auto zero = [](double r) { return r == 0.0; };
    const auto thin = [](const Interval& p) { return p.lo == p.hi; };
    return std::all_of(start.radii.begin(), start.radii.end(), zero) &&
           std::all_of(start.parameter.begin(), start.parameter.end(), thin) && thin(start.t0);
}

FlowLane::FlowLane(const TaylorProgram& program, const InitialSet& start, double duration, bool derivative, bool tube)
    : tube_ratio(program.rows(), 1.5),
      n_(program.rows()),
      dim_(program.dim),
      centre_(n_, 0.0),
      magnitude_(n_, 0.0),
      low_(n_, 0.0),
      next_centre_(n_, 0.0),
      next_low_(n_, 0.0),
      error_(n_, 1, ErrorSet::shape_for(n_)),
      duration_(duration),
      // A multiple of 2^(e-50), e the exponent of the duration: elapsed is an integer below 2^52 times it, and what
      // remains is a multiple of the last bit of the duration, below it; both are doubles.
      grid_(grid_for(duration)),
      in_tube_(tube && !derivative && is_point(start)) {
    const std::size_t dim = program.dim;
    std::copy(start.centre.begin(), start.centre.end(), centre_.begin());
    // Directions of the initial set: those of the state, then one for each uncertain parameter or time.
    std::vector<std::pair<std::size_t, double>> extra;
    const auto row_of_interval = [&](std::size_t row, const Interval& value) {
        centre_[row] = midpoint(value);
        const double r = radius_up(value, centre_[row]);
        if (r > 0.0) extra.emplace_back(row, r);
    };
    for (std::size_t j = 0; j < program.parameter_dim; ++j) row_of_interval(dim + j, start.parameter[j]);
    if (program.has_time_row) row_of_interval(n_ - 1, start.t0);
    std::vector<std::size_t> kept;
    for (std::size_t j = 0; j < start.radii.size(); ++j) {
        if (start.radii[j] > 0.0) kept.push_back(j);
    }
    box_ = Matrix(n_, kept.size() + extra.size());
    for (std::size_t j = 0; j < kept.size(); ++j) {
        for (std::size_t i = 0; i < dim; ++i) box_(i, j) = start.directions(i, kept[j]);
        radii_.push_back(start.radii[kept[j]]);
    }
    for (std::size_t j = 0; j < extra.size(); ++j) {
        box_(extra[j].first, kept.size() + j) = 1.0;
        radii_.push_back(extra[j].second);
    }
    own_ = radii_.size();
    if (derivative) {
        y_ = Matrix::identity(n_);
        y_error_.emplace(n_, n_, ErrorSet::shape_for(n_));
    }
    refresh_magnitude();
}

void FlowLane::refresh_magnitude() {
    if (in_tube_) {
        std::fill(magnitude_.begin(), magnitude_.end(), tube_radius_);
        euclidean_ = tube_radius_;
        return;
    }
    error_.magnitude(magnitude_.data());
    double sum = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
        double box = 0.0;
        for (std::size_t j = 0; j < radii_.size(); ++j) box += std::fabs(box_(i, j)) * radii_[j];
        box += std::fabs(low_[i]);
        magnitude_[i] = finite_or_infinite(magnitude_[i] + box);
        sum += box * box;
    }
    euclidean_ = finite_or_infinite(error_.euclidean() + std::sqrt(sum) * slack +
                                    (sum > 0.0 || !radii_.empty() ? tiny_norm : 0.0));
}

// x(h) = P(h) + Phi (C r0 + s) + w: Phi_bar C and Phi_bar S exactly, everything else into the new error of S:
//     |w| + rounding of P(h) + |Phi - Phi_bar| |C r0 + s| + gamma |Phi_bar||C| r0.
// Y(h) = Phi (Y_bar + S_Y): column by column the same. By norm: |w|_2 + |Phi - Phi_bar|_2 |C r0 + s|_2 is a ball in the
// rows that move; in the rows without motion (parameters, time) Phi = Phi_bar = I exactly and w is the bare defect.
void FlowLane::advance(const Step& step, Scratch& scratch) {
    const double g = gamma_up(static_cast<double>(n_ + 2));
    double* d = scratch.d.data();
    double* box_size = scratch.box_size.data();
    const bool boxed = !radii_.empty();
    for (std::size_t i = 0; i < n_; ++i) {
        double sum = 0.0;
        for (std::size_t j = 0; j < radii_.size(); ++j) sum += std::fabs(box_(i, j)) * radii_[j];
        box_size[i] = sum;
    }
    for (std::size_t i = 0; i < n_; ++i) {
        double sum = step.centre_error[i];
        if (!step.by_norm) {
            sum += step.defect[i];
            for (std::size_t k = 0; k < n_; ++k) sum += step.phi_error[i * n_ + k] * magnitude_[k];
        } else if (i >= dim_) {
            sum += step.defect[i];
        }
        if (boxed) {
            for (std::size_t k = 0; k < n_; ++k) sum += g * std::fabs(step.phi[i * n_ + k]) * box_size[k];
        }
        d[i] = finite_or_infinite(sum);
    }
    move_centre(step, d);
    if (step.by_norm) {
        error_.propagate(step.phi, d, finite_or_infinite(step.defect_norm + step.phi_norm * euclidean_), dim_);
    } else if (!boxed) {
        error_.propagate(step.phi, d);
    }
    if (boxed) {
        map_product(step.phi, box_, n_, scratch.product);
        std::swap(box_, scratch.product);
        if (!step.by_norm) {
            collect(d, scratch.overflow.data());
            error_.propagate(step.phi, scratch.overflow.data());
        }
    }
    if (y_error_) {
        double* dy = scratch.dy.data();
        double ball = 0.0;
        if (step.by_norm) {  // row by column by Cauchy-Schwarz
            double longest = 0.0;
            double* column = box_size;
            std::fill(column, column + n_, 0.0);
            for (std::size_t k = 0; k < n_; ++k) {
                for (std::size_t c = 0; c < n_; ++c) column[c] += y_(k, c) * y_(k, c);
            }
            for (std::size_t c = 0; c < n_; ++c) {
                column[c] = std::sqrt(column[c]) * slack + tiny_norm;
                longest = larger(longest, column[c]);
            }
            double direct = step.phi_norm * longest;
            if (step.phi_defect) {
                Matrix size(n_, n_);
                for (std::size_t j = 0; j < n_ * n_; ++j) size.data[j] = std::fabs(y_.data[j]);
                map_product(step.phi_defect, size, n_, scratch.product);
                double largest = 0.0;
                for (std::size_t c = 0; c < n_; ++c) {
                    double sum = 0.0;
                    for (std::size_t i = 0; i < n_; ++i) sum += scratch.product(i, c) * scratch.product(i, c);
                    largest = larger(largest, sum);
                }
                direct = std::min(direct, step.phi_defect_growth * (std::sqrt(largest) * slack + tiny_norm) +
                                              step.phi_rest_norm * longest);
            }
            ball = finite_or_infinite(direct * slack + step.phi_norm * y_error_->euclidean());
            for (std::size_t i = 0; i < n_; ++i) {
                double row = 0.0;
                for (std::size_t k = 0; k < n_; ++k) row += step.phi[i * n_ + k] * step.phi[i * n_ + k];
                row = g * (std::sqrt(row) + tiny_norm);
                for (std::size_t c = 0; c < n_; ++c) dy[i * n_ + c] = finite_or_infinite(row * column[c]);
            }
        } else {
            y_error_->magnitude(scratch.size.data());
            std::fill(dy, dy + n_ * n_, 0.0);
            for (std::size_t i = 0; i < n_; ++i) {
                for (std::size_t k = 0; k < n_; ++k) {
                    const double a = step.phi_error[i * n_ + k];
                    const double b = g * std::fabs(step.phi[i * n_ + k]);
                    for (std::size_t c = 0; c < n_; ++c) {
                        const double y = std::fabs(y_(k, c));
                        dy[i * n_ + c] += a * (y + scratch.size[k * n_ + c]) + b * y;
                    }
                }
            }
            for (std::size_t j = 0; j < n_ * n_; ++j) dy[j] = finite_or_infinite(dy[j]);
        }
        y_error_->propagate(step.phi, dy, ball, dim_);
        map_product(step.phi, y_, n_, scratch.product);
        std::swap(y_, scratch.product);
    }
    refresh_magnitude();
    elapsed_ += step.length;  // exact
    last_length = step.length;
    ++steps;
}

// v in low + C r0 + G z + S: |phi low| + sum |phi C_j| r_j + |phi S|.
void FlowLane::image_magnitude(const double* phi, double* out) const {
    error_.image_magnitude(phi, out);
    for (std::size_t i = 0; i < n_; ++i) {
        double known = 0.0;
        for (std::size_t k = 0; k < n_; ++k) known += phi[i * n_ + k] * low_[k];
        double sum = std::fabs(known);
        for (std::size_t j = 0; j < radii_.size(); ++j) {
            double x = 0.0;
            for (std::size_t k = 0; k < n_; ++k) x += phi[i * n_ + k] * box_(k, j);
            sum += std::fabs(x) * radii_[j];
        }
        out[i] = finite_or_infinite(out[i] + sum);
    }
}

// Of s = low + C r0 + ... the known part moves by Phi_bar low (gamma_n |Phi_bar||low| of rounding; |Phi - Phi_bar||low|
// is counted with the magnitude). centre + increment + rest + Phi_bar low is split exactly into the new centre and the
// new low part, but for what the sums of the small terms round: rest + Phi_bar low, and with what centre + increment
// rounded off. TwoSum's error is exact; where it overflows the centre is infinite.
void FlowLane::move_centre(const Step& step, double* d) {
    const double g = gamma_up(static_cast<double>(n_ + 2));
    const bool any = std::any_of(low_.begin(), low_.end(), [](double x) { return x != 0.0; });
    for (std::size_t i = 0; i < n_; ++i) {
        double moved = 0.0;
        double size = 0.0;
        for (std::size_t k = 0; any && k < n_; ++k) {
            const double x = step.phi[i * n_ + k] * low_[k];
            moved += x;
            size += std::fabs(x);
        }
        double error = g * size + underflow * (size > 0.0 ? 1.0 : 0.0);
        if (step.increment) {
            const Sum first = two_sum(centre_[i], step.increment[i]);
            const double small = step.increment_rest[i] + moved;
            const double total = first.error + small;
            error += unit_roundoff * (std::fabs(small) + std::fabs(total));
            const Sum sum = two_sum(first.value, total);
            next_centre_[i] = sum.value;
            next_low_[i] = sum.error;
        } else {
            next_centre_[i] = step.centre[i];
            next_low_[i] = moved;
        }
        d[i] = finite_or_infinite(d[i] + error);
    }
    std::swap(centre_, next_centre_);
    std::swap(low_, next_low_);
}

// [-d, d] becomes n generators. Where there are more than 10 n already, the smallest 5 n of them go into S first, as a
// box: |sum of g_j z_j| <= sum |g_j|.
void FlowLane::collect(const double* d, double* overflow) {
    std::fill(overflow, overflow + n_, 0.0);
    const std::size_t columns = radii_.size();
    std::size_t dropped = 0;
    order_.clear();
    if (columns - own_ > 10 * n_) {
        for (std::size_t j = own_; j < columns; ++j) {
            double size = 0.0;
            for (std::size_t i = 0; i < n_; ++i)
                size = std::max(size, std::fabs(box_(i, j)) / (magnitude_[i] + 1e-300));
            order_.emplace_back(size, j);
        }
        dropped = 5 * n_;
        std::nth_element(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(dropped), order_.end());
        for (std::size_t q = 0; q < dropped; ++q) {
            const std::size_t j = order_[q].second;
            for (std::size_t i = 0; i < n_; ++i) overflow[i] += std::fabs(box_(i, j));
            radii_[j] = 0.0;
        }
        for (std::size_t i = 0; i < n_; ++i) overflow[i] = finite_or_infinite(overflow[i]);
    }
    Matrix next(n_, columns - dropped + n_);
    std::size_t to = 0;
    for (std::size_t j = 0; j < columns; ++j) {
        if (j >= own_ && radii_[j] == 0.0) continue;
        for (std::size_t i = 0; i < n_; ++i) next(i, to) = box_(i, j);
        radii_[to++] = radii_[j];
    }
    for (std::size_t i = 0; i < n_; ++i) next(i, to + i) = d[i];
    radii_.resize(to);
    radii_.resize(to + n_, 1.0);
    box_ = std::move(next);
}

bool FlowLane::is_wide() const {
    if (own_ == 0) return false;
    for (std::size_t i = 0; i < n_; ++i) {
        if (magnitude_[i] > 1e-6 * std::max(1.0, std::fabs(centre_[i]))) return true;
    }
    return false;
}

double FlowLane::nonlinearity() const {
    double all = 0.0;
    double linear = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
        double sum = 0.0;
        for (std::size_t j = 0; j < own_; ++j) sum += std::fabs(box_(i, j)) * radii_[j];
        linear = std::max(linear, sum);
        all = std::max(all, magnitude_[i]);
    }
    return linear > 0.0 ? all / linear : infinity;
}

void FlowLane::advance_tube(double length, const double* centre, double radius) {
    tube_radius_ = radius < infinity ? radius : infinity;
    std::copy(centre, centre + n_, centre_.begin());
    std::fill(low_.begin(), low_.end(), 0.0);  // it was 0: tubes keep nothing
    refresh_magnitude();
    elapsed_ += length;
    last_length = length;
    ++steps;
}

void FlowLane::set_end(double time) {
    const double count = std::round(time / grid_);
    const double end = count * grid_;  // a product of an integer below 2^52 and a power of two
    duration_ = std::fabs(end) < std::fabs(elapsed_) ? elapsed_ : end;
}

void FlowLane::begin_stage(double duration) {
    duration_ = duration;
    grid_ = grid_for(duration);
    elapsed_ = 0.0;
}

void FlowLane::leave_tube() {
    if (!in_tube_) return;
    in_tube_ = false;
    const Matrix one = Matrix::identity(n_);
    const std::vector<double> none(n_, 0.0);
    if (tube_radius_ > 0.0) error_.propagate(one.data.data(), none.data(), tube_radius_, n_);
    refresh_magnitude();
}

std::vector<Interval> FlowLane::enclosure(std::size_t dim) const {
    std::vector<Interval> result(dim);
    for (std::size_t i = 0; i < dim; ++i) result[i] = ball_hull(centre_[i], magnitude_[i]);
    return result;
}

std::vector<Interval> FlowLane::linear_part(std::size_t dim) const {
    std::vector<Interval> result(dim);
    for (std::size_t i = 0; i < dim; ++i) {
        double sum = 0.0;
        for (std::size_t j = 0; j < own_; ++j) sum += std::fabs(box_(i, j)) * radii_[j];
        result[i] = ball_hull(centre_[i], sum < infinity ? sum : infinity);
    }
    return result;
}

AffineForm FlowLane::affine_form(std::size_t dim) const {
    AffineForm form;
    form.centre.assign(centre_.begin(), centre_.begin() + static_cast<std::ptrdiff_t>(dim));
    form.directions = Matrix(dim, own_);
    form.radii.assign(radii_.begin(), radii_.begin() + static_cast<std::ptrdiff_t>(own_));
    form.rest.assign(n_, 0.0);
    if (in_tube_) {
        form.rest = magnitude_;
    } else {
        error_.magnitude(form.rest.data());
    }
    form.rest.resize(dim);
    for (std::size_t i = 0; i < dim; ++i) {
        for (std::size_t j = 0; j < own_; ++j) form.directions(i, j) = box_(i, j);
        double others = std::fabs(low_[i]);  // and generators
        for (std::size_t j = own_; j < radii_.size(); ++j) others += std::fabs(box_(i, j)) * radii_[j];
        form.rest[i] = finite_or_infinite(form.rest[i] + others);
    }
    return form;
}

std::vector<Interval> FlowLane::derivative(std::size_t dim, std::size_t first, std::size_t count) const {
    std::vector<Interval> result;
    if (!y_error_) return result;
    std::vector<double> size(n_ * n_);
    y_error_->magnitude(size.data());
    for (std::size_t i = 0; i < dim; ++i) {
        for (std::size_t j = first; j < first + count; ++j) result.push_back(ball_hull(y_(i, j), size[i * n_ + j]));
    }
    return result;
}

bool FlowLane::is_finite() const {
    for (std::size_t i = 0; i < n_; ++i) {
        if (!(std::fabs(centre_[i]) < infinity) || !(magnitude_[i] < infinity)) return false;
    }
    return !y_error_ || y_error_->is_finite();
}

}  // namespace capnode
