// Following a decision boundary in floating point, proving a piece at a time.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "capnode/dynamics/decision_boundary.hpp"

namespace capnode {

using Point = std::array<double, 2>;

/// The margin and its gradient at a point: hints.
struct MarginAt {
    double value = 0.0;
    Point gradient{};
};

class BoundaryTrace {
  public:
    BoundaryTrace(const Classifier& classifier, std::size_t i, std::size_t k, const std::array<double, 4>& box,
                  const BoundaryOptions& options);

    /// By point; nothing where the trajectory is lost or the gradient vanishes.
    std::vector<std::optional<MarginAt>> look(const std::vector<Point>& points) const;
    /// A point of the curve near z, by Newton's method along the gradient; moves by `reach` at most.
    std::optional<Point> correct(const Point& z, double reach) const;
    /// The chain through a point of the curve, at most `most` pieces; empty where not even a first piece was proved.
    struct Chain {
        std::vector<BoundaryPiece> pieces;
        BoundaryChain summary;
    };
    Chain follow(const Point& seed, std::size_t most) const;

  private:
    struct Arm {  // one way from the seed, the first piece included
        std::vector<BoundaryPiece> pieces;
        bool closed = false;
        Verdict verdict = Verdict::no_convergence;
        std::string detail;
    };
    std::optional<MarginAt> look(const Point& z) const;
    std::optional<Frame> frame_at(const Point& z, const Point& direction, double half_length) const;
    std::optional<Result<BoundaryPiece>> first_piece(const Point& seed) const;
    void extend(Arm& arm, std::size_t most) const;
    bool outside(const std::array<Interval, 2>& z) const;

    const Classifier& classifier_;
    std::size_t i_, k_;
    std::array<double, 4> box_;
    const BoundaryOptions& options_;
    double longest_, shortest_;
};

}  // namespace capnode
