#include "capnode/dynamics/jacobian_variation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <string>

#include "../flow/growth.hpp"
#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode {
namespace {

// Sums and products of fewer than 2^20 non-negative numbers in round to nearest.
constexpr double slack = 1.0 + 0x1p-32;
constexpr double underflow = 0x1p-960;
double up(double x) { return x < infinity ? x * slack + underflow : infinity; }

// A node: where v(x) may lie, and the five bounds of the header.
struct Bounds {
    std::vector<Interval> centre;
    std::vector<double> beta;
    double b = 0.0, n = 0.0, d = 0.0, q = 0.0;

    Interval range(std::size_t i) const { return widen(centre[i], beta[i]); }
    void settle() {
        double sum = 0.0;
        for (double& x : beta) {
            if (!(x >= 0.0)) x = infinity;  // NaN
            sum += x * x;
        }
        const double size = up(std::sqrt(sum) + 0x1p-480);
        b = b <= size ? b : size;
        for (double* x : {&b, &n, &d, &q}) {
            if (!(*x >= 0.0)) *x = infinity;
        }
        for (double& x : beta) x = std::min(x, b);
    }
};

double largest(const std::vector<double>& v) {
    double m = 0.0;
    for (const double x : v) m = x <= m ? m : x;
    return m;
}
double euclidean(const std::vector<double>& v) {
    double sum = 0.0;
    for (const double x : v) sum += x * x;
    return up(std::sqrt(sum) + 0x1p-480);
}

Bounds fixed(std::vector<Interval> centre) {
    Bounds out;
    out.beta.assign(centre.size(), 0.0);
    out.centre = std::move(centre);
    return out;
}

// u + v or u - v.
Bounds sum(const Bounds& u, const Bounds& v, bool minus) {
    Bounds out;
    for (std::size_t i = 0; i < u.centre.size(); ++i) {
        out.centre.push_back(minus ? u.centre[i] - v.centre[i] : u.centre[i] + v.centre[i]);
        out.beta.push_back(up(u.beta[i] + v.beta[i]));
    }
    out.b = up(u.b + v.b);
    out.n = up(u.n + v.n);
    out.d = up(u.d + v.d);
    out.q = up(u.q + v.q);
    return out;
}

Bounds product(const Bounds& u, const Bounds& v) {
    Bounds out;
    std::vector<double> su;
    std::vector<double> sv;
    for (std::size_t i = 0; i < u.centre.size(); ++i) {
        out.centre.push_back(u.centre[i] * v.centre[i]);
        su.push_back(magnitude(u.range(i)));
        sv.push_back(magnitude(v.range(i)));
        out.beta.push_back(up(magnitude(u.centre[i]) * v.beta[i] + u.beta[i] * sv.back()));
    }
    const double mu = largest(su);
    const double mv = largest(sv);
    out.b = infinity;
    out.n = up(u.n * mv + mu * v.n);
    out.d = up(mv * u.d + largest(v.beta) * u.n + mu * v.d + largest(u.beta) * v.n);
    out.q = up(mv * u.q + mu * v.q + largest(u.beta) * v.b);
    return out;
}

// Upper bound of the square root of the largest eigenvalue of (c_i g_ij c_j), g >= 0 symmetric.
double second_order_norm(const Matrix& g, const std::vector<double>& c) {
    const std::size_t n = g.rows;
    std::vector<double> z(n, 1.0);
    std::vector<double> next(n);
    double best = infinity;
    for (int round = 0; round < 12; ++round) {
        double bound = 0.0;
        double size = 0.0;
        for (std::size_t i = 0; i < n; ++i) {
            double sum = 0.0;
            for (std::size_t j = 0; j < n; ++j) sum += g(i, j) * (c[j] * z[j]);
            next[i] = up(c[i] * sum);
            const double ratio = up(next[i] / z[i]);
            bound = ratio <= bound ? bound : ratio;
            size = std::max(size, next[i]);
        }
        best = std::min(best, bound);
        if (!(size > 0.0) || !(size < infinity)) break;
        // every z > 0 will do; none far below the others, so that no ratio is spoiled by what underflows
        for (std::size_t i = 0; i < n; ++i) z[i] = next[i] / size + 1e-4;
    }
    return up(std::sqrt(best));
}

// What v = W u adds to the second-order terms.
struct Linear {
    const Matrix* square = nullptr;
    double b = 0.0, n = 0.0;  // of u
};

// f(v) with enclosures of f' and f'' over an interval: `slopes(interval)`.
template <class Value, class Slopes>
Bounds elementwise(const Bounds& v, const Linear& linear, Value value, Slopes slopes) {
    Bounds out;
    double steepest = 0.0;
    double turn = 0.0;
    double bend = 0.0;
    std::vector<double> second;
    for (std::size_t i = 0; i < v.centre.size(); ++i) {
        out.centre.push_back(value(v.centre[i]));
        const std::array<Interval, 4> f = slopes(v.range(i));
        const double first = magnitude(f[1]);
        second.push_back(magnitude(f[2]));
        // |f'(a) - f'(b)| <= sup |f''| |a - b|, and at most the width of the range of f'
        const double change = up(second.back() * v.beta[i]);
        out.beta.push_back(up(first * v.beta[i]));
        steepest = first <= steepest ? steepest : first;
        const double turned = std::fmin(change, width_up(f[1]));
        turn = turned <= turn ? turn : turned;
        bend = change <= bend ? bend : change;
    }
    double moved = up(turn * v.n);
    double curved = up(0.5 * bend * v.b);
    if (linear.square) {
        const double kappa = second_order_norm(*linear.square, second);
        moved = std::min(moved, up(up(kappa * linear.b) * linear.n));
        curved = std::min(curved, up(0.5 * up(kappa * linear.b) * linear.b));
    }
    out.b = up(steepest * v.b);
    out.n = up(steepest * v.n);
    out.d = up(steepest * v.d + moved);
    out.q = up(steepest * v.q + curved);
    return out;
}

Bounds applied(Function f, const Bounds& v, const Linear& linear = {}) {
    return elementwise(
        v, linear, [f](const Interval& x) { return apply(f, x); },
        [f](const Interval& x) { return derivatives(f, x); });
}

Bounds raised(int exponent, const Bounds& v, const Linear& linear = {}) {
    return elementwise(
        v, linear, [exponent](const Interval& x) { return power(x, exponent); },
        [exponent](const Interval& x) { return power_derivatives(x, exponent); });
}

Bounds gathered(const Bounds& v, const std::vector<std::uint32_t>& indices) {
    std::vector<std::size_t> count(v.centre.size(), 0);
    Bounds out;
    for (const std::uint32_t i : indices) {
        out.centre.push_back(v.centre[i]);
        out.beta.push_back(v.beta[i]);
        ++count[i];
    }
    const std::size_t most = *std::max_element(count.begin(), count.end());
    const double factor = most <= 1 ? 1.0 : std::sqrt(static_cast<double>(most)) * slack;
    out.b = up(factor * v.b);
    out.n = up(factor * v.n);
    out.d = up(factor * v.d);
    out.q = up(factor * v.q);
    return out;
}

Bounds joined(const std::vector<const Bounds*>& parts) {
    Bounds out;
    double b = 0.0;
    double n = 0.0;
    double d = 0.0;
    double q = 0.0;
    for (const Bounds* part : parts) {
        out.centre.insert(out.centre.end(), part->centre.begin(), part->centre.end());
        out.beta.insert(out.beta.end(), part->beta.begin(), part->beta.end());
        b += part->b * part->b;
        n += part->n * part->n;
        d += part->d * part->d;
        q += part->q * part->q;
    }
    out.b = up(std::sqrt(b) + 0x1p-480);
    out.n = up(std::sqrt(n) + 0x1p-480);
    out.d = up(std::sqrt(d) + 0x1p-480);
    out.q = up(std::sqrt(q) + 0x1p-480);
    return out;
}

// M x with M a node of rows x cols entries: the product rule in Frobenius norms of M.
Bounds matvec(const Bounds& m, const Bounds& x, std::size_t rows, std::size_t cols) {
    Bounds out;
    std::vector<double> sm;
    std::vector<double> sx;
    for (std::size_t k = 0; k < m.centre.size(); ++k) sm.push_back(magnitude(m.range(k)));
    for (std::size_t k = 0; k < cols; ++k) sx.push_back(magnitude(x.range(k)));
    for (std::size_t i = 0; i < rows; ++i) {
        Interval centre(0.0);
        double beta = 0.0;
        for (std::size_t j = 0; j < cols; ++j) {
            const std::size_t k = i * cols + j;
            centre += m.centre[k] * x.centre[j];
            beta += sm[k] * x.beta[j] + m.beta[k] * sx[j];
        }
        out.centre.push_back(centre);
        out.beta.push_back(up(beta));
    }
    const double fm = euclidean(sm);
    const double fx = euclidean(sx);
    out.b = infinity;
    out.n = up(fm * x.n + fx * m.n);
    out.d = up(fm * x.d + m.b * x.n + fx * m.d + x.b * m.n);
    out.q = up(fm * x.q + fx * m.q + m.b * x.b);
    return out;
}

Matrix magnitudes(const Tensor& t) {
    Matrix out = t.mid;
    for (std::size_t k = 0; k < out.size(); ++k) {
        out.data[k] = std::fabs(out.data[k]);
        if (!t.exact()) out.data[k] = add_up(out.data[k], t.rad.data[k]);
    }
    return out;
}

Bounds affine(const Tensor& w, const Tensor* bias, const std::vector<double>& rows, double norm, const Bounds& v) {
    Bounds out;
    for (std::size_t i = 0; i < w.mid.rows; ++i) {
        Interval centre(0.0);
        if (bias) centre = widen(Interval(bias->mid(i, 0)), bias->exact() ? 0.0 : bias->rad(i, 0));
        double beta = 0.0;
        for (std::size_t j = 0; j < w.mid.cols; ++j) {
            const double r = w.exact() ? 0.0 : w.rad(i, j);
            centre += (r > 0.0 ? widen(Interval(w.mid(i, j)), r) : Interval(w.mid(i, j))) * v.centre[j];
            beta += (std::fabs(w.mid(i, j)) + r) * v.beta[j];
        }
        out.centre.push_back(centre);
        out.beta.push_back(std::fmin(up(beta), up(rows[i] * v.b)));
    }
    out.b = up(norm * v.b);
    out.n = up(norm * v.n);
    out.d = up(norm * v.d);
    out.q = up(norm * v.q);
    return out;
}

}  // namespace

