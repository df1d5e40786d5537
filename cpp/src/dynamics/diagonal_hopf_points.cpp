// All Hopf points of a diagonal family from one verified eigendecomposition. Statement and proof: diagonal_family.hpp.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include "capnode/dynamics/diagonal_family.hpp"
#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/eigenbasis.hpp"
#include "capnode/numerics/eigenbasis_solve.hpp"
#include "capnode/numerics/rounding.hpp"
#include "cubic_form.hpp"
#include "diagonal_equilibria.hpp"
#include "fast_modulus.hpp"

namespace capnode {

/// The one place where a point of the diagonal family is declared proved: all evidence holds, or the first that fails
/// gives the verdict.
struct DiagonalHopfPoint::Theorem {
    static Result<DiagonalHopfPoint> proved(DiagonalHopfPoint point, std::vector<Evidence> evidence) {
        return Result<DiagonalHopfPoint>::make_proved(std::move(point), std::move(evidence));
    }
};

namespace {

std::string text(const char* format, double a, double b = 0.0, double c = 0.0) {
    char buffer[256];
    std::snprintf(buffer, sizeof buffer, format, a, b, c);
    return buffer;
}

Interval interval_of(const Ball& b) { return to_interval(b); }

/// s'(0) = c f'(0): f'(0) is exactly 1 for tanh and atan, 2/sqrt(pi) for erf.
Interval slope_at_zero(const DiagonalFamily& family) {
    const Interval c(family.scale);
    return family.function == Function::erf ? c * derivatives(Function::erf, Interval(0.0))[1] : c;
}

/// What one decomposition gives for every disc.
struct Spectrum {
    const VerifiedEigenbasis& basis;
    const Matrix& radius;            // of M
    std::vector<Interval> real;      // Re of the eigenvalues of the disc
    std::vector<std::size_t> pairs;  // discs above the real axis that may hold a non-real eigenvalue

    Spectrum(const VerifiedEigenbasis& b, const Matrix& m_rad) : basis(b), radius(m_rad), real(b.n) {
        const bool ball = std::any_of(m_rad.data.begin(), m_rad.data.end(), [](double r) { return r != 0.0; });
        for (std::size_t i = 0; i < b.n; ++i) {
            const bool above = b.center[i].imag() > 0.0;
            if (!b.isolated[i]) {
                real[i] = ball_hull(b.center[i].real(), b.radius[i]);
                if (above || b.center[i].imag() + b.radius[i] > 0.0) pairs.push_back(i);
                continue;
            }
            // the radius of M enters to first order through |Re(R_ik V_li)|, O(n^2); without it the disc is as good
            real[i] = ball ? interval_of(real_part(b, m_rad, i)) : real_part(eigenvalue(b, i));
            // a disc about a real centre holds with its one eigenvalue the conjugate too: a real one
            if (above && b.conjugate[i] != i) pairs.push_back(i);
        }
    }

