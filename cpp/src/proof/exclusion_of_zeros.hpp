// Proofs that a box holds no zero, and the refusal of unbounded boxes: the answers of the zero theorems that come
// before any contraction. Each returns nothing where it has nothing to say. Not installed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "capnode/proof/zero.hpp"

namespace capnode::zeros {

/// An inclusion in an unbounded box proves nothing: not proved, `unbounded`.
std::optional<Result<Zero>> refuse_unbounded(const std::vector<Interval>& X);

/// 0 not in F_i(X) for some i: no member has a zero in X.
std::optional<Result<Zero>> exclude_by_value(const ZeroProblem& problem, const std::vector<Interval>& X);

/// All zeros of X lie in `image`: if the two are disjoint in some component there is none.
std::optional<Result<Zero>> exclude_by_image(const std::string& name, const std::vector<Interval>& image,
                                             const std::vector<Interval>& X);

}  // namespace capnode::zeros
