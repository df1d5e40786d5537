// A polynomial with exact coefficients over an interval.
#pragma once

#include <cstddef>

#include "capnode/numerics/interval.hpp"

namespace capnode {

// By the mean value form around a point of T, and by Horner's rule; both hold, so their intersection does.
inline Interval polynomial_range(const double* coefficients, std::size_t count, Interval tau) {
    const Interval middle(midpoint(tau));
    Interval value(coefficients[count - 1]);
    Interval slope(0.0);
    Interval direct = value;
    for (std::size_t k = count - 1; k-- > 0;) {
        slope = slope * tau + direct;  // sum over the set: P'(T) by the same scheme
        direct = direct * tau + Interval(coefficients[k]);
        value = value * middle + Interval(coefficients[k]);
    }
    if (tau.lo == tau.hi) return value;
    const auto both = intersect(direct, value + slope * (tau - middle));
    return both ? *both : direct;
}

}  // namespace capnode
