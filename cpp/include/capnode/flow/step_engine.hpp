// One validated polynomial step for a group of lanes: the Taylor polynomial in plain doubles, and a posteriori ONE
// radius per row of every register, valid on the whole step.
//
// Scaled time. With tau = t / scale (scale per lane, negative backward) all series are in tau, and hold on
// tau in [0, theta]. A series a has the norms ||a|| = sum_k |a_k| theta^k >= sup |a|, ||a||' = sum_k k |a_k| theta^k
// and the suffix sums suf_a[k] = sum_{j>=k} |a_j| theta^j. theta can be lowered without touching a coefficient, so a
// step that was too long is tried again shorter for the price of the radii alone.
//
// Radii. For every register: |v(tau) - V(tau)| <= radius for all tau in [0, theta], where v is what the register's
// exact operations give along every curve within `state_radius` of the polynomial P of the state, for every weight in
// the weight radius. Formulas and proofs stand above the code of each operation (step_radii.cpp, step_integrals.cpp); N
// is the order of the series:
//     linear        |W| r_a + rounding
//     a b           ||a|| r_b + ||b|| r_a + r_a r_b + sum_i |a_i| suf_b[N+1-i] + rounding
//     f (integral)  pure error of U' = W V' by integration or Gronwall, + sup |f'| r_v
// Only absolute sums of coefficients enter: O(N) a row, where a second recurrence in balls would cost O(N^2).
//
// Defect: integral over [0, theta] of |P' - scale f(P)|, per row. Tangents likewise: Q the series of the matrix
// solution of Q' = scale J(P) Q, Q(0) = I, with the integral of |Q' - scale J(x) Q| for all curves x within the state
// radius.
//
// Source: radii polynomials for the initial value problem (methods, Flow); the residual forms are own derivations.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "capnode/flow/tangent_tile.hpp"
#include "capnode/flow/taylor_program.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

struct StepKernels;

class StepEngine {
  public:
    /// lanes: 1 or a multiple of 8. `order` p >= 2: degree of P; `extra` q >= 1: the series of all registers have order
    /// N = p - 1 + q. Tangents of all rows of the state to degree `tangent_order` <= p; 0: no tangents. A low degree
    /// does where they only carry small sets from step to step.
    StepEngine(std::shared_ptr<const TaylorProgram> program, std::size_t lanes, std::size_t order, std::size_t extra,
               std::size_t tangent_order);

    std::size_t lanes() const { return lanes_; }
    std::size_t rows() const { return program_->rows(); }
    std::size_t order() const { return order_; }

    // ---- values; arrays are [row * lanes + lane] ----
    double* centre() { return coefficient(state_, 0); }  ///< set before coefficients()
    void coefficients(const double* scale);              ///< scale[lane]
    const double* coefficient(std::size_t k) const { return coefficient(state_, k); }
    void set_domain(const double* theta);  ///< theta[lane] > 0
    /// state_radius may be null: the polynomial itself. `ball`: the state stays within the 2-norm state_radius[lane]
    /// (all rows hold that number).
    void radii(const double* state_radius, bool ball = false);
    const double* defect() const { return defect_.data(); }
    /// Of one lane, where `norms` were asked for: the integral of |P' - scale f(P)|_2 is at most |defect|_2 + this.
    double unmatched_norm(std::size_t lane) const;
    /// P(tau), tau[lane] in [0, theta], with a bound of the rounding of this evaluation.
    void evaluate(const double* tau, double* value, double* error) const;
    /// P(tau) - P(0) = lead + rest, to within error.
    void increment(const double* tau, double* lead, double* rest, double* error) const;
    /// Bounds of |P(tau) - P(0)| over [0, theta].
    void range(double* variation) const;

