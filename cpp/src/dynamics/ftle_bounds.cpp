// Exponents over cells: the two enclosures of DPhi A, and the interval that holds a priori.
#include <algorithm>
#include <cmath>
#include <optional>

#include "../flow/growth.hpp"
#include "capnode/dynamics/ftle.hpp"
#include "capnode/dynamics/largest_singular_value.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/field/variational.hpp"
#include "capnode/flow/taylor_model_flow.hpp"
#include "capnode/numerics/elementary.hpp"

namespace capnode {
namespace {

using Cell = FtleBounds::Cell;

// V starts at scale A: what V adds to the norm of the Jacobian, which limits the steps of wide sets, is then small.
constexpr double small_scale = 0x1p-6;

// Second order pays for its 3 n rows up to here: at n = 10 it costs a hundred times as much a cell as first order, and
// is a thousand times as narrow.
constexpr std::size_t largest_second_order = 12;

// A linear set that many times wider than its linear part is given up for a Taylor model.
constexpr double hopeless = 3.0;

Interval logarithm(const Interval& x) {
    const double hi = x.hi > 0.0 ? apply(Function::log, Interval(x.hi)).hi : -infinity;
    const double lo = x.lo > 0.0 ? apply(Function::log, Interval(x.lo)).lo : -infinity;
    return {lo, hi};
}

double frobenius_up(const Matrix& m) {
    double sum = 0.0;
    for (const double x : m.data) sum = add_up(sum, multiply_up(std::fabs(x), std::fabs(x)));
    return sqrt_up(sum);
}

BallMatrix column_of(const std::vector<Interval>& values) {
    BallMatrix m(values.size(), 1);
    for (std::size_t i = 0; i < values.size(); ++i) {
        m.mid(i, 0) = midpoint(values[i]);
        m.rad(i, 0) = radius_up(values[i], m.mid(i, 0));
    }
    return m;
}

// A ball so large that no solution leaves it in the time given (checked below); a supremum over it is one over the
// whole space, in numbers.
constexpr double everywhere = 0x1p+500;

// f and f_x over the ball |x_i| <= everywhere, all parameters and the times given, by norms.
struct Everywhere {
    BallMatrix slope;
    double spread = infinity;   // |slope - its middle|_2
    double norm = infinity;     // |slope|_2
    double at_zero = infinity;  // |f(0)|_2

    Everywhere(const Field& field, const std::vector<Interval>& parameter, const Interval& t) {
        const BallMatrix p = column_of(parameter);
        const double mid = midpoint(t);
        const Ball time{mid, radius_up(t, mid)};
        BallMatrix x(field.dim(), 1);
        const BallMatrix value = jacobian(field, x, p, time).value;
        std::fill(x.rad.data.begin(), x.rad.data.end(), everywhere);
        slope = jacobian(field, x, p, time).dx;
        spread = frobenius_up(slope.rad);
        if (spread < infinity) norm = add_up(spectral_norm(slope.mid), spread);
        at_zero = add_up(frobenius_up(value.mid), frobenius_up(value.rad));
    }
};

// What a run has done to norms so far: |x| <= size, |D| within the exponentials of stretch.
struct Stretching {
    Interval stretch{0.0};
    double size = 0.0;

    // |x(t)| <= (|x(0)| + |f(0)| t) exp(|J| t), by Gronwall; |d| [-mu(-J), mu(J)] in the direction of time.
    void through(const FlowLayer& layer, const std::vector<Interval>& parameter, const Interval& t) {
        const Everywhere f(layer.field, parameter, t);
        const double d = std::fabs(layer.duration);
        grow(multiply_up(f.at_zero, d), exponential_up(multiply_up(f.norm, d)));
        const double sign = std::copysign(1.0, layer.duration);
        const auto mu = [&](double s) {
            std::vector<double> guess;
            LogNormWork work;
            const double m = logarithmic_norm(f.slope.mid.data.data(), 1, f.slope.mid.rows, s, guess, work);
            return f.spread < infinity && m < infinity ? add_up(m, f.spread) : infinity;
        };
        stretch += Interval(d) * Interval(-mu(-sign), mu(sign));
    }
    // Singular values of I + h J lie within 1 -+ |h J|, those of h J below |h J|.
    void through(const IterationStage& stage, const std::vector<Interval>& parameter, const Interval& t) {
        const Everywhere f(stage.map.field, parameter, t);
        const double h = std::fabs(stage.map.step);
        const double norm = multiply_up(h, f.norm);
        const double a = stage.map.residual ? 1.0 : 0.0;
        const double growth = std::fmax(1.0, add_up(a, norm));
        const Interval count(static_cast<double>(stage.steps));
        const Interval logs = logarithm(Interval(growth)) * count;
        grow(multiply_up(multiply_up(h, f.at_zero), count.hi), exponential_up(logs.hi));
        const Interval step = Interval(a) + Interval(-norm, norm);
        stretch += count * logarithm(step);
    }
    Interval bound() const { return size < everywhere ? stretch : Interval::whole(); }

