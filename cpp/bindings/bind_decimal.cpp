// Decimal numbers in and out: strings as tightest intervals, doubles as outward-rounded decimals.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "bindings.hpp"
#include "capnode/numerics/decimal.hpp"
#include "capnode/numerics/float_environment.hpp"

namespace py = pybind11;

namespace capnode::bindings {

void register_decimal(py::module_& m) {
    m.def(
        "interval_from_strings",
        [](const std::vector<std::string>& texts) {
            py::array_t<double> lo(static_cast<py::ssize_t>(texts.size()));
            py::array_t<double> hi(static_cast<py::ssize_t>(texts.size()));
            double *l = lo.mutable_data(), *h = hi.mutable_data();
            {
                const py::gil_scoped_release release;
                const FloatEnvironment guard;
                for (std::size_t i = 0; i < texts.size(); ++i) {
                    const Interval x = interval_from_string(texts[i]);
                    l[i] = x.lo;
                    h[i] = x.hi;
                }
            }
            return py::make_tuple(lo, hi);
        },
        "The tightest interval around each number written");
    m.def(
        "decimal_down",
        [](double x, int digits) {
            const FloatEnvironment guard;
            return decimal_down(x, digits);
        },
        py::arg("x"), py::arg("digits"), "A decimal number certainly <= x");
    m.def(
        "decimal_up",
        [](double x, int digits) {
            const FloatEnvironment guard;
            return decimal_up(x, digits);
        },
        py::arg("x"), py::arg("digits"), "A decimal number certainly >= x");
}

}  // namespace capnode::bindings
