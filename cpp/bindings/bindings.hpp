// What bind_*.cpp share: the register functions of module.cpp.
#pragma once

#include <pybind11/pybind11.h>

namespace capnode::bindings {

void register_float_environment(pybind11::module_& module);
void register_numerics(pybind11::module_& module);
void register_linear_algebra(pybind11::module_& module);
void register_spectrum(pybind11::module_& module);
void register_field(pybind11::module_& module);
void register_proof(pybind11::module_& module);
void register_equilibrium(pybind11::module_& module);
void register_hopf(pybind11::module_& module);
void register_diagonal_family(pybind11::module_& module);
void register_search(pybind11::module_& module);
void register_flow(pybind11::module_& module);
void register_poincare_map(pybind11::module_& module);
void register_readout(pybind11::module_& module);
void register_ftle(pybind11::module_& module);
void register_classify(pybind11::module_& module);
void register_lyapunov(pybind11::module_& module);
void register_robustness(pybind11::module_& module);
void register_covered_radius(pybind11::module_& module);

}  // namespace capnode::bindings
