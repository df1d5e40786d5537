#include "capnode/dynamics/hopf_newton.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode::hopf {
namespace {

Ball real_ball(const ComplexBall& z) { return {z.re, z.rad}; }
Ball imaginary_ball(const ComplexBall& z) { return {z.im, z.rad}; }
ComplexBall complex_ball(const Ball& x) { return {x.mid, 0.0, x.rad}; }

/// The largest ratio a_k / s_k, rounded up; +inf where a NaN turns up or s_k is not positive and finite.
double largest_ratio(const Radii& a, const Radii& s) {
    double worst = 0.0;
    for (std::size_t k = 0; k < a.size(); ++k) {
        if (!(s[k] > 0.0) || !(s[k] < infinity) || !(a[k] >= 0.0)) return infinity;
        worst = std::fmax(worst, divide_up(a[k], s[k]));
    }
    return worst;
}

Radii y_plus_half(const Radii& y, const Radii& t) {
    Radii out(y.size());
    for (std::size_t k = 0; k < y.size(); ++k) out[k] = add_up(y[k], 0.5 * t[k] + smallest_subnormal);
    return out;
}

}  // namespace

std::optional<NewtonOperator> NewtonOperator::of(const Field& field, HopfHint x_bar,
                                                 std::vector<std::complex<double>> psi, const PairSolver& solver,
                                                 const BallMatrix& f_p, Failure& failure) {
    NewtonOperator self;
    self.field_ = &field;
    self.solver_ = &solver;
    self.x_bar_ = std::move(x_bar);
    self.psi_ = std::move(psi);
    self.v_ = column(self.x_bar_.eigenvector_bar);
    self.base_ = {{self.x_bar_.parameter_bar, 0.0}, column(self.x_bar_.state_bar)};

    const auto minus_x_p = solver.inverse(to_complex(f_p));
    if (!minus_x_p) {
        failure = {Verdict::zero_eigenvalue, "J - 0 could not be inverted: contraction number " +
                                                 number_text(solver.inverse_margin().value) + " is not below " +
                                                 number_text(solver.inverse_margin().bound)};
        return std::nullopt;
    }
    // x_p is real: keep the real part of the disc.
    self.x_p_ = to_complex(real_part(negate(*minus_x_p)));
    const Direction along_v{{}, self.v_};
    const ComplexBallMatrix c = second_derivative(field, self.base_, along_v, {{1.0, 0.0, 0.0}, self.x_p_});
    const BorderedSolution second = solver.bordered(c, {});
    self.z2_ = second.z;
    self.mu2_ = second.mu;
    self.re_mu2_ = real_ball(second.mu);
    self.im_mu2_ = imaginary_ball(second.mu);
    if (!(mignitude_down(self.re_mu2_) > 0.0)) {
        failure = {Verdict::not_transversal, "the crossing speed d Re(lambda)/dp lies in " +
                                                 number_text(-self.re_mu2_.mid) + " +- " +
                                                 number_text(self.re_mu2_.rad) + ", which holds 0"};
        return std::nullopt;
    }
    self.correction_ = self.apply_inverse(residual(field, self.x_bar_, self.psi_));
    self.correction_.p = -self.correction_.p;
    self.correction_.w = -self.correction_.w;
    self.correction_.x = negate(self.correction_.x);
    self.correction_.v = negate(self.correction_.v);
    self.Y_ = magnitudes(self.correction_);
    return self;
}

AugmentedSet NewtonOperator::apply_inverse(const AugmentedValue& r) const {
    const std::size_t n = v_.rows();
    const auto solved = solver_->inverse(to_complex(r.f));
    const BallMatrix a = solved ? real_part(*solved) : BallMatrix(Matrix(n, 1), Matrix(n, 1, infinity));
    const ComplexBallMatrix b = second_derivative(*field_, base_, {{}, v_}, {{}, to_complex(a)});
    const BorderedSolution first = solver_->bordered(subtract(r.e, b), r.psi);

    AugmentedSet d;
    d.p = real_ball(first.mu) / re_mu2_;
    d.w = imaginary_ball(first.mu) - d.p * im_mu2_;
    d.x = add(a, real_part(scale(x_p_, complex_ball(d.p))));
    d.v = subtract(first.z, scale(z2_, complex_ball(d.p)));
    return d;
}

Radii NewtonOperator::T(const Radii& s) const {
    return magnitudes(apply_inverse(second_derivative_bound(*field_, x_bar_, s)));
}

Radii NewtonOperator::sensitivity() const {
    const std::size_t n = v_.rows();
    Radii out(2 + 2 * n);
    out[0] = 1.0;
    out[1] = magnitude_up(im_mu2_);
    for (std::size_t k = 0; k < n; ++k) {
        out[2 + k] = magnitude_up(ComplexBall{x_p_.mid.re(k, 0), 0.0, x_p_.rad(k, 0)});
        out[2 + n + k] = magnitude_up(ComplexBall{z2_.mid.re(k, 0), z2_.mid.im(k, 0), z2_.rad(k, 0)});
    }
    return out;
}

