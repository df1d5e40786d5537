#include "capnode/dynamics/robust_radius.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "../flow/growth.hpp"
#include "capnode/dynamics/jacobian_variation.hpp"
#include "capnode/field/evaluate.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/flow/transitions.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode {

// The two places where these theorems are declared proved.
struct RobustRadiusTheorem {
    static Result<RobustRadius> prove(RobustRadius value) {
        std::vector<Evidence> evidence;
        for (std::size_t k = 0; k < value.margins.size(); ++k) {
            if (k == value.cls) continue;
            const double left = value.losses[k];
            const Interval& m = value.margins[k];
            evidence.push_back({"loss on the ball against the margin over class " + std::to_string(k), left, left, "<",
                                m.lo, m.hi, left < m.lo});
        }
        const auto failed = [](const Evidence& e) { return !e.holds; };
        if (!(value.radius > 0.0) || std::any_of(evidence.begin(), evidence.end(), failed)) {
            return Result<RobustRadius>::not_proved(Verdict::too_wide, "no radius could be certified",
                                                    std::move(evidence));
        }
        return Result<RobustRadius>::make_proved(std::move(value), std::move(evidence));
    }
};

struct AdversarialPairTheorem {
    static Result<AdversarialPair> prove(const Readout& readout, AdversarialPair pair) {
        const auto a = class_of(readout, pair.final_x);
        const auto b = class_of(readout, pair.final_y);
        if (!a || !b) {
            return Result<AdversarialPair>::not_proved(
                Verdict::too_wide,
                std::string("the class of the ") + (a ? "second" : "first") + " point is not decided by its enclosure");
        }
        pair.cls_x = *a;
        pair.cls_y = *b;
        std::vector<Evidence> evidence;
        const auto ca = static_cast<double>(*a);
        const auto cb = static_cast<double>(*b);
        evidence.push_back({"the classes", ca, ca, "differs from", cb, cb, *a != *b});
        for (const bool first : {true, false}) {
            const std::size_t own = first ? *a : *b;
            const std::vector<Interval> m = margins(readout, first ? pair.final_x : pair.final_y, own);
            for (std::size_t k = 0; k < m.size(); ++k) {
                if (k == own) continue;
                evidence.push_back(
                    {std::string(first ? "first" : "second") + " point, margin over class " + std::to_string(k),
                     m[k].lo, m[k].hi, ">", 0.0, 0.0, m[k].lo > 0.0});
            }
        }
        if (*a == *b) {
            return Result<AdversarialPair>::not_proved(
                Verdict::no_convergence, "both points have the class " + std::to_string(*a), std::move(evidence));
        }
        return Result<AdversarialPair>::make_proved(std::move(pair), std::move(evidence));
    }
};

namespace {

constexpr double slack = 1.0 + 0x1p-32;  // fewer than 2^20 roundings of non-negative numbers
constexpr double underflow = 0x1p-960;
double up(double x) { return x < infinity ? x * slack + underflow : infinity; }

// e^(h m), h >= 0: the product rounds by u |h m|.
double growth_over(double h, double m) {
    const double x = h * m;
    return exponential_up(x + std::fabs(x) * 0x1p-50 + underflow);
}

double euclidean(const std::vector<double>& v) {
    double sum = 0.0;
    for (const double x : v) sum += x * x;
    return up(std::sqrt(sum) + 0x1p-480);
}

std::vector<Interval> points(const std::vector<double>& x) {
    std::vector<Interval> out;
    for (const double v : x) out.emplace_back(v);
    return out;
}

BallMatrix column(const std::vector<Interval>& x) {
    BallMatrix out(x.size(), 1);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const Ball b = to_ball(x[i]);
        out.mid(i, 0) = b.mid;
        out.rad(i, 0) = b.rad;
    }
    return out;
}

InitialSet start_of(const NetworkInput& input, const std::vector<double>& x) {
    InitialSet start;
    start.centre = x;
    start.directions = Matrix(x.size(), 0);
    start.parameter = input.parameter;
    start.t0 = input.t0;
    return start;
}

// What is known of x(t) over one piece of time, and does not depend on the radius.
struct Piece {
    const VariationBounds* bounds = nullptr;
    std::vector<Interval> box;  // holds x(t)
    Interval time;
    double length = 0.0;
    double mu = infinity;       // of f_x(x(t), t), in the direction of time
    double start = infinity;    // |Y| at its start; at most exp(h mu+) times that inside
    double step = infinity;     // |Y| from its start to its end
    std::vector<double> after;  // by class, |a_k| at its end; at most exp(h mu+) times that inside
};

