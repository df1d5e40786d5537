// Equilibria f(x, p) = 0, their isolation and their linear stability.
//
// Theorem. For every p in the box `parameter` (and every member of a field with weight radius) the field has exactly
// one equilibrium in `isolation`; it lies in `state`; the Jacobian J = f_x is nonsingular there. Its eigenvalues lie in
// the discs `eigenvalues`; `unstable_dimension` (`stable_dimension`) counts those with positive (negative) real part,
// with multiplicity, where the enclosures decide it. Where both are decided and add up to n, the equilibrium is
// hyperbolic.
//
// Method. Float Newton finds x_bar. Krawczyk's test (krawczyk.hpp) with the residual in double-double on a small box
// about x_bar gives existence and the sharp enclosure; the same test on the largest box x_bar +- R that passes gives
// the isolation: the small box lies in the large one, so both speak of one zero. J over the enclosure then goes
// to the verified spectrum (spectrum.hpp). An undecided spectrum does not unprove the equilibrium.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/proof/verdict.hpp"
#include "capnode/proof/zero_operator.hpp"
#include "capnode/proof/zero_problem.hpp"

namespace capnode {

struct EquilibriumTheorem;

struct Equilibrium {
    using Theorem = EquilibriumTheorem;

    std::vector<Interval> parameter;       // the theorem holds for every p in it
    std::vector<Interval> state;           // contains the equilibrium
    std::vector<Interval> isolation;       // contains no other
    std::vector<double> x_bar;             // hint
    double contraction = 0.0;              // of the Newton-like map on `isolation`
    std::vector<ComplexBall> eigenvalues;  // discs that together hold all eigenvalues; empty where none were found
    std::optional<int> unstable_dimension;
    std::optional<int> stable_dimension;
};

/// Polled between steps, from the calling thread; may be empty. True: stop, verdict `interrupted`.
using Poll = std::function<bool()>;

/// A search in plain floating point from `near` (damped Newton, a homotopy, Levenberg-Marquardt); nothing where it does
/// not converge. A hint: no claim.
std::optional<std::vector<double>> find_equilibrium_bar(const Field& field, const std::vector<double>& near,
                                                        const std::vector<double>& p_bar, const Poll& interrupted = {});

/// The theorem at the approximation x_bar, for every p in the box `p`.
Result<Equilibrium> prove_equilibrium(const Field& field, const std::vector<double>& x_bar,
                                      const std::vector<Interval>& p = {}, const Poll& interrupted = {});

/// The same with Krawczyk's operator and the Jacobian as another engine computes them (zero_operator.hpp).
Result<Equilibrium> prove_equilibrium(const Field& field, const std::vector<double>& x_bar,
                                      const std::vector<Interval>& p, const ZeroOperator& op,
                                      const Poll& interrupted = {});

/// find_equilibrium_bar at the middle of `p`, then prove_equilibrium.
Result<Equilibrium> equilibrium(const Field& field, const std::vector<double>& near,
                                const std::vector<Interval>& p = {}, const Poll& interrupted = {});

}  // namespace capnode
