#include "bindings.hpp"

namespace capnode::bindings {

void register_hopf(pybind11::module_& module) { (void)module; }

}  // namespace capnode::bindings
