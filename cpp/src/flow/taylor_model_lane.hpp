// One set of starting points carried as a Taylor model: its set, its clock, its step. The
// theorem stands in taylor_model_flow.hpp.
#pragma once

#include <cmath>
#include <cstddef>
#include <memory>
#include <vector>

#include "capnode/flow/flow.hpp"
#include "capnode/flow/taylor_model_step.hpp"
#include "growth.hpp"
#include "taylor_model_set.hpp"

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
    /// Why no further step should be tried, or null.
    const char* hopeless() const;
    /// The clock starts again for another duration, under another field of the same rows; the set stays.
    void begin_stage(std::shared_ptr<const TaylorProgram> program, double duration);
    /// How much time is to come after this stage: a hint.
    void expect_later(double time) { later_ = std::fabs(time); }
    /// Of the last step, `spatial` included.
    FlowStep record() const;
    const TaylorModelSet& set() const { return set_; }
    std::size_t steps = 0;

  private:
    void make_engine();
    bool error_matters() const;
    bool set_length(double length);
    double length() const { return theta_ * std::fabs(scale_); }
    double choose_length() const;
    double largest_defect() const;
    void shorten_while_defect_gains();
    const char* prove_tube();

    std::shared_ptr<const TaylorProgram> program_;
    const FlowOptions& options_;
    std::size_t n_, order_;
    TaylorModelSet set_;
    std::unique_ptr<TaylorModelStep> engine_;
    std::vector<double> sigma_;
    Growth growth_;
    double duration_, elapsed_ = 0.0, grid_, scale_ = 1.0, theta_ = 1.0;
    double later_ = 0.0, last_length_ = 0.0, last_speed_ = 0.0, step_factor_ = 1.0;
    std::size_t steps_since_ = 0;  // the error set was given coordinates
    std::vector<double> bare_, tube_, needed_, mid_, rad_, value_, value_error_;
};

}  // namespace capnode
