// The register functions of module.cpp.
#pragma once

#include <pybind11/pybind11.h>

namespace capnode::bindings {

void register_capd_flow(pybind11::module_& module);
void register_capd_poincare_map(pybind11::module_& module);
void register_capd_zeros(pybind11::module_& module);

}  // namespace capnode::bindings
