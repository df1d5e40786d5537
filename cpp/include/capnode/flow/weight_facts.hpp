// What the radii of an affine layer need to know of its weight W: |W|, the 2-norms of its rows, bounds of its norms.
// Each is computed when first asked for, once for the life of a program, whichever thread asks.
#pragma once

#include <mutex>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

class WeightFacts {
  public:
    /// Upper bounds, of the midpoint matrix: |W|_2, |W|_F; `radius`: of the Frobenius norm of the weight radius.
    struct Norms {
        double spectral = 0.0, frobenius = 0.0, radius = 0.0;
    };

    /// `weight` must outlive this.
    explicit WeightFacts(const Tensor& weight) : weight_(weight) {}

    const Matrix& absolute() const;  ///< |W|, of the midpoint matrix, exactly
    /// Upper bounds of |W_i|_2, the weight radius included.
    const std::vector<double>& row_norms() const;
    const Norms& norms() const;

  private:
    const Tensor& weight_;
    mutable std::once_flag absolute_once_, rows_once_, norms_once_;
    mutable Matrix absolute_;
    mutable std::vector<double> row_norms_;
    mutable Norms norms_;
};

}  // namespace capnode
