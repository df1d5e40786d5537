// The flow by CAPD: arguments and results as those of `_core.integrate`.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "capd_bindings.hpp"
#include "capnode/capd/capd_flow.hpp"
#include "flow_arguments.hpp"
#include "flow_results.hpp"
#include "signal_poll.hpp"

namespace capnode::bindings {
namespace {

py::dict integrate_from_python(const Field& field, const py::object& centres, const py::object& directions,
                               const py::object& radii, const py::object& parameter_lo, const py::object& parameter_hi,
                               double t0, double duration, std::size_t order, double tolerance, bool derivative,
                               bool dense, std::size_t max_steps, double max_seconds, std::size_t threads,
                               const std::string& set, const py::object& progress) {
    const std::vector<InitialSet> starts =
        initial_sets(centres, directions, radii, parameter_lo, parameter_hi, Interval(t0));
    SignalPoll poll(progress);
    FlowOptions options = flow_options(order, tolerance, max_steps, max_seconds, poll);
    options.derivative = derivative;
    options.dense = dense;
    options.threads = threads;
    const std::vector<double> durations(starts.size(), duration);
    auto results = poll.run([&] { return integrate_lanes_capd(field, starts, durations, options, set); });
    return flow_results(results, field.dim(), derivative, dense, t0);
}

}  // namespace

void register_capd_flow(py::module_& module) {
    module.def("integrate", &integrate_from_python, py::arg("field"), py::arg("centres"), py::kw_only(),
               py::arg("directions") = py::none(), py::arg("radii") = py::none(), py::arg("parameter_lo") = py::none(),
               py::arg("parameter_hi") = py::none(), py::arg("t0") = 0.0, py::arg("duration"), py::arg("order") = 0,
               py::arg("tolerance") = 1e-12, py::arg("derivative") = false, py::arg("dense") = false,
               py::arg("max_steps") = 100000, py::arg("max_seconds") = infinity, py::arg("threads") = 1,
               py::arg("capd_set") = "", py::arg("progress") = py::none());
    module.def("default_set", &capd_default_set, py::arg("derivative"));
    module.attr("default_order") = capd_default_order;
    module.def("set_names", [] {
        py::list names;
        for (const auto& list : {capd_c0_sets(), capd_c1_sets()}) {
            for (const std::string& name : list) names.append(name);
        }
        return names;
    });
}

}  // namespace capnode::bindings
