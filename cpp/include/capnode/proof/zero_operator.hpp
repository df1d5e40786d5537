// Krawczyk's and Newton's operator as another engine computes them, and the theorems about zeros by such an operator.
//
// Let F be C^1 on the bounded box X, x_bar in X, and `image(X, x_bar)` contain K = x_bar - A F(x_bar) + (I - A F'(X))
// (X - x_bar) with a nonsingular A (Krawczyk), or x_bar - F'(X)^-1 F(x_bar) where every matrix of F'(X) was found
// nonsingular (Newton), for every member of a set of systems F. Then
//   (i)   every zero in X lies in the image; if the two are disjoint in some component there is none;
//   (ii)  if the image lies in the interior of X, there is exactly one zero in X, and F' is nonsingular there.
// Proof. Krawczyk 1969, Moore 1977; Alefeld 1984 for Newton. In (ii), with m the matrix of the largest |I - A
// F'(X)|_ij, the width of the image is at least m times the width of X, row by row, as X - x_bar holds 0: so q = max
// w(K_i)/w(X_i) < 1 bounds the Lipschitz constant of x - A F(x) in max |x_i| / w(X_i). []
//
// What is checked here are the inclusions; the image is the engine's word, and the evidence names it.
#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"
#include "capnode/proof/zero.hpp"

namespace capnode {

struct ZeroOperator {
    std::string engine;  // for the evidence: "CAPD 6.1.0 (filib intervals)"
    bool newton = false;
    std::function<std::vector<Interval>(const std::vector<Interval>& X, const std::vector<double>& x_bar)> image;
    /// Contains F'(x) for every x of the box and every member (n x n).
    std::function<BallMatrix(const std::vector<Interval>& X)> derivative;
};

/// An image cannot be had: the derivative is singular on the box, a function is not defined there, an overflow.
class NoImage : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// max w(K_i) / w(X_i), rounded up; infinite where X has no width.
double contraction_of(const std::vector<Interval>& K, const std::vector<Interval>& X);

/// Statement (i) again and again with smaller boxes: a box for the zero in X, at most X. X must hold one.
std::vector<Interval> sharpen(const ZeroOperator& op, std::vector<Interval> X);

/// The theorem; `x_bar` defaults to the middle of X. Method "krawczyk" or "interval_newton".
Result<Zero> zero_by_operator(const ZeroOperator& op, const std::vector<Interval>& X,
                              const std::optional<std::vector<double>>& x_bar = {});

}  // namespace capnode
