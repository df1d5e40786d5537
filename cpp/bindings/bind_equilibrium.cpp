// Equilibria, and the exclusion of periodic orbits.
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "capnode/dynamics/equilibrium.hpp"
#include "capnode/dynamics/no_periodic_orbits.hpp"
#include "capnode/field/field.hpp"
#include "capnode/numerics/number_text.hpp"
#include "result.hpp"
#include "zero_results.hpp"

namespace capnode::bindings {
namespace {

py::list pairs_of(const std::vector<Interval>& intervals) {
    py::list out;
    for (const Interval& x : intervals) out.append(bounds_of(x));
    return out;
}

py::object optional_bounds(const std::optional<Interval>& x) {
    return x ? py::object(bounds_of(*x)) : py::object(py::none());
}

py::dict exclusion_to_python(const PeriodicOrbitExclusion& found) {
    py::dict out;
    out["span"] = bounds_of(found.span);
    out["intervals"] = pairs_of(found.intervals);
    out["remaining"] = pairs_of(found.remaining);
    out["criterion"] = found.criterion;
    out["region"] = found.region ? py::object(bounds_of(*found.region)) : py::object(py::none());
    out["symmetric_lower"] = optional_bounds(found.symmetric_lower);
    out["symmetric_upper"] = optional_bounds(found.symmetric_upper);
    out["scaling_lower"] = array_of(found.scaling_lower);
    out["scaling_upper"] = array_of(found.scaling_upper);
    return out;
}

}  // namespace

void register_equilibrium(py::module_& module) {
    module.def(
        "equilibrium",
        [](const Field& field, const std::vector<double>& near, const DoubleArray& p_lo, const DoubleArray& p_hi) {
            const auto p = intervals_from(p_lo, p_hi);
            const auto result = guarded([&] { return equilibrium(field, near, p, signal_pending); });
            raise_pending();
            return result_to_python(result, equilibrium_to_python);
        },
        py::arg("field"), py::arg("near"), py::arg("p_lo"), py::arg("p_hi"));
    module.def(
        "no_periodic_orbits",
        [](const Field& field, double lo, double hi, const std::optional<DoubleArray>& region_lo,
           const std::optional<DoubleArray>& region_hi, int depth) {
            ExclusionOptions options;
            if (region_lo && region_hi) options.region = intervals_from(*region_lo, *region_hi);
            options.depth = depth;
            options.interrupted = signal_pending;
            if (!(lo <= hi))
                throw std::invalid_argument("the span is empty: lower end " + shortest_text(lo) + ", upper end " +
                                            shortest_text(hi));
            const auto result = guarded([&] { return no_periodic_orbits(field, {lo, hi}, options); });
            raise_pending();
            return result_to_python(result, exclusion_to_python);
        },
        py::arg("field"), py::arg("lo"), py::arg("hi"), py::arg("region_lo") = py::none(),
        py::arg("region_hi") = py::none(), py::arg("depth") = ExclusionOptions{}.depth);
}

}  // namespace capnode::bindings
