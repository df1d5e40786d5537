#include "bindings.hpp"

namespace capnode::bindings {

void register_linear_algebra(pybind11::module_& module) { (void)module; }

}  // namespace capnode::bindings