  private:
    void grow(double inflow, double factor) { size = multiply_up(add_up(size, inflow), factor); }
};

}  // namespace

Interval FtleSystem::time() const {
    Interval t(0.0);
    for (const FlowLayer& layer : layers) t += Interval(layer.duration);
    for (const IterationStage& stage : stages)
        t += Interval(static_cast<double>(stage.steps)) * Interval(stage.map.step);
    return t;
}

struct FtleBounds::Data {
    FtleSpec spec;
    FtleSystem variational;  // second order only
    bool second_order = false;
    double scale = small_scale;
    Interval time;
    Interval a_priori;
    FlowOptions options;

    explicit Data(const FtleSpec& s) : spec(s) {
        check(spec);
        const std::size_t n = spec.system.first().dim();
        second_order =
            spec.derivative_order == 2 || (spec.derivative_order == 0 && spec.cells && n <= largest_second_order);
        if (second_order) {
            for (const FlowLayer& layer : spec.system.layers)
                variational.layers.push_back({variational_field(layer.field, 2), layer.duration});
            for (const IterationStage& stage : spec.system.stages) {
                variational.stages.push_back(stage);
                variational.stages.back().map.field = variational_field(stage.map.field, 2);
            }
            for (const double a : spec.encoder.data) {
                if (a * small_scale / small_scale != a) scale = 1.0;  // a subnormal number
            }
        }
        time = abs(spec.system.time());
        options.derivative = !second_order;
        options.affine_form = second_order;
        if (second_order && spec.cells && !spec.system.discrete())
            options.set_degree = spec.set_degree > 0 ? spec.set_degree : 2;
        // Short steps of low order keep the tubes of wide sets thin.
        const bool models = options.set_degree > 1;
        options.order = spec.order != 0 ? spec.order : !spec.cells ? 20 : models ? 6 : 10;
        options.tolerance = spec.tolerance > 0.0 ? spec.tolerance : !spec.cells ? 5e-11 : models ? 1e-4 : 1e-7;
        a_priori = bound_a_priori();
    }

    Interval bound_a_priori() const {
        Stretching run;
        run.stretch = spec.encoder.size() == 0 ? Interval(0.0) : logarithm(encoder_norm());
        run.size = start_size();
        Interval t(spec.t0);
        for (const FlowLayer& layer : spec.system.layers) {
            const Interval end = t + Interval(layer.duration);
            run.through(layer, spec.parameter, hull(t, end));
            t = end;
        }
        for (const IterationStage& stage : spec.system.stages) {
            const Interval end = t + Interval(static_cast<double>(stage.steps)) * Interval(stage.map.step);
            run.through(stage, spec.parameter, hull(t, end));
            t = end;
        }
        return run.bound() / time;
    }

    // |A z + b|_2 over the box
    double start_size() const {
        double sum = 0.0;
        const std::size_t n = spec.system.first().dim();
        for (std::size_t i = 0; i < n; ++i) {
            Interval x(spec.offset.empty() ? 0.0 : spec.offset[i]);
            for (std::size_t j = 0; j < 2; ++j) {
                const double a = spec.encoder.size() > 0 ? spec.encoder(i, j) : i == j ? 1.0 : 0.0;
                x += Interval(a) * Interval(spec.lower[j], spec.upper[j]);
            }
            sum = add_up(sum, multiply_up(magnitude(x), magnitude(x)));
        }
        return sqrt_up(sum);
    }

    Interval encoder_norm() const {
        std::vector<Interval> first;
        std::vector<Interval> second;
        for (std::size_t i = 0; i < spec.encoder.rows; ++i) {
            first.emplace_back(spec.encoder(i, 0));
            second.emplace_back(spec.encoder(i, 1));
        }
        return largest_singular_value(first, second);
    }

