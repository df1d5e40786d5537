#include "capnode/dynamics/hopf_system.hpp"

#include <array>

#include "capnode/field/directional.hpp"
#include "capnode/field/evaluate.hpp"
#include "capnode/field/jet.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/double_double.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode::hopf {
namespace {

BallMatrix point(const Ball& p) {
    BallMatrix out(1, 1);
    out.mid(0, 0) = p.mid;
    out.rad(0, 0) = p.rad;
    return out;
}

BallJetDirection jet_direction(const Direction& d) {
    BallJetDirection out;
    out.x = d.x;
    if (d.p.re != 0.0 || d.p.im != 0.0 || d.p.rad != 0.0) {
        out.p = ComplexBallMatrix(1, 1);
        out.p.mid.re(0, 0) = d.p.re;
        out.p.mid.im(0, 0) = d.p.im;
        out.p.rad(0, 0) = d.p.rad;
    }
    return out;
}

ComplexBallMatrix take_column(const ComplexBallMatrix& jet, std::size_t m) {
    ComplexBallMatrix out(jet.rows(), 1);
    for (std::size_t k = 0; k < jet.rows(); ++k) {
        out.mid.re(k, 0) = jet.mid.re(k, m);
        out.mid.im(k, 0) = jet.mid.im(k, m);
        out.rad(k, 0) = jet.rad(k, m);
    }
    return out;
}

}  // namespace

ComplexBallMatrix second_derivative(const Field& field, const Base& base, const Direction& a, const Direction& b) {
    const ComplexBallMatrix jet =
        third_order_jet(field, base.x, point(base.p), {jet_direction(a), jet_direction(b), BallJetDirection{}});
    return take_column(jet, monomial::e12);
}

MixedDerivatives mixed_derivatives(const Field& field, const Base& base, const Direction& a, const Direction& b,
                                   const Direction& c) {
    const ComplexBallMatrix jet =
        third_order_jet(field, base.x, point(base.p), {jet_direction(a), jet_direction(b), jet_direction(c)});
    return {take_column(jet, monomial::e12), take_column(jet, monomial::e13), take_column(jet, monomial::e23),
            take_column(jet, monomial::e123)};
}

Radii magnitudes(const AugmentedSet& set) {
    const std::size_t n = set.x.rows();
    Radii out(2 + 2 * n);
    out[0] = magnitude_up(set.p);
    out[1] = magnitude_up(set.w);
    for (std::size_t k = 0; k < n; ++k) {
        out[2 + k] = magnitude_up(Ball{set.x.mid(k, 0), set.x.rad(k, 0)});
        out[2 + n + k] = magnitude_up(ComplexBall{set.v.mid.re(k, 0), set.v.mid.im(k, 0), set.v.rad(k, 0)});
    }
    return out;
}

ComplexBallMatrix column(const std::vector<std::complex<double>>& v) {
    ComplexBallMatrix out(v.size(), 1);
    for (std::size_t k = 0; k < v.size(); ++k) {
        out.mid.re(k, 0) = v[k].real();
        out.mid.im(k, 0) = v[k].imag();
    }
    return out;
}

BallMatrix column(const std::vector<double>& x) {
    BallMatrix out(x.size(), 1);
    for (std::size_t k = 0; k < x.size(); ++k) out.mid(k, 0) = x[k];
    return out;
}

// f_x v - i w v = (J v1 + w v2) + i (J v2 - w v1) with v = v1 + i v2; psi v - 1 likewise by parts. Each part is a
// DoubleDoubleBall with its own proof; two parts of radii r1, r2 make a disc of radius <= r1 + r2.
AugmentedValue residual(const Field& field, const HopfHint& x_bar, const std::vector<std::complex<double>>& psi) {
    const std::size_t n = x_bar.state_bar.size();
    std::vector<DoubleDoubleBall> x(n);
    capnode::Direction re{std::vector<DoubleDoubleBall>(n), {}};
    capnode::Direction im{std::vector<DoubleDoubleBall>(n), {}};
    for (std::size_t k = 0; k < n; ++k) {
        x[k] = x_bar.state_bar[k];
        re.x[k] = x_bar.eigenvector_bar[k].real();
        im.x[k] = x_bar.eigenvector_bar[k].imag();
    }
    const DirectionalDerivatives d =
        directional_derivatives(field, x, {DoubleDoubleBall(x_bar.parameter_bar)}, {re, im});
    const DoubleDoubleBall w = x_bar.frequency_bar;

    AugmentedValue out{BallMatrix(n, 1), ComplexBallMatrix(n, 1), {}};
    for (std::size_t k = 0; k < n; ++k) {
        const Ball f = to_ball(to_interval(d.value[k]));
        out.f.mid(k, 0) = f.mid;
        out.f.rad(k, 0) = f.rad;
        const Ball e1 = to_ball(to_interval(d.derivatives[0][k] + w * im.x[k]));
        const Ball e2 = to_ball(to_interval(d.derivatives[1][k] - w * re.x[k]));
        const ComplexBall e = to_complex(e1, e2);
        out.e.mid.re(k, 0) = e.re;
        out.e.mid.im(k, 0) = e.im;
        out.e.rad(k, 0) = e.rad;
    }
    DoubleDoubleBall s1 = -1.0;
    DoubleDoubleBall s2 = 0.0;
    for (std::size_t k = 0; k < n; ++k) {
        const DoubleDoubleBall a = psi[k].real();
        const DoubleDoubleBall b = psi[k].imag();
        s1 += a * re.x[k] - b * im.x[k];
        s2 += a * im.x[k] + b * re.x[k];
    }
    out.psi = to_complex(to_ball(to_interval(s1)), to_ball(to_interval(s2)));
    return out;
}

AugmentedValue second_derivative_bound(const Field& field, const HopfHint& x_bar, const Radii& s) {
    const std::size_t n = x_bar.state_bar.size();
    Base base{{x_bar.parameter_bar, s[0]}, column(x_bar.state_bar)};
    Direction v{{}, column(x_bar.eigenvector_bar)};
    Direction step{{0.0, 0.0, s[0]}, ComplexBallMatrix(n, 1)};
    Direction step_v{{}, ComplexBallMatrix(n, 1)};
    for (std::size_t k = 0; k < n; ++k) {
        base.x.rad(k, 0) = s[2 + k];
        step.x.rad(k, 0) = s[2 + k];
        v.x.rad(k, 0) = s[2 + n + k];
        step_v.x.rad(k, 0) = s[2 + n + k];
    }
    // Every direction is a set of its own in a jet, so d and h range over the box independently of each other and of
    // the point, as the contraction needs.
    const MixedDerivatives a = mixed_derivatives(field, base, v, step, step);
    const ComplexBallMatrix b = second_derivative(field, base, step_v, step);

    AugmentedValue out{BallMatrix(n, 1), ComplexBallMatrix(n, 1), {}};
    for (std::size_t k = 0; k < n; ++k) {
        const auto size = [k](const ComplexBallMatrix& m) {
            return magnitude_up(ComplexBall{m.mid.re(k, 0), m.mid.im(k, 0), m.rad(k, 0)});
        };
        out.f.rad(k, 0) = size(a.bc);
        double e = add_up(size(a.abc), multiply_up(2.0, size(b)));
        e = add_up(e, multiply_up(2.0, multiply_up(s[1], s[2 + n + k])));
        out.e.rad(k, 0) = e;
    }
    return out;
}

}  // namespace capnode::hopf
