// The elementwise functions of the closed list, each for double (approximate), Interval and DoubleDoubleBall, with
// enclosures of its derivatives. One table names them: elementwise_table.def.
//
//     sigmoid(x) = 1 / (1 + e^-x)          softplus(x) = log(1 + e^x)        silu(x) = x sigmoid(x)
//     gelu(x) = x (1 + erf(x / sqrt 2))/2  mish(x) = x tanh(softplus(x))
//     gelu_tanh(x) = x (1 + tanh(sqrt(2/pi) (x + c x^3)))/2, c the rational number 0.044715
//
// Every enclosure is proved from argument reduction and series with explicit remainders in double-double balls
// (elementary_series.hpp); no value of libm is trusted. Where the set leaves the domain (log, sqrt, reciprocal) the
// answer is the whole line for f and all derivatives: a function that is undefined somewhere on the set encloses
// nothing.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "capnode/numerics/double_double.hpp"

namespace capnode {

enum class Function : int {
#define CAPNODE_ELEMENTWISE(name) name,
#include "capnode/numerics/elementwise_table.def"
#undef CAPNODE_ELEMENTWISE
};

/// The function of that name; std::invalid_argument naming the closed list otherwise.
Function function_from_name(std::string_view name);
const char* name(Function f);
/// All of the closed list, in the order of the table.
const std::vector<Function>& all_functions();

/// Approximate, by libm: for searches, hints and pictures only.
double apply(Function f, double x);
/// An enclosure of { f(x) : x in X } within a few ulp of the tightest, inside the true range of f.
Interval apply(Function f, const Interval& x);
/// To about 2^-90 relative for a point (2^-80 for gelu left of 0).
DoubleDoubleBall apply(Function f, const DoubleDoubleBall& x);

/// f, f', f'', f''' at x (not divided by factorials), approximately.
std::array<double, 4> derivatives(Function f, double x);
/// Enclosures of the ranges of f, f', f'', f''' over X (not divided by factorials). Tight for f; the derivatives are
/// tight for points and thin sets, and without blow-up on wide ones (never beyond global bounds of the function).
std::array<Interval, 4> derivatives(Function f, const Interval& x);
/// f and f' to about 2^-90 relative for a point (2^-80 for gelu left of 0).
std::array<DoubleDoubleBall, 2> derivatives2(Function f, const DoubleDoubleBall& x);

/// x^n and its derivatives n x^(n-1), n (n-1) x^(n-2), ...
std::array<double, 4> power_derivatives(double x, int n);
std::array<Interval, 4> power_derivatives(const Interval& x, int n);
std::array<DoubleDoubleBall, 2> power_derivatives2(const DoubleDoubleBall& x, int n);

}  // namespace capnode
