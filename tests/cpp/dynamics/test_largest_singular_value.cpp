// Members of random families lie inside; both ends are attained to second order; single matrices to a few ulps.
#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "capnode/dynamics/largest_singular_value.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

std::mt19937 random_bits(11);

double normal() { return std::normal_distribution<double>()(random_bits); }
double uniform() { return std::uniform_real_distribution<double>(-1.0, 1.0)(random_bits); }

long double sigma(const std::vector<long double>& m) {
    long double a = 0.0L;
    long double b = 0.0L;
    long double c = 0.0L;
    for (std::size_t i = 0; i < m.size(); i += 2) {
        a += m[i] * m[i];
        b += m[i] * m[i + 1];
        c += m[i + 1] * m[i + 1];
    }
    return std::sqrt((a + c) / 2.0L + std::sqrt((a - c) * (a - c) / 4.0L + b * b));
}

PlanarFamily family(std::size_t n, std::size_t directions, double size, double rest) {
    PlanarFamily f;
    f.centre = f.radius = Matrix(n, 2);
    for (double& x : f.centre.data) x = normal();
    for (double& x : f.radius.data) x = rest * std::fabs(normal());
    for (std::size_t k = 0; k < directions; ++k) {
        f.directions.emplace_back(n, 2);
        for (double& x : f.directions.back().data) x = normal();
        f.radii.push_back(size * std::fabs(normal()));
    }
    return f;
}

long double member(const PlanarFamily& f, bool extreme) {
    std::vector<long double> m(f.centre.data.begin(), f.centre.data.end());
    const auto draw = [&] { return extreme ? (uniform() < 0.0 ? -1.0 : 1.0) : uniform(); };
    for (std::size_t k = 0; k < f.directions.size(); ++k) {
        const long double r = static_cast<long double>(draw()) * f.radii[k];
        for (std::size_t e = 0; e < m.size(); ++e) m[e] += r * f.directions[k].data[e];
    }
    for (std::size_t e = 0; e < m.size(); ++e) m[e] += static_cast<long double>(draw()) * f.radius.data[e];
    return sigma(m);
}

void test_members() {
    for (int k = 0; k < 400; ++k) {
        const PlanarFamily f =
            family(2 + static_cast<std::size_t>(k % 4), static_cast<std::size_t>(k % 5), 0.1, k % 3 == 0 ? 0.0 : 0.05);
        const Interval all = largest_singular_value(f);
        CHECK(all.lo >= 0.0 && all.lo <= all.hi && all.hi < infinity);
        for (int s = 0; s < 40; ++s) {
            const long double x = member(f, s % 2 == 0);
            CHECK(x >= static_cast<long double>(all.lo) * (1.0L - 1e-17L));
            CHECK(x <= static_cast<long double>(all.hi) * (1.0L + 1e-17L));
        }
    }
}

// The upper end is attained at a corner, the lower one to second order.
void test_sharpness() {
    for (int k = 0; k < 200; ++k) {
        PlanarFamily f = family(3, 2, 1.0, 0.0);
        f.centre(0, 0) += 5.0;  // apart from the second singular value
        for (const double size : {1e-2, 1e-4}) {
            f.radii = {size, 0.7 * size};
            const Interval all = largest_singular_value(f);
            long double least = 1e30L;
            long double most = 0.0L;
            for (int s = 0; s < 64; ++s) {
                const long double x = member(f, true);
                least = std::min(least, x);
                most = std::max(most, x);
            }
            CHECK(static_cast<long double>(all.hi) - most <= 1e-14L);
            CHECK(least - static_cast<long double>(all.lo) <= static_cast<long double>(60.0 * size * size + 1e-13));
        }
    }
}

void test_single_matrices() {
    for (int k = 0; k < 500; ++k) {
        const PlanarFamily f = family(2, 0, 0.0, 0.0);
        const Interval all = largest_singular_value(f);
        const long double x = member(f, false);
        CHECK(static_cast<long double>(all.lo) <= x * (1.0L + 1e-18L));
        CHECK(x <= static_cast<long double>(all.hi) * (1.0L + 1e-18L));
        CHECK(all.hi - all.lo <= 1e-14 * all.hi);
    }
    PlanarFamily zero;
    zero.centre = zero.radius = Matrix(2, 2);
    CHECK(largest_singular_value(zero).lo == 0.0);
    CHECK(largest_singular_value(zero).hi < 1e-150);
    PlanarFamily twin = zero;  // both singular values 1: no direction is preferred
    twin.centre(0, 1) = -1.0;
    twin.centre(1, 0) = 1.0;
    CHECK(contains(largest_singular_value(twin), 1.0));
    CHECK(width_up(largest_singular_value(twin)) < 1e-14);
    twin.radius(0, 0) = infinity;
    CHECK(largest_singular_value(twin).hi == infinity);
    CHECK(largest_singular_value(twin).lo >= 0.0);
}

}  // namespace

int main() {
    test_members();
    test_sharpness();
    test_single_matrices();
    return check::report();
}
