// Reads the body of a field file: numbers and the words of field_io.hpp, nothing else. Every node is replayed through
// the builder, which checks the sizes; counts are compared with the length of the text before anything is allocated.
#pragma once

#include <string_view>

#include "capnode/field/field.hpp"

namespace capnode::detail {

/// Throws FieldFormatError naming the line.
Field read_body(std::string_view body);

}  // namespace capnode::detail
