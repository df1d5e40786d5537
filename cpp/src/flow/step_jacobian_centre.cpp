// The Jacobian in the middle of a step, and the 2-norm of what it varies about it: for large systems.
#include <algorithm>
#include <cmath>
#include <vector>

#include "capnode/flow/step_engine.hpp"
#include "capnode/flow/step_kernels.hpp"
#include "capnode/numerics/rounding.hpp"
#include "program_pass.hpp"
#include "radius_rounding.hpp"

namespace capnode {
namespace {

constexpr double u = unit_roundoff;

}  // namespace

// J in the middle of the step, and the 2-norm of what it differs from that over the step and the tube, at most
// `largest` at any time and `average` on average over the step. Each register carries: M, its tangent matrix with every
// factor w at tau = theta / 2 (w_c); N >= |M|_2; S(t) >= |true - M|_2.
//     state          M = I, N = 1, S = 0
//     linear layers  N' = |W|_2 N,  S' = |W|_2 S + |W_rad|_F (N + S) + gamma |W|_F |M|_F
//     w d            N' = omega N,  S' = delta N + omega S, omega = sup |w|, delta(t) = |w(t) - w_c|_inf
//     a + b, parts   N' = N_a + N_b, S' = S_a + S_b
// |M|_F <= sqrt(columns) N; every rounding of an entry of M is below 3u of it. All rules are linear in (delta, S), with
// coefficients constant over the step, so they hold for the averages as well. With s = tau / theta, |s^k - 2^-k| has
// the maximum 1 - 2^-k and the average (1 - 2^-k) / (k + 1) over [0, 1]: delta is at most sum_k max_i |w_ki| theta^k
// times that, + r_w + the rounding of w_c.
struct StepEngine::JacobianCentre {
    StepEngine& e;
    double root;               // sqrt(columns), rounded up
    std::vector<double> half;  // theta / 2

    std::size_t cl() const { return e.columns_ * e.lanes_; }
    double* mid(Register r) const { return e.tangent_at(e.jacobian_mid_, r); }
    // What to read: a layer on the state itself is its weight, where that is stored.
    const double* matrix(Register r) const {
        const Instruction& i = e.program_->instructions[r];
        return is_weight(i) ? i.weight->mid.data.data() : mid(r);
    }
    bool is_weight(const Instruction& i) const {
        return e.lanes_ == 1 && i.primitive == Primitive::affine && e.is_state_[i.a];
    }
    double* norm_of(Register r) const { return e.norms_.data() + 3 * r * e.lanes_; }
    double* largest_of(Register r) const { return e.norms_.data() + (3 * r + 1) * e.lanes_; }
    double* average_of(Register r) const { return e.norms_.data() + (3 * r + 2) * e.lanes_; }

    void state(const Instruction& i) {
        double* out = mid(i.out);
        double* n = norm_of(i.out);
        for (std::size_t r = 0; r < e.rows(); ++r) std::fill_n(out + r * cl() + r * e.lanes_, e.lanes_, 1.0);
        std::fill_n(n, e.lanes_, 1.0);
    }

    void affine(const Instruction& i) {
        const std::size_t rows_out = e.program_->size[i.out];
        double* out = mid(i.out);
        double* n = norm_of(i.out);
        double* s = largest_of(i.out);
        double* v = average_of(i.out);
        const Matrix& w = i.weight->mid;
        const double* in = matrix(i.a);
        const bool copies = !e.selection_[i.a].empty();
        if (is_weight(i)) {
            // nothing to copy
        } else if (copies) {
            std::fill_n(out, rows_out * cl(), 0.0);
            for (std::size_t r = 0; r < rows_out; ++r) {
                if (e.lanes_ == 1) {
                    const double* from = w.row(r);
                    const std::uint32_t* to = e.selection_[i.a].data();
                    for (std::size_t c = 0; c < w.cols; ++c) out[r * cl() + to[c]] = from[c];
                    continue;
                }
                for (std::size_t c = 0; c < w.cols; ++c) {
                    std::fill_n(out + r * cl() + e.selection_[i.a][c] * e.lanes_, e.lanes_, w(r, c));
                }
            }
        } else {
            e.linear_product(i, w.data.data(), nullptr, in, out, cl());
        }
        const WeightFacts::Norms& norms = i.facts->norms();
        const double g = copies ? 0.0 : gamma_up(static_cast<double>(w.cols + 2));
        for (std::size_t l = 0; l < e.lanes_; ++l) {
            const double n_in = norm_of(i.a)[l];
            const double rounding = g * norms.frobenius * root * n_in;
            n[l] = bound(norms.spectral * n_in + rounding);
            s[l] = bound(norms.spectral * largest_of(i.a)[l] + norms.radius * (n_in + largest_of(i.a)[l]) + rounding);
            v[l] = bound(norms.spectral * average_of(i.a)[l] + norms.radius * (n_in + average_of(i.a)[l]) + rounding);
        }
    }

