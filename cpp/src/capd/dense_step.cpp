#include "dense_step.hpp"

#include <algorithm>
#include <cmath>

#include "capnode/capd/convert.hpp"

namespace capnode {
namespace {

using ::capd::interval;

constexpr int pieces_of_wide_sets = 8;

// Ends only: no arithmetic of ours while CAPD's rounding mode holds.
double magnitude_of(const interval& x) {
    const double lo = x.leftBound();
    const double hi = x.rightBound();
    return lo <= hi ? std::max(std::fabs(lo), std::fabs(hi)) : infinity;  // NaN
}

using Index = ::capd::IOdeSolver::size_type;  // CAPD's: unsigned int

/// Horner's rule over the coefficients get(0), ..., get(order).
template <class Get>
interval horner(const interval& t, int order, Get get) {
    interval sum = get(order);
    for (int k = order - 1; k >= 0; --k) sum = sum * t + get(k);
    return sum;
}

}  // namespace

FlowStep dense_step(const ::capd::IOdeSolver::SolutionCurve& curve, double start, double length, double sign) {
    const int n = static_cast<int>(curve.dimension());
    const int order = static_cast<int>(curve.getOrder());
    FlowStep step;
    step.start = sign * start;
    step.length = sign * length;
    step.scale = sign;
    step.polynomial = Matrix(static_cast<std::size_t>(n), static_cast<std::size_t>(order) + 1);
    step.tube.assign(static_cast<std::size_t>(n), 0.0);
    const auto c = [&](int i, int k) -> const interval& {
        return curve.centerCoefficient(static_cast<Index>(i), static_cast<Index>(k));
    };
    bool wide = false;
    std::vector<interval> away;  // X - x_bar
    for (int i = 0; i < n; ++i) {
        for (int k = 0; k <= order; ++k) {
            const double middle = c(i, k).mid().leftBound();
            step.polynomial(static_cast<std::size_t>(i), static_cast<std::size_t>(k)) =
                std::isfinite(middle) ? middle : 0.0;
        }
        away.push_back(curve.coefficient(static_cast<Index>(i), 0) - c(i, 0));
        wide = wide || magnitude_of(away.back()) > 0x1p-30;
    }
    const int pieces = wide ? pieces_of_wide_sets : 1;
    for (int q = 0; q < pieces; ++q) {
        const interval share(static_cast<double>(q) / pieces,
                             static_cast<double>(q + 1) / pieces);  // exact: powers of 2
        const interval t = interval(length) * share;
        const interval last = power(t, order + 1);
        for (int i = 0; i < n; ++i) {
            interval rest = horner(t, order, [&](int k) {
                return c(i, k) - interval(step.polynomial(static_cast<std::size_t>(i), static_cast<std::size_t>(k)));
            });
            for (int j = 0; j < n; ++j) {
                rest += horner(t, order,
                               [&](int k) -> const interval& {
                                   return curve.coefficient(static_cast<Index>(i), static_cast<Index>(j),
                                                            static_cast<Index>(k));
                               }) *
                        away[static_cast<std::size_t>(j)];
            }
            rest += last * curve.remainderCoefficient(static_cast<Index>(i), static_cast<Index>(order) + 1);
            double& tube = step.tube[static_cast<std::size_t>(i)];
            tube = std::max(tube, magnitude_of(rest));
        }
    }
    return step;
}

}  // namespace capnode
