#include <pybind11/stl.h>

#include <optional>
#include <utility>

#include "arrays.hpp"
#include "bindings.hpp"
#include "capnode/dynamics/diagonal_family.hpp"
#include "capnode/field/field.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "capnode/numerics/number_text.hpp"
#include "hopf_point.hpp"
#include "result.hpp"

namespace capnode::bindings {
namespace {

py::dict family_to_python(const DiagonalFamily& family) {
    py::dict d;
    d["function"] = name(family.function);
    d["scale"] = family.scale;
    d["matrix"] = py::make_tuple(to_array(family.matrix.mid), to_array(family.matrix.rad));
    d["bias"] = py::make_tuple(to_flat_array(family.bias.mid), to_flat_array(family.bias.rad));
    return d;
}

/// The candidates are converted one by one and dropped, so that a large search is not held twice.
py::dict points_to_python(DiagonalHopfPoints points) {
    py::list candidates;
    for (DiagonalCandidate& c : points.candidates) {
        const DiagonalCandidate candidate = std::move(c);
        py::dict d;
        d["parameter"] = bounds_of(candidate.parameter);
        d["frequency_bar"] = candidate.frequency_bar;
        d["result"] = result_to_python(candidate.result, hopf_point_to_python);
        candidates.append(std::move(d));
    }
    py::dict out;
    out["candidates"] = std::move(candidates);
    out["complete"] = points.complete;
    out["why_incomplete"] = points.why_incomplete;
    out["outside"] = points.outside;
    out["basis_valid"] = points.basis_valid;
    out["interrupted"] = points.interrupted;
    return out;
}

}  // namespace

void register_diagonal_family(py::module_& module) {
    module.def(
        "recognise_diagonal_family",
        [](const Field& field) {
            std::string reason;
            std::optional<DiagonalFamily> family;
            {
                py::gil_scoped_release release;
                FloatEnvironment guard;
                family = recognise_diagonal_family(field, &reason);
            }
            return py::make_tuple(family ? py::object(family_to_python(*family)) : py::object(py::none()), reason);
        },
        py::arg("field"), "(family as a dict or None, why not): the exact check of dynamics/diagonal_family.hpp.");

    module.def(
        "diagonal_hopf_points",
        [](const Field& field, double lo, double hi, const std::optional<Cancellation>& cancellation) -> py::dict {
            if (!(lo < hi))
                throw std::invalid_argument("the span must satisfy lo < hi: got " + shortest_text(lo) + " and " +
                                            shortest_text(hi));
            std::string reason;
            std::optional<DiagonalHopfPoints> points;
            {
                py::gil_scoped_release release;
                FloatEnvironment guard;
                if (const auto family = recognise_diagonal_family(field, &reason)) {
                    points = diagonal_hopf_points(*family, Interval(lo, hi),
                                                  cancellation ? cancellation->poll() : std::function<bool()>{});
                }
            }
            py::dict out = points ? points_to_python(std::move(*points)) : py::dict();
            out["recognised"] = points.has_value();
            out["reason"] = reason;
            return out;
        },
        py::arg("field"), py::arg("lo"), py::arg("hi"), py::arg("cancellation") = py::none(),
        "The theorem of dynamics/diagonal_family.hpp, where the field belongs to the family.");
}

}  // namespace capnode::bindings
