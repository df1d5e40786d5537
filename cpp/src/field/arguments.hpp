// What every evaluation checks first: the sizes of state and parameter, with both numbers in the message.
#pragma once

#include <cstddef>

#include "capnode/field/field.hpp"

namespace capnode::detail {

/// The state has `rows` entries, the parameter `parameter_rows` (0 is fine where the field has none).
void check_sizes(const Field& field, std::size_t rows, std::size_t parameter_rows);
/// Also the lanes: x has at least one; p has one or as many.
void check_lanes(std::size_t lanes, std::size_t parameter_lanes);
/// One point: exactly one column.
void check_one_column(const char* what, std::size_t cols);

}  // namespace capnode::detail
