#include "capnode/dynamics/hopf_lyapunov.hpp"

#include <cmath>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/number_text.hpp"

namespace capnode::hopf {
namespace {

ComplexBall entry(const ComplexBallMatrix& m, std::size_t k) { return {m.mid.re(k, 0), m.mid.im(k, 0), m.rad(k, 0)}; }

ComplexBall complex_ball(const Ball& x) { return {x.mid, 0.0, x.rad}; }

}  // namespace

Interval square_norm(const ComplexBallMatrix& v) {
    double low = 0.0;
    double high = 0.0;
    for (std::size_t k = 0; k < v.rows(); ++k) {
        const double least = mignitude_down(entry(v, k));
        const double most = magnitude_up(entry(v, k));
        low = add_down(low, multiply_down(least, least));
        high = add_up(high, multiply_up(most, most));
    }
    return {low, high};
}

ComplexBallMatrix normalised(const ComplexBallMatrix& v) {
    return scale(v, complex_ball(to_ball(quotient(Interval(1.0), sqrt(square_norm(v))))));
}

std::optional<Interval> crossing_speed(const Field& field, const Base& base, const ComplexBallMatrix& v,
                                       const BallMatrix& f_p, const PairSolver& solver) {
    const auto minus_x_p = solver.inverse(to_complex(f_p));
    if (!minus_x_p) return std::nullopt;
    const ComplexBallMatrix x_p = to_complex(real_part(negate(*minus_x_p)));
    const ComplexBallMatrix c = second_derivative(field, base, {{}, v}, {{1.0, 0.0, 0.0}, x_p});
    return -real_part(solver.bordered(c, {}).mu);
}

Lyapunov lyapunov_coefficient(const Field& field, const Base& base, const Interval& w, const ComplexBallMatrix& v,
                              const PairSolver& solver) {
    Lyapunov out;
    const ComplexBallMatrix v_conj = conjugate(v);
    const MixedDerivatives d = mixed_derivatives(field, base, {{}, v}, {{}, v}, {{}, v_conj});
    const Interval norm2 = square_norm(v);
    const ComplexBall per_norm2 = complex_ball(to_ball(quotient(Interval(1.0), norm2)));

    // B(v, conj v) is real where v and conj v are conjugate: keep the real part.
    const auto minus_h11 = solver.inverse(to_complex(real_part(d.ac)));
    if (!minus_h11) {
        out.missing = "J could not be inverted: contraction number " + number_text(solver.inverse_margin().value);
        return out;
    }
    const ComplexBallMatrix h11 = to_complex(real_part(negate(*minus_h11)));
    const BallMatrix h11_of_q = real_part(scale(h11, per_norm2));
    for (std::size_t k = 0; k < v.rows(); ++k) {
        out.h11.push_back(to_interval(Ball{h11_of_q.mid(k, 0), h11_of_q.rad(k, 0)}));
    }
    const auto minus_h20 = solver.inverse_at_twice(d.ab);
    if (!minus_h20) {
        out.missing = "2 i w may be an eigenvalue (1:2 resonance): the contraction number " +
                      number_text(solver.twice_margin().value) + " of J - 2 i w is not below " +
                      number_text(solver.twice_margin().bound);
        return out;
    }
    const ComplexBallMatrix h20 = negate(*minus_h20);
    out.h20 = scale(h20, per_norm2);

    const ComplexBallMatrix with_h11 = second_derivative(field, base, {{}, v}, {{}, h11});
    const ComplexBallMatrix with_h20 = second_derivative(field, base, {{}, v_conj}, {{}, h20});
    const ComplexBallMatrix g = add(add(d.abc, scale(with_h11, ComplexBall{2.0, 0.0, 0.0})), with_h20);
    const Interval mu = real_part(solver.bordered(g, {}).mu);
    out.l1 = quotient(-mu, Interval(2.0) * w * norm2);
    return out;
}

}  // namespace capnode::hopf
