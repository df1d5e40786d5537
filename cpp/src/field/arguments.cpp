#include "arguments.hpp"

#include <stdexcept>
#include <string>

namespace capnode::detail {

void check_sizes(const Field& field, std::size_t rows, std::size_t parameter_rows) {
    if (rows != field.dim()) {
        throw std::invalid_argument("the state has " + std::to_string(rows) + " entries, the field has dimension " +
                                    std::to_string(field.dim()));
    }
    if (parameter_rows != field.parameter_dim()) {
        throw std::invalid_argument("the parameter has " + std::to_string(parameter_rows) +
                                    " entries, the field has parameter_dim " + std::to_string(field.parameter_dim()));
    }
}

void check_lanes(std::size_t lanes, std::size_t parameter_lanes) {
    if (lanes == 0) throw std::invalid_argument("the state has 0 lanes, at least 1 is needed");
    if (parameter_lanes != 1 && parameter_lanes != lanes) {
        throw std::invalid_argument("the parameter has " + std::to_string(parameter_lanes) + " lanes, the state " +
                                    std::to_string(lanes));
    }
}

void check_one_column(const char* what, std::size_t cols) {
    if (cols != 1) {
        throw std::invalid_argument(std::string(what) + " has " + std::to_string(cols) +
                                    " columns, one point (1 column) is needed");
    }
}

}  // namespace capnode::detail
