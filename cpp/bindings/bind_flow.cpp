// The flow: many initial sets through one field. Arrays cross as float64, enclosures as pairs (lo, hi), lanes first.
#include "capnode/flow/flow.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <chrono>
#include <exception>
#include <memory>

#include "arrays.hpp"
#include "bindings.hpp"
#include "capnode/flow/classical_step.hpp"
#include "capnode/flow/dense_output.hpp"
#include "capnode/flow/discrete_map.hpp"
#include "capnode/flow/layered_flow.hpp"
#include "capnode/flow/set_degree.hpp"
#include "flow_arguments.hpp"
#include "flow_results.hpp"
#include "signal_poll.hpp"

namespace capnode::bindings {
namespace {

py::dict integrate_from_python(const Field& field, const py::object& centres, const py::object& directions,
                               const py::object& radii, const py::object& parameter_lo, const py::object& parameter_hi,
                               double t0, double duration, std::size_t order, double tolerance, bool derivative,
                               bool dense, std::size_t max_steps, double max_seconds, std::size_t threads,
                               const std::string& step, std::size_t set_degree, const py::object& progress) {
    if (step != "polynomial" && step != "classical") {
        throw std::invalid_argument("step must be 'polynomial' or 'classical', not '" + step + "'");
    }
    const std::vector<InitialSet> starts =
        initial_sets(centres, directions, radii, parameter_lo, parameter_hi, Interval(t0));
    SignalPoll poll(progress);
    FlowOptions options = flow_options(order, tolerance, max_steps, max_seconds, poll);
    options.derivative = derivative;
    options.dense = dense;
    options.threads = threads;
    options.set_degree = set_degree;
    const auto run = step == "classical" ? integrate_lanes_classical : integrate_lanes_by_degree;
    const std::vector<double> durations(starts.size(), duration);
    auto results = poll.run([&] { return run(field, starts, durations, options); });
    return flow_results(results, field.dim(), derivative, dense, t0);
}

// layers: (field, duration). A list of the dicts of `integrate`, one a layer; lanes that did not get there have the
// verdict of where they stayed and hold their last enclosures; `entered` (lanes,) tells.
py::list integrate_layers_from_python(const LayerList& layers, const py::object& centres, const py::object& directions,
                                      const py::object& radii, const py::object& parameter_lo,
                                      const py::object& parameter_hi, double t0, std::size_t order, double tolerance,
                                      bool derivative, bool dense, std::size_t max_steps, double max_seconds,
                                      std::size_t threads, std::size_t set_degree, const py::object& progress) {
    const std::vector<InitialSet> starts =
        initial_sets(centres, directions, radii, parameter_lo, parameter_hi, Interval(t0));
    const std::vector<FlowLayer> list = layers_from(layers);
    SignalPoll poll(progress);
    FlowOptions options = flow_options(order, tolerance, max_steps, max_seconds, poll);
    options.derivative = derivative;
    options.dense = dense;
    options.threads = threads;
    options.set_degree = set_degree;
    const auto results = poll.run([&] { return integrate_layers_by_degree(list, starts, options); });
    py::list out;
    for (std::size_t k = 0; k < list.size(); ++k) {
        std::vector<FlowResult> column;
        py::array_t<bool> entered(static_cast<py::ssize_t>(results.size()));
        for (std::size_t l = 0; l < results.size(); ++l) {
            entered.mutable_data()[l] = k < results[l].size();
            column.push_back(k < results[l].size() ? results[l][k] : results[l].back());
        }
        py::dict d = flow_results(column, list.front().field.dim(), derivative, dense, 0.0);
        d["entered"] = entered;
        out.append(d);
    }
    return out;
}

// stages: (field, residual, step, steps). `states` per lane: (steps taken + 1, n).
py::dict iterate_from_python(const StageList& stages, const py::object& centres, const py::object& directions,
                             const py::object& radii, const py::object& parameter_lo, const py::object& parameter_hi,
                             double t0, bool derivative, bool keep, double max_seconds, std::size_t threads,
                             const py::object& progress) {
    const std::vector<InitialSet> starts =
        initial_sets(centres, directions, radii, parameter_lo, parameter_hi, Interval(t0));
    const std::vector<IterationStage> list = stages_from(stages);
    SignalPoll poll(progress);
    IterationOptions options;
    options.derivative = derivative;
    options.keep = keep;
    options.max_seconds = max_seconds;
    options.threads = threads;
    poll.attach(options);
    const auto results = poll.run([&] { return iterate(list, starts, options); });
    const auto n = static_cast<py::ssize_t>(list.front().map.field.dim());
    const auto lanes = static_cast<py::ssize_t>(results.size());
    py::array_t<std::int64_t> steps(lanes);
    py::list verdicts;
    py::list details;
    py::list states;
    for (py::ssize_t l = 0; l < lanes; ++l) {
        const IterationResult& r = results[static_cast<std::size_t>(l)];
        steps.mutable_data()[l] = static_cast<std::int64_t>(r.steps);
        verdicts.append(name(r.verdict));
        details.append(r.detail);
        if (keep) states.append(rows_of_bounds(r.states, n));
    }
    py::dict d;
    d["steps"] = steps;
    d["verdicts"] = verdicts;
    d["details"] = details;
    d["final"] = stacked(results, &IterationResult::final, {n});
    d["derivative"] = derivative ? py::object(stacked(results, &IterationResult::derivative, {n, n})) : py::none();
    d["states"] = keep ? py::object(states) : py::none();
    return d;
}

// Arrays of times (k,) as pairs of ends -> (k, n).
py::tuple dense_enclosures(const DenseOutput& output, const py::object& lo, const py::object& hi, bool offsets) {
    const Matrix a = to_column(lo, "t");
    const Matrix b = to_column(hi, "t");
    if (a.size() != b.size()) throw std::invalid_argument("the ends of t have different lengths");
    const auto values = guarded([&] {
        std::vector<std::vector<Interval>> rows;
        for (std::size_t k = 0; k < a.size(); ++k) {
            const Interval t(a.data[k], b.data[k]);
            rows.push_back(offsets ? output.enclosure_at_offset(t) : output.enclosure(t));
        }
        return rows;
    });
    return rows_of_bounds(values, static_cast<py::ssize_t>(output.dim()));
}

py::dict step_record(const DenseOutput& output, std::size_t index) {
    if (index >= output.steps().size()) {
        throw std::invalid_argument("step " + std::to_string(index) + " was asked for, there are " +
                                    std::to_string(output.steps().size()));
    }
    const FlowStep& s = output.steps()[index];
    py::dict d;
    d["start"] = s.start;
    d["length"] = s.length;
    d["scale"] = s.scale;
    d["polynomial"] = to_array(s.polynomial);
    d["tube"] = py::array_t<double>(static_cast<py::ssize_t>(s.tube.size()), s.tube.data());
    const py::tuple end = rows_of_bounds({s.end}, static_cast<py::ssize_t>(s.end.size()));
    d["end_lo"] = end[0];
    d["end_hi"] = end[1];
    return d;
}

}  // namespace

void register_flow(py::module_& module) {
    py::class_<DenseOutput, std::shared_ptr<DenseOutput>>(module, "DenseOutput")
        .def_property_readonly("dim", &DenseOutput::dim)
        .def_property_readonly("steps", [](const DenseOutput& d) { return d.steps().size(); })
        .def("offsets",
             [](const DenseOutput& d) {
                 const std::vector<double> t = d.offsets();
                 return py::array_t<double>(static_cast<py::ssize_t>(t.size()), t.data());
             })
        .def("step", &step_record, py::arg("index"))
        .def("enclosure", &dense_enclosures, py::arg("lo"), py::arg("hi"), py::kw_only(), py::arg("offsets") = false);
    module.def("integrate", &integrate_from_python, py::arg("field"), py::arg("centres"), py::kw_only(),
               py::arg("directions") = py::none(), py::arg("radii") = py::none(), py::arg("parameter_lo") = py::none(),
               py::arg("parameter_hi") = py::none(), py::arg("t0") = 0.0, py::arg("duration"), py::arg("order") = 0,
               py::arg("tolerance") = 1e-12, py::arg("derivative") = false, py::arg("dense") = false,
               py::arg("max_steps") = 100000, py::arg("max_seconds") = infinity, py::arg("threads") = 1,
               py::arg("step") = "polynomial", py::arg("set_degree") = 1, py::arg("progress") = py::none());
    module.def("integrate_layers", &integrate_layers_from_python, py::arg("layers"), py::arg("centres"), py::kw_only(),
               py::arg("directions") = py::none(), py::arg("radii") = py::none(), py::arg("parameter_lo") = py::none(),
               py::arg("parameter_hi") = py::none(), py::arg("t0") = 0.0, py::arg("order") = 0,
               py::arg("tolerance") = 1e-12, py::arg("derivative") = false, py::arg("dense") = false,
               py::arg("max_steps") = 100000, py::arg("max_seconds") = infinity, py::arg("threads") = 1,
               py::arg("set_degree") = 1, py::arg("progress") = py::none());
    module.def("iterate", &iterate_from_python, py::arg("stages"), py::arg("centres"), py::kw_only(),
               py::arg("directions") = py::none(), py::arg("radii") = py::none(), py::arg("parameter_lo") = py::none(),
               py::arg("parameter_hi") = py::none(), py::arg("t0") = 0.0, py::arg("derivative") = false,
               py::arg("keep") = false, py::arg("max_seconds") = infinity, py::arg("threads") = 1,
               py::arg("progress") = py::none());
}

}  // namespace capnode::bindings
