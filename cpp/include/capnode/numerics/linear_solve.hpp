// Verified linear systems by an approximate inverse.
//
// Theorem (Neumann). If R is any matrix and |I - R A| 1 <= e entrywise with alpha = max_i e_i < 1, then A (and R) are
// nonsingular and, for every b,   A^-1 b = g + d,  g = R b,  |d|_i <= e_i max_k |g_k| / (1 - alpha).
// Used on the residual of an approximate solution x0: A^-1 b = x0 + A^-1 (b - A x0). All for every A within a ball
// matrix.
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
    const std::vector<double>& defect() const { return e_; }  // e_i
    double alpha() const { return alpha_; }

  private:
    VerifiedInverse() = default;
    BallMatrix a_;
    Matrix r_;
    Matrix r_abs_;
    std::vector<double> e_;
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
    Matrix r_abs_;
    std::vector<double> e_;
    double alpha_ = 1.0;
};

/// Encloses the solution of A x = b; empty where A could not be proved nonsingular.
std::optional<BallMatrix> verified_solve(const BallMatrix& a, const BallMatrix& b, std::string* reason = nullptr);
std::optional<ComplexBallMatrix> verified_solve(const ComplexBallMatrix& a, const ComplexBallMatrix& b,
                                                std::string* reason = nullptr);

}  // namespace capnode