class Certifier {
  public:
    Certifier(const std::vector<FlowLayer>& layers, const Readout& readout, const NetworkInput& input,
              const RobustOptions& options)
        : readout_(readout), input_(input), options_(options) {
        if (layers.empty()) throw std::invalid_argument("there are 0 layers");
        for (std::size_t k = 0; k < layers.size(); ++k) {
            if (k == 0 || !(layers[k].field == layers[k - 1].field))
                bounds_.push_back(std::make_unique<VariationBounds>(layers[k].field));
            cut(layers[k], *bounds_.back());
        }
    }

    Result<RobustRadius> run() {
        std::vector<std::pair<std::size_t, MatrixSet>> factors;
        const TransitionRun run =
            transitions(stages_, start_of(input_, input_.x), options_.flow,
                        [&](std::size_t k, MatrixSet&& factor) { factors.emplace_back(k, std::move(factor)); });
        if (run.verdict != Verdict::proved) {
            return Result<RobustRadius>::not_proved(run.verdict == Verdict::unbounded ? Verdict::lost : run.verdict,
                                                    run.detail);
        }
        RobustRadius value;
        value.final = run.states.back();
        const auto cls = class_of(readout_, value.final);
        if (!cls) {
            return Result<RobustRadius>::not_proved(Verdict::too_wide,
                                                    "the class of the input itself is not decided by its enclosure");
        }
        value.cls = *cls;
        value.margins = margins(readout_, value.final, *cls);
        adjoint(factors, *cls);
        stretch(factors);
        Interval elapsed(0.0);
        for (std::size_t j = 0; j < stages_.size(); ++j) {
            if (!describe(j, run.states[j], run.states[j + 1], input_.t0 + elapsed)) {
                return Result<RobustRadius>::not_proved(
                    Verdict::too_wide, "the solution could not be enclosed over piece " + std::to_string(j + 1) +
                                           " of " + std::to_string(stages_.size()) + "; take more pieces");
            }
            elapsed += Interval(stages_[j].duration);
        }
        value.gradient_at_input = at_input_;
        // No radius above the least margin over the gradient at the input can be certified.
        double most = infinity;
        for (std::size_t k = 0; k < readout_.classes(); ++k) {
            if (k != *cls && at_input_[k] > 0.0) most = std::min(most, value.margins[k].lo / at_input_[k]);
        }
        if (!(most < infinity)) most = 1e6;
        double lo = 0.0;
        double hi = most;
        if (options_.radius > 0.0) {
            if (!certified(options_.radius, value)) {
                return Result<RobustRadius>::not_proved(
                    Verdict::too_wide, "the radius " + shortest_text(options_.radius) +
                                           " was asked for and could not be certified by norms; none above " +
                                           shortest_text(most) + " can be");
            }
            lo = hi = options_.radius;
        }
        for (int step = 0; step < 30 && hi - lo > 1e-3 * hi; ++step) {
            const double r = lo > 0.0 ? 0.5 * (lo + hi) : (step == 0 ? hi : 0.25 * hi);
            if (certified(r, value)) {
                lo = r;
            } else {
                hi = r;
            }
        }
        if (lo > 0.0) {
            certified(lo, value);
            value.radius = lo;
        }
        return RobustRadiusTheorem::prove(std::move(value));
    }

  private:
    // Pieces of equal length on the grid of the duration, so that they add up exactly; no more of them than it has grid
    // points where the duration is close to the least double.
    void cut(const FlowLayer& layer, const VariationBounds& bounds) {
        const std::vector<Interval> x = points(input_.x);
        const double size = bounds.over(x, input_.parameter, input_.t0, 0.0).size;
        double count = static_cast<double>(options_.pieces);
        if (options_.pieces == 0) {
            count = std::ceil(20.0 * std::fabs(layer.duration) * size);
            count = count < 16.0 ? 16.0 : count < 2000.0 ? count : 2000.0;
        }
        const double grid = std::fmax(std::ldexp(1.0, std::ilogb(layer.duration) - 50), 0x1p-1074);
        count = std::fmin(count, std::fabs(layer.duration) / grid);
        const double length = std::trunc(layer.duration / count / grid) * grid;
        double done = 0.0;
        for (double k = 1.0; k < count; k += 1.0) {
            stages_.push_back({layer.field, length});
            done += length;  // exact: multiples of the grid below 2^51 of it
            of_.push_back(&bounds);
        }
        stages_.push_back({layer.field, layer.duration - done});  // exact: multiples of the last bit of the duration
        of_.push_back(&bounds);
    }

