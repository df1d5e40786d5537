#include "capnode/field/taylor.hpp"

#include <stdexcept>
#include <string>

#include "arguments.hpp"
#include "lanes_ball.hpp"
#include "lanes_double.hpp"
#include "lanes_interval.hpp"
#include "sanitize.hpp"
#include "series_algebra.hpp"
#include "traverse.hpp"

namespace capnode {
namespace {

template <class Lanes>
void check(const Field& field, const typename Lanes::Value& x, const typename Lanes::Value& p) {
    detail::check_sizes(field, Lanes::rows(x), Lanes::rows(p));
    detail::check_lanes(Lanes::cols(x), field.parameter_dim() == 0 ? 1 : Lanes::cols(p));
}

// Coefficient k of the output in all lanes.
template <class Lanes>
typename Lanes::Value coefficient(const detail::Series<Lanes>& s, std::size_t k, std::size_t rows, std::size_t lanes) {
    typename Lanes::Value zero = Lanes::zeros(rows, lanes);
    if (!s.at(k)) return zero;
    return Lanes::cols(*s.at(k)) == lanes ? *s.at(k) : Lanes::add(zero, *s.at(k));
}

template <class Lanes>
std::vector<typename Lanes::Value> compose_series(const Field& field, const std::vector<typename Lanes::Value>& x,
                                                  typename Lanes::Value p, typename Lanes::Value t0) {
    if (x.empty()) throw std::invalid_argument("a series has 0 coefficients, at least 1 is needed");
    for (const auto& coefficient_of_x : x) {
        check<Lanes>(field, coefficient_of_x, p);
        if (Lanes::cols(coefficient_of_x) != Lanes::cols(x[0])) {
            throw std::invalid_argument("coefficients with " + std::to_string(Lanes::cols(x[0])) + " and " +
                                        std::to_string(Lanes::cols(coefficient_of_x)) + " lanes in one series");
        }
    }
    detail::SeriesAlgebra<Lanes> algebra(std::move(p), std::move(t0));
    algebra.x().c.assign(x.begin(), x.end());
    std::vector<typename Lanes::Value> out;
    for (std::size_t k = 0; k < x.size(); ++k) {
        algebra.start(k);
        out.push_back(coefficient<Lanes>(*detail::traverse(field, algebra), k, field.dim(), Lanes::cols(x[0])));
    }
    return out;
}

template <class Lanes>
std::vector<typename Lanes::Value> solution_series(const Field& field, typename Lanes::Value x0,
                                                   typename Lanes::Value p, std::size_t order,
                                                   typename Lanes::Value t0) {
    check<Lanes>(field, x0, p);
    const std::size_t lanes = Lanes::cols(x0);
    detail::SeriesAlgebra<Lanes> algebra(std::move(p), std::move(t0));
    algebra.x().c.emplace_back(std::move(x0));
    for (std::size_t k = 0; k < order; ++k) {
        algebra.start(k);
        auto slope = coefficient<Lanes>(*detail::traverse(field, algebra), k, field.dim(), lanes);
        algebra.x().c.emplace_back(Lanes::divide_by(std::move(slope), static_cast<double>(k + 1)));
    }
    std::vector<typename Lanes::Value> out;
    for (auto& c : algebra.x().c) out.push_back(std::move(*c));
    return out;
}

BallMatrix ball_time(Ball t) { return detail::sanitize(BallMatrix(Matrix(1, 1, t.mid), Matrix(1, 1, t.rad))); }

}  // namespace

std::vector<Matrix> compose(const Field& field, const std::vector<Matrix>& x, const Matrix& p, double t0) {
    return compose_series<detail::DoubleLanes>(field, x, p, Matrix(1, 1, t0));
}
std::vector<BallMatrix> compose(const Field& field, const std::vector<BallMatrix>& x, const BallMatrix& p, Ball t0) {
    std::vector<BallMatrix> clean;
    for (const BallMatrix& c : x) clean.push_back(detail::sanitize(c));
    return compose_series<detail::BallLanes>(field, clean, detail::sanitize(p), ball_time(t0));
}
std::vector<std::vector<Interval>> compose(const Field& field, const std::vector<std::vector<Interval>>& x,
                                           const std::vector<Interval>& p, Interval t0) {
    return compose_series<detail::IntervalLanes>(field, x, p, {t0});
}

std::vector<Matrix> solution(const Field& field, const Matrix& x0, const Matrix& p, std::size_t order, double t0) {
    return solution_series<detail::DoubleLanes>(field, x0, p, order, Matrix(1, 1, t0));
}
std::vector<BallMatrix> solution(const Field& field, const BallMatrix& x0, const BallMatrix& p, std::size_t order,
                                 Ball t0) {
    return solution_series<detail::BallLanes>(field, detail::sanitize(x0), detail::sanitize(p), order, ball_time(t0));
}
std::vector<std::vector<Interval>> solution(const Field& field, const std::vector<Interval>& x0,
                                            const std::vector<Interval>& p, std::size_t order, Interval t0) {
    return solution_series<detail::IntervalLanes>(field, x0, p, order, {t0});
}

}  // namespace capnode
