// The answer of a return map as a Python dict. Call with the GIL held.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <vector>

#include "capnode/flow/poincare_map.hpp"

namespace capnode::bindings {

namespace py = pybind11;

inline py::tuple ends(const std::vector<Interval>& values, const std::vector<py::ssize_t>& shape) {
    py::array_t<double> lo(shape);
    py::array_t<double> hi(shape);
    for (std::size_t i = 0; i < values.size(); ++i) {
        lo.mutable_data()[i] = values[i].lo;
        hi.mutable_data()[i] = values[i].hi;
    }
    return py::make_tuple(lo, hi);
}

inline py::dict poincare_result(const PoincareResult& r, std::size_t n) {
    const auto dim = static_cast<py::ssize_t>(n);
    py::dict d;
    d["verdict"] = name(r.verdict);
    d["detail"] = r.detail;
    d["crossings"] = r.crossings;
    d["reached"] = r.reached;
    d["steps"] = r.steps;
    d["point"] = r.point.empty() ? py::object(py::none()) : py::object(ends(r.point, {dim}));
    d["derivative"] = r.derivative.empty() ? py::object(py::none()) : py::object(ends(r.derivative, {dim, dim}));
    d["time"] = py::make_tuple(r.time.lo, r.time.hi);
    d["speed"] = py::make_tuple(r.speed.lo, r.speed.hi);
    return d;
}

}  // namespace capnode::bindings
