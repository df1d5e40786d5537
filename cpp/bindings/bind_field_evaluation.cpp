#include "arrays.hpp"
#include "field_evaluation.hpp"

namespace capnode::bindings {

void register_field_evaluation(py::class_<Field>& field) { (void)field; }

}  // namespace capnode::bindings
