// Sets of errors against sampled members: everything that is mapped and moved stays inside, and nothing is much too
// wide.
#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "capnode/flow/error_set.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

// Follows `count` random members, each moved by random errors at the limits, and checks the magnitudes at every step.
// `ball`: errors of that 2-norm in the first `moving` rows on top of the boxes.
void follow(std::size_t n, ErrorSet::Shape shape, double ball, std::size_t moving, unsigned seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    constexpr std::size_t count = 40;
    ErrorSet set(n, 1, shape);
    std::vector<std::vector<double>> members(count, std::vector<double>(n, 0.0));
    bool inside = true;
    double widest = 0.0;
    std::vector<double> magnitude(n);
    for (int step = 0; step < 30; ++step) {
        Matrix phi = Matrix::identity(n);
        for (double& x : phi.data) x += 0.2 * normal(random) / std::sqrt(static_cast<double>(n));
        std::vector<double> d(n);
        for (double& x : d) x = 1e-12 * (1.0 + uniform(random));
        set.propagate(phi.data.data(), d.data(), ball, moving);
        set.magnitude(magnitude.data());
        double largest = 0.0;
        for (auto& m : members) {
            std::vector<double> next(n, 0.0);
            std::vector<double> push(n, 0.0);
            double size = 0.0;
            for (std::size_t i = 0; i < moving; ++i) {
                push[i] = normal(random);
                size += push[i] * push[i];
            }
            for (std::size_t i = 0; i < n; ++i) {
                for (std::size_t k = 0; k < n; ++k) next[i] += phi(i, k) * m[k];
                next[i] += d[i] * (uniform(random) > 0.0 ? 1.0 : -1.0);
                if (size > 0.0) next[i] += ball * push[i] / std::sqrt(size);
                inside = inside && std::fabs(next[i]) <= magnitude[i] * (1.0 + 1e-12);
                largest = std::max(largest, std::fabs(next[i]));
            }
            m = next;
        }
        for (const double x : magnitude) widest = std::max(widest, x / largest);
        double sum = 0.0;
        for (const double x : magnitude) sum += x * x;
        CHECK(set.euclidean() <= std::sqrt(sum) * (1.0 + 1e-6) || shape == ErrorSet::Shape::frame);
    }
    CHECK(inside);
    CHECK(widest < 60.0);
    CHECK(set.is_finite());
}

}  // namespace

int main() {
    for (unsigned seed = 1; seed <= 5; ++seed) {
        for (const std::size_t n : {1, 2, 3}) follow(n, ErrorSet::Shape::frame, 0.0, 0, seed);
        for (const std::size_t n : {2, 3, 5, 12, 40}) {
            follow(n, ErrorSet::Shape::ellipsoid, 0.0, 0, seed);
            follow(n, ErrorSet::Shape::ellipsoid, 1e-11, n, seed);
            follow(n, ErrorSet::Shape::ellipsoid, 1e-11, n - 1, seed);
        }
    }
    // A singular map, as a projection is: a frame survives it.
    ErrorSet set(2, 1, ErrorSet::Shape::frame);
    const Matrix one = Matrix::identity(2);
    const std::vector<double> d{1.0, 2.0};
    set.propagate(one.data.data(), d.data());
    Matrix flat(2, 2);
    flat(0, 0) = flat(0, 1) = 1.0;
    const std::vector<double> none{0.0, 0.0};
    set.propagate(flat.data.data(), none.data());
    std::vector<double> m(2);
    set.magnitude(m.data());
    CHECK(m[0] >= 3.0 && m[0] < 3.0 + 1e-8);
    CHECK(m[1] >= 0.0 && m[1] < 1e-9);
    // A bound that is no number is no bound.
    const std::vector<double> unknown{std::nan(""), 0.0};
    set.propagate(one.data.data(), unknown.data());
    CHECK(!set.is_finite());
    return check::report();
}
