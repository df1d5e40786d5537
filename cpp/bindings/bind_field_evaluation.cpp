// Evaluation of fields over float64 arrays, as capnode.Field and the tests call it. Columns are lanes: the state comes
// as (dim, lanes), the parameter as (parameter_dim, 1 or lanes); sets come as arrays of lower and of upper ends. The
// Python class settles user shapes. All work runs without the GIL and under the float environment guard.
#include <pybind11/complex.h>

#include <array>
#include <complex>
#include <optional>
#include <type_traits>

#include "arrays.hpp"
#include "capnode/field/directional.hpp"
#include "capnode/field/evaluate.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/field/jet.hpp"
#include "capnode/field/taylor.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/proof/verdict.hpp"
#include "field_evaluation.hpp"
#include "guarded.hpp"

namespace capnode::bindings {
namespace {

using ComplexArray = py::array_t<std::complex<double>, py::array::c_style>;

Matrix points(const py::object& object, const char* what) {
    const DoubleArray a = exact_doubles(object, what);
    refuse_nan(a, what);
    return to_matrix(a, what);
}

// Lower and upper ends of one shape.
struct Box {
    Matrix lo, hi;
    BallMatrix balls() const { return ball_matrix(lo, hi); }
    std::vector<Interval> intervals() const {
        std::vector<Interval> out(lo.size());
        for (std::size_t k = 0; k < out.size(); ++k) out[k] = Interval(lo.data[k], hi.data[k]);
        return out;
    }
};

Box box(const py::object& lower, const py::object& upper, const char* what) {
    Box b{points(lower, what), points(upper, what)};
    if (b.lo.rows != b.hi.rows || b.lo.cols != b.hi.cols) {
        throw std::invalid_argument(std::string(what) + ": " + std::to_string(b.lo.rows) + " x " +
                                    std::to_string(b.lo.cols) + " lower ends and " + std::to_string(b.hi.rows) + " x " +
                                    std::to_string(b.hi.cols) + " upper ends");
    }
    for (std::size_t k = 0; k < b.lo.size(); ++k) {
        if (b.lo.data[k] > b.hi.data[k]) {
            throw std::invalid_argument(std::string(what) + ": lower end " + shortest_text(b.lo.data[k]) +
                                        " above upper end " + shortest_text(b.hi.data[k]));
        }
    }
    return b;
}

struct Ends {
    Matrix lo, hi;
};

Ends ends(const BallMatrix& b) { return {lower_ends(b), upper_ends(b)}; }

Ends ends(const std::vector<Interval>& v) {
    Ends out{Matrix(v.size(), 1), Matrix(v.size(), 1)};
    for (std::size_t i = 0; i < v.size(); ++i) {
        out.lo.data[i] = v[i].lo;
        out.hi.data[i] = v[i].hi;
    }
    return out;
}

py::tuple to_arrays(const Ends& e) { return py::make_tuple(to_array(e.lo), to_array(e.hi)); }

// Two enclosures of one set of values.
Ends met(const Ends& a, const Ends& b) {
    Ends out = a;
    for (std::size_t k = 0; k < a.lo.size(); ++k) {
        const auto both = intersect(Interval(a.lo.data[k], a.hi.data[k]), Interval(b.lo.data[k], b.hi.data[k]));
        if (!both) throw InternalError("two enclosures of one field do not meet");
        out.lo.data[k] = both->lo;
        out.hi.data[k] = both->hi;
    }
    return out;
}

// ---- series: (degree, dim, lanes) ------------------------------------------------------------------------------
DoubleArray stack(const std::vector<Matrix>& parts) {
    DoubleArray out({parts.size(), parts[0].rows, parts[0].cols});
    double* to = out.mutable_data();
    for (const Matrix& m : parts) to = std::copy(m.data.begin(), m.data.end(), to);
    return out;
}

std::vector<Matrix> unstack(const py::object& object, const char* what) {
    const DoubleArray a = exact_doubles(object, what);
    refuse_nan(a, what);
    if (a.ndim() != 3) {
        throw std::invalid_argument(std::string(what) + ": shape " + shape_text(a) +
                                    ", (degrees, dim, lanes) is needed");
    }
    std::vector<Matrix> out;
    const double* from = a.data();
    for (py::ssize_t k = 0; k < a.shape(0); ++k) {
        Matrix m(static_cast<std::size_t>(a.shape(1)), static_cast<std::size_t>(a.shape(2)));
        std::copy(from, from + m.size(), m.data.begin());
        from += m.size();
        out.push_back(std::move(m));
    }
    return out;
}

template <class Enclosures>
py::tuple stack_ends(const Enclosures& parts) {
    std::vector<Matrix> lo;
    std::vector<Matrix> hi;
    for (const auto& part : parts) {
        Ends e = ends(part);
        lo.push_back(std::move(e.lo));
        hi.push_back(std::move(e.hi));
    }
    return py::make_tuple(stack(lo), stack(hi));
}

// ---- double-double: (3, size) planes hi, lo, rad ---------------------------------------------------------------
std::vector<DoubleDoubleBall> double_double(const DoubleArray& a, py::ssize_t offset, py::ssize_t size) {
    std::vector<DoubleDoubleBall> out(static_cast<std::size_t>(size));
    const double* d = a.data() + 3 * offset * size;
    for (py::ssize_t i = 0; i < size; ++i) {
        out[static_cast<std::size_t>(i)] = DoubleDoubleBall(d[i], d[size + i], d[2 * size + i]);
    }
    return out;
}

DoubleArray planes(const py::object& object, const char* what, py::ssize_t dimensions) {
    DoubleArray a = exact_doubles(object, what);
    refuse_nan(a, what);
    if (a.ndim() != dimensions || a.shape(dimensions - 2) != 3) {
        throw std::invalid_argument(std::string(what) + ": shape " + shape_text(a) + ", (.., 3, size) is needed");
    }
    return a;
}

// ---- complex directions: (3, size) -----------------------------------------------------------------------------
ComplexMatrix complex_column(const ComplexArray& a, py::ssize_t k) {
    const auto size = static_cast<std::size_t>(a.shape(1));
    ComplexMatrix m(size, size == 0 ? 0 : 1);
    for (std::size_t i = 0; i < size; ++i) {
        const std::complex<double> z = a.at(k, static_cast<py::ssize_t>(i));
        m.re.data[i] = z.real();
        m.im.data[i] = z.imag();
    }
    return m;
}

void check_directions(const py::array& a, const char* what) {
    if (a.ndim() != 2 || a.shape(0) != 3) {
        throw std::invalid_argument(std::string(what) + ": shape " + shape_text(a) + ", (3, size) is needed");
    }
}

Matrix radius_column(const DoubleArray& a, py::ssize_t k) {
    const auto size = static_cast<std::size_t>(a.shape(1));
    Matrix m(size, size == 0 ? 0 : 1);
    for (std::size_t i = 0; i < size; ++i) m.data[i] = a.at(k, static_cast<py::ssize_t>(i));
    return m;
}

ComplexArray to_array(const ComplexMatrix& m) {
    ComplexArray a({m.rows(), m.cols()});
    for (std::size_t k = 0; k < m.re.size(); ++k) a.mutable_data()[k] = {m.re.data[k], m.im.data[k]};
    return a;
}

void register_values(py::class_<Field>& field) {
    field.def(
        "evaluate",
        [](const Field& f, const py::object& x, const py::object& p, double t) {
            const Matrix state = points(x, "x");
            const Matrix parameter = points(p, "p");
            return bindings::to_array(guarded([&] { return evaluate(f, state, parameter, t); }));
        },
        py::arg("x"), py::arg("p"), py::arg("t") = 0.0, "(dim, lanes) -> (dim, lanes)");
    field.def(
        "enclose",
        [](const Field& f, const py::object& x_lo, const py::object& x_hi, const py::object& p_lo,
           const py::object& p_hi, double t_lo, double t_hi, const std::string& method) {
            const Box x = box(x_lo, x_hi, "x");
            const Box p = box(p_lo, p_hi, "p");
            const Interval t(t_lo, t_hi);
            if (method != "ball" && method != "interval" && method != "both") {
                throw std::invalid_argument("unknown method '" + method + "'; known: ball, interval, both");
            }
            return to_arrays(guarded([&] {
                std::optional<Ends> out;
                if (method != "interval") out = ends(evaluate(f, x.balls(), p.balls(), to_ball(t)));
                if (method != "ball") {
                    const Ends e = ends(evaluate(f, x.intervals(), p.intervals(), t));
                    out = out ? met(*out, e) : e;
                }
                return *out;
            }));
        },
        py::arg("x_lo"), py::arg("x_hi"), py::arg("p_lo"), py::arg("p_hi"), py::arg("t_lo") = 0.0,
        py::arg("t_hi") = 0.0, py::arg("method") = "ball",
        "method: ball (any number of lanes), interval or both (one lane)");
    field.def(
        "directional",
        [](const Field& f, const py::object& x, const py::object& p, const py::object& dx, const py::object& dp) {
            const DoubleArray ax = planes(x, "x", 2);
            const DoubleArray ap = planes(p, "p", 2);
            const DoubleArray adx = planes(dx, "dx", 3);
            const DoubleArray adp = planes(dp, "dp", 3);
            if (adx.shape(0) != adp.shape(0)) {
                throw std::invalid_argument(std::to_string(adx.shape(0)) + " directions of the state and " +
                                            std::to_string(adp.shape(0)) + " of the parameter");
            }
            const auto state = double_double(ax, 0, ax.shape(1));
            const auto parameter = double_double(ap, 0, ap.shape(1));
            std::vector<Direction> directions;
            for (py::ssize_t k = 0; k < adx.shape(0); ++k) {
                directions.push_back({double_double(adx, k, adx.shape(2)), double_double(adp, k, adp.shape(2))});
            }
            const DirectionalDerivatives d =
                guarded([&] { return directional_derivatives(f, state, parameter, directions); });
            DoubleArray out({1 + d.derivatives.size(), std::size_t{3}, d.value.size()});
            double* to = out.mutable_data();
            const auto write = [&](const std::vector<DoubleDoubleBall>& v) {
                for (const auto& b : v) *to++ = b.hi;
                for (const auto& b : v) *to++ = b.lo;
                for (const auto& b : v) *to++ = b.rad;
            };
            write(d.value);
            for (const auto& v : d.derivatives) write(v);
            return out;
        },
        py::arg("x"), py::arg("p"), py::arg("dx"), py::arg("dp"),
        "x (3, dim), p (3, m), dx (k, 3, dim), dp (k, 3, m), planes hi, lo, rad -> (1 + k, 3, dim)");
}

void register_derivatives(py::class_<Field>& field) {
    field.def(
        "jacobian",
        [](const Field& f, const py::object& x, const py::object& p, double t) {
            const Matrix state = points(x, "x");
            const Matrix parameter = points(p, "p");
            const Jacobian j = guarded([&] { return jacobian(f, state, parameter, t); });
            return py::make_tuple(bindings::to_array(j.value), bindings::to_array(j.dx), bindings::to_array(j.dp));
        },
        py::arg("x"), py::arg("p"), py::arg("t") = 0.0, "(dim, 1) -> value (dim, 1), dx (dim, dim), dp (dim, m)");
    field.def(
        "enclose_jacobian",
        [](const Field& f, const py::object& x_lo, const py::object& x_hi, const py::object& p_lo,
           const py::object& p_hi, double t_lo, double t_hi) {
            const Box x = box(x_lo, x_hi, "x");
            const Box p = box(p_lo, p_hi, "p");
            const auto [value, dx, dp] = guarded([&] {
                const BallJacobian j = jacobian(f, x.balls(), p.balls(), to_ball(Interval(t_lo, t_hi)));
                return std::array<Ends, 3>{ends(j.value), ends(j.dx), ends(j.dp)};
            });
            return py::make_tuple(to_arrays(value), to_arrays(dx), to_arrays(dp));
        },
        py::arg("x_lo"), py::arg("x_hi"), py::arg("p_lo"), py::arg("p_hi"), py::arg("t_lo") = 0.0,
        py::arg("t_hi") = 0.0);
    field.def(
        "jet",
        [](const Field& f, const py::object& x, const py::object& p, const ComplexArray& dx, const ComplexArray& dp,
           double t) {
            check_directions(dx, "dx");
            check_directions(dp, "dp");
            const Matrix state = points(x, "x");
            const Matrix parameter = points(p, "p");
            std::array<JetDirection, 3> d;
            for (py::ssize_t k = 0; k < 3; ++k) {
                d[static_cast<std::size_t>(k)] = {complex_column(dx, k), complex_column(dp, k)};
            }
            return to_array(guarded([&] { return third_order_jet(f, state, parameter, d, t); }));
        },
        py::arg("x"), py::arg("p"), py::arg("dx"), py::arg("dp"), py::arg("t") = 0.0,
        "dx (3, dim), dp (3, m) complex -> (dim, 8) complex");
    field.def(
        "enclose_jet",
        [](const Field& f, const py::object& x_lo, const py::object& x_hi, const py::object& p_lo,
           const py::object& p_hi, const ComplexArray& dx, const DoubleArray& dx_rad, const ComplexArray& dp,
           const DoubleArray& dp_rad, double t_lo, double t_hi) {
            check_directions(dx, "dx");
            check_directions(dp, "dp");
            check_directions(dx_rad, "dx_rad");
            check_directions(dp_rad, "dp_rad");
            if (dx.shape(1) != dx_rad.shape(1) || dp.shape(1) != dp_rad.shape(1)) {
                throw std::invalid_argument("directions " + shape_text(dx) + ", " + shape_text(dp) + " with radii " +
                                            shape_text(dx_rad) + ", " + shape_text(dp_rad));
            }
            const Box x = box(x_lo, x_hi, "x");
            const Box p = box(p_lo, p_hi, "p");
            std::array<BallJetDirection, 3> d;
            for (py::ssize_t k = 0; k < 3; ++k) {
                d[static_cast<std::size_t>(k)] = {{complex_column(dx, k), radius_column(dx_rad, k)},
                                                  {complex_column(dp, k), radius_column(dp_rad, k)}};
            }
            const ComplexBallMatrix jet =
                guarded([&] { return third_order_jet(f, x.balls(), p.balls(), d, to_ball(Interval(t_lo, t_hi))); });
            return py::make_tuple(to_array(jet.mid), bindings::to_array(jet.rad));
        },
        py::arg("x_lo"), py::arg("x_hi"), py::arg("p_lo"), py::arg("p_hi"), py::arg("dx"), py::arg("dx_rad"),
        py::arg("dp"), py::arg("dp_rad"), py::arg("t_lo") = 0.0, py::arg("t_hi") = 0.0);
}

template <class T>
std::vector<T> boxes(const std::vector<Matrix>& lo, const std::vector<Matrix>& hi) {
    std::vector<T> out;
    for (std::size_t k = 0; k < lo.size(); ++k) {
        const Box b{lo[k], hi[k]};
        if constexpr (std::is_same_v<T, BallMatrix>) {
            out.push_back(b.balls());
        } else {
            out.push_back(b.intervals());
        }
    }
    return out;
}

void register_series(py::class_<Field>& field) {
    field.def(
        "compose",
        [](const Field& f, const py::object& x, const py::object& p, double t0) {
            const std::vector<Matrix> series = unstack(x, "x");
            const Matrix parameter = points(p, "p");
            return stack(guarded([&] { return compose(f, series, parameter, t0); }));
        },
        py::arg("x"), py::arg("p"), py::arg("t0") = 0.0, "(degrees, dim, lanes) -> (degrees, dim, lanes)");
    field.def(
        "enclose_compose",
        [](const Field& f, const py::object& x_lo, const py::object& x_hi, const py::object& p_lo,
           const py::object& p_hi, double t_lo, double t_hi, bool interval) {
            const std::vector<Matrix> lo = unstack(x_lo, "x");
            const std::vector<Matrix> hi = unstack(x_hi, "x");
            if (lo.size() != hi.size()) throw std::invalid_argument("series of different lengths");
            const Box p = box(p_lo, p_hi, "p");
            const Interval t(t_lo, t_hi);
            if (interval) {
                return stack_ends(
                    guarded([&] { return compose(f, boxes<std::vector<Interval>>(lo, hi), p.intervals(), t); }));
            }
            return stack_ends(guarded([&] { return compose(f, boxes<BallMatrix>(lo, hi), p.balls(), to_ball(t)); }));
        },
        py::arg("x_lo"), py::arg("x_hi"), py::arg("p_lo"), py::arg("p_hi"), py::arg("t_lo") = 0.0,
        py::arg("t_hi") = 0.0, py::arg("interval") = false);
    field.def(
        "solution",
        [](const Field& f, const py::object& x0, const py::object& p, std::size_t order, double t0) {
            const Matrix state = points(x0, "x0");
            const Matrix parameter = points(p, "p");
            return stack(guarded([&] { return solution(f, state, parameter, order, t0); }));
        },
        py::arg("x0"), py::arg("p"), py::arg("order"), py::arg("t0") = 0.0);
    field.def(
        "enclose_solution",
        [](const Field& f, const py::object& x_lo, const py::object& x_hi, const py::object& p_lo,
           const py::object& p_hi, std::size_t order, double t_lo, double t_hi, bool interval) {
            const Box x = box(x_lo, x_hi, "x0");
            const Box p = box(p_lo, p_hi, "p");
            const Interval t(t_lo, t_hi);
            if (interval) {
                return stack_ends(guarded([&] { return solution(f, x.intervals(), p.intervals(), order, t); }));
            }
            return stack_ends(guarded([&] { return solution(f, x.balls(), p.balls(), order, to_ball(t)); }));
        },
        py::arg("x_lo"), py::arg("x_hi"), py::arg("p_lo"), py::arg("p_hi"), py::arg("order"), py::arg("t_lo") = 0.0,
        py::arg("t_hi") = 0.0, py::arg("interval") = false);
}

}  // namespace

void register_field_evaluation(py::class_<Field>& field) {
    register_values(field);
    register_derivatives(field);
    register_series(field);
}

}  // namespace capnode::bindings
