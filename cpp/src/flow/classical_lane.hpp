// One trajectory of the classical step: its sets, its clock, one step at a time. Statements: classical_step.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "capnode/flow/error_set.hpp"
#include "capnode/flow/flow.hpp"
#include "dual_lanes.hpp"

namespace capnode {

/// sum of a_j s^j, j < count, over the set s by Horner's rule; `at(j)` is a_j.
template <class At>
Interval polynomial_over(std::size_t count, const Interval& s, At at) {
    Interval sum(0.0);
    for (std::size_t j = count; j-- > 0;) sum = sum * s + at(j);
    return sum;
}

inline bool all_bounded(const std::vector<Interval>& x) {
    return std::all_of(x.begin(), x.end(), [](const Interval& e) { return is_bounded(e); });
}

class ClassicalLane {
  public:
    ClassicalLane(const Field& field, const InitialSet& start, double duration, const FlowOptions& options);

    /// Null where the step was made; else why it could not be, the sets being those before.
    const char* step();
    /// Of the step just made, without its end.
    const FlowStep& record() const { return record_; }

    double remaining() const { return duration_ - elapsed_; }
    double elapsed() const { return elapsed_; }
    std::vector<Interval> enclosure() const;
    std::vector<Interval> derivative() const;
    std::size_t steps = 0;

  private:
    using Box = std::vector<Interval>;
    using Coefficients = std::vector<detail::Dual>;

    // What is known of one step, of length h.
    struct Remainder {
        double h = 0.0;
        Interval span;  // H
        Box box;        // B
        Box top;        // x_k(B)
        Matrix slope;   // n x n: bounds of |h^k D x_k(B) Z(H)|
    };
    enum class Attempt { good, shorter };

    detail::Dual parameters(bool whole) const;  // at the centre, or all of them; tangents where whole
    detail::Dual time(bool whole, const Interval& after) const;
    double first_guess(const std::vector<Box>& centre) const;
    double spread_limit(const Coefficients& start) const;
    bool a_priori_box(const Coefficients& start, Remainder& r) const;
    bool holds(const Box& box, const Interval& span, Box& top) const;
    Attempt attempt(const Coefficients& start, Remainder& r, double& shrink) const;
    bool bound_slope(Remainder& r) const;
    bool advance(const Coefficients& start, const std::vector<Box>& centre, const Remainder& r);
    void keep(const Coefficients& start, const std::vector<Box>& centre, const Remainder& r);
    void refresh_magnitude();

    const Field& field_;
    std::size_t n_, k_;  // dimension, order of the remainder
    double target_;
    bool derivative_, dense_;

    std::vector<double> centre_, magnitude_;
    Matrix box_;                 // C: n x directions
    std::vector<double> radii_;  // r0
    ErrorSet error_;
    Matrix y_;
    std::optional<ErrorSet> y_error_;

    Box parameter_;
    std::vector<double> parameter_centre_;
    std::vector<std::size_t> uncertain_;    // the parameters that are no single number
    std::vector<double> uncertain_radius_;  // of them, then of the time where that is uncertain
    Interval t0_;
    double t0_centre_ = 0.0;
    bool uncertain_time_ = false;

    double duration_, elapsed_ = 0.0, grid_;
    double caution_ = 1.0;  // remembered factor of the step length
    FlowStep record_;
};

}  // namespace capnode
