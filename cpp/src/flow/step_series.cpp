// The series of a step in plain doubles: coefficient by coefficient of all registers, and the tangents likewise.
#include <algorithm>
#include <atomic>
#include <cmath>

#include "capnode/flow/step_engine.hpp"
#include "capnode/flow/step_kernels.hpp"
#include "capnode/numerics/error_free.hpp"
#include "capnode/numerics/lanes.hpp"
#include "capnode/numerics/rounding.hpp"
#include "program_pass.hpp"
#include "radius_rounding.hpp"

namespace capnode {

struct StepEngine::Series {
    StepEngine& e;
    std::size_t k;

    double* out(const Instruction& i) const { return e.coefficient(i.out, k); }
    std::size_t count(const Instruction& i) const { return e.program_->size[i.out] * e.lanes_; }

    void state(const Instruction&) {}

    void constant(const Instruction& i) {
        const double* c = i.weight->mid.data.data();
        double* to = out(i);
        for (std::size_t r = 0; r < e.program_->size[i.out]; ++r) {
            for (std::size_t l = 0; l < e.lanes_; ++l) to[r * e.lanes_ + l] = k == 0 ? c[r] : 0.0;
        }
    }

    void affine(const Instruction& i) {
        e.linear_product(i, i.weight->mid.data.data(), k == 0 && i.bias ? i.bias->mid.data.data() : nullptr,
                         e.coefficient(i.a, k), out(i), e.lanes_);
    }

    void scale(const Instruction& i) {
        e.kernels_.scale(out(i), e.coefficient(i.a, k), i.factor.mid, k == 0 ? i.offset.mid : 0.0, count(i));
    }

    void sum(const Instruction& i, double sign) {
        e.kernels_.sum(out(i), e.coefficient(i.a, k), e.coefficient(i.b, k), sign, count(i));
    }

    void arrange(const Instruction& i) {
        blocks_of(*e.program_, i, [&](Register from, std::size_t first, std::size_t to, std::size_t rows) {
            const double* a = e.coefficient(from, k) + first * e.lanes_;
            std::copy(a, a + rows * e.lanes_, out(i) + to * e.lanes_);
        });
    }

    void multiply(const Instruction& i) {
        e.kernels_.convolve(out(i), e.coefficient(i.a, 0), e.coefficient(i.b, 0), k, e.stride_, count(i));
    }

    void function(const Instruction& i) {
        const std::size_t n = count(i);
        const double* a = e.coefficient(i.a, 0);
        const double* u = e.coefficient(i.out, 0);
        if (k == 0) {
            start(i, a, n);
        } else if (i.primitive == Primitive::integral) {
            e.kernels_.integrate(out(i), a, e.coefficient(i.derivative, 0), k, e.stride_, n);
        } else if (i.primitive == Primitive::reciprocal) {
            e.kernels_.reciprocal(out(i), u, a, k, e.stride_, n);
        } else {
            e.kernels_.square_root(out(i), u, a, e.at(e.half_inverse_, i.out), k, e.stride_, n);
        }
    }

    void start(const Instruction& i, const double* a, std::size_t n) {
        double* to = out(i);
        if (i.primitive == Primitive::integral) {
            apply_lanes(i.function, n, a, nullptr, to, e.at(e.initial_error_, i.out));
        } else if (i.primitive == Primitive::reciprocal) {
            for (std::size_t j = 0; j < n; ++j) to[j] = 1.0 / a[j];
        } else {
            double* half = e.at(e.half_inverse_, i.out);
            for (std::size_t j = 0; j < n; ++j) {
                to[j] = std::sqrt(a[j]);
                half[j] = 0.5 / to[j];
            }
        }
    }
};

void StepEngine::coefficients(const double* scale) {
    std::copy(scale, scale + lanes_, scale_.begin());
    scale_is_exact_ = std::all_of(scale, scale + lanes_, [](double x) {
        int exponent = 0;
        return std::fabs(std::frexp(x, &exponent)) == 0.5;
    });
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
        Series series{*this, k};
        for (const Instruction& i : program_->instructions) {
            if (k > order_ && low_degree_[i.out]) {
                std::fill_n(coefficient(i.out, k), program_->size[i.out] * lanes_, 0.0);
            } else {
                visit(i, series);
            }
        }
    }
}

struct StepEngine::TangentSeries {
    const StepEngine& e;
    TangentTile& tile;
    std::size_t k;

    std::size_t cl() const { return tile.columns * e.lanes_; }
    double* at(Register r, std::size_t order) const { return e.tangent(tile, r, order); }
    double* out(const Instruction& i) const { return at(i.out, k); }
    std::size_t count(const Instruction& i) const { return e.program_->size[i.out] * cl(); }
    bool vanishes(const Instruction& i) const {
        if (k <= e.tangent_order_ || !e.low_degree_[i.out]) return false;
        std::fill_n(out(i), count(i), 0.0);
        return true;
    }

    void state(const Instruction&) {}

    void affine(const Instruction& i) {
        if (vanishes(i)) return;
        e.linear_product(i, i.weight->mid.data.data(), nullptr, at(i.a, k), out(i), cl());
    }

