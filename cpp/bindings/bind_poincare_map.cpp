// Return maps, and the flow in plain doubles. Enclosures cross as pairs (lo, hi) of float64 arrays.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "capnode/flow/plain_flow.hpp"
#include "capnode/flow/poincare_map.hpp"
#include "capnode/flow/split_flow.hpp"
#include "capnode/flow/split_poincare_map.hpp"
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
                                  std::size_t max_pieces, double excess) {
    const InitialSet start = initial_set(centre, directions, radii, parameter_lo, parameter_hi, Interval(t0));
    const Section section = section_from(normal, offset_lo, offset_hi);
    SignalPoll poll(py::none{});
    const PoincareOptions options = poincare_options(returns, direction, backward, max_time, derivative,
                                                     flow_options(order, tolerance, max_steps, max_seconds, poll));
    SplitOptions split;
    split.max_pieces = max_pieces;
    split.excess = excess;
    const SplitPoincareResult answer =
        poll.run([&] { return poincare_map_split(field, section, start, options, split); });
    py::dict d = poincare_result(answer.hull, field.dim());
    d["pieces"] = answer.pieces;
    d["tried"] = answer.tried;
    d["excess"] = answer.excess;
    return d;
}

py::dict plain_flow_from_python(const Field& field, const py::object& starts, const py::object& parameter,
                                double duration, std::size_t order, double tolerance, bool derivative) {
    const Matrix x = to_matrix(starts, "starts");
    const Matrix p = to_column_or_empty(parameter, "parameter");
    const std::vector<double> at(p.data.begin(), p.data.end());
    const PlainFlow flow = guarded([&] { return plain_flow(field, x, at, duration, order, tolerance, derivative); });
    py::dict d;
    d["final"] = to_array(flow.final);
    d["derivative"] = derivative ? py::object(to_array(flow.derivative)) : py::object(py::none());
    d["steps"] = flow.steps;
    return d;
}

py::dict integrate_split_from_python(const Field& field, const py::object& centre, const py::object& directions,
                                     const py::object& radii, const py::object& parameter_lo,
                                     const py::object& parameter_hi, double t0, double duration, std::size_t order,
                                     double tolerance, bool derivative, std::size_t max_steps, double max_seconds,
                                     std::size_t max_pieces, double excess, std::size_t set_degree,
                                     const py::object& progress) {
    const InitialSet start = initial_set(centre, directions, radii, parameter_lo, parameter_hi, Interval(t0));
    SignalPoll poll(progress);
    FlowOptions options = flow_options(order, tolerance, max_steps, max_seconds, poll);
    options.derivative = derivative;
    options.set_degree = set_degree;
    SplitOptions split;
    split.max_pieces = max_pieces;
    split.excess = excess;
    const SplitResult r = poll.run([&] { return integrate_split(field, start, duration, options, split); });
    const auto dim = static_cast<py::ssize_t>(field.dim());
    py::dict d;
    d["verdict"] = name(r.hull.verdict);
    d["detail"] = r.hull.detail;
    d["reached"] = r.hull.reached;
    d["steps"] = r.hull.steps;
    d["final"] = ends(r.hull.final, {dim});
    d["derivative"] = derivative ? py::object(ends(r.hull.derivative, {dim, dim})) : py::object(py::none());
    d["pieces"] = r.pieces;
    d["tried"] = r.tried;
    d["excess"] = r.excess;
    return d;
}

}  // namespace

void register_poincare_map(py::module_& module) {
    module.def(
        "poincare_map", &poincare_map_from_python, py::arg("field"), py::arg("normal"), py::arg("offset_lo"),
        py::arg("offset_hi"), py::arg("centre"), py::kw_only(), py::arg("directions") = py::none(),
        py::arg("radii") = py::none(), py::arg("parameter_lo") = py::none(), py::arg("parameter_hi") = py::none(),
        py::arg("returns") = 1, py::arg("direction") = 0, py::arg("derivative") = false, py::arg("backward") = false,
        py::arg("max_time") = 1000.0, py::arg("order") = 0, py::arg("tolerance") = 1e-12, py::arg("max_steps") = 100000,
        py::arg("max_seconds") = infinity, py::arg("t0") = 0.0, py::arg("max_pieces") = 1, py::arg("excess") = 0.15);
    module.def("integrate_split", &integrate_split_from_python, py::arg("field"), py::arg("centre"), py::kw_only(),
               py::arg("directions"), py::arg("radii"), py::arg("parameter_lo") = py::none(),
               py::arg("parameter_hi") = py::none(), py::arg("t0") = 0.0, py::arg("duration"), py::arg("order") = 0,
               py::arg("tolerance") = 1e-12, py::arg("derivative") = false, py::arg("max_steps") = 100000,
               py::arg("max_seconds") = infinity, py::arg("max_pieces") = 4096, py::arg("excess") = 0.15,
               py::arg("set_degree") = 1, py::arg("progress") = py::none());
    module.def("plain_flow", &plain_flow_from_python, py::arg("field"), py::arg("starts"), py::kw_only(),
               py::arg("parameter") = py::none(), py::arg("duration"), py::arg("order") = 0,
               py::arg("tolerance") = 1e-12, py::arg("derivative") = false);
}

}  // namespace capnode::bindings
