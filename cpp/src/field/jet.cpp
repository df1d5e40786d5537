#include "capnode/field/jet.hpp"

#include <stdexcept>
#include <string>

#include "arguments.hpp"
#include "jet_algebra.hpp"
#include "lanes_ball.hpp"
#include "lanes_double.hpp"
#include "sanitize.hpp"
#include "traverse.hpp"

namespace capnode {
namespace {

// A direction as a stored column, or nothing where it is empty or exactly zero.
std::optional<ComplexMatrix> column(const ComplexMatrix& d) {
    for (std::size_t k = 0; k < d.re.size(); ++k) {
        if (d.re.data[k] != 0.0 || d.im.data[k] != 0.0) return d;  // also where NaN
    }
    return std::nullopt;
}
std::optional<ComplexBallMatrix> column(const ComplexBallMatrix& d) {
    ComplexBallMatrix clean = detail::sanitize(d);
    for (std::size_t k = 0; k < clean.rad.size(); ++k) {
        if (clean.mid.re.data[k] != 0.0 || clean.mid.im.data[k] != 0.0 || clean.rad.data[k] != 0.0) return clean;
    }
    return std::nullopt;
}

void check_direction(const char* what, std::size_t rows, std::size_t cols, std::size_t needed) {
    if (rows == 0 || cols == 0) return;
    if (rows != needed || cols != 1) {
        throw std::invalid_argument(std::string("the ") + what + " part of a jet direction has shape " +
                                    std::to_string(rows) + " x " + std::to_string(cols) + ", " +
                                    std::to_string(needed) + " x 1 is needed");
    }
}

template <class Lanes, class Direction>
auto run(const Field& field, typename Lanes::Value x, typename Lanes::Value p, typename Lanes::Value t,
         const std::array<Direction, 3>& directions) {
    detail::check_sizes(field, Lanes::rows(x), Lanes::rows(p));
    detail::check_one_column("the state", Lanes::cols(x));
    if (field.parameter_dim() > 0) detail::check_one_column("the parameter", Lanes::cols(p));
    using Algebra = detail::JetAlgebra<Lanes>;
    typename Algebra::Value state{std::move(x), {}};
    typename Algebra::Value parameter{std::move(p), {}};
    for (std::size_t k = 0; k < 3; ++k) {
        check_direction("state", directions[k].x.rows(), directions[k].x.cols(), field.dim());
        check_direction("parameter", directions[k].p.rows(), directions[k].p.cols(), field.parameter_dim());
        state.at[std::size_t{1} << k] = column(directions[k].x);
        parameter.at[std::size_t{1} << k] = column(directions[k].p);
    }
    Algebra algebra(std::move(state), std::move(parameter), {std::move(t), {}});
    typename Algebra::Value value = detail::traverse(field, algebra);
    const typename Lanes::Complex zero = Lanes::complex_zeros(field.dim(), 1);
    const typename Lanes::Complex base = Lanes::to_complex(value.base);
    std::vector<const typename Lanes::Complex*> columns = {&base};
    for (std::size_t s = 1; s < monomial::count; ++s) columns.push_back(value.at[s] ? &*value.at[s] : &zero);
    return Lanes::complex_columns(columns);
}

}  // namespace

ComplexMatrix third_order_jet(const Field& field, const Matrix& x, const Matrix& p,
                              const std::array<JetDirection, 3>& directions, double t) {
    return run<detail::DoubleLanes>(field, x, p, Matrix(1, 1, t), directions);
}

ComplexBallMatrix third_order_jet(const Field& field, const BallMatrix& x, const BallMatrix& p,
                                  const std::array<BallJetDirection, 3>& directions, Ball t) {
    const BallMatrix time(Matrix(1, 1, t.mid), Matrix(1, 1, t.rad));
    return run<detail::BallLanes>(field, detail::sanitize(x), detail::sanitize(p), detail::sanitize(time), directions);
}

}  // namespace capnode
