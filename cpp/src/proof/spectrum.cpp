#include "capnode/proof/spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "../numerics/components.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/eigenbasis.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/numerics/rounding.hpp"
#include "capnode/numerics/stability_count.hpp"

namespace capnode {

namespace {

// a 2^k. Entries that do not survive the way back add the smallest subnormal to their radius.
BallMatrix scaled(const BallMatrix& a, int k) {
    BallMatrix b = a;
    for (std::size_t i = 0; i < a.mid.size(); ++i) {
        const double x = a.mid.data[i], r = a.rad.data[i];
        const double y = std::ldexp(x, k);
        b.mid.data[i] = y;
        b.rad.data[i] = r == 0.0 ? 0.0 : next_up(std::ldexp(r, k));
        if (std::ldexp(y, -k) != x) b.rad.data[i] = add_up(b.rad.data[i], smallest_subnormal);
    }
    return b;
}

// The exponent k that brings the greatest entry of a 2^k near 1; 0 where it is moderate already.
int scaling_exponent(const BallMatrix& a) {
    double greatest = 0.0;
    for (const double x : a.mid.data) greatest = std::max(greatest, std::fabs(x));
    if (greatest == 0.0 || (greatest > 0x1p-300 && greatest < 0x1p300)) return 0;
    return -std::ilogb(greatest);
}

void connect(Spectrum& s) {
    const std::size_t n = s.center.size();
    const std::vector<std::size_t> root = connected(n, [&](std::size_t i, std::size_t j) {
        const double distance =
            modulus_down(s.center[i].real() - s.center[j].real(), s.center[i].imag() - s.center[j].imag());
        return !(distance * (1.0 - 0x1p-50) > add_up(s.radius[i], s.radius[j]));
    });
    std::vector<std::size_t> number(n, n);
    std::size_t next = 0;
    s.component.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t r = root[i];
        if (number[r] == n) number[r] = next++;
        s.component[i] = number[r];
    }
}

// Order by decreasing real part, undo the scaling by 2^k; false where a centre or a radius is beyond the largest
// double.
bool finish(Spectrum& s, int k) {
    const std::size_t n = s.center.size();
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&s](std::size_t i, std::size_t j) {
        const auto &a = s.center[i], &b = s.center[j];
        return a.real() != b.real() ? a.real() > b.real() : a.imag() > b.imag();
    });
    Spectrum t = s;
    for (std::size_t i = 0; i < n; ++i) {
        t.center[i] = s.center[order[i]];
        t.radius[i] = s.radius[order[i]];
        if (k == 0) continue;
        const double re = std::ldexp(t.center[i].real(), -k), im = std::ldexp(t.center[i].imag(), -k);
        t.center[i] = {re, im};
        // either part may have lost half of the smallest subnormal, and so may the radius
        t.radius[i] = t.radius[i] == 0.0 ? 0.0 : next_up(std::ldexp(t.radius[i], -k));
        if (std::fabs(re) < 0x1p-1021 || std::fabs(im) < 0x1p-1021)
            t.radius[i] = add_up(t.radius[i], 2.0 * smallest_subnormal);
    }
    s = std::move(t);
    for (std::size_t i = 0; i < n; ++i) {
        if (!(std::fabs(s.center[i].real()) < infinity) || !(std::fabs(s.center[i].imag()) < infinity) ||
            !(s.radius[i] < infinity)) {
            return false;
        }
    }
    connect(s);
    return true;
}

constexpr const char* beyond_doubles = "An eigenvalue may be beyond the largest double.";

bool all_finite(const std::vector<double>& x) {
    return std::all_of(x.begin(), x.end(), [](double v) { return v < infinity; });
}

Evidence below(const char* name, double left, const char* relation, double right) {
    const bool strict = relation[1] == '\0';
    return {name, left, left, relation, right, right, strict ? left < right : left <= right};
}

