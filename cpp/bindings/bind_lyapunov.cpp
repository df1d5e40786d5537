// Finite-time Lyapunov exponents: one Result a time, and what the run reached.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <tuple>
#include <utility>
#include <vector>

#include "bindings.hpp"
#include "capnode/dynamics/lyapunov_exponents.hpp"
#include "capnode/field/divergence.hpp"
#include "capnode/numerics/log_determinant.hpp"
#include "capnode/numerics/matrix_product.hpp"
#include "flow_arguments.hpp"
#include "matrix_arrays.hpp"
#include "result.hpp"
#include "signal_poll.hpp"

namespace capnode::bindings {
namespace {

using Requests = std::vector<std::tuple<std::size_t, double, double>>;  // stages or steps; time lo, hi

ProductKind kind_of(const std::string& kind) {
    if (kind == "singular") return ProductKind::singular;
    if (kind == "qr") return ProductKind::qr;
    throw std::invalid_argument("kind must be 'singular' or 'qr', not '" + kind + "'");
}

struct Call {
    InitialSet start;
    std::vector<ExponentsRequest> requests;
    ExponentsOptions options;
};

Call call_of(const Requests& requests, const py::object& centre, const py::object& directions, const py::object& radii,
             const py::object& parameter_lo, const py::object& parameter_hi, double t0, const std::string& kind,
             bool sum, std::size_t order, double tolerance, std::size_t max_steps, double max_seconds,
             SignalPoll& poll) {
    Call call;
    call.start = initial_set(centre, directions, radii, parameter_lo, parameter_hi, Interval(t0));
    for (const auto& [stages, lo, hi] : requests) call.requests.push_back({stages, Interval(lo, hi)});
    call.options.kind = kind_of(kind);
    call.options.sum = sum;
    call.options.flow = flow_options(order, tolerance, max_steps, max_seconds, poll);
    return call;
}

py::dict run_to_python(const ExponentsRun& run) {
    py::list at;
    for (const auto& result : run.at) {
        at.append(result_to_python(result, [](const FiniteTimeExponents& value) {
            py::dict d;
            d["exponents"] = bounds_of(value.exponents);
            d["sum"] = value.sum ? py::object(bounds_of(*value.sum)) : py::object(py::none());
            return d;
        }));
    }
    py::dict d;
    d["at"] = at;
    d["reached"] = run.reached;
    d["steps"] = run.steps;
    d["final"] = bounds_of(run.final);
    return d;
}

}  // namespace

void register_lyapunov(py::module_& module) {
    module.def(
        "lyapunov_exponents",
        [](const LayerList& stages, const Requests& requests, const py::object& centre, const py::object& directions,
           const py::object& radii, const py::object& parameter_lo, const py::object& parameter_hi, double t0,
           const std::string& kind, bool sum, std::size_t order, double tolerance, std::size_t max_steps,
           double max_seconds, const py::object& progress) {
            SignalPoll poll(progress);
            const Call call = call_of(requests, centre, directions, radii, parameter_lo, parameter_hi, t0, kind, sum,
                                      order, tolerance, max_steps, max_seconds, poll);
            const std::vector<FlowLayer> layers = layers_from(stages);
            return run_to_python(
                poll.run([&] { return lyapunov_exponents(layers, call.requests, call.start, call.options); }));
        },
        py::arg("stages"), py::arg("requests"), py::arg("centres"), py::kw_only(), py::arg("directions") = py::none(),
        py::arg("radii") = py::none(), py::arg("parameter_lo") = py::none(), py::arg("parameter_hi") = py::none(),
        py::arg("t0") = 0.0, py::arg("kind") = "singular", py::arg("sum") = true, py::arg("order") = 0,
        py::arg("tolerance") = 1e-12, py::arg("max_steps") = 100000, py::arg("max_seconds") = infinity,
        py::arg("progress") = py::none());
    module.def(
        "lyapunov_exponents_of_map",
        [](const StageList& stages, const Requests& requests, const py::object& centre, const py::object& directions,
           const py::object& radii, const py::object& parameter_lo, const py::object& parameter_hi, double t0,
           const std::string& kind, bool sum, double max_seconds, const py::object& progress) {
            SignalPoll poll(progress);
            const Call call = call_of(requests, centre, directions, radii, parameter_lo, parameter_hi, t0, kind, sum, 0,
                                      1e-12, 1, max_seconds, poll);
            const std::vector<IterationStage> list = stages_from(stages);
            return run_to_python(
                poll.run([&] { return lyapunov_exponents(list, call.requests, call.start, call.options); }));
        },
        py::arg("stages"), py::arg("requests"), py::arg("centres"), py::kw_only(), py::arg("directions") = py::none(),
        py::arg("radii") = py::none(), py::arg("parameter_lo") = py::none(), py::arg("parameter_hi") = py::none(),
        py::arg("t0") = 0.0, py::arg("kind") = "singular", py::arg("sum") = true, py::arg("max_seconds") = infinity,
        py::arg("progress") = py::none());
    module.def(
        "with_divergence", [](const Field& field, double factor) { return with_divergence(field, factor); },
        py::arg("field"), py::arg("factor") = 1.0);
    // factors: (mid, rad, norm) each; the first acts first.
    module.def(
        "product_exponents",
        [](const std::vector<std::tuple<Array, Array, double>>& factors, const std::string& kind) {
            std::vector<MatrixSet> sets;
            for (const auto& [mid, rad, norm] : factors) {
                const BallMatrix b = ball(mid, rad);
                if (b.rows() != b.cols()) throw std::invalid_argument("the factors must be square");
                sets.push_back({b.mid, b.rad, norm});
            }
            const ProductKind which = kind_of(kind);
            const ProductExponents e = guarded([&] { return product_exponents(sets, sets.size(), which); });
            py::dict d;
            d["proved"] = e.proved;
            d["reason"] = e.reason;
            d["log"] = e.proved ? py::object(bounds_of(e.log)) : py::object(py::none());
            d["remainders"] = py::make_tuple(e.frame_defect, e.remainder, e.lower, e.upper);
            return d;
        },
        py::arg("factors"), py::arg("kind") = "singular");
    module.def(
        "log_determinant",
        [](const Array& mid, const Array& rad, double norm) -> py::object {
            const BallMatrix b = ball(mid, rad);
            const auto log = guarded([&] { return log_determinant({b.mid, b.rad, norm}); });
            return log ? py::object(bounds_of(*log)) : py::object(py::none());
        },
        py::arg("mid"), py::arg("rad"), py::arg("norm") = 0.0);
}

}  // namespace capnode::bindings
