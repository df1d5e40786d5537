// Return maps by CAPD: arguments and results as those of `_core.poincare_map`, in one piece.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "capd_bindings.hpp"
#include "capnode/capd/capd_poincare_map.hpp"
#include "flow_arguments.hpp"
#include "poincare_results.hpp"
#include "signal_poll.hpp"

namespace capnode::bindings {
namespace {

py::dict poincare_map_from_python(const Field& field, const py::object& normal, double offset_lo, double offset_hi,
                                  const py::object& centre, const py::object& directions, const py::object& radii,
                                  const py::object& parameter_lo, const py::object& parameter_hi, std::size_t returns,
                                  int direction, bool derivative, bool backward, double max_time, std::size_t order,
                                  double tolerance, std::size_t max_steps, double max_seconds, double t0,
                                  const std::string& set) {
    const InitialSet start = initial_set(centre, directions, radii, parameter_lo, parameter_hi, Interval(t0));
    const Section section = section_from(normal, offset_lo, offset_hi);
    SignalPoll poll(py::none{});
    const PoincareOptions options = poincare_options(returns, direction, backward, max_time, derivative,
                                                     flow_options(order, tolerance, max_steps, max_seconds, poll));
    const PoincareResult answer = poll.run([&] { return poincare_map_capd(field, section, start, options, set); });
    py::dict d = poincare_result(answer, field.dim());
    d["pieces"] = 1;
    d["tried"] = 1;
    d["excess"] = 0.0;
    return d;
}

}  // namespace

void register_capd_poincare_map(py::module_& module) {
    module.def("poincare_map", &poincare_map_from_python, py::arg("field"), py::arg("normal"), py::arg("offset_lo"),
               py::arg("offset_hi"), py::arg("centre"), py::kw_only(), py::arg("directions") = py::none(),
               py::arg("radii") = py::none(), py::arg("parameter_lo") = py::none(),
               py::arg("parameter_hi") = py::none(), py::arg("returns") = 1, py::arg("direction") = 0,
               py::arg("derivative") = false, py::arg("backward") = false, py::arg("max_time") = 1000.0,
               py::arg("order") = 0, py::arg("tolerance") = 1e-12, py::arg("max_steps") = 100000,
               py::arg("max_seconds") = infinity, py::arg("t0") = 0.0, py::arg("capd_set") = "");
}

}  // namespace capnode::bindings