    // x in A z + b for z in the box; the rounding of the centre is a box of its own. Second order: V = scale A below.
    InitialSet initial_set(const std::array<double, 4>& box) const {
        const std::size_t n = spec.system.first().dim();
        const std::size_t rows = second_order ? 3 * n : n;
        InitialSet set;
        set.parameter = spec.parameter;
        set.t0 = Interval(spec.t0);
        double z[2];
        std::vector<double> rho;
        for (std::size_t j = 0; j < 2; ++j) {
            const Interval side(box[2 * j], box[2 * j + 1]);
            z[j] = midpoint(side);
            rho.push_back(radius_up(side, z[j]));
        }
        set.centre.assign(rows, 0.0);
        std::vector<double> rounding(n, 0.0);
        for (std::size_t i = 0; i < n; ++i) {
            if (spec.encoder.size() == 0) {
                set.centre[i] = z[i];
                continue;
            }
            const Interval x = Interval(spec.encoder(i, 0)) * Interval(z[0]) +
                               Interval(spec.encoder(i, 1)) * Interval(z[1]) +
                               Interval(spec.offset.empty() ? 0.0 : spec.offset[i]);
            set.centre[i] = midpoint(x);
            rounding[i] = radius_up(x, set.centre[i]);
        }
        const auto entry = [&](std::size_t i, std::size_t j) {
            return spec.encoder.size() == 0 ? (i == j ? 1.0 : 0.0) : spec.encoder(i, j);
        };
        const bool wide = rho[0] > 0.0 || rho[1] > 0.0;
        const auto rounded =
            static_cast<std::size_t>(std::count_if(rounding.begin(), rounding.end(), [](double r) { return r > 0.0; }));
        if (wide || rounded > 0) {
            set.directions = Matrix(rows, (wide ? 2 : 0) + rounded);
            std::size_t column = 0;
            for (std::size_t j = 0; wide && j < 2; ++j, ++column) {
                for (std::size_t i = 0; i < n; ++i) set.directions(i, column) = entry(i, j);
                set.radii.push_back(rho[j]);
            }
            for (std::size_t i = 0; i < n; ++i) {
                if (!(rounding[i] > 0.0)) continue;
                set.directions(i, column++) = 1.0;
                set.radii.push_back(rounding[i]);
            }
        }
        for (std::size_t j = 0; second_order && j < 2; ++j) {
            for (std::size_t i = 0; i < n; ++i) set.centre[n * (1 + j) + i] = scale * entry(i, j);
        }
        return set;
    }

    // M from the set of (x, V).
    PlanarFamily family(const AffineForm& form) const {
        const std::size_t n = spec.system.first().dim();
        const double factor = 1.0 / scale;  // a power of two
        PlanarFamily f;
        f.centre = f.radius = Matrix(n, 2);
        f.directions.assign(form.radii.size(), Matrix(n, 2));
        f.radii = form.radii;
        for (std::size_t j = 0; j < 2; ++j) {
            for (std::size_t i = 0; i < n; ++i) {
                const std::size_t row = n * (1 + j) + i;
                f.centre(i, j) = factor * form.centre[row];
                f.radius(i, j) = factor * form.rest[row];
                for (std::size_t k = 0; k < form.radii.size(); ++k)
                    f.directions[k](i, j) = factor * form.directions(row, k);
            }
        }
        return f;
    }

