// How a Result<T> crosses the border: one dict, which python/capnode/result.py turns into a capnode.Result.
//
//   {"proved": bool, "verdict": str, "sentence": str, "detail": str,
//    "evidence": [(name, left_lo, left_hi, relation, right_lo, right_hi, holds), ...], "value": whatever | None}
//
// The value is converted by the function object given, which is called only where the theorem is proved. Enclosures
// cross as pairs (lo, hi) of float64 arrays: the helpers below. Call with the GIL held.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/numerics/rounding.hpp"
#include "capnode/proof/verdict.hpp"

namespace capnode::bindings {

namespace py = pybind11;

/// A float64 array with a copy of the numbers; `shape` must multiply to their count.
template <class Numbers>
py::array_t<double> array_of(const Numbers& numbers, std::vector<py::ssize_t> shape) {
    py::array_t<double> out(std::move(shape));
    std::copy(numbers.begin(), numbers.end(), out.mutable_data());
    return out;
}
template <class Numbers>
py::array_t<double> array_of(const Numbers& numbers) {
    return array_of(numbers, {static_cast<py::ssize_t>(numbers.size())});
}
inline py::array_t<double> array_of(const Matrix& m) {
    return array_of(m.data, {static_cast<py::ssize_t>(m.rows), static_cast<py::ssize_t>(m.cols)});
}

/// (lo, hi) as two floats.
inline py::tuple bounds_of(const Interval& x) { return py::make_tuple(x.lo, x.hi); }

/// (lo, hi) as two arrays of shape (n,).
inline py::tuple bounds_of(const std::vector<Interval>& x) {
    std::vector<double> lo(x.size()), hi(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        lo[i] = x[i].lo;
        hi[i] = x[i].hi;
    }
    return py::make_tuple(array_of(lo), array_of(hi));
}

/// Intervals from (lo, hi), two arrays of shape (n,): the shapes and lo <= hi are the caller's (Python's) to check.
inline std::vector<Interval> intervals_from(const py::array_t<double, py::array::c_style>& lo,
                                            const py::array_t<double, py::array::c_style>& hi) {
    if (lo.ndim() != 1 || hi.ndim() != 1 || lo.size() != hi.size())
        throw std::invalid_argument("an enclosure needs two arrays of one length: got " + std::to_string(lo.size()) +
                                    " lower and " + std::to_string(hi.size()) + " upper ends");
    std::vector<Interval> x(static_cast<std::size_t>(lo.size()));
    for (std::size_t i = 0; i < x.size(); ++i) {
        x[i] = {lo.data()[i], hi.data()[i]};
        if (!(x[i].lo <= x[i].hi))
            throw std::invalid_argument("lower end " + shortest_text(x[i].lo) + " is not at most upper end " +
                                        shortest_text(x[i].hi) + " in component " + std::to_string(i));
    }
    return x;
}

template <class T, class Convert>
py::dict result_to_python(const Result<T>& result, Convert&& convert) {
    py::list evidence;
    for (const Evidence& e : result.evidence())
        evidence.append(py::make_tuple(e.name, e.left_lo, e.left_hi, e.relation, e.right_lo, e.right_hi, e.holds));
    py::dict out;
    out["proved"] = result.proved();
    out["verdict"] = name(result.verdict());
    out["sentence"] = sentence(result.verdict());
    out["detail"] = result.detail();
    out["evidence"] = std::move(evidence);
    out["value"] = result.proved() ? py::object(convert(result.value())) : py::object(py::none());
    return out;
}

}  // namespace capnode::bindings
