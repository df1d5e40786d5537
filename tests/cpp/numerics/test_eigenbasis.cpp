// Verified eigenbases of matrices whose spectrum is known exactly, and the solves on them. Against 200 bits:
// tests/python.
#include "capnode/numerics/eigenbasis.hpp"

#include <cmath>
#include <stdexcept>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/eigenbasis_solve.hpp"
#include "capnode/numerics/eigenpair.hpp"
#include "capnode/numerics/rounding.hpp"
#include "capnode/numerics/stability_count.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

// The cyclic shift of n: eigenvalues are the n-th roots of unity.
Matrix shift(std::size_t n) {
    Matrix a(n, n);
    for (std::size_t i = 0; i < n; ++i) a(i, (i + 1) % n) = 1.0;
    return a;
}

void roots_of_unity() {
    const std::size_t n = 12;
    for (const Residual residual : {Residual::plain, Residual::accurate}) {
        const VerifiedEigenbasis b = verified_eigenbasis(BallMatrix(shift(n)), {residual, true});
        CHECK(b.valid);
        for (std::size_t i = 0; i < n; ++i) {
            CHECK(b.isolated[i]);
            const ComplexBall z = eigenvalue(b, i);
            CHECK(z.rad < 1e-14);
            // |z^12 - 1| is 12 times the distance to the nearest root, to first order
            std::complex<double> p = 1.0;
            for (std::size_t k = 0; k < n; ++k) p *= std::complex<double>(z.re, z.im);
            CHECK(std::abs(p - 1.0) <= 13.0 * z.rad + 1e-14);
        }
        const HalfPlaneCount c = count_half_planes(b);
        CHECK(c.positive == 5 && c.negative == 5 && c.undecided == 2);  // +-i lie on the axis
    }
}

// 1 and -1 of diag(1, -1) ± r: the discs must grow by exactly what the members can do.
void a_radius_is_not_lost() {
    BallMatrix a(2, 2);
    a.mid(0, 0) = 1.0;
    a.mid(1, 1) = -1.0;
    const double r = 1e-9;
    for (double& x : a.rad.data) x = r;
    const VerifiedEigenbasis b = verified_eigenbasis(a);
    CHECK(b.valid && b.isolated[0]);
    CHECK(b.eigenvalue_radius[0] >= r && b.eigenvalue_radius[0] <= r + 1e-14);
    const Ball p = real_part(b, a.rad, 0);
    CHECK(p.rad >= r);
    const VerifiedEigenbasis w = widen(verified_eigenbasis(BallMatrix(a.mid)), a.rad);
    CHECK(w.eigenvalue_radius[0] >= r && w.eigenvalue_radius[0] <= r + 1e-14);
}

ComplexBallMatrix column(std::initializer_list<double> re) {
    ComplexBallMatrix c(re.size(), 1);
    std::size_t i = 0;
    for (const double x : re) c.mid.re(i++, 0) = x;
    return c;
}

bool holds(const ComplexBallMatrix& z, std::size_t i, double re, double im) {
    return modulus_down(z.mid.re(i, 0) - re, z.mid.im(i, 0) - im) <= z.rad(i, 0);
}

void solves() {
    // A = [[0, 2], [-2, 0]]: (A - s)^-1 (1, 0) = (-s, 2)/(s^2 + 4)
    BallMatrix a(2, 2);
    a.mid(0, 1) = 2.0;
    a.mid(1, 0) = -2.0;
    const VerifiedEigenbasis b = verified_eigenbasis(a);
    const auto z = shifted_solve(b, a, {1.0, 0.0, 0.0}, column({1.0, 0.0}));
    CHECK(z && holds(*z, 0, -0.2, 0.0) && holds(*z, 1, 0.4, 0.0) && z->rad(0, 0) < 1e-14 && z->rad(0, 0) > 0.0);
    double k = 0.0;
    CHECK(!shifted_solve(b, a, {0.0, 2.0, 0.0}, column({1.0, 0.0}), &k));
    CHECK(!(k < 0.5));

    // bordered at s = 2i with v = (1, i)/2 exactly the eigenvector: (A - s) z - v mu = 0, psi z = 1
    const std::size_t i = b.center[0].imag() > 0.0 ? 0 : 1;
    ComplexBallMatrix v = column({0.5, 0.0});
    v.mid.im(1, 0) = 0.5;
    const auto system = BorderedSystem::of(b, a, i, {0.0, 2.0, 0.0}, v);
    CHECK(system.has_value());
    if (system) {
        const BorderedSolution x = system->solve(column({0.0, 0.0}), {1.0, 0.0, 0.0});
        CHECK(modulus_down(x.mu.re, x.mu.im) <= x.mu.rad);  // mu = 0
        CHECK(x.mu.rad < 1e-13);
        const ComplexBall one = row_times(b.R, i, x.z);
        CHECK(modulus_down(one.re - 1.0, one.im) <= one.rad);
    }
    // v without a component along the eigenvector: singular
    ComplexBallMatrix other = column({0.5, 0.0});
    other.mid.im(1, 0) = -0.5;
    std::string reason;
    CHECK(!BorderedSystem::of(b, a, i, {0.0, 2.0, 0.0}, other, &reason));
    CHECK(!reason.empty());
}

void counts() {
    BallMatrix a(3, 3);
    a.mid(0, 1) = 1.0;
    a.mid(1, 0) = -1.0;
    a.mid(2, 2) = -0.5;
    CHECK(!stability_count(a).proved);  // a pair on the axis
    const StabilityCount c = stability_count_others(a, {0.0, 1.0});
    CHECK(c.proved && c.positive == 0 && c.negative == 1 && c.critical == 2);
    a.mid(2, 2) = 0.0;  // the third one too
    CHECK(!stability_count_others(a, {0.0, 1.0}).proved);
    const VerifiedEigenbasis b = verified_eigenbasis(a);
    for (std::size_t i = 0; i < 3; ++i) {
        if (b.center[i].imag() > 0.5) CHECK(count_others(b, i).undecided == 1);
    }
    CHECK(stability_count(BallMatrix(Matrix::identity(1))).positive == 1);
}

void misuse() {
    bool threw = false;
    try {
        (void)verified_eigenbasis(BallMatrix(2, 3));
    } catch (const std::invalid_argument&) {
        threw = true;
    }
    CHECK(threw);
    const VerifiedEigenbasis b = verified_eigenbasis(BallMatrix(Matrix::identity(2)));
    threw = false;
    try {
        (void)eigenvalue(b, 0);
    } catch (const std::invalid_argument&) {
        threw = true;
    }
    CHECK(threw);
    CHECK(verified_eigenbasis(BallMatrix(Matrix(1, 1, 3.0))).isolated[0]);
}

}  // namespace

int main() {
    roots_of_unity();
    a_radius_is_not_lost();
    solves();
    counts();
    misuse();
    return check::report();
}
