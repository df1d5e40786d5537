// Results of flows as NumPy arrays: enclosures as pairs (lo, hi), lanes first. Call with the GIL held.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "capnode/flow/dense_output.hpp"
#include "capnode/flow/flow.hpp"

namespace capnode::bindings {

namespace py = pybind11;

inline py::tuple rows_of_bounds(const std::vector<std::vector<Interval>>& values, py::ssize_t n) {
    const std::vector<py::ssize_t> shape{static_cast<py::ssize_t>(values.size()), n};
    py::array_t<double> low(shape);
    py::array_t<double> high(shape);
    std::size_t i = 0;
    for (const auto& row : values) {
        for (const Interval& x : row) {
            low.mutable_data()[i] = x.lo;
            high.mutable_data()[i] = x.hi;
            ++i;
        }
    }
    return py::make_tuple(low, high);
}

template <class Answer>
py::tuple stacked(const std::vector<Answer>& results, std::vector<Interval> Answer::* member,
                  std::vector<py::ssize_t> shape) {
    shape.insert(shape.begin(), static_cast<py::ssize_t>(results.size()));
    py::array_t<double> lo(shape);
    py::array_t<double> hi(shape);
    double* to_lo = lo.mutable_data();
    double* to_hi = hi.mutable_data();
    for (const Answer& r : results) {
        for (const Interval& x : r.*member) {
            *to_lo++ = x.lo;
            *to_hi++ = x.hi;
        }
    }
    return py::make_tuple(lo, hi);
}

inline py::dict flow_results(std::vector<FlowResult>& results, std::size_t dim, bool derivative, bool dense,
                             double t0) {
    const auto n = static_cast<py::ssize_t>(dim);
    const auto lanes = static_cast<py::ssize_t>(results.size());
    py::array_t<double> reached(lanes);
    py::array_t<std::int64_t> steps(lanes);
    py::array_t<std::int64_t> degrees(lanes);
    py::list verdicts;
    py::list details;
    py::list outputs;
    for (py::ssize_t l = 0; l < lanes; ++l) {
        FlowResult& r = results[static_cast<std::size_t>(l)];
        reached.mutable_data()[l] = r.reached;
        steps.mutable_data()[l] = static_cast<std::int64_t>(r.steps);
        degrees.mutable_data()[l] = static_cast<std::int64_t>(r.set_degree);
        verdicts.append(name(r.verdict));
        details.append(r.detail);
        if (dense) {
            outputs.append(std::make_shared<DenseOutput>(std::move(r.trajectory), std::move(r.initial), Interval(t0)));
        }
    }
    py::dict d;
    d["reached"] = reached;
    d["steps"] = steps;
    d["set_degree"] = degrees;
    d["verdicts"] = verdicts;
    d["details"] = details;
    d["final"] = stacked(results, &FlowResult::final, {n});
    d["derivative"] = derivative ? py::object(stacked(results, &FlowResult::derivative, {n, n})) : py::none();
    // By the polynomial step alone, of fields with parameters.
    std::size_t entries = results.empty() ? 0 : results.front().parameter_derivative.size();
    for (const FlowResult& r : results) entries = std::min(entries, r.parameter_derivative.size());
    d["parameter_derivative"] = py::none();
    if (entries > 0) {
        const auto m = static_cast<py::ssize_t>(entries / dim);
        d["parameter_derivative"] = stacked(results, &FlowResult::parameter_derivative, {n, m});
    }
    d["dense"] = dense ? py::object(outputs) : py::none();
    return d;
}

}  // namespace capnode::bindings
