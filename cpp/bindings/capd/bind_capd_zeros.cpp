// Krawczyk, interval Newton and equilibria with CAPD's operators: arguments and results as those of `_core`.
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "capd_bindings.hpp"
#include "capnode/capd/capd_zeros.hpp"
#include "zero_results.hpp"

namespace capnode::bindings {
namespace {

py::dict prove(const ZeroOperator& op, const std::vector<Interval>& X,
               const std::optional<std::vector<double>>& x_bar) {
    return prove_zero([&] { return zero_by_operator(op, X, x_bar); });
}

py::dict prove_equilibrium_by_capd(const Field& field, const std::vector<double>& near, const DoubleArray& p_lo,
                                   const DoubleArray& p_hi) {
    const auto p = intervals_from(p_lo, p_hi);
    std::vector<double> p_bar;
    for (const Interval& v : p) p_bar.push_back(midpoint(v));
    const auto result = guarded([&]() -> Result<Equilibrium> {
        const ZeroOperator op = capd_krawczyk(field, p);
        const auto x_bar = find_equilibrium_bar(field, near, p_bar, signal_pending);
        if (!x_bar)
            return Result<Equilibrium>::not_proved(Verdict::no_convergence, "Newton's iteration found no equilibrium.");
        return prove_equilibrium(field, *x_bar, p, op, signal_pending);
    });
    raise_pending();
    return result_to_python(result, equilibrium_to_python);
}

}  // namespace

void register_capd_zeros(py::module_& module) {
    module.def(
        "krawczyk",
        [](const Field& field, const DoubleArray& lo, const DoubleArray& hi, const DoubleArray& p_lo,
           const DoubleArray& p_hi, const std::optional<std::vector<double>>& x_bar) {
            return prove(capd_krawczyk(field, intervals_from(p_lo, p_hi)), intervals_from(lo, hi), x_bar);
        },
        py::arg("field"), py::arg("lo"), py::arg("hi"), py::arg("p_lo"), py::arg("p_hi"),
        py::arg("x_bar") = py::none());
    module.def(
        "interval_newton",
        [](const Field& field, const DoubleArray& lo, const DoubleArray& hi, const DoubleArray& p_lo,
           const DoubleArray& p_hi, const std::optional<std::vector<double>>& x_bar) {
            return prove(capd_interval_newton(field, intervals_from(p_lo, p_hi)), intervals_from(lo, hi), x_bar);
        },
        py::arg("field"), py::arg("lo"), py::arg("hi"), py::arg("p_lo"), py::arg("p_hi"),
        py::arg("x_bar") = py::none());
    module.def("equilibrium", &prove_equilibrium_by_capd, py::arg("field"), py::arg("near"), py::arg("p_lo"),
               py::arg("p_hi"));
}

}  // namespace capnode::bindings
