// The monomials r^a = r_1^a_1 ... r_m^a_m, r in [-1, 1]^m, that a Taylor model keeps: those of weight
// w(a) = sum_i w_i a_i <= degree, ordered by weight, 1 first. Variables that matter less have a larger weight and enter
// in lower powers; a variable of weight `degree` enters linearly and multiplies nothing.
//
// With a monomial every divisor is kept, so a product of two polynomials, as far as its monomials are kept, is the sum
// over the pairs listed here; every product of two kept monomials that is not kept has weight > degree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace capnode {

class SpatialBasis {
  public:
    using Index = std::uint32_t;
    static constexpr Index none = 0xffffffffu;
    struct Pair {
        Index a, b;
    };

    /// weights[i] in 1 .. degree. Throws std::invalid_argument where more than `most_monomials` would be kept.
    SpatialBasis(std::vector<std::size_t> weights, std::size_t degree);
    static constexpr std::size_t most_monomials = 6000;
    /// The number of monomials of m variables of weight 1 up to a degree (a floating-point number, for large ones).
    static double count(std::size_t variables, std::size_t degree);

    std::size_t variables() const { return weights_.size(); }
    std::size_t degree() const { return degree_; }
    std::size_t size() const { return weight_.size(); }
    std::size_t weight(std::size_t m) const { return weight_[m]; }
    /// First monomial of weight l; level(degree() + 1) is size().
    std::size_t level(std::size_t l) const { return level_[l]; }
    const std::uint8_t* exponents(std::size_t m) const { return exponents_.data() + m * weights_.size(); }
    /// The monomial with these exponents, or none.
    Index find(const std::vector<std::uint8_t>& exponents) const;
    /// The monomial r_i.
    Index linear(std::size_t i) const { return linear_[i]; }
    /// r^m / r_i, or none.
    Index divided(std::size_t m, std::size_t i) const { return divided_[m * weights_.size() + i]; }
    /// All (a, b) with r^a r^b = r^m.
    const Pair* pairs_begin(std::size_t m) const { return pairs_.data() + first_pair_[m]; }
    const Pair* pairs_end(std::size_t m) const { return pairs_.data() + first_pair_[m + 1]; }
    /// The largest number of pairs of one monomial.
    std::size_t most_pairs() const { return most_pairs_; }
    /// Whether every exponent is even: the monomial lies in [0, 1].
    bool even(std::size_t m) const { return even_[m] != 0; }

  private:
    std::vector<std::size_t> weights_, weight_, level_, first_pair_;
    std::size_t degree_, most_pairs_ = 0;
    std::vector<std::uint8_t> exponents_, even_;
    std::vector<Index> linear_, divided_;
    std::vector<Pair> pairs_;
    std::map<std::string, Index> index_;  // the exponents as bytes
};

}  // namespace capnode