    // Rows a_k^T = (w_c - w_k)^T Y(T, t), and their norms at the end of each piece.
    void adjoint(const std::vector<std::pair<std::size_t, MatrixSet>>& factors, std::size_t cls) {
        const std::size_t n = readout_.dim();
        pieces_.assign(stages_.size(), {});
        BallMatrix a = pulled_back(readout_, cls, BallMatrix(Matrix::identity(n)));
        const auto norms = [&] {
            std::vector<double> out;
            for (std::size_t k = 0; k < a.rows(); ++k) {
                double sum = 0.0;
                for (std::size_t j = 0; j < n; ++j) {
                    const double x = std::fabs(a.mid(k, j)) + a.rad(k, j);
                    sum += x * x;
                }
                out.push_back(up(std::sqrt(sum) + 0x1p-480));
            }
            return out;
        };
        std::size_t piece = stages_.size();
        for (std::size_t f = factors.size(); f-- > 0;) {
            const auto& [k, factor] = factors[f];
            if (k != piece) {
                piece = k;
                pieces_[k].after = norms();
            }
            const std::vector<double> before = norms();
            BallMatrix ball(factor.mid);
            if (factor.rad.size() > 0) ball.rad = factor.rad;
            a = multiply(a, ball);
            if (factor.norm > 0.0) {  // |a E|_j <= |a|_2 |E|_2
                for (std::size_t i = 0; i < a.rows(); ++i) {
                    for (std::size_t j = 0; j < n; ++j) a.rad(i, j) = up(a.rad(i, j) + before[i] * factor.norm);
                }
            }
        }
        at_input_ = norms();
        at_input_[cls] = 0.0;
    }

    // |Y| at the start of each piece, and over each: the smaller of the norm of what was multiplied out and the product
    // of norms.
    void stretch(const std::vector<std::pair<std::size_t, MatrixSet>>& factors) {
        const std::size_t n = readout_.dim();
        BallMatrix y(Matrix::identity(n));
        double so_far = 1.0;
        std::size_t f = 0;
        for (std::size_t k = 0; k < pieces_.size(); ++k) {
            Piece& piece = pieces_[k];
            piece.start = so_far;
            piece.step = 1.0;
            for (; f < factors.size() && factors[f].first == k; ++f) {
                const MatrixSet& factor = factors[f].second;
                BallMatrix ball(factor.mid);
                if (factor.rad.size() > 0) ball.rad = factor.rad;
                const double before = norm_of(y);
                y = multiply(ball, y);
                // E Y, |E|_2 <= norm: every entry is at most norm |Y|_2
                if (factor.norm > 0.0) {
                    for (double& r : y.rad.data) r = up(r + factor.norm * before);
                }
                piece.step = up(piece.step * up(norm_of(ball) + factor.norm));
            }
            so_far = std::min(norm_of(y), up(so_far * piece.step));
        }
    }
    static double norm_of(const BallMatrix& a) {
        double sum = 0.0;
        for (const double r : a.rad.data) sum += r * r;
        return up(spectral_norm(a.mid) + std::sqrt(sum) + 0x1p-480);
    }

    // x(t) over piece j: with |x(t) - x_m| <= d0 crudely, F = |f(x_m)| + change >= |f|, S >= |f_x|, the curve differs
    // from its chord by at most h^2 / 8 sup |x''|, |x''| <= S F + |f_t|; where the field depends on time only the crude
    // bound is used.
    bool describe(std::size_t j, const std::vector<Interval>& from, const std::vector<Interval>& to,
                  const Interval& t) {
        Piece& piece = pieces_[j];
        const std::size_t n = from.size();
        const Field& field = stages_[j].field;
        const double duration = stages_[j].duration;
        piece.bounds = of_[j];
        piece.length = std::fabs(duration);
        piece.time = hull(t, t + Interval(duration));
        const double h = piece.length;
        const double tm = midpoint(piece.time);
        const double time_radius = field.depends_on_time() ? radius_up(piece.time, tm) : 0.0;
        std::vector<double> middle(n);
        std::vector<double> half(n);  // |x_m - ends|
        for (std::size_t i = 0; i < n; ++i) {
            middle[i] = midpoint(hull(from[i], to[i]));
            half[i] = std::fmax(radius_up(from[i], middle[i]), radius_up(to[i], middle[i]));
        }
        const std::vector<Interval> centre = points(middle);
        const double ends = euclidean(half);
        const std::vector<Interval> f = evaluate(field, centre, input_.parameter, Interval(tm));
        std::vector<double> speed(n);
        for (std::size_t i = 0; i < n; ++i) speed[i] = magnitude(f[i]);
        const double v = euclidean(speed);
        double d = up(ends + 1.1 * h * v);
        JacobianVariation there;
        bool holds = false;
        for (int attempt = 0; attempt < 8 && !holds; ++attempt) {
            there = piece.bounds->over(centre, input_.parameter, Interval(tm), d, time_radius);
            const double need = up(ends + h * up(v + there.change));
            holds = need < d;
            if (!holds) d = 1.2 * need;
        }
        if (!holds || !(d < infinity)) return false;
        double bend = up(h * up(v + there.change));
        if (!field.depends_on_time()) {
            bend = std::min(bend, up(0.125 * h * h * there.size * up(v + there.change)));
            d = std::min(d, up(ends + bend));
        }
        for (std::size_t i = 0; i < n; ++i) piece.box.push_back(widen(hull(from[i], to[i]), bend));
        // mu(f_x(x(t))) <= mu(J) + |f_x(x_m) - J| + |f_x(x(t)) - f_x(x_m)|
        const BallJacobian J = jacobian(field, BallMatrix(column(centre)), column(input_.parameter), Ball{tm, 0.0});
        double rad = 0.0;
        for (const double r : J.dx.rad.data) rad += r * r;
        there = piece.bounds->over(centre, input_.parameter, Interval(tm), d, time_radius);
        const double mu = logarithmic_norm(J.dx.mid.data.data(), 1, n, std::copysign(1.0, duration), guess_, work_);
        piece.mu = add_up(mu, up(std::sqrt(rad) + 0x1p-480 + there.difference));
        return piece.mu < infinity;
    }

