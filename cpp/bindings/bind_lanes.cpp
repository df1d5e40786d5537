// Lanes of balls, the choice of the instruction set, and the float environment as seen by the calling thread.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <stdexcept>
#include <string>

#include "bindings.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "capnode/numerics/instruction_set.hpp"
#include "capnode/numerics/lanes.hpp"

namespace py = pybind11;

namespace capnode::bindings {
namespace {

using Array = py::array_t<double, py::array::c_style>;

std::vector<py::ssize_t> shape_of(const Array& a) { return {a.shape(), a.shape() + a.ndim()}; }

py::tuple lanes(const std::string& function, const Array& mid, const Array& rad, bool with_slope) {
    const Function f = function_from_name(function);
    if (mid.size() != rad.size()) {
        throw std::invalid_argument("arrays of different sizes: " + std::to_string(mid.size()) + " and " +
                                    std::to_string(rad.size()));
    }
    Array out[4];
    double* o[4] = {nullptr, nullptr, nullptr, nullptr};
    for (std::size_t k = 0; k < (with_slope ? 4u : 2u); ++k) {
        out[k] = Array(shape_of(mid));
        o[k] = out[k].mutable_data();
    }
    const double *m = mid.data(), *r = rad.data();
    const auto n = static_cast<std::size_t>(mid.size());
    {
        const py::gil_scoped_release release;
        const FloatEnvironment guard;
        if (with_slope) {
            derivative_lanes(f, n, m, r, o[0], o[1], o[2], o[3]);
        } else {
            apply_lanes(f, n, m, r, o[0], o[1]);
        }
    }
    if (with_slope) return py::make_tuple(out[0], out[1], out[2], out[3]);
    return py::make_tuple(out[0], out[1]);
}

}  // namespace

void register_lanes(py::module_& m) {
    m.def("apply_lanes",
          [](const std::string& f, const Array& mid, const Array& rad) { return lanes(f, mid, rad, false); });
    m.def("derivative_lanes",
          [](const std::string& f, const Array& mid, const Array& rad) { return lanes(f, mid, rad, true); });
    m.def("instruction_sets", &available_instruction_sets, "Instruction sets of this build that this machine can run");
    m.def("instruction_set", &instruction_set);
    m.def("use_instruction_set", &use_instruction_set);
    m.def("float_environment_is_clean", &FloatEnvironment::is_clean,
          "True where the calling thread rounds to nearest and keeps subnormal numbers");
}

}  // namespace capnode::bindings
