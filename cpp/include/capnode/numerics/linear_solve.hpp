// Verified linear systems by an approximate inverse.
//
// Theorem (Neumann, weighted). Let w > 0 be any vector, R any matrix, |I - R A| w <= e entrywise and alpha = max_i e_i
// / w_i < 1. Then A and R are nonsingular and, for every b,   A^-1 b = g + d,  g = R b,  |d|_i <= e_i max_k (|g_k| /
// w_k) / (1 - alpha). (E = I - R A is a contraction in the norm max |x_k| / w_k; A^-1 b = (I - E)^-1 g = g + E (I -
// E)^-1 g.) The weights make the bound independent of the scaling of columns; they are floats chosen by equilibration.
// The theorem is also applied to the residual of an approximate solution x0: A^-1 b = x0 + A^-1 (b - A x0). Everything
// holds for every A within a ball matrix.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

/// A real ball matrix proved nonsingular, with what is needed to solve with it.
class VerifiedInverse {
  public:
    /// Empty where no proof was found; then `reason` (if given) says why, with numbers.
    static std::optional<VerifiedInverse> of(BallMatrix a, std::string* reason = nullptr);

    /// Encloses A^-1 b for all A, b within the balls.
    BallMatrix solve(const BallMatrix& b) const;
    ComplexBallMatrix solve(const ComplexBallMatrix& b) const;
    /// Encloses A^-1.
    BallMatrix inverse() const;

    const BallMatrix& matrix() const { return a_; }
    const Matrix& approximate_inverse() const { return r_; }
    const std::vector<double>& defect() const { return e_; }   // e
    const std::vector<double>& weights() const { return w_; }  // w
    double alpha() const { return alpha_; }

  private:
    VerifiedInverse() = default;
    BallMatrix a_;
    Matrix r_;
    std::vector<double> e_;
    std::vector<double> w_;
    double alpha_ = 1.0;
};

/// The same for complex ball matrices.
class VerifiedComplexInverse {
  public:
    static std::optional<VerifiedComplexInverse> of(ComplexBallMatrix a, std::string* reason = nullptr);
    ComplexBallMatrix solve(const ComplexBallMatrix& b) const;
    ComplexBallMatrix inverse() const;
    const ComplexBallMatrix& matrix() const { return a_; }
    double alpha() const { return alpha_; }

  private:
    VerifiedComplexInverse() = default;
    ComplexBallMatrix a_;
    ComplexMatrix r_;
    std::vector<double> e_;
    std::vector<double> w_;
    double alpha_ = 1.0;
};

/// Encloses the solution of A x = b; empty where A could not be proved nonsingular.
std::optional<BallMatrix> verified_solve(const BallMatrix& a, const BallMatrix& b, std::string* reason = nullptr);
std::optional<ComplexBallMatrix> verified_solve(const ComplexBallMatrix& a, const ComplexBallMatrix& b,
                                                std::string* reason = nullptr);

}  // namespace capnode
