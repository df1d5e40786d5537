#include "exclusion_of_zeros.hpp"

#include "capnode/proof/krawczyk_image.hpp"

#include "capnode/numerics/number_text.hpp"

namespace capnode::zeros {

std::optional<Result<Zero>> refuse_unbounded(const std::vector<Interval>& X) {
    for (std::size_t i = 0; i < X.size(); ++i) {
        if (!is_bounded(X[i]))
            return Result<Zero>::not_proved(
                Verdict::unbounded, "Component " + std::to_string(i) + " of the box is " + number_text(X[i]) + ".");
    }
    return std::nullopt;
}

std::optional<Result<Zero>> exclude_by_value(const ZeroProblem& problem, const std::vector<Interval>& X) {
    if (!problem.value) return std::nullopt;
    const std::vector<Interval> F = problem.value(X);
    for (std::size_t i = 0; i < F.size(); ++i) {
        if (!contains_zero(F[i])) {
            const std::string name = "component " + std::to_string(i) + " of F over the box";
            return Result<Zero>::not_proved(Verdict::no_zero, name + " lies in " + number_text(F[i]) + ".",
                                            {{name, F[i].lo, F[i].hi, "excludes", 0.0, 0.0, true}});
        }
    }
    return std::nullopt;
}

std::optional<Result<Zero>> exclude_by_image(const std::string& name, const std::vector<Interval>& image,
                                             const std::vector<Interval>& X) {
    const std::optional<std::size_t> i = disjoint_component(image, X);
    if (!i) return std::nullopt;
    const std::string what = name + ", component " + std::to_string(*i);
    return Result<Zero>::not_proved(
        Verdict::no_zero,
        "Zeros of the box lie in " + number_text(image[*i]) + " and in " + number_text(X[*i]) + " (" + what + ").",
        {{what, image[*i].lo, image[*i].hi, "disjoint", X[*i].lo, X[*i].hi, true}});
}

}  // namespace capnode::zeros
