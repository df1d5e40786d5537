#include "bindings.hpp"

namespace capnode::bindings {

void register_diagonal_family(pybind11::module_& module) { (void)module; }

}  // namespace capnode::bindings