    void scale(const Instruction& i) {
        const std::size_t rows_out = e.program_->size[i.out];
        double* out = mid(i.out);
        double* n = norm_of(i.out);
        double* s = largest_of(i.out);
        double* v = average_of(i.out);
        const double f = std::fabs(i.factor.mid);
        const double* in = matrix(i.a);
        for (std::size_t j = 0; j < rows_out * cl(); ++j) out[j] = i.factor.mid * in[j];
        for (std::size_t l = 0; l < e.lanes_; ++l) {
            const double n_in = norm_of(i.a)[l];
            n[l] = bound(f * n_in + u * f * root * n_in);
            const double extra = i.factor.rad * (n_in + largest_of(i.a)[l]) + u * f * root * n_in;
            s[l] = bound(f * largest_of(i.a)[l] + extra);
            v[l] = bound(f * average_of(i.a)[l] + extra);
        }
    }

    void sum(const Instruction& i, double sign, Register left, Register right) {
        const std::size_t rows_out = e.program_->size[i.out];
        double* out = mid(i.out);
        double* n = norm_of(i.out);
        double* s = largest_of(i.out);
        double* v = average_of(i.out);
        const double* a = left != no_register ? matrix(left) : nullptr;
        const double* b = right != no_register ? matrix(right) : nullptr;
        for (std::size_t j = 0; j < rows_out * cl(); ++j) {
            out[j] = (a ? a[j] : 0.0) + (b ? sign * b[j] : 0.0);
        }
        for (std::size_t l = 0; l < e.lanes_; ++l) {
            n[l] = bound((1.0 + 2.0 * u * root) * ((a ? norm_of(i.a)[l] : 0.0) + (b ? norm_of(i.b)[l] : 0.0)));
            const double rounding = u * root * n[l];
            s[l] = bound((a ? largest_of(i.a)[l] : 0.0) + (b ? largest_of(i.b)[l] : 0.0) + rounding);
            v[l] = bound((a ? average_of(i.a)[l] : 0.0) + (b ? average_of(i.b)[l] : 0.0) + rounding);
        }
    }

    // A row used k times counts sqrt(k) fold; the norm of parts one after another is below the sum of theirs.
    void arrange(const Instruction& i) {
        arrange_tangents(*e.program_, i, cl(), mid(i.out), [&](Register r) { return matrix(r); });
        double* n = norm_of(i.out);
        double* s = largest_of(i.out);
        double* v = average_of(i.out);
        if (i.primitive == Primitive::gather) {
            std::vector<double> used(e.program_->size[i.a], 0.0);
            double most = 0.0;
            for (const std::uint32_t index : i.indices) most = std::max(most, used[index] += 1.0);
            const double times = std::sqrt(most) * slack;
            for (std::size_t l = 0; l < e.lanes_; ++l) {
                n[l] = bound(times * norm_of(i.a)[l]);
                s[l] = bound(times * largest_of(i.a)[l]);
                v[l] = bound(times * average_of(i.a)[l]);
            }
            return;
        }
        std::fill_n(n, 3 * e.lanes_, 0.0);
        for (const Register part : i.parts) {
            if (!e.program_->instructions[part].on_path) continue;
            for (std::size_t l = 0; l < e.lanes_; ++l) {
                n[l] = bound(n[l] + norm_of(part)[l]);
                s[l] = bound(s[l] + largest_of(part)[l]);
                v[l] = bound(v[l] + average_of(part)[l]);
            }
        }
    }