    // ---- tangents; arrays are [(row * rows + column) * lanes + lane] ----
    /// False where `stop` said so on the way; then nothing of the tangents is valid. Asked once an order, in systems so
    /// large that a step takes long.
    bool tangent_coefficients(const std::function<bool()>& stop = {});
    std::size_t tangent_order() const { return tangent_order_; }
    /// sum_k factor[k] |coefficient k of Q| theta^k, k = 0..tangent_order, of every entry; factor >= 0.
    void tangent_sum(const double* factor, double* out);
    /// max |coefficient k of Q| of one lane; +inf where one is NaN.
    double largest_tangent(std::size_t k, std::size_t lane) const;
    /// Encloses J over the whole step and tube (after radii): mid and rad.
    void jacobian_range(double* mid, double* rad);
    /// J in the middle of the step (valid until the next call), and by lane bounds of |J(t) - that|_2, the largest and
    /// the average over the step.
    const double* jacobian_centre(double* largest, double* average);
    void tangent_defect(double* defect);  ///< after radii(tube): integrals per entry
    /// As unmatched_norm, of the defect of the tangents and the Frobenius norm.
    double unmatched_tangent_norm(std::size_t lane) const;
    void evaluate_tangent(const double* tau, double* value, double* error);  ///< error may be null
    /// Defects whose 2-norms will be taken: the norm of the integrals by row is at most the integral of the norm, not
    /// at least. With what is matched counted as if constant in time, defects have two shapes: it and each unmatched
    /// order.
    void use_norms() { norms_of_defects_ = true; }
    /// Of the tangents, which share out their tiles; the results are the same for any number.
    void use_threads(std::size_t threads) { threads_ = threads; }

  private:
    double* coefficient(Register r, std::size_t k) {
        return values_.data() + k * stride_ + program_->offset[r] * lanes_;
    }
    const double* coefficient(Register r, std::size_t k) const {
        return values_.data() + k * stride_ + program_->offset[r] * lanes_;
    }
    double* suffix(Register r, std::size_t k) { return suffix_.data() + k * stride_ + program_->offset[r] * lanes_; }
    double* at(AlignedVector& v, Register r) const { return v.data() + program_->offset[r] * lanes_; }
    double* tangent(TangentTile& tile, Register r, std::size_t k) const {
        return tile.series.data() + k * tile.stride + tangent_offset_[r] * tile.columns * lanes_;
    }
    double* tangent_at(AlignedVector& v, Register r) const { return v.data() + tangent_offset_[r] * columns_ * lanes_; }

    void reserve_scratch();
    // Passes over the program, an operation at a time (program_pass.hpp); each in the file named after it.
    struct Series;          // step_series.cpp
    struct TangentSeries;   // step_series.cpp
    struct Radii;           // step_radii.cpp
    struct TangentRadii;    // step_tangents.cpp
    struct JacobianRange;   // step_jacobian_range.cpp
    struct JacobianCentre;  // step_jacobian_centre.cpp
    void integral_radius(const Instruction& i);
    void tangent_norm(TangentTile& tile, Register of, double* out, std::size_t first = 0);
    void scatter(const TangentTile& tile, const double* from, double* to) const;
    static bool has_pure_error(const Instruction& i);
    void pure_error(const Instruction& i);
    void linear_product(const Instruction& i, const double* weight, const double* bias, const double* in, double* out,
                        std::size_t columns) const;

    std::shared_ptr<const TaylorProgram> program_;
    const StepKernels& kernels_;
    std::size_t lanes_, order_, top_;          // p and N
    std::size_t tangent_order_, tangent_top_;  // the same of the tangents
    bool with_tangents_;
    Register state_ = 0;
    std::size_t stride_ = 0, columns_ = 0, tangent_stride_ = 0;
    std::vector<std::size_t> tangent_offset_;
    std::vector<char> low_degree_;                       // registers that are linear in the state: degree <= p
    std::vector<char> is_state_;                         // registers that repeat all of it in order
    std::vector<std::vector<std::uint32_t>> selection_;  // rows of the state a register repeats; empty: it does not
    bool state_is_ball_ = false;
    bool scale_is_exact_ = false;  // every scale a power of two
    bool norms_of_defects_ = false;
    double matched_rounding() const;
    std::vector<double> norms_;
    std::vector<double> scale_;  // per lane
    std::vector<double> theta_;  // per lane
    AlignedVector weight_;       // theta^k rounded up, [k * lanes + lane]
    AlignedVector weighted_;     // room for as many
    AlignedVector values_, suffix_, first_, radius_, initial_error_, half_inverse_, defect_, scratch_, scratch2_;
    AlignedVector tail_, pure_, slope_;  // what the radii need of the domain alone
    std::vector<TangentTile> tiles_;
    std::size_t threads_ = 1;
    AlignedVector tangent_scratch_, tangent_scratch2_;
    AlignedVector jacobian_mid_, jacobian_rad_, jacobian_zero_;
};

}  // namespace capnode
