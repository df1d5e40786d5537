#include "capnode/numerics/matrix_product.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/double_double.hpp"
#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/numerics/rounding.hpp"
#include "matrix_norms.hpp"
#include "product_frames.hpp"

namespace capnode {
namespace {

using detail::column_norms;
using detail::distance_from_identity;
using detail::frobenius;
using detail::row_norms;
using detail::up;

// A product of positive numbers as mantissa 2^exponent.
struct LogProduct {
    DoubleDoubleBall mantissa{1.0};
    std::int64_t exponent = 0;

    void multiply(double x) {
        mantissa = mantissa * DoubleDoubleBall(x);
        const int e = std::ilogb(mantissa.hi);
        mantissa = scale(mantissa, std::ldexp(1.0, -e));
        exponent += e;
    }
    Interval log() const {
        const Interval e(static_cast<double>(exponent));  // exact: far below 2^53
        return apply(Function::log, to_interval(mantissa)) + e * apply(Function::log, Interval(2.0));
    }
};

Interval log_of(const Interval& x) { return apply(Function::log, x); }

// [1 - e, 1 + e]
Interval near_one(double e) { return Interval(1.0) + Interval(-e, e); }

Interval log_near_one(double e) { return log_of(near_one(e)); }

class Verification {
  public:
    Verification(const std::vector<MatrixSet>& factors, const detail::ProductFrames& frames, std::size_t count)
        : factors_(factors),
          frames_(frames),
          count_(count),
          n_(factors.front().mid.rows),
          lower_(n_, n_),
          ratio_(n_, n_, 1.0),
          upper_(n_, n_),
          d_(n_) {}

    bool run(const Matrix& first, ProductExponents& answer, const std::function<bool()>& interrupted) {
        Matrix before = first;
        for (std::size_t k = 1; k <= count_; ++k) {
            if (interrupted && interrupted()) {
                answer.reason = "stopped by the caller";
                answer.stopped = true;
                return false;
            }
            Matrix frame = frames_.frame(k);
            if (!step(k, before, frame, answer)) return false;
            before = std::move(frame);
        }
        answer.lower = frobenius(lower_);
        finish();
        answer.upper = omega_;
        last_ = std::move(before);
        return true;
    }

    const Matrix& last_frame() const { return last_; }
    /// log of d_i (1 + w_ii), and of d_i (1 + X_ii)
    Interval log_upper(std::size_t i) const { return d_[i].log() + log_near_one(upper_(i, i)); }
    Interval log_diagonal(std::size_t i) const {
        return d_[i].log() + log_near_one(up(upper_(i, i) + up(5.0 * omega_ * omega_)));
    }
    double damped_lower() const { return damped_lower_; }
    double damped_upper() const { return damped_upper_; }

  private:
    // w: prod (I + x_k) - I - sum x_k has norm at most exp(s) - 1 - s <= s^2, s = sum |x_k|_F <= 1. Then what is left
    // of l and w once their rotations are split off (header).
    void finish() {
        const double second = up(upper_sum_ * upper_sum_);
        for (std::size_t i = 0; i < n_; ++i) {
            for (std::size_t j = i; j < n_; ++j) upper_(i, j) = up(upper_(i, j) + second);
        }
        omega_ = frobenius(upper_);
        const double l = frobenius(lower_);
        const double w2 = up(5.0 * omega_ * omega_);
        const double l2 = up(5.0 * l * l);
        Matrix y(n_, n_);
        Matrix r(n_, n_);
        for (std::size_t i = 0; i < n_; ++i) {
            r(i, i) = l2;
            for (std::size_t j = 0; j < i; ++j) {
                y(i, j) = up(2.0 * (upper_(j, i) + w2) * ratio_(j, i));
                r(j, i) = up((lower_(i, j) + l2) * ratio_(j, i));
            }
        }
        damped_lower_ = frobenius(y);
        damped_upper_ = up(2.0 * frobenius(r));  // (1 + 2 omega) / (1 - 2 omega) <= 2
    }

