#include "flow_lane.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/numerics/blas.hpp"

namespace capnode {
namespace {

constexpr double slack = 1.0 + 0x1p-32;  // see step_engine.cpp
constexpr double underflow = 0x1p-960;

Matrix product(const Matrix& a, const Matrix& b) {
    if (a.rows * a.cols * b.cols >= 32768) return blas::multiply(a, b);
    Matrix c(a.rows, b.cols);
    for (std::size_t i = 0; i < a.rows; ++i) {
        for (std::size_t k = 0; k < a.cols; ++k) {
            const double x = a(i, k);
            for (std::size_t j = 0; j < b.cols; ++j) c(i, j) += x * b(k, j);
        }
    }
    return c;
}

}  // namespace

FlowLane::FlowLane(const TaylorProgram& program, const InitialSet& start, double duration, bool derivative)
    : n_(program.rows()),
      centre_(n_, 0.0),
      magnitude_(n_, 0.0),
      error_(n_, 1, ErrorSet::shape_for(n_)),
      duration_(duration) {
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
    if (derivative) {
        y_ = Matrix::identity(n_);
        y_error_.emplace(n_, n_, ErrorSet::shape_for(n_));
    }
    refresh_magnitude();
}

// A multiple of 2^(e-50), e the exponent of the duration: elapsed is an integer below 2^52 times it, and what remains
// is a multiple of the last bit of the duration, below it; both are doubles.
double FlowLane::grid() const { return std::ldexp(1.0, std::ilogb(duration_) - 50); }

void FlowLane::refresh_magnitude() {
    const Matrix e = error_.magnitude();
    for (std::size_t i = 0; i < n_; ++i) {
        double sum = e(i, 0);
        for (std::size_t j = 0; j < radii_.size(); ++j) sum += std::fabs(box_(i, j)) * radii_[j];
        magnitude_[i] = sum < infinity ? sum * slack : infinity;
    }
}

// x(h) = P(h) + Phi (C r0 + s) + w: Phi_bar C and Phi_bar S exactly, everything else into the new error of S:
//     |w| + rounding of P(h) + |Phi - Phi_bar| (|C| r0 + |s|) + gamma |Phi_bar||C| r0.
// Y(h) = Phi (Y_bar + S_Y): column by column the same.
void FlowLane::advance(const Step& step) {
    const double g = gamma_up(static_cast<double>(n_ + 2));
    Matrix d(n_, 1);
    std::vector<double> box_size(n_, 0.0);
    for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t j = 0; j < radii_.size(); ++j) box_size[i] += std::fabs(box_(i, j)) * radii_[j];
    }
    for (std::size_t i = 0; i < n_; ++i) {
        double sum = step.defect[i] + step.centre_error[i];
        for (std::size_t k = 0; k < n_; ++k) {
            sum += step.phi_error(i, k) * magnitude_[k] + g * std::fabs(step.phi(i, k)) * box_size[k];
        }
        d(i, 0) = sum < infinity ? sum * slack + underflow : infinity;
    }
    error_.propagate(step.phi, d);
    if (!radii_.empty()) box_ = product(step.phi, box_);
    if (y_error_) {
        const Matrix size = y_error_->magnitude();
        Matrix dy(n_, n_);
        if (n_ <= 32) {
            for (std::size_t i = 0; i < n_; ++i) {
                for (std::size_t k = 0; k < n_; ++k) {
                    const double a = step.phi_error(i, k);
                    const double b = g * std::fabs(step.phi(i, k));
                    for (std::size_t c = 0; c < n_; ++c) {
                        const double y = std::fabs(y_(k, c));
                        dy(i, c) += a * (y + size(k, c)) + b * y;
                    }
                }
            }
        } else {  // row by column by Cauchy-Schwarz: O(n^2)
            std::vector<double> column(n_, 0.0);
            std::vector<double> column_y(n_, 0.0);
            for (std::size_t k = 0; k < n_; ++k) {
                for (std::size_t c = 0; c < n_; ++c) {
                    const double y = std::fabs(y_(k, c));
                    column[c] += (y + size(k, c)) * (y + size(k, c));
                    column_y[c] += y * y;
                }
            }
            for (std::size_t i = 0; i < n_; ++i) {
                double a = 0.0;
                double b = 0.0;
                for (std::size_t k = 0; k < n_; ++k) {
                    a += step.phi_error(i, k) * step.phi_error(i, k);
                    b += step.phi(i, k) * step.phi(i, k);
                }
                for (std::size_t c = 0; c < n_; ++c) {
                    dy(i, c) = std::sqrt(a) * std::sqrt(column[c]) + g * std::sqrt(b) * std::sqrt(column_y[c]);
                }
            }
        }
        for (double& x : dy.data) x = x < infinity ? x * slack + underflow : infinity;
        y_error_->propagate(step.phi, dy);
        y_ = product(step.phi, y_);
    }
    centre_ = step.centre;
    refresh_magnitude();
    elapsed_ += step.length;  // exact
    last_length = step.length;
    ++steps;
}

std::vector<Interval> FlowLane::enclosure(std::size_t dim) const {
    std::vector<Interval> result(dim);
    for (std::size_t i = 0; i < dim; ++i) result[i] = ball_hull(centre_[i], magnitude_[i]);
    return result;
}

std::vector<Interval> FlowLane::derivative(std::size_t dim) const {
    std::vector<Interval> result;
    if (!y_error_) return result;
    const Matrix size = y_error_->magnitude();
    for (std::size_t i = 0; i < dim; ++i) {
        for (std::size_t j = 0; j < dim; ++j) result.push_back(ball_hull(y_(i, j), size(i, j)));
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
