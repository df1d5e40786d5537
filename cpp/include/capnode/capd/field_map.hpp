// A Field as a map of CAPD's: capd::IMap, with derivatives of any order CAPD can take.
//
// The graph is lowered node by node to CAPD's expression nodes (not to a formula string: no number passes through
// decimals). Weights are constants of the expression, exactly the stored doubles; entries equal to 0 are left out.
// Parameters of the map, in this order: those of the field; one for each entry of a tensor with a radius, the interval
// mid +- rad; the initial time, where the field depends on time.
//
// CAPD has + - * / powers exp log sqrt sin cos atan. The others of the closed list are written through these:
//     tanh v = 1 - 2/(1 + e^2v)    sigmoid v = 1/(1 + e^-v)    softplus v = log(1 + e^v)    silu v = v/(1 + e^-v)
//     gelu_tanh v = v sigmoid(2 sqrt(2/pi) (v + 0.044715 v^3))    mish v = v (1 - 2/(1 + (1 + e^v)^2))
// erf and gelu have no such form: capd_field refuses them by name. An exponential that overflows (tanh of more than
// 354) is an error of CAPD's.
//
// Time is the offset from the initial time, so that a run always starts at 0; backward, the map is that of the reversed
// field, x'(s) = -f(x, p, t0 - s).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capd/capdlib.h"
#include "capnode/field/field.hpp"
#include "capnode/numerics/interval.hpp"

namespace capnode {

/// std::invalid_argument, naming the functions, where CAPD cannot differentiate the field.
void require_capd_field(const Field& field);

/// The map, its parameters still unset where the field has some (see set_capd_parameters). To be called inside of a
/// CapdCall; from any thread: CAPD builds one expression at a time, and this function waits for its turn. A map belongs
/// to one thread at a time.
std::unique_ptr<::capd::IMap> capd_map(const Field& field, bool backward = false, int degree = 1);

/// The map of a formula in CAPD's language, "par:a;var:x,y;fun:y,-a*x;". CAPD's own exception where it cannot be read.
std::unique_ptr<::capd::IMap> capd_map(const std::string& formula);

/// Sets all parameters of such a map: `p` (parameter_dim), the weights with a radius, the initial time.
void set_capd_parameters(::capd::IMap& map, const Field& field, const std::vector<Interval>& p,
                         const Interval& t0 = Interval(0.0));

}  // namespace capnode
