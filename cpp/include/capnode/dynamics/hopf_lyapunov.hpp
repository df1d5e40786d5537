// The first Lyapunov coefficient at a proved Hopf point, with the full quadratic terms, and the speed of the crossing.
//
// Kuznetsov, Elements of Applied Bifurcation Theory, ch. 5: with J q = i w q, p^H J = i w p^H, |q|_2 = 1, p^H q = 1,
//     l1 = 1/(2w) Re p^H ( C(q,q,conj q) + 2 B(q, h11) + B(conj q, h20) ),
//     h11 = -J^-1 B(q, conj q),   h20 = (2 i w - J)^-1 B(q, q).
// No left vector is needed: the bordered system (J - i w) z - v mu = g, psi z = 0 multiplied by p^H gives
// p^H g = -(p^H v) mu. So for any eigenvector v, with the forms taken at v instead of q = v/|v|,
//     l1 = -Re mu(g) / (2 w |v|^2),      g = C(v,v,conj v) + 2 B(v, h11(v)) + B(conj v, h20(v)),
// and d Re(lambda)/dp = Re p^H (f_xp v + f_xx[v, x_p]) / p^H v = -Re mu(c),  x_p = -J^-1 f_p.
#pragma once

#include <optional>
#include <string>

#include "capnode/dynamics/hopf_pair_solver.hpp"
#include "capnode/dynamics/hopf_system.hpp"
#include "capnode/numerics/interval.hpp"

namespace capnode::hopf {

/// d Re(lambda)/dp over the base, for the eigenvectors in v; empty where J could not be inverted.
std::optional<Interval> crossing_speed(const Field& field, const Base& base, const ComplexBallMatrix& v,
                                       const BallMatrix& f_p, const PairSolver& solver);

struct Lyapunov {
    Interval l1 = Interval::whole();
    std::vector<Interval> h11;  // empty where J could not be inverted
    ComplexBallMatrix h20;      // empty where 2 i w may be an eigenvalue
    std::string missing;        // why l1 could not be enclosed, else empty
};

/// Encloses l1, h11, h20 for every point of the base, frequency in w and eigenvector in v.
Lyapunov lyapunov_coefficient(const Field& field, const Base& base, const Interval& w, const ComplexBallMatrix& v,
                              const PairSolver& solver);

/// sum_k |v_k|^2.
Interval square_norm(const ComplexBallMatrix& v);
/// v / |v|.
ComplexBallMatrix normalised(const ComplexBallMatrix& v);

}  // namespace capnode::hopf