VariationBounds::VariationBounds(const Field& field) : field_(field), weights_(field.tensors().size()) {
    for (const Node& node : field_.nodes()) {
        if (node.operation != Operation::affine) continue;
        const Tensor& w = field_.tensors()[node.weight];
        Weight& out = weights_[node.weight];
        if (!out.rows.empty()) continue;
        const Matrix size = magnitudes(w);
        double rad = 0.0;
        for (std::size_t i = 0; i < size.rows; ++i) {
            double sum = 0.0;
            for (std::size_t j = 0; j < size.cols; ++j) {
                sum += size(i, j) * size(i, j);
                if (!w.exact()) rad += w.rad(i, j) * w.rad(i, j);
            }
            out.rows.push_back(up(std::sqrt(sum) + 0x1p-480));
        }
        // |G_ij| <= sum_k (|mid| + rad)_ik (|mid| + rad)_jk where there are radii, else |fl(G)_ij| + gamma |W||W|^T
        const std::size_t rows = size.rows;
        out.square = Matrix(rows, rows);
        const double g = gamma_up(static_cast<double>(size.cols + 2));
        for (std::size_t i = 0; i < rows; ++i) {
            for (std::size_t j = 0; j <= i; ++j) {
                double sum = 0.0;
                double all = 0.0;
                for (std::size_t k = 0; k < size.cols; ++k) {
                    sum += w.mid(i, k) * w.mid(j, k);
                    all += size(i, k) * size(j, k);
                }
                const double entry = w.exact() ? up(std::fabs(sum) + g * all) : up(all);
                out.square(i, j) = out.square(j, i) = up(entry * entry);
            }
        }
        out.norm = up(spectral_norm(w.mid) + (w.exact() ? 0.0 : std::sqrt(rad) + 0x1p-480));
    }
}

