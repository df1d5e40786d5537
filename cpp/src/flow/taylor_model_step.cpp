#include "capnode/flow/taylor_model_step.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/lanes.hpp"
#include "capnode/numerics/rounding.hpp"
#include "growth.hpp"
#include "radius_rounding.hpp"

namespace capnode {
namespace {

constexpr double u = unit_roundoff;

}  // namespace

TaylorModelStep::TaylorModelStep(std::shared_ptr<const TaylorProgram> program,
                                 std::shared_ptr<const SpatialBasis> basis, std::size_t order)
    : program_(std::move(program)),
      basis_(std::move(basis)),
      top_(order),
      size_(basis_->size()),
      levels_(basis_->degree() + 1),
      gamma_(gamma_up(static_cast<double>((order + 1) * basis_->most_pairs() + 8))) {
    const std::size_t total = program_->total_rows;
    values_.assign(total * (top_ + 1) * size_, 0.0);
    raw_.assign(total * (top_ + 1) * levels_, 0.0);
    norm_ = raw_;
    grades_ = raw_;
    norms_.assign(total, {});
    for (std::vector<double>* v : {&initial_error_, &own_, &radius_}) v->assign(total, 0.0);
    defect_.assign(rows(), 0.0);
    product_.assign(size_, 0.0);
    weight_.assign(top_ + 2, 0.0);
    needs_graded_.assign(program_->size.size(), 0);
    for (const Instruction& i : program_->instructions) {
        if (i.primitive == Primitive::integral) needs_graded_[i.a] = 1;
    }
    if (std::find(needs_graded_.begin(), needs_graded_.end(), 1) != needs_graded_.end()) graded_ = values_;
}

void TaylorModelStep::convolve(double* out, const double* a, const double* b, std::size_t k, std::size_t weight) const {
    const std::size_t from = basis_->level(weight);
    const std::size_t to = basis_->level(weight + 1);
    for (std::size_t m = from; m < to; ++m) out[m] = 0.0;
    for (std::size_t k1 = 0; k1 <= k; ++k1) {
        const double* x = a + k1 * size_;
        const double* y = b + (k - k1) * size_;
        for (std::size_t m = from; m < to; ++m) {
            double sum = 0.0;
            const SpatialBasis::Pair* end = basis_->pairs_end(m);
            for (const SpatialBasis::Pair* p = basis_->pairs_begin(m); p != end; ++p) sum += x[p->a] * y[p->b];
            out[m] += sum;
        }
    }
}

void TaylorModelStep::coefficients(double scale) {
    scale_ = scale;
    const std::size_t n = rows();
    // Terms not computed yet are met with the factor 0 (their grade, or a coefficient not computed yet either).
    for (std::size_t row = 0; row < program_->total_rows; ++row) {
        std::fill(row_of(row) + (row < n ? size_ : 0), row_of(row) + (top_ + 1) * size_, 0.0);
    }
    for (std::size_t k = 0; k <= top_; ++k) {
        if (k > 0) {
            for (std::size_t row = 0; row < n; ++row) {
                const double* f = row_of(first(program_->output) + row) + (k - 1) * size_;
                double* next = row_of(row) + k * size_;
                for (std::size_t m = 0; m < size_; ++m) next[m] = scale_ * f[m] / static_cast<double>(k);
            }
        }
        for (std::size_t l = 0; l < levels_; ++l) {
            for (const Instruction& i : program_->instructions) block(i, k, l);
        }
    }
    for (std::size_t row = 0; row < program_->total_rows; ++row) measure(row);
}

// Coefficients k, of one weight, of all rows of a register; blocks come in order of k, then weight, then registers.
void TaylorModelStep::block(const Instruction& i, std::size_t k, std::size_t weight) {
    const std::size_t from = basis_->level(weight);
    const std::size_t to = basis_->level(weight + 1);
    const std::size_t count = program_->size[i.out];
    const std::size_t grade = k + weight;
    const bool start = grade == 0;
    const auto out = [&](std::size_t j) { return row_of(first(i.out) + j) + k * size_; };
    const auto in = [&](Register r, std::size_t j) { return row_of(first(r) + j) + k * size_; };
    switch (i.primitive) {
        case Primitive::state:
            break;
        case Primitive::constant:
            if (start) {
                for (std::size_t j = 0; j < count; ++j) out(j)[0] = i.weight->mid.data[j];
            }
            break;
        case Primitive::affine:
            for (std::size_t j = 0; j < count; ++j) {
                double* y = out(j);
                for (std::size_t m = from; m < to; ++m) y[m] = 0.0;
                for (std::size_t c = 0; c < i.weight->mid.cols; ++c) {
                    const double w = i.weight->mid(j, c);
                    const double* x = in(i.a, c);
                    for (std::size_t m = from; m < to; ++m) y[m] += w * x[m];
                }
                if (start && i.bias) y[0] += i.bias->mid.data[j];
            }
            break;
        case Primitive::scale:
            for (std::size_t j = 0; j < count; ++j) {
                const double* x = in(i.a, j);
                for (std::size_t m = from; m < to; ++m) out(j)[m] = i.factor.mid * x[m];
                if (start) out(j)[0] += i.offset.mid;
            }
            break;
        case Primitive::add:
        case Primitive::subtract: {
            const double sign = i.primitive == Primitive::add ? 1.0 : -1.0;
            for (std::size_t j = 0; j < count; ++j) {
                const double* x = in(i.a, j);
                const double* y = in(i.b, j);
                for (std::size_t m = from; m < to; ++m) out(j)[m] = x[m] + sign * y[m];
            }
            break;
        }
        case Primitive::gather:
            for (std::size_t j = 0; j < count; ++j) {
                const double* x = in(i.a, i.indices[j]);
                std::copy(x + from, x + to, out(j) + from);
            }
            break;
        case Primitive::concat: {
            std::size_t j = 0;
            for (const Register part : i.parts) {
                for (std::size_t q = 0; q < program_->size[part]; ++q, ++j) {
                    std::copy(in(part, q) + from, in(part, q) + to, out(j) + from);
                }
            }
            break;
        }
        case Primitive::multiply:
            for (std::size_t j = 0; j < count; ++j) {
                convolve(out(j), row_of(first(i.a) + j), row_of(first(i.b) + j), k, weight);
            }
            break;
        case Primitive::integral:
            for (std::size_t j = 0; j < count; ++j) {
                const std::size_t row = first(i.out) + j;
                if (start) {
                    apply_lanes(i.function, 1, in(i.a, j), nullptr, out(j), &initial_error_[row]);
                } else {
                    convolve(out(j), row_of(first(i.derivative) + j),
                             graded_.data() + (first(i.a) + j) * (top_ + 1) * size_, k, weight);
                    for (std::size_t m = from; m < to; ++m) out(j)[m] /= static_cast<double>(grade);
                }
            }
            break;
        case Primitive::reciprocal:  // v_0 u_m + sum over the others of v u = 0
            for (std::size_t j = 0; j < count; ++j) {
                const std::size_t row = first(i.out) + j;
                if (start) {
                    out(j)[0] = 1.0 / in(i.a, j)[0];
                } else {
                    convolve(product_.data(), row_of(first(i.a) + j), row_of(row), k, weight);
                    const double minus_start = -row_of(row)[0];
                    for (std::size_t m = from; m < to; ++m) out(j)[m] = minus_start * product_[m];
                }
            }
            break;
        case Primitive::square_root:  // 2 u_0 u_m + sum over the others of u u = v_m
            for (std::size_t j = 0; j < count; ++j) {
                const std::size_t row = first(i.out) + j;
                if (start) {
                    out(j)[0] = std::sqrt(in(i.a, j)[0]);
                } else {
                    convolve(product_.data(), row_of(row), row_of(row), k, weight);
                    const double half = 0.5 / row_of(row)[0];
                    for (std::size_t m = from; m < to; ++m) out(j)[m] = (in(i.a, j)[m] - product_[m]) * half;
                }
            }
            break;
    }
    if (needs_graded_[i.out]) {
        for (std::size_t j = 0; j < count; ++j) {
            double* g = graded_.data() + ((first(i.out) + j) * (top_ + 1) + k) * size_;
            for (std::size_t m = from; m < to; ++m) g[m] = static_cast<double>(grade) * out(j)[m];
        }
    }
}

void TaylorModelStep::measure(std::size_t row) {
    for (std::size_t k = 0; k <= top_; ++k) {
        const double* a = row_of(row) + k * size_;
        for (std::size_t l = 0; l < levels_; ++l) {
            double sum = 0.0;
            for (std::size_t m = basis_->level(l); m < basis_->level(l + 1); ++m) sum += std::fabs(a[m]);
            raw_[(row * (top_ + 1) + k) * levels_ + l] = sum;
        }
    }
}

double TaylorModelStep::order_norm(std::size_t row, std::size_t k) const {
    double sum = 0.0;
    for (std::size_t l = 0; l < levels_; ++l) sum += level_norm(row, k, l);
    return sum;
}

// Horner: term k passes 2k roundings, so every coefficient errs by at most sum_k gamma_{2k+1} |P_{k,m}| theta^k, the
// final addition of P_{0,m} by u |value|, or by nothing where that adds 0.
void TaylorModelStep::end(double* value, double* error) const {
    for (std::size_t row = 0; row < rows(); ++row) {
        double* out = value + row * size_;
        const double* p = row_of(row);
        double sum = 0.0;
        for (std::size_t m = 0; m < size_; ++m) {
            double x = 0.0;
            for (std::size_t k = top_; k > 0; --k) x = (x + p[k * size_ + m]) * theta_;
            out[m] = p[m] + x;
            if (x != 0.0) sum += std::fabs(out[m]);
        }
        for (std::size_t k = 1; k <= top_; ++k) {
            for (std::size_t l = 0; l < levels_; ++l) {
                sum += static_cast<double>(2 * k + 1) * norm_[(row * (top_ + 1) + k) * levels_ + l];
            }
        }
        error[row] = bound_or_infinity(u * sum);
    }
}

}  // namespace capnode
