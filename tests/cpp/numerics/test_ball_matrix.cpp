// Ball products: integers whose product is known exactly, totality, structure, and the float environment of the caller.
// Containment against 200 bits is tested in tests/python/test_ball_matrix.py.
#include "capnode/numerics/ball_matrix.hpp"

#include <xmmintrin.h>

#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

#include "capnode/numerics/float_environment.hpp"
#include "capnode/numerics/rounding.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

Matrix integers(std::size_t rows, std::size_t cols, std::mt19937_64& generator, int bound) {
    std::uniform_int_distribution<int> draw(-bound, bound);
    Matrix m(rows, cols);
    for (double& x : m.data) x = draw(generator);
    return m;
}

// Products of small integers are exact in floating point: the midpoint must be the product, whatever the radius says.
void exact_products() {
    std::mt19937_64 generator(1);
    for (const std::size_t n : {1, 5, 33, 128}) {
        const Matrix a = integers(n, n + 1, generator, 1000), b = integers(n + 1, n, generator, 1000);
        const BallMatrix c = multiply(a, b);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) {
                double sum = 0.0;
                for (std::size_t l = 0; l <= n; ++l) sum += a(i, l) * b(l, j);
                CHECK(c.mid(i, j) == sum);
                CHECK(c.rad(i, j) > 0.0 || sum == 0.0);
            }
        }
    }
}

// A radius on one side only: |A| R exactly, up to the inflation.
void radii_of_integers() {
    std::mt19937_64 generator(2);
    for (const std::size_t n : {4, 100}) {
        const Matrix a = integers(n, n, generator, 9);
        BallMatrix b(Matrix(n, n), Matrix(n, n, 1.0));  // 0 ± 1
        const BallMatrix c = multiply(a, b);
        for (std::size_t i = 0; i < n; ++i) {
            double sum = 0.0;
            for (std::size_t l = 0; l < n; ++l) sum += std::fabs(a(i, l));
            CHECK(c.rad(i, 0) >= sum);
            CHECK(c.rad(i, 0) <= sum * (n < 96 ? 1.0 + 1e-12 : 1.0001));
        }
    }
}

void totality() {
    for (const double bad : {infinity, -infinity, std::numeric_limits<double>::quiet_NaN()}) {
        for (const std::size_t n : {2, 100}) {
            BallMatrix a(Matrix::identity(n)), b(Matrix::identity(n));
            b.mid(0, 1) = bad;
            const BallMatrix c = multiply(a, b);
            CHECK(c.rad(0, 1) == infinity);
            CHECK(c.mid(0, 1) == 0.0);
            CHECK(c.rad(1, 0) < infinity);
            b.mid(0, 1) = 0.0;
            b.rad(0, 1) = std::fabs(bad);
            CHECK(multiply(a, b).rad(0, 1) == infinity);
        }
    }
    CHECK(modulus_up(std::numeric_limits<double>::quiet_NaN(), 0.0) == infinity);
    CHECK(modulus_down(std::numeric_limits<double>::quiet_NaN(), 1.0) <= 1.0);
    CHECK(modulus_up(3e-320, 4e-320) >= 5e-320);
    CHECK(modulus_up(3e300, 4e300) >= 5e300);
    CHECK(modulus_up(3e300, 4e300) <= 5.000001e300);
    CHECK(modulus_down(3.0, 4.0) <= 5.0);
    CHECK(modulus_down(3.0, 4.0) > 4.999999);
    CHECK(modulus_down(3e-320, 4e-320) <= 5e-320);
}

void empty_and_misshapen() {
    const BallMatrix none = multiply(Matrix(3, 0), BallMatrix(0, 2));
    CHECK(none.rows() == 3 && none.cols() == 2 && none.mid(2, 1) == 0.0 && none.rad(2, 1) == 0.0);
    bool threw = false;
    try {
        (void)multiply(Matrix(2, 3), Matrix(2, 3));
    } catch (const std::invalid_argument&) {
        threw = true;
    }
    CHECK(threw);
}

void conversions() {
    Matrix lo(1, 3), hi(1, 3);
    lo.data = {-1.0, 0.1, -infinity};
    hi.data = {2.0, 0.1, 5.0};
    const BallMatrix b = ball_matrix(lo, hi);
    CHECK(lower_ends(b)(0, 0) <= -1.0 && upper_ends(b)(0, 0) >= 2.0);
    CHECK(b.rad(0, 1) == 0.0 && b.mid(0, 1) == 0.1);
    CHECK(b.rad(0, 2) == infinity && lower_ends(b)(0, 2) == -infinity);
    CHECK(!is_finite(b));
    BallMatrix wide = b;
    wide.rad(0, 0) = next_up(b.rad(0, 0));
    CHECK(!subset(b, b) || true);  // infinite entries: no statement either way may be wrong
    BallMatrix inner(1, 1), outer(1, 1);
    inner.mid(0, 0) = 1.0;
    inner.rad(0, 0) = 0.5;
    outer.rad(0, 0) = 1.5;
    CHECK(subset(inner, outer));
    outer.rad(0, 0) = next_down(1.5);
    CHECK(!subset(inner, outer));
}

// A caller's flush-to-zero must not reach the products: 2^-540 2^-520 = 2^-1060 is subnormal.
void flush_to_zero() {
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040);
    BallMatrix c(1, 1);
    double direct = 0.0;
    {
        const FloatEnvironment guard;
        const Matrix a(1, 1, 0x1p-540), b(1, 1, 0x1p-520);
        c = multiply(a, b);
        direct = c.mid(0, 0);
    }
    _mm_setcsr(before);
    CHECK(direct == 0x1p-1060);
    CHECK(c.rad(0, 0) > 0.0);
}

// Dropping the rounding term must be noticed: 1 + 2^-53 is not a double.
void mutation() {
    const Matrix a(1, 2, 1.0);
    Matrix b(2, 1);
    b.data = {1.0, 0x1p-53};
    const BallMatrix c = multiply(a, b);
    CHECK(c.mid(0, 0) == 1.0);
    CHECK(c.rad(0, 0) >= 0x1p-53);
    const BallMatrix w =
        affine(Matrix(1, 1, 1.0), Matrix(), BallMatrix(Matrix(1, 1, 0x1p-53)), BallMatrix(Matrix(1, 1, 1.0)));
    CHECK(w.rad(0, 0) >= 0x1p-53);
    const BallMatrix s = add(BallMatrix(Matrix(1, 1, 1.0)), BallMatrix(Matrix(1, 1, 0x1p-53)));
    CHECK(s.rad(0, 0) >= 0x1p-53);
}

}  // namespace

int main() {
    exact_products();
    radii_of_integers();
    totality();
    empty_and_misshapen();
    conversions();
    flush_to_zero();
    mutation();
    return check::report();
}
