// The theorem of hopf.hpp, put together. Hypothesis by hypothesis, for every network of the weight ball:
//
//   (1) one zero X* = (p, w, x, v) of the augmented system in a box (hopf_newton.hpp), w > 0; J invertible there;
//   (2) the bordered matrix at X* is nonsingular, so i w is simple (hopf_pair_solver.hpp);
//   (3) all eigenvalues of J(X*) but two are certainly off the axis: by the discs of an eigenbasis, or by an inertia
//       count of the complement. The two on the axis are +-i w, since J is real and w > 0;
//   (4) d Re(lambda)/dp = -Re mu2 over the enclosure of X* does not hold 0 (hopf_lyapunov.hpp);
//   (5) the sign of l1, where its enclosure has one. Not a hypothesis: without it the criticality is undetermined.
// Steps: refine the hint, prove (1) at its floats, then evaluate everything else over the enclosure of X*.
#include "capnode/dynamics/hopf.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "capnode/dynamics/hopf_lyapunov.hpp"
#include "capnode/dynamics/hopf_newton.hpp"
#include "capnode/dynamics/hopf_pair_solver.hpp"
#include "capnode/dynamics/hopf_system.hpp"
#include "capnode/field/field.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/eigenbasis.hpp"
#include "capnode/numerics/stability_count.hpp"

