// One trajectory between steps: its centre, its sets, its clock. See flow.hpp for the theorem of a step.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "capnode/flow/error_set.hpp"
#include "capnode/flow/flow.hpp"

namespace capnode {

class FlowLane {
  public:
    FlowLane(const TaylorProgram& program, const InitialSet& start, double duration, bool derivative);

    const std::vector<double>& centre() const { return centre_; }
    /// Upper bounds of |x - centre| over the set.
    const std::vector<double>& magnitude() const { return magnitude_; }
    /// Signed time still to go, exactly: all steps but the last are multiples of grid(), so that no sum rounds.
    double remaining() const { return duration_ - elapsed_; }
    double elapsed() const { return elapsed_; }
    double duration() const { return duration_; }
    double grid() const;

    /// What the step proves: centre value with its rounding, Phi_bar with its bound, the grown defect (all rows).
    struct Step {
        double length = 0.0;
        std::vector<double> centre;
        std::vector<double> centre_error;
        Matrix phi;
        Matrix phi_error;
        std::vector<double> defect;
    };
    void advance(const Step& step);

    std::vector<Interval> enclosure(std::size_t dim) const;
    std::vector<Interval> derivative(std::size_t dim) const;
    bool is_finite() const;

    std::size_t steps = 0;
    double step_factor = 1.0;  // remembered caution of the step size
    double last_length = 0.0;

  private:
    void refresh_magnitude();

    std::size_t n_;
    std::vector<double> centre_, magnitude_;
    Matrix box_;                 // C: n x k
    std::vector<double> radii_;  // r0
    ErrorSet error_;
    Matrix y_;
    std::optional<ErrorSet> y_error_;
    double duration_, elapsed_ = 0.0;
};

}  // namespace capnode
