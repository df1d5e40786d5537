// The general path on matrices small enough to know the answer by hand: x' = tanh((M + p I) x) at p = 0, x = 0.
#include <cmath>
#include <complex>

#include "capnode/dynamics/hopf.hpp"
#include "capnode/field/field.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

using Complex = std::complex<double>;

Matrix matrix(std::size_t n, std::initializer_list<double> entries) {
    Matrix m(n, n);
    std::copy(entries.begin(), entries.end(), m.data.begin());
    return m;
}

/// x' = tanh((M + p I) x), every entry of M within `radius`.
Field family(const Matrix& m, double radius = 0.0) {
    const std::size_t n = m.rows;
    FieldBuilder b(n, 1, false);
    const NodeId x = b.state();
    const NodeId mx = radius > 0.0 ? b.affine(x, m, Matrix(n, n, radius)) : b.affine(x, m);
    const NodeId p = b.gather(b.parameter(), std::vector<std::uint32_t>(n, 0));
    return b.build(b.apply(Function::tanh, b.add(mx, b.multiply(p, x))));
}

/// M = [[a, -1], [b, -a]] has the eigenvalues +-i w, w^2 = b - a^2, the vector (1, a - i w) and its left one.
struct Planar {
    double a = 0.25;
    double b = 1.5;
    double w() const { return std::sqrt(b - a * a); }
    Matrix m() const { return matrix(2, {a, -1.0, b, -a}); }
    HopfHint hint() const { return {0.0, w(), {0.0, 0.0}, {1.0, Complex(a, -w())}}; }
    /// w^2 Im <p, |q|^2 q>, |q|_2 = 1, <p, q> = 1 (diagonal family); left row of M for i w: (b, -a + ... ) by hand.
    double l1() const {
        const Complex i(0.0, 1.0);
        const Complex q[2] = {1.0, a - i * w()};
        const double norm2 = 1.0 + std::norm(q[1]);
        // left: row (l0, l1) with l M = i w l: l0 = b, l1 = i w - a.
        const Complex l[2] = {b, i * w() - a};
        const Complex pairing = l[0] * q[0] + l[1] * q[1];
        const Complex sum = l[0] * q[0] + l[1] * std::norm(q[1]) * q[1];
        return w() * w() * (sum / pairing).imag() / norm2;
    }
};

void planar_point() {
    const Planar known;
    const auto result = prove_hopf(family(known.m()), known.hint());
    CHECK(result.proved());
    if (!result.proved()) {
        std::printf("%s %s\n", name(result.verdict()), result.detail().c_str());
        return;
    }
    const HopfPoint& point = result.value();
    CHECK(contains(point.parameter, 0.0));
    CHECK(width_up(point.parameter) < 1e-14);
    CHECK(std::fabs(midpoint(point.frequency) - known.w()) < 1e-14);
    CHECK(square(point.frequency).lo <= known.b - known.a * known.a);  // exact in binary
    CHECK(square(point.frequency).hi >= known.b - known.a * known.a);
    CHECK(contains(point.transversality, 1.0));
    CHECK(std::fabs(midpoint(point.lyapunov_coefficient) - known.l1()) < 1e-12);
    CHECK(width_up(point.lyapunov_coefficient) < 1e-11);
    CHECK(point.criticality == (known.l1() < 0 ? Criticality::supercritical : Criticality::subcritical));
    CHECK(point.unstable_dimension == 0);
    for (const Evidence& e : result.evidence()) CHECK(e.holds);
    CHECK(result.evidence().size() >= 9);
}

void poor_hints_and_identity() {
    const Planar known;
    const Field field = family(known.m());
    HopfHint off = known.hint();
    off.parameter_bar = 1e-3;
    off.frequency_bar += 1e-3;
    off.state_bar = {1e-4, -1e-4};
    for (Complex& v : off.eigenvector_bar) v *= Complex(-3.0, 0.7);
    const auto a = prove_hopf(field, known.hint());
    const auto b = prove_hopf(field, off);
    CHECK(a.proved() && b.proved());
    if (!a.proved() || !b.proved()) return;
    CHECK(same_solution(a.value(), b.value()) == Identity::same);
    CHECK(same_solution(b.value(), a.value()) == Identity::same);
    const HopfIsolation& box = a.value().isolation;
    CHECK(box.parameter_error <= box.parameter_radius && box.frequency_error <= box.frequency_radius);
    CHECK(box.parameter_radius > 1e-6);

    HopfPoint moved = b.value();
    moved.parameter = {1e-9, 2e-9};
    CHECK(same_solution(a.value(), moved) == Identity::different);
    // an eigenvector that is not in the box, all else equal: no proof of sameness
    HopfPoint turned = b.value();
    turned.isolation.centre.eigenvector_bar[0] *= 1.5;
    turned.isolation.eigenvector_radius.assign(2, 0.0);
    HopfPoint small = a.value();
    small.isolation.eigenvector_radius.assign(2, 0.0);
    CHECK(same_solution(small, turned) == Identity::unknown);
}

