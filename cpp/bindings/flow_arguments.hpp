// What integrations are told, from Python. Systems: layers (field, duration) or stages (field, residual, step, steps).
// Initial sets as NumPy arrays: centres (lanes, n), directions (n, k) common to all lanes, radii (lanes, k), parameters
// (m,) for all lanes or (lanes, m). Sections, and the options that all engines share.
#pragma once

#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "capnode/flow/discrete_map.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/flow/layered_flow.hpp"
#include "capnode/flow/poincare_map.hpp"
#include "capnode/numerics/number_text.hpp"
#include "signal_poll.hpp"

namespace capnode::bindings {

using LayerList = std::vector<std::pair<Field, double>>;
using StageList = std::vector<std::tuple<Field, bool, double, std::size_t>>;

inline std::vector<InitialSet> initial_sets(const py::object& centres, const py::object& directions,
                                            const py::object& radii, const py::object& parameter_lo,
                                            const py::object& parameter_hi, Interval t0) {
    const Matrix c = to_matrix(centres, "centre");
    const Matrix d = to_matrix_or_empty(directions, "directions");
    const Matrix r = to_matrix_or_empty(radii, "radii");
    const Matrix plo = to_matrix_or_empty(parameter_lo, "parameter");
    const Matrix phi = to_matrix_or_empty(parameter_hi, "parameter");
    const auto fits = [&](const char* what, const Matrix& a, bool shared) {
        if (a.rows != c.rows && !(shared && a.rows == 1)) {
            throw std::invalid_argument(std::string(what) + " are given for " + std::to_string(a.rows) +
                                        " lanes, there are " + std::to_string(c.rows));
        }
    };
    if (d.cols > 0) fits("radii", r, false);
    if (plo.size() > 0) fits("parameters", plo, true);
    if (plo.rows != phi.rows || plo.cols != phi.cols)
        throw std::invalid_argument("the parameter's ends differ in shape");
    std::vector<InitialSet> starts(c.rows);
    for (std::size_t l = 0; l < c.rows; ++l) {
        starts[l].centre.assign(c.row(l), c.row(l) + c.cols);
        starts[l].t0 = t0;
        if (d.cols > 0) {
            starts[l].directions = d;
            starts[l].radii.assign(r.row(l), r.row(l) + r.cols);
        }
        const std::size_t row = plo.rows == 1 ? 0 : l;
        for (std::size_t j = 0; j < plo.cols; ++j) starts[l].parameter.emplace_back(plo(row, j), phi(row, j));
    }
    return starts;
}

inline InitialSet initial_set(const py::object& centre, const py::object& directions, const py::object& radii,
                              const py::object& parameter_lo, const py::object& parameter_hi, Interval t0) {
    std::vector<InitialSet> starts = initial_sets(centre, directions, radii, parameter_lo, parameter_hi, t0);
    if (starts.size() != 1)
        throw std::invalid_argument("one initial set is needed, not " + std::to_string(starts.size()));
    return std::move(starts.front());
}

/// A parameter box (m,) of its ends, or none.
inline std::vector<Interval> parameter_from(const py::object& parameter_lo, const py::object& parameter_hi) {
    const Matrix lo = to_column_or_empty(parameter_lo, "parameter");
    const Matrix hi = to_column_or_empty(parameter_hi, "parameter");
    if (lo.size() != hi.size()) {
        throw std::invalid_argument("the parameter has " + std::to_string(lo.size()) + " lower and " +
                                    std::to_string(hi.size()) + " upper ends");
    }
    std::vector<Interval> parameter;
    for (std::size_t j = 0; j < lo.size(); ++j) parameter.emplace_back(lo.data[j], hi.data[j]);
    return parameter;
}

inline std::vector<FlowLayer> layers_from(const LayerList& list) {
    std::vector<FlowLayer> layers;
    for (const auto& [field, duration] : list) layers.push_back({field, duration});
    return layers;
}

inline std::vector<IterationStage> stages_from(const StageList& list) {
    std::vector<IterationStage> stages;
    for (const auto& [field, residual, step, steps] : list) stages.push_back({{field, residual, step}, steps});
    return stages;
}

inline Section section_from(const py::object& normal, double offset_lo, double offset_hi) {
    const Matrix n = to_column(normal, "normal");
    if (!(offset_lo <= offset_hi)) {
        throw std::invalid_argument("the ends of the offset are out of order: " + shortest_text(offset_lo) + " and " +
                                    shortest_text(offset_hi));
    }
    return {{n.data.begin(), n.data.end()}, Interval(offset_lo, offset_hi)};
}

inline FlowOptions flow_options(std::size_t order, double tolerance, std::size_t max_steps, double max_seconds,
                                SignalPoll& poll) {
    FlowOptions options;
    options.order = order;
    options.tolerance = tolerance;
    options.max_steps = max_steps;
    options.max_seconds = max_seconds;
    poll.attach(options);
    return options;
}

inline PoincareOptions poincare_options(std::size_t returns, int direction, bool backward, double max_time,
                                        bool derivative, FlowOptions flow) {
    PoincareOptions options;
    options.returns = returns;
    options.direction = direction;
    options.backward = backward;
    options.max_time = max_time;
    options.flow = std::move(flow);
    options.flow.derivative = derivative;
    return options;
}

}  // namespace capnode::bindings
