#include "capnode/field/directional.hpp"

#include <stdexcept>
#include <string>

#include "arguments.hpp"
#include "double_double_algebra.hpp"
#include "traverse.hpp"

namespace capnode {

DirectionalDerivatives directional_derivatives(const Field& field, const std::vector<DoubleDoubleBall>& x,
                                               const std::vector<DoubleDoubleBall>& p,
                                               const std::vector<Direction>& directions, const DoubleDoubleBall& t) {
    detail::check_sizes(field, x.size(), p.size());
    for (const Direction& d : directions) {
        if (!d.x.empty() && d.x.size() != field.dim()) {
            throw std::invalid_argument("a direction has " + std::to_string(d.x.size()) +
                                        " state entries, the field has dimension " + std::to_string(field.dim()));
        }
        if (!d.p.empty() && d.p.size() != field.parameter_dim()) {
            throw std::invalid_argument("a direction has " + std::to_string(d.p.size()) +
                                        " parameter entries, the field has parameter_dim " +
                                        std::to_string(field.parameter_dim()));
        }
    }
    detail::DoubleDoubleAlgebra algebra(x, p, t, directions);
    const detail::DoubleDoubleColumns columns = detail::traverse(field, algebra);
    DirectionalDerivatives out;
    out.value = detail::column(columns, 0);
    for (std::size_t k = 0; k < directions.size(); ++k) out.derivatives.push_back(detail::column(columns, k + 1));
    return out;
}

}  // namespace capnode
