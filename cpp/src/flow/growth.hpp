// How fast differences of solutions grow inside a step, from an enclosure of the Jacobian over the tube (see the
// theorem in flow.hpp):
//     components  exp(h M+) v, small systems
//     2-norm      exp(integral of mu_2) |v|_2, large ones: lambda_max of the symmetric part at the middle of the step,
//                 proved by one Cholesky factorisation, and the operator norm of what J varies about it
#pragma once

#include <cstddef>
#include <vector>

#include "capnode/numerics/matrix.hpp"

namespace capnode {

class Growth {
  public:
    static bool componentwise(std::size_t n) { return n <= 16; }

    explicit Growth(std::size_t n) : n_(n), exponential_(n * n, 0.0), hm_(n * n, 0.0), term_(n * n), next_(n * n) {}

    /// J in mid +- rad for all times of the step, of length |h|, entries `stride` apart; `sign`: direction of time.
    void set(const double* mid, const double* rad, std::size_t stride, double h, double sign);
    /// |h M+|_inf.
    double norm() const { return norm_; }
    /// Upper bounds E of exp(h M+), n x n by rows.
    const double* exponential() const { return exponential_.data(); }
    /// out = E v for v >= 0.
    void apply(const double* v, double* out) const;

  private:
    std::size_t n_;
    double norm_ = 0.0;
    std::vector<double> exponential_, hm_, term_, next_;
};

/// Storage of logarithmic_norm, kept from call to call.
struct LogNormWork {
    Matrix symmetric, shifted;
    AlignedVector basis;
};

/// Upper bound of lambda_max of the symmetric part of sign * a (exact numbers, entries `stride` apart). `guess` is a
/// vector of n numbers kept from call to call, a hint.
double logarithmic_norm(const double* a, std::size_t stride, std::size_t n, double sign, std::vector<double>& guess,
                        LogNormWork& work);

/// Upper bound of |a|_2.
double spectral_norm(const Matrix& a);

/// e^x rounded up.
double exponential_up(double x);

}  // namespace capnode