    bool step(std::size_t k, const Matrix& before, const Matrix& frame, ProductExponents& answer) {
        const MatrixSet& a = factors_[k - 1];
        const Matrix z = frames_.inverse(k);
        if (!is_finite(z) || !is_finite(frame)) {
            answer.reason = "the frames of the product degenerate at factor " + std::to_string(k);
            return false;
        }
        // Z S = I + G: S^-1 = (I + G)^-1 Z, and |(I + G)^-1 - I| <= |G| + |G|_F^2 / (1 - |G|_F) entrywise.
        Matrix g = distance_from_identity(multiply(z, frame));
        const double gf = frobenius(g);
        answer.frame_defect = std::max(answer.frame_defect, gf);
        if (!(gf < 0.5)) {
            answer.frame_defect = gf;
            answer.reason = "the frame of factor " + std::to_string(k) +
                            " could not be inverted: |Z S - I| <= " + number_text(gf, 3) + ", needed below 0.5";
            return false;
        }
        const double second = up(2.0 * gf * gf);  // 1 / (1 - gf) <= 2
        for (double& x : g.data) x = up(x + second);
        const std::vector<double> g_rows = row_norms(g);
        // T = Z A S holds mid + rad, and the part of A known by norm: |z_i| norm |s_j|.
        BallMatrix ball(a.mid);
        if (a.rad.size() > 0) ball.rad = a.rad;
        const BallMatrix t = multiply(z, multiply(ball, before));
        std::vector<double> z_rows(n_, 0.0);
        std::vector<double> s_columns(n_, 0.0);
        if (a.norm > 0.0) {
            z_rows = row_norms(z);
            s_columns = column_norms(before);
        }
        Matrix size = magnitude(t);
        for (std::size_t i = 0; i < n_; ++i) {
            for (std::size_t j = 0; j < n_; ++j) size(i, j) = up(size(i, j) + z_rows[i] * a.norm * s_columns[j]);
        }
        const std::vector<double> t_columns = column_norms(size);
        // eta: D_i = T_ii, |H_ij| <= (|T_ij - D_i delta_ij| + (|(I + G)^-1 - I| |T|)_ij) / D_i
        Matrix eta(n_, n_);
        for (std::size_t i = 0; i < n_; ++i) {
            const double di = t.mid(i, i);
            if (!(di > 0x1p-500) || !(di < 0x1p500)) {
                answer.reason = "direction " + std::to_string(i + 1) + " is lost in factor " + std::to_string(k);
                return false;
            }
            const double inverse = up(1.0 / di);
            for (std::size_t j = 0; j < n_; ++j) {
                const double off = i == j ? t.rad(i, i) + z_rows[i] * a.norm * s_columns[j] : size(i, j);
                eta(i, j) = up((off + g_rows[i] * t_columns[j]) * inverse);
            }
        }
        return absorb(k, t.mid, eta, answer);
    }

    // One factor D (I + H) more, |H| <= eta.
    bool absorb(std::size_t k, const Matrix& t, const Matrix& eta, ProductExponents& answer) {
        const std::vector<double> eta_rows = row_norms(eta);
        const std::vector<double> lower_columns = column_norms(lower_);
        Matrix bound(n_, n_);  // K
        for (std::size_t i = 0; i < n_; ++i) {
            for (std::size_t j = 0; j < n_; ++j)
                bound(i, j) = up(eta(i, j) + lower_(i, j) + eta_rows[i] * lower_columns[j]);
        }
        const double size = frobenius(bound);
        answer.remainder = std::max(answer.remainder, size);
        if (!(size <= 0.25)) {
            answer.remainder = size;
            answer.reason = "the directions of different growth could not be told apart any more after factor " +
                            std::to_string(k) + ": remainder " + number_text(size, 3) + ", needed below 0.25";
            return false;
        }
        const double q = up(2.0 * size * size);
        double square = 0.0;
        for (std::size_t i = 0; i < n_; ++i) {
            for (std::size_t j = i; j < n_; ++j) {
                const double x = (bound(i, j) + q) * ratio_(i, j);
                square += x * x;
                upper_(i, j) = up(upper_(i, j) + x);
            }
        }
        upper_sum_ = up(upper_sum_ + up(std::sqrt(square) + 0x1p-480));
        if (!(upper_sum_ < 0.5)) {
            answer.upper = upper_sum_;
            answer.reason = "the error of the directions carried back to the start has grown to " +
                            number_text(upper_sum_, 3) + " at factor " + std::to_string(k) + ", needed below 0.5";
            return false;
        }
        for (std::size_t i = 0; i < n_; ++i) {
            for (std::size_t j = 0; j < n_; ++j) {
                if (i > j) {
                    lower_(i, j) = up((bound(i, j) + q) * (t(i, i) / t(j, j)));
                } else if (i < j) {
                    ratio_(i, j) = up(ratio_(i, j) * (t(j, j) / t(i, i)));
                }
            }
            d_[i].multiply(t(i, i));
        }
        return true;
    }

