// The set of a Taylor model between steps: { P(r, s) + e : r in [-1, 1]^m, s in [-1, 1]^k, e in E }.
//
// r are the coordinates of the initial set, of weight 1. E is an ErrorSet: what the steps left out. Carried from step
// to step it knows one matrix for all r, so it grows with what the derivative of the flow varies over the set. Before
// it matters it is given coordinates s of its own: E in { F y : |y_i| <= 1 }, so P <- P + F s, E <- {0}. In the
// polynomial it then has its products with r. The s have a weight just below the degree: s r is kept, s r^2 or s s is
// not. When there is room for no more, the terms of the oldest coordinates go back into E as a box.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "capnode/flow/error_set.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/flow/spatial_basis.hpp"
#include "capnode/flow/taylor_program.hpp"

namespace capnode {

class TaylorModelSet {
  public:
    TaylorModelSet(const TaylorProgram& program, const InitialSet& start, std::size_t degree);

    /// How many coordinates r a set has: what is of rounding size has none, and starts in E.
    static std::size_t coordinates(const InitialSet& start);

    std::size_t rows() const { return n_; }
    /// In (r, s, z), z one coordinate a row of weight `degree`, for E within a step.
    const std::shared_ptr<const SpatialBasis>& basis() const { return basis_; }
    SpatialBasis::Index step_coordinate(std::size_t row) const { return z_[row]; }
    /// In (r, s) alone, and where its monomials stand in basis().
    const std::shared_ptr<const SpatialBasis>& kept_basis() const { return kept_; }
    const std::vector<SpatialBasis::Index>& kept_places() const { return kept_place_; }
    /// Coefficients over basis(); those of z are 0.
    const double* polynomial(std::size_t row) const { return polynomials_.data() + row * basis_->size(); }
    /// Upper bounds of |e_i|.
    const std::vector<double>& error() const { return magnitude_; }
    /// Bounds of |P - P(0, 0)|, row by row: of the terms without s, and of those with.
    double initial_variation(std::size_t row) const;
    double carried_variation(std::size_t row) const;
    bool is_finite() const;

    /// P <- polynomials (taken by swapping), E <- { phi e + w }.
    void advance(std::vector<double>& polynomials, const double* phi, const double* w);
    /// Whether E can have coordinates at all beside so many of the initial set.
    bool has_room_for_error() const { return most_groups_ > 0; }
    /// E becomes coordinates; basis() is another one afterwards. Needs has_room_for_error().
    void give_error_coordinates();
    /// How often that can be done before the oldest coordinates have to go.
    std::size_t room() const { return most_groups_ - groups_; }

    /// P + E for all (r, s); `budget`: spatial_range.hpp.
    std::vector<Interval> enclosure(std::size_t dim, std::size_t budget) const;
    /// The same as centre + C r + rest; even monomials, which lie in [0, 1], are centred.
    AffineForm affine_form(std::size_t dim) const;
    /// The range of P over corners and other points of r, in floating point: a hint of the size of the set.
    std::vector<Interval> samples(std::size_t dim) const;

  private:
    void build();

    std::size_t n_, degree_, coordinates_ = 0, groups_ = 0, most_groups_ = 0;
    std::shared_ptr<const SpatialBasis> initial_, kept_, basis_;       // in r; in (r, s); in (r, s, z)
    std::vector<SpatialBasis::Index> initial_place_, kept_place_, z_;  // in basis_
    std::vector<double> polynomials_;                                  // [row][m of basis_]
    ErrorSet error_;
    std::vector<double> magnitude_;
};

}  // namespace capnode
