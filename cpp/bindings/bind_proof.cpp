// The verdicts, the translation of InternalError, and the three theorems about zeros on a field.
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "capnode/field/field.hpp"
#include "capnode/proof/interval_newton.hpp"
#include "capnode/proof/krawczyk.hpp"
#include "capnode/proof/newton_kantorovich.hpp"
#include "result.hpp"
#include "zero_results.hpp"

namespace capnode::bindings {
namespace {

using Vector = std::vector<double>;

std::optional<Matrix> optional_matrix(const py::object& object, const char* what) {
    if (object.is_none()) return std::nullopt;
    return to_matrix(object, what);
}

void register_zeros(py::module_& module) {
    module.def(
        "krawczyk",
        [](const Field& field, const DoubleArray& lo, const DoubleArray& hi, const DoubleArray& p_lo,
           const DoubleArray& p_hi, const std::optional<Vector>& x_bar, const py::object& A_bar) {
            const auto X = intervals_from(lo, hi), p = intervals_from(p_lo, p_hi);
            const auto A = optional_matrix(A_bar, "A_bar");
            return prove_zero([&] { return krawczyk(field, X, p, x_bar, A); });
        },
        py::arg("field"), py::arg("lo"), py::arg("hi"), py::arg("p_lo"), py::arg("p_hi"), py::arg("x_bar") = py::none(),
        py::arg("A_bar") = py::none());
    module.def(
        "interval_newton",
        [](const Field& field, const DoubleArray& lo, const DoubleArray& hi, const DoubleArray& p_lo,
           const DoubleArray& p_hi, const std::optional<Vector>& x_bar) {
            const auto X = intervals_from(lo, hi), p = intervals_from(p_lo, p_hi);
            return prove_zero([&] { return interval_newton(field, X, p, x_bar); });
        },
        py::arg("field"), py::arg("lo"), py::arg("hi"), py::arg("p_lo"), py::arg("p_hi"),
        py::arg("x_bar") = py::none());
    module.def(
        "newton_kantorovich",
        [](const Field& field, const Vector& x_bar, double R, const DoubleArray& p_lo, const DoubleArray& p_hi,
           const std::optional<Vector>& weights, const py::object& A_bar) {
            const auto p = intervals_from(p_lo, p_hi);
            const auto A = optional_matrix(A_bar, "A_bar");
            return prove_zero([&] { return newton_kantorovich(field, x_bar, R, p, weights, A); });
        },
        py::arg("field"), py::arg("x_bar"), py::arg("R"), py::arg("p_lo"), py::arg("p_hi"),
        py::arg("weights") = py::none(), py::arg("A_bar") = py::none());
}

}  // namespace

void register_proof(py::module_& module) {
    // InternalError is a class of Python's (capnode/errors.py), looked up when one is thrown.
    py::register_exception_translator([](std::exception_ptr thrown) {
        try {
            if (thrown) std::rethrow_exception(thrown);
        } catch (const InternalError& error) {
            PyErr_SetString(py::module_::import("capnode.errors").attr("InternalError").ptr(), error.what());
        }
    });
    module.def(
        "verdict_sentences",
        [] {
            py::dict sentences;
#define CAPNODE_VERDICT_ENTRY(id, text) sentences[#id] = text;
            CAPNODE_VERDICTS(CAPNODE_VERDICT_ENTRY)
#undef CAPNODE_VERDICT_ENTRY
            return sentences;
        },
        "Every verdict by name with its sentence (proof/verdict.hpp).");
    register_zeros(module);
}

}  // namespace capnode::bindings