    const std::vector<MatrixSet>& factors_;
    const detail::ProductFrames& frames_;
    std::size_t count_, n_;
    Matrix lower_;  // Lambda
    Matrix ratio_;  // d_j / d_i for i <= j
    Matrix upper_;  // sum of the x_k; at the end a bound of |w|
    double upper_sum_ = 0.0;
    double omega_ = infinity;  // |w|_F
    double damped_lower_ = infinity, damped_upper_ = infinity;
    std::vector<LogProduct> d_;
    Matrix last_;
};

// |S^T S - I|_F
double gram_defect(const Matrix& s) { return frobenius(distance_from_identity(multiply(transpose(s), s))); }

}  // namespace

ProductExponents product_exponents(const std::vector<MatrixSet>& factors, std::size_t count, ProductKind kind,
                                   const std::function<bool()>& interrupted) {
    if (count == 0 || count > factors.size()) {
        throw std::invalid_argument("a product of " + std::to_string(count) + " factors was asked for, there are " +
                                    std::to_string(factors.size()));
    }
    const std::size_t n = factors.front().mid.rows;
    ProductExponents answer;
    const detail::ProductFrames frames = detail::product_frames(factors, count, kind, interrupted);
    if (!frames.failure.empty()) {
        answer.reason = frames.failure;
        answer.stopped = frames.stopped;
        answer.singular = !frames.stopped;
        return answer;
    }
    Verification verification(factors, frames, count);
    // Where V = I the first frame is C_0 itself, upper triangular.
    const Matrix start = kind == ProductKind::singular ? frames.frame(0) : frames.c[0];
    if (!verification.run(start, answer, interrupted)) return answer;
    const double last = gram_defect(verification.last_frame());
    const double first = kind == ProductKind::singular ? gram_defect(start) : 0.0;
    const double sides[] = {verification.damped_lower(), verification.damped_upper()};
    if (!(last < 0.0625) || !(first < 0.5) || !(answer.lower <= 0.0625) || !(answer.upper <= 0.125) ||
        !(sides[0] < 0.5) || !(sides[1] < 0.5)) {
        answer.reason = "the frames at the ends are not orthogonal (defects " + number_text(first, 3) + ", " +
                        number_text(last, 3) + "), or the remainders " + number_text(answer.lower, 3) + ", " +
                        number_text(answer.upper, 3) + " not small";
        return answer;
    }
    if (kind == ProductKind::singular) {
        // sqrt(1 - s) <= sigma(S) <= sqrt(1 + s)
        const Interval factor = log_of(sqrt(near_one(last))) - log_of(sqrt(near_one(first))) + log_near_one(sides[0]) +
                                log_near_one(sides[1]);
        // Ostrowski speaks of the sorted diagonal: sorted ends bound the sorted numbers.
        std::vector<double> lo;
        std::vector<double> hi;
        for (std::size_t i = 0; i < n; ++i) {
            const Interval x = verification.log_diagonal(i) + factor;
            lo.push_back(x.lo);
            hi.push_back(x.hi);
        }
        std::sort(lo.begin(), lo.end(), std::greater<>());
        std::sort(hi.begin(), hi.end(), std::greater<>());
        for (std::size_t i = 0; i < n; ++i) answer.log.emplace_back(lo[i], hi[i]);
    } else {
        const Interval factor = log_near_one(up(5.0 * answer.lower * answer.lower)) + log_near_one(up(3.0 * last));
        for (std::size_t i = 0; i < n; ++i) {
            answer.log.push_back(verification.log_upper(i) + factor - log_of(Interval(start(i, i))));
        }
    }
    for (const Interval& x : answer.log) {
        if (!is_bounded(x)) {
            answer.reason = "a logarithm is unbounded";
            return answer;
        }
    }
    answer.proved = true;
    return answer;
}

}  // namespace capnode
