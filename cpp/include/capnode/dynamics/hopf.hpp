// Theorem (Hopf point). Let x' = f(x, p) with one parameter p, J = f_x. `proved` means: for every network in the weight
// ball of the field there are p, x, w > 0 and q != 0 in the enclosures such that
//   (1) f(x, p) = 0 and J is invertible, so the equilibrium continues uniquely through p;
//   (2) J q = i w q, and i w is an algebraically simple eigenvalue;
//   (3) no eigenvalue of J other than +-i w lies on the imaginary axis;
//   (4) the pair crosses the axis with non-zero speed, d Re(lambda)/dp != 0.
// By Hopf's theorem (Kuznetsov, Elements of Applied Bifurcation Theory, ch. 3, 5; Marsden-McCracken) a branch of
// periodic orbits is born there. Its side and the small cycle's stability follow from (5), the sign of the first
// Lyapunov coefficient l1; where its enclosure holds 0, the branch is proved and the criticality is `undetermined`.
// `not proved` says nothing about existence; the verdict names the hypothesis that could not be checked.
#pragma once

#include <complex>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"
#include "capnode/proof/verdict.hpp"

namespace capnode {

class Field;

/// A floating-point approximation of a Hopf point; never a fact.
struct HopfHint {
    double parameter_bar = 0.0;
    double frequency_bar = 0.0;  // > 0
    std::vector<double> state_bar;
    std::vector<std::complex<double>> eigenvector_bar;  // f_x v = i w v, any scale
};

/// The box in which the augmented system F(p, w, x, v) = (f, f_x v - i w v, psi v - 1) has exactly one zero, for every
/// network of the weight ball. `state` and `eigenvector` radii are entrywise (moduli for the complex entries).
struct HopfIsolation {
    HopfHint centre;                        // the point X_bar; psi v_bar is close to 1
    std::vector<std::complex<double>> psi;  // a fixed row vector, exact floats
    // |X - X_bar| <= radius holds for exactly one zero X ...
    double parameter_radius = 0.0;
    double frequency_radius = 0.0;
    std::vector<double> state_radius;
    std::vector<double> eigenvector_radius;
    // ... and that zero lies within these radii of X_bar.
    double parameter_error = 0.0;
    double frequency_error = 0.0;
    std::vector<double> state_error;
    std::vector<double> eigenvector_error;
};

enum class Criticality { undetermined, subcritical, supercritical };
const char* name(Criticality criticality);

struct HopfPoint {
    struct Theorem;

    Interval parameter;
    Interval frequency;
    std::vector<Interval> state;
    ComplexBallMatrix eigenvector;  // n x 1, Euclidean norm 1, the phase of the hint
    Interval transversality;        // d Re(lambda)/dp along the branch of equilibria
    Interval lyapunov_coefficient;  // |q|_2 = 1, <p, q> = 1; the whole line where it could not be enclosed
    Criticality criticality = Criticality::undetermined;
    std::string criticality_reason;       // why it is undetermined, else empty
    std::size_t unstable_dimension = 0;   // eigenvalues with positive real part besides the pair
    std::optional<bool> cycle_is_stable;  // of the small cycle; empty where it could not be decided
    std::vector<Interval> h11;  // -J^-1 B(q, conj q): centre manifold, w in C^n: x = z q + c.c. + h11 |z|^2 + ...
    ComplexBallMatrix h20;      // (2 i w - J)^-1 B(q, q), n x 1; empty where 2 i w may be an eigenvalue
    HopfIsolation isolation;
};

struct HopfOptions {
    std::function<bool()> interrupted;  // polled between stages and from the calling thread only; may be empty
};

/// Proves a Hopf point near the hint, by no use of structure: a bordered Newton operator with exact inverse in ball
/// arithmetic (no dense (3n+2) system), jets for the second and third derivatives, one verified eigenbasis.
/// Throws std::invalid_argument where the shapes do not fit or the field has not exactly one parameter.
Result<HopfPoint> prove_hopf(const Field& field, const HopfHint& hint, const HopfOptions& options = {});

/// Floating-point Newton iteration on the augmented system; a search, never a proof.
struct HopfRefinement {
    HopfHint hint;
    int iterations = 0;
    double residual = infinity;   // max norm of the scaled augmented system at the result
    double last_step = infinity;  // relative size of the last Newton step
    bool converged = false;       // last_step <= 1e-9, frequency > 0, all finite
};
HopfRefinement refine_hopf_candidate(const Field& field, const HopfHint& start, int max_iterations = 12);

/// Do two proved points of one field agree? Decided by proof: `same` where the enclosure of one, its eigenvector
/// normalised by the other's psi, lies in the other's uniqueness box; `different` where enclosures are disjoint.
enum class Identity { same, different, unknown };
const char* name(Identity identity);
Identity same_solution(const HopfPoint& a, const HopfPoint& b);

}  // namespace capnode
