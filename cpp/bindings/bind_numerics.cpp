// Intervals, elementary functions, lanes and the float environment over float64 arrays: what capnode.IntervalArray and
// the tests call. Sets cross the border as pairs of arrays of one shape; broadcasting and dtypes are settled in Python.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <stdexcept>
#include <string>

#include "bindings.hpp"
#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/float_environment.hpp"

namespace py = pybind11;

namespace capnode::bindings {

void register_lanes(py::module_& m);
void register_decimal(py::module_& m);

namespace {

using Array = py::array_t<double, py::array::c_style>;

std::vector<py::ssize_t> shape_of(const Array& a) { return {a.shape(), a.shape() + a.ndim()}; }

std::vector<py::ssize_t> stacked(py::ssize_t count, const Array& a) {
    std::vector<py::ssize_t> shape = shape_of(a);
    shape.insert(shape.begin(), count);
    return shape;
}

void same_size(const Array& a, const Array& b) {
    if (a.size() != b.size()) {
        throw std::invalid_argument("arrays of different sizes: " + std::to_string(a.size()) + " and " +
                                    std::to_string(b.size()));
    }
}

/// Calls body(i) for every entry with the GIL released and the float environment set.
template <class Body>
void for_each(py::ssize_t n, const Body& body) {
    const py::gil_scoped_release release;
    const FloatEnvironment guard;
    for (py::ssize_t i = 0; i < n; ++i) body(i);
}

/// Entrywise Interval -> Interval.
template <class Map>
py::tuple map_intervals(const Array& lo, const Array& hi, const Map& map) {
    same_size(lo, hi);
    Array out_lo(shape_of(lo));
    Array out_hi(shape_of(lo));
    const double *l = lo.data(), *h = hi.data();
    double *ol = out_lo.mutable_data(), *oh = out_hi.mutable_data();
    for_each(lo.size(), [&](py::ssize_t i) {
        const Interval y = map(Interval(l[i], h[i]), i);
        ol[i] = y.lo;
        oh[i] = y.hi;
    });
    return py::make_tuple(out_lo, out_hi);
}

/// Entrywise Interval -> four Intervals, stacked in front.
template <class Map>
py::tuple map_jets(const Array& lo, const Array& hi, const Map& map) {
    same_size(lo, hi);
    Array out_lo(stacked(4, lo));
    Array out_hi(stacked(4, lo));
    const double *l = lo.data(), *h = hi.data();
    double *ol = out_lo.mutable_data(), *oh = out_hi.mutable_data();
    const py::ssize_t n = lo.size();
    for_each(n, [&](py::ssize_t i) {
        const std::array<Interval, 4> y = map(Interval(l[i], h[i]));
        for (py::ssize_t k = 0; k < 4; ++k) {
            ol[k * n + i] = y[static_cast<std::size_t>(k)].lo;
            oh[k * n + i] = y[static_cast<std::size_t>(k)].hi;
        }
    });
    return py::make_tuple(out_lo, out_hi);
}

Interval unary(const std::string& operation, const Interval& a) {
    if (operation == "negate") return -a;
    if (operation == "reciprocal") return reciprocal(a);
    if (operation == "square") return square(a);
    if (operation == "sqrt") return sqrt(a);
    if (operation == "abs") return abs(a);
    throw std::invalid_argument("no unary interval operation '" + operation + "'");
}

Interval binary(const std::string& operation, const Interval& a, const Interval& b) {
    if (operation == "add") return a + b;
    if (operation == "subtract") return a - b;
    if (operation == "multiply") return a * b;
    if (operation == "divide") return a / b;
    if (operation == "quotient") return quotient(a, b);
    if (operation == "minimum") return min(a, b);
    if (operation == "maximum") return max(a, b);
    if (operation == "hull") return hull(a, b);
    if (operation == "intersect") return intersect(a, b).value_or(Interval::whole());  // asked only where they meet
    throw std::invalid_argument("no binary interval operation '" + operation + "'");
}

bool question(const std::string& name, const Interval& a, const Interval& b) {
    if (name == "subset") return subset(a, b);
    if (name == "interior") return interior(a, b);
    if (name == "disjoint") return disjoint(a, b);
    if (name == "certainly_less") return certainly_less(a, b);
    throw std::invalid_argument("no question '" + name + "' about intervals");
}

py::tuple ball_form(const Array& lo, const Array& hi) {
    same_size(lo, hi);
    Array mid(shape_of(lo));
    Array rad(shape_of(lo));
    const double *l = lo.data(), *h = hi.data();
    double *m = mid.mutable_data(), *r = rad.mutable_data();
    for_each(lo.size(), [&](py::ssize_t i) {
        const Interval x(l[i], h[i]);
        m[i] = midpoint(x);
        r[i] = radius_up(x, m[i]);
    });
    return py::make_tuple(mid, rad);
}

DoubleDoubleBall binary(const std::string& operation, const DoubleDoubleBall& a, const DoubleDoubleBall& b) {
    if (operation == "add") return a + b;
    if (operation == "subtract") return a - b;
    if (operation == "multiply") return a * b;
    if (operation == "divide") return a / b;
    if (operation == "sqrt") return sqrt(a);
    throw std::invalid_argument("no double-double operation '" + operation + "'");
}

/// Entrywise operation on double-double balls, `count` results stacked in front (none stacked for count = 0).
template <class Map>
py::tuple map_double_doubles(const Array& hi, const Array& lo, const Array& rad, py::ssize_t count, const Map& map) {
    same_size(hi, lo);
    same_size(hi, rad);
    const auto shape = count == 0 ? shape_of(hi) : stacked(count, hi);
    Array oh(shape);
    Array ol(shape);
    Array orad(shape);
    const double *h = hi.data(), *l = lo.data(), *r = rad.data();
    double *ph = oh.mutable_data(), *pl = ol.mutable_data(), *pr = orad.mutable_data();
    const py::ssize_t n = hi.size();
    for_each(n, [&](py::ssize_t i) {
        const auto y = map(DoubleDoubleBall(h[i], l[i], r[i]), i);
        for (py::ssize_t k = 0; k < static_cast<py::ssize_t>(y.size()); ++k) {
            const DoubleDoubleBall& b = y[static_cast<std::size_t>(k)];
            ph[k * n + i] = b.hi;
            pl[k * n + i] = b.lo;
            pr[k * n + i] = b.rad;
        }
    });
    return py::make_tuple(oh, ol, orad);
}

void register_intervals(py::module_& m) {
    m.def("interval_unary", [](const std::string& op, const Array& lo, const Array& hi) {
        return map_intervals(lo, hi, [&](const Interval& x, py::ssize_t) { return unary(op, x); });
    });
    m.def("interval_binary",
          [](const std::string& op, const Array& alo, const Array& ahi, const Array& blo, const Array& bhi) {
              same_size(alo, blo);
              same_size(blo, bhi);
              const double *l = blo.data(), *h = bhi.data();
              return map_intervals(
                  alo, ahi, [&](const Interval& x, py::ssize_t i) { return binary(op, x, Interval(l[i], h[i])); });
          });
    m.def("interval_question",
          [](const std::string& name, const Array& alo, const Array& ahi, const Array& blo, const Array& bhi) {
              same_size(alo, ahi);
              same_size(alo, blo);
              same_size(blo, bhi);
              py::array_t<bool> out(shape_of(alo));
              const double *al = alo.data(), *ah = ahi.data(), *bl = blo.data(), *bh = bhi.data();
              bool* o = out.mutable_data();
              for_each(alo.size(),
                       [&](py::ssize_t i) { o[i] = question(name, Interval(al[i], ah[i]), Interval(bl[i], bh[i])); });
              return out;
          });
    m.def("widen_float32", [](const py::array_t<float, py::array::c_style>& x) {
        Array out(std::vector<py::ssize_t>(x.shape(), x.shape() + x.ndim()));
        const float* p = x.data();
        double* o = out.mutable_data();
        for_each(x.size(), [&](py::ssize_t i) { o[i] = static_cast<double>(p[i]); });
        return out;
    });
    m.def("interval_power", [](const Array& lo, const Array& hi, int n) {
        return map_intervals(lo, hi, [&](const Interval& x, py::ssize_t) { return power(x, n); });
    });
    m.def("interval_apply", [](const std::string& function, const Array& lo, const Array& hi) {
        const Function f = function_from_name(function);
        return map_intervals(lo, hi, [&](const Interval& x, py::ssize_t) { return apply(f, x); });
    });
    m.def("interval_derivatives", [](const std::string& function, const Array& lo, const Array& hi) {
        const Function f = function_from_name(function);
        return map_jets(lo, hi, [&](const Interval& x) { return derivatives(f, x); });
    });
    m.def("interval_power_derivatives", [](const Array& lo, const Array& hi, int n) {
        return map_jets(lo, hi, [&](const Interval& x) { return power_derivatives(x, n); });
    });
    m.def("ball_form", &ball_form, "mid, rad with [lo, hi] inside mid +- rad");
    m.def("ball_to_interval", [](const Array& mid, const Array& rad) {
        same_size(mid, rad);
        const double* r = rad.data();
        return map_intervals(mid, mid, [&](const Interval& x, py::ssize_t i) { return ball_hull(x.lo, r[i]); });
    });
}

void register_elementary(py::module_& m) {
    m.def("elementwise_functions", [] {
        std::vector<std::string> names;
        for (const Function f : all_functions()) names.emplace_back(name(f));
        return names;
    });
    m.def("double_derivatives", [](const std::string& function, const Array& x) {
        const Function f = function_from_name(function);
        Array out(stacked(4, x));
        const double* p = x.data();
        double* o = out.mutable_data();
        const py::ssize_t n = x.size();
        for_each(n, [&](py::ssize_t i) {
            const std::array<double, 4> y = derivatives(f, p[i]);
            for (py::ssize_t k = 0; k < 4; ++k) o[k * n + i] = y[static_cast<std::size_t>(k)];
        });
        return out;
    });
    m.def("double_double_apply", [](const std::string& function, const Array& hi, const Array& lo, const Array& rad) {
        const Function f = function_from_name(function);
        return map_double_doubles(hi, lo, rad, 2, [&](const DoubleDoubleBall& x, py::ssize_t) {
            std::array<DoubleDoubleBall, 2> y = derivatives2(f, x);
            y[0] = apply(f, x);
            return y;
        });
    });
    m.def("double_double_binary", [](const std::string& op, const Array& ah, const Array& al, const Array& ar,
                                     const Array& bh, const Array& bl, const Array& br) {
        same_size(ah, bh);
        same_size(bh, bl);
        same_size(bh, br);
        const double *h = bh.data(), *l = bl.data(), *r = br.data();
        return map_double_doubles(ah, al, ar, 0, [&](const DoubleDoubleBall& x, py::ssize_t i) {
            return std::array<DoubleDoubleBall, 1>{binary(op, x, DoubleDoubleBall(h[i], l[i], r[i]))};
        });
    });
}

}  // namespace

void register_numerics(py::module_& module) {
    register_intervals(module);
    register_elementary(module);
    register_lanes(module);
    register_decimal(module);
}

}  // namespace capnode::bindings
