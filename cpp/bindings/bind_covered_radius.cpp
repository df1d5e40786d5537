// Radii by covers: one Result, with the counterexample beyond it.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "capnode/dynamics/covered_radius.hpp"
#include "flow_arguments.hpp"
#include "matrix_arrays.hpp"
#include "result.hpp"
#include "signal_poll.hpp"

namespace capnode::bindings {
namespace {

py::object pair_to_python(const std::optional<AdversarialPair>& pair) {
    if (!pair) return py::none();
    py::dict d;
    d["x"] = array_of(pair->x);
    d["y"] = array_of(pair->y);
    d["classes"] = py::make_tuple(pair->cls_x, pair->cls_y);
    d["distance"] = bounds_of(pair->distance);
    d["final_x"] = bounds_of(pair->final_x);
    d["final_y"] = bounds_of(pair->final_y);
    return d;
}

py::dict covered_radius_from_python(const LayerList& layers, const Readout& readout, const py::object& x,
                                    const py::object& p_lo, const py::object& p_hi, double t0, std::size_t order,
                                    double tolerance, double radius, double accuracy, std::size_t budget,
                                    std::size_t set_degree, std::size_t threads, double max_seconds,
                                    const py::object& progress) {
    SignalPoll poll(progress);
    NetworkInput input;
    const Matrix point = to_column(x, "x");
    input.x.assign(point.data.begin(), point.data.end());
    input.t0 = Interval(t0);
    input.parameter = parameter_from(p_lo, p_hi);
    CoverOptions options;
    options.flow = flow_options(order, tolerance, FlowOptions().max_steps, max_seconds, poll);
    options.flow.set_degree = set_degree;
    options.flow.threads = threads;
    options.accuracy = accuracy;
    options.budget = budget;
    options.radius = radius;
    const auto list = layers_from(layers);
    const auto result = poll.run([&] { return covered_radius(list, readout, input, options); });
    return result_to_python(result, [](const CoveredRadius& value) {
        py::dict d;
        d["radius"] = value.radius;
        d["cls"] = value.cls;
        d["margins"] = bounds_of(value.margins);
        d["gradient_at_input"] = array_of(value.gradient_at_input);
        d["final"] = bounds_of(value.final);
        d["counterexample"] = pair_to_python(value.counterexample);
        d["boxes"] = value.boxes;
        d["sharp"] = value.sharp;
        d["ended"] = value.ended;
        return d;
    });
}

}  // namespace

void register_covered_radius(py::module_& module) {
    module.def("covered_radius", &covered_radius_from_python, py::arg("layers"), py::arg("readout"), py::arg("x"),
               py::kw_only(), py::arg("parameter_lo") = py::none(), py::arg("parameter_hi") = py::none(),
               py::arg("t0") = 0.0, py::arg("order") = 0, py::arg("tolerance") = 1e-12, py::arg("radius") = 0.0,
               py::arg("accuracy") = 0.001, py::arg("budget") = 0, py::arg("set_degree") = 0, py::arg("threads") = 1,
               py::arg("max_seconds") = infinity, py::arg("progress") = py::none());
}

}  // namespace capnode::bindings
