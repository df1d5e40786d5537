// Initial sets as NumPy arrays: centres (lanes, n), directions (n, k) common to all lanes, radii (lanes, k), parameters
// (m,) for all lanes or (lanes, m).
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "capnode/flow/flow.hpp"

namespace capnode::bindings {

inline std::vector<InitialSet> initial_sets(const py::object& centres, const py::object& directions,
                                            const py::object& radii, const py::object& parameter_lo,
                                            const py::object& parameter_hi, Interval t0) {
    const Matrix c = to_matrix(centres, "centre");
    const Matrix d = to_matrix_or_empty(directions, "directions");
    const Matrix r = to_matrix_or_empty(radii, "radii");
    const Matrix plo = to_matrix_or_empty(parameter_lo, "parameter");
    const Matrix phi = to_matrix_or_empty(parameter_hi, "parameter");
    const auto fits = [&](const char* what, const Matrix& a, bool shared) {
        if (a.rows != c.rows && !(shared && a.rows == 1)) {
            throw std::invalid_argument(std::string(what) + " are given for " + std::to_string(a.rows) +
                                        " lanes, there are " + std::to_string(c.rows));
        }
    };
    if (d.cols > 0) fits("radii", r, false);
    if (plo.size() > 0) fits("parameters", plo, true);
    if (plo.rows != phi.rows || plo.cols != phi.cols)
        throw std::invalid_argument("the parameter's ends differ in shape");
    std::vector<InitialSet> starts(c.rows);
    for (std::size_t l = 0; l < c.rows; ++l) {
        starts[l].centre.assign(c.row(l), c.row(l) + c.cols);
        starts[l].t0 = t0;
        if (d.cols > 0) {
            starts[l].directions = d;
            starts[l].radii.assign(r.row(l), r.row(l) + r.cols);
        }
        const std::size_t row = plo.rows == 1 ? 0 : l;
        for (std::size_t j = 0; j < plo.cols; ++j) starts[l].parameter.emplace_back(plo(row, j), phi(row, j));
    }
    return starts;
}

}  // namespace capnode::bindings
