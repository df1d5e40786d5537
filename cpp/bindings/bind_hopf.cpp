#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "capnode/field/field.hpp"
#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "hopf_point.hpp"
#include "result.hpp"

namespace capnode::bindings {
namespace {

using Complex = std::complex<double>;
using ComplexArray = py::array_t<Complex, py::array::c_style | py::array::forcecast>;

py::array_t<Complex> complex_array(const std::vector<Complex>& z) {
    py::array_t<Complex> out(static_cast<py::ssize_t>(z.size()));
    std::copy(z.begin(), z.end(), out.mutable_data());
    return out;
}

/// Discs as the intervals of their real parts (row 0) and imaginary parts (row 1): (lo, hi) of shape (2, n), or None.
py::object parts(const ComplexBallMatrix& z) {
    if (z.rows() == 0) return py::none();
    const std::size_t n = z.rows();
    std::vector<double> lo(2 * n);
    std::vector<double> hi(2 * n);
    for (std::size_t k = 0; k < n; ++k) {
        const ComplexBall disc{z.mid.re(k, 0), z.mid.im(k, 0), z.rad(k, 0)};
        const Interval re = real_part(disc);
        const Interval im = imaginary_part(disc);
        lo[k] = re.lo;
        hi[k] = re.hi;
        lo[n + k] = im.lo;
        hi[n + k] = im.hi;
    }
    const std::vector<py::ssize_t> shape{2, static_cast<py::ssize_t>(n)};
    return py::make_tuple(array_of(lo, shape), array_of(hi, shape));
}

py::tuple radii(double p, double w, const std::vector<double>& x, const std::vector<double>& v) {
    return py::make_tuple(p, w, array_of(x), array_of(v));
}

std::vector<double> doubles_from(const py::object& object, const char* what) {
    const DoubleArray a = exact_doubles(object, what);
    return {a.data(), a.data() + a.size()};
}

std::vector<Complex> complexes_from(const py::object& object, const char* what) {
    const ComplexArray a = ComplexArray::ensure(object);
    if (!a || a.ndim() != 1) {
        PyErr_Clear();
        throw std::invalid_argument(std::string(what) + ": a vector of complex128 is needed");
    }
    return {a.data(), a.data() + a.size()};
}

HopfHint hint_from(double p, double w, const py::object& x, const py::object& v) {
    return {p, w, doubles_from(x, "x_bar"), complexes_from(v, "v_bar")};
}

Interval interval_from(const py::handle& pair) {
    const auto bounds = py::cast<std::pair<double, double>>(pair);
    return {bounds.first, bounds.second};
}

/// What `same_solution` needs of the dict made below.
HopfPoint point_from(const py::dict& d) {
    HopfPoint point;
    point.parameter = interval_from(d["parameter"]);
    point.frequency = interval_from(d["frequency"]);
    const auto state = py::cast<py::tuple>(d["state"]);
    point.state = intervals_from(py::cast<DoubleArray>(state[0]), py::cast<DoubleArray>(state[1]));
    HopfIsolation& box = point.isolation;
    box.centre = hint_from(py::cast<double>(d["p_bar"]), py::cast<double>(d["omega_bar"]), d["x_bar"], d["v_bar"]);
    box.psi = complexes_from(d["psi"], "psi");
    const auto take = [](const py::handle& from, double& p, double& w, std::vector<double>& x, std::vector<double>& v) {
        const auto t = py::cast<py::tuple>(from);
        p = py::cast<double>(t[0]);
        w = py::cast<double>(t[1]);
        x = doubles_from(t[2], "radii");
        v = doubles_from(t[3], "radii");
    };
    take(d["isolation"], box.parameter_radius, box.frequency_radius, box.state_radius, box.eigenvector_radius);
    take(d["error"], box.parameter_error, box.frequency_error, box.state_error, box.eigenvector_error);
    return point;
}

}  // namespace

py::dict hopf_point_to_python(const HopfPoint& point) {
    const HopfIsolation& box = point.isolation;
    py::dict d;
    d["parameter"] = bounds_of(point.parameter);
    d["frequency"] = bounds_of(point.frequency);
    d["state"] = bounds_of(point.state);
    d["eigenvector"] = parts(point.eigenvector);
    d["transversality"] = bounds_of(point.transversality);
    d["lyapunov_coefficient"] = bounds_of(point.lyapunov_coefficient);
    d["criticality"] = name(point.criticality);
    d["criticality_reason"] = point.criticality_reason;
    d["unstable_dimension"] = point.unstable_dimension;
    d["cycle_is_stable"] = point.cycle_is_stable ? py::object(py::bool_(*point.cycle_is_stable)) : py::none();
    d["h11"] = point.h11.empty() ? py::object(py::none()) : py::object(bounds_of(point.h11));
    d["h20"] = parts(point.h20);
    d["p_bar"] = box.centre.parameter_bar;
    d["omega_bar"] = box.centre.frequency_bar;
    d["x_bar"] = array_of(box.centre.state_bar);
    d["v_bar"] = complex_array(box.centre.eigenvector_bar);
    d["psi"] = complex_array(box.psi);
    d["isolation"] = radii(box.parameter_radius, box.frequency_radius, box.state_radius, box.eigenvector_radius);
    d["error"] = radii(box.parameter_error, box.frequency_error, box.state_error, box.eigenvector_error);
    return d;
}

void register_hopf(py::module_& module) {
    py::class_<Cancellation>(module, "Cancellation", "Ask a running proof to stop at its next poll; from any thread.")
        .def(py::init<>())
        .def("cancel", [](const Cancellation& c) { c.flag->store(true, std::memory_order_relaxed); })
        .def_property_readonly("cancelled",
                               [](const Cancellation& c) { return c.flag->load(std::memory_order_relaxed); });

    module.def(
        "prove_hopf",
        [](const Field& field, double p, double w, const py::object& x, const py::object& v,
           const std::optional<Cancellation>& cancellation) {
            const HopfHint hint = hint_from(p, w, x, v);
            HopfOptions options;
            if (cancellation) options.interrupted = cancellation->poll();
            std::optional<Result<HopfPoint>> result;
            {
                py::gil_scoped_release release;
                FloatEnvironment guard;
                result = prove_hopf(field, hint, options);
            }
            return result_to_python(*result, hopf_point_to_python);
        },
        py::arg("field"), py::arg("p_bar"), py::arg("omega_bar"), py::arg("x_bar"), py::arg("v_bar"),
        py::arg("cancellation") = py::none(), "The theorem of dynamics/hopf.hpp.");

    module.def(
        "refine_hopf_candidate",
        [](const Field& field, double p, double w, const py::object& x, const py::object& v, int max_iterations) {
            const HopfHint hint = hint_from(p, w, x, v);
            HopfRefinement refined;
            {
                py::gil_scoped_release release;
                FloatEnvironment guard;
                refined = refine_hopf_candidate(field, hint, max_iterations);
            }
            py::dict d;
            d["p_bar"] = refined.hint.parameter_bar;
            d["omega_bar"] = refined.hint.frequency_bar;
            d["x_bar"] = array_of(refined.hint.state_bar);
            d["v_bar"] = complex_array(refined.hint.eigenvector_bar);
            d["iterations"] = refined.iterations;
            d["residual"] = refined.residual;
            d["last_step"] = refined.last_step;
            d["converged"] = refined.converged;
            return d;
        },
        py::arg("field"), py::arg("p_bar"), py::arg("omega_bar"), py::arg("x_bar"), py::arg("v_bar"),
        py::arg("max_iterations") = 12, "Floating-point Newton iteration on the augmented system: a hint, no proof.");

    module.def(
        "same_hopf_solution",
        [](const py::dict& a, const py::dict& b) {
            const HopfPoint left = point_from(a);
            const HopfPoint right = point_from(b);
            py::gil_scoped_release release;
            FloatEnvironment guard;
            return std::string(name(same_solution(left, right)));
        },
        py::arg("a"), py::arg("b"), "\"same\", \"different\" or \"unknown\", decided by proof.");
}

}  // namespace capnode::bindings
