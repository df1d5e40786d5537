#include "capnode/numerics/lanes.hpp"

#include <algorithm>

#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/kernels.hpp"

namespace capnode {
namespace {

void store(const Interval& y, double& mid, double& rad) {
    const Ball b = to_ball(y);
    mid = b.mid;
    rad = b.rad;
}

kernels::BallKernel kernel_of(Function f) {
    const kernels::Table& t = kernels::table();
    switch (f) {
        case Function::tanh:
            return t.tanh;
        case Function::sigmoid:
            return t.sigmoid;
        case Function::softplus:
            return t.softplus;
        case Function::silu:
            return t.silu;
        case Function::exp:
            return t.exp;
        case Function::sin:
            return t.sin;
        case Function::cos:
            return t.cos;
        default:
            return nullptr;
    }
}

constexpr std::size_t block = 512;

/// Blocks of lanes through the kernel; a copy of the block is kept for the lanes that come back with radius +inf.
template <class Redo>
void with_kernel(kernels::BallKernel kernel, std::size_t n, const double* mid, const double* rad, double* value_mid,
                 double* value_rad, double* slope_mid, double* slope_rad, const Redo& redo) {
    double m[block];
    double r[block];
    for (std::size_t start = 0; start < n; start += block) {
        const std::size_t count = std::min(block, n - start);
        for (std::size_t i = 0; i < count; ++i) {
            m[i] = mid[start + i];
            r[i] = rad == nullptr ? 0.0 : rad[start + i];
        }
        if (kernel != nullptr) {
            kernel(count, m, r, value_mid + start, value_rad + start,
                   slope_mid == nullptr ? nullptr : slope_mid + start,
                   slope_mid == nullptr ? nullptr : slope_rad + start);
        }
        for (std::size_t i = 0; i < count; ++i) {
            if (kernel == nullptr || !(value_rad[start + i] < infinity)) redo(start + i, ball_hull(m[i], r[i]));
        }
    }
}

}  // namespace

void apply_lanes(Function f, std::size_t n, const double* mid, const double* rad, double* out_mid, double* out_rad) {
    with_kernel(kernel_of(f), n, mid, rad, out_mid, out_rad, nullptr, nullptr,
                [&](std::size_t i, const Interval& x) { store(apply(f, x), out_mid[i], out_rad[i]); });
}

void derivative_lanes(Function f, std::size_t n, const double* mid, const double* rad, double* value_mid,
                      double* value_rad, double* slope_mid, double* slope_rad) {
    with_kernel(kernel_of(f), n, mid, rad, value_mid, value_rad, slope_mid, slope_rad,
                [&](std::size_t i, const Interval& x) {
                    const auto y = derivatives(f, x);
                    store(y[0], value_mid[i], value_rad[i]);
                    store(y[1], slope_mid[i], slope_rad[i]);
                });
}

void value_lanes(Function f, std::size_t n, const double* x, double* value, double* slope) {
    for (std::size_t i = 0; i < n; ++i) {
        const double at = x[i];
        if (slope == nullptr) {
            value[i] = apply(f, at);
        } else {
            const auto y = derivatives(f, at);
            value[i] = y[0];
            slope[i] = y[1];
        }
    }
}

}  // namespace capnode
