// The radii of a step: one bound a row for every register, valid on the whole step, and the defect.
#include <algorithm>
#include <cmath>

#include "capnode/flow/step_engine.hpp"
#include "capnode/flow/step_kernels.hpp"
#include "capnode/numerics/rounding.hpp"
#include "program_pass.hpp"
#include "radius_rounding.hpp"

namespace capnode {
namespace {

constexpr double u = unit_roundoff;

}  // namespace

struct StepEngine::Radii {
    StepEngine& e;

    std::size_t count(const Instruction& i) const { return e.program_->size[i.out] * e.lanes_; }
    double* radius(Register r) const { return e.at(e.radius_, r); }

    void state(const Instruction&) {}

    void constant(const Instruction& i) {
        const std::size_t n = count(i);
        double* r = radius(i.out);
        for (std::size_t j = 0; j < n; ++j) r[j] = i.weight->exact() ? 0.0 : i.weight->rad.data[j / e.lanes_];
    }

    void affine(const Instruction& i) {
        const std::size_t n = count(i);
        double* r = radius(i.out);
        const double* ra = radius(i.a);
        const double* a0 = e.suffix(i.a, 0);
        // Each coefficient is a sum of m products (+ bias). A term passes at most m, or m/8 + 20 where one column
        // is summed in eight or more interleaved parts, additions: error <= gamma_c (|W| |a_k| + |b|).
        const std::size_t m = i.weight->mid.cols;
        const std::size_t terms = e.lanes_ == 1 ? std::min(m, m / 8 + 20) + 2 : m + 2;
        const double g = gamma_up(static_cast<double>(terms));
        const std::size_t na = m * e.lanes_;
        double* in = e.scratch_.data();
        // Rows of a ball of radius rho in the 2-norm: |W_i v| <= |W_i|_2 rho, instead of |W_i|_1 rho.
        const bool by_norm = e.state_is_ball_ && !e.selection_[i.a].empty();
        const double share = by_norm ? 0.0 : 1.0;
        if (by_norm) {
            for (std::size_t j = 0; j < na; ++j) in[j] = g * a0[j];
        } else {
            for (std::size_t j = 0; j < na; ++j) in[j] = ra[j] + g * a0[j];
        }
        e.kernels_.product(r, i.facts->absolute().data.data(), nullptr, in, i.weight->mid.rows, m, e.lanes_);
        if (by_norm) {
            for (std::size_t j = 0; j < n; ++j) {
                r[j] += i.facts->row_norms()[j / e.lanes_] * e.at(e.radius_, e.state_)[j % e.lanes_];
            }
        }
        if (!i.weight->exact()) {  // |W_true - W| <= rad, on the whole of a
            // The ball's part of the weight radius is inside row_norm.
            for (std::size_t j = 0; j < na; ++j) in[j] = share * ra[j] + a0[j];
            double* more = e.scratch2_.data();
            e.kernels_.product(more, i.weight->rad.data.data(), nullptr, in, i.weight->mid.rows, m, e.lanes_);
            for (std::size_t j = 0; j < n; ++j) r[j] += more[j];
        }
        for (std::size_t row = 0; row < i.weight->mid.rows; ++row) {
            double b = 0.0;
            if (i.bias) {
                b = g * std::fabs(i.bias->mid.data[row]);
                if (!i.bias->exact()) b += i.bias->rad.data[row];
            }
            for (std::size_t j = row * e.lanes_; j < (row + 1) * e.lanes_; ++j) r[j] = bound(r[j] + b);
        }
    }

    void scale(const Instruction& i) {
        const std::size_t n = count(i);
        double* r = radius(i.out);
        const double* out0 = e.suffix(i.out, 0);
        const double* ra = radius(i.a);
        const double* a0 = e.suffix(i.a, 0);
        // out_k = fl(fl(factor a_k) + offset): u |factor a_k| + u |out_k|, and |factor a_0| <= |out_0| + |offset|.
        const double f = std::fabs(i.factor.mid);
        const bool exact = f == 1.0 && i.offset.mid == 0.0;
        for (std::size_t j = 0; j < n; ++j) {
            const double rounding = exact ? 0.0 : u * (2.0 * out0[j] + 2.0 * std::fabs(i.offset.mid));
            r[j] = bound(f * ra[j] + i.factor.rad * (a0[j] + ra[j]) + i.offset.rad + rounding);
        }
    }

