// A field as a small C++ program for users of CAPD::DynSys: written by us, compiled by them, nothing of CAPD needed
// here.
//
// The program holds the weights as hex floats (exactly the stored numbers), builds the vector field node by node in
// loops over the weights, integrates one set over [t0, t] together with the variational equation (C1Rect2Set) and
// prints enclosures of the state and of its derivative by the initial state. Weights with a radius, and the field's own
// parameters, are CAPD parameters with interval values.
//
// CAPD differentiates + - * /, powers, exp, log, sqrt, sin, cos, atan. The other functions of the closed list are
// written through these without loss of meaning:
//     tanh v = 1 - 2/(1 + e^2v)    sigmoid v = 1/(1 + e^-v)    softplus v = log(1 + e^v)    silu v = v sigmoid(v)
//     gelu_tanh v = v sigmoid(2 sqrt(2/pi) (v + c v^3)), c = 44715/10^6, pi = 4 atan 1     mish v = v tanh(softplus v)
// (each exponential form holds its argument once where it can, so that intervals lose little). erf and gelu have none.
#pragma once

#include <string>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/numerics/interval.hpp"

namespace capnode {

/// Whether CAPD can differentiate the function, directly or through the forms above.
bool capd_can_differentiate(Function function);

/// The functions of the field that CAPD cannot differentiate.
std::vector<Function> capd_missing(const Field& field);

/// What the program computes when it is run without arguments.
struct CapdRun {
    std::vector<Interval> x0;         // (dim)
    std::vector<Interval> parameter;  // (parameter_dim)
    double t0 = 0.0;
    double t = 1.0;
    int order = 20;
};

/// The text of the program. std::invalid_argument where sizes differ, and where the field uses a function that CAPD
/// cannot differentiate.
std::string capd_program(const Field& field, const CapdRun& run);

}  // namespace capnode
