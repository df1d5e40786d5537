// How fast differences of solutions grow inside a step: from an enclosure of the Jacobian over the tube to a bound
// of exp(h M+) v (components, small systems) or exp(h mu_2) |v|_2 (large ones). See the theorem in flow.hpp.
#pragma once

#include <cstddef>
#include <vector>

#include "capnode/numerics/matrix.hpp"

namespace capnode {

class Growth {
  public:
    /// J in mid +- rad for all times of the step, of length |h|; `sign` is that of the time direction.
    Growth(const Matrix& mid, const Matrix& rad, double h, double sign);

    bool componentwise() const { return componentwise_; }
    /// Entrywise bound of what v >= 0 grows to.
    std::vector<double> apply(const std::vector<double>& v) const;
    /// The same column by column.
    Matrix apply(const Matrix& v) const;
    bool is_finite() const;

  private:
    std::vector<double> exponential(const std::vector<double>& v) const;

    std::size_t n_;
    bool componentwise_;
    Matrix hm_;            // h M+, rounded up
    double norm_ = 0.0;    // |h M+|_inf
    double factor_ = 1.0;  // exp(h max(mu_2, 0)), rounded up
};

}  // namespace capnode
