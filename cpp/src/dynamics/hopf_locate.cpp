#include "hopf_locate.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/dynamics/hopf_system.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/number_text.hpp"

namespace capnode::hopf {

using Complex = std::complex<double>;

BallMatrix parameter_column(const Ball& p) {
    BallMatrix out(1, 1);
    out.mid(0, 0) = p.mid;
    out.rad(0, 0) = p.rad;
    return out;
}

ComplexMatrix row(const std::vector<Complex>& psi) {
    ComplexMatrix out(1, psi.size());
    for (std::size_t k = 0; k < psi.size(); ++k) {
        out.re(0, k) = psi[k].real();
        out.im(0, k) = psi[k].imag();
    }
    return out;
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
    std::string text = "the disc about " + number_text(basis.center[i]) + " of radius " + number_text(basis.radius[i]) +
                       " is not separated from the one about " + number_text(basis.center[other]) + " of radius " +
                       number_text(basis.radius[other]);
    if (other == basis.conjugate[i]) text += ", its conjugate (neighbourhood of a Bogdanov-Takens point)";
    return text;
}

namespace {

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

std::optional<Frame> make_frame(const Field& field, HopfHint hint, bool use_eigenbasis, Failure& failure) {
    Frame frame;
    frame.x_bar = std::move(hint);
    const std::size_t n = field.dim();
    frame.jacobian = jacobian(field, column(frame.x_bar.state_bar), parameter_column({frame.x_bar.parameter_bar, 0.0}));
    if (!is_finite(frame.jacobian.dx) || !is_finite(frame.jacobian.dp)) {
        failure = {Verdict::unbounded, "the Jacobian at x_bar is not bounded"};
        return std::nullopt;
    }
    const Ball w{frame.x_bar.frequency_bar, 0.0};
    std::string reason;
    if (use_eigenbasis)
        frame.basis = std::make_shared<const VerifiedEigenbasis>(verified_eigenbasis(frame.jacobian.dx));
    if (frame.basis && frame.basis->valid) {
        frame.index = nearest(*frame.basis, {0.0, w.mid});
        reason = neighbourhood(*frame.basis, frame.index);
        if (frame.basis->isolated[frame.index]) {
            frame.psi.resize(n);
            for (std::size_t k = 0; k < n; ++k)
                frame.psi[k] = {frame.basis->R.re(frame.index, k), frame.basis->R.im(frame.index, k)};
            HopfHint scaled = frame.x_bar;
            normalise(scaled, frame.psi);
            reason.clear();
            frame.solver = solve_by_eigenbasis(frame.basis, frame.index, frame.jacobian.dx, w,
                                               column(scaled.eigenvector_bar), &reason);
            if (frame.solver) {
                frame.x_bar = std::move(scaled);
                frame.by_eigenbasis = true;
                return frame;
            }
        }
    } else if (frame.basis) {
        reason = frame.basis->reason;
    }
    // Discs too wide to separate the pair: the bordered matrix by itself does not mind what happens elsewhere.
    frame.psi = left_vector(frame.jacobian.dx.mid, w.mid, frame.x_bar.eigenvector_bar);
    normalise(frame.x_bar, frame.psi);
    std::string why;
    frame.solver =
        solve_by_factorisation(frame.jacobian.dx, w, column(frame.x_bar.eigenvector_bar), row(frame.psi), &why);
    if (frame.solver) return frame;
    failure = {Verdict::pair_not_isolated,
               reason + (reason.empty() ? "" : "; ") + "the bordered matrix is not proved nonsingular: " + why};
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
HopfHint moved(const HopfHint& hint, const AugmentedSet& correction) {
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

}  // namespace

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
                           " iterations with the relative residual " + number_text(refined.residual) + ", last step " +
                           number_text(refined.last_step) + ", frequency " + number_text(refined.hint.frequency_bar)};
            return std::nullopt;
        }
        at = refined.hint;
    }
    // Two frames by the eigenbasis (the hint, its verified correction), then one by factorisation: a discs' estimate
    // that is too wide, because other eigenvalues are badly conditioned, must not decide.
    Failure first;
    bool use_eigenbasis = true;
    for (int round = 0; round < 3; ++round) {
        if (stopped()) {
            failure = {Verdict::interrupted, ""};
            return std::nullopt;
        }
        std::optional<Frame> frame = make_frame(field, at, use_eigenbasis, failure);
        if (!frame) {
            if (round > 0) failure = first;
            return std::nullopt;
        }
        if (stopped()) {
            failure = {Verdict::interrupted, ""};
            return std::nullopt;
        }
        const bool by_eigenbasis = frame->by_eigenbasis;
        NewtonOperator::Failure why;
        const auto newton =
            NewtonOperator::of(field, frame->x_bar, frame->psi, *frame->solver, frame->jacobian.dp, why);
        if (!newton) {
            failure = {why.verdict, why.detail};
            if (round == 0) first = failure;
            if (!by_eigenbasis) return std::nullopt;
            use_eigenbasis = false;
            continue;
        }
        Existence existence = prove_existence(*newton, frame->x_bar);
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
        failure = {verdict, "largest (Y + T/2)/s = " + number_text(existence.self_map) +
                                " (needs <= 1), largest T/s = " + number_text(existence.contraction) +
                                " (needs < 0.95), parameter error Y_p = " + number_text(newton->Y()[0])};
        if (round == 0) first = failure;
        at = moved(frame->x_bar, newton->correction());
        if (!usable(at)) return std::nullopt;
        if (round == 1 || !by_eigenbasis) use_eigenbasis = false;
    }
    return std::nullopt;
}

}  // namespace capnode::hopf
