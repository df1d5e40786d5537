// The radii of a step of Taylor models, and its defect: what every operation misses, by the norms of its polynomials.
#include <algorithm>
#include <cmath>

#include "capnode/flow/taylor_model_step.hpp"
#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/rounding.hpp"
#include "growth.hpp"
#include "radius_rounding.hpp"

namespace capnode {
namespace {

constexpr double u = unit_roundoff;

// sup |f'| over the line: tanh, sin, cos, atan 1; sigmoid 1/4; softplus 1; erf 2 / sqrt(pi) < 1.13; exp, log none.
double global_slope(Function f) {
    switch (f) {
        case Function::tanh:
        case Function::sin:
        case Function::cos:
        case Function::atan:
        case Function::softplus:
            return 1.0;
        case Function::sigmoid:
            return 0.25;
        case Function::erf:
            return 1.13;
        default:
            return infinity;
    }
}

}  // namespace

void TaylorModelStep::set_domain(double theta) {
    theta_ = theta;
    double power = 1.0;
    for (double& w : weight_) {
        w = power;
        power = next_up(power * theta);
    }
    for (std::size_t row = 0; row < program_->total_rows; ++row) {
        Norms& n = norms_[row];
        n = {};
        for (std::size_t k = 0; k <= top_; ++k) {
            for (std::size_t l = 0; l < levels_; ++l) {
                const std::size_t e = (row * (top_ + 1) + k) * levels_ + l;
                norm_[e] = raw_[e] * weight_[k];
                grades_[e] = static_cast<double>(k + l) * norm_[e];
                n.all += norm_[e];
                if (k + l > 0) n.variation += norm_[e];
                n.graded += grades_[e];
            }
        }
        n.all = bound_or_infinity(n.all);
        n.variation = bound_or_infinity(n.variation);
        n.graded = bound_or_infinity(n.graded);
    }
    const std::size_t stride = (top_ + 1) * levels_;
    const auto at = [&](const std::vector<double>& v, Register r, std::size_t j) {
        return v.data() + (first(r) + j) * stride;
    };
    const auto norms = [&](Register r, std::size_t j) -> const Norms& { return norms_[first(r) + j]; };
    const double least_grade = static_cast<double>(std::min(top_, levels_ - 1) + 1);
    // own_: what the operation itself misses, all inputs exact.
    //     a b         gamma_c ||a|| ||b|| + the products left out
    //     f           integral along the path of |W R V - R U|: rounding gamma_c ||W|| ||R V|| (of the recurrence of u,
    //                 grade u = fl(sum) within gamma_c sum |w| |R v|), and the products left out, whose grade is above
    //                 min(N, d)
    //     1 / v       |V U - 1|: (v_0 u_m + rest) and v_0 u_0 - 1 round within gamma_c ||V|| ||U||, + the products left
    //     out sqrt v      |U^2 - V|: gamma_c (||U||^2 + ||V||), + the products left out
    for (const Instruction& i : program_->instructions) {
        for (std::size_t j = 0; j < program_->size[i.out]; ++j) {
            double& own = own_[first(i.out) + j];
            if (i.primitive == Primitive::multiply) {
                own = bound_or_infinity(tail(at(norm_, i.a, j), at(norm_, i.b, j)) +
                                        gamma_ * norms(i.a, j).all * norms(i.b, j).all);
            } else if (i.primitive == Primitive::integral) {
                own = bound_or_infinity(tail(at(norm_, i.derivative, j), at(grades_, i.a, j)) / least_grade +
                                        gamma_ * norms(i.derivative, j).all * norms(i.a, j).graded);
            } else if (i.primitive == Primitive::reciprocal) {
                own = bound_or_infinity(tail(at(norm_, i.a, j), at(norm_, i.out, j)) +
                                        gamma_ * norms(i.a, j).all * norms(i.out, j).all);
            } else if (i.primitive == Primitive::square_root) {
                own = bound_or_infinity(tail(at(norm_, i.out, j), at(norm_, i.out, j)) +
                                        gamma_ * (norms(i.out, j).all * norms(i.out, j).all + norms(i.a, j).all));
            }
        }
    }
}

// sum over k1 + k2 > N or l1 + l2 > d of a_{k1,l1} b_{k2,l2}.
double TaylorModelStep::tail(const double* a, const double* b) const {
    const std::size_t d = levels_ - 1;
    // beyond(l): sum over k2 <= K, l2 > l of b; `later`: sum over k2 > K. K runs down from N as k1 runs up.
    std::vector<double> by_order(top_ + 1, 0.0);
    std::vector<double> beyond((top_ + 1) * levels_, 0.0);  // [K][l]
    for (std::size_t k = 0; k <= top_; ++k) {
        double above = 0.0;
        for (std::size_t l = levels_; l-- > 0;) {
            beyond[k * levels_ + l] = above + (k > 0 ? beyond[(k - 1) * levels_ + l] : 0.0);
            above += b[k * levels_ + l];
        }
        by_order[k] = above;
    }
    double sum = 0.0;
    double later = 0.0;
    for (std::size_t k1 = 0; k1 <= top_; ++k1) {
        const std::size_t last = top_ - k1;
        if (k1 > 0) later += by_order[last + 1];
        for (std::size_t l1 = 0; l1 <= d; ++l1) {
            sum += a[k1 * levels_ + l1] * (later + beyond[last * levels_ + (d - l1)]);
        }
    }
    return bound_or_infinity(sum);
}

void TaylorModelStep::radii(const double* state_radius) {
    for (std::size_t row = 0; row < rows(); ++row) radius_[row] = state_radius ? state_radius[row] : 0.0;
    for (const Instruction& i : program_->instructions) {
        if (i.primitive != Primitive::state) radius(i);
    }
    // Defect. Below order N the coefficient P_{k+1} = fl(fl(scale f_k) / (k+1)) leaves at most 3u |P_{k+1}| theta^(k+1)
    // after integration; order N of f is not matched: |scale f_N| theta^(N+1) / (N+1). The radius of f counts
    // theta |scale| times.
    const double size = std::fabs(scale_);
    for (std::size_t row = 0; row < rows(); ++row) {
        const std::size_t f = first(program_->output) + row;
        double moving = 0.0;
        for (std::size_t k = 1; k <= top_; ++k) {
            for (std::size_t l = 0; l < levels_; ++l) moving += norm_[(row * (top_ + 1) + k) * levels_ + l];
        }
        const double last = size * order_norm(f, top_) * weight_[top_ + 1] / static_cast<double>(top_ + 1);
        defect_[row] = bound_or_infinity(size * theta_ * radius_[f] + 3.0 * u * moving + last);
    }
}

Interval TaylorModelStep::range(std::size_t row) const {
    const double around = bound_or_infinity(norms_[row].variation + radius_[row]);
    return widen(Interval(row_of(row)[0]), around);
}

// The pure error |f(V) - U|, all of V's error aside. Along the path, e = f(V) - U has
//     s e' = (f'(V) - W) R V + (W R V - R U),   the integral of |R V| / s at most ||V|| without its constant:
//     `variation` W computed from V (log, atan, erf, softplus): |f'(V) - W| <= r_w, so |e| <= |e_0| + r_w variation +
//     own. W = w(U) (tanh 1 - U^2, sigmoid U - U^2, exp U): f'(V) - W = (w(f) - w(U)) + (w(U) - W). The last is the
//     error
//         delta_w of W's own instructions; w(f) - w(U) = -e (f + U), e (1 - f - U), e. Gronwall:
//         |e| <= (|e_0| + delta_w variation + own) exp(L variation), L = 1 + ||U||, 1 + ||U||, 1.
//     sin, cos: (e_s, e_c) is rotated: |(e_s, e_c)|_2 <= the sum of both |e_0| and own.
// f over the range of V does as well: |f(V) - U| <= max |f(v) - u_0| + ||U - u_0||. It is asked where it may be better.
double TaylorModelStep::pure_error(const Instruction& i, std::size_t j) const {
    const std::size_t row = first(i.out) + j;
    const std::size_t v = first(i.a) + j;
    const std::size_t w = first(i.derivative) + j;
    const double variation = norms_[v].variation;
    const double start = initial_error_[row] + own_[row];
    double e = infinity;
    switch (i.function) {
        case Function::tanh:
        case Function::sigmoid: {
            const bool is_tanh = i.function == Function::tanh;
            const Instruction& slope = program_->instructions[i.derivative];
            const std::size_t square = first(is_tanh ? slope.a : slope.b) + j;
            const double delta = own_[square] + 4.0 * u * (norms_[w].all + norms_[square].all + 1.0);
            e = bound_or_infinity((start + bound_or_infinity(delta) * variation) *
                                  exponential_up(bound_or_infinity((1.0 + norms_[row].all) * variation)));
            break;
        }
        case Function::exp:
            e = bound_or_infinity(start * exponential_up(variation));
            break;
        case Function::sin:
        case Function::cos: {
            const std::size_t partner = first(i.b) + j;
            e = bound_or_infinity(start + initial_error_[partner] + own_[partner]);
            break;
        }
        default:
            e = bound_or_infinity(start + (variation == 0.0 ? 0.0 : radius_[w] * variation));
            break;
    }
    if (e > norms_[row].variation) {
        const Interval f = apply(i.function, widen(Interval(row_of(v)[0]), variation));
        const double far = bound_or_infinity(magnitude(f - Interval(row_of(row)[0])) + norms_[row].variation);
        if (far < e) e = far;
    }
    return e;
}

void TaylorModelStep::radius(const Instruction& i) {
    const auto of = [&](Register r, std::size_t j) { return radius_[first(r) + j]; };
    const auto norms = [&](Register r, std::size_t j) -> const Norms& { return norms_[first(r) + j]; };
    const auto times = [](double a, double b) { return a == 0.0 || b == 0.0 ? 0.0 : a * b; };
    for (std::size_t j = 0; j < program_->size[i.out]; ++j) {
        const std::size_t row = first(i.out) + j;
        double& r = radius_[row];
        switch (i.primitive) {
            case Primitive::state:
                break;
            case Primitive::constant:
                r = i.weight->exact() ? 0.0 : i.weight->rad.data[j];
                break;
            case Primitive::affine: {  // each coefficient: fewer than cols + 2 operations a term
                const double g = gamma_up(static_cast<double>(i.weight->mid.cols + 2));
                double sum = 0.0;
                for (std::size_t c = 0; c < i.weight->mid.cols; ++c) {
                    const double a = norms(i.a, c).all;
                    sum += times(std::fabs(i.weight->mid(j, c)), of(i.a, c) + g * a);
                    if (!i.weight->exact()) sum += times(i.weight->rad(j, c), of(i.a, c) + a);
                }
                if (i.bias) {
                    sum += g * std::fabs(i.bias->mid.data[j]);
                    if (!i.bias->exact()) sum += i.bias->rad.data[j];
                }
                r = bound_or_infinity(sum);
                break;
            }
            case Primitive::scale: {  // u |factor a_0| + u |out_0|, and |factor a_0| <= |out_0| + |offset|; u |out|
                const double f = std::fabs(i.factor.mid);
                const bool exact = f == 1.0 && i.offset.mid == 0.0;
                const double rounding = exact ? 0.0 : 2.0 * u * (norms_[row].all + std::fabs(i.offset.mid));
                r = bound_or_infinity(times(f, of(i.a, j)) + times(i.factor.rad, norms(i.a, j).all + of(i.a, j)) +
                                      i.offset.rad + rounding);
                break;
            }
            case Primitive::add:
            case Primitive::subtract:
                r = bound_or_infinity(of(i.a, j) + of(i.b, j) + u * norms_[row].all);
                break;
            case Primitive::gather:
                r = of(i.a, i.indices[j]);
                break;
            case Primitive::concat: {
                std::size_t q = j;
                for (const Register part : i.parts) {
                    if (q < program_->size[part]) {
                        r = of(part, q);
                        break;
                    }
                    q -= program_->size[part];
                }
                break;
            }
            case Primitive::multiply:
                r = bound_or_infinity(times(norms(i.a, j).all, of(i.b, j)) + times(norms(i.b, j).all, of(i.a, j)) +
                                      times(of(i.a, j), of(i.b, j)) + own_[row]);
                break;
            case Primitive::integral: {
                const double rv = of(i.a, j);
                const double pure = pure_error(i, j);
                double steepest = global_slope(i.function);
                if (!(times(steepest, rv) <= 0.05 * pure)) {
                    steepest = std::min(steepest, magnitude(derivatives(i.function, range(first(i.a) + j))[1]));
                }
                r = bound_or_infinity(pure + times(steepest, rv));
                break;
            }
            case Primitive::reciprocal: {  // |U - 1/v| = |v U - 1| / |v| <= (own + ||U|| r_v) / (inf |V| - r_v)
                const double rv = of(i.a, j);
                const double least =
                    (std::fabs(row_of(first(i.a) + j)[0]) - bound_or_infinity(norms(i.a, j).variation + rv)) *
                    (1.0 - 0x1p-32);
                r = least > 0.0 ? bound_or_infinity((own_[row] + times(norms_[row].all, rv)) / least) : infinity;
                break;
            }
            case Primitive::square_root: {  // |U - sqrt v| = |U^2 - v| / (U + sqrt v) <= (own + r_v) / inf U, v >= 0
                const double rv = of(i.a, j);
                const double least = (row_of(row)[0] - norms_[row].variation) * (1.0 - 0x1p-32);
                const double least_v = row_of(first(i.a) + j)[0] - bound_or_infinity(norms(i.a, j).variation + rv);
                r = least > 0.0 && least_v > 0.0 ? bound_or_infinity((own_[row] + rv) / least) : infinity;
                break;
            }
        }
    }
}

}  // namespace capnode