namespace capnode {

const char* name(Criticality criticality) {
    switch (criticality) {
        case Criticality::subcritical:
            return "subcritical";
        case Criticality::supercritical:
            return "supercritical";
        case Criticality::undetermined:
            break;
    }
    return "undetermined";
}

namespace {

using hopf::Base;
using hopf::column;
using Complex = std::complex<double>;

std::string number(double x) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", x);
    return text;
}
std::string number(const Complex& z) {
    return number(z.real()) + (z.imag() < 0 ? " - " : " + ") + number(std::fabs(z.imag())) + "i";
}

struct Failure {
    Verdict verdict = Verdict::no_convergence;
    std::string detail;
};

void check_arguments(const Field& field, const HopfHint& hint) {
    const auto refuse = [](const std::string& what) { throw std::invalid_argument(what); };
    const std::size_t n = field.dim();
    if (field.parameter_dim() != 1)
        refuse("a Hopf point needs a field with exactly 1 parameter: got " + std::to_string(field.parameter_dim()));
    if (field.depends_on_time()) refuse("a Hopf point needs an autonomous field: this one depends on time");
    if (n < 2) refuse("a Hopf point needs a state of dimension at least 2: got " + std::to_string(n));
    if (hint.state_bar.size() != n)
        refuse("x_bar has " + std::to_string(hint.state_bar.size()) + " components, the field " + std::to_string(n));
    if (hint.eigenvector_bar.size() != n)
        refuse("v_bar has " + std::to_string(hint.eigenvector_bar.size()) + " components, the field " +
               std::to_string(n));
    bool finite = std::isfinite(hint.parameter_bar) && std::isfinite(hint.frequency_bar);
    double size = 0.0;
    for (std::size_t k = 0; k < n; ++k) {
        const Complex v = hint.eigenvector_bar[k];
        finite = finite && std::isfinite(hint.state_bar[k]) && std::isfinite(v.real()) && std::isfinite(v.imag());
        size = std::fmax(size, std::fmax(std::fabs(v.real()), std::fabs(v.imag())));
    }
    if (!finite) refuse("the hint holds a number that is not finite");
    if (!(hint.frequency_bar > 0.0)) refuse("omega_bar must be positive: got " + number(hint.frequency_bar));
    if (!(size > 0.0)) refuse("v_bar must not be zero: its largest entry is 0");
}

BallMatrix parameter_column(const Ball& p) {
    BallMatrix out(1, 1);
    out.mid(0, 0) = p.mid;
    out.rad(0, 0) = p.rad;
    return out;
}

/// extra >= 0 with `inner` within mid(outer) ± (rad(outer) + extra).
Matrix excess(const BallMatrix& inner, const BallMatrix& outer) {
    Matrix out(inner.rows(), inner.cols());
    for (std::size_t k = 0; k < out.data.size(); ++k) {
        const double a = inner.mid.data[k];
        const double b = outer.mid.data[k];
        const double apart = a > b ? subtract_up(a, b) : subtract_up(b, a);
        const double extra = subtract_up(add_up(apart, inner.rad.data[k]), outer.rad.data[k]);
        out.data[k] = extra > 0.0 ? extra : (extra <= 0.0 ? 0.0 : infinity);
    }
    return out;
}

/// The floats all verified objects hang on: X_bar, psi, J at X_bar and how its systems are solved.
struct Frame {
    HopfHint x_bar;
    std::vector<Complex> psi;
    BallJacobian jacobian;
    std::shared_ptr<const VerifiedEigenbasis> basis;  // of jacobian.dx; may be invalid
    std::size_t index = 0;                            // its disc of the pair
    bool by_eigenbasis = false;
    std::unique_ptr<hopf::PairSolver> solver;
};

std::size_t nearest(const VerifiedEigenbasis& basis, const Complex& z) {
    std::size_t best = 0;
    double distance = infinity;
    for (std::size_t k = 0; k < basis.center.size(); ++k) {
        const double d = std::abs(basis.center[k] - z);
        if (d < distance) {
            distance = d;
            best = k;
        }
    }
    return best;
}

/// psi and v with psi v close to 1.
void normalise(HopfHint& hint, const std::vector<Complex>& psi) {
    Complex product = 0.0;
    for (std::size_t k = 0; k < psi.size(); ++k) product += psi[k] * hint.eigenvector_bar[k];
    for (Complex& v : hint.eigenvector_bar) v /= product;
}

/// An approximate left eigenvector by one bordered solve, [[J^T - i w, conj v], [v^T, 0]] (psi, mu) = (0, 1): a hint.
std::vector<Complex> left_vector(const Matrix& j, double w, const std::vector<Complex>& v) {
    const std::size_t n = v.size();
    ComplexMatrix a(n + 1, n + 1);
    ComplexMatrix b(n + 1, 1);
    for (std::size_t r = 0; r < n; ++r) {
        for (std::size_t c = 0; c < n; ++c) a.re(r, c) = j(c, r);
        a.im(r, r) = -w;
        a.re(r, n) = v[r].real();
        a.im(r, n) = -v[r].imag();
        a.re(n, r) = v[r].real();
        a.im(n, r) = v[r].imag();
    }
    b.re(n, 0) = 1.0;
    ComplexMatrix y;
    std::vector<Complex> psi(n);
    const bool solved = blas::solve(a, b, y);
    double norm = 0.0;
    for (const Complex& z : v) norm += std::norm(z);
    for (std::size_t k = 0; k < n; ++k) {
        psi[k] = solved ? Complex(y.re(k, 0), y.im(k, 0)) : std::conj(v[k]) / norm;
        if (!std::isfinite(psi[k].real()) || !std::isfinite(psi[k].imag())) psi[k] = std::conj(v[k]) / norm;
    }
    return psi;
}

/// How the pair stands among the other discs, in words.
std::string neighbourhood(const VerifiedEigenbasis& basis, std::size_t i) {
    if (!basis.valid) return "no verified eigenbasis: " + basis.reason;
    std::size_t other = i;
    double least = infinity;
    for (std::size_t k = 0; k < basis.n; ++k) {
        if (k == i) continue;
        const double gap = std::abs(basis.center[k] - basis.center[i]) - basis.radius[k] - basis.radius[i];
        if (!(gap >= least)) {
            least = gap;
            other = k;
        }
    }
    std::string text = "the disc about " + number(basis.center[i]) + " of radius " + number(basis.radius[i]) +
                       " is not separated from the one about " + number(basis.center[other]) + " of radius " +
                       number(basis.radius[other]);
    if (other == basis.conjugate[i]) text += ", its conjugate (neighbourhood of a Bogdanov-Takens point)";
    return text;
}

std::optional<Frame> make_frame(const Field& field, HopfHint hint, Failure& failure) {
    Frame frame;
    frame.x_bar = std::move(hint);
    const std::size_t n = field.dim();
    frame.jacobian = jacobian(field, column(frame.x_bar.state_bar), parameter_column({frame.x_bar.parameter_bar, 0.0}));
    if (!is_finite(frame.jacobian.dx) || !is_finite(frame.jacobian.dp)) {
        failure = {Verdict::unbounded, "the Jacobian at x_bar is not bounded"};
        return std::nullopt;
    }
    frame.basis = std::make_shared<const VerifiedEigenbasis>(verified_eigenbasis(frame.jacobian.dx));
    const Ball w{frame.x_bar.frequency_bar, 0.0};
    std::string reason;
    if (frame.basis->valid) {
        frame.index = nearest(*frame.basis, {0.0, w.mid});
        reason = neighbourhood(*frame.basis, frame.index);
        if (frame.basis->isolated[frame.index]) {
            frame.psi.resize(n);
            for (std::size_t k = 0; k < n; ++k)
                frame.psi[k] = {frame.basis->R.re(frame.index, k), frame.basis->R.im(frame.index, k)};
            HopfHint scaled = frame.x_bar;
            normalise(scaled, frame.psi);
            reason.clear();
            frame.solver = hopf::solve_by_eigenbasis(frame.basis, frame.index, frame.jacobian.dx, w,
                                                     column(scaled.eigenvector_bar), &reason);
            if (frame.solver) {
                frame.x_bar = std::move(scaled);
                frame.by_eigenbasis = true;
                return frame;
            }
        }
    } else {
        reason = frame.basis->reason;
    }
    // Discs too wide to separate the pair: the bordered matrix by itself does not mind what happens elsewhere.
    frame.psi = left_vector(frame.jacobian.dx.mid, w.mid, frame.x_bar.eigenvector_bar);
    normalise(frame.x_bar, frame.psi);
    ComplexMatrix row(1, n);
    for (std::size_t k = 0; k < n; ++k) {
        row.re(0, k) = frame.psi[k].real();
        row.im(0, k) = frame.psi[k].imag();
    }
    std::string why;
    frame.solver = hopf::solve_by_factorisation(frame.jacobian.dx, w, column(frame.x_bar.eigenvector_bar), row, &why);
    if (frame.solver) return frame;
    failure = {Verdict::pair_not_isolated, reason + "; nor is the bordered matrix proved nonsingular: " + why};
    return std::nullopt;
}

/// The size of the equations at the hint against that of their terms: is it an approximate solution at all?
double relative_residual(const Field& field, const HopfHint& hint) {
    Matrix x(hint.state_bar.size(), 1);
    std::copy(hint.state_bar.begin(), hint.state_bar.end(), x.data.begin());
    const Jacobian j = jacobian(field, x, Matrix(1, 1, hint.parameter_bar));
    double size_j = 1e-300;
    for (const double a : j.dx.data) size_j = std::fmax(size_j, std::fabs(a));
    double size_x = 0.0;
    double size_v = 0.0;
    double f = 0.0;
    double e = 0.0;
    for (std::size_t r = 0; r < x.rows; ++r) {
        size_x = std::fmax(size_x, std::fabs(x(r, 0)));
        size_v = std::fmax(size_v, std::abs(hint.eigenvector_bar[r]));
        f = std::fmax(f, std::fabs(j.value(r, 0)));
        Complex s = -Complex(0.0, hint.frequency_bar) * hint.eigenvector_bar[r];
        for (std::size_t c = 0; c < x.rows; ++c) s += j.dx(r, c) * hint.eigenvector_bar[c];
        e = std::fmax(e, std::abs(s));
    }
    return std::fmax(f / (size_j * (1.0 + size_x)), e / ((size_j + hint.frequency_bar) * size_v));
}

/// X_bar + correction, in floats.
HopfHint moved(const HopfHint& hint, const hopf::AugmentedSet& correction) {
    HopfHint out = hint;
    out.parameter_bar += correction.p.mid;
    out.frequency_bar += correction.w.mid;
    for (std::size_t k = 0; k < out.state_bar.size(); ++k) {
        out.state_bar[k] += correction.x.mid(k, 0);
        out.eigenvector_bar[k] += Complex(correction.v.mid.re(k, 0), correction.v.mid.im(k, 0));
    }
    return out;
}

bool usable(const HopfHint& hint) {
    bool finite = std::isfinite(hint.parameter_bar) && std::isfinite(hint.frequency_bar) && hint.frequency_bar > 0.0;
    for (std::size_t k = 0; k < hint.state_bar.size(); ++k) {
        finite = finite && std::isfinite(hint.state_bar[k]) && std::isfinite(std::abs(hint.eigenvector_bar[k]));
    }
    return finite;
}

struct Located {
    Frame frame;
    hopf::Existence existence;
};

/// (1): refinement and existence. Up to three frames: the hint, the hint after Newton's method, its verified
/// correction.
std::optional<Located> locate(const Field& field, const HopfHint& hint, const std::function<bool()>& stopped,
                              Failure& failure) {
    HopfHint at = hint;
    const double start = relative_residual(field, at);
    if (!(start <= 1e-11)) {
        const HopfRefinement refined = refine_hopf_candidate(field, at);
        if (!refined.converged) {
            failure = {Verdict::no_convergence,
                       "Newton's method on the augmented system stopped after " + std::to_string(refined.iterations) +
                           " iterations with the relative residual " + number(refined.residual) + ", last step " +
                           number(refined.last_step) + ", frequency " + number(refined.hint.frequency_bar)};
            return std::nullopt;
        }
        at = refined.hint;
    }
    for (int round = 0; round < 3; ++round) {
        if (stopped()) {
            failure = {Verdict::interrupted, ""};
            return std::nullopt;
        }
        std::optional<Frame> frame = make_frame(field, at, failure);
        if (!frame) return std::nullopt;
        if (stopped()) {
            failure = {Verdict::interrupted, ""};
            return std::nullopt;
        }
        hopf::NewtonOperator::Failure why;
        const auto newton =
            hopf::NewtonOperator::of(field, frame->x_bar, frame->psi, *frame->solver, frame->jacobian.dp, why);
        if (!newton) {
            failure = {why.verdict, why.detail};
            return std::nullopt;
        }
        hopf::Existence existence = hopf::prove_existence(*newton, frame->x_bar);
        if (existence.proved) return Located{std::move(*frame), std::move(existence)};

        const double worst = std::fmax(existence.self_map, existence.contraction);
        Verdict verdict = Verdict::inclusion_failed;
        if (!(worst < infinity)) {
            verdict = Verdict::unbounded;
        } else if (field.has_weight_radius()) {
            verdict = Verdict::too_wide;
        } else if (existence.contraction >= 0.95) {
            verdict = Verdict::contraction_failed;
        }
        failure = {verdict, "largest (Y + T/2)/s = " + number(existence.self_map) +
                                " (needs <= 1), largest T/s = " + number(existence.contraction) +
                                " (needs < 0.95), parameter error Y_p = " + number(newton->Y()[0])};
        at = moved(frame->x_bar, newton->correction());
        if (!usable(at)) return std::nullopt;
    }
    return std::nullopt;
}

Evidence evidence(std::string what, Interval left, std::string relation, Interval right, bool holds) {
    return {std::move(what), left.lo, left.hi, std::move(relation), right.lo, right.hi, holds};
}

}  // namespace

