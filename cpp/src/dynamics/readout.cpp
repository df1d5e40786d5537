#include "capnode/dynamics/readout.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "capnode/numerics/ball_matrix.hpp"

namespace capnode {
namespace {

// (w_a - w_b) . x + (b_a - b_b), with b = none: w_a . x + b_a.
Interval difference(const Readout& readout, const std::vector<Interval>& x, std::size_t a, std::size_t b) {
    Interval sum = Interval(readout.bias[a]) - Interval(readout.bias[b]);
    for (std::size_t i = 0; i < x.size(); ++i) {
        sum += (Interval(readout.weight(a, i)) - Interval(readout.weight(b, i))) * x[i];
    }
    return sum;
}

void check_box(const Readout& readout, const std::vector<Interval>& x) {
    if (x.size() != readout.dim()) {
        throw std::invalid_argument("the point has " + std::to_string(x.size()) + " entries, the readout needs " +
                                    std::to_string(readout.dim()));
    }
}

void check_class(const Readout& readout, std::size_t c) {
    if (c >= readout.classes()) {
        throw std::invalid_argument("class " + std::to_string(c) + " was asked for, the readout has " +
                                    std::to_string(readout.classes()));
    }
}

}  // namespace

void check_readout(const Readout& readout, std::size_t dim) {
    if (readout.classes() < 2)
        throw std::invalid_argument("a readout needs at least 2 classes, not " + std::to_string(readout.classes()));
    if (readout.dim() != dim) {
        throw std::invalid_argument("the readout has width " + std::to_string(readout.dim()) +
                                    ", the field dimension " + std::to_string(dim));
    }
    if (readout.bias.size() != readout.classes()) {
        throw std::invalid_argument("the readout has " + std::to_string(readout.bias.size()) + " biases for " +
                                    std::to_string(readout.classes()) + " classes");
    }
    for (const double w : readout.weight.data) {
        if (!std::isfinite(w)) throw std::invalid_argument("the readout has a weight that is not finite");
    }
    for (const double b : readout.bias) {
        if (!std::isfinite(b)) throw std::invalid_argument("the readout has a bias that is not finite");
    }
}

std::vector<std::size_t> tied_classes(const Readout& readout) {
    std::vector<std::size_t> first(readout.classes());
    for (std::size_t k = 0; k < readout.classes(); ++k) {
        const double* row = readout.weight.row(k);
        std::size_t j = 0;
        while (j < k &&
               !(readout.bias[j] == readout.bias[k] && std::equal(row, row + readout.dim(), readout.weight.row(j))))
            ++j;
        first[k] = j;
    }
    return first;
}

std::vector<Interval> scores(const Readout& readout, const std::vector<Interval>& x) {
    check_box(readout, x);
    std::vector<Interval> result;
    for (std::size_t k = 0; k < readout.classes(); ++k) {
        Interval sum(readout.bias[k]);
        for (std::size_t i = 0; i < x.size(); ++i) sum += Interval(readout.weight(k, i)) * x[i];
        result.push_back(sum);
    }
    return result;
}

std::vector<Interval> margins(const Readout& readout, const std::vector<Interval>& x, std::size_t c) {
    check_box(readout, x);
    check_class(readout, c);
    std::vector<Interval> result;
    for (std::size_t k = 0; k < readout.classes(); ++k) {
        result.push_back(k == c ? Interval(0.0) : difference(readout, x, c, k));
    }
    return result;
}

// Class k is beaten everywhere where some margin m = s_j - s_k has a positive lower bound. Not all can be: a beaten
// class is beaten at any one point of the box by one with a larger score there, and the largest by none.
std::vector<char> possible_classes(const Readout& readout, const std::vector<Interval>& x) {
    check_box(readout, x);
    std::vector<char> possible(readout.classes(), 1);
    for (std::size_t j = 0; j < readout.classes(); ++j) {
        for (std::size_t k = j + 1; k < readout.classes(); ++k) {
            if (!possible[j] && !possible[k]) continue;
            const Interval m = difference(readout, x, j, k);
            if (m.lo > 0.0) possible[k] = 0;
            if (m.hi < 0.0) possible[j] = 0;
        }
    }
    return possible;
}

std::optional<std::size_t> class_of(const Readout& readout, const std::vector<Interval>& x) {
    const std::vector<char> possible = possible_classes(readout, x);
    std::optional<std::size_t> only;
    for (std::size_t k = 0; k < possible.size(); ++k) {
        if (!possible[k]) continue;
        if (only) return std::nullopt;
        only = k;
    }
    return only;
}

BallMatrix pulled_back(const Readout& readout, std::size_t c, const BallMatrix& derivative) {
    check_class(readout, c);
    if (derivative.rows() != readout.dim()) {
        throw std::invalid_argument("the derivative has " + std::to_string(derivative.rows()) +
                                    " rows, the readout needs " + std::to_string(readout.dim()));
    }
    BallMatrix rows(readout.classes(), readout.dim());
    for (std::size_t k = 0; k < readout.classes(); ++k) {
        for (std::size_t i = 0; i < readout.dim(); ++i) {
            const Ball d = to_ball(Interval(readout.weight(c, i)) - Interval(readout.weight(k, i)));
            rows.mid(k, i) = d.mid;
            rows.rad(k, i) = d.rad;
        }
    }
    return multiply(rows, derivative);
}

}  // namespace capnode