    /// An enclosure of Re lambda_j - Re lambda_i for one and the same matrix.
    Interval difference(std::size_t i, std::size_t j) const {
        const Interval apart = real[j] - real[i];
        if (!contains_zero(apart) || !basis.isolated[i] || !basis.isolated[j]) return apart;
        const Interval sharp = interval_of(real_part_difference(basis, radius, j, i));
        const std::optional<Interval> both = intersect(apart, sharp);
        if (!both) throw InternalError("two enclosures of the difference of two real parts do not meet");
        return *both;
    }
};

/// q / |q|_2 for column k of q: mid q_bar t with t = 1/|q|_2 +- t_rad; the two products err by u each part, so the disc
/// by u |q_bar| t, and the sets add |q_bar| t_rad + r (t + t_rad).
ComplexBallMatrix normalised(const ComplexBallMatrix& q, std::size_t column, const Interval& norm) {
    const std::size_t n = q.rows();
    ComplexBallMatrix out(n, 1);
    const Ball t = to_ball(quotient(Interval(1.0), norm));
    for (std::size_t k = 0; k < n; ++k) {
        const double re = q.mid.re(k, column), im = q.mid.im(k, column), r = q.rad(k, column);
        const double Q = modulus_above(re, im);
        out.mid.re.data[k] = re * t.mid;
        out.mid.im.data[k] = im * t.mid;
        const double rad = Q * t.rad + r * (t.mid + t.rad) + 2.0 * unit_roundoff * Q * t.mid;
        out.rad.data[k] = rad >= 0.0 ? inflate(rad, 3.0, 4.0) + 4.0 * smallest_subnormal : infinity;
    }
    return out;
}

/// The box of uniqueness: see DiagonalHopfPoint. Every zero of the augmented system has -p + i w / s'(0) = an
/// eigenvalue z of M. Every eigenvalue but lambda_i lies in a disc j != i, |z - c_i| >= |c_j - c_i| - r_j >= g. With |p
/// - p_bar| <= a, |w - w_bar| <= s' c and |-p_bar + i w_bar / s' - c_i| <= slack, |z - c_i| <= hypot(a, c) + slack < g
/// leaves lambda_i alone; x = -A(p)^-1 b and, lambda_i being simple and psi v = 1, v are unique then. The zero itself
/// must lie in the box, so a and s' c are at least the errors; empty where that is too much (discs that nearly touch).
std::optional<HopfIsolation> isolation_of(const Spectrum& s, std::size_t i, const HopfPoint& point,
                                          const ComplexBallMatrix& q, std::size_t column, const Interval& slope) {
    const VerifiedEigenbasis& b = s.basis;
    HopfIsolation iso;
    iso.centre.parameter_bar = midpoint(point.parameter);
    iso.centre.frequency_bar = midpoint(point.frequency);
    iso.parameter_error = radius_up(point.parameter, iso.centre.parameter_bar);
    iso.frequency_error = radius_up(point.frequency, iso.centre.frequency_bar);
    for (const Interval& x : point.state) {
        iso.centre.state_bar.push_back(midpoint(x));
        iso.state_error.push_back(radius_up(x, iso.centre.state_bar.back()));
    }
    // q = V y with y_i = 1, |y| <= 1: psi q = (R V y)_i = 1 - (E y)_i, |E y|_i <= e_i. v = q / (psi q):
    // |v - V_i| <= (|q - V_i| + |q| e_i) / (1 - e_i)... with |q - V_i| and |q| from the disc.
    const double e = b.e[i];
    const double room = subtract_down(1.0, e);
    for (std::size_t k = 0; k < b.n; ++k) {
        const std::complex<double> centre(b.V.re(k, i), b.V.im(k, i));
        const double re = q.mid.re(k, column), im = q.mid.im(k, column), r = q.rad(k, column);
        // differences of close floats err by u of themselves: covered by the factor of modulus_above and one step
        const double off = add_up(next_up(modulus_above(re - centre.real(), im - centre.imag())), r);
        iso.centre.eigenvector_bar.push_back(centre);
        iso.eigenvector_error.push_back(divide_up(add_up(off, multiply_up(add_up(modulus_above(re, im), r), e)), room));
        iso.psi.emplace_back(b.R.re(i, k), b.R.im(i, k));
    }
    double g = infinity;
    for (std::size_t j = 0; j < b.n; ++j) {
        if (j == i) continue;
        // the two differences err by u relatively: covered by half of the slack of modulus_below
        const double apart =
            modulus_below(b.center[j].real() - b.center[i].real(), b.center[j].imag() - b.center[i].imag());
        g = std::fmin(g, subtract_down(apart, b.radius[j]));
    }
    const Interval frequency = quotient(Interval(iso.centre.frequency_bar), slope);
    const Interval slack_re = Interval(-iso.centre.parameter_bar) - Interval(b.center[i].real());
    const Interval slack_im = frequency - Interval(b.center[i].imag());
    const double slack = hypot_up(magnitude(slack_re), magnitude(slack_im));
    iso.state_radius.assign(b.n, infinity);
    iso.eigenvector_radius.assign(b.n, infinity);
    if (!(g > 0.0) || !(g < infinity)) return std::nullopt;
    const auto alone = [&](double parameter, double w) {
        return add_up(hypot_up(parameter, divide_up(w, slope.lo)), slack) < g;
    };
    iso.parameter_radius = 0.5 * g;
    iso.frequency_radius = multiply_down(0.5 * g, slope.lo);
    const bool holds_zero = iso.parameter_radius >= iso.parameter_error && iso.frequency_radius >= iso.frequency_error;
    if (!holds_zero || !alone(iso.parameter_radius, iso.frequency_radius)) {
        iso.parameter_radius = iso.parameter_error;
        iso.frequency_radius = iso.frequency_error;
        if (!alone(iso.parameter_radius, iso.frequency_radius)) return std::nullopt;
    }
    return iso;
}

/// Everything about one isolated pair but the equilibrium, which is filled in for all points together.
/// The vectors of the pair are column and row `column` of right and left.
Result<DiagonalHopfPoint> prove_pair(const Spectrum& s, std::size_t i, const ComplexBallMatrix& right,
                                     const ComplexBallMatrix& left, std::size_t column, const Interval& slope,
                                     std::optional<std::vector<Interval>> state) {
    const VerifiedEigenbasis& b = s.basis;
    DiagonalHopfPoint point;
    std::vector<Evidence> evidence;
    const auto fact = [&](std::string name, const Interval& left_side, std::string relation, double bound, bool holds) {
        evidence.push_back({std::move(name), left_side.lo, left_side.hi, std::move(relation), bound, bound, holds});
        return holds;
    };
    const auto refuse = [&](Verdict verdict, std::string detail) {
        return Result<DiagonalHopfPoint>::not_proved(verdict, std::move(detail), std::move(evidence));
    };

    const Interval real = s.real[i];
    const Interval imag = imaginary_part(eigenvalue(b, i));
    point.parameter = -real;
    point.frequency = slope * imag;
    if (!fact("i w is simple: gap of its disc to the nearest other one", Interval(b.separation[i]), ">", 0.0,
              b.separation[i] > 0.0))
        return refuse(Verdict::pair_not_isolated, text("The gap to the nearest other disc is %.3g.", b.separation[i]));
    if (!fact("frequency w", point.frequency, ">", 0.0, point.frequency.lo > 0.0))
        return refuse(Verdict::pair_not_isolated, text("The frequency is only known to lie in [%.6g, %.6g].",
                                                       point.frequency.lo, point.frequency.hi));

    // Every eigenvalue but lambda_i lies in a disc j != i. Where all discs but i and c = conjugate[i] have other real
    // parts, the conjugate of lambda_i can only lie in disc c, which holds one eigenvalue: so nothing else is on the
    // axis.
    const std::size_t c = b.conjugate[i];
    if (c == i || !b.isolated[c])
        return refuse(Verdict::pair_not_isolated, "The disc of the conjugate meets another one.");
    double nearest = infinity;
    std::size_t undecided = 0;
    std::size_t culprit = b.n;
    for (std::size_t j = 0; j < b.n; ++j) {
        if (j == i || j == c) continue;
        const Interval apart = s.difference(i, j);
        nearest = std::fmin(nearest, mignitude(apart));
        if (apart.lo > 0.0)
            ++point.unstable_dimension;
        else if (!(apart.hi < 0.0)) {
            if (undecided++ == 0) culprit = j;
        }
    }
    if (!fact("no other eigenvalue on the imaginary axis: least distance of another real part", Interval(nearest), ">",
              0.0, undecided == 0)) {
        const std::complex<double> other = b.center[culprit];
        const bool real_eigenvalue = b.isolated[culprit] && b.conjugate[culprit] == culprit;
        return refuse(
            real_eigenvalue ? Verdict::zero_eigenvalue : Verdict::other_eigenvalue_on_axis,
            text("The real parts of this pair and of the eigenvalue near %.9g %+.9g i could not be separated "
                 "(disc radius %.3g).",
                 other.real(), other.imag(), b.radius[culprit]) +
                (undecided > 1 ? text(" The same holds for %.0f more.", static_cast<double>(undecided - 1)) : ""));
    }
    if (!fact("transversality d Re(lambda)/dp", slope, ">", 0.0, slope.lo > 0.0))
        return refuse(Verdict::not_transversal, text("d Re/dp lies in [%.6g, %.6g].", slope.lo, slope.hi));
    // by the distance above 0 is no eigenvalue of A(p); its inverse over the whole enclosure of p gives the state
    double widest = 0.0;
    if (state)
        for (const Interval& x : *state) widest = std::fmax(widest, width_up(x));
    if (!fact("f = 0: A(p) is invertible over the enclosure of p, widest component of -A(p)^-1 b",
              Interval(state ? widest : infinity), "<", infinity, state.has_value()))
        return refuse(Verdict::zero_eigenvalue, "A(p) could not be inverted over the enclosure of the parameter.");
    point.transversality = slope;
    point.state = std::move(*state);

    // l1 = L^2 Im( l (|q|^2 q) / (|q|_2^2 l q) ), L = Im lambda_i, l the left row vector
    const CubicForm form = cubic_form(right, left, column);
    const Interval l1 = square(imag) * quotient(imaginary_part(form.value / pairing(b, i)), form.norm_square);
    point.lyapunov_coefficient = l1;
    if (l1.hi < 0.0)
        point.criticality = Criticality::supercritical;
    else if (l1.lo > 0.0)
        point.criticality = Criticality::subcritical;
    else
        point.criticality_reason = text("The first Lyapunov coefficient lies in [%.3g, %.3g].", l1.lo, l1.hi);
    if (point.unstable_dimension > 0 || l1.lo > 0.0)
        point.cycle_is_stable = false;
    else if (l1.hi < 0.0)
        point.cycle_is_stable = true;

    point.eigenvector = normalised(right, column, sqrt(form.norm_square));
    point.h11.assign(b.n, Interval(0.0));
    point.h20 = ComplexBallMatrix(b.n, 1);
    std::optional<HopfIsolation> isolation = isolation_of(s, i, point, right, column, slope);
    if (!isolation)
        return refuse(Verdict::pair_not_isolated,
                      text("The enclosure of the eigenvalue reaches as far as the next disc: parameter +- %.3g, "
                           "frequency +- %.3g, gap %.3g.",
                           0.5 * width_up(point.parameter), 0.5 * width_up(point.frequency), b.separation[i]));
    point.isolation = std::move(*isolation);
    return DiagonalHopfPoint::Theorem::proved(std::move(point), std::move(evidence));
}

void check_arguments(const DiagonalFamily& family, const Interval& span) {
    const std::size_t n = family.matrix.rows();
    if (n == 0 || family.matrix.cols() != n || family.bias.rows() != n || family.bias.cols() != 1)
        throw std::invalid_argument("the diagonal family needs a square matrix and a bias of its size: got " +
                                    std::to_string(n) + " x " + std::to_string(family.matrix.cols()) + " and " +
                                    std::to_string(family.bias.rows()));
    if (!(span.lo < span.hi) || !is_bounded(span))
        throw std::invalid_argument(
            text("the span must satisfy lo < hi, both finite: got [%.17g, %.17g]", span.lo, span.hi));
}

}  // namespace

DiagonalHopfPoints diagonal_hopf_points(const DiagonalFamily& family, const Interval& span,
                                        const std::function<bool()>& interrupted) {
    check_arguments(family, span);
    const auto stop = [&] { return interrupted && interrupted(); };
    DiagonalHopfPoints out;
    EigenbasisOptions options;
    options.residual = Residual::accurate;
    const VerifiedEigenbasis basis = verified_eigenbasis(family.matrix, options);
    out.basis_valid = basis.valid;
    if (!basis.valid) {
        out.why_incomplete = "the eigendecomposition could not be verified: " + basis.reason;
        return out;
    }
    const Spectrum spectrum(basis, family.matrix.rad);
    const Interval slope = slope_at_zero(family);

    std::vector<std::size_t> inside;  // isolated pairs that may lie in the span
    for (const std::size_t i : spectrum.pairs) {
        const Interval parameter = -spectrum.real[i];
        if (disjoint(parameter, span)) {
            ++out.outside;
            continue;
        }
        if (basis.isolated[i]) {
            inside.push_back(i);
            continue;
        }
        out.candidates.push_back(
            {parameter, basis.center[i].imag() * midpoint(slope),
             Result<DiagonalHopfPoint>::not_proved(
                 Verdict::pair_not_isolated, text("The disc about %.9g %+.9g i of radius %.3g meets another one.",
                                                  basis.center[i].real(), basis.center[i].imag(), basis.radius[i]))});
    }

    out.interrupted = stop();
    if (out.interrupted) inside.clear();
    const ComplexBallMatrix right = right_eigenvectors(basis, inside);
    const ComplexBallMatrix left = left_eigenvectors(basis, inside);
    std::vector<Ball> shifts;
    for (const std::size_t i : inside) shifts.push_back(to_ball(spectrum.real[i]));
    out.interrupted = out.interrupted || stop();
    const DiagonalEquilibria equilibria(basis, family, out.interrupted ? std::vector<Ball>{} : shifts);
    for (std::size_t k = 0; k < inside.size(); ++k) {
        const std::size_t i = inside[k];
        out.interrupted = out.interrupted || (k % 16 == 0 && stop());
        DiagonalCandidate candidate{
            -spectrum.real[i], basis.center[i].imag() * midpoint(slope),
            out.interrupted
                ? Result<DiagonalHopfPoint>::not_proved(Verdict::interrupted, "Stopped before this pair was looked at.")
                : prove_pair(spectrum, i, right, left, k, slope, equilibria.state(k))};
        out.candidates.push_back(std::move(candidate));
    }
    std::stable_sort(out.candidates.begin(), out.candidates.end(),
                     [](const auto& a, const auto& b) { return midpoint(a.parameter) < midpoint(b.parameter); });

    std::size_t open = 0;
    std::size_t border = 0;
    for (const DiagonalCandidate& c : out.candidates) {
        open += !c.result.proved();
        border += !subset(c.parameter, span);
    }
    out.complete = !out.interrupted && open == 0 && border == 0;
    if (out.interrupted)
        out.why_incomplete = "stopped";
    else if (open > 0)
        out.why_incomplete = text("%.0f pairs are undecided", static_cast<double>(open));
    else if (border > 0)
        out.why_incomplete = text("%.0f points lie on the border of the span, undecided", static_cast<double>(border));
    return out;
}

}  // namespace capnode
