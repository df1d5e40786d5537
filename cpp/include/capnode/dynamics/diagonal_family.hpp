// The diagonal family x' = s(A(p) x + b), A(p) = M + p I: all its Hopf points at once.
//
// Family. s = c f, applied entrywise, with c > 0 and f one of tanh, atan, erf: odd, real-analytic, s'(0) > 0, no zero
// but 0. Each of them has f'''(0) / f'(0) = -2 (f = f'(0) (y - y^3/3 + ...)), so s'''(0) / s'(0) = -2 as well. M and b
// may be balls; then everything below holds for every field in the ball.
//
// Theorem (own derivation, after Kuehn and Queirolo, DCDS-B 30 (2025), who study s = tanh). Let lambda_i be the
// eigenvalues of M. The Hopf points of the family -- (1) an equilibrium, (2) a simple pair +-iw, w > 0, of its
// Jacobian, (3) no other eigenvalue on the imaginary axis, (4) d Re(lambda)/dp != 0 -- are exactly
//      p = -Re lambda_i,   w = s'(0) |Im lambda_i|,   x = -A(p)^-1 b
// for the simple pairs of non-real eigenvalues whose real part no other eigenvalue has. There
//      d Re/dp = s'(0),   l1 = |Im lambda_i|^2 Im <p, |q|^2 q>   (|q|_2 = 1, <p,q> = 1),
// with q, p the right and left eigenvectors of M, and the unstable dimension besides the pair is the number of
// eigenvalues to the right of lambda_i.
//
// Proof. s has the only zero 0, so x is an equilibrium iff y = A(p) x + b vanishes. Hence J = s'(0) A(p) there, with
// the eigenvalues s'(0) (lambda_i + p) and the eigenvectors of M: (2) and (3) say p = -Re lambda_i and that no other
// eigenvalue has this real part; in particular 0 is none, A(p) is invertible and x unique. Along the branch y = 0, so
// f_xx = diag(s''(0)) ... = 0 (s is odd) and f_xp = s'(0) I: <p, (f_xp + f_xx[x_p, .]) q> = s'(0) > 0. Third order:
// C(u,v,w) = s'''(0) (Au)(Av)(Aw) entrywise and B = 0. With A q = i L q, L = Im lambda_i, w = s'(0) L, this is
// C(q,q,conj q) = s'''(0) i L^3 |q|^2 q, and l1 = Re <p, C(q,q,conj q)> / (2w) = -(s'''(0)/(2 s'(0))) L^2 Im <p,|q|^2
// q>. []
//
// Method. One verified eigendecomposition of M (spectrum.hpp, accurate residuals) encloses everything at once, in
// O(n^3) for all points together. Two real parts are separated by their discs or, where a weight radius makes the
// discs overlap, by the structured difference: to first order the perturbation D of M moves lambda_i - lambda_j by
// (R_i D V_i - R_j D V_j), and |Re| of that is at most sum_kl |D_kl| |Re(R_ik V_li - R_jk V_lj)|: D is the same for
// both.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "capnode/dynamics/hopf.hpp"
#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"
#include "capnode/proof/verdict.hpp"

namespace capnode {

class Field;

/// x' = scale * function((matrix + p I) x + bias), as read off the graph of a field.
struct DiagonalFamily {
    Function function = Function::tanh;  // tanh, atan or erf; sin has other zeros than 0: left to the general path
    double scale = 1.0;                  // c > 0, exact
    BallMatrix matrix;                   // M, n x n
    BallMatrix bias;                     // b, n x 1
};

/// The family a field belongs to, or nothing; `reason` then says which requirement fails. Exact: the graph is expanded
/// symbolically as c0 + C x + d p + p (K x), and K must be the identity matrix exactly, d exactly zero.
/// Whatever affine expression leads to the same function is recognised, and nothing is by its name.
std::optional<DiagonalFamily> recognise_diagonal_family(const Field& field, std::string* reason = nullptr);

/// A Hopf point proved by the theorem above. Uniqueness (`isolation`): every zero (p, w, x, v) of the augmented system
/// with |p - p_bar| and |w - w_bar| within the radii is this one, whatever x and v, so their radii are +inf.
struct DiagonalHopfPoint : HopfPoint {
    struct Theorem;
};

/// A pair of non-real eigenvalues whose p may lie in the span, and what became of it.
struct DiagonalCandidate {
    Interval parameter;  // encloses -Re lambda_i (for a pair that is not isolated: -Re of its disc)
    double frequency_bar = 0.0;
    Result<DiagonalHopfPoint> result;
};

struct DiagonalHopfPoints {
    std::vector<DiagonalCandidate> candidates;  // sorted by the middle of `parameter`
    /// *proved*: every Hopf point of every field of the ball with p in the span is one of the proved candidates.
    bool complete = false;
    std::string why_incomplete;
    std::size_t outside = 0;  // pairs certainly outside the span
    bool basis_valid = false;
    bool interrupted = false;
};

/// All Hopf points with p in the span. `interrupted` is polled between the stages and may be empty.
/// Throws std::invalid_argument unless span.lo < span.hi, both finite, and the shapes fit.
DiagonalHopfPoints diagonal_hopf_points(const DiagonalFamily& family, const Interval& span,
                                        const std::function<bool()>& interrupted = {});

}  // namespace capnode
