// The radii of functions f along a series V: the residual of U' = f'(V) V', integrated.
#include <array>
#include <cmath>

#include "capnode/flow/step_engine.hpp"
#include "capnode/flow/step_kernels.hpp"
#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/rounding.hpp"
#include "radius_rounding.hpp"

namespace capnode {
namespace {

constexpr double u = unit_roundoff;

}  // namespace

bool StepEngine::has_pure_error(const Instruction& i) {
    return i.primitive == Primitive::integral && (i.function == Function::tanh || i.function == Function::sigmoid);
}

// See integral_radius. The register of U U is the operand of W = 1 - U U, W = U - U U.
void StepEngine::pure_error(const Instruction& i) {
    const std::size_t n = program_->size[i.out] * lanes_;
    const Register w = i.derivative;
    const Instruction& slope = program_->instructions[w];
    const Register square = i.function == Function::tanh ? slope.a : slope.b;
    kernels_.gronwall(at(pure_, i.out), at(slope_, i.out), at(initial_error_, i.out), at(tail_, i.out),
                      at(tail_, square), at(first_, i.a), suffix(i.a, 1), suffix(w, 0), coefficient(w, 0), suffix(w, 1),
                      suffix(i.out, 0), at(first_, i.out), 1.0 / static_cast<double>(top_ + 1), n);
    // Where Gronwall's factor is of no use (saturation: V moves far, f hardly), f over the range of V does as well:
    // |f(V) - U| <= max |f(v) - u_0| + ||U - u_0||, |f'| <= sup |f'(v)|, v in v_0 +- variation.
    for (std::size_t j = 0; j < n; ++j) {
        double& pure = at(pure_, i.out)[j];
        double& steepest = at(slope_, i.out)[j];
        if (pure <= 1e-9) continue;
        const double v0 = coefficient(i.a, 0)[j];
        const double around = suffix(i.a, 1)[j] * slack + underflow;
        const Interval v = widen(Interval(v0), around < infinity ? around : infinity);
        const std::array<Interval, 4> f = derivatives(i.function, v);
        const double far = magnitude(f[0] - Interval(coefficient(i.out, 0)[j])) + suffix(i.out, 1)[j];
        const double e = bound(far);
        if (e < pure || !(pure < infinity)) pure = e;
        const double d = magnitude(f[1]);
        if (d < steepest || !(steepest < infinity)) steepest = d;
    }
}

// f along V + (error within r_v). First the pure error e = f(V) - U, then sup |f'| r_v.
//
// e' = f'(V) V' - U' = (f'(V) - W) V' + (W V' - U'), with two parts bounded the same way for every f:
//     integral of |W V' - U'|: degree by degree, k u_k = fl(..) errs by (k + 3) u sum_j j |v_j||w_{k-j}|, of integral
//         (k+3)/k u (..) <= 4 u ||v||' ||w||; beyond degree N: sum_j j |v_j| suf_w[N+1-j] / (N+1).          =: residual
//     integral of |V'| <= sum_{j>=1} |v_j| theta^j = suf_v[1]                                                =:
//     variation
// The first part:
//     W computed from V (log, atan, erf, softplus): |f'(V) - W| <= r_w, so |e| <= |e_0| + r_w variation + residual.
//     W = w(U) (tanh 1 - U^2, sigmoid U - U^2, exp U): f'(V) - W = (w(f) - w(U)) + (w(U) - W). The last is the rounding
//         and tail of W's own instruction, delta_w; w(f) - w(U) = -e (f + U), e (1 - f - U), e. Gronwall:
//         |e| <= (|e_0| + delta_w variation + residual) exp(L variation), L = min(2, 1 + ||U||), 1 + ||U||, 1
//         (for tanh |f + U| <= 2 + |e| would be circular, so L = 1 + ||U||). delta_w = tail and rounding of U U (see
//         multiply), + rounding of 1 - S (2u (|w| + 1)) or U - S (u |w|).
//     sin, cos: (e_s, e_c)' = V' (e_c, -e_s) + g: a rotation, so |(e_s, e_c)|_2 <= |(e_s, e_c)(0)|_2 + integral |g|_2,
//         at most the sum of both parts' errors and residuals.
void StepEngine::integral_radius(const Instruction& i) {
    const std::size_t n = program_->size[i.out] * lanes_;
    double* r = at(radius_, i.out);
    const double* rv = at(radius_, i.a);
    if (has_pure_error(i)) {
        // |f'| <= |w| + delta + e (2 |U| + e) [1 - f^2 against 1 - U^2], + sup |f''| r_v; and its global bound.
        const bool is_tanh = i.function == Function::tanh;
        kernels_.sloped_radius(r, at(pure_, i.out), at(slope_, i.out), rv, is_tanh ? 1.0 : 0.25,
                               is_tanh ? 0.77 : 0.0963, n);
        return;
    }
    const double* variation = suffix(i.a, 1);
    const double* v1 = at(first_, i.a);
    const double* out0 = suffix(i.out, 0);
    const double* e0 = at(initial_error_, i.out);
    const Register w = i.derivative;
    const double* w0 = suffix(w, 0);

    double* residual = scratch_.data();
    const double* t = at(tail_, i.out);
    const double share = 1.0 / static_cast<double>(top_ + 1);
    for (std::size_t j = 0; j < n; ++j) residual[j] = t[j] * share + 4.0 * u * v1[j] * w0[j];

    switch (i.function) {
        case Function::exp:
            for (std::size_t j = 0; j < n; ++j) {
                const double e = (e0[j] + residual[j]) * exp_up(variation[j] * slack) * slack;
                // f(v + d) - f(v) <= f(v) (e^{r_v} - 1) <= (||U|| + e) r_v e^{r_v}
                r[j] = bound(e + (out0[j] + e) * rv[j] * exp_up(rv[j]));
            }
            break;
        case Function::sin:
        case Function::cos: {
            const double* partner_error = at(initial_error_, i.b);
            const Register pw = program_->instructions[i.b].derivative;
            const double* other = at(tail_, i.b);
            const double* pw0 = suffix(pw, 0);
            for (std::size_t j = 0; j < n; ++j) {
                const double e = e0[j] + partner_error[j] + residual[j] + other[j] * share + 4.0 * u * v1[j] * pw0[j];
                r[j] = bound(e + std::min(1.0, w0[j] * slack + e * slack + rv[j]) * rv[j]);
            }
            break;
        }
        default: {
            const double* rw = at(radius_, w);
            const double* w_start = coefficient(w, 0);
            const double* w_variation = suffix(w, 1);
            for (std::size_t j = 0; j < n; ++j) {
                // r_w already holds for every v within r_v of V, so |f'| <= |w| + r_w on the segment too.
                const double e = e0[j] + rw[j] * variation[j] + residual[j];
                r[j] = bound(e + (std::fabs(w_start[j]) + w_variation[j] + rw[j]) * rv[j]);
            }
            break;
        }
    }
}

}  // namespace capnode
