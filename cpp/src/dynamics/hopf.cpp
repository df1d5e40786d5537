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

#include "capnode/dynamics/hopf_lyapunov.hpp"
#include "capnode/dynamics/hopf_pair_solver.hpp"
#include "capnode/dynamics/hopf_system.hpp"
#include "capnode/field/field.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/eigenbasis.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/numerics/stability_count.hpp"
#include "hopf_locate.hpp"

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
    if (!(hint.frequency_bar > 0.0)) refuse("omega_bar must be positive: got " + number_text(hint.frequency_bar));
    if (!(size > 0.0)) refuse("v_bar must not be zero: its largest entry is 0");
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

Evidence evidence(std::string what, Interval left, std::string relation, Interval right, bool holds) {
    return {std::move(what), left.lo, left.hi, std::move(relation), right.lo, right.hi, holds};
}

/// Hypothesis (3) for all J of the ball, +-i w being two of its eigenvalues.
struct OtherEigenvalues {
    bool off_axis = false;
    std::size_t unstable = 0;
    Evidence line;
    Verdict verdict = Verdict::other_eigenvalue_on_axis;
    std::string detail;
};

// By the discs: i (the pair's) and its conjugate are isolated, so they hold one eigenvalue each, and all the others lie
// in the other discs. Where those are off the axis, the two eigenvalues on it, +-i w, are those of the two discs. Where
// the discs are too wide, or there is no basis (null): by the inertia of the complement of the pair.
OtherEigenvalues count_off_axis(const BallMatrix& j, const Interval& w, const VerifiedEigenbasis* basis,
                                std::size_t pair) {
    OtherEigenvalues out;
    const std::size_t n = j.rows();
    if (n == 2) {
        out.off_axis = true;
        out.line = evidence("no other eigenvalue on the imaginary axis: number of other eigenvalues", 0.0, "contains",
                            0.0, true);
        return out;
    }
    bool resonant = false;
    if (basis != nullptr && basis->valid && basis->isolated[pair]) {
        const HalfPlaneCount count = count_others(*basis, pair);
        double margin = infinity;
        for (std::size_t k = 0; k < n; ++k) {
            if (k == pair || k == basis->conjugate[pair]) continue;
            const double radius = basis->isolated[k] ? basis->eigenvalue_radius[k] : basis->row_radius[k];
            const double distance = subtract_down(std::fabs(basis->center[k].real()), radius);
            if (!(distance >= margin)) margin = distance;
            if (!(distance > 0.0) && out.detail.empty()) {
                out.detail = "the disc about " + number_text(basis->center[k]) + " of radius " + number_text(radius) +
                             " meets the imaginary axis";
                const double off = std::fabs(std::fabs(basis->center[k].imag()) - 2.0 * midpoint(w));
                resonant = off <= radius + 1e-6 * midpoint(w);
            }
        }
        if (count.undecided == 0) {
            out.off_axis = margin > 0.0;
            out.unstable = count.positive;
            out.line = evidence("no other eigenvalue on the imaginary axis: least distance of a disc to it", margin,
                                ">", 0.0, out.off_axis);
            return out;
        }
    }
    const StabilityCount count = stability_count_others(j, {0.0, midpoint(w)});
    if (count.proved && count.critical == 2 && count.positive + count.negative == n - 2) {
        out.off_axis = true;
        out.unstable = count.positive;
        out.line = evidence("no other eigenvalue on the imaginary axis: inertia of the complement, its dimension",
                            static_cast<double>(count.positive + count.negative), "contains",
                            static_cast<double>(n - 2), true);
        return out;
    }
    if (out.detail.empty()) out.detail = "the complement of the pair could not be split: " + count.reason;
    if (resonant) {
        out.verdict = Verdict::strong_resonance;
        out.detail += " at twice the frequency (1:2 resonance)";
    }
    return out;
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
    hopf::Failure failure;
    const std::optional<hopf::Located> located = hopf::locate(field, hint, stopped, failure);
    if (!located) return refused(failure.verdict, failure.detail);
    const hopf::Frame& frame = located->frame;
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
        return refused(Verdict::pair_not_isolated,
                       "the frequency lies in " + number_text(w) + " (neighbourhood of a Bogdanov-Takens point)");
    if (stopped()) return refused(Verdict::interrupted, "");

    // ---- everything else over the enclosure of the zero ----
    const Base base{zero.p, zero.x};
    const BallJacobian j = jacobian(field, zero.x, hopf::parameter_column(zero.p));
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
            reason = hopf::neighbourhood(*basis, frame.index);
        }
        if (solver) {
            claim("i w is simple: gap of its disc to the nearest other one", basis->separation[frame.index], ">", 0.0,
                  basis->separation[frame.index] > 0.0);
        }
    }
    const auto factorise = [&](std::string& why) {
        return hopf::solve_by_factorisation(j.dx, zero.w, zero.v, hopf::row(frame.psi), &why);
    };
    if (!solver) {
        std::string why;
        solver = factorise(why);
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
    std::optional<Interval> speed = hopf::crossing_speed(field, base, zero.v, j.dp, *solver);
    if (!speed) {
        std::string why;
        if (auto other = factorise(why)) {
            solver = std::move(other);
            speed = hopf::crossing_speed(field, base, zero.v, j.dp, *solver);
        }
    }
    const hopf::Margin at_zero = solver->inverse_margin();
    if (!claim("J is invertible: contraction number of J", at_zero.value, "<", at_zero.bound, speed.has_value()))
        return refused(Verdict::zero_eigenvalue, "the contraction number " + number_text(at_zero.value) +
                                                     " of J over the enclosure is not below " +
                                                     number_text(at_zero.bound));
    if (!claim("transversality d Re(lambda)/dp", *speed, "excludes", 0.0, is_bounded(*speed) && !contains_zero(*speed)))
        return refused(Verdict::not_transversal, "d Re(lambda)/dp lies in " + number_text(*speed) + ", which holds 0");

    // ---- (3) no other eigenvalue on the axis ----
    const OtherEigenvalues others = count_off_axis(j.dx, w, basis.get(), frame.index);
    if (!others.off_axis) return refused(others.verdict, others.detail);
    lines.push_back(others.line);
    if (stopped()) return refused(Verdict::interrupted, "");

    // ---- (5) the first Lyapunov coefficient ----
    hopf::Lyapunov lyapunov = hopf::lyapunov_coefficient(field, base, w, zero.v, *solver);
    if (!lyapunov.missing.empty()) {
        std::string why;
        if (auto other = factorise(why)) {
            hopf::Lyapunov again = hopf::lyapunov_coefficient(field, base, w, zero.v, *other);
            if (again.missing.empty()) {
                lyapunov = std::move(again);
                solver = std::move(other);
            }
        }
    }
    const Interval& l1 = lyapunov.l1;
    HopfPoint point;
    point.lyapunov_coefficient = l1;
    if (!lyapunov.missing.empty()) {
        point.criticality_reason = lyapunov.missing;
    } else {
        const hopf::Margin twice = solver->twice_margin();
        claim("2 i w is no eigenvalue: contraction number of J - 2 i w", twice.value, "<", twice.bound, true);
        if (contains_zero(l1)) {
            point.criticality_reason =
                "the enclosure " + number_text(l1) + " of the first Lyapunov coefficient holds 0";
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
    point.unstable_dimension = others.unstable;
    // The cycle is stable iff l1 < 0 and all other multipliers are inside: a positive l1 or another unstable direction
    // is enough for `false`.
    if (others.unstable > 0 || point.criticality == Criticality::subcritical) point.cycle_is_stable = false;
    if (others.unstable == 0 && point.criticality == Criticality::supercritical) point.cycle_is_stable = true;
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