    void scale(const Instruction& i) {
        if (vanishes(i)) return;
        const double* a = at(i.a, k);
        double* to = out(i);
        const std::size_t n = count(i);
        for (std::size_t j = 0; j < n; ++j) to[j] = i.factor.mid * a[j];
    }

    void sum(const Instruction& i, double sign, Register left, Register right) {
        if (vanishes(i)) return;
        const double* a = left != no_register ? at(left, k) : nullptr;
        const double* b = right != no_register ? at(right, k) : nullptr;
        double* to = out(i);
        const std::size_t n = count(i);
        for (std::size_t j = 0; j < n; ++j) to[j] = (a ? a[j] : 0.0) + (b ? sign * b[j] : 0.0);
    }

    void arrange(const Instruction& i) {
        if (!vanishes(i)) arrange_tangents(*e.program_, i, cl(), out(i), [&](Register r) { return at(r, k); });
    }

    void factor(const Instruction& i, Register w, Register d, bool add) {
        e.kernels_.convolve_tangent(out(i), e.coefficient(w, 0), at(d, 0), k, e.stride_, tile.stride,
                                    e.program_->size[i.out], tile.columns, e.lanes_, add);
    }
};

bool StepEngine::tangent_coefficients(const std::function<bool()>& stop) {
    const bool long_step = stop && tangent_stride_ >= (std::size_t{1} << 16);
    const bool moves = program_->instructions[program_->output].on_path;
    std::atomic<bool> stopped{false};
    on_threads(threads_, tiles_.size(), [&](std::size_t index) {
        TangentTile& tile = tiles_[index];
        const std::size_t cl = tile.columns * lanes_;
        for (std::size_t k = 0; k <= tangent_top_ && !stopped; ++k) {
            // Only the calling thread asks: tile 0 is its own.
            if (long_step && (threads_ == 1 || index == 0) && stop()) stopped = true;
            double* d = tangent(tile, state_, k);
            if (k == 0 || k > tangent_order_) {
                std::fill(d, d + rows() * cl, 0.0);
                for (std::size_t c = 0; k == 0 && c < tile.columns; ++c) {
                    std::fill_n(d + (tile.first + c) * cl + c * lanes_, lanes_, 1.0);
                }
            } else if (moves) {
                kernels_.advance(d, tangent(tile, program_->output, k - 1), scale_.data(), k, rows() * cl, lanes_);
            }
            TangentSeries series{*this, tile, k};
            differentiate(*program_, series);
        }
    });
    return !stopped;
}

double StepEngine::largest_tangent(std::size_t k, std::size_t lane) const {
    double m = 0.0;
    for (const TangentTile& tile : tiles_) {
        const std::size_t cl = tile.columns * lanes_;
        const double* d = tile.series.data() + k * tile.stride + tangent_offset_[state_] * cl;
        for (std::size_t j = lane; j < rows() * cl; j += lanes_) m = larger(m, std::fabs(d[j]));
    }
    return m;
}

// Horner: term k passes 2k roundings, so the error is below sum_k gamma_{2k+1} |z_k| tau^k, gamma_k <= k u slack. The
// final addition of z_0 is counted by u |value| alone.
void StepEngine::evaluate(const double* tau, double* value, double* error) const {
    kernels_.horner(value, error, coefficient(state_, 0), order_, stride_, tau, rows() * lanes_, lanes_);
}

// lead = fl(z_1 tau), exact with what it rounds off (but for underflow, which `bound` makes up for). Of the other terms
// z_k passes 2k - 1 roundings: fewer than the 2k counted; then rest = tail + rounded off is rounded once.
void StepEngine::increment(const double* tau, double* lead, double* rest, double* error) const {
    kernels_.horner_tail(rest, error, coefficient(state_, 0), order_, stride_, tau, rows() * lanes_, lanes_);
    const double* slope = coefficient(state_, 1);
    for (std::size_t j = 0; j < rows() * lanes_; ++j) {
        const Sum first = two_product(slope[j], tau[j % lanes_]);
        lead[j] = first.value;
        rest[j] += first.error;
        error[j] = bound(error[j] + unit_roundoff * std::fabs(rest[j]));
    }
}

void StepEngine::evaluate_tangent(const double* tau, double* value, double* error) {
    on_threads(threads_, tiles_.size(), [&](std::size_t index) {
        TangentTile& tile = tiles_[index];
        const bool whole = tiles_.size() == 1;
        double* v = whole ? value : tile.scratch.data();
        double* e = whole || !error ? error : tile.scratch2.data();
        kernels_.horner(v, e, tangent(tile, state_, 0), tangent_order_, tile.stride, tau,
                        rows() * tile.columns * lanes_, lanes_);
        if (whole) return;
        scatter(tile, v, value);
        if (error) scatter(tile, e, error);
    });
}

/// The columns of a tile into a matrix of all columns.
void StepEngine::scatter(const TangentTile& tile, const double* from, double* to) const {
    const std::size_t cl = tile.columns * lanes_;
    for (std::size_t r = 0; r < rows(); ++r) {
        std::copy_n(from + r * cl, cl, to + (r * columns_ + tile.first) * lanes_);
    }
}

}  // namespace capnode
