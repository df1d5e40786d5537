// Checks and the last step of every ball matrix operation, shared by ball_matrix.cpp and ball_products.cpp.
#pragma once

#include <cmath>
#include <stdexcept>
#include <string>

#include "capnode/numerics/rounding.hpp"
#include "radius_product.hpp"

namespace capnode::detail {

inline void require_inner(std::size_t a_cols, std::size_t b_rows) {
    if (a_cols != b_rows) {
        throw std::invalid_argument("inner sizes of a product differ: " + std::to_string(a_cols) + " and " +
                                    std::to_string(b_rows));
    }
}
inline void require_same(std::size_t r1, std::size_t c1, std::size_t r2, std::size_t c2) {
    if (r1 != r2 || c1 != c2) {
        throw std::invalid_argument("shapes differ: " + std::to_string(r1) + " x " + std::to_string(c1) + " and " +
                                    std::to_string(r2) + " x " + std::to_string(c2));
    }
}

// What is not finite becomes 0 ± inf; `slack` is added to the radius first.
inline void settle(double& mid, double& rad, double slack) {
    if (slack != 0.0) rad = ulps_up(rad + slack, 1);
    if (!(rad < infinity) || !(std::fabs(mid) < infinity)) {
        mid = 0.0;
        rad = infinity;
    }
}
inline void settle(double& re, double& im, double& rad, double slack) {
    if (slack != 0.0) rad = ulps_up(rad + slack, 1);
    if (!(rad < infinity) || !(std::fabs(re) < infinity) || !(std::fabs(im) < infinity)) {
        re = im = 0.0;
        rad = infinity;
    }
}

}  // namespace capnode::detail
