// One set of starting points carried as a Taylor model: its polynomials, its error set, its clock, its step. The
// theorem stands in taylor_model_flow.hpp.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "capnode/flow/error_set.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/flow/taylor_model_step.hpp"
#include "growth.hpp"

namespace capnode {

class TaylorModelLane {
  public:
    TaylorModelLane(std::shared_ptr<const TaylorProgram> program, const InitialSet& start, double duration,
                    const FlowOptions& options);

    double remaining() const { return duration_ - elapsed_; }
    double elapsed() const { return elapsed_; }
    double duration() const { return duration_; }
    /// One step; why it could not be made, or null.
    const char* step();
    /// Of the last step, `spatial` included.
    FlowStep record() const;
    /// P(r) + S for all r; `budget`: spatial_range.hpp.
    std::vector<Interval> enclosure(std::size_t budget) const;
    /// The range of P over corners and some points, in floating point: a hint of the size of the set.
    std::vector<Interval> samples() const;
    std::size_t steps = 0;

  private:
    double* polynomial(std::size_t row) { return polynomials_.data() + row * combined_->size(); }
    const double* polynomial(std::size_t row) const { return polynomials_.data() + row * combined_->size(); }
    bool set_length(double length);
    double length() const { return theta_ * std::fabs(scale_); }
    double choose_length() const;
    double largest_defect() const;
    void shorten_while_defect_gains();
    const char* prove_tube();

    std::shared_ptr<const TaylorProgram> program_;
    const FlowOptions& options_;
    std::size_t n_, order_;
    std::shared_ptr<const SpatialBasis> spatial_;   // in r alone
    std::shared_ptr<const SpatialBasis> combined_;  // in r, then z
    std::vector<SpatialBasis::Index> place_;        // of the monomials of spatial_ in combined_
    std::vector<SpatialBasis::Index> z_;            // of the z_i
    std::unique_ptr<TaylorModelStep> engine_;
    std::vector<double> polynomials_;  // [row][m of combined_]; the terms in z are 0 between steps
    ErrorSet error_;
    std::vector<double> magnitude_, sigma_;
    Growth growth_;
    double duration_, elapsed_ = 0.0, grid_, scale_ = 1.0, theta_ = 1.0;
    double last_length_ = 0.0, last_speed_ = 0.0, step_factor_ = 1.0;
    std::vector<double> bare_, tube_, needed_, mid_, rad_, value_, value_error_;
};

}  // namespace capnode