    void sum(const Instruction& i, double) {
        const std::size_t n = count(i);
        double* r = radius(i.out);
        const double* out0 = e.suffix(i.out, 0);
        const double* ra = radius(i.a);
        const double* rb = radius(i.b);
        for (std::size_t j = 0; j < n; ++j) r[j] = bound(ra[j] + rb[j] + u * out0[j]);
    }

    void arrange(const Instruction& i) {
        blocks_of(*e.program_, i, [&](Register from, std::size_t first, std::size_t to, std::size_t rows) {
            const double* a = radius(from) + first * e.lanes_;
            std::copy(a, a + rows * e.lanes_, radius(i.out) + to * e.lanes_);
        });
    }

    void multiply(const Instruction& i) {
        const std::size_t n = count(i);
        double* r = radius(i.out);
        const double* ra = radius(i.a);
        const double* rb = radius(i.b);
        const double* a0 = e.suffix(i.a, 0);
        const double* b0 = e.suffix(i.b, 0);
        // c_k = fl(sum_j a_j b_{k-j}) errs by gamma_{k+1} sum |a_j||b_{k-j}|; sum_k (k+1) u |a_j||b_{k-j}| theta^k
        // = u (||a||' ||b|| + ||a|| ||b||' + ||a|| ||b||), and gamma_k <= k u slack here (squares round less often:
        // their pairs are doubled exactly). The products of degree > N: sum_i |a_i| suf_b[N+1-i].
        e.kernels_.product_radius(r, a0, b0, e.at(e.first_, i.a), e.at(e.first_, i.b), ra, rb, e.at(e.tail_, i.out), n);
    }

    void function(const Instruction& i) {
        if (i.primitive == Primitive::integral) {
            e.integral_radius(i);
        } else if (i.primitive == Primitive::reciprocal) {
            reciprocal(i);
        } else {
            square_root(i);
        }
    }

    void reciprocal(const Instruction& i) {
        const std::size_t n = count(i);
        double* r = radius(i.out);
        const double* out0 = e.suffix(i.out, 0);
        const double* ra = radius(i.a);
        const double* a0 = e.suffix(i.a, 0);
        // rho = V U - 1. Degree k <= N: fl(-u_0 S), S = sum_{j>=1} v_j u_{k-j}, against v_0 u_k + S = 0: rounding
        // of S, of the product, and u_0 = fl(1/v_0): (k + 4) u sum |v_j||u_{k-j}| in all, (k + 5) taken. Beyond N
        // the tail. |U - 1/v| = |v U - 1| / |v| <= (rho + ||U|| r_v) / (inf |V| - r_v) for every v within r_v of V.
        const double* t = e.at(e.tail_, i.out);
        const double* v0 = e.coefficient(i.a, 0);
        const double* v_variation = e.suffix(i.a, 1);
        const double* a1 = e.at(e.first_, i.a);
        const double* o1 = e.at(e.first_, i.out);
        for (std::size_t j = 0; j < n; ++j) {
            const double rho = t[j] + u * (a1[j] * out0[j] + a0[j] * o1[j] + 6.0 * a0[j] * out0[j]);
            const double least = (std::fabs(v0[j]) - v_variation[j] * slack - ra[j] * slack) * (1.0 - 0x1p-32);
            r[j] = least > 0.0 ? bound((rho + out0[j] * ra[j]) / least) : infinity;
        }
    }

