#include "capnode/flow/spatial_step.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/flow/spatial_range.hpp"
#include "polynomial_range.hpp"
#include "radius_rounding.hpp"

namespace capnode {
namespace {

constexpr double share_of_set = 1e-3;  // what may go into the tube, of the width of the set and of the tube
constexpr double share_of_tube = 0.05;
constexpr std::size_t budget = 16;

}  // namespace

// A term that is dropped is at most sum_k |c_{k,m}| theta^k.
void SpatialStep::add_row(const std::vector<double>& c, std::size_t orders, double theta) {
    const std::size_t size = basis_->size();
    std::vector<double> power(orders, 1.0);
    for (std::size_t k = 1; k < orders; ++k) power[k] = next_up(power[k - 1] * theta);
    std::vector<double> norm(size, 0.0);
    std::vector<std::size_t> order(size);
    double variation = 0.0;
    for (std::size_t m = 0; m < size; ++m) {
        order[m] = m;
        for (std::size_t k = 0; k < orders; ++k) norm[m] += std::fabs(c[m * orders + k]) * power[k];
        if (m > 0) variation += norm[m];
    }
    double& tube = tube_[terms_.size()];
    const double allowed = share_of_set * variation + share_of_tube * tube;
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return norm[a] < norm[b]; });
    std::vector<char> kept(size, 1);
    double dropped = 0.0;
    for (const std::size_t m : order) {
        if (m == 0) continue;
        if (!(dropped + norm[m] <= allowed)) break;
        dropped += norm[m];
        kept[m] = 0;
    }
    std::vector<Term> terms;
    const double small = 0.5 * allowed / static_cast<double>(size);
    for (std::size_t m = 0; m < size; ++m) {
        if (!kept[m]) continue;
        std::size_t count = orders;
        double rest = 0.0;
        while (count > 1 && rest + std::fabs(c[m * orders + count - 1]) * power[count - 1] <= small) {
            --count;
            rest += std::fabs(c[m * orders + count]) * power[count];
        }
        dropped += rest;
        terms.push_back({static_cast<SpatialBasis::Index>(m), coefficients_.size(), count});
        coefficients_.insert(coefficients_.end(), c.begin() + static_cast<std::ptrdiff_t>(m * orders),
                             c.begin() + static_cast<std::ptrdiff_t>(m * orders + count));
    }
    tube = bound_or_infinity(tube + dropped);
    terms_.push_back(std::move(terms));
}

// Over the times tau each c_m = sum_k c_{k,m} tau^k lies in an interval: its middle is a coefficient of the polynomial
// in r, its radius is added, as |r^m| <= 1.
Interval SpatialStep::enclosure(std::size_t row, Interval tau) const {
    std::vector<double> c(basis_->size(), 0.0);
    double radius = tube_[row];
    for (const Term& term : terms_[row]) {
        const Interval value = polynomial_range(coefficients_.data() + term.first, term.count, tau);
        if (!is_bounded(value)) return Interval::whole();
        c[term.monomial] = midpoint(value);
        radius = add_up(radius, radius_up(value, c[term.monomial]));
    }
    return widen(spatial_range(*basis_, c.data(), budget), radius);
}

}  // namespace capnode
