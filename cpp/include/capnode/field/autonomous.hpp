// Time as a coordinate of the state.
#pragma once

#include "capnode/field/field.hpp"

namespace capnode {

/// The autonomous field of y = (x, t): y' = (f(x, p, t), 1), of dimension dim + 1 and without a time argument.
Field autonomous(const Field& field);

}  // namespace capnode