Existence prove_existence(const NewtonOperator& newton, const HopfHint& x_bar) {
    Existence result;
    const Radii& y = newton.Y();
    const std::size_t m = y.size();
    const std::size_t n = x_bar.state_bar.size();

    // Every component needs a positive radius: the rounding of the point itself, in the unit of its block.
    double size_x = 0.0;
    double size_v = 0.0;
    for (std::size_t k = 0; k < n; ++k) {
        size_x = std::fmax(size_x, std::fabs(x_bar.state_bar[k]));
        size_v = std::fmax(size_v, std::abs(x_bar.eigenvector_bar[k]));
    }
    Radii unit(m);
    unit[0] = std::fmax(std::fabs(x_bar.parameter_bar), 1e-3 * x_bar.frequency_bar);
    unit[1] = x_bar.frequency_bar;
    for (std::size_t k = 0; k < n; ++k) {
        unit[2 + k] = std::fmax(size_x, 1e-3);
        unit[2 + n + k] = size_v;
    }
    Radii s(m);
    for (std::size_t k = 0; k < m; ++k) s[k] = 1.05 * y[k] + 0x1p-70 * unit[k];

    const auto check = [&](const Radii& box, Radii& t, double& self_map, double& contraction) {
        t = newton.T(box);
        self_map = largest_ratio(y_plus_half(y, t), box);
        contraction = largest_ratio(t, box);
        return self_map <= 1.0 && contraction < 0.95;
    };
    Radii t;
    for (int sweep = 0; sweep < 8 && !result.proved; ++sweep) {
        result.proved = check(s, t, result.self_map, result.contraction);
        if (result.proved) break;
        if (!std::all_of(t.begin(), t.end(), [](double x) { return x < infinity; })) break;
        for (std::size_t k = 0; k < m; ++k) {
            s[k] = std::fmax(s[k], 1.05 * (y[k] + 1.1 * t[k]) + 0x1p-70 * unit[k]);
        }
    }
    result.s = s;
    if (!result.proved) return result;

    // X* in X_bar + correction ± T/2.
    const AugmentedSet& shift = newton.correction();
    result.enclosure = shift;
    const auto enlarge = [&](double& rad, double by) { rad = add_up(rad, 0.5 * by + smallest_subnormal); };
    enlarge(result.enclosure.p.rad, t[0]);
    enlarge(result.enclosure.w.rad, t[1]);
    for (std::size_t k = 0; k < n; ++k) {
        enlarge(result.enclosure.x.rad(k, 0), t[2 + k]);
        enlarge(result.enclosure.v.rad(k, 0), t[2 + n + k]);
    }
    result.error = magnitudes(result.enclosure);

    const Ball p = Ball{x_bar.parameter_bar, 0.0} + result.enclosure.p;
    const Ball w = Ball{x_bar.frequency_bar, 0.0} + result.enclosure.w;
    result.enclosure.p = p;
    result.enclosure.w = w;
    result.enclosure.x = add(column(x_bar.state_bar), result.enclosure.x);
    result.enclosure.v = add(column(x_bar.eigenvector_bar), result.enclosure.v);

    // Isolation: larger boxes of two shapes, along the operator's own sensitivity and uniform in blocks. T is at least
    // quadratic in the box, so T/s measured once tells the scale at which it will be about a half; the box is then
    // checked like any other.
    result.isolation = s;
    const Radii along = newton.sensitivity();
    double best = 0.0;
    for (const bool uniform : {false, true}) {
        const auto box_of = [&](double scale) {
            Radii box(m);
            for (std::size_t k = 0; k < m; ++k) {
                const double shape = uniform ? unit[k] : std::fmax(unit[0] * along[k], 1e-3 * unit[k]);
                box[k] = std::fmax(1.5 * s[k], scale * shape);
            }
            return box;
        };
        double scale = 1e-10;
        double largest_tried = 1.0;
        for (int step = 0; step < 5; ++step) {
            const Radii box = box_of(scale);
            double self_map = infinity;
            double contraction = infinity;
            const bool holds = check(box, t, self_map, contraction);
            if (holds) {
                double measure = infinity;  // the smallest radius against the unit of its block
                for (std::size_t k = 0; k < m; ++k) measure = std::fmin(measure, box[k] / unit[k]);
                if (measure > best) {
                    best = measure;
                    result.isolation = box;
                }
                const double next = std::fmin(scale * 0.5 / std::fmax(contraction, 1e-12), 0.3 * largest_tried);
                if (!(next > 3.0 * scale)) break;
                scale = next;
            } else {
                largest_tried = scale;
                scale *= 0.1;
                if (step == 0) break;
            }
        }
    }
    return result;
}

}  // namespace capnode::hopf
