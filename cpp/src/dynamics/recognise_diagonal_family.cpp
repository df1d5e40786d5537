// Recognition of x' = s(A(p) x + b), dA/dp = I, by exact comparison of the coefficients that the graph expands to.
#include "affine_expansion.hpp"
#include "capnode/dynamics/diagonal_family.hpp"

namespace capnode {

std::optional<DiagonalFamily> recognise_diagonal_family(const Field& field, std::string* reason) {
    const auto no = [&](std::string why) -> std::optional<DiagonalFamily> {
        if (reason != nullptr) *reason = std::move(why);
        return std::nullopt;
    };
    if (field.parameter_dim() != 1)
        return no("the field has " + std::to_string(field.parameter_dim()) + " parameters, the family has one");
    if (field.depends_on_time()) return no("the field depends on time");

    NodeExpansion output = expand_output(field);
    if (!output.activated)
        return no(output.affine ? "the field is affine in the state"
                                : "the field is no s(A(p) x + b): " + output.reason);
    ActivatedExpansion& s = *output.activated;
    // odd, s'(0) > 0, no zero but 0: exactly these of the closed list
    if (s.function != Function::tanh && s.function != Function::atan && s.function != Function::erf)
        return no(std::string("the activation ") + name(s.function) + " is not odd with the only zero 0");
    if (!(s.scale > 0.0)) return no("s'(0) is not positive");
    const std::size_t n = field.dim();
    if (!s.inner.parameter.empty()) return no("the bias depends on the parameter");
    if (!is_exact_identity(s.inner.bilinear, n)) return no("dA/dp is not exactly the identity matrix");

    DiagonalFamily family{s.function, s.scale, dense(s.inner.state, n, n), BallMatrix(n, 1)};
    for (std::size_t i = 0; i < n; ++i) {
        family.bias.mid(i, 0) = s.inner.constant[i].mid;
        family.bias.rad(i, 0) = s.inner.constant[i].rad;
    }
    return family;
}

}  // namespace capnode
