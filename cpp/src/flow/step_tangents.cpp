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
void StepEngine::tangent_norm(TangentTile& tile, Register of, double* out, std::size_t first) {
    const std::size_t n = program_->size[of] * tile.columns * lanes_;
    if (first > tangent_top_) {
        std::fill_n(out, n, 0.0);
        return;
    }
    kernels_.norm(out, tangent(tile, of, first), weight_.data() + first * lanes_, tangent_top_ - first, tile.stride, n,
                  lanes_);
}

void StepEngine::tangent_sum(const double* factor, double* out) {
    double* weight = weighted_.data();
    for (std::size_t k = 0; k <= tangent_order_; ++k) {
        for (std::size_t l = 0; l < lanes_; ++l) weight[k * lanes_ + l] = factor[k] * weight_[k * lanes_ + l];
    }
    for (TangentTile& tile : tiles_) {
        const std::size_t n = rows() * tile.columns * lanes_;
        const bool whole = tiles_.size() == 1;
        double* to = whole ? out : tile.scratch.data();
        kernels_.norm(to, tangent(tile, state_, 0), weight, tangent_order_, tile.stride, n, lanes_);
        if (!whole) scatter(tile, to, out);
    }
}

// Radii of the tangent registers for exact state tangents Q, for every curve in the tube: |true - D| on [0, theta].
//     linear layers   |W| (r + gamma ||d||) (+ weight radius)
//     w d             sum_i |d_i| theta^i (u (||w||' + (i+2) ||w||) + r_w + suf_w[N+1-i]) + (||w|| + r_w) r_d
// since fl(sum_j w_j d_{k-j}) errs by (k+1) u (one more where two products are added) and k = j + i; r_w holds over the
// tube.
struct StepEngine::TangentRadii {
    StepEngine& e;
    TangentTile& tile;

    std::size_t cl() const { return tile.columns * e.lanes_; }
    double* radius(Register r) const { return tile.radius.data() + e.tangent_offset_[r] * cl(); }
    std::size_t count(const Instruction& i) const { return e.program_->size[i.out] * cl(); }

    void state(const Instruction& i) { std::fill_n(radius(i.out), count(i), 0.0); }

    void affine(const Instruction& i) {
        const std::size_t n = count(i);
        double* r = radius(i.out);
        const std::size_t inner = i.weight->mid.cols;
        const double g = gamma_up(static_cast<double>(inner + 2));
        const double* rd = radius(i.a);
        double* norm = tile.scratch2.data();
        e.tangent_norm(tile, i.a, norm);
        for (std::size_t j = 0; j < inner * cl(); ++j) tile.scratch[j] = rd[j] + g * norm[j];
        e.linear_product(i, i.facts->absolute().data.data(), nullptr, tile.scratch.data(), r, cl());
        if (!i.weight->exact()) {
            double* more = tile.scratch2.data();
            for (std::size_t j = 0; j < inner * cl(); ++j) tile.scratch[j] = rd[j] + norm[j];
            e.linear_product(i, i.weight->rad.data.data(), nullptr, tile.scratch.data(), more, cl());
            for (std::size_t j = 0; j < n; ++j) r[j] += more[j];
        }
        for (std::size_t j = 0; j < n; ++j) r[j] = bound(r[j]);
    }

    void scale(const Instruction& i) {
        const std::size_t n = count(i);
        double* r = radius(i.out);
        const double f = std::fabs(i.factor.mid);
        const double* rd = radius(i.a);
        e.tangent_norm(tile, i.a, tile.scratch.data());
        for (std::size_t j = 0; j < n; ++j) {
            r[j] = bound(f * rd[j] + i.factor.rad * (tile.scratch[j] + rd[j]) + u * f * tile.scratch[j]);
        }
    }

    void sum(const Instruction& i, double, Register left, Register right) {
        const std::size_t n = count(i);
        double* r = radius(i.out);
        e.tangent_norm(tile, i.out, tile.scratch.data());
        const double* a = left != no_register ? radius(left) : nullptr;
        const double* b = right != no_register ? radius(right) : nullptr;
        for (std::size_t j = 0; j < n; ++j) {
            r[j] = bound((a ? a[j] : 0.0) + (b ? b[j] : 0.0) + u * tile.scratch[j]);
        }
    }

    void arrange(const Instruction& i) {
        arrange_tangents(*e.program_, i, cl(), radius(i.out), [&](Register r) { return radius(r); });
    }

    void factor(const Instruction& i, Register w, Register d, bool add) {
        const std::size_t rows = e.program_->size[i.out];
        e.kernels_.tangent_factor(tile.factor.data(), e.weight_.data(), e.at(e.first_, w), e.suffix(w, 0),
                                  e.coefficient(w, 0), e.at(e.radius_, w), e.tangent_top_, e.stride_, rows * e.lanes_,
                                  e.lanes_);
        e.kernels_.tangent_bound(radius(i.out), e.tangent(tile, d, 0), tile.factor.data(), radius(d), e.tangent_top_,
                                 tile.stride, rows * e.lanes_, rows, tile.columns, e.lanes_, add);
    }
};

void StepEngine::tangent_defect(double* defect) {
    if (!program_->instructions[program_->output].on_path) {
        std::fill_n(defect, rows() * columns_ * lanes_, 0.0);
        return;
    }
    on_threads(threads_, tiles_.size(), [&](std::size_t index) {
        TangentTile& tile = tiles_[index];
        TangentRadii pass{*this, tile};
        differentiate(*program_, pass);
        // As for the values: theta |scale| r_f, u sum_{k>=2} or 3u sum_{k>=1} |d_k| theta^k, and the unmatched orders.
        tangent_norm(tile, state_, tile.scratch.data(), scale_is_exact_ ? 2 : 1);
        const bool whole = tiles_.size() == 1;
        double* out = whole ? defect : tile.scratch2.data();
        kernels_.integrated_defect(out, pass.radius(program_->output), tile.scratch.data(), matched_rounding(),
                                   tangent(tile, program_->output, 0), weight_.data(), scale_.data(), theta_.data(),
                                   tangent_order_, tangent_top_, tile.stride, rows() * tile.columns * lanes_, lanes_);
        if (!whole) scatter(tile, out, defect);
    });
}

double StepEngine::unmatched_tangent_norm(std::size_t lane) const {
    if (!program_->instructions[program_->output].on_path) return 0.0;
    double sum = 0.0;
    for (std::size_t k = tangent_order_; k <= tangent_top_; ++k) {
        double square = 0.0;
        for (const TangentTile& tile : tiles_) {
            const double* f =
                tile.series.data() + k * tile.stride + tangent_offset_[program_->output] * tile.columns * lanes_;
            for (std::size_t j = lane; j < rows() * tile.columns * lanes_; j += lanes_) square += f[j] * f[j];
        }
        sum += (std::sqrt(square) * slack + tiny_norm) * weight_[(k + 1) * lanes_ + lane] / static_cast<double>(k + 1);
    }
    return bound_or_infinity(sum * std::fabs(scale_[lane]));
}

}  // namespace capnode