    // M = DPhi A from intervals of DPhi.
    PlanarFamily family(const std::vector<Interval>& derivative) const {
        const std::size_t n = spec.system.first().dim();
        PlanarFamily f;
        f.centre = f.radius = Matrix(n, 2);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < 2; ++j) {
                Interval m = derivative[i * n + j];
                if (spec.encoder.size() > 0) {
                    m = Interval(0.0);
                    for (std::size_t k = 0; k < n; ++k) m += derivative[i * n + k] * Interval(spec.encoder(k, j));
                }
                f.centre(i, j) = midpoint(m);
                f.radius(i, j) = radius_up(m, f.centre(i, j));
            }
        }
        return f;
    }

    template <class Answer>
    void conclude(Cell& cell, Verdict verdict, const Answer& answer) const {
        cell.verdict = verdict;
        cell.exponent = a_priori;
        if (verdict != Verdict::proved) return;
        const Interval sigma = largest_singular_value(second_order ? family(answer.affine) : family(answer.derivative));
        const Interval exponent = logarithm(sigma) / time;
        if (!(exponent.hi < infinity)) {
            cell.verdict = Verdict::unbounded;
            return;
        }
        const std::optional<Interval> both = intersect(exponent, a_priori);
        if (!both) throw InternalError("an exponent contradicts its a priori bounds");
        cell.exponent = *both;
    }

    // Linear sets cost a small part of what Taylor models do: where a width will do, they come first.
    void bound(std::vector<Cell>& cells, const std::function<bool()>& interrupted) const {
        if (options.set_degree == 1) return carry(cells, options, interrupted);
        std::vector<Cell> first;
        for (const Cell& cell : cells) {
            if (cell.enough > 0.0) first.push_back(cell);
        }
        FlowOptions linear = options;
        linear.set_degree = 1;
        linear.order = spec.order != 0 ? spec.order : 10;
        linear.tolerance = spec.tolerance > 0.0 ? spec.tolerance : 1e-7;
        linear.nonlinear_limit = hopeless;
        carry(first, linear, interrupted);
        std::vector<Cell> second;
        std::vector<Cell*> place;
        auto known = first.begin();
        for (Cell& cell : cells) {
            if (cell.enough > 0.0) {
                cell = *known++;
                const bool narrow = cell.exponent.hi - cell.exponent.lo <= cell.enough;
                if (cell.verdict == Verdict::interrupted || (cell.verdict == Verdict::proved && narrow)) continue;
            }
            second.push_back(cell);
            place.push_back(&cell);
        }
        carry(second, options, interrupted);
        for (std::size_t k = 0; k < second.size(); ++k) {
            const Cell linear_cell = *place[k];
            *place[k] = second[k];
            // both hold where both are proved; else the one that is
            if (linear_cell.verdict != Verdict::proved) continue;
            const std::optional<Interval> both = intersect(linear_cell.exponent, second[k].exponent);
            if (!both) throw InternalError("two enclosures of the exponents of a cell do not meet");
            if (second[k].verdict == Verdict::interrupted) continue;
            place[k]->exponent = *both;
            place[k]->verdict = Verdict::proved;
        }
    }

    void carry(std::vector<Cell>& cells, const FlowOptions& with, const std::function<bool()>& interrupted) const {
        if (cells.empty()) return;
        const FtleSystem& system = second_order ? variational : spec.system;
        std::vector<InitialSet> starts;
        starts.reserve(cells.size());
        for (const Cell& cell : cells) starts.push_back(initial_set(cell.box));
        if (system.discrete()) {
            IterationOptions iteration;
            iteration.derivative = with.derivative;
            iteration.affine_form = with.affine_form;
            iteration.interrupted = interrupted;
            const std::vector<IterationResult> results = iterate(system.stages, starts, iteration);
            for (std::size_t l = 0; l < cells.size(); ++l) conclude(cells[l], results[l].verdict, results[l]);
            return;
        }
        FlowOptions flow = with;
        flow.interrupted = interrupted;
        if (system.layers.size() == 1) {
            const std::vector<double> durations(cells.size(), system.layers.front().duration);
            const auto run = flow.set_degree > 1 ? integrate_lanes_taylor_model : integrate_lanes;
            const std::vector<FlowResult> results = run(system.layers.front().field, starts, durations, flow);
            for (std::size_t l = 0; l < cells.size(); ++l) conclude(cells[l], results[l].verdict, results[l]);
            return;
        }
        const auto run = flow.set_degree > 1 ? integrate_layers_taylor_model : integrate_layers;
        const std::vector<LayeredResult> results = run(system.layers, starts, flow);
        for (std::size_t l = 0; l < cells.size(); ++l) {
            const FlowResult& last = results[l].back();
            const bool all = results[l].size() == system.layers.size() || last.verdict != Verdict::proved;
            conclude(cells[l], all ? last.verdict : Verdict::interrupted, last);
        }
    }
};

FtleBounds::FtleBounds(const FtleSpec& spec) : data_(std::make_unique<Data>(spec)) {}
FtleBounds::~FtleBounds() = default;
void FtleBounds::bound(std::vector<Cell>& cells, const std::function<bool()>& interrupted) const {
    data_->bound(cells, interrupted);
}
Interval FtleBounds::a_priori() const { return data_->a_priori; }

}  // namespace capnode
