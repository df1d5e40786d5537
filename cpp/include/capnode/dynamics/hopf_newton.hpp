// The Newton operator of the augmented system with the exact inverse of F'(X_bar), applied in ball arithmetic by
// elimination, and the existence and uniqueness theorem that rests on it.
//
// L = F'(X_bar) maps (dp, dw, dx, dv) to
//     J dx + f_p dp,    (J - i w) dv + D^2 f[(v,0),(dx,dp)] - i dw v,    psi dv.
// Given (r_f, r_e, r_psi), and once x_p = -J^-1 f_p, c = D^2 f[(v,0),(x_p,1)], (z2, mu2) = B(c, 0) with the bordered
// system B of hopf_pair_solver.hpp:
//     a = J^-1 r_f,  (z1, mu1) = B(r_e - D^2 f[(v,0),(a,0)], r_psi),
//     dp = Re mu1 / Re mu2,  dw = Im mu1 - dp Im mu2,  dx = a + dp x_p,  dv = z1 - dp z2.
// For dx = a + dp x_p solves the first line, and the second needs B(...) = (dv, i dw) with (dv, mu) = (z1, mu1) - dp
// (z2, mu2), so Re mu1 = dp Re mu2. Hence L is invertible where J and B are and Re mu2 != 0. At a Hopf point mu2 = -d
// lambda/dp.
//
// Theorem. N(X) = X - L^-1 F(X). With Y >= |L^-1 F(X_bar)| and T(s) >= |L^-1 F''(X)[d, h]| for all X in X_bar ± s,
// |d|, |h| <= s (components: moduli), if
//     Y + T(s)/2 <= s   and   T(s) <= q s,  q < 1,  0 < s < inf,     all componentwise,
// then F has exactly one zero X* in the box X_bar ± s, and X* in X_bar - L^-1 F(X_bar) ± T(s)/2.
// Proof. N(X_bar + d) - X_bar = -L^-1 F(X_bar) - L^-1 int_0^1 (1-t) F''(X_bar + t d)[d, d] dt (Taylor, F'(X_bar) = L),
// of moduli
// <= Y + T/2: a self-map of the box. N'(X) h = -L^-1 int_0^1 F''(X_bar + t d)[d, h] dt for X = X_bar + d, of moduli <=
// T <= q s where |h| <= s: a contraction in the norm max_k |h_k|/s_k on the convex box. Banach; zeros of F are fixed
// points of N. With a weight radius every quantity is enclosed for each network by itself, so each has exactly one zero
// in the box.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "capnode/dynamics/hopf_pair_solver.hpp"
#include "capnode/dynamics/hopf_system.hpp"

namespace capnode::hopf {

class NewtonOperator {
  public:
    /// Null with verdict and reason where L could not be proved invertible.
    struct Failure {
        Verdict verdict = Verdict::augmented_singular;
        std::string detail;
    };
    static std::optional<NewtonOperator> of(const Field& field, HopfHint x_bar, std::vector<std::complex<double>> psi,
                                            const PairSolver& solver, const BallMatrix& f_p, Failure& failure);

    /// L^-1 r.
    AugmentedSet apply_inverse(const AugmentedValue& r) const;
    /// -L^-1 F(X_bar).
    const AugmentedSet& correction() const { return correction_; }
    const Radii& Y() const { return Y_; }
    Radii T(const Radii& s) const;

    const ComplexBall& mu2() const { return mu2_; }
    /// |dX| per unit of dp along the kernel of everything but the real part of the bordered system.
    Radii sensitivity() const;

  private:
    NewtonOperator() = default;
    const Field* field_ = nullptr;
    const PairSolver* solver_ = nullptr;
    HopfHint x_bar_;
    std::vector<std::complex<double>> psi_;
    ComplexBallMatrix v_;
    Base base_;
    ComplexBallMatrix x_p_;
    ComplexBallMatrix z2_;
    ComplexBall mu2_;
    Ball re_mu2_;
    Ball im_mu2_;
    AugmentedSet correction_;
    Radii Y_;
};

/// What the theorem above gave.
struct Existence {
    bool proved = false;
    Radii s;                        // a box with exactly one zero
    double self_map = infinity;     // max (Y + T/2)/s at s
    double contraction = infinity;  // max T/s at s
    AugmentedSet enclosure;         // of the zero, tight
    Radii error;                    // |X* - X_bar|
    Radii isolation;                // the largest box found with exactly one zero (>= s where it is proved)
};

/// Componentwise iteration s <- 1.05 (Y + 1.1 T(s)) from s = Y, then larger boxes for isolation.
Existence prove_existence(const NewtonOperator& newton, const HopfHint& x_bar);

}  // namespace capnode::hopf
