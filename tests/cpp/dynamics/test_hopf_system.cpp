// The bounds of the Newton operator against the augmented system itself, evaluated in plain floats at random points: a
// bound on F'' holds every mixed second difference, and N(X_bar + d) stays within Y + T/2.
#include "capnode/dynamics/hopf_system.hpp"

#include <cmath>
#include <complex>
#include <random>

#include "capnode/dynamics/hopf.hpp"
#include "capnode/field/field.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

using Complex = std::complex<double>;

/// x' = W tanh(x) - p x + b: B != 0 away from 0, the equilibrium moves with p.
Field recurrent(const Matrix& w, const Matrix& b) {
    const std::size_t n = w.rows;
    FieldBuilder builder(n, 1, false);
    const NodeId x = builder.state();
    const NodeId p = builder.gather(builder.parameter(), std::vector<std::uint32_t>(n, 0));
    const NodeId wt = builder.affine(builder.apply(Function::tanh, x), w, Matrix(), b);
    return builder.build(builder.subtract(wt, builder.multiply(p, x)));
}

struct Point {
    double p = 0.0;
    double w = 0.0;
    std::vector<double> x;
    std::vector<Complex> v;
};

struct Value {
    std::vector<double> f;
    std::vector<Complex> e;
};

Value augmented(const Field& field, const Point& at) {
    const std::size_t n = at.x.size();
    Matrix x(n, 1);
    std::copy(at.x.begin(), at.x.end(), x.data.begin());
    const Jacobian j = jacobian(field, x, Matrix(1, 1, at.p));
    Value out{std::vector<double>(n), std::vector<Complex>(n)};
    for (std::size_t r = 0; r < n; ++r) {
        out.f[r] = j.value(r, 0);
        out.e[r] = -Complex(0.0, at.w) * at.v[r];
        for (std::size_t c = 0; c < n; ++c) out.e[r] += j.dx(r, c) * at.v[c];
    }
    return out;
}

Point plus(const Point& a, double s, const Point& d, double t, const Point& h) {
    Point out = a;
    out.p += s * d.p + t * h.p;
    out.w += s * d.w + t * h.w;
    for (std::size_t k = 0; k < a.x.size(); ++k) {
        out.x[k] += s * d.x[k] + t * h.x[k];
        out.v[k] += s * d.v[k] + t * h.v[k];
    }
    return out;
}

void second_differences_stay_within_the_bound() {
    std::mt19937_64 random(5);
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> unit(-1.0, 1.0);
    double closest = 0.0;
    for (int trial = 0; trial < 40; ++trial) {
        const std::size_t n = 2 + static_cast<std::size_t>(trial % 3);
        Matrix w(n, n);
        Matrix b(n, 1);
        for (double& x : w.data) x = normal(random);
        for (double& x : b.data) x = normal(random);
        const Field field = recurrent(w, b);
        HopfHint centre{normal(random), 1.0 + std::fabs(normal(random)), {}, {}};
        hopf::Radii s(2 + 2 * n);
        for (double& r : s) r = 0.02 + 0.03 * std::fabs(unit(random));
        for (std::size_t k = 0; k < n; ++k) {
            centre.state_bar.push_back(normal(random));
            centre.eigenvector_bar.emplace_back(normal(random), normal(random));
        }
        const hopf::AugmentedValue bound = hopf::second_derivative_bound(field, centre, s);

        // a point, and two directions on the boundary of the box
        const auto draw = [&](bool boundary) {
            const auto number = [&](double r) {
                const double x = unit(random);
                return boundary ? std::copysign(r, x) : r * x;
            };
            Point d{number(s[0]), number(s[1]), {}, {}};
            for (std::size_t k = 0; k < n; ++k) d.x.push_back(number(s[2 + k]));
            for (std::size_t k = 0; k < n; ++k) {
                const double angle = 3.14159 * unit(random);
                d.v.push_back(std::polar(boundary ? s[2 + n + k] : s[2 + n + k] * std::fabs(unit(random)), angle));
            }
            return d;
        };
        const Point zero{centre.parameter_bar, centre.frequency_bar, centre.state_bar, centre.eigenvector_bar};
        for (int k = 0; k < 20; ++k) {
            const Point at = plus(zero, 0.9, draw(false), 0.0, draw(false));
            const Point d = draw(true);
            const Point h = draw(true);
            const double eps = 1e-3;
            const Value a = augmented(field, plus(at, eps, d, eps, h));
            const Value c = augmented(field, plus(at, eps, d, -eps, h));
            const Value e = augmented(field, plus(at, -eps, d, eps, h));
            const Value g = augmented(field, plus(at, -eps, d, -eps, h));
            for (std::size_t r = 0; r < n; ++r) {
                const double f2 = (a.f[r] - c.f[r] - e.f[r] + g.f[r]) / (4.0 * eps * eps);
                const double e2 = std::abs(a.e[r] - c.e[r] - e.e[r] + g.e[r]) / (4.0 * eps * eps);
                CHECK(std::fabs(f2) <= bound.f.rad(r, 0) * (1.0 + 1e-3) + 1e-8);
                CHECK(e2 <= bound.e.rad(r, 0) * (1.0 + 1e-3) + 1e-8);
                closest = std::fmax(closest, e2 / bound.e.rad(r, 0));
            }
        }
    }
    CHECK(closest > 0.3);  // the bound is not vacuous
}

void residuals_agree_with_floats_and_are_thin() {
    Matrix w(2, 2);
    w(0, 0) = 0.3;
    w(0, 1) = -1.1;
    w(1, 0) = 1.7;
    w(1, 1) = 0.2;
    Matrix b(2, 1, 0.4);
    const Field field = recurrent(w, b);
    const HopfHint hint{0.25, 1.3, {0.2, -0.7}, {Complex(1.0, 0.5), Complex(0.25, -2.0)}};
    const std::vector<Complex> psi{Complex(0.5, 0.1), Complex(-0.3, 0.2)};
    const hopf::AugmentedValue value = hopf::residual(field, hint, psi);
    const Value plain =
        augmented(field, {hint.parameter_bar, hint.frequency_bar, hint.state_bar, hint.eigenvector_bar});
    Complex product = -1.0;
    for (std::size_t k = 0; k < 2; ++k) {
        CHECK(std::fabs(value.f.mid(k, 0) - plain.f[k]) < 1e-14);
        CHECK(std::abs(Complex(value.e.mid.re(k, 0), value.e.mid.im(k, 0)) - plain.e[k]) < 1e-14);
        CHECK(value.f.rad(k, 0) <= 4e-16 * std::fabs(plain.f[k]));
        product += psi[k] * hint.eigenvector_bar[k];
    }
    CHECK(std::abs(Complex(value.psi.re, value.psi.im) - product) < 1e-14);
}

}  // namespace

int main() {
    FloatEnvironment guard;
    second_differences_stay_within_the_bound();
    residuals_agree_with_floats_and_are_thin();
    return check::report();
}
