// Inputs of the core are total: a ball that is not finite (NaN, overflow, a negative radius) is the whole line, 0 +-
// inf.
#pragma once

#include <cmath>

#include "capnode/numerics/matrix.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode::detail {

inline BallMatrix sanitize(BallMatrix a) {
    if (a.rad.size() == 0 && a.mid.size() > 0) a.rad = Matrix(a.mid.rows, a.mid.cols);
    for (std::size_t k = 0; k < a.mid.size(); ++k) {
        double& m = a.mid.data[k];
        double& r = a.rad.data[k];
        if (!(std::fabs(m) < infinity && r >= 0.0 && r < infinity)) {
            m = 0.0;
            r = infinity;
        }
    }
    return a;
}

inline ComplexBallMatrix sanitize(ComplexBallMatrix a) {
    if (a.rad.size() == 0 && a.mid.re.size() > 0) a.rad = Matrix(a.mid.rows(), a.mid.cols());
    for (std::size_t k = 0; k < a.rad.size(); ++k) {
        double& x = a.mid.re.data[k];
        double& y = a.mid.im.data[k];
        double& r = a.rad.data[k];
        if (!(std::fabs(x) < infinity && std::fabs(y) < infinity && r >= 0.0 && r < infinity)) {
            x = 0.0;
            y = 0.0;
            r = infinity;
        }
    }
    return a;
}

}  // namespace capnode::detail
