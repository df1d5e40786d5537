// The parts that the zero theorems share: the image of Krawczyk's operator, and what is read off it. For theorems about
// zeros to build on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/rounding.hpp"
#include "capnode/proof/zero.hpp"

namespace capnode::zeros {

/// Upper bounds of |I - A M|_ij for every M in J.
Matrix defect(const Matrix& A, const BallMatrix& J);

/// Upper bounds of max_{x in X} |x_j - x_bar_j|.
std::vector<double> reach(const std::vector<Interval>& X, const std::vector<double>& x_bar);

/// A F(x_bar) = center +- spread for every member of the problem.
struct Preconditioned {
    std::vector<Ball> center;
    std::vector<double> spread;
    /// Upper bound of |A F(x_bar)|_i.
    double magnitude(std::size_t i) const;
};
Preconditioned precondition(const Matrix& A, const ValueAtPoint& residual);

/// K = x_bar - A F(x_bar) +- N s, and q >= max_i (N s)_i / s_i, where N >= |I - A J| and s = reach(X, x_bar).
struct Image {
    std::vector<Interval> K;
    double contraction = infinity;
};
Image krawczyk_image(const std::vector<double>& x_bar, const Preconditioned& newton_step, const Matrix& N,
                     const std::vector<double>& s);

/// Every K_i in the interior of X_i and q < 1.
bool maps_into_interior(const Image& image, const std::vector<Interval>& X);
/// Some K_i disjoint from X_i.
std::optional<std::size_t> disjoint_component(const std::vector<Interval>& K, const std::vector<Interval>& X);
/// The component that comes closest to leaving X, as a line of evidence.
Evidence inclusion_evidence(const std::string& name, const std::vector<Interval>& K, const std::vector<Interval>& X);
Evidence contraction_evidence(const std::string& name, double contraction);

/// A box for the zeros of the problem in X, at most X: statement (i) of krawczyk.hpp applied again and again, with new
/// middles and inverses. Throws InternalError where it turns out that there is none. X must be known to hold one.
std::vector<Interval> sharpen(const ZeroProblem& problem, std::vector<Interval> X);

/// The middle of a bounded box, a point of it.
std::vector<double> middle(const std::vector<Interval>& X);
/// Points as a box.
std::vector<Interval> point_box(const std::vector<double>& x);
/// A box that contains x_bar +- r w, and one that lies in it.
std::vector<Interval> box_around(const std::vector<double>& x_bar, const std::vector<double>& w, double r);
std::vector<Interval> box_inside(const std::vector<double>& x_bar, const std::vector<double>& w, double r);

bool all_bounded(const std::vector<Interval>& X);

// Misuse: std::invalid_argument with both numbers.
void require_box(const ZeroProblem& problem, const std::vector<Interval>& X);
void require_point_in(const std::vector<double>& x_bar, const std::vector<Interval>& X);
void require_square(const std::optional<Matrix>& A_bar, std::size_t n);

}  // namespace capnode::zeros
