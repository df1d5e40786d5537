// One step of a Taylor model kept for dense output: for every r in [-1, 1]^m the solution stays within `tube` of
//     P(tau, r) = sum over the terms kept of c_{k,m} tau^k r^m,   tau = (t - start) / scale.
// Terms that matter little beside the width of the set are not kept; the tube has them.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "capnode/flow/spatial_basis.hpp"
#include "capnode/numerics/interval.hpp"

namespace capnode {

class SpatialStep {
  public:
    /// coefficient(row, k): basis.size() numbers, k < orders; theta: the end of the step in tau; tube by row.
    template <class Coefficient>
    SpatialStep(std::shared_ptr<const SpatialBasis> basis, std::size_t rows, std::size_t orders, double theta,
                std::vector<double> tube, const Coefficient& coefficient)
        : basis_(std::move(basis)), tube_(std::move(tube)) {
        std::vector<double> c(orders * basis_->size());
        for (std::size_t row = 0; row < rows; ++row) {
            for (std::size_t k = 0; k < orders; ++k) {
                for (std::size_t m = 0; m < basis_->size(); ++m) c[m * orders + k] = coefficient(row, k, m);
            }
            add_row(c, orders, theta);
        }
    }

    /// Every solution of a row over the times tau.
    Interval enclosure(std::size_t row, Interval tau) const;

  private:
    struct Term {
        SpatialBasis::Index monomial;
        std::size_t first, count;  // of the coefficients in time
    };
    void add_row(const std::vector<double>& c, std::size_t orders, double theta);

    std::shared_ptr<const SpatialBasis> basis_;
    std::vector<double> tube_;
    std::vector<std::vector<Term>> terms_;  // by row
    std::vector<double> coefficients_;
};

}  // namespace capnode
