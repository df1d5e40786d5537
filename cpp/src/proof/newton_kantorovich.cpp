#include "capnode/proof/newton_kantorovich.hpp"

#include <cmath>
#include <stdexcept>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/numerics/rounding.hpp"
#include "capnode/proof/krawczyk_image.hpp"
#include "exclusion_of_zeros.hpp"

namespace capnode {
namespace {

/// Upper bound of max_i (N w)_i / w_i.
double weighted_norm(const Matrix& N, const std::vector<double>& w) {
    const std::vector<double> Nw = nonnegative_product(N, w);
    double norm = 0.0;
    for (std::size_t i = 0; i < w.size(); ++i) {
        const double ratio = divide_up(Nw[i], w[i]);
        norm = ratio <= norm ? norm : (ratio >= 0.0 ? ratio : infinity);
    }
    return norm;
}

double weighted_norm(const std::vector<double>& magnitudes, const std::vector<double>& w) {
    double norm = 0.0;
    for (std::size_t i = 0; i < w.size(); ++i) {
        const double ratio = divide_up(magnitudes[i], w[i]);
        norm = ratio <= norm ? norm : (ratio >= 0.0 ? ratio : infinity);
    }
    return norm;
}

struct Bounds {
    double Y = infinity, Z1 = infinity, Z = infinity, Z2 = infinity, q = infinity;
};

/// A form of the theorem that holds: exactly one zero in B(x_bar, r) for smallest <= r <= largest.
struct Radii {
    double smallest = 0.0;
    double largest = 0.0;
    double contraction = 0.0;
    std::vector<Evidence> evidence;
    bool holds() const {
        for (const Evidence& e : evidence)
            if (!e.holds) return false;
        return true;
    }
};

Evidence below(const char* name, double left, const char* relation, double right) {
    const bool holds = relation[1] == '=' ? left <= right : left < right;
    return {name, left, left, relation, right, right, holds};
}

/// First form: q < 1 and Y + q R <= R; then [Y / (1 - q), R].
Radii first_form(const Bounds& b, double R) {
    Radii radii;
    radii.contraction = b.q;
    radii.evidence = {below("contraction Z1 + Z(R) on the ball", b.q, "<", 1.0),
                      below("self-map Y + (Z1 + Z(R)) R", add_up(b.Y, multiply_up(b.q, R)), "<=", R)};
    if (radii.holds()) {
        radii.smallest = std::fmin(divide_up(b.Y, subtract_down(1.0, b.q)), R);
        radii.largest = R;
    }
    return radii;
}

/// P(r) < 0 (or <= 0) for P(r) = Y + (Z1 - 1) r + Z2 r^2/2, as left < right: Y + Z2 r^2/2 against (1 - Z1) r.
Evidence radii_polynomial(const char* name, const Bounds& b, double r, const char* relation) {
    const double square = multiply_up(multiply_up(b.Z2, r), r);
    const double left = add_up(b.Y, next_up(0.5 * square));
    return below(name, left, relation, multiply_down(std::fmax(subtract_down(1.0, b.Z1), 0.0), r));
}

/// Second form: roots of P in floating point, moved inward, then P and the slope checked there.
Radii second_form(const Bounds& b, double R) {
    Radii radii;
    const double slope = 1.0 - b.Z1;
    const double root = std::sqrt(slope * slope - 2.0 * b.Y * b.Z2);  // NaN where P has no root
    double r0 = 2.0 * b.Y / (slope + root) * (1.0 + 0x1p-40);
    r0 = std::fmin(std::fmax(r0, 0x1p-900), R);
    double r1 = (slope + root) / b.Z2 * (1.0 - 0x1p-40);
    r1 = r1 <= R ? r1 : R;
    radii.contraction = add_up(b.Z1, multiply_up(b.Z2, r0));
    radii.evidence = {radii_polynomial("radii polynomial: Y + Z2 r^2/2 against (1 - Z1) r at the least r", b, r0, "<="),
                      below("contraction Z1 + Z2 r at the least r", radii.contraction, "<", 1.0)};
    if (!radii.holds() || !(root >= 0.0)) {
        radii.evidence[0].holds = false;
        return radii;
    }
    radii.smallest = r0;
    const Evidence isolation = radii_polynomial("radii polynomial < 0 at the largest r", b, r1, "<");
    radii.largest = r0;
    if (isolation.holds && r1 > r0) {
        radii.largest = r1;
        radii.evidence.push_back(isolation);
    }
    return radii;
}

}  // namespace

Result<Zero> ZeroTheorem::newton_kantorovich(const ZeroProblem& problem, const std::vector<double>& x_bar, double R,
                                             const std::vector<double>& w, const std::optional<Matrix>& A_bar) {
    using namespace zeros;
    const std::vector<Interval> ball = box_around(x_bar, w, R);
    if (auto refused = refuse_unbounded(ball)) return *refused;
    const BallMatrix J0 = problem.derivative(point_box(x_bar));
    const BallMatrix J = problem.derivative(ball);
    if (!is_finite(J0) || !is_finite(J))
        return Result<Zero>::not_proved(Verdict::unbounded, "The derivative is not bounded on the ball.");
    Matrix A;
    if (A_bar)
        A = *A_bar;
    else if (!blas::inverse(J0.mid, A))
        return Result<Zero>::not_proved(Verdict::singular, "F'(x_bar) has no approximate inverse.");

    const Preconditioned step = precondition(A, problem.residual(x_bar));
    std::vector<double> magnitudes(x_bar.size());
    for (std::size_t i = 0; i < x_bar.size(); ++i) magnitudes[i] = step.magnitude(i);
    const Matrix N = defect(A, J);
    Bounds b;
    b.Y = weighted_norm(magnitudes, w);
    b.Z1 = weighted_norm(defect(A, J0), w);
    b.Z = weighted_norm(magnitude(multiply(A, subtract(J, J0))), w);
    // sup |I - A F'(x)| <= Z1 + Z by the triangle inequality, and <= |I - A J| directly: the smaller one is used.
    b.q = std::fmin(add_up(b.Z1, b.Z), weighted_norm(N, w));
    Radii radii = first_form(b, R);
    if (problem.second_derivative) {
        // |A F''(x)[u, v]| <= |A| h with h_i >= |F''(x)[u, v]_i| for |u_j|, |v_j| <= w_j.
        const std::vector<double> h = problem.second_derivative(ball, w);
        b.Z2 = weighted_norm(nonnegative_product(absolute(A), h), w);
        const Radii lipschitz = second_form(b, R);
        if (lipschitz.holds() && radii.holds()) {
            radii.contraction = std::fmin(radii.contraction, lipschitz.contraction);
            radii.smallest = std::fmin(radii.smallest, lipschitz.smallest);
            radii.largest = std::fmax(radii.largest, lipschitz.largest);
            radii.evidence.insert(radii.evidence.end(), lipschitz.evidence.begin(), lipschitz.evidence.end());
        } else if (lipschitz.holds()) {
            radii = lipschitz;
        }
    }
    if (!radii.holds()) {
        const Image image = krawczyk_image(x_bar, step, N, reach(ball, x_bar));
        if (auto none = exclude_by_value(problem, ball)) return *none;
        if (auto none = exclude_by_image("Newton-Kantorovich image", image.K, ball)) return *none;
        return Result<Zero>::not_proved(b.q < 1.0 ? Verdict::inclusion_failed : Verdict::contraction_failed,
                                        "Y <= " + number_text(b.Y) + ", Z1 <= " + number_text(b.Z1) +
                                            ", Z(R) <= " + number_text(b.Z) + ", Z2 <= " + number_text(b.Z2) +
                                            ", R = " + number_text(R) + ".",
                                        std::move(radii.evidence));
    }
    Zero zero;
    zero.method = "newton_kantorovich";
    zero.enclosure = sharpen(problem, box_around(x_bar, w, radii.smallest));
    zero.uniqueness = box_inside(x_bar, w, radii.largest);
    zero.x_bar = x_bar;
    zero.contraction = radii.contraction;
    zero.smallest_radius = radii.smallest;
    zero.largest_radius = radii.largest;
    zero.weights = w;
    return Result<Zero>::make_proved(std::move(zero), std::move(radii.evidence));
}

Result<Zero> newton_kantorovich(const ZeroProblem& problem, const std::vector<double>& x_bar, double R,
                                const std::optional<std::vector<double>>& weights, const std::optional<Matrix>& A_bar) {
    const std::size_t n = problem.dim;
    if (x_bar.size() != n)
        throw std::invalid_argument("x_bar has " + std::to_string(x_bar.size()) + " components, the system " +
                                    std::to_string(n));
    for (std::size_t i = 0; i < n; ++i) {
        if (!std::isfinite(x_bar[i]))
            throw std::invalid_argument("x_bar is not finite: component " + std::to_string(i) + " is " +
                                        number_text(x_bar[i]));
    }
    if (!(R > 0.0) || !std::isfinite(R))
        throw std::invalid_argument("the radius R must be positive and finite, not " + number_text(R));
    const std::vector<double> w = weights ? *weights : std::vector<double>(n, 1.0);
    if (w.size() != n)
        throw std::invalid_argument("there are " + std::to_string(w.size()) + " weights for " + std::to_string(n) +
                                    " components");
    for (std::size_t i = 0; i < n; ++i) {
        if (!(w[i] > 0.0) || !std::isfinite(w[i]))
            throw std::invalid_argument("weights must be positive and finite: number " + std::to_string(i) + " is " +
                                        number_text(w[i]));
    }
    zeros::require_square(A_bar, n);
    return ZeroTheorem::newton_kantorovich(problem, x_bar, R, w, A_bar);
}

}  // namespace capnode
