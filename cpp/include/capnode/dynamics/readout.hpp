// A linear readout of k classes: scores s_k(x) = w_k . x + b_k, the class of x is the one with the largest score.
//
// Weights and bias are exact. A point where several scores are largest belongs to each of these classes (the decision
// boundary). Everything is decided by margins  m_k(x) = s_c(x) - s_k(x) = (w_c - w_k) . x + (b_c - b_k): the difference
// of the rows is enclosed first, so that a common part of the scores costs no width.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

struct Readout {
    Matrix weight;             // classes x n
    std::vector<double> bias;  // classes

    std::size_t classes() const { return weight.rows; }
    std::size_t dim() const { return weight.cols; }
};

/// At least two classes, as many biases, all finite: std::invalid_argument with the numbers otherwise.
void check_readout(const Readout& readout, std::size_t dim);

/// By class, the first class with exactly the same row and bias: their scores are equal everywhere, and no enclosure
/// can tell them apart.
std::vector<std::size_t> tied_classes(const Readout& readout);

/// Enclosures of s_k over the box.
std::vector<Interval> scores(const Readout& readout, const std::vector<Interval>& x);

/// Enclosures of the margins of class c against every class k over the box; exactly 0 for k = c.
std::vector<Interval> margins(const Readout& readout, const std::vector<Interval>& x, std::size_t c);

/// By class, whether some point of the box may belong to it: false only where another class has a larger score on the
/// whole box. Never all false.
std::vector<char> possible_classes(const Readout& readout, const std::vector<Interval>& x);

/// The class of every point of the box, where that is proved (and then no point is on the decision boundary).
std::optional<std::size_t> class_of(const Readout& readout, const std::vector<Interval>& x);

/// (w_c - w_k)^T D in row k, for every matrix D (n x m) in the ball matrix: what a readout makes of a derivative.
BallMatrix pulled_back(const Readout& readout, std::size_t c, const BallMatrix& derivative);

}  // namespace capnode
