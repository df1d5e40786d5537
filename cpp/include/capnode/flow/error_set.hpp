// The uncertainty that travels between steps: a set S of vectors in R^n (or of n x columns matrices, column by column),
// symmetric about 0, with S <- Phi S + [-d, d] + Ball at each step.
//
//     frame      S = { Q z : |z_i| <= r_i }, Q nearly orthogonal, re-chosen by QR with the longest edges first
//     (Lohner).
//                Tight for n <= 3.
//     ellipsoid  S = { L z : |z|_2 <= 1 }. A linear map does not wrap it; only the Minkowski sum with the local error
//                costs, and that is nearly nothing. The choice for n > 3: in high dimension |R| of a QR box grows far
//                beyond the flow.
//
// Columns of a matrix-valued set: a frame has one radius vector a column, an ellipsoid holds every column.
#pragma once

#include <cstddef>
#include <vector>

#include "capnode/numerics/matrix.hpp"

namespace capnode {

class ErrorSet {
  public:
    enum class Shape { frame, ellipsoid };
    static constexpr std::size_t largest_frame = 3;
    static Shape shape_for(std::size_t n) { return n <= largest_frame ? Shape::frame : Shape::ellipsoid; }

    /// {0}. A frame needs n and columns <= largest_frame.
    ErrorSet(std::size_t n, std::size_t columns, Shape shape);
    /// S <- { phi s + w + b : s in S, |w| <= d entrywise, |b|_2 <= ball in the first `moving` rows, b = 0 below }; phi
    /// n x n exact, d n x columns, both by rows.
    void propagate(const double* phi, const double* d, double ball = 0.0, std::size_t moving = 0);
    /// Upper bounds of |s_i|, n x columns by rows.
    void magnitude(double* out) const;
    /// Upper bounds of |phi s|_i, but for the rounding of the products phi F; of a set with one column.
    void image_magnitude(const double* phi, double* out) const;
    /// F, n x n, and missed, n numbers, with S in { F y + w : |y_i| <= 1, |w| <= missed }; of a set with one column.
    Matrix directions(double* missed) const;
    /// Upper bound of |s|_2 over the set, for every column.
    double euclidean() const;
    bool is_finite() const;

  private:
    template <std::size_t n>
    void propagate_frame(const double* phi, const double* d);
    void propagate_ellipsoid(const double* phi, const double* d, double ball, std::size_t moving);

    std::size_t n_, columns_;
    Shape shape_;
    Matrix basis_;           // Q or L; L is empty while zero_
    Matrix radius_;          // n x columns (frame)
    double spectral_ = 0.0;  // at least |L|_2
    bool zero_ = true;
};

}  // namespace capnode