    void factor(const Instruction& i, Register w, Register in, bool add) {
        const std::size_t rows_out = e.program_->size[i.out];
        const std::size_t n = rows_out * e.lanes_;
        double* centre = e.scratch_.data();
        double* error = e.scratch2_.data();
        e.kernels_.horner(centre, error, e.coefficient(w, 0), e.top_, e.stride_, half.data(), n, e.lanes_);
        for (std::size_t l = 0; l < e.lanes_; ++l) {
            double omega = 0.0;
            double fixed = 0.0;
            for (std::size_t r = 0; r < rows_out; ++r) {
                const std::size_t j = r * e.lanes_ + l;
                const double rw = e.at(e.radius_, w)[j];
                const double size = std::fabs(e.coefficient(w, 0)[j]) + e.suffix(w, 1)[j] + rw;
                omega = larger(omega, size);
                fixed = larger(fixed, rw + error[j]);
            }
            double delta = fixed;
            double delta_average = fixed;
            double two = 0.5;
            for (std::size_t k = 1; k <= e.top_; ++k, two *= 0.5) {
                double m = 0.0;
                for (std::size_t r = 0; r < rows_out; ++r) {
                    m = larger(m, std::fabs(e.coefficient(w, k)[r * e.lanes_ + l]));
                }
                m *= e.weight_[k * e.lanes_ + l];
                delta += m * (1.0 - two);
                delta_average += m * (1.0 - two) / static_cast<double>(k + 1);
            }
            const double n_in = norm_of(in)[l];
            const double rounding = 3.0 * u * omega * root * n_in;
            const double keep = add ? 1.0 : 0.0;
            norm_of(i.out)[l] = bound(keep * norm_of(i.out)[l] + omega * n_in + 2.0 * rounding);
            largest_of(i.out)[l] =
                bound(keep * largest_of(i.out)[l] + delta * n_in + omega * largest_of(in)[l] + 2.0 * rounding);
            average_of(i.out)[l] =
                bound(keep * average_of(i.out)[l] + delta_average * n_in + omega * average_of(in)[l] + 2.0 * rounding);
            if (add) {  // the sum of both terms: u of it
                largest_of(i.out)[l] = bound(largest_of(i.out)[l] + u * root * norm_of(i.out)[l]);
                average_of(i.out)[l] = bound(average_of(i.out)[l] + u * root * norm_of(i.out)[l]);
            }
        }
        const double* m = matrix(in);
        double* out = mid(i.out);
        for (std::size_t r = 0; r < rows_out; ++r) {
            if (e.lanes_ == 1) {
                const double w_c = centre[r];
                const double* from = m + r * cl();
                double* to = out + r * cl();
                if (add) {
                    for (std::size_t c = 0; c < e.columns_; ++c) to[c] += w_c * from[c];
                } else {
                    for (std::size_t c = 0; c < e.columns_; ++c) to[c] = w_c * from[c];
                }
                continue;
            }
            for (std::size_t c = 0; c < e.columns_; ++c) {
                for (std::size_t l = 0; l < e.lanes_; ++l) {
                    const std::size_t j = r * cl() + c * e.lanes_ + l;
                    const double value = centre[r * e.lanes_ + l] * m[j];
                    out[j] = add ? out[j] + value : value;
                }
            }
        }
    }
};

const double* StepEngine::jacobian_centre(double* largest, double* average) {
    norms_.assign(3 * program_->instructions.size() * lanes_, 0.0);
    jacobian_mid_.resize(tangent_stride_, 0.0);
    JacobianCentre pass{*this, std::sqrt(static_cast<double>(columns_)) * slack, std::vector<double>(lanes_)};
    for (std::size_t l = 0; l < lanes_; ++l) pass.half[l] = 0.5 * theta_[l];
    differentiate(*program_, pass);
    const Register f = program_->output;
    if (program_->instructions[f].on_path) {
        std::copy_n(pass.largest_of(f), lanes_, largest);
        std::copy_n(pass.average_of(f), lanes_, average);
        return pass.matrix(f);
    }
    std::fill_n(largest, lanes_, 0.0);
    std::fill_n(average, lanes_, 0.0);
    jacobian_zero_.resize(rows() * columns_ * lanes_, 0.0);
    return jacobian_zero_.data();
}

}  // namespace capnode
