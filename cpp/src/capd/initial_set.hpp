// { centre + directions r } as a set of CAPD's, x + C r0 + B r: the first n directions are C r0; all others, as a box,
// are r. For CAPD's classes of sets, which share these constructors.
#pragma once

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "capd/capdlib.h"
#include "capnode/capd/convert.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode {

/// The parts of a set; plain numbers, made by our arithmetic.
struct SetParts {
    std::vector<double> centre;
    Matrix directions;           // n x n
    std::vector<double> radii;   // n
    std::vector<double> box;     // n
    std::vector<Interval> hull;  // n
};

inline SetParts set_parts(const InitialSet& start, std::size_t n) {
    if (start.centre.size() != n)
        throw std::invalid_argument("the initial set has dimension " + std::to_string(start.centre.size()) +
                                    ", the field " + std::to_string(n));
    const std::size_t k = start.directions.cols;
    if (k > 0 && (start.directions.rows != n || start.radii.size() != k))
        throw std::invalid_argument("directions are " + std::to_string(start.directions.rows) + " x " +
                                    std::to_string(k) + " with " + std::to_string(start.radii.size()) +
                                    " radii; the field has dimension " + std::to_string(n));
    SetParts parts{start.centre, Matrix::identity(n), std::vector<double>(n, 0.0), std::vector<double>(n, 0.0), {}};
    if (k > 0 && k < n) parts.directions = Matrix(n, n);
    for (std::size_t j = 0; j < k; ++j) {
        for (std::size_t i = 0; i < n; ++i) {
            const double d = start.directions(i, j);
            if (j < n)
                parts.directions(i, j) = d;
            else
                parts.box[i] = add_up(parts.box[i], multiply_up(std::fabs(d), start.radii[j]));
        }
        if (j < n) parts.radii[j] = start.radii[j];
    }
    for (std::size_t i = 0; i < n; ++i) {
        double reach = parts.box[i];
        for (std::size_t j = 0; j < n; ++j)
            reach = add_up(reach, multiply_up(std::fabs(parts.directions(i, j)), parts.radii[j]));
        parts.hull.push_back(widen(Interval(start.centre[i]), reach));
    }
    return parts;
}

/// Inside of a CapdCall.
template <class Set>
Set make_capd_set(const SetParts& parts) {
    const int n = static_cast<int>(parts.centre.size());
    ::capd::IVector x(n), r0(n), r(n);
    ::capd::IMatrix C(n, n);
    const ::capd::IMatrix B = ::capd::IMatrix::Identity(n);
    for (int i = 0; i < n; ++i) {
        const auto k = static_cast<std::size_t>(i);
        x[i] = ::capd::interval(parts.centre[k]);
        r0[i] = ::capd::interval(-parts.radii[k], parts.radii[k]);
        r[i] = ::capd::interval(-parts.box[k], parts.box[k]);
        for (int j = 0; j < n; ++j) C[i][j] = ::capd::interval(parts.directions(k, static_cast<std::size_t>(j)));
    }
    return Set(x, C, r0, B, r);
}

}  // namespace capnode
