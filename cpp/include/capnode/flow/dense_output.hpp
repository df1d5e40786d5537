// Every solution of a trajectory at every time: the records of the steps, P(tau) +- tube, evaluated rigorously.
//
// On the step from `start` the solutions lie within `tube` of P(tau), tau = (t - start) / scale, row by row. For an
// interval of times the part of it inside each step is cut into pieces, on each of which the mean value form
// P(m) + P'(T)(T - m) is taken; its excess shrinks with the square of the piece.
#pragma once

#include <cstddef>
#include <vector>

#include "capnode/flow/flow.hpp"
#include "capnode/numerics/interval.hpp"

namespace capnode {

class DenseOutput {
  public:
    /// `initial`: the initial set. The steps follow one another in one direction, the first from 0; times are t0 +
    /// start.
    DenseOutput(std::vector<FlowStep> steps, std::vector<Interval> initial, Interval t0);

    std::size_t dim() const { return initial_.size(); }
    const std::vector<FlowStep>& steps() const { return steps_; }
    /// Ends of the steps after t0, as offsets from it: 0 first; exact.
    std::vector<double> offsets() const;
    /// Everything within t. Throws std::invalid_argument, with the numbers, where t may reach outside of the times
    /// covered.
    std::vector<Interval> enclosure(Interval t) const;
    /// The same for offsets from t0.
    std::vector<Interval> enclosure_at_offset(Interval s) const;

  private:
    std::vector<FlowStep> steps_;
    std::vector<Interval> initial_;
    Interval t0_;
};

}  // namespace capnode