    void square_root(const Instruction& i) {
        const std::size_t n = count(i);
        double* r = radius(i.out);
        const double* out0 = e.suffix(i.out, 0);
        const double* ra = radius(i.a);
        const double* a0 = e.suffix(i.a, 0);
        // rho = U^2 - V, degree k: (k + 5) u sum |u_j||u_{k-j}| + 2 u |v_k| (the same count), tail as above.
        // |U - sqrt v| = |U^2 - v| / (U + sqrt v) <= (rho + r_v) / inf U, where inf U > 0 and v >= 0 on the step.
        const double* t = e.at(e.tail_, i.out);
        const double* u0 = e.coefficient(i.out, 0);
        const double* u_variation = e.suffix(i.out, 1);
        const double* v0 = e.coefficient(i.a, 0);
        const double* v_variation = e.suffix(i.a, 1);
        const double* o1 = e.at(e.first_, i.out);
        for (std::size_t j = 0; j < n; ++j) {
            const double rho = t[j] + u * (2.0 * o1[j] * out0[j] + 6.0 * out0[j] * out0[j] + 2.0 * a0[j]);
            const double least = (u0[j] - u_variation[j] * slack) * (1.0 - 0x1p-32);
            const double least_v = (v0[j] - v_variation[j] * slack - ra[j] * slack) * (1.0 - 0x1p-32);
            r[j] = least > 0.0 && least_v > 0.0 ? bound((rho + ra[j]) / least) : infinity;
        }
    }
};

void StepEngine::set_domain(const double* theta) {
    std::copy(theta, theta + lanes_, theta_.begin());
    for (std::size_t l = 0; l < lanes_; ++l) {
        double power = 1.0;
        for (std::size_t k = 0; k <= top_ + 1; ++k) {
            weight_[k * lanes_ + l] = power;
            power = next_up(power * theta[l]);
        }
    }
    kernels_.suffix_norms(suffix_.data(), first_.data(), values_.data(), weight_.data(), top_, stride_, stride_,
                          lanes_);
    // What does not depend on the tube: tails of products, pure errors of tanh and sigmoid.
    const auto tail = [&](Register out, Register a, Register b, bool derivative) {
        kernels_.tail(at(tail_, out), coefficient(a, 0), suffix(b, 0), weight_.data(), top_, stride_,
                      program_->size[out] * lanes_, lanes_, derivative);
    };
    for (const Instruction& i : program_->instructions) {
        if (i.primitive == Primitive::multiply) {
            tail(i.out, i.a, i.b, false);
        } else if (i.primitive == Primitive::reciprocal) {
            tail(i.out, i.a, i.out, false);
        } else if (i.primitive == Primitive::square_root) {
            tail(i.out, i.out, i.out, false);
        } else if (i.primitive == Primitive::integral) {
            tail(i.out, i.a, i.derivative, true);
        }
    }
    for (const Instruction& i : program_->instructions) {
        if (has_pure_error(i)) pure_error(i);
    }
}

void StepEngine::radii(const double* state_radius, bool ball) {
    state_is_ball_ = ball && state_radius != nullptr;
    double* r = at(radius_, state_);
    if (state_radius) {
        std::copy(state_radius, state_radius + rows() * lanes_, r);
    } else {
        std::fill(r, r + rows() * lanes_, 0.0);
    }
    Radii pass{*this};
    for (const Instruction& i : program_->instructions) visit(i, pass);

    // Defect. For k < p the coefficient z_{k+1} = fl(fl(scale f_k) / (k+1)), so P' - scale f has there at most
    // 2u(1+u) |scale f_k| <= 3u (k+1) |z_{k+1}|, of integral 3u |z_{k+1}| theta^(k+1). A power of two as scale is
    // exact: then (k+1) z_{k+1} - scale f_k is at most u (k+1) |z_{k+1}|, and 0 for k = 0. From k = p on nothing is
    // matched: |scale f_k| theta^(k+1) / (k+1). The radius of f counts theta |scale| times. For norms the first part is
    // bounded as a constant in time, k + 1 <= p: then the defect is at most a + sum_k b_k tau^k by rows, and the
    // integral of its norm theta |a|_2 + sum_k |b_k|_2 theta^(k+1) / (k+1); theta a <= defect.
    kernels_.integrated_defect(defect_.data(), at(radius_, program_->output), suffix(state_, scale_is_exact_ ? 2 : 1),
                               matched_rounding(), coefficient(program_->output, 0), weight_.data(), scale_.data(),
                               theta_.data(), order_, top_, stride_, rows() * lanes_, lanes_);
}

double StepEngine::matched_rounding() const {
    return (scale_is_exact_ ? u : 3.0 * u) * (norms_of_defects_ ? static_cast<double>(order_) : 1.0);
}

double StepEngine::unmatched_norm(std::size_t lane) const {
    double sum = 0.0;
    for (std::size_t k = order_; k <= top_; ++k) {
        const double* f = coefficient(program_->output, k);
        double square = 0.0;
        for (std::size_t i = 0; i < rows(); ++i) square += f[i * lanes_ + lane] * f[i * lanes_ + lane];
        sum += (std::sqrt(square) * slack + tiny_norm) * weight_[(k + 1) * lanes_ + lane] / static_cast<double>(k + 1);
    }
    return bound_or_infinity(sum * std::fabs(scale_[lane]));
}

void StepEngine::range(double* variation) const {
    const double* s = suffix_.data() + stride_ + program_->offset[state_] * lanes_;
    for (std::size_t j = 0; j < rows() * lanes_; ++j) variation[j] = s[j] * slack;
}

}  // namespace capnode
