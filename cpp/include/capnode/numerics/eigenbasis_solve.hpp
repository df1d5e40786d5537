// Linear systems with A - s and its bordering, O(n^2) each, from one verified eigenbasis (eigenbasis.hpp).
//
// V^-1 (A - s) V = diag(center - s) + G with |G| 1 <= row_radius. With g = V^-1 r,
//     y_j = (g_j - (G y)_j)/(c_j - s),  k = max rho_j/|c_j - s| < 1:   |y - g/(c-s)|_j <= rho_j/|c_j - s| max|g/(c-s)|
//     / (1-k).
// The first solution is corrected by its residual, so that the result is sharp to second order.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "capnode/numerics/eigenbasis.hpp"

namespace capnode {

/// Encloses V^-1 r for all r in the ball (n x k).
ComplexBallMatrix coordinates(const VerifiedEigenbasis& basis, const ComplexBallMatrix& r);

/// Encloses (A - s)^-1 r for all A of the ball matrix the basis belongs to, all s in the disc, all r in the balls (n x
/// k). Empty where A - s could not be proved nonsingular (contraction k >= 1/2, stored in *k if given). `a` serves the
/// residual correction and must lie within the ball matrix the basis was made (or widened) for.
std::optional<ComplexBallMatrix> shifted_solve(const VerifiedEigenbasis& basis, const BallMatrix& a, ComplexBall s,
                                               const ComplexBallMatrix& r, double* k = nullptr);

struct BorderedSolution {
    ComplexBallMatrix z;  // n x 1
    ComplexBall mu;
};

/// The bordered system   (A - s) z - v mu = r,   psi z = sigma,   psi = row i of R (fixed floats),
/// nonsingular near a simple eigenvalue, where A - s is not.
class BorderedSystem {
  public:
    /// Empty where the system could not be proved nonsingular; `reason` (if given) says why, with numbers.
    static std::optional<BorderedSystem> of(const VerifiedEigenbasis& basis, const BallMatrix& a, std::size_t i,
                                            ComplexBall s, const ComplexBallMatrix& v, std::string* reason = nullptr);

    /// Encloses (z, mu) for all A, s, v of the system and all r, sigma in the balls.
    BorderedSolution solve(const ComplexBallMatrix& r, ComplexBall sigma) const;
    /// The number that was proved positive: 1 - max a - max b theta, rounded down.
    double denominator() const { return denominator_; }

  private:
    BorderedSystem() = default;
    BorderedSolution solve_once(const ComplexBallMatrix& r, ComplexBall sigma) const;
    const VerifiedEigenbasis* basis_ = nullptr;  // must outlive the system
    const BallMatrix* a_ = nullptr;              // must outlive the system
    std::size_t i_ = 0;
    ComplexBall s_;
    ComplexBallMatrix v_;
    ComplexBallMatrix h_;          // V^-1 v
    std::vector<double> feed_y_;   // a_j
    std::vector<double> feed_mu_;  // b_j
    double theta_ = 0.0;
    double a_max_ = 0.0;
    double b_max_ = 0.0;
    double denominator_ = 0.0;
};

/// Encloses psi z for psi = row i of R.
ComplexBall row_times(const ComplexMatrix& r, std::size_t i, const ComplexBallMatrix& z);

}  // namespace capnode