    // The theorem for one radius: fills losses and image_radius; false where it does not hold. `carried` is the
    // integral of |Y(t, s)| q(s) up to the start of the piece.
    bool certified(double r, RobustRadius& value) const {
        value.losses.assign(at_input_.size(), 0.0);
        for (std::size_t k = 0; k < at_input_.size(); ++k) value.losses[k] = up(r * at_input_[k]);
        double carried = 0.0;
        double end = r;
        for (const Piece& piece : pieces_) {
            const double inside = up(growth_over(piece.length, std::fmax(0.0, piece.mu)));
            double q = 0.0;
            double rho = up(1.02 * inside * up(r * piece.start + carried));
            bool holds = false;
            for (int attempt = 0; attempt < 8 && !holds; ++attempt) {
                q = piece.bounds->over(piece.box, input_.parameter, piece.time, rho).remainder;
                const double need = up(inside * up(r * piece.start + carried + piece.length * q));
                holds = need < rho;
                if (!holds) rho = up(1.05 * need);
            }
            if (!holds || !(rho < infinity)) return false;
            const double factor = up(up(piece.length * q) * inside);
            for (std::size_t k = 0; k < value.losses.size(); ++k) {
                if (k == value.cls) continue;
                value.losses[k] = up(value.losses[k] + factor * piece.after[k]);
                if (!(value.losses[k] < value.margins[k].lo)) return false;
            }
            carried = up(std::min(piece.step, inside) * carried + factor);
            end = up(inside * up(r * piece.start + carried));
        }
        value.image_radius = end;
        return true;
    }

    const Readout& readout_;
    const NetworkInput& input_;
    const RobustOptions& options_;
    std::vector<std::unique_ptr<VariationBounds>> bounds_;
    std::vector<FlowLayer> stages_;
    std::vector<const VariationBounds*> of_;
    std::vector<Piece> pieces_;
    std::vector<double> at_input_;
    std::vector<double> guess_;
    LogNormWork work_;
};

}  // namespace

Result<RobustRadius> robust_radius(const std::vector<FlowLayer>& layers, const Readout& readout,
                                   const NetworkInput& input, const RobustOptions& options) {
    if (layers.empty()) throw std::invalid_argument("there are 0 layers");
    check_readout(readout, layers.front().field.dim());
    return Certifier(layers, readout, input, options).run();
}

Result<AdversarialPair> adversarial_pair(const std::vector<FlowLayer>& layers, const Readout& readout,
                                         const NetworkInput& input, const std::vector<double>& y,
                                         const FlowOptions& options) {
    if (layers.empty()) throw std::invalid_argument("there are 0 layers");
    const std::size_t n = layers.front().field.dim();
    check_readout(readout, n);
    if (input.x.size() != n || y.size() != n) {
        throw std::invalid_argument("the points have " + std::to_string(input.x.size()) + " and " +
                                    std::to_string(y.size()) + " entries, the field needs " + std::to_string(n));
    }
    FlowOptions own = options;
    own.dense = false;
    own.derivative = false;
    const std::vector<LayeredResult> runs =
        integrate_layers(layers, {start_of(input, input.x), start_of(input, y)}, own);
    for (const LayeredResult& run : runs) {
        const FlowResult& last = run.back();
        if (run.size() < layers.size() || last.verdict != Verdict::proved) {
            return Result<AdversarialPair>::not_proved(
                last.verdict == Verdict::unbounded ? Verdict::lost : last.verdict, last.detail);
        }
    }
    AdversarialPair pair;
    pair.x = input.x;
    pair.y = y;
    Interval sum(0.0);
    for (std::size_t i = 0; i < n; ++i) sum += square(Interval(input.x[i]) - Interval(y[i]));
    pair.distance = sqrt(sum);
    pair.final_x = runs[0].back().final;
    pair.final_y = runs[1].back().final;
    return AdversarialPairTheorem::prove(readout, std::move(pair));
}

}  // namespace capnode
