#include "capnode/flow/spatial_range.hpp"

#include <algorithm>
#include <cmath>
#include <queue>
#include <utility>
#include <vector>

#include "capnode/numerics/rounding.hpp"
#include "radius_rounding.hpp"

namespace capnode {
namespace {

struct Part {
    std::vector<double> c;
    double error = 0.0;  // of the coefficients together
    double upper = 0.0;
    bool operator<(const Part& other) const { return upper < other.upper; }
};

class UpperBound {
  public:
    UpperBound(const SpatialBasis& basis, double share) : basis_(basis), share_(share) {
        move_ = gamma_up(static_cast<double>(4 * basis.degree() + 12));
        sum_ = 1.0 + gamma_up(static_cast<double>(basis.size() + 8));
    }

    double operator()(std::vector<double> c, std::size_t budget) {
        double norm = 0.0;
        for (const double x : c) norm += std::fabs(x);
        if (!(norm < infinity)) return infinity;
        norm_ = norm * slack;
        const double scale = norm_ - std::fabs(c[0]);
        std::priority_queue<Part> parts;
        double reached = -infinity;  // a value that is taken, about: a hint of what is still to be gained
        const auto add = [&](Part part) {
            settle(part);
            reached = std::max(reached, value_near_maximum(part));
            parts.push(std::move(part));
        };
        add({std::move(c), 0.0, 0.0});
        double best = parts.top().upper;
        for (std::size_t q = 0; q < budget && parts.top().upper - reached > share_ * scale; ++q) {
            Part part = parts.top();
            const std::size_t i = variable_to_divide(part);
            if (i == basis_.variables()) break;
            parts.pop();
            for (const double side : {-0.5, 0.5}) {
                Part half = part;
                shift(half, i, side);
                add(std::move(half));
            }
            best = std::min(best, parts.top().upper);
        }
        return best;
    }

  private:
    void settle(Part& part) {
        for (bool again = true; again;) {
            again = false;
            for (std::size_t i = 0; i < basis_.variables(); ++i) {
                const double linear = part.c[basis_.linear(i)];
                if (linear == 0.0) continue;
                double rest = part.error * static_cast<double>(basis_.degree());
                for (std::size_t m = basis_.level(1); m < basis_.size(); ++m) {
                    if (m == basis_.linear(i)) continue;
                    rest += static_cast<double>(basis_.exponents(m)[i]) * std::fabs(part.c[m]);
                }
                if (std::fabs(linear) > rest * slack) {
                    fix(part, i, linear > 0.0 ? 1.0 : -1.0);
                    again = true;
                }
            }
        }
        double around = 0.0;
        for (std::size_t m = 1; m < basis_.size(); ++m) {
            around += basis_.even(m) ? std::max(part.c[m], 0.0) : std::fabs(part.c[m]);
        }
        around = around * sum_ + part.error * slack + underflow;
        part.upper = add_up(part.c[0], around);
        if (!(part.upper < infinity)) part.upper = infinity;
    }

    // r_i = side: from the highest power down, c_{m / r_i} += side c_m.
    void fix(Part& part, std::size_t i, double side) {
        for (std::size_t m = basis_.size(); m-- > 1;) {
            const SpatialBasis::Index lower = basis_.divided(m, i);
            if (lower == SpatialBasis::none) continue;
            part.c[lower] += side * part.c[m];
            part.c[m] = 0.0;
        }
        part.error += move_ * norm_ + underflow;
    }

    // r_i = side + r / 2, by Horner's scheme of repeated synthetic division (degree d): d passes.
    void shift(Part& part, std::size_t i, double side) {
        std::size_t most = 0;
        for (std::size_t m = 1; m < basis_.size(); ++m) {
            if (part.c[m] != 0.0) most = std::max<std::size_t>(most, basis_.exponents(m)[i]);
        }
        // c(r + side): pass q = 0..most-1 adds side c_{q'+1} to c_{q'} for q' = most-1 down to q.
        for (std::size_t q = 0; q < most; ++q) {
            for (std::size_t m = basis_.size(); m-- > 1;) {
                const std::size_t power = basis_.exponents(m)[i];
                if (power <= q) continue;
                part.c[basis_.divided(m, i)] += side * part.c[m];
            }
        }
        for (std::size_t m = 1; m < basis_.size(); ++m) part.c[m] = std::ldexp(part.c[m], -basis_.exponents(m)[i]);
        part.error += move_ * norm_ + underflow;
    }

    // The value at the corner that the linear terms point to.
    double value_near_maximum(const Part& part) const {
        double value = part.c[0];
        for (std::size_t m = 1; m < basis_.size(); ++m) {
            double x = part.c[m];
            if (x == 0.0) continue;
            for (std::size_t i = 0; i < basis_.variables(); ++i) {
                if (basis_.exponents(m)[i] % 2 == 1 && part.c[basis_.linear(i)] < 0.0) x = -x;
            }
            value += x;
        }
        return std::max(value, part.c[0]);
    }

    std::size_t variable_to_divide(const Part& part) const {
        double most = 0.0;
        std::size_t best = basis_.variables();
        for (std::size_t i = 0; i < basis_.variables(); ++i) {
            double bend = 0.0;
            for (std::size_t m = basis_.level(1); m < basis_.size(); ++m) {
                if (m != basis_.linear(i) && basis_.exponents(m)[i] > 0) bend += std::fabs(part.c[m]);
            }
            if (bend > most) {
                most = bend;
                best = i;
            }
        }
        return best;
    }

    const SpatialBasis& basis_;
    double share_, move_, sum_ = 1.0, norm_ = 0.0;
};

}  // namespace

Interval spatial_range(const SpatialBasis& basis, const double* c, std::size_t budget, double share) {
    UpperBound upper(basis, share);
    std::vector<double> copy(c, c + basis.size());
    const double hi = upper(copy, budget);
    for (double& x : copy) x = -x;
    const double lo = -upper(std::move(copy), budget);
    return lo <= hi ? Interval(lo, hi) : Interval::whole();
}

}  // namespace capnode
