// Counterexamples to a radius: inputs near x that are proved to have another class (AdversarialPair).
//
// Where to look is a matter of floating point and proves nothing: steps along the gradients of the margins until the
// class changes (DeepFool), then to the foot of x on the tangent plane of the boundary; and candidates from outside. A
// candidate counts when the theorem of the pair holds for it.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "capnode/dynamics/robust_radius.hpp"

namespace capnode {

/// A point that may have another class, and the gradient of the margin over `rival` there.
struct Candidate {
    std::vector<double> y;
    std::vector<double> gradient_bar;
    std::size_t rival = 0;
    std::size_t tries = 0;
};

class CounterexampleSearch {
  public:
    /// `accuracy`: of the distance, relative; what improves on the best by less than a part of it is not looked at.
    CounterexampleSearch(const std::vector<FlowLayer>& layers, const Readout& readout, const NetworkInput& input,
                         std::size_t cls, const FlowOptions& options, double accuracy, double largest);

    /// From x along gradients.
    void descend();
    /// Those that would improve on the best; one that missed is moved along its gradient by what it lacks.
    void look_at(std::vector<Candidate> candidates);

    const std::optional<AdversarialPair>& best() const { return best_; }
    /// No radius of so much can hold; `largest` where nothing was found.
    double distance() const { return best_ ? best_->distance.hi : largest_; }
    bool stopped() const { return stopped_; }

  private:
    struct Point {
        bool known = false;  // nothing below holds otherwise
        std::vector<Interval> final;
        std::vector<double> derivative_bar;  // n x n by rows, where asked for
    };
    std::vector<Point> points(const std::vector<std::vector<double>>& ys, bool derivative);
    void accept(const std::vector<double>& y);
    double from_x(const std::vector<double>& y) const;
    bool is_other(const Point& point) const;
    void project(std::vector<double> y);

    const std::vector<FlowLayer>& layers_;
    const Readout& readout_;
    const NetworkInput& input_;
    const std::size_t cls_;
    FlowOptions options_;
    const double accuracy_;
    const double largest_;
    std::optional<AdversarialPair> best_;
    bool stopped_ = false;
};

}  // namespace capnode
