#include "bindings.hpp"

namespace capnode::bindings {

void register_spectrum(pybind11::module_& module) { (void)module; }

}  // namespace capnode::bindings
