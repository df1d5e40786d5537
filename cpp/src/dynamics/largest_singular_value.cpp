#include "capnode/dynamics/largest_singular_value.hpp"

#include <algorithm>
#include <cmath>

namespace capnode {
namespace {

Interval from_gram(const Interval& a, const Interval& b, const Interval& c) {
    const Interval half(0.5);
    const Interval root = sqrt(square(half * (a - c)) + square(b));
    const Interval largest = sqrt(half * (a + c) + root);
    return {std::fmax(largest.lo, 0.0), largest.hi};
}

// Approximate singular vectors of m for its largest singular value; not of unit length.
void singular_vectors(const Matrix& m, std::vector<double>& u, double (&v)[2]) {
    double a = 0.0;
    double b = 0.0;
    double c = 0.0;
    for (std::size_t i = 0; i < m.rows; ++i) {
        a += m(i, 0) * m(i, 0);
        b += m(i, 0) * m(i, 1);
        c += m(i, 1) * m(i, 1);
    }
    // (G - lambda I) v = 0, the row without cancellation
    const double d = 0.5 * (a - c);
    const double root = std::sqrt(d * d + b * b);
    v[0] = d >= 0.0 ? d + root : b;
    v[1] = d >= 0.0 ? b : root - d;
    const double length = std::sqrt(v[0] * v[0] + v[1] * v[1]);
    if (!(length > 0.0) || !(length < infinity)) {
        v[0] = 1.0;
        v[1] = 0.0;
    } else {
        v[0] /= length;
        v[1] /= length;
    }
    u.assign(m.rows, 0.0);
    double norm = 0.0;
    for (std::size_t i = 0; i < m.rows; ++i) {
        u[i] = m(i, 0) * v[0] + m(i, 1) * v[1];
        norm += u[i] * u[i];
    }
    norm = std::sqrt(norm);
    if (!(norm > 0.0) || !(norm < infinity)) return;
    for (double& x : u) x /= norm;
}

// u^T m v
Interval form(const std::vector<double>& u, const Matrix& m, const double (&v)[2]) {
    Interval sum(0.0);
    for (std::size_t i = 0; i < m.rows; ++i)
        sum += Interval(u[i]) * (Interval(m(i, 0)) * Interval(v[0]) + Interval(m(i, 1)) * Interval(v[1]));
    return sum;
}

}  // namespace

Interval largest_singular_value(const std::vector<Interval>& first, const std::vector<Interval>& second) {
    Interval a(0.0);
    Interval b(0.0);
    Interval c(0.0);
    for (std::size_t i = 0; i < first.size(); ++i) {
        a += square(first[i]);
        b += first[i] * second[i];
        c += square(second[i]);
    }
    return from_gram(a, b, c);
}

Interval largest_singular_value(const PlanarFamily& family) {
    const std::size_t n = family.centre.rows;
    const std::size_t corners = std::min<std::size_t>(family.directions.size(), 2);
    // R with what the further directions add
    Matrix radius = family.radius;
    for (std::size_t j = corners; j < family.directions.size(); ++j) {
        for (std::size_t e = 0; e < 2 * n; ++e) {
            radius.data[e] =
                add_up(radius.data[e], multiply_up(std::fabs(family.directions[j].data[e]), family.radii[j]));
        }
    }
    double frobenius = 0.0;
    for (const double r : radius.data) frobenius = add_up(frobenius, multiply_up(r, r));
    frobenius = sqrt_up(frobenius);

    double upper = 0.0;
    std::vector<Interval> first(n);
    std::vector<Interval> second(n);
    // M and -M have one sigma: the first direction's sign is free only where there is no centre, so all corners are
    // visited.
    for (unsigned corner = 0; corner < (1u << corners); ++corner) {
        for (std::size_t i = 0; i < n; ++i) {
            Interval x(family.centre(i, 0));
            Interval y(family.centre(i, 1));
            for (std::size_t j = 0; j < corners; ++j) {
                const Interval rho((corner >> j) & 1u ? family.radii[j] : -family.radii[j]);
                x += rho * Interval(family.directions[j](i, 0));
                y += rho * Interval(family.directions[j](i, 1));
            }
            first[i] = x;
            second[i] = y;
        }
        const double sigma = largest_singular_value(first, second).hi;
        upper = sigma <= upper ? upper : sigma;
    }
    upper = upper < infinity && frobenius < infinity ? add_up(upper, frobenius) : infinity;

    std::vector<double> u;
    double v[2];
    singular_vectors(family.centre, u, v);
    Interval value = form(u, family.centre, v);
    for (std::size_t j = 0; j < corners; ++j) {
        const Interval part = Interval(family.radii[j]) * form(u, family.directions[j], v);
        value = value - Interval(0.0, magnitude(part));
    }
    for (std::size_t i = 0; i < n; ++i) {
        value = value - Interval(std::fabs(u[i])) * (Interval(radius(i, 0)) * Interval(std::fabs(v[0])) +
                                                     Interval(radius(i, 1)) * Interval(std::fabs(v[1])));
    }
    // u, v are only nearly unit vectors
    Interval uu(0.0);
    for (const double x : u) uu += square(Interval(x));
    const Interval vv = square(Interval(v[0])) + square(Interval(v[1]));
    const Interval lower = value / sqrt(uu * vv);
    return {lower.lo > 0.0 ? std::fmin(lower.lo, upper) : 0.0, upper};  // NaN: 0
}

}  // namespace capnode
