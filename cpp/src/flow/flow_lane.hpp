// One trajectory between steps: its centre, its sets, its clock. See flow.hpp for the theorem of a step.
//
// Two ways to carry what is not known:
//     tube  one number e, |x - centre|_2 <= e: grows by exp(integral of mu_2), costs no tangents. For a point over a
//           short time, in large systems.
//     sets  x in centre + C r0 + G z + S, Y in Y_bar + S_Y; |z_j| <= 1. What a step adds to a wide set is first kept as
//           generators G, which no step wraps; only the smallest of them, when there are too many, go into S.
// The switch from tube to sets: see flow.cpp.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "capnode/flow/error_set.hpp"
#include "capnode/flow/flow.hpp"

namespace capnode {

class FlowLane {
  public:
    /// `tube`: start with a tube, for a set that is a single point.
    FlowLane(const TaylorProgram& program, const InitialSet& start, double duration, bool derivative, bool tube);
    /// Whether a set is a single point, parameters and time included.
    static bool is_point(const InitialSet& start);

    const std::vector<double>& centre() const { return centre_; }
    /// Upper bounds of |x - centre| over the set.
    const std::vector<double>& magnitude() const { return magnitude_; }
    /// Upper bound of |x - centre|_2.
    double euclidean() const { return euclidean_; }
    /// Signed time still to go, exactly: all steps but the last are multiples of grid(), so that no sum rounds.
    double remaining() const { return duration_ - elapsed_; }
    double elapsed() const { return elapsed_; }
    double duration() const { return duration_; }
    double grid() const { return grid_; }
    /// Ends the trajectory at the multiple of grid() next to `time` instead, which lies between now and the old end.
    void set_end(double time);

    /// What the step proves: centre value with its rounding, Phi_bar (n x n by rows) with its bound, the grown defect.
    struct Step {
        double length = 0.0;
        const double* centre = nullptr;
        const double* centre_error = nullptr;
        /// Where given, P(h) = the lane's centre + increment + increment_rest, to within centre_error, and `centre` is
        /// not read: then what the sum rounds off is kept.
        const double* increment = nullptr;
        const double* increment_rest = nullptr;
        const double* phi = nullptr;
        const double* phi_error = nullptr;  // entrywise |Phi - Phi_bar|; not read where by_norm
        const double* defect = nullptr;     // entrywise; where by_norm: of the rows without motion only
        bool by_norm = false;
        double defect_norm = 0.0;  // |grown defect|_2
        double phi_norm = 0.0;     // |Phi - Phi_bar|_2
        /// Where given, |(Phi - Phi_bar) y|_2 <= phi_defect_growth |phi_defect |y||_2 + phi_rest_norm |y|_2.
        const double* phi_defect = nullptr;
        double phi_defect_growth = 0.0;
        double phi_rest_norm = 0.0;
    };
    struct Scratch {
        explicit Scratch(std::size_t n) : d(n), box_size(n), overflow(n), dy(n * n), size(n * n), product(n, n) {}
        std::vector<double> d, box_size, overflow, dy, size;
        Matrix product;
    };
    void advance(const Step& step, Scratch& scratch);
    /// |phi v| row by row over all v of the set x - centre, but for the rounding of the products, which is below
    /// 2 (n + 4) u |phi| times magnitude(); phi n x n by rows.
    void image_magnitude(const double* phi, double* out) const;
    /// Directions the set is made of: what image_magnitude costs, in products with phi.
    std::size_t directions() const { return radii_.size() + n_; }
    /// The clock starts again for another duration, under another field of the same rows; the sets stay.
    void begin_stage(double duration);
    /// A set wide enough for steps to be kept short beside its growth, as it is what is not linear that counts.
    bool is_wide() const;
    /// Largest width against the largest of the linear part centre + C r0; infinite where that is a point.
    double nonlinearity() const;
    /// In a tube: x(h) = P(h) + v, |v|_2 <= radius.
    void advance_tube(double length, const double* centre, double radius);
    void leave_tube();
    bool in_tube() const { return in_tube_; }
    /// Whether the initial set, parameters and time included, is more than a point.
    bool is_box() const { return !radii_.empty(); }

    std::vector<Interval> enclosure(std::size_t dim) const;
    std::vector<Interval> derivative(std::size_t dim) const { return derivative(dim, 0, dim); }
    /// Of the first `dim` rows by the rows first, ..., first + count - 1 of the initial point.
    std::vector<Interval> derivative(std::size_t dim, std::size_t first, std::size_t count) const;
    /// centre + C r0: a hint.
    std::vector<Interval> linear_part(std::size_t dim) const;
    /// The set itself: centre + C r0 + rest.
    AffineForm affine_form(std::size_t dim) const;
    bool is_finite() const;

    std::size_t steps = 0;
    double step_factor = 1.0;  // remembered caution of the step size
    double defect_rate = 0.0;  // per time: what of the defect no shorter step takes away
    double last_length = 0.0;
    double last_speed = 0.0;          // |M|_inf of the last step's growth
    double tangent_share = 1e-8;      // a guess: |Phi - Q| over the step, against the set
    double tube_growth = 0.0;         // sum of the exponents of the tube so far
    std::vector<double> tube_ratio;   // by row: what the tube needed in the last step, against what flowed in
    std::vector<double> eigen_guess;  // of the logarithmic norm

  private:
    void refresh_magnitude();

    std::size_t n_, dim_;
    std::vector<double> centre_, magnitude_;
    std::vector<double> low_, next_centre_, next_low_;  // x in centre + low + C r0 + ...: what the last sum rounded off
    double euclidean_ = 0.0;
    void collect(const double* d, double* overflow);
    void move_centre(const Step& step, double* d);

    Matrix box_;                 // C, then G: n x k
    std::vector<double> radii_;  // r0, then ones
    std::size_t own_ = 0;        // columns of C
    std::vector<std::pair<double, std::size_t>> order_;
    ErrorSet error_;
    Matrix y_;
    std::optional<ErrorSet> y_error_;
    double duration_, elapsed_ = 0.0, grid_;
    bool in_tube_;
    double tube_radius_ = 0.0;
};

}  // namespace capnode
