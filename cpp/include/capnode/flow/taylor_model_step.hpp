// One validated polynomial step for a whole set of starting points: step_engine.hpp with polynomials in the initial
// point for coefficients.
//
// Every register is a polynomial a(tau, r) = sum a_{k,m} tau^k r^m, tau in [0, theta], r in [-1, 1]^m, of time order
// k <= N and spatial weight w(m) <= d (spatial_basis.hpp), with the norm ||a|| = sum |a_{k,m}| theta^k >= sup |a|,
// which is submultiplicative; and ONE radius per row: |v(tau) - a(tau, r)| <= radius for every r, every tau, where v is
// what the register's exact operations give along every curve within `state_radius` of the polynomial P(., r) of the
// state.
//
// Time is one more variable. With the grade k + w(m) of a term, the path s -> (s tau, s^{w_i} r_i), s in [0, 1], runs
// from (0, 0) to (tau, r) inside the domain, and along it s d/ds multiplies each term of a(s) by its grade: R a. So
// U = f(V) solves s dU/ds = f'(V) s dV/ds, its coefficients follow from
//     grade u_{k,m} = sum over (k1, a) + (k2, b) = (k, m) of w_{k1,a} grade(k2, b) v_{k2,b}
// for time and space at once, and every inequality of step_engine.cpp about int_0^theta dtau becomes one about
// int_0^1 ds/s along the path: a term g_{k,m} of grade >= 1 contributes at most |g_{k,m}| theta^k / grade.
// What a product leaves out, orders beyond N or weights beyond d, is bounded by sums of products of the norms by
// (order, weight); rounding by gamma_c ||a|| ||b||, c the largest number of operations of one coefficient.
//
// Defect: for every r, the integral over [0, theta] of |P' - scale f(P)|, per row. Source: Taylor models of
// Berz and Makino; the residual forms are own derivations.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "capnode/flow/spatial_basis.hpp"
#include "capnode/flow/taylor_program.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

class TaylorModelStep {
  public:
    /// `order` N >= 2: the degree of P in time.
    TaylorModelStep(std::shared_ptr<const TaylorProgram> program, std::shared_ptr<const SpatialBasis> basis,
                    std::size_t order);

    std::size_t rows() const { return program_->rows(); }
    std::size_t order() const { return top_; }
    const SpatialBasis& basis() const { return *basis_; }

    /// P(0, .) of a row: basis().size() coefficients, set before coefficients().
    double* start(std::size_t row) { return row_of(row); }
    /// tau = t / scale.
    void coefficients(double scale);
    /// Coefficient k of P of a row: basis().size() numbers.
    const double* coefficient(std::size_t row, std::size_t k) const {
        return values_.data() + (row * (top_ + 1) + k) * size_;
    }
    /// sum over m of |P_{k,m}| of a row; over the monomials of one weight.
    double order_norm(std::size_t row, std::size_t k) const;
    double level_norm(std::size_t row, std::size_t k, std::size_t weight) const {
        return raw_[(row * (top_ + 1) + k) * levels_ + weight];
    }
    void set_domain(double theta);  ///< theta > 0
    /// state_radius: rows() numbers, or null for the polynomial itself.
    void radii(const double* state_radius);
    const double* defect() const { return defect_.data(); }
    /// J over all r, the whole step and the tube of the last radii(): rows() x rows() by rows.
    void jacobian(double* mid, double* rad) const;
    /// P(theta, .), rows() x basis().size(), and for each row a bound of the rounding of all its coefficients together.
    void end(double* value, double* error) const;

  private:
    struct Norms {
        double all = 0.0;        // ||a||
        double variation = 0.0;  // ||a|| without the constant term
        double graded = 0.0;     // ||R a||
    };
    double* row_of(std::size_t row) { return values_.data() + row * (top_ + 1) * size_; }
    const double* row_of(std::size_t row) const { return values_.data() + row * (top_ + 1) * size_; }
    std::size_t first(Register r) const { return program_->offset[r]; }
    /// out[m] = sum of a_{k1,i} b_{k-k1,j} over all k1 and pairs (i, j) of m, for the monomials m of one weight; `out`
    /// is none of the inputs.
    void convolve(double* out, const double* a, const double* b, std::size_t k, std::size_t weight) const;
    void block(const Instruction& i, std::size_t k, std::size_t weight);
    void measure(std::size_t row);
    double tail(const double* a, const double* b) const;
    void radius(const Instruction& i);
    double pure_error(const Instruction& i, std::size_t j) const;
    Interval range(std::size_t row) const;

    std::shared_ptr<const TaylorProgram> program_;
    std::shared_ptr<const SpatialBasis> basis_;
    std::size_t top_, size_, levels_;
    double gamma_;  // of one coefficient of a product
    double scale_ = 1.0, theta_ = 1.0;
    std::vector<double> weight_;  // theta^k rounded up
    AlignedVector values_;        // [row][k][m]
    AlignedVector graded_;        // R a of the registers that need it, likewise
    std::vector<char> needs_graded_;
    std::vector<double> raw_;            // sum of |a_{k,m}| over the m of a weight: [row][k][weight]
    std::vector<double> norm_, grades_;  // the same times theta^k, and times the grade
    std::vector<Norms> norms_;           // per row
    std::vector<double> initial_error_, own_, radius_, defect_, product_;
};

}  // namespace capnode
