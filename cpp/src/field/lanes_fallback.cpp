// Stands in, one entry at a time through elementary.hpp, until lanes.cpp brings the kernels; then this file goes.
#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/lanes.hpp"
namespace capnode {
__attribute__((weak)) void apply_lanes(Function f, std::size_t n, const double* mid, const double* rad, double* om,
                                       double* orad) {
    for (std::size_t i = 0; i < n; ++i) {
        Ball b{mid[i], rad ? rad[i] : 0.0};
        Ball y = b.rad < infinity ? to_ball(apply(f, to_interval(b))) : Ball{0.0, infinity};
        om[i] = y.mid;
        orad[i] = y.rad;
    }
}
__attribute__((weak)) void derivative_lanes(Function f, std::size_t n, const double* mid, const double* rad, double* vm,
                                            double* vr, double* sm, double* sr) {
    for (std::size_t i = 0; i < n; ++i) {
        Ball b{mid[i], rad ? rad[i] : 0.0};
        if (!(b.rad < infinity)) {
            vm[i] = sm[i] = 0;
            vr[i] = sr[i] = infinity;
            continue;
        }
        auto d = derivatives(f, to_interval(b));
        Ball y = to_ball(d[0]), s = to_ball(d[1]);
        vm[i] = y.mid;
        vr[i] = y.rad;
        sm[i] = s.mid;
        sr[i] = s.rad;
    }
}
__attribute__((weak)) void value_lanes(Function f, std::size_t n, const double* x, double* v, double* s) {
    for (std::size_t i = 0; i < n; ++i) {
        auto d = derivatives(f, x[i]);
        v[i] = d[0];
        if (s) s[i] = d[1];
    }
}
}  // namespace capnode
