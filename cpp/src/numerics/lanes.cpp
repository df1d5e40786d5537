#include "capnode/numerics/lanes.hpp"

#include "capnode/numerics/ball.hpp"

namespace capnode {
namespace {

void store(const Interval& y, double& mid, double& rad) {
    const Ball b = to_ball(y);
    mid = b.mid;
    rad = b.rad;
}

}  // namespace

void apply_lanes(Function f, std::size_t n, const double* mid, const double* rad, double* out_mid, double* out_rad) {
    for (std::size_t i = 0; i < n; ++i) {
        store(apply(f, ball_hull(mid[i], rad == nullptr ? 0.0 : rad[i])), out_mid[i], out_rad[i]);
    }
}

void derivative_lanes(Function f, std::size_t n, const double* mid, const double* rad, double* value_mid,
                      double* value_rad, double* slope_mid, double* slope_rad) {
    for (std::size_t i = 0; i < n; ++i) {
        const auto y = derivatives(f, ball_hull(mid[i], rad == nullptr ? 0.0 : rad[i]));
        store(y[0], value_mid[i], value_rad[i]);
        store(y[1], slope_mid[i], slope_rad[i]);
    }
}

void value_lanes(Function f, std::size_t n, const double* x, double* value, double* slope) {
    for (std::size_t i = 0; i < n; ++i) {
        if (slope == nullptr) {
            value[i] = apply(f, x[i]);
        } else {
            const auto y = derivatives(f, x[i]);
            value[i] = y[0];
            slope[i] = y[1];
        }
    }
}

}  // namespace capnode
