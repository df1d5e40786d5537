#include "capnode/flow/spatial_basis.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace capnode {
namespace {

using Exponents = std::vector<std::uint8_t>;

// All exponents of weight <= room in the variables from `i` on, appended to those before.
void enumerate(const std::vector<std::size_t>& weights, std::size_t i, std::size_t room, Exponents& current,
               std::vector<Exponents>& out) {
    if (out.size() > SpatialBasis::most_monomials) return;
    if (i == weights.size()) {
        out.push_back(current);
        return;
    }
    for (std::size_t power = 0; power * weights[i] <= room; ++power) {
        current[i] = static_cast<std::uint8_t>(power);
        enumerate(weights, i + 1, room - power * weights[i], current, out);
    }
    current[i] = 0;
}

}  // namespace

double SpatialBasis::count(std::size_t variables, std::size_t degree) {
    double n = 1.0;
    for (std::size_t k = 1; k <= degree; ++k) {
        n *= static_cast<double>(variables + k) / static_cast<double>(k);
    }
    return n;
}

SpatialBasis::SpatialBasis(std::vector<std::size_t> weights, std::size_t degree)
    : weights_(std::move(weights)), degree_(degree) {
    if (degree == 0 || degree > 100) throw std::invalid_argument("the degree of a Taylor model must be 1 to 100");
    for (const std::size_t w : weights_) {
        if (w == 0 || w > degree) {
            throw std::invalid_argument("a weight of " + std::to_string(w) + ", but 1 to " + std::to_string(degree) +
                                        " are possible");
        }
    }
    const std::size_t m = weights_.size();
    Exponents current(m, 0);
    std::vector<Exponents> all;
    enumerate(weights_, 0, degree, current, all);
    if (all.size() > most_monomials) {
        throw std::invalid_argument("a Taylor model of degree " + std::to_string(degree) + " in " + std::to_string(m) +
                                    " variables has more than " + std::to_string(most_monomials) +
                                    " monomials; lower the degree");
    }
    const auto weight_of = [&](const Exponents& e) {
        std::size_t w = 0;
        for (std::size_t i = 0; i < m; ++i) w += weights_[i] * e[i];
        return w;
    };
    std::stable_sort(all.begin(), all.end(),
                     [&](const Exponents& a, const Exponents& b) { return weight_of(a) < weight_of(b); });
    for (std::size_t q = 0; q < all.size(); ++q) {
        const std::size_t w = weight_of(all[q]);
        while (level_.size() <= w) level_.push_back(q);
        weight_.push_back(w);
        exponents_.insert(exponents_.end(), all[q].begin(), all[q].end());
        even_.push_back(std::all_of(all[q].begin(), all[q].end(), [](std::uint8_t e) { return e % 2 == 0; }));
        index_.emplace(std::string(all[q].begin(), all[q].end()), static_cast<Index>(q));
    }
    while (level_.size() <= degree + 1) level_.push_back(all.size());
    divided_.assign(all.size() * m, none);
    for (std::size_t q = 0; q < all.size(); ++q) {
        for (std::size_t i = 0; i < m; ++i) {
            if (all[q][i] == 0) continue;
            Exponents e = all[q];
            --e[i];
            divided_[q * m + i] = find(e);
        }
    }
    for (std::size_t i = 0; i < m; ++i) {
        Exponents e(m, 0);
        e[i] = 1;
        linear_.push_back(find(e));
    }
    // The divisors of each monomial, by an odometer over its exponents.
    first_pair_.push_back(0);
    for (const Exponents& e : all) {
        Exponents a(m, 0);
        for (;;) {
            Exponents b(m);
            for (std::size_t i = 0; i < m; ++i) b[i] = static_cast<std::uint8_t>(e[i] - a[i]);
            pairs_.push_back({find(a), find(b)});
            std::size_t i = 0;
            while (i < m && a[i] == e[i]) a[i++] = 0;
            if (i == m) break;
            ++a[i];
        }
        most_pairs_ = std::max(most_pairs_, pairs_.size() - first_pair_.back());
        first_pair_.push_back(pairs_.size());
    }
}

SpatialBasis::Index SpatialBasis::find(const std::vector<std::uint8_t>& exponents) const {
    const auto at = index_.find(std::string(exponents.begin(), exponents.end()));
    return at == index_.end() ? none : at->second;
}

}  // namespace capnode
