#include "capnode/proof/zero_problem.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "capnode/field/evaluate.hpp"
#include "capnode/field/field.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/field/jet.hpp"
#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/double_double.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode {
namespace {

BallMatrix column(const std::vector<Interval>& x) {
    BallMatrix c(x.size(), 1);
    for (std::size_t i = 0; i < x.size(); ++i) {
        c.mid(i, 0) = midpoint(x[i]);
        c.rad(i, 0) = radius_up(x[i], c.mid(i, 0));
    }
    return c;
}

std::vector<DoubleDoubleBall> points(const std::vector<double>& x) { return {x.begin(), x.end()}; }

ValueAtPoint field_residual(const Field& field, const std::vector<double>& x, const std::vector<Interval>& p) {
    const std::size_t n = field.dim();
    std::vector<double> p_bar(p.size());
    bool thin = true;
    for (std::size_t j = 0; j < p.size(); ++j) {
        p_bar[j] = midpoint(p[j]);
        thin = thin && is_point(p[j]);
    }
    ValueAtPoint residual{BallMatrix(n, 1), {}};
    const std::vector<DoubleDoubleBall> f = evaluate(field, points(x), points(p_bar));
    for (std::size_t i = 0; i < n; ++i) {
        // hi + lo +- rad as hi +- (|lo| + rad).
        residual.center.mid(i, 0) = f[i].hi;
        residual.center.rad(i, 0) = add_up(std::fabs(f[i].lo), f[i].rad);
    }
    if (thin) return residual;

    // f(x, p) - f(x, p_bar) = int f_p(x, p_bar + r (p - p_bar)) dr (p - p_bar), |p_j - p_bar_j| <= rad_j.
    const BallMatrix P = column(p);
    const BallMatrix dp = jacobian(field, column({x.begin(), x.end()}), P).dp;
    residual.generators = BallMatrix(n, p.size());
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < p.size(); ++j) {
            const Ball g = Ball{dp.mid(i, j), dp.rad(i, j)} * Ball{P.rad(j, 0), 0.0};
            residual.generators.mid(i, j) = g.mid;
            residual.generators.rad(i, j) = g.rad;
        }
    }
    return residual;
}

/// |D^2 f(x, p)[u, v]_i| over the box and all |u_j|, |v_j| <= w_j: the monomial e1 e2 of a jet whose two directions
/// are discs about 0.
std::vector<double> field_second_derivative(const Field& field, const std::vector<Interval>& box,
                                            const std::vector<Interval>& p, const std::vector<double>& w) {
    const std::size_t n = field.dim();
    ComplexBallMatrix disc(n, 1);
    for (std::size_t i = 0; i < n; ++i) disc.rad(i, 0) = w[i];
    const std::array<BallJetDirection, 3> directions = {BallJetDirection{disc, {}}, BallJetDirection{disc, {}}, {}};
    const ComplexBallMatrix jet = third_order_jet(field, column(box), column(p), directions);
    std::vector<double> bound(n);
    for (std::size_t i = 0; i < n; ++i) {
        const ComplexBall z{jet.mid.re(i, monomial::e12), jet.mid.im(i, monomial::e12), jet.rad(i, monomial::e12)};
        const double b = magnitude_up(z);
        bound[i] = b >= 0.0 ? b : infinity;
    }
    return bound;
}

}  // namespace

ZeroProblem zero_problem(const Field& field, const std::vector<Interval>& p) {
    if (p.size() != field.parameter_dim())
        throw std::invalid_argument("the parameter has " + std::to_string(p.size()) + " components, the field takes " +
                                    std::to_string(field.parameter_dim()));
    if (field.depends_on_time())
        throw std::invalid_argument("the field depends on time: it has no equilibria to prove");
    for (std::size_t j = 0; j < p.size(); ++j) {
        if (!is_bounded(p[j])) throw std::invalid_argument("parameter " + std::to_string(j) + " is unbounded");
    }
    ZeroProblem problem;
    problem.dim = field.dim();
    problem.residual = [field, p](const std::vector<double>& x) { return field_residual(field, x, p); };
    problem.derivative = [field, p](const std::vector<Interval>& box) {
        return jacobian(field, column(box), column(p)).dx;
    };
    problem.value = [field, p](const std::vector<Interval>& box) { return evaluate(field, box, p); };
    problem.second_derivative = [field, p](const std::vector<Interval>& box, const std::vector<double>& w) {
        return field_second_derivative(field, box, p, w);
    };
    return problem;
}

}  // namespace capnode