void weight_radius_is_not_lost() {
    const Planar known;
    const double r = 1e-6;
    const auto result = prove_hopf(family(known.m(), r), known.hint());
    CHECK(result.proved());
    if (!result.proved()) return;
    // p = -trace/2 moves by exactly r over the ball; w^2 = det moves by r (|a| + |a| + 1 + b) to first order.
    CHECK(result.value().parameter.hi >= r && result.value().parameter.lo <= -r);
    CHECK(width_up(result.value().parameter) < 40.0 * r);
    const double dw = r * (2.0 * known.a + 1.0 + known.b) / (2.0 * known.w());
    CHECK(result.value().frequency.hi >= known.w() + 0.999 * dw);
    CHECK(result.value().frequency.lo <= known.w() - 0.999 * dw);
}

void unstable_directions_are_counted() {
    // the pair, +0.5 and -0.5
    Matrix m(4, 4);
    m(0, 0) = 0.25;
    m(0, 1) = -1.0;
    m(1, 0) = 1.5;
    m(1, 1) = -0.25;
    m(2, 2) = 0.5;
    m(3, 3) = -0.5;
    m(0, 2) = 0.125;
    m(2, 3) = 0.25;
    HopfHint hint = Planar().hint();
    hint.state_bar.assign(4, 0.0);
    hint.eigenvector_bar.resize(4, 0.0);
    const auto result = prove_hopf(family(m), hint);
    CHECK(result.proved());
    if (!result.proved()) return;
    CHECK(result.value().unstable_dimension == 1);
    CHECK(result.value().cycle_is_stable == std::optional<bool>(false));
}

void a_defective_block_goes_the_other_way() {
    // The pair and a Jordan block of size 8 at -1: no eigenbasis to speak of.
    const std::size_t n = 10;
    Matrix m(n, n);
    m(0, 0) = 0.25;
    m(0, 1) = -1.0;
    m(1, 0) = 1.5;
    m(1, 1) = -0.25;
    for (std::size_t k = 2; k < n; ++k) {
        m(k, k) = -1.0;
        if (k + 1 < n) m(k, k + 1) = 1.0;
        m(0, k) = 0.25;
    }
    HopfHint hint = Planar().hint();
    hint.state_bar.assign(n, 0.0);
    hint.eigenvector_bar.resize(n, 0.0);
    const auto result = prove_hopf(family(m), hint);
    CHECK(result.proved());
    if (!result.proved()) {
        std::printf("%s %s\n", name(result.verdict()), result.detail().c_str());
        return;
    }
    CHECK(result.value().unstable_dimension == 0);
}

void refusals_name_their_reason() {
    const Matrix both = matrix(4, {0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 0, -2.5, 0, 0, 2.5, 0});
    const HopfHint hint{0.0, 1.0, {0, 0, 0, 0}, {1.0, Complex(0, -1), 0.0, 0.0}};
    CHECK(prove_hopf(family(both), hint).verdict() == Verdict::other_eigenvalue_on_axis);

    const Matrix with_zero = matrix(3, {0, -1, 0, 1, 0, 0, 0, 0, 0});
    const HopfHint hint3{0.0, 1.0, {0, 0, 0}, {1.0, Complex(0, -1), 0.0}};
    CHECK(prove_hopf(family(with_zero), hint3).verdict() == Verdict::zero_eigenvalue);

    HopfOptions stop;
    stop.interrupted = [] { return true; };
    CHECK(prove_hopf(family(Planar().m()), Planar().hint(), stop).verdict() == Verdict::interrupted);
}

void misuse_throws() {
    const auto throws = [](const HopfHint& hint) {
        try {
            (void)prove_hopf(family(Planar().m()), hint);
        } catch (const std::invalid_argument&) {
            return true;
        }
        return false;
    };
    HopfHint hint = Planar().hint();
    hint.state_bar.push_back(0.0);
    CHECK(throws(hint));
    hint = Planar().hint();
    hint.frequency_bar = 0.0;
    CHECK(throws(hint));
    hint = Planar().hint();
    hint.state_bar[0] = std::nan("");
    CHECK(throws(hint));
}

}  // namespace

int main() {
    FloatEnvironment guard;
    planar_point();
    poor_hints_and_identity();
    weight_radius_is_not_lost();
    unstable_directions_are_counted();
    a_defective_block_goes_the_other_way();
    refusals_name_their_reason();
    misuse_throws();
    return check::report();
}
