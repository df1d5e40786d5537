#include "taylor_model_set.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "capnode/flow/spatial_range.hpp"
#include "capnode/numerics/rounding.hpp"
#include "radius_rounding.hpp"

namespace capnode {
namespace {

constexpr double most_terms_with_error = 1500.0;  // monomials in s, all groups together
constexpr std::size_t most_groups = 12;

// What is known up to rounding needs no coordinate of its own.
bool is_thin(double radius, double centre) { return radius <= 1e-12 * std::max(1.0, std::fabs(centre)); }
bool is_thin(const Interval& x) { return is_thin(radius_up(x, midpoint(x)), midpoint(x)); }
bool is_thin(const InitialSet& start, std::size_t direction) {
    for (std::size_t i = 0; i < start.centre.size(); ++i) {
        if (!is_thin(std::fabs(start.directions(i, direction)) * start.radii[direction], start.centre[i])) return false;
    }
    return true;
}

// Where the monomials of `part`, whose variables are the first of those of `whole`, stand in that.
std::vector<SpatialBasis::Index> places(const SpatialBasis& part, const SpatialBasis& whole) {
    std::vector<SpatialBasis::Index> result;
    for (std::size_t q = 0; q < part.size(); ++q) {
        std::vector<std::uint8_t> e(part.exponents(q), part.exponents(q) + part.variables());
        e.resize(whole.variables(), 0);
        result.push_back(whole.find(e));
    }
    return result;
}

}  // namespace

std::size_t TaylorModelSet::coordinates(const InitialSet& start) {
    std::size_t m = is_thin(start.t0) ? 0 : 1;
    for (std::size_t j = 0; j < start.radii.size(); ++j) m += is_thin(start, j) ? 0 : 1;
    for (const Interval& p : start.parameter) m += is_thin(p) ? 0 : 1;
    return m;
}

TaylorModelSet::TaylorModelSet(const TaylorProgram& program, const InitialSet& start, std::size_t degree)
    : n_(program.rows()), degree_(degree), error_(n_, 1, ErrorSet::shape_for(n_)) {
    const std::size_t dim = program.dim;
    std::vector<double> centre(start.centre.begin(), start.centre.end());
    centre.resize(n_, 0.0);
    std::vector<double> thin(n_, 0.0);
    std::vector<std::size_t> wide;                          // directions
    std::vector<std::pair<std::size_t, double>> wide_rows;  // rows of their own
    for (std::size_t j = 0; j < start.radii.size(); ++j) {
        if (!is_thin(start, j)) {
            wide.push_back(j);
            continue;
        }
        for (std::size_t i = 0; i < dim; ++i) {
            const double d = std::fabs(start.directions(i, j));
            thin[i] = add_up(thin[i], multiply_up(d, start.radii[j]));
        }
    }
    const auto row_of_interval = [&](std::size_t row, const Interval& value) {
        centre[row] = midpoint(value);
        const double r = radius_up(value, centre[row]);
        if (is_thin(value)) {
            thin[row] = r;
        } else {
            wide_rows.emplace_back(row, r);
        }
    };
    for (std::size_t j = 0; j < program.parameter_dim; ++j) row_of_interval(dim + j, start.parameter[j]);
    if (program.has_time_row) row_of_interval(n_ - 1, start.t0);

    coordinates_ = wide.size() + wide_rows.size();
    const double terms = static_cast<double>(n_) * (degree > 2 ? 1.0 + static_cast<double>(coordinates_) : 1.0);
    const double free =
        static_cast<double>(SpatialBasis::most_monomials - n_) - SpatialBasis::count(coordinates_, degree);
    most_groups_ = static_cast<std::size_t>(
        std::clamp(std::min(most_terms_with_error, free) / terms, 0.0, static_cast<double>(most_groups)));
    build();
    polynomials_.assign(n_ * basis_->size(), 0.0);
    const auto entry = [&](std::size_t row, std::size_t variable) -> double& {
        return polynomials_[row * basis_->size() + basis_->linear(variable)];
    };
    for (std::size_t i = 0; i < n_; ++i) polynomials_[i * basis_->size()] = centre[i];
    for (std::size_t j = 0; j < wide.size(); ++j) {
        for (std::size_t i = 0; i < dim; ++i) {
            const double d = start.directions(i, wide[j]);
            const double r = start.radii[wide[j]];
            const double product = d * r;
            entry(i, j) = product;
            // |d r - product| = |fma(d, r, -product)|, but for underflow
            const double missed = std::fabs(std::fma(d, r, -product));
            if (d != 0.0 && (missed > 0.0 || std::fabs(product) < 0x1p-968)) {
                thin[i] = add_up(thin[i], add_up(next_up(missed), smallest_subnormal));
            }
        }
    }
    for (std::size_t j = 0; j < wide_rows.size(); ++j) entry(wide_rows[j].first, wide.size() + j) = wide_rows[j].second;
    magnitude_.assign(n_, 0.0);
    if (std::any_of(thin.begin(), thin.end(), [](double x) { return x > 0.0; })) {
        error_.propagate(Matrix::identity(n_).data.data(), thin.data());
        error_.magnitude(magnitude_.data());
    }
}

void TaylorModelSet::build() {
    std::vector<std::size_t> weights(coordinates_, 1);
    initial_ = std::make_shared<const SpatialBasis>(weights, degree_);
    weights.resize(coordinates_ + groups_ * n_, degree_ > 2 ? degree_ - 1 : degree_);
    kept_ = std::make_shared<const SpatialBasis>(weights, degree_);
    weights.resize(weights.size() + n_, degree_);
    basis_ = std::make_shared<const SpatialBasis>(weights, degree_);
    initial_place_ = places(*initial_, *basis_);
    kept_place_ = places(*kept_, *basis_);
    z_.clear();
    for (std::size_t i = 0; i < n_; ++i) z_.push_back(basis_->linear(coordinates_ + groups_ * n_ + i));
}

double TaylorModelSet::initial_variation(std::size_t row) const {
    double sum = 0.0;
    for (std::size_t q = 1; q < initial_place_.size(); ++q) sum += std::fabs(polynomial(row)[initial_place_[q]]);
    return bound_or_infinity(sum);
}

double TaylorModelSet::carried_variation(std::size_t row) const {
    double carried = 0.0;
    for (std::size_t q = 0; q < kept_place_.size(); ++q) {
        const std::uint8_t* e = kept_->exponents(q);
        if (std::any_of(e + coordinates_, e + kept_->variables(), [](std::uint8_t x) { return x > 0; })) {
            carried += std::fabs(polynomial(row)[kept_place_[q]]);
        }
    }
    return bound_or_infinity(carried);
}

bool TaylorModelSet::is_finite() const {
    for (std::size_t i = 0; i < n_; ++i) {
        if (!(magnitude_[i] < infinity) || !(std::fabs(polynomial(i)[0]) < infinity)) return false;
    }
    return true;
}

void TaylorModelSet::advance(std::vector<double>& polynomials, const double* phi, const double* w) {
    polynomials_.swap(polynomials);
    error_.propagate(phi, w);
    error_.magnitude(magnitude_.data());
}

void TaylorModelSet::give_error_coordinates() {
    std::vector<double> missed(n_, 0.0);
    const Matrix directions = error_.directions(missed.data());
    const std::size_t variables = coordinates_ + groups_ * n_;  // before
    const bool full = groups_ == most_groups_;
    const std::shared_ptr<const SpatialBasis> old_kept = kept_;
    const std::vector<SpatialBasis::Index> old_place = kept_place_;
    const std::shared_ptr<const SpatialBasis> old_basis = basis_;
    if (!full) ++groups_;
    build();
    std::vector<double> next(n_ * basis_->size(), 0.0);
    for (std::size_t q = 0; q < old_kept->size(); ++q) {
        const std::uint8_t* e = old_kept->exponents(q);
        std::vector<std::uint8_t> moved(basis_->variables(), 0);
        std::copy(e, e + coordinates_, moved.begin());
        bool dropped = false;
        if (full) {  // the groups move up by one, the first one goes
            dropped = std::any_of(e + coordinates_, e + coordinates_ + n_, [](std::uint8_t x) { return x > 0; });
            std::copy(e + coordinates_ + n_, e + variables, moved.begin() + static_cast<std::ptrdiff_t>(coordinates_));
        } else {
            std::copy(e + coordinates_, e + variables, moved.begin() + static_cast<std::ptrdiff_t>(coordinates_));
        }
        const SpatialBasis::Index to = basis_->find(moved);
        for (std::size_t i = 0; i < n_; ++i) {
            const double c = polynomials_[i * old_basis->size() + old_place[q]];
            if (dropped) {
                missed[i] += std::fabs(c);
            } else {
                next[i * basis_->size() + to] = c;
            }
        }
    }
    const std::size_t first = coordinates_ + (groups_ - 1) * n_;
    for (std::size_t j = 0; j < n_; ++j) {
        for (std::size_t i = 0; i < n_; ++i) next[i * basis_->size() + basis_->linear(first + j)] = directions(i, j);
    }
    polynomials_ = std::move(next);
    error_ = ErrorSet(n_, 1, ErrorSet::shape_for(n_));
    if (std::any_of(missed.begin(), missed.end(), [](double x) { return !(x == 0.0); })) {
        for (double& x : missed) x = bound_or_infinity(x);
        error_.propagate(Matrix::identity(n_).data.data(), missed.data());
    }
    error_.magnitude(magnitude_.data());
}

std::vector<Interval> TaylorModelSet::enclosure(std::size_t dim, std::size_t budget) const {
    std::vector<Interval> result;
    std::vector<double> c(initial_->size());
    for (std::size_t i = 0; i < dim; ++i) {
        for (std::size_t q = 0; q < c.size(); ++q) c[q] = polynomial(i)[initial_place_[q]];
        result.push_back(
            widen(spatial_range(*initial_, c.data(), budget), add_up(carried_variation(i), magnitude_[i])));
    }
    return result;
}

AffineForm TaylorModelSet::affine_form(std::size_t dim) const {
    AffineForm form;
    form.centre.assign(dim, 0.0);
    form.directions = Matrix(dim, coordinates_);
    form.radii.assign(coordinates_, 1.0);
    form.rest.assign(dim, 0.0);
    for (std::size_t i = 0; i < dim; ++i) {
        const double* c = polynomial(i);
        Interval centre(c[0]);
        double rest = 0.0;
        for (std::size_t q = 0; q < kept_place_.size(); ++q) {
            const double x = c[kept_place_[q]];
            const std::uint8_t* e = kept_->exponents(q);
            std::size_t degree = 0;
            for (std::size_t j = 0; j < kept_->variables(); ++j) degree += e[j];
            if (degree == 0 || x == 0.0) continue;
            const auto r = static_cast<std::size_t>(std::find(e, e + coordinates_, 1) - e);
            if (degree == 1 && r < coordinates_) {
                form.directions(i, r) = x;
            } else if (kept_->even(q)) {
                centre += Interval(0.5) * Interval(x);
                rest += 0.5 * std::fabs(x);
            } else {
                rest += std::fabs(x);
            }
        }
        form.centre[i] = midpoint(centre);
        rest += radius_up(centre, form.centre[i]) + magnitude_[i];
        form.rest[i] = bound_or_infinity(rest);
    }
    return form;
}

std::vector<Interval> TaylorModelSet::samples(std::size_t dim) const {
    const std::size_t m = coordinates_;
    std::mt19937 random(1);
    std::vector<Interval> result(dim, Interval(0.0));
    std::vector<double> r(m);
    for (std::size_t s = 0; s < 2000; ++s) {
        for (std::size_t j = 0; j < m; ++j) {
            const bool corner = m <= 10 && s < (std::size_t{1} << m);
            const bool up = corner ? ((s >> j) & 1u) != 0 : (random() & 1u) != 0;
            r[j] = up ? 1.0 : -1.0;
            if (!corner && s % 2 == 0) r[j] = 2.0 * (static_cast<double>(random()) / 4294967296.0) - 1.0;
        }
        std::vector<double> monomial(initial_->size(), 1.0);
        for (std::size_t q = 1; q < initial_->size(); ++q) {
            for (std::size_t j = 0; j < m; ++j) {
                const SpatialBasis::Index lower = initial_->divided(q, j);
                if (lower == SpatialBasis::none) continue;
                monomial[q] = monomial[lower] * r[j];
                break;
            }
        }
        for (std::size_t i = 0; i < dim; ++i) {
            double x = 0.0;
            for (std::size_t q = 0; q < initial_->size(); ++q) x += polynomial(i)[initial_place_[q]] * monomial[q];
            result[i] = s == 0 ? Interval(x) : hull(result[i], Interval(x));
        }
    }
    return result;
}

}  // namespace capnode
