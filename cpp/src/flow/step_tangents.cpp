// The radii of the tangents of a step, and their defect.
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

/// out = sum_{k>=first} |d_k| theta^k of a register's tangents.
void StepEngine::tangent_norm(const Instruction& of, double* out, std::size_t first) {
    kernels_.norm(out, tangent(of.out, first), weight_.data() + first * lanes_, tangent_top_ - first, tangent_stride_,
                  program_->size[of.out] * columns_ * lanes_, lanes_);
}

// Radii of the tangent registers for exact state tangents Q, for every curve in the tube: |true - D| on [0, theta].
//     linear layers   |W| (r + gamma ||d||) (+ weight radius)
//     w d             sum_i |d_i| theta^i (u (||w||' + (i+2) ||w||) + r_w + suf_w[N+1-i]) + (||w|| + r_w) r_d
// since fl(sum_j w_j d_{k-j}) errs by (k+1) u (one more where two products are added) and k = j + i; r_w holds over the
// tube.
struct StepEngine::TangentRadii {
    StepEngine& e;

    std::size_t cl() const { return e.columns_ * e.lanes_; }
    double* radius(Register r) const { return e.tangent_at(e.tangent_radius_, r); }
    std::size_t count(const Instruction& i) const { return e.program_->size[i.out] * cl(); }

    void state(const Instruction& i) { std::fill_n(radius(i.out), count(i), 0.0); }

    void affine(const Instruction& i) {
        const std::size_t n = count(i);
        double* r = radius(i.out);
        const std::size_t inner = i.weight->mid.cols;
        const double g = gamma_up(static_cast<double>(inner + 2));
        const double* rd = radius(i.a);
        double* norm = e.tangent_scratch2_.data();
        e.tangent_norm(e.program_->instructions[i.a], norm);
        for (std::size_t j = 0; j < inner * cl(); ++j) e.tangent_scratch_[j] = rd[j] + g * norm[j];
        e.linear_product(i, i.facts->absolute().data.data(), nullptr, e.tangent_scratch_.data(), r, cl());
        if (!i.weight->exact()) {
            double* more = e.tangent_scratch2_.data();
            for (std::size_t j = 0; j < inner * cl(); ++j) e.tangent_scratch_[j] = rd[j] + norm[j];
            e.linear_product(i, i.weight->rad.data.data(), nullptr, e.tangent_scratch_.data(), more, cl());
            for (std::size_t j = 0; j < n; ++j) r[j] += more[j];
        }
        for (std::size_t j = 0; j < n; ++j) r[j] = bound(r[j]);
    }

    void scale(const Instruction& i) {
        const std::size_t n = count(i);
        double* r = radius(i.out);
        const double f = std::fabs(i.factor.mid);
        const double* rd = radius(i.a);
        e.tangent_norm(e.program_->instructions[i.a], e.tangent_scratch_.data());
        for (std::size_t j = 0; j < n; ++j) {
            r[j] = bound(f * rd[j] + i.factor.rad * (e.tangent_scratch_[j] + rd[j]) + u * f * e.tangent_scratch_[j]);
        }
    }

    void sum(const Instruction& i, double, Register left, Register right) {
        const std::size_t n = count(i);
        double* r = radius(i.out);
        e.tangent_norm(i, e.tangent_scratch_.data());
        const double* a = left != no_register ? radius(left) : nullptr;
        const double* b = right != no_register ? radius(right) : nullptr;
        for (std::size_t j = 0; j < n; ++j) {
            r[j] = bound((a ? a[j] : 0.0) + (b ? b[j] : 0.0) + u * e.tangent_scratch_[j]);
        }
    }

    void arrange(const Instruction& i) {
        arrange_tangents(*e.program_, i, cl(), radius(i.out), [&](Register r) { return radius(r); });
    }

    void factor(const Instruction& i, Register w, Register d, bool add) {
        const std::size_t rows = e.program_->size[i.out];
        e.kernels_.tangent_factor(e.factor_.data(), e.weight_.data(), e.at(e.first_, w), e.suffix(w, 0),
                                  e.coefficient(w, 0), e.at(e.radius_, w), e.tangent_top_, e.stride_, rows * e.lanes_,
                                  e.lanes_);
        e.kernels_.tangent_bound(radius(i.out), e.tangent(d, 0), e.factor_.data(), radius(d), e.tangent_top_,
                                 e.tangent_stride_, rows * e.lanes_, rows, e.columns_, e.lanes_, add);
    }
};

void StepEngine::tangent_defect(double* defect) {
    const std::size_t cl = columns_ * lanes_;
    if (!program_->instructions[program_->output].on_path) {
        std::fill_n(defect, rows() * cl, 0.0);
        return;
    }
    TangentRadii pass{*this};
    differentiate(*program_, pass);
    // As for the values: theta |scale| r_f, 3u sum_{k>=1} |d_k| theta^k, and the unmatched orders.
    tangent_norm(program_->instructions[state_], tangent_scratch_.data(), 1);
    kernels_.integrated_defect(defect, tangent_at(tangent_radius_, program_->output), tangent_scratch_.data(),
                               tangent(program_->output, 0), weight_.data(), scale_.data(), theta_.data(),
                               tangent_order_, tangent_top_, tangent_stride_, rows() * cl, lanes_);
}

}  // namespace capnode
