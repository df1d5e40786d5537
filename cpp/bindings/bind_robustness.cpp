// Certified radii, adversarial pairs and classes of inputs: one Result each.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <stdexcept>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "capnode/dynamics/input_class.hpp"
#include "capnode/dynamics/jacobian_variation.hpp"
#include "capnode/dynamics/robust_radius.hpp"
#include "flow_arguments.hpp"
#include "matrix_arrays.hpp"
#include "result.hpp"
#include "signal_poll.hpp"

namespace capnode::bindings {
namespace {

std::vector<double> vector_from(const py::object& x, const char* what) {
    const Matrix m = to_column(x, what);
    return {m.data.begin(), m.data.end()};
}

NetworkInput input_from(const py::object& x, const py::object& p_lo, const py::object& p_hi, double t0) {
    NetworkInput input;
    input.x = vector_from(x, "x");
    input.t0 = Interval(t0);
    input.parameter = parameter_from(p_lo, p_hi);
    return input;
}

}  // namespace

void register_robustness(py::module_& module) {
    module.def(
        "robust_radius",
        [](const LayerList& layers, const Readout& readout, const py::object& x, const py::object& p_lo,
           const py::object& p_hi, double t0, std::size_t order, double tolerance, double radius, std::size_t pieces,
           double max_seconds, const py::object& progress) {
            SignalPoll poll(progress);
            const NetworkInput input = input_from(x, p_lo, p_hi, t0);
            RobustOptions options;
            options.flow = flow_options(order, tolerance, FlowOptions().max_steps, max_seconds, poll);
            options.pieces = pieces;
            options.radius = radius;
            const auto list = layers_from(layers);
            const auto result = poll.run([&] { return robust_radius(list, readout, input, options); });
            return result_to_python(result, [](const RobustRadius& value) {
                py::dict d;
                d["radius"] = value.radius;
                d["cls"] = value.cls;
                d["margins"] = bounds_of(value.margins);
                d["losses"] = array_of(value.losses);
                d["gradient_at_input"] = array_of(value.gradient_at_input);
                d["image_radius"] = value.image_radius;
                d["final"] = bounds_of(value.final);
                return d;
            });
        },
        py::arg("layers"), py::arg("readout"), py::arg("x"), py::kw_only(), py::arg("parameter_lo") = py::none(),
        py::arg("parameter_hi") = py::none(), py::arg("t0") = 0.0, py::arg("order") = 0, py::arg("tolerance") = 1e-12,
        py::arg("radius") = 0.0, py::arg("pieces") = 0, py::arg("max_seconds") = infinity,
        py::arg("progress") = py::none());
    module.def(
        "adversarial_pair",
        [](const LayerList& layers, const Readout& readout, const py::object& x, const py::object& y,
           const py::object& p_lo, const py::object& p_hi, double t0, std::size_t order, double tolerance,
           double max_seconds) {
            SignalPoll poll(py::none{});
            const NetworkInput input = input_from(x, p_lo, p_hi, t0);
            const std::vector<double> other = vector_from(y, "y");
            const FlowOptions options = flow_options(order, tolerance, FlowOptions().max_steps, max_seconds, poll);
            const auto list = layers_from(layers);
            const auto result = poll.run([&] { return adversarial_pair(list, readout, input, other, options); });
            return result_to_python(result, [](const AdversarialPair& value) {
                py::dict d;
                d["x"] = array_of(value.x);
                d["y"] = array_of(value.y);
                d["classes"] = py::make_tuple(value.cls_x, value.cls_y);
                d["distance"] = bounds_of(value.distance);
                d["final_x"] = bounds_of(value.final_x);
                d["final_y"] = bounds_of(value.final_y);
                return d;
            });
        },
        py::arg("layers"), py::arg("readout"), py::arg("x"), py::arg("y"), py::kw_only(),
        py::arg("parameter_lo") = py::none(), py::arg("parameter_hi") = py::none(), py::arg("t0") = 0.0,
        py::arg("order") = 0, py::arg("tolerance") = 1e-12, py::arg("max_seconds") = infinity);
    // of layers, or of maps where there are stages
    module.def(
        "input_class",
        [](const LayerList& layers, const StageList& stages, const Readout& readout, const py::object& centres,
           const py::object& directions, const py::object& radii, const py::object& parameter_lo,
           const py::object& parameter_hi, double t0, std::size_t order, double tolerance, double max_seconds,
           const py::object& progress) {
            SignalPoll poll(progress);
            const auto starts = initial_sets(centres, directions, radii, parameter_lo, parameter_hi, Interval(t0));
            if (starts.size() != 1) throw std::invalid_argument("one initial set is needed");
            const FlowOptions flow = flow_options(order, tolerance, FlowOptions().max_steps, max_seconds, poll);
            IterationOptions iteration;
            iteration.max_seconds = max_seconds;
            iteration.progress = flow.progress;
            iteration.interrupted = flow.interrupted;
            const auto list = layers_from(layers);
            const auto maps = stages_from(stages);
            const auto result = poll.run([&] {
                return maps.empty() ? input_class(list, readout, starts.front(), flow)
                                    : input_class(maps, readout, starts.front(), iteration);
            });
            return result_to_python(result, [](const InputClass& value) {
                py::dict d;
                d["cls"] = value.cls;
                d["margins"] = bounds_of(value.margins);
                d["final"] = bounds_of(value.final);
                return d;
            });
        },
        py::arg("layers"), py::arg("stages"), py::arg("readout"), py::arg("centres"), py::kw_only(),
        py::arg("directions") = py::none(), py::arg("radii") = py::none(), py::arg("parameter_lo") = py::none(),
        py::arg("parameter_hi") = py::none(), py::arg("t0") = 0.0, py::arg("order") = 0, py::arg("tolerance") = 1e-12,
        py::arg("max_seconds") = infinity, py::arg("progress") = py::none());
    // (difference, size, change, remainder) of dynamics/jacobian_variation.hpp
    module.def(
        "jacobian_variation",
        [](const Field& field, const py::object& lo, const py::object& hi, const py::object& p, double t_lo,
           double t_hi, double radius, double time_radius) {
            const std::vector<double> a = vector_from(lo, "x");
            const std::vector<double> b = vector_from(hi, "x");
            if (a.size() != b.size()) throw std::invalid_argument("the ends of x differ in length");
            std::vector<Interval> box;
            for (std::size_t i = 0; i < a.size(); ++i) box.emplace_back(a[i], b[i]);
            std::vector<Interval> parameter;
            if (!p.is_none()) {
                for (const double v : vector_from(p, "p")) parameter.emplace_back(v);
            }
            const JacobianVariation v = guarded(
                [&] { return VariationBounds(field).over(box, parameter, Interval(t_lo, t_hi), radius, time_radius); });
            return py::make_tuple(v.difference, v.size, v.change, v.remainder);
        },
        py::arg("field"), py::arg("lo"), py::arg("hi"), py::kw_only(), py::arg("p") = py::none(), py::arg("t_lo") = 0.0,
        py::arg("t_hi") = 0.0, py::arg("radius"), py::arg("time_radius") = 0.0);
}

}  // namespace capnode::bindings
