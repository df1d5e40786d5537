// Stands in until elementary.cpp brings the strong definitions; then this file goes.
#include <stdexcept>
#include <string>

#include "capnode/numerics/elementary.hpp"

namespace capnode {

__attribute__((weak)) const char* name(Function f) {
    switch (f) {
#define CAPNODE_ELEMENTWISE(id) \
    case Function::id:          \
        return #id;
#include "capnode/numerics/elementwise_table.def"
#undef CAPNODE_ELEMENTWISE
    }
    return "unknown";
}

__attribute__((weak)) Function function_from_name(std::string_view text) {
#define CAPNODE_ELEMENTWISE(id) \
    if (text == #id) return Function::id;
#include "capnode/numerics/elementwise_table.def"
#undef CAPNODE_ELEMENTWISE
    throw std::invalid_argument("unknown elementwise function '" + std::string(text) + "'");
}

}  // namespace capnode
