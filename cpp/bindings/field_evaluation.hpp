// bind_field.cpp makes the class, bind_field_evaluation.cpp gives it evaluation.
#pragma once

#include <pybind11/pybind11.h>

#include "capnode/field/field.hpp"

namespace capnode::bindings {

void register_field_evaluation(pybind11::class_<Field>& field);

}  // namespace capnode::bindings
