// Error-free transformations (Dekker, Knuth; Ogita, Rump, Oishi 2005): the result and its exact rounding error.
//
// All of them assume round to nearest. `two_sum` is exact unless the sum overflows (then the error is NaN);
// `two_product` is exact unless it overflows or the error falls below the subnormal range: |a b| >= 2^-968 suffices.
#pragma once

#include <cmath>

namespace capnode {

struct Sum {
    double value;
    double error;
};

/// value + error = a + b exactly.
inline Sum two_sum(double a, double b) {
    const double s = a + b;
    const double z = s - a;
    return {s, (a - (s - z)) + (b - z)};
}

/// The same for |a| >= |b| or a = 0.
inline Sum quick_two_sum(double a, double b) {
    const double s = a + b;
    return {s, b - (s - a)};
}

/// value + error = a b exactly (range: see the head of the file). std::fma is correct on every machine: one
/// instruction where the unit is compiled for it, a libm call elsewhere; bulk code has kernels of its own.
inline Sum two_product(double a, double b) {
    const double p = a * b;
    return {p, std::fma(a, b, -p)};
}

}  // namespace capnode
