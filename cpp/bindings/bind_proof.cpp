#include "bindings.hpp"

namespace capnode::bindings {

void register_proof(pybind11::module_& module) { (void)module; }

}  // namespace capnode::bindings
