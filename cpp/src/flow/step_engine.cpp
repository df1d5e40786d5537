#include "capnode/flow/step_engine.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/flow/step_kernels.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/lanes.hpp"
#include "growth.hpp"

namespace capnode {
namespace {

constexpr double u = unit_roundoff;

// Every radius is a sum of products of non-negative doubles formed in round to nearest from at most 2^20 operations, so
// its relative error is below 2^20 * 2^-53 * 1.01 < 2^-32, and `slack` makes up for it (norms that enter are not
// inflated themselves: they are counted in). `underflow` makes up for what subnormal products lost: fewer than 2^60
// times 2^-1074, each in a product whose other factor is below 2^40 (a larger factor makes the step fail).
constexpr double slack = 1.0 + 0x1p-32;
constexpr double underflow = 0x1p-960;
// What the square root of a sum of squares may lose where the squares underflow.
constexpr double tiny_norm = 0x1p-480;

inline double bound(double x) { return x * slack + underflow; }

/// e^x rounded up for x >= 0: with y = x / 16 <= 1, e^y <= 1 + y + y^2/2 + y^3/6 + y^4/24 (1 + y/5 e^y) and e <= 2.72.
inline double exp_up(double x) {
    if (!(x <= 16.0)) return infinity;
    const double y = x * 0.0625;
    const double e = 1.0 + y * (1.0 + y * (0.5 + y * (1.0 / 6.0 + y * (1.0 / 24.0) * (1.0 + 0.544 * y))));
    const double e2 = e * e;
    const double e4 = e2 * e2;
    const double e8 = e4 * e4;
    return e8 * e8 * slack;
}

}  // namespace

StepEngine::StepEngine(std::shared_ptr<const TaylorProgram> program, std::size_t lanes, std::size_t order,
                       std::size_t extra, std::size_t tangent_order)
    : program_(std::move(program)),
      kernels_(step_kernels()),
      lanes_(lanes),
      order_(order),
      top_(order - 1 + extra),
      tangent_order_(std::min(order, tangent_order)),
      tangent_top_(tangent_order_ == 0 ? 0 : std::min(top_, tangent_order_ - 1 + extra)),
      with_tangents_(tangent_order > 0),
      scale_(lanes, 1.0),
      theta_(lanes, 1.0) {
    const std::size_t total = program_->total_rows;
    stride_ = total * lanes_;
    values_.assign(stride_ * (top_ + 1), 0.0);
    suffix_.assign(stride_ * (top_ + 2), 0.0);
    for (AlignedVector* v :
         {&first_, &radius_, &initial_error_, &half_inverse_, &scratch_, &scratch2_, &tail_, &pure_, &slope_}) {
        v->assign(stride_, 0.0);
    }
    defect_.assign(rows() * lanes_, 0.0);
    weight_.assign((top_ + 2) * lanes_, 0.0);
    absolute_.resize(program_->instructions.size());
    row_norm_.resize(program_->instructions.size());
    selection_.resize(program_->instructions.size());
    weight_norms_.resize(program_->instructions.size());
    low_degree_.assign(program_->instructions.size(), 0);
    for (const Instruction& i : program_->instructions) {
        bool low = false;
        switch (i.primitive) {
            case Primitive::state:
                low = true;
                break;
            case Primitive::constant:
                low = true;
                break;
            case Primitive::affine:
            case Primitive::scale:
            case Primitive::gather:
                low = low_degree_[i.a];
                break;
            case Primitive::add:
            case Primitive::subtract:
                low = low_degree_[i.a] && low_degree_[i.b];
                break;
            case Primitive::concat:
                low = std::all_of(i.parts.begin(), i.parts.end(), [&](Register r) { return low_degree_[r] != 0; });
                break;
            default:
                break;
        }
        low_degree_[i.out] = low;
        // Registers that are a choice of rows of the state, none twice.
        if (i.primitive == Primitive::state) {
            for (std::size_t r = 0; r < rows(); ++r) selection_[i.out].push_back(static_cast<std::uint32_t>(r));
        } else if (i.primitive == Primitive::gather && !selection_[i.a].empty()) {
            std::vector<char> seen(rows(), 0);
            bool once = true;
            for (const std::uint32_t index : i.indices) {
                const std::uint32_t r = selection_[i.a][index];
                once = once && !seen[r];
                seen[r] = 1;
                selection_[i.out].push_back(r);
            }
            if (!once) selection_[i.out].clear();
        }
        if (i.primitive == Primitive::affine) {
            Matrix a = i.weight->mid;
            for (double& x : a.data) x = std::fabs(x);
            row_norm_[i.out].assign(a.rows, 0.0);
            for (std::size_t r = 0; r < a.rows; ++r) {
                double sum = 0.0;
                for (std::size_t c = 0; c < a.cols; ++c) {
                    const double x = a(r, c) + (i.weight->exact() ? 0.0 : i.weight->rad(r, c));
                    sum += x * x;
                }
                row_norm_[i.out][r] = bound(std::sqrt(sum)) + tiny_norm;
            }
            absolute_[i.out] = std::move(a);
        }
    }
    columns_ = rows();
    std::size_t row = 0;
    for (const Instruction& i : program_->instructions) {
        tangent_offset_.push_back(row);
        if (i.on_path) row += program_->size[i.out];
    }
    tangent_stride_ = row * columns_ * lanes_;
    if (with_tangents_) {
        reserve_scratch();
        tangents_.assign(tangent_stride_ * (tangent_top_ + 1), 0.0);
        tangent_radius_.assign(tangent_stride_, 0.0);
        std::size_t largest = 0;
        for (const std::size_t s : program_->size) largest = std::max(largest, s);
        factor_.assign((tangent_top_ + 2) * largest * lanes_, 0.0);
    }
}

void StepEngine::reserve_scratch() {
    std::size_t largest = 0;
    for (const std::size_t s : program_->size) largest = std::max(largest, s);
    tangent_scratch_.resize(largest * columns_ * lanes_, 0.0);
    tangent_scratch2_.resize(largest * columns_ * lanes_, 0.0);
}

void StepEngine::linear_product(const Instruction& i, const double* weight, const double* bias, const double* in,
                                double* out, std::size_t columns) const {
    const std::size_t rows = i.weight->mid.rows;
    const std::size_t inner = i.weight->mid.cols;
    if (bias == nullptr && columns >= 16 && rows * inner * columns >= 32768) {
        blas::gemm(rows, columns, inner, weight, in, out);
    } else {
        kernels_.product(out, weight, bias, in, rows, inner, columns);
    }
}

// ---- values: the series ------------------------------------------------------------------------------------------

void StepEngine::coefficients(const double* scale) {
    std::copy(scale, scale + lanes_, scale_.begin());
    for (std::size_t k = 0; k <= top_; ++k) {
        if (k > 0) {
            double* next = coefficient(state_, k);
            if (k <= order_) {
                // z_k = scale f_{k-1} / k
                kernels_.advance(next, coefficient(program_->output, k - 1), scale_.data(), k, rows() * lanes_, lanes_);
            } else {
                std::fill(next, next + rows() * lanes_, 0.0);
            }
        }
        for (const Instruction& i : program_->instructions) {
            if (i.primitive == Primitive::state) continue;
            value_coefficient(i, k);
        }
    }
}

void StepEngine::initial_value(const Instruction& i) {
    const std::size_t n = program_->size[i.out] * lanes_;
    double* out = coefficient(i.out, 0);
    const double* a = coefficient(i.a, 0);
    double* error = at(initial_error_, i.out);
    switch (i.primitive) {
        case Primitive::integral:
            apply_lanes(i.function, n, a, nullptr, out, error);
            break;
        case Primitive::reciprocal:
            for (std::size_t j = 0; j < n; ++j) out[j] = 1.0 / a[j];
            break;
        case Primitive::square_root: {
            double* half = at(half_inverse_, i.out);
            for (std::size_t j = 0; j < n; ++j) {
                out[j] = std::sqrt(a[j]);
                half[j] = 0.5 / out[j];
            }
            break;
        }
        default:
            break;
    }
}

void StepEngine::value_coefficient(const Instruction& i, std::size_t k) {
    const std::size_t n = program_->size[i.out] * lanes_;
    double* out = coefficient(i.out, k);
    if (k > order_ && low_degree_[i.out]) {
        std::fill(out, out + n, 0.0);
        return;
    }
    switch (i.primitive) {
        case Primitive::state:
            break;
        case Primitive::constant: {
            const double* c = i.weight->mid.data.data();
            for (std::size_t r = 0; r < program_->size[i.out]; ++r) {
                for (std::size_t l = 0; l < lanes_; ++l) out[r * lanes_ + l] = k == 0 ? c[r] : 0.0;
            }
            break;
        }
        case Primitive::affine:
            linear_product(i, i.weight->mid.data.data(), k == 0 && i.bias ? i.bias->mid.data.data() : nullptr,
                           coefficient(i.a, k), out, lanes_);
            break;
        case Primitive::scale: {
            const double* a = coefficient(i.a, k);
            const double factor = i.factor.mid;
            const double offset = k == 0 ? i.offset.mid : 0.0;
            for (std::size_t j = 0; j < n; ++j) out[j] = factor * a[j] + offset;
            break;
        }
        case Primitive::add: {
            const double* a = coefficient(i.a, k);
            const double* b = coefficient(i.b, k);
            for (std::size_t j = 0; j < n; ++j) out[j] = a[j] + b[j];
            break;
        }
        case Primitive::subtract: {
            const double* a = coefficient(i.a, k);
            const double* b = coefficient(i.b, k);
            for (std::size_t j = 0; j < n; ++j) out[j] = a[j] - b[j];
            break;
        }
        case Primitive::gather: {
            const double* a = coefficient(i.a, k);
            for (std::size_t r = 0; r < i.indices.size(); ++r) {
                std::copy(a + i.indices[r] * lanes_, a + (i.indices[r] + 1) * lanes_, out + r * lanes_);
            }
            break;
        }
        case Primitive::concat:
            for (const Register part : i.parts) {
                const double* a = coefficient(part, k);
                out = std::copy(a, a + program_->size[part] * lanes_, out);
            }
            break;
        case Primitive::multiply:
            kernels_.convolve(out, coefficient(i.a, 0), coefficient(i.b, 0), k, stride_, n);
            break;
        case Primitive::integral:
            if (k == 0) {
                initial_value(i);
            } else {
                kernels_.integrate(out, coefficient(i.a, 0), coefficient(i.derivative, 0), k, stride_, n);
            }
            break;
        case Primitive::reciprocal:
            if (k == 0) {
                initial_value(i);
            } else {
                kernels_.reciprocal(out, coefficient(i.out, 0), coefficient(i.a, 0), k, stride_, n);
            }
            break;
        case Primitive::square_root:
            if (k == 0) {
                initial_value(i);
            } else {
                kernels_.square_root(out, coefficient(i.out, 0), coefficient(i.a, 0), at(half_inverse_, i.out), k,
                                     stride_, n);
            }
            break;
    }
}

// ---- values: the radii -------------------------------------------------------------------------------------------

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

void StepEngine::radii(const double* state_radius, bool ball) {
    state_is_ball_ = ball && state_radius != nullptr;
    double* r = at(radius_, state_);
    if (state_radius) {
        std::copy(state_radius, state_radius + rows() * lanes_, r);
    } else {
        std::fill(r, r + rows() * lanes_, 0.0);
    }
    for (const Instruction& i : program_->instructions) {
        if (i.primitive != Primitive::state) value_radius(i);
    }

    // Defect. For k < p the coefficient z_{k+1} = fl(fl(scale f_k) / (k+1)), so P' - scale f has there at most
    // 2u(1+u) |scale f_k| <= 3u (k+1) |z_{k+1}|, of integral 3u |z_{k+1}| theta^(k+1). From k = p on nothing is
    // matched: |scale f_k| theta^(k+1) / (k+1). The radius of f counts theta |scale| times.
    kernels_.integrated_defect(defect_.data(), at(radius_, program_->output), suffix(state_, 1),
                               coefficient(program_->output, 0), weight_.data(), scale_.data(), theta_.data(), order_,
                               top_, stride_, rows() * lanes_, lanes_);
}

void StepEngine::value_radius(const Instruction& i) {
    const std::size_t n = program_->size[i.out] * lanes_;
    double* r = at(radius_, i.out);
    const double* out0 = suffix(i.out, 0);
    const double* ra = i.a == no_register ? nullptr : at(radius_, i.a);
    const double* rb = i.b == no_register ? nullptr : at(radius_, i.b);
    const double* a0 = i.a == no_register ? nullptr : suffix(i.a, 0);
    const double* b0 = i.b == no_register ? nullptr : suffix(i.b, 0);
    switch (i.primitive) {
        case Primitive::state:
            break;
        case Primitive::constant:
            for (std::size_t j = 0; j < n; ++j) r[j] = i.weight->exact() ? 0.0 : i.weight->rad.data[j / lanes_];
            break;
        case Primitive::affine: {
            // Each coefficient is a sum of m products (+ bias). A term passes at most m, or m/8 + 20 where one column
            // is summed in eight or more interleaved parts, additions: error <= gamma_c (|W| |a_k| + |b|).
            const std::size_t m = i.weight->mid.cols;
            const std::size_t count = lanes_ == 1 ? std::min(m, m / 8 + 20) + 2 : m + 2;
            const double g = gamma_up(static_cast<double>(count));
            const std::size_t na = m * lanes_;
            double* in = scratch_.data();
            // Rows of a ball of radius rho in the 2-norm: |W_i v| <= |W_i|_2 rho, instead of |W_i|_1 rho.
            const bool by_norm = state_is_ball_ && !selection_[i.a].empty();
            const double share = by_norm ? 0.0 : 1.0;
            for (std::size_t j = 0; j < na; ++j) in[j] = (by_norm ? 0.0 : ra[j]) + g * a0[j];
            kernels_.product(r, absolute_[i.out].data.data(), nullptr, in, i.weight->mid.rows, m, lanes_);
            if (by_norm) {
                for (std::size_t j = 0; j < n; ++j) {
                    r[j] += row_norm_[i.out][j / lanes_] * at(radius_, state_)[j % lanes_];
                }
            }
            if (!i.weight->exact()) {  // |W_true - W| <= rad, on the whole of a
                // The ball's part of the weight radius is inside row_norm.
                for (std::size_t j = 0; j < na; ++j) in[j] = share * ra[j] + a0[j];
                double* more = scratch2_.data();
                kernels_.product(more, i.weight->rad.data.data(), nullptr, in, i.weight->mid.rows, m, lanes_);
                for (std::size_t j = 0; j < n; ++j) r[j] += more[j];
            }
            for (std::size_t j = 0; j < n; ++j) {
                double b = 0.0;
                if (i.bias) {
                    b = g * std::fabs(i.bias->mid.data[j / lanes_]);
                    if (!i.bias->exact()) b += i.bias->rad.data[j / lanes_];
                }
                r[j] = bound(r[j] + b);
            }
            break;
        }
        case Primitive::scale: {
            // out_k = fl(fl(factor a_k) + offset): u |factor a_k| + u |out_k|, and |factor a_0| <= |out_0| + |offset|.
            const double f = std::fabs(i.factor.mid);
            const bool exact = f == 1.0 && i.offset.mid == 0.0;
            for (std::size_t j = 0; j < n; ++j) {
                const double rounding = exact ? 0.0 : u * (2.0 * out0[j] + 2.0 * std::fabs(i.offset.mid));
                r[j] = bound(f * ra[j] + i.factor.rad * (a0[j] + ra[j]) + i.offset.rad + rounding);
            }
            break;
        }
        case Primitive::add:
        case Primitive::subtract:
            for (std::size_t j = 0; j < n; ++j) r[j] = bound(ra[j] + rb[j] + u * out0[j]);
            break;
        case Primitive::gather:
            for (std::size_t k = 0; k < i.indices.size(); ++k) {
                std::copy(ra + i.indices[k] * lanes_, ra + (i.indices[k] + 1) * lanes_, r + k * lanes_);
            }
            break;
        case Primitive::concat: {
            double* to = r;
            for (const Register part : i.parts) {
                const double* from = at(radius_, part);
                to = std::copy(from, from + program_->size[part] * lanes_, to);
            }
            break;
        }
        case Primitive::multiply: {
            // c_k = fl(sum_j a_j b_{k-j}) errs by gamma_{k+1} sum |a_j||b_{k-j}|; sum_k (k+1) u |a_j||b_{k-j}| theta^k
            // = u (||a||' ||b|| + ||a|| ||b||' + ||a|| ||b||), and gamma_k <= k u slack here. The products of degree >
            // N: sum_i |a_i| suf_b[N+1-i].
            kernels_.product_radius(r, a0, b0, at(first_, i.a), at(first_, i.b), ra, rb, at(tail_, i.out), n);
            break;
        }
        case Primitive::integral:
            integral_radius(i);
            break;
        case Primitive::reciprocal: {
            // rho = V U - 1. Degree k <= N: fl(-u_0 S), S = sum_{j>=1} v_j u_{k-j}, against v_0 u_k + S = 0: rounding
            // of S, of the product, and u_0 = fl(1/v_0): (k + 4) u sum |v_j||u_{k-j}| in all, (k + 5) taken. Beyond N
            // the tail. |U - 1/v| = |v U - 1| / |v| <= (rho + ||U|| r_v) / (inf |V| - r_v) for every v within r_v of V.
            const double* t = at(tail_, i.out);
            const double* v0 = coefficient(i.a, 0);
            const double* v_variation = suffix(i.a, 1);
            const double* a1 = at(first_, i.a);
            const double* o1 = at(first_, i.out);
            for (std::size_t j = 0; j < n; ++j) {
                const double rho = t[j] + u * (a1[j] * out0[j] + a0[j] * o1[j] + 6.0 * a0[j] * out0[j]);
                const double least = (std::fabs(v0[j]) - v_variation[j] * slack - ra[j] * slack) * (1.0 - 0x1p-32);
                r[j] = least > 0.0 ? bound((rho + out0[j] * ra[j]) / least) : infinity;
            }
            break;
        }
        case Primitive::square_root: {
            // rho = U^2 - V, degree k: (k + 5) u sum |u_j||u_{k-j}| + 2 u |v_k| (the same count), tail as above.
            // |U - sqrt v| = |U^2 - v| / (U + sqrt v) <= (rho + r_v) / inf U, where inf U > 0 and v >= 0 on the step.
            const double* t = at(tail_, i.out);
            const double* u0 = coefficient(i.out, 0);
            const double* u_variation = suffix(i.out, 1);
            const double* v0 = coefficient(i.a, 0);
            const double* v_variation = suffix(i.a, 1);
            const double* o1 = at(first_, i.out);
            for (std::size_t j = 0; j < n; ++j) {
                const double rho = t[j] + u * (2.0 * o1[j] * out0[j] + 6.0 * out0[j] * out0[j] + 2.0 * a0[j]);
                const double least = (u0[j] - u_variation[j] * slack) * (1.0 - 0x1p-32);
                const double least_v = (v0[j] - v_variation[j] * slack - ra[j] * slack) * (1.0 - 0x1p-32);
                r[j] = least > 0.0 && least_v > 0.0 ? bound((rho + ra[j]) / least) : infinity;
            }
            break;
        }
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

// ---- evaluation of P ---------------------------------------------------------------------------------------------

// Horner: term k passes 2k roundings, so the error is below sum_k gamma_{2k+1} |z_k| tau^k, gamma_k <= k u slack. The
// final addition of z_0 is counted by u |value| alone.
void StepEngine::evaluate(const double* tau, double* value, double* error) const {
    kernels_.horner(value, error, coefficient(state_, 0), order_, stride_, tau, rows() * lanes_, lanes_);
}

void StepEngine::range(double* variation) const {
    const double* s = suffix_.data() + stride_ + program_->offset[state_] * lanes_;
    for (std::size_t j = 0; j < rows() * lanes_; ++j) variation[j] = s[j] * slack;
}

// ---- tangents ----------------------------------------------------------------------------------------------------

void StepEngine::tangent_coefficients() {
    const std::size_t cl = columns_ * lanes_;
    for (std::size_t k = 0; k <= tangent_top_; ++k) {
        double* d = tangent(state_, k);
        if (k == 0 || k > tangent_order_) {
            std::fill(d, d + rows() * cl, 0.0);
            if (k == 0) {
                for (std::size_t r = 0; r < rows(); ++r) std::fill_n(d + r * cl + r * lanes_, lanes_, 1.0);
            }
        } else if (program_->instructions[program_->output].on_path) {
            kernels_.advance(d, tangent(program_->output, k - 1), scale_.data(), k, rows() * cl, lanes_);
        }
        for (const Instruction& i : program_->instructions) {
            if (i.on_path && i.primitive != Primitive::state) tangent_coefficient(i, k);
        }
    }
}

double StepEngine::largest_tangent(std::size_t k, std::size_t lane) const {
    const double* d = tangents_.data() + k * tangent_stride_ + tangent_offset_[state_] * columns_ * lanes_;
    double m = 0.0;
    for (std::size_t j = lane; j < rows() * columns_ * lanes_; j += lanes_)
        m = std::fabs(d[j]) <= m ? m : std::fabs(d[j]);
    return m;
}

void StepEngine::tangent_coefficient(const Instruction& i, std::size_t k) {
    const std::size_t cl = columns_ * lanes_;
    const std::size_t rows_out = program_->size[i.out];
    const std::size_t n = rows_out * cl;
    double* out = tangent(i.out, k);
    if (k > tangent_order_ && low_degree_[i.out]) {
        std::fill(out, out + n, 0.0);
        return;
    }
    const auto path = [&](Register r) { return program_->instructions[r].on_path; };
    switch (i.primitive) {
        case Primitive::state:
        case Primitive::constant:
            break;
        case Primitive::affine:
            linear_product(i, i.weight->mid.data.data(), nullptr, tangent(i.a, k), out, cl);
            break;
        case Primitive::scale: {
            const double* a = tangent(i.a, k);
            for (std::size_t j = 0; j < n; ++j) out[j] = i.factor.mid * a[j];
            break;
        }
        case Primitive::add:
        case Primitive::subtract: {
            const double sign = i.primitive == Primitive::add ? 1.0 : -1.0;
            const double* a = path(i.a) ? tangent(i.a, k) : nullptr;
            const double* b = path(i.b) ? tangent(i.b, k) : nullptr;
            for (std::size_t j = 0; j < n; ++j) out[j] = (a ? a[j] : 0.0) + (b ? sign * b[j] : 0.0);
            break;
        }
        case Primitive::gather: {
            const double* a = tangent(i.a, k);
            for (std::size_t r = 0; r < i.indices.size(); ++r) {
                std::copy(a + i.indices[r] * cl, a + (i.indices[r] + 1) * cl, out + r * cl);
            }
            break;
        }
        case Primitive::concat:
            for (const Register part : i.parts) {
                const std::size_t m = program_->size[part] * cl;
                if (path(part)) {
                    const double* a = tangent(part, k);
                    out = std::copy(a, a + m, out);
                } else {
                    out = std::fill_n(out, m, 0.0);
                }
            }
            break;
        case Primitive::multiply: {
            bool add = false;
            if (path(i.b)) {
                kernels_.convolve_tangent(out, coefficient(i.a, 0), tangent(i.b, 0), k, stride_, tangent_stride_,
                                          rows_out, columns_, lanes_, false);
                add = true;
            }
            if (path(i.a)) {
                kernels_.convolve_tangent(out, coefficient(i.b, 0), tangent(i.a, 0), k, stride_, tangent_stride_,
                                          rows_out, columns_, lanes_, add);
            }
            break;
        }
        case Primitive::integral:
        case Primitive::reciprocal:
        case Primitive::square_root:
            kernels_.convolve_tangent(out, coefficient(i.derivative, 0), tangent(i.a, 0), k, stride_, tangent_stride_,
                                      rows_out, columns_, lanes_, false);
            break;
    }
}

// J over the step: every factor W ranges over w_0 +- (suf_w[1] + r_w), which holds for all curves in the tube; linear
// layers act on midpoints and radii. Entry radii count the roundings of the midpoints.
void StepEngine::jacobian_range(double* mid, double* rad) {
    reserve_scratch();  // on the first call only
    jacobian_mid_.resize(tangent_stride_, 0.0);
    jacobian_rad_.resize(tangent_stride_, 0.0);
    const std::size_t cl = columns_ * lanes_;
    AlignedVector& m = jacobian_mid_;
    AlignedVector& r = jacobian_rad_;
    const auto path = [&](Register q) { return program_->instructions[q].on_path; };
    const auto scaled = [&](const Instruction& i, Register factor, Register in, bool add) {
        kernels_.jacobian_factor(tangent_at(m, i.out), tangent_at(r, i.out), tangent_at(m, in), tangent_at(r, in),
                                 coefficient(factor, 0), suffix(factor, 1), at(radius_, factor), program_->size[i.out],
                                 columns_, lanes_, add);
    };
    for (const Instruction& i : program_->instructions) {
        if (!i.on_path) continue;
        const std::size_t rows_out = program_->size[i.out];
        const std::size_t n = rows_out * cl;
        double* om = tangent_at(m, i.out);
        double* orad = tangent_at(r, i.out);
        switch (i.primitive) {
            case Primitive::state:
                for (std::size_t row = 0; row < rows(); ++row) std::fill_n(om + row * cl + row * lanes_, lanes_, 1.0);
                break;
            case Primitive::constant:
                break;
            case Primitive::affine: {
                const std::size_t inner = i.weight->mid.cols;
                const double g = gamma_up(static_cast<double>(inner + 2));
                const double* im = tangent_at(m, i.a);
                const double* ir = tangent_at(r, i.a);
                linear_product(i, i.weight->mid.data.data(), nullptr, im, om, cl);
                for (std::size_t j = 0; j < inner * cl; ++j) tangent_scratch_[j] = ir[j] + g * std::fabs(im[j]);
                linear_product(i, absolute_[i.out].data.data(), nullptr, tangent_scratch_.data(), orad, cl);
                if (!i.weight->exact()) {
                    double* more = tangent_scratch2_.data();
                    for (std::size_t j = 0; j < inner * cl; ++j) tangent_scratch_[j] = ir[j] + std::fabs(im[j]);
                    linear_product(i, i.weight->rad.data.data(), nullptr, tangent_scratch_.data(), more, cl);
                    for (std::size_t j = 0; j < n; ++j) orad[j] += more[j];
                }
                for (std::size_t j = 0; j < n; ++j) orad[j] = bound(orad[j]);
                break;
            }
            case Primitive::scale: {
                const double* im = tangent_at(m, i.a);
                const double* ir = tangent_at(r, i.a);
                for (std::size_t j = 0; j < n; ++j) {
                    om[j] = i.factor.mid * im[j];
                    orad[j] = bound(std::fabs(i.factor.mid) * ir[j] + i.factor.rad * (std::fabs(im[j]) + ir[j]) +
                                    u * std::fabs(om[j]));
                }
                break;
            }
            case Primitive::add:
            case Primitive::subtract: {
                const double sign = i.primitive == Primitive::add ? 1.0 : -1.0;
                for (std::size_t j = 0; j < n; ++j) {
                    const double a = path(i.a) ? tangent_at(m, i.a)[j] : 0.0;
                    const double b = path(i.b) ? sign * tangent_at(m, i.b)[j] : 0.0;
                    const double e =
                        (path(i.a) ? tangent_at(r, i.a)[j] : 0.0) + (path(i.b) ? tangent_at(r, i.b)[j] : 0.0);
                    om[j] = a + b;
                    orad[j] = bound(e + u * std::fabs(om[j]));
                }
                break;
            }
            case Primitive::gather:
                for (std::size_t q = 0; q < i.indices.size(); ++q) {
                    std::copy_n(tangent_at(m, i.a) + i.indices[q] * cl, cl, om + q * cl);
                    std::copy_n(tangent_at(r, i.a) + i.indices[q] * cl, cl, orad + q * cl);
                }
                break;
            case Primitive::concat: {
                std::size_t row = 0;
                for (const Register part : i.parts) {
                    const std::size_t count = program_->size[part];
                    if (path(part)) {
                        std::copy_n(tangent_at(m, part), count * cl, om + row * cl);
                        std::copy_n(tangent_at(r, part), count * cl, orad + row * cl);
                    } else {
                        std::fill_n(om + row * cl, count * cl, 0.0);
                        std::fill_n(orad + row * cl, count * cl, 0.0);
                    }
                    row += count;
                }
                break;
            }
            case Primitive::multiply: {
                bool add = false;
                if (path(i.b)) {
                    scaled(i, i.a, i.b, false);
                    add = true;
                }
                if (path(i.a)) scaled(i, i.b, i.a, add);
                break;
            }
            case Primitive::integral:
            case Primitive::reciprocal:
            case Primitive::square_root:
                scaled(i, i.derivative, i.a, false);
                break;
        }
    }
    if (program_->instructions[program_->output].on_path) {
        std::copy_n(tangent_at(m, program_->output), rows() * cl, mid);
        std::copy_n(tangent_at(r, program_->output), rows() * cl, rad);
    } else {
        std::fill_n(mid, rows() * cl, 0.0);
        std::fill_n(rad, rows() * cl, 0.0);
    }
}

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
void StepEngine::jacobian_centre(double* mid, double* largest, double* average) {
    const std::size_t cl = columns_ * lanes_;
    const std::size_t count = program_->instructions.size();
    norms_.assign(3 * count * lanes_, 0.0);
    jacobian_mid_.resize(tangent_stride_, 0.0);
    const auto norm_of = [&](Register r) { return norms_.data() + 3 * r * lanes_; };
    const auto largest_of = [&](Register r) { return norms_.data() + (3 * r + 1) * lanes_; };
    const auto average_of = [&](Register r) { return norms_.data() + (3 * r + 2) * lanes_; };
    const double root = std::sqrt(static_cast<double>(columns_)) * slack;
    const auto path = [&](Register q) { return program_->instructions[q].on_path; };
    std::vector<double> half(lanes_);
    for (std::size_t l = 0; l < lanes_; ++l) half[l] = 0.5 * theta_[l];
    const auto factor_times = [&](const Instruction& i, Register w, Register in, bool add) {
        const std::size_t rows_out = program_->size[i.out];
        const std::size_t n = rows_out * lanes_;
        double* centre = scratch_.data();
        double* error = scratch2_.data();
        kernels_.horner(centre, error, coefficient(w, 0), top_, stride_, half.data(), n, lanes_);
        for (std::size_t l = 0; l < lanes_; ++l) {
            double omega = 0.0;
            double fixed = 0.0;
            for (std::size_t r = 0; r < rows_out; ++r) {
                const std::size_t j = r * lanes_ + l;
                const double rw = at(radius_, w)[j];
                const double size = std::fabs(coefficient(w, 0)[j]) + suffix(w, 1)[j] + rw;
                omega = size <= omega ? omega : size;
                fixed = rw + error[j] <= fixed ? fixed : rw + error[j];
            }
            double delta = fixed;
            double delta_average = fixed;
            double two = 0.5;
            for (std::size_t k = 1; k <= top_; ++k, two *= 0.5) {
                double m = 0.0;
                for (std::size_t r = 0; r < rows_out; ++r) {
                    const double c = std::fabs(coefficient(w, k)[r * lanes_ + l]);
                    m = c <= m ? m : c;
                }
                m *= weight_[k * lanes_ + l];
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
        const double* m = tangent_at(jacobian_mid_, in);
        double* out = tangent_at(jacobian_mid_, i.out);
        for (std::size_t r = 0; r < rows_out; ++r) {
            if (lanes_ == 1) {
                const double w_c = centre[r];
                const double* from = m + r * cl;
                double* to = out + r * cl;
                if (add) {
                    for (std::size_t c = 0; c < columns_; ++c) to[c] += w_c * from[c];
                } else {
                    for (std::size_t c = 0; c < columns_; ++c) to[c] = w_c * from[c];
                }
                continue;
            }
            for (std::size_t c = 0; c < columns_; ++c) {
                for (std::size_t l = 0; l < lanes_; ++l) {
                    const std::size_t j = r * cl + c * lanes_ + l;
                    const double value = centre[r * lanes_ + l] * m[j];
                    out[j] = add ? out[j] + value : value;
                }
            }
        }
    };
    for (const Instruction& i : program_->instructions) {
        if (!i.on_path) continue;
        const std::size_t rows_out = program_->size[i.out];
        double* out = tangent_at(jacobian_mid_, i.out);
        double* n = norm_of(i.out);
        double* s = largest_of(i.out);
        double* v = average_of(i.out);
        switch (i.primitive) {
            case Primitive::state:
                for (std::size_t r = 0; r < rows(); ++r) std::fill_n(out + r * cl + r * lanes_, lanes_, 1.0);
                std::fill_n(n, lanes_, 1.0);
                break;
            case Primitive::constant:
                break;
            case Primitive::affine: {
                const Matrix& w = i.weight->mid;
                const double* in = tangent_at(jacobian_mid_, i.a);
                const bool copies = !selection_[i.a].empty();
                if (copies) {
                    std::fill_n(out, rows_out * cl, 0.0);
                    for (std::size_t r = 0; r < rows_out; ++r) {
                        if (lanes_ == 1) {
                            const double* from = w.row(r);
                            const std::uint32_t* to = selection_[i.a].data();
                            for (std::size_t c = 0; c < w.cols; ++c) out[r * cl + to[c]] = from[c];
                            continue;
                        }
                        for (std::size_t c = 0; c < w.cols; ++c) {
                            std::fill_n(out + r * cl + selection_[i.a][c] * lanes_, lanes_, w(r, c));
                        }
                    }
                } else {
                    linear_product(i, w.data.data(), nullptr, in, out, cl);
                }
                const WeightNorms& norms = weight_norms(i);
                const double g = copies ? 0.0 : gamma_up(static_cast<double>(w.cols + 2));
                for (std::size_t l = 0; l < lanes_; ++l) {
                    const double n_in = norm_of(i.a)[l];
                    const double rounding = g * norms.frobenius * root * n_in;
                    n[l] = bound(norms.spectral * n_in + rounding);
                    s[l] = bound(norms.spectral * largest_of(i.a)[l] + norms.radius * (n_in + largest_of(i.a)[l]) +
                                 rounding);
                    v[l] = bound(norms.spectral * average_of(i.a)[l] + norms.radius * (n_in + average_of(i.a)[l]) +
                                 rounding);
                }
                break;
            }
            case Primitive::scale: {
                const double f = std::fabs(i.factor.mid);
                const double* in = tangent_at(jacobian_mid_, i.a);
                for (std::size_t j = 0; j < rows_out * cl; ++j) out[j] = i.factor.mid * in[j];
                for (std::size_t l = 0; l < lanes_; ++l) {
                    const double n_in = norm_of(i.a)[l];
                    n[l] = bound(f * n_in + u * f * root * n_in);
                    const double extra = i.factor.rad * (n_in + largest_of(i.a)[l]) + u * f * root * n_in;
                    s[l] = bound(f * largest_of(i.a)[l] + extra);
                    v[l] = bound(f * average_of(i.a)[l] + extra);
                }
                break;
            }
            case Primitive::add:
            case Primitive::subtract: {
                const double sign = i.primitive == Primitive::add ? 1.0 : -1.0;
                const double* a = path(i.a) ? tangent_at(jacobian_mid_, i.a) : nullptr;
                const double* b = path(i.b) ? tangent_at(jacobian_mid_, i.b) : nullptr;
                for (std::size_t j = 0; j < rows_out * cl; ++j) {
                    out[j] = (a ? a[j] : 0.0) + (b ? sign * b[j] : 0.0);
                }
                for (std::size_t l = 0; l < lanes_; ++l) {
                    n[l] = bound((1.0 + 2.0 * u * root) * ((a ? norm_of(i.a)[l] : 0.0) + (b ? norm_of(i.b)[l] : 0.0)));
                    const double rounding = u * root * n[l];
                    s[l] = bound((a ? largest_of(i.a)[l] : 0.0) + (b ? largest_of(i.b)[l] : 0.0) + rounding);
                    v[l] = bound((a ? average_of(i.a)[l] : 0.0) + (b ? average_of(i.b)[l] : 0.0) + rounding);
                }
                break;
            }
            case Primitive::gather: {
                std::vector<double> used(program_->size[i.a], 0.0);
                double most = 0.0;
                for (std::size_t q = 0; q < i.indices.size(); ++q) {
                    std::copy_n(tangent_at(jacobian_mid_, i.a) + i.indices[q] * cl, cl, out + q * cl);
                    most = std::max(most, used[i.indices[q]] += 1.0);
                }
                const double times = std::sqrt(most) * slack;  // a row used k times counts sqrt(k) fold
                for (std::size_t l = 0; l < lanes_; ++l) {
                    n[l] = bound(times * norm_of(i.a)[l]);
                    s[l] = bound(times * largest_of(i.a)[l]);
                    v[l] = bound(times * average_of(i.a)[l]);
                }
                break;
            }
            case Primitive::concat: {
                std::size_t row = 0;
                std::fill_n(n, 3 * lanes_, 0.0);
                for (const Register part : i.parts) {
                    const std::size_t size = program_->size[part];
                    if (path(part)) {
                        std::copy_n(tangent_at(jacobian_mid_, part), size * cl, out + row * cl);
                        for (std::size_t l = 0; l < lanes_; ++l) {
                            n[l] = bound(n[l] + norm_of(part)[l]);
                            s[l] = bound(s[l] + largest_of(part)[l]);
                            v[l] = bound(v[l] + average_of(part)[l]);
                        }
                    } else {
                        std::fill_n(out + row * cl, size * cl, 0.0);
                    }
                    row += size;
                }
                break;
            }
            case Primitive::multiply: {
                bool add = false;
                if (path(i.b)) {
                    factor_times(i, i.a, i.b, false);
                    add = true;
                }
                if (path(i.a)) factor_times(i, i.b, i.a, add);
                break;
            }
            case Primitive::integral:
            case Primitive::reciprocal:
            case Primitive::square_root:
                factor_times(i, i.derivative, i.a, false);
                break;
        }
    }
    const Register f = program_->output;
    if (program_->instructions[f].on_path) {
        std::copy_n(tangent_at(jacobian_mid_, f), rows() * cl, mid);
        std::copy_n(largest_of(f), lanes_, largest);
        std::copy_n(average_of(f), lanes_, average);
    } else {
        std::fill_n(mid, rows() * cl, 0.0);
        std::fill_n(largest, lanes_, 0.0);
        std::fill_n(average, lanes_, 0.0);
    }
}

const StepEngine::WeightNorms& StepEngine::weight_norms(const Instruction& i) {
    WeightNorms& w = weight_norms_[i.out];
    if (w.known) return w;
    double sum = 0.0;
    for (const double x : i.weight->mid.data) sum += x * x;
    w.frobenius = bound(std::sqrt(sum)) + tiny_norm;
    w.spectral = std::min(w.frobenius, spectral_norm(i.weight->mid));
    if (!i.weight->exact()) {
        sum = 0.0;
        for (const double x : i.weight->rad.data) sum += x * x;
        w.radius = bound(std::sqrt(sum)) + tiny_norm;
    }
    w.known = true;
    return w;
}

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
void StepEngine::tangent_radius(const Instruction& i) {
    const std::size_t cl = columns_ * lanes_;
    const std::size_t rows_out = program_->size[i.out];
    const std::size_t n = rows_out * cl;
    double* r = tangent_at(tangent_radius_, i.out);
    const auto path = [&](Register q) { return program_->instructions[q].on_path; };
    const auto factor_times = [&](Register factor, Register in, bool add) {
        kernels_.tangent_factor(factor_.data(), weight_.data(), at(first_, factor), suffix(factor, 0),
                                coefficient(factor, 0), at(radius_, factor), tangent_top_, stride_, rows_out * lanes_,
                                lanes_);
        kernels_.tangent_bound(r, tangent(in, 0), factor_.data(), tangent_at(tangent_radius_, in), tangent_top_,
                               tangent_stride_, rows_out * lanes_, rows_out, columns_, lanes_, add);
    };
    switch (i.primitive) {
        case Primitive::state:
            std::fill(r, r + n, 0.0);
            break;
        case Primitive::constant:
            break;
        case Primitive::affine: {
            const std::size_t inner = i.weight->mid.cols;
            const double g = gamma_up(static_cast<double>(inner + 2));
            const double* rd = tangent_at(tangent_radius_, i.a);
            double* norm = tangent_scratch2_.data();
            tangent_norm(program_->instructions[i.a], norm);
            for (std::size_t j = 0; j < inner * cl; ++j) tangent_scratch_[j] = rd[j] + g * norm[j];
            linear_product(i, absolute_[i.out].data.data(), nullptr, tangent_scratch_.data(), r, cl);
            if (!i.weight->exact()) {
                double* more = tangent_scratch2_.data();
                for (std::size_t j = 0; j < inner * cl; ++j) tangent_scratch_[j] = rd[j] + norm[j];
                linear_product(i, i.weight->rad.data.data(), nullptr, tangent_scratch_.data(), more, cl);
                for (std::size_t j = 0; j < n; ++j) r[j] += more[j];
            }
            for (std::size_t j = 0; j < n; ++j) r[j] = bound(r[j]);
            break;
        }
        case Primitive::scale: {
            const double f = std::fabs(i.factor.mid);
            const double* rd = tangent_at(tangent_radius_, i.a);
            tangent_norm(program_->instructions[i.a], tangent_scratch_.data());
            for (std::size_t j = 0; j < n; ++j) {
                r[j] = bound(f * rd[j] + i.factor.rad * (tangent_scratch_[j] + rd[j]) + u * f * tangent_scratch_[j]);
            }
            break;
        }
        case Primitive::add:
        case Primitive::subtract: {
            tangent_norm(i, tangent_scratch_.data());
            const double* a = path(i.a) ? tangent_at(tangent_radius_, i.a) : nullptr;
            const double* b = path(i.b) ? tangent_at(tangent_radius_, i.b) : nullptr;
            for (std::size_t j = 0; j < n; ++j) {
                r[j] = bound((a ? a[j] : 0.0) + (b ? b[j] : 0.0) + u * tangent_scratch_[j]);
            }
            break;
        }
        case Primitive::gather:
            for (std::size_t q = 0; q < i.indices.size(); ++q) {
                std::copy_n(tangent_at(tangent_radius_, i.a) + i.indices[q] * cl, cl, r + q * cl);
            }
            break;
        case Primitive::concat: {
            std::size_t row = 0;
            for (const Register part : i.parts) {
                const std::size_t count = program_->size[part];
                if (path(part)) {
                    std::copy_n(tangent_at(tangent_radius_, part), count * cl, r + row * cl);
                } else {
                    std::fill_n(r + row * cl, count * cl, 0.0);
                }
                row += count;
            }
            break;
        }
        case Primitive::multiply: {
            bool add = false;
            if (path(i.b)) {
                factor_times(i.a, i.b, false);
                add = true;
            }
            if (path(i.a)) factor_times(i.b, i.a, add);
            break;
        }
        case Primitive::integral:
        case Primitive::reciprocal:
        case Primitive::square_root:
            factor_times(i.derivative, i.a, false);
            break;
    }
}

void StepEngine::tangent_defect(double* defect) {
    const std::size_t cl = columns_ * lanes_;
    if (!program_->instructions[program_->output].on_path) {
        std::fill_n(defect, rows() * cl, 0.0);
        return;
    }
    for (const Instruction& i : program_->instructions) {
        if (i.on_path) tangent_radius(i);
    }
    // As for the values: theta |scale| r_f, 3u sum_{k>=1} |d_k| theta^k, and the unmatched orders.
    tangent_norm(program_->instructions[state_], tangent_scratch_.data(), 1);
    kernels_.integrated_defect(defect, tangent_at(tangent_radius_, program_->output), tangent_scratch_.data(),
                               tangent(program_->output, 0), weight_.data(), scale_.data(), theta_.data(),
                               tangent_order_, tangent_top_, tangent_stride_, rows() * cl, lanes_);
}

void StepEngine::evaluate_tangent(const double* tau, double* value, double* error) const {
    const std::size_t cl = columns_ * lanes_;
    kernels_.horner(value, error, tangents_.data() + tangent_offset_[state_] * cl, tangent_order_, tangent_stride_, tau,
                    rows() * cl, lanes_);
}

}  // namespace capnode
