// The Jacobian over a step, entry by entry: for small systems.
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

// J over the step: every factor W ranges over w_0 +- (suf_w[1] + r_w), which holds for all curves in the tube; linear
// layers act on midpoints and radii. Entry radii count the roundings of the midpoints.
struct StepEngine::JacobianRange {
    StepEngine& e;

    std::size_t cl() const { return e.columns_ * e.lanes_; }
    double* mid(Register r) const { return e.tangent_at(e.jacobian_mid_, r); }
    double* rad(Register r) const { return e.tangent_at(e.jacobian_rad_, r); }
    std::size_t count(const Instruction& i) const { return e.program_->size[i.out] * cl(); }

    void state(const Instruction& i) {
        double* om = mid(i.out);
        for (std::size_t row = 0; row < e.rows(); ++row) std::fill_n(om + row * cl() + row * e.lanes_, e.lanes_, 1.0);
    }

    void affine(const Instruction& i) {
        const std::size_t n = count(i);
        double* om = mid(i.out);
        double* orad = rad(i.out);
        const std::size_t inner = i.weight->mid.cols;
        const double g = gamma_up(static_cast<double>(inner + 2));
        const double* im = mid(i.a);
        const double* ir = rad(i.a);
        e.linear_product(i, i.weight->mid.data.data(), nullptr, im, om, cl());
        for (std::size_t j = 0; j < inner * cl(); ++j) e.tangent_scratch_[j] = ir[j] + g * std::fabs(im[j]);
        e.linear_product(i, i.facts->absolute().data.data(), nullptr, e.tangent_scratch_.data(), orad, cl());
        if (!i.weight->exact()) {
            double* more = e.tangent_scratch2_.data();
            for (std::size_t j = 0; j < inner * cl(); ++j) e.tangent_scratch_[j] = ir[j] + std::fabs(im[j]);
            e.linear_product(i, i.weight->rad.data.data(), nullptr, e.tangent_scratch_.data(), more, cl());
            for (std::size_t j = 0; j < n; ++j) orad[j] += more[j];
        }
        for (std::size_t j = 0; j < n; ++j) orad[j] = bound(orad[j]);
    }

    void scale(const Instruction& i) {
        const std::size_t n = count(i);
        double* om = mid(i.out);
        double* orad = rad(i.out);
        const double* im = mid(i.a);
        const double* ir = rad(i.a);
        for (std::size_t j = 0; j < n; ++j) {
            om[j] = i.factor.mid * im[j];
            orad[j] = bound(std::fabs(i.factor.mid) * ir[j] + i.factor.rad * (std::fabs(im[j]) + ir[j]) +
                            u * std::fabs(om[j]));
        }
    }

    void sum(const Instruction& i, double sign, Register left, Register right) {
        const std::size_t n = count(i);
        double* om = mid(i.out);
        double* orad = rad(i.out);
        const double* ma = left != no_register ? mid(left) : nullptr;
        const double* mb = right != no_register ? mid(right) : nullptr;
        const double* ra = left != no_register ? rad(left) : nullptr;
        const double* rb = right != no_register ? rad(right) : nullptr;
        for (std::size_t j = 0; j < n; ++j) {
            const double a = ma ? ma[j] : 0.0;
            const double b = mb ? sign * mb[j] : 0.0;
            const double error = (ra ? ra[j] : 0.0) + (rb ? rb[j] : 0.0);
            om[j] = a + b;
            orad[j] = bound(error + u * std::fabs(om[j]));
        }
    }

    void arrange(const Instruction& i) {
        arrange_tangents(*e.program_, i, cl(), mid(i.out), [&](Register r) { return mid(r); });
        arrange_tangents(*e.program_, i, cl(), rad(i.out), [&](Register r) { return rad(r); });
    }

    void factor(const Instruction& i, Register w, Register in, bool add) {
        e.kernels_.jacobian_factor(mid(i.out), rad(i.out), mid(in), rad(in), e.coefficient(w, 0), e.suffix(w, 1),
                                   e.at(e.radius_, w), e.program_->size[i.out], e.columns_, e.lanes_, add);
    }
};

void StepEngine::jacobian_range(double* mid, double* rad) {
    reserve_scratch();  // on the first call only
    jacobian_mid_.resize(tangent_stride_, 0.0);
    jacobian_rad_.resize(tangent_stride_, 0.0);
    JacobianRange pass{*this};
    differentiate(*program_, pass);
    const std::size_t size = rows() * columns_ * lanes_;
    if (program_->instructions[program_->output].on_path) {
        std::copy_n(pass.mid(program_->output), size, mid);
        std::copy_n(pass.rad(program_->output), size, rad);
    } else {
        std::fill_n(mid, size, 0.0);
        std::fill_n(rad, size, 0.0);
    }
}

}  // namespace capnode