struct HopfPoint::Theorem {
    static Result<HopfPoint> prove(const Field& field, const HopfHint& hint, const std::function<bool()>& stopped);
};

Result<HopfPoint> HopfPoint::Theorem::prove(const Field& field, const HopfHint& hint,
                                            const std::function<bool()>& stopped) {
    std::vector<Evidence> lines;
    const auto refused = [&](Verdict verdict, std::string detail) {
        return Result<HopfPoint>::not_proved(verdict, std::move(detail), lines);
    };
    // A hypothesis: noted as evidence; false where it does not hold.
    const auto claim = [&](std::string what, Interval left, std::string relation, Interval right, bool holds) {
        lines.push_back(evidence(std::move(what), left, std::move(relation), right, holds));
        return holds;
    };

    // ---- (1) existence, uniqueness ----
    Failure failure;
    std::optional<Located> located = locate(field, hint, stopped, failure);
    if (!located) return refused(failure.verdict, failure.detail);
    const Frame& frame = located->frame;
    const hopf::Existence& existence = located->existence;
    const hopf::AugmentedSet& zero = existence.enclosure;
    const std::size_t n = field.dim();
    const Interval p = to_interval(zero.p);
    const Interval w = to_interval(zero.w);
    if (!claim("f = 0 and f_x v = i w v have a zero: Newton operator maps the box into itself, (Y + T/2)/s",
               existence.self_map, "<=", 1.0, existence.self_map <= 1.0) ||
        !claim("the zero is unique in the box: contraction T/s", existence.contraction, "<", 1.0,
               existence.contraction < 1.0))
        return refused(Verdict::inclusion_failed, "");
    if (!claim("frequency w", w, ">", 0.0, w.lo > 0.0))
        return refused(Verdict::pair_not_isolated, "the frequency lies in [" + number(w.lo) + ", " + number(w.hi) +
                                                       "] (neighbourhood of a Bogdanov-Takens point)");
    if (stopped()) return refused(Verdict::interrupted, "");

    // ---- everything else over the enclosure of the zero ----
    const Base base{zero.p, zero.x};
    const BallJacobian j = jacobian(field, zero.x, parameter_column(zero.p));
    if (!is_finite(j.dx) || !is_finite(j.dp)) return refused(Verdict::unbounded, "the Jacobian is not bounded");

    // ---- (2) the pair is simple ----
    std::shared_ptr<const VerifiedEigenbasis> basis;
    std::unique_ptr<hopf::PairSolver> solver;
    std::string reason;
    if (frame.by_eigenbasis) {
        basis = std::make_shared<const VerifiedEigenbasis>(widen(*frame.basis, excess(j.dx, frame.jacobian.dx)));
        if (basis->valid && basis->isolated[frame.index]) {
            solver = hopf::solve_by_eigenbasis(basis, frame.index, j.dx, zero.w, zero.v, &reason);
        } else {
            reason = neighbourhood(*basis, frame.index);
        }
        if (solver) {
            claim("i w is simple: gap of its disc to the nearest other one", basis->separation[frame.index], ">", 0.0,
                  basis->separation[frame.index] > 0.0);
        }
    }
    if (!solver) {
        ComplexMatrix row(1, n);
        for (std::size_t k = 0; k < n; ++k) {
            row.re(0, k) = frame.psi[k].real();
            row.im(0, k) = frame.psi[k].imag();
        }
        std::string why;
        solver = hopf::solve_by_factorisation(j.dx, zero.w, zero.v, row, &why);
        if (!solver) {
            if (!reason.empty()) reason += "; ";
            return refused(Verdict::pair_not_isolated,
                           reason + "the bordered matrix is not proved nonsingular: " + why);
        }
    }
    const hopf::Margin border = solver->bordered_margin();
    claim("i w is simple: the bordered matrix is nonsingular, contraction number", border.value, "<", border.bound,
          border.value < border.bound);
    if (stopped()) return refused(Verdict::interrupted, "");

    // ---- J is invertible; (4) transversality ----
    const std::optional<Interval> speed = hopf::crossing_speed(field, base, zero.v, j.dp, *solver);
    const hopf::Margin at_zero = solver->inverse_margin();
    if (!claim("J is invertible: contraction number of J", at_zero.value, "<", at_zero.bound, speed.has_value()))
        return refused(Verdict::zero_eigenvalue, "the contraction number " + number(at_zero.value) +
                                                     " of J over the enclosure is not below " + number(at_zero.bound));
    if (!claim("transversality d Re(lambda)/dp", *speed, "excludes", 0.0, is_bounded(*speed) && !contains_zero(*speed)))
        return refused(Verdict::not_transversal,
                       "d Re(lambda)/dp lies in [" + number(speed->lo) + ", " + number(speed->hi) + "], which holds 0");

    // ---- (3) no other eigenvalue on the axis ----
    std::size_t unstable = 0;
    if (n > 2) {
        bool counted = false;
        std::string on_axis;
        bool resonant = false;
        if (basis && basis->valid && basis->isolated[frame.index]) {
            const HalfPlaneCount count = count_others(*basis, frame.index);
            double margin = infinity;
            for (std::size_t k = 0; k < n; ++k) {
                if (k == frame.index || k == basis->conjugate[frame.index]) continue;
                const double distance = subtract_down(std::fabs(basis->center[k].real()), basis->row_radius[k]);
                if (!(distance >= margin)) margin = distance;
                if (!(distance > 0.0) && on_axis.empty()) {
                    on_axis = "the disc about " + number(basis->center[k]) + " of radius " +
                              number(basis->row_radius[k]) + " meets the imaginary axis";
                    const double off = std::abs(basis->center[k] -
                                                Complex(0.0, std::copysign(2.0 * zero.w.mid, basis->center[k].imag())));
                    resonant = off <= basis->row_radius[k] + 1e-6 * zero.w.mid;
                }
            }
            counted = count.undecided == 0;
            if (counted) {
                unstable = count.positive;
                claim("no other eigenvalue on the imaginary axis: least distance of a disc to it", margin, ">", 0.0,
                      true);
            }
        }
        if (!counted) {
            const StabilityCount count = stability_count_others(j.dx, {0.0, zero.w.mid});
            counted = count.proved && count.critical == 2;
            if (counted) {
                unstable = count.positive;
                claim("no other eigenvalue on the imaginary axis: inertia of the complement, its dimension",
                      static_cast<double>(count.positive + count.negative), "contains", static_cast<double>(n - 2),
                      count.positive + count.negative == n - 2);
            } else {
                if (on_axis.empty()) on_axis = "the complement of the pair could not be split: " + count.reason;
                return refused(resonant ? Verdict::strong_resonance : Verdict::other_eigenvalue_on_axis,
                               resonant ? on_axis + " at twice the frequency (1:2 resonance)" : on_axis);
            }
        }
    } else {
        claim("no other eigenvalue on the imaginary axis: number of other eigenvalues", 0.0, "contains", 0.0, true);
    }
    if (stopped()) return refused(Verdict::interrupted, "");

    // ---- (5) the first Lyapunov coefficient ----
    const hopf::Lyapunov lyapunov = hopf::lyapunov_coefficient(field, base, w, zero.v, *solver);
    const Interval& l1 = lyapunov.l1;
    HopfPoint point;
    point.lyapunov_coefficient = l1;
    if (!lyapunov.missing.empty()) {
        point.criticality_reason = lyapunov.missing;
    } else {
        const hopf::Margin twice = solver->twice_margin();
        claim("2 i w is no eigenvalue: contraction number of J - 2 i w", twice.value, "<", twice.bound, true);
        if (contains_zero(l1)) {
            point.criticality_reason = "the enclosure [" + number(l1.lo) + ", " + number(l1.hi) +
                                       "] of the first Lyapunov coefficient holds 0";
            claim("first Lyapunov coefficient: undetermined (no hypothesis of the branch)", l1, "contains", 0.0, true);
        } else {
            point.criticality = l1.hi < 0.0 ? Criticality::supercritical : Criticality::subcritical;
            claim("first Lyapunov coefficient", l1, "excludes", 0.0, true);
        }
    }

    // ---- the theorem's object ----
    point.parameter = p;
    point.frequency = w;
    for (std::size_t k = 0; k < n; ++k) point.state.push_back(to_interval(Ball{zero.x.mid(k, 0), zero.x.rad(k, 0)}));
    point.eigenvector = hopf::normalised(zero.v);
    point.transversality = *speed;
    point.unstable_dimension = unstable;
    // The cycle is stable iff l1 < 0 and all other multipliers are inside: a positive l1 or another unstable direction
    // is enough for `false`.
    if (unstable > 0 || point.criticality == Criticality::subcritical) point.cycle_is_stable = false;
    if (unstable == 0 && point.criticality == Criticality::supercritical) point.cycle_is_stable = true;
    point.h11 = lyapunov.h11;
    point.h20 = lyapunov.h20;
    HopfIsolation& box = point.isolation;
    box.centre = frame.x_bar;
    box.psi = frame.psi;
    const auto split = [n](const hopf::Radii& r, double& rp, double& rw, std::vector<double>& rx,
                           std::vector<double>& rv) {
        const auto first = r.begin() + 2;
        const auto middle = first + static_cast<std::ptrdiff_t>(n);
        rp = r[0];
        rw = r[1];
        rx.assign(first, middle);
        rv.assign(middle, r.end());
    };
    split(existence.isolation, box.parameter_radius, box.frequency_radius, box.state_radius, box.eigenvector_radius);
    split(existence.error, box.parameter_error, box.frequency_error, box.state_error, box.eigenvector_error);
    return Result<HopfPoint>::make_proved(std::move(point), std::move(lines));
}

Result<HopfPoint> prove_hopf(const Field& field, const HopfHint& hint, const HopfOptions& options) {
    check_arguments(field, hint);
    const std::function<bool()> stopped = options.interrupted ? options.interrupted : [] { return false; };
    return HopfPoint::Theorem::prove(field, hint, stopped);
}

}  // namespace capnode