// The inertia theorem's hypothesis: the least eigenvalue of B^T H + H B lies in (0, inf).
Evidence inertia_evidence(const StabilityCount& count) {
    return {"0 below the least eigenvalue of B^T H + H B, H of known inertia",
            0.0,
            0.0,
            "<",
            smallest_subnormal,
            infinity,
            count.proved};
}

}  // namespace

Result<Spectrum> SpectrumTheorem::prove(const BallMatrix& matrix) {
    using Answer = Result<Spectrum>;
    if (!is_finite(matrix)) return Answer::not_proved(Verdict::unbounded, "The matrix is not bounded.");
    const int k = scaling_exponent(matrix);
    const BallMatrix a = k == 0 ? matrix : scaled(matrix, k);
    const std::size_t n = a.rows();

    VerifiedEigenbasis basis = verified_eigenbasis(a, {Residual::accurate, true});
    if (!basis.valid || !all_finite(basis.row_radius)) basis = verified_eigenbasis(a, {Residual::plain, true});
    Spectrum s;
    if (basis.valid && all_finite(basis.row_radius)) {
        const HalfPlaneCount c = count_half_planes(basis);
        s.center = basis.center;
        s.radius = basis.eigenvalue_radius;
        s.positive = c.positive;
        s.negative = c.negative;
        s.undecided = c.undecided;
        std::vector<Evidence> by_inertia;
        if (s.undecided > 0) {
            // discs that meet the axis leave the count open; the inertia theorem may still close it
            const StabilityCount count = stability_count(a);
            if (count.proved) {
                s.positive = count.positive;
                s.negative = count.negative;
                s.undecided = 0;
                by_inertia.push_back(inertia_evidence(count));
            }
        }
        s.method = basis.repaired ? "eigenbasis with repaired clusters" : "eigenbasis";
        const double widest = *std::max_element(s.radius.begin(), s.radius.end());
        std::vector<Evidence> evidence = {
            below("defect of the inverse eigenvector matrix |I - R V|", basis.alpha, "<", 0.5),
            below("widest disc", widest, "<", infinity)};
        evidence.insert(evidence.end(), by_inertia.begin(), by_inertia.end());
        if (!finish(s, k)) return Answer::not_proved(Verdict::unbounded, beyond_doubles, std::move(evidence));
        return Answer::make_proved(std::move(s), std::move(evidence));
    }

    const StabilityCount count = stability_count(a);
    if (!count.proved) {
        return Answer::not_proved(Verdict::spectrum_not_separated,
                                  "No eigenbasis: " + basis.reason + ". No count by inertia: " + count.reason + ".");
    }
    // Gershgorin's discs of A, by rows
    for (std::size_t i = 0; i < n; ++i) {
        double sum = a.rad(i, i);
        for (std::size_t j = 0; j < n; ++j) {
            if (j != i) sum = add_up(sum, add_up(std::fabs(a.mid(i, j)), a.rad(i, j)));
        }
        s.center.emplace_back(a.mid(i, i), 0.0);
        s.radius.push_back(sum);
    }
    s.positive = count.positive;
    s.negative = count.negative;
    s.method = "inertia";
    const double widest = *std::max_element(s.radius.begin(), s.radius.end());
    std::vector<Evidence> evidence = {below("widest disc", widest, "<", infinity)};
    evidence.push_back(inertia_evidence(count));
    if (!(widest < infinity)) {
        return Answer::not_proved(Verdict::unbounded, "A disc has radius " + number_text(widest, 3) + ".",
                                  std::move(evidence));
    }
    if (!finish(s, k)) return Answer::not_proved(Verdict::unbounded, beyond_doubles, std::move(evidence));
    return Answer::make_proved(std::move(s), std::move(evidence));
}

Result<Spectrum> spectrum(const BallMatrix& a) {
    if (a.rows() != a.cols() || a.rows() == 0) {
        throw std::invalid_argument("eigenvalues need a square matrix of at least one row, got " +
                                    std::to_string(a.rows()) + " x " + std::to_string(a.cols()));
    }
    return SpectrumTheorem::prove(a);
}

}  // namespace capnode
