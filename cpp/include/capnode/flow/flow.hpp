// The flow: enclosures of solutions of x' = f(x, p, t) and of their derivatives by the initial point.
//
// Theorem (one step). Let P be a polynomial on [0, h], P(0) = x_bar, with integral of |P' - f(P)| <= D (rows), and let
// M >= J on the tube |x - P(t)| <= e (M_ii >= sup J_ii, M_ij >= sup |J_ij|, M+ its part with diagonal clipped at 0).
// For every |s| <= s_max: if exp(h M+) (s_max + D) < e row by row, the solution from x_bar + s exists on [0, h], stays
// in the tube, and  x(h) = P(h) + Phi s + w,  |w| <= exp(h M+) D,  for a matrix Phi with |Phi - Q(h)| <= exp(h M+) D_Q,
// where Q is the tangent polynomial and D_Q its integrated defect with J over the tube. Proof. The difference v = x - P
// obeys v' = J~(t) v - d with J~ a mean of J over the segment, inside the tube as long as v is; hence |v|' <= M |v| +
// |d| componentwise, |v(t)| <= exp(t M+) (|v(0)| + integral |d|) < e, and v cannot leave. The solution operator of v' =
// J~ v differs from Q by the operator with defect Q' - J~ Q. [] In high dimension the same with |.|_2 and the
// logarithmic norm: mu_2(J) <= m on the tube, exp(h max(m, 0)), and the integral of |P' - f(P)|_2 in place of D, which
// is at least |D|_2, not at most (StepEngine::use_norms). In small systems, where the derivative is wanted, the set is
// then known to stay in a thinner tube, along Q(t) s (LaneGroup::follow_tangents).
//
// Sets. x in x_bar + C r0 + S: C the tangent matrix of the initial box (directions with |r0_j| <= radii_j), S an
// ErrorSet. Derivatives: Y in Y_bar + S_Y, column by column. Parameters and time are rows of the state
// (taylor_program.hpp), so uncertain parameters are directions of the initial set.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/flow/taylor_program.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"
#include "capnode/proof/verdict.hpp"

namespace capnode {

class SpatialStep;

struct FlowOptions {
    std::size_t order = 0;       // degree of the step's polynomial; 0: chosen by the dimension
    std::size_t set_degree = 1;  // of the polynomials in the initial point that carry a set: set_degree.hpp
    double tolerance = 1e-12;    // aim for the error of a whole run, relative to max(1, |x|); > 0
    std::size_t max_steps = 100000;
    double max_seconds = infinity;
    // Of several starts: each thread takes a share of them; few starts of one field in 200 and more dimensions share
    // out the columns of the tangents instead. 0: as many as the machine has. The results do not depend on it.
    std::size_t threads = 1;
    bool derivative = false;            // enclose the derivative by the initial point too
    bool dense = false;                 // keep every step for enclosures at intermediate times
    double nonlinear_limit = infinity;  // give up where a set is that many times wider than its linear part
    bool linear_part = false;           // report centre + C r0 alone, too: a hint about the size of the set
    bool affine_form = false;           // report the final set as centre + C r0 + rest, too
    // Both may be empty, are called on the calling thread alone, and what they throw ends the call. `interrupted`, true
    // from when the run shall end with what it has (verdict `interrupted`), is asked before every step (of one lane or
    // of a group of lanes side by side), in long steps also once an order (where an order of the tangents has 2^16
    // entries and more), and every 2 ms while the calling thread waits for others. `progress` is told once a step which
    // share of the time is done; with several threads, which share of the calling thread's.
    std::function<bool()> interrupted;
    std::function<void(double)> progress;
};

/// { centre + directions r : |r_j| <= radii_j } for the state, every parameter in its interval, starting at time t0.
struct InitialSet {
    std::vector<double> centre;
    Matrix directions;          // dim x k; k may be 0
    std::vector<double> radii;  // k
    std::vector<Interval> parameter;
    Interval t0{0.0, 0.0};
};

/// { centre + directions r + e : |r_j| <= radii_j, |e| <= rest }: r are the same coordinates of the initial set for all
/// times, those of its directions that are not 0 first, then one for each uncertain parameter and for an uncertain
/// time. Of a Taylor model they are scaled to [-1, 1] (radii 1), and directions too thin to carry are part of the rest.
struct AffineForm {
    std::vector<double> centre;  // n
    Matrix directions;           // n x k
    std::vector<double> radii;   // k
    std::vector<double> rest;    // n
};

/// One step kept for dense output: t from start to start + length (signed).
struct FlowStep {
    double start = 0.0;
    double length = 0.0;
    double scale = 1.0;         // tau = (t - start) / scale
    Matrix polynomial;          // dim x (order + 1), in tau
    std::vector<double> tube;   // |x(t) - P| <= tube, row by row, on the whole step
    std::vector<Interval> end;  // the enclosure at start + length
    std::shared_ptr<const SpatialStep>
        spatial;  // of a Taylor model: sharper than `polynomial` and `tube`, which hold too
};

struct FlowResult {
    Verdict verdict = Verdict::no_convergence;  // proved: the whole time was reached
    std::string detail;
    double reached = 0.0;  // the time up to which everything is proved
    std::size_t steps = 0;
    std::size_t set_degree = 1;                  // what the set was carried by
    std::vector<Interval> final;                 // at `reached`
    std::vector<Interval> derivative;            // dim x dim, by rows; empty unless asked for
    std::vector<Interval> parameter_derivative;  // dim x parameter_dim, likewise; by the polynomial step alone
    std::vector<Interval> initial;               // hull of the initial set
    std::vector<FlowStep> trajectory;            // where dense
    std::vector<Interval> linear;                // where asked for: final without what is not linear; no enclosure
    AffineForm affine;                           // where asked for: the set of `final`
};

/// Integrates from t0 over `duration` (signed; 0 gives the initial set) for every solution that starts in the set.
FlowResult integrate(const Field& field, const InitialSet& start, double duration, const FlowOptions& options);

/// Many initial sets through the same field, side by side in groups of lanes; results in the order of `starts`.
std::vector<FlowResult> integrate_lanes(const Field& field, const std::vector<InitialSet>& starts,
                                        const std::vector<double>& durations, const FlowOptions& options);

}  // namespace capnode
