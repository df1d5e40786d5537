#include "capnode/proof/krawczyk_image.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/number_text.hpp"

namespace capnode::zeros {

Matrix defect(const Matrix& A, const BallMatrix& J) {
    const BallMatrix product = multiply(A, J);
    Matrix N(product.rows(), product.cols());
    for (std::size_t i = 0; i < N.rows; ++i) {
        for (std::size_t j = 0; j < N.cols; ++j) {
            // |delta - m| + rad with delta - m rounded away from zero.
            const double delta = i == j ? 1.0 : 0.0;
            const double m = product.mid(i, j);
            const double off = std::fmax(std::fabs(subtract_up(delta, m)), std::fabs(subtract_down(delta, m)));
            const double bound = add_up(off, product.rad(i, j));
            N(i, j) = bound >= 0.0 ? bound : infinity;  // NaN
        }
    }
    return N;
}

std::vector<double> reach(const std::vector<Interval>& X, const std::vector<double>& x_bar) {
    std::vector<double> s(X.size());
    for (std::size_t j = 0; j < X.size(); ++j)
        s[j] = std::fmax(subtract_up(X[j].hi, x_bar[j]), subtract_up(x_bar[j], X[j].lo));
    return s;
}

double Preconditioned::magnitude(std::size_t i) const {
    return add_up(add_up(std::fabs(center[i].mid), center[i].rad), spread[i]);
}

Preconditioned precondition(const Matrix& A, const ValueAtPoint& residual) {
    const BallMatrix c = multiply(A, residual.center);
    Preconditioned step{std::vector<Ball>(c.rows()), std::vector<double>(c.rows(), 0.0)};
    for (std::size_t i = 0; i < c.rows(); ++i) step.center[i] = {c.mid(i, 0), c.rad(i, 0)};
    if (residual.generators.cols() > 0) {
        // |A G e| <= sum_j |A G|_ij for e in [-1, 1]^m.
        step.spread = row_sums(capnode::magnitude(multiply(A, residual.generators)));
    }
    for (std::size_t i = 0; i < c.rows(); ++i) {
        const bool known = std::isfinite(step.center[i].mid) && step.center[i].rad >= 0.0 && step.spread[i] >= 0.0;
        if (!known) {
            step.center[i] = {0.0, infinity};
            step.spread[i] = infinity;
        }
    }
    return step;
}

Image krawczyk_image(const std::vector<double>& x_bar, const Preconditioned& newton_step, const Matrix& N,
                     const std::vector<double>& s) {
    const std::size_t n = x_bar.size();
    Image image{std::vector<Interval>(n), 0.0};
    const std::vector<double> Ns = nonnegative_product(N, s);
    for (std::size_t i = 0; i < n; ++i) {
        const Ball& a = newton_step.center[i];
        double rad = add_up(add_up(a.rad, newton_step.spread[i]), Ns[i]);
        if (!(rad >= 0.0)) rad = infinity;
        image.K[i] = {subtract_down(subtract_down(x_bar[i], a.mid), rad), add_up(subtract_up(x_bar[i], a.mid), rad)};
        const double q = Ns[i] == 0.0 ? 0.0 : divide_up(Ns[i], s[i]);
        image.contraction = q <= image.contraction ? image.contraction : (q >= 0.0 ? q : infinity);
    }
    return image;
}

bool maps_into_interior(const Image& image, const std::vector<Interval>& X) {
    for (std::size_t i = 0; i < X.size(); ++i) {
        if (!is_bounded(image.K[i]) || !is_bounded(X[i]) || !interior(image.K[i], X[i])) return false;
    }
    return image.contraction < 1.0;
}

std::optional<std::size_t> disjoint_component(const std::vector<Interval>& K, const std::vector<Interval>& X) {
    for (std::size_t i = 0; i < X.size(); ++i) {
        if (disjoint(K[i], X[i])) return i;
    }
    return std::nullopt;
}

Evidence inclusion_evidence(const std::string& name, const std::vector<Interval>& K, const std::vector<Interval>& X) {
    // Margins are compared relative to the widths; which component is shown is no part of the proof.
    std::size_t worst = 0;
    double least = infinity;
    bool holds = true;
    for (std::size_t i = 0; i < X.size(); ++i) {
        const double margin = std::fmin(K[i].lo - X[i].lo, X[i].hi - K[i].hi) / (X[i].hi - X[i].lo);
        const bool inside = is_bounded(K[i]) && interior(K[i], X[i]);
        if ((holds && !inside) || (holds == inside && !(margin >= least))) {
            worst = i;
            least = margin;
        }
        holds = holds && inside;
    }
    return {name + ", component " + std::to_string(worst),
            K[worst].lo,
            K[worst].hi,
            "interior",
            X[worst].lo,
            X[worst].hi,
            holds};
}

Evidence contraction_evidence(const std::string& name, double contraction) {
    return {name, 0.0, contraction, "<", 1.0, 1.0, contraction < 1.0};
}

std::vector<double> middle(const std::vector<Interval>& X) {
    std::vector<double> m(X.size());
    for (std::size_t i = 0; i < X.size(); ++i) m[i] = midpoint(X[i]);
    return m;
}

std::vector<Interval> point_box(const std::vector<double>& x) { return {x.begin(), x.end()}; }

std::vector<Interval> box_around(const std::vector<double>& x_bar, const std::vector<double>& w, double r) {
    std::vector<Interval> box(x_bar.size());
    for (std::size_t i = 0; i < box.size(); ++i) {
        const double h = multiply_up(w[i], r);
        box[i] = {subtract_down(x_bar[i], h), add_up(x_bar[i], h)};
    }
    return box;
}

std::vector<Interval> box_inside(const std::vector<double>& x_bar, const std::vector<double>& w, double r) {
    std::vector<Interval> box(x_bar.size());
    for (std::size_t i = 0; i < box.size(); ++i) {
        const double h = multiply_down(w[i], r);
        // Rounding inward may not cross x_bar itself.
        box[i] = {std::fmin(subtract_up(x_bar[i], h), x_bar[i]), std::fmax(add_down(x_bar[i], h), x_bar[i])};
    }
    return box;
}

bool all_bounded(const std::vector<Interval>& X) { return std::all_of(X.begin(), X.end(), is_bounded); }

std::vector<Interval> sharpen(const ZeroProblem& problem, std::vector<Interval> X) {
    constexpr int sweeps = 8;
    for (int sweep = 0; sweep < sweeps; ++sweep) {
        const std::vector<double> x_bar = middle(X);
        const BallMatrix J = problem.derivative(X);
        Matrix A;
        if (!is_finite(J) || !blas::inverse(J.mid, A)) break;
        const Image image =
            krawczyk_image(x_bar, precondition(A, problem.residual(x_bar)), defect(A, J), reach(X, x_bar));
        bool shrunk = false;
        for (std::size_t i = 0; i < X.size(); ++i) {
            const std::optional<Interval> both = intersect(image.K[i], X[i]);
            if (!both)
                throw InternalError("a zero proved to lie in " + number_text(X[i]) + " lies in " +
                                    number_text(image.K[i]));
            const double before = X[i].hi - X[i].lo;
            const double ulps = 2.5 * (next_up(magnitude(*both)) - magnitude(*both));
            shrunk = shrunk || (before > ulps && both->hi - both->lo < 0.9 * before);
            X[i] = *both;
        }
        if (!shrunk) break;
    }
    return X;
}

void require_box(const ZeroProblem& problem, const std::vector<Interval>& X) {
    if (X.size() != problem.dim)
        throw std::invalid_argument("the box has " + std::to_string(X.size()) + " components, the system " +
                                    std::to_string(problem.dim));
}

void require_point_in(const std::vector<double>& x_bar, const std::vector<Interval>& X) {
    if (x_bar.size() != X.size())
        throw std::invalid_argument("x_bar has " + std::to_string(x_bar.size()) + " components, the box " +
                                    std::to_string(X.size()));
    for (std::size_t i = 0; i < X.size(); ++i) {
        if (!contains(X[i], x_bar[i]) || !std::isfinite(x_bar[i]))
            throw std::invalid_argument("x_bar must lie in the box: component " + std::to_string(i) + " is " +
                                        number_text(x_bar[i]) + ", not in " + number_text(X[i]));
    }
}

void require_square(const std::optional<Matrix>& A_bar, std::size_t n) {
    if (!A_bar) return;
    if (A_bar->rows != n || A_bar->cols != n)
        throw std::invalid_argument("A_bar is " + std::to_string(A_bar->rows) + " x " + std::to_string(A_bar->cols) +
                                    ", the system needs " + std::to_string(n) + " x " + std::to_string(n));
    if (!is_finite(*A_bar)) throw std::invalid_argument("A_bar has entries that are not finite");
}

}  // namespace capnode::zeros