JacobianVariation VariationBounds::over(const std::vector<Interval>& x, const std::vector<Interval>& p,
                                        const Interval& t, double radius, double time_radius) const {
    if (x.size() != field_.dim() || p.size() != field_.parameter_dim()) {
        throw std::invalid_argument("a box of " + std::to_string(x.size()) + " and " + std::to_string(p.size()) +
                                    " components, the field has " + std::to_string(field_.dim()) + " and " +
                                    std::to_string(field_.parameter_dim()));
    }
    std::vector<Bounds> all;
    all.reserve(field_.nodes().size());
    const auto linear_input = [&](const Node& node, const std::vector<Bounds>& known) {
        const Node& input = field_.node(node.inputs[0]);
        if (input.operation != Operation::affine) return Linear{};
        const Bounds& u = known[input.inputs[0]];
        return Linear{&weights_[input.weight].square, u.b, u.n};
    };
    for (const Node& node : field_.nodes()) {
        const auto in = [&](std::size_t k) -> const Bounds& { return all[node.inputs[k]]; };
        Bounds out;
        switch (node.operation) {
            case Operation::state:
                out.centre = x;
                out.beta.assign(x.size(), radius);
                out.b = radius;
                out.n = 1.0;
                break;
            case Operation::parameter:
                out = fixed(p);
                break;
            case Operation::time:
                out = fixed({t});
                out.beta[0] = out.b = time_radius;
                break;
            case Operation::constant: {
                const Tensor& c = field_.tensors()[node.weight];
                std::vector<Interval> values;
                for (std::size_t i = 0; i < c.mid.size(); ++i)
                    values.push_back(widen(Interval(c.mid.data[i]), c.exact() ? 0.0 : c.rad.data[i]));
                out = fixed(std::move(values));
                break;
            }
            case Operation::affine: {
                const Tensor* bias = node.bias == no_tensor ? nullptr : &field_.tensors()[node.bias];
                const Weight& w = weights_[node.weight];
                out = affine(field_.tensors()[node.weight], bias, w.rows, w.norm, in(0));
                break;
            }
            case Operation::add:
            case Operation::subtract:
                out = sum(in(0), in(1), node.operation == Operation::subtract);
                break;
            case Operation::multiply:
                out = product(in(0), in(1));
                break;
            case Operation::divide: {
                Bounds inverse = applied(Function::reciprocal, in(1));
                inverse.settle();
                out = product(in(0), inverse);
                break;
            }
            case Operation::negate:
                out = in(0);
                for (Interval& c : out.centre) c = -c;
                break;
            case Operation::gather:
                out = gathered(in(0), node.indices);
                break;
            case Operation::concat: {
                std::vector<const Bounds*> parts;
                for (const NodeId id : node.inputs) parts.push_back(&all[id]);
                out = joined(parts);
                break;
            }
            case Operation::matvec:
                out = matvec(in(0), in(1), node.rows, node.cols);
                break;
            case Operation::apply:
                out = applied(node.function, in(0), linear_input(node, all));
                break;
            case Operation::power:
                out = raised(node.exponent, in(0), linear_input(node, all));
                break;
        }
        out.settle();
        all.push_back(std::move(out));
    }
    const Bounds& f = all[field_.output()];
    return {f.d, f.n, f.b, f.q};
}

}  // namespace capnode
