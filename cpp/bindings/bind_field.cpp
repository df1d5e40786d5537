#include "bindings.hpp"

namespace capnode::bindings {

void register_field(pybind11::module_& module) { (void)module; }

}  // namespace capnode::bindings
