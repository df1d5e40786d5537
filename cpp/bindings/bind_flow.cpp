// The flow: integrate many initial sets through one field. Arrays cross as float64; enclosures as pairs (lo, hi).
#include "capnode/flow/flow.hpp"

#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "capnode/numerics/float_environment.hpp"

namespace capnode::bindings {
namespace {

py::tuple interval_arrays(const std::vector<Interval>& values, std::vector<py::ssize_t> shape) {
    py::array_t<double> lo(shape);
    py::array_t<double> hi(shape);
    for (std::size_t i = 0; i < values.size(); ++i) {
        lo.mutable_data()[i] = values[i].lo;
        hi.mutable_data()[i] = values[i].hi;
    }
    return py::make_tuple(lo, hi);
}

py::dict to_dict(const FlowResult& r, std::size_t dim) {
    py::dict d;
    const auto n = static_cast<py::ssize_t>(dim);
    d["proved"] = r.verdict == Verdict::proved;
    d["verdict"] = name(r.verdict);
    d["sentence"] = sentence(r.verdict);
    d["detail"] = r.detail;
    d["reached"] = r.reached;
    d["steps"] = r.steps;
    d["final"] = interval_arrays(r.final, {n});
    if (!r.derivative.empty()) d["derivative"] = interval_arrays(r.derivative, {n, n});
    return d;
}

py::list integrate_from_python(const Field& field, const py::object& centres, const py::object& directions,
                               const py::object& radii, const py::object& parameter_lo, const py::object& parameter_hi,
                               double duration, std::size_t order, double tolerance, bool derivative,
                               std::size_t max_steps, double max_seconds) {
    const Matrix c = to_matrix(centres, "centre");
    const Matrix d = to_matrix_or_empty(directions, "directions");
    const Matrix r = to_matrix_or_empty(radii, "radii");
    const Matrix plo = to_column_or_empty(parameter_lo, "parameter");
    const Matrix phi = to_column_or_empty(parameter_hi, "parameter");
    std::vector<InitialSet> starts(c.rows);
    for (std::size_t l = 0; l < c.rows; ++l) {
        starts[l].centre.assign(c.row(l), c.row(l) + c.cols);
        starts[l].directions = d;
        if (d.cols > 0) starts[l].radii.assign(r.row(l), r.row(l) + r.cols);
        for (std::size_t j = 0; j < plo.size(); ++j) starts[l].parameter.emplace_back(plo.data[j], phi.data[j]);
    }
    FlowOptions options;
    options.order = order;
    options.tolerance = tolerance;
    options.derivative = derivative;
    options.max_steps = max_steps;
    options.max_seconds = max_seconds;
    std::vector<FlowResult> results;
    {
        py::gil_scoped_release release;
        const FloatEnvironment guard;
        results = integrate_lanes(field, starts, std::vector<double>(starts.size(), duration), options);
    }
    py::list out;
    for (const FlowResult& result : results) out.append(to_dict(result, field.dim()));
    return out;
}

}  // namespace

void register_flow(py::module_& module) {
    module.def("integrate", &integrate_from_python, py::arg("field"), py::arg("centres"), py::kw_only(),
               py::arg("directions") = py::none(), py::arg("radii") = py::none(), py::arg("parameter_lo") = py::none(),
               py::arg("parameter_hi") = py::none(), py::arg("duration"), py::arg("order") = 0,
               py::arg("tolerance") = 1e-12, py::arg("derivative") = false, py::arg("max_steps") = 100000,
               py::arg("max_seconds") = infinity);
}

}  // namespace capnode::bindings
