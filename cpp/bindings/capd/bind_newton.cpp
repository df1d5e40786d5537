// CAPD's interval Newton and Krawczyk operators and its interval linear algebra, for python/capnode/capd.py. The map
// may be any Python object: its value and derivative are called back with the GIL, under round to nearest.
#include <pybind11/stl.h>

#include "capd/newton/Krawczyk.h"
#include "capd/newton/Newton.h"
#include "capnode/numerics/float_environment.hpp"
#include "objects.hpp"

namespace capnode::bindings::capd_objects {
namespace {

/// What CAPD's templates want of a map. `value` (lo, hi) -> (lo, hi) and `derivative` (lo, hi) -> (lo, hi) of a matrix.
class PythonMap {
  public:
    using VectorType = ::capd::IVector;
    using MatrixType = ::capd::IMatrix;

    PythonMap(py::function value, py::function derivative, std::size_t dim)
        : value_(std::move(value)), derivative_(std::move(derivative)), dim_(dim) {}

    int dimension() const { return static_cast<int>(dim_); }

    VectorType operator()(const VectorType& x) const {
        const py::gil_scoped_acquire gil;
        const FloatEnvironment nearest;
        const py::tuple in = from_vector(x);
        const auto [lo, hi] = value_(in[0], in[1]).cast<std::pair<DoubleArray, DoubleArray>>();
        check_dimension("the value of the map", static_cast<std::size_t>(lo.size()), "argument", dim_);
        return to_vector(lo, hi);
    }
    MatrixType operator[](const VectorType& x) const {
        const py::gil_scoped_acquire gil;
        const FloatEnvironment nearest;
        const py::tuple in = from_vector(x);
        const auto [lo, hi] = derivative_(in[0], in[1]).cast<std::pair<DoubleArray, DoubleArray>>();
        check_dimension("the derivative of the map", static_cast<std::size_t>(lo.shape(0)), "argument", dim_);
        check_dimension("the derivative of the map", static_cast<std::size_t>(lo.shape(1)), "argument", dim_);
        return to_capd_matrix(lo, hi);
    }
    VectorType operator()(const VectorType& x, MatrixType& derivative) const {
        derivative = (*this)[x];
        return (*this)(x);
    }

  private:
    py::function value_;
    py::function derivative_;
    std::size_t dim_;
};

py::tuple operator_of(const PythonMap& map, const DoubleArray& x_lo, const DoubleArray& x_hi, const DoubleArray& X_lo,
                      const DoubleArray& X_hi, bool krawczyk) {
    check_dimension("x0", static_cast<std::size_t>(x_lo.size()), "map", static_cast<std::size_t>(map.dimension()));
    check_dimension("X", static_cast<std::size_t>(X_lo.size()), "map", static_cast<std::size_t>(map.dimension()));
    return from_vector(call([&] {
        const ::capd::IVector x = to_vector(x_lo, x_hi), X = to_vector(X_lo, X_hi);
        return krawczyk ? ::capd::newton::KrawczykOperator(x, X, map) : ::capd::newton::NewtonOperator(x, X, map);
    }));
}

/// code, iterations, last X, last K
py::tuple krawczyk_proof(PythonMap& map, const DoubleArray& x_lo, const DoubleArray& x_hi, const DoubleArray& X_lo,
                         const DoubleArray& X_hi, int iterations) {
    check_dimension("x0", static_cast<std::size_t>(x_lo.size()), "map", static_cast<std::size_t>(map.dimension()));
    check_dimension("X", static_cast<std::size_t>(X_lo.size()), "map", static_cast<std::size_t>(map.dimension()));
    ::capd::newton::Krawczyk<PythonMap> krawczyk(map);
    const auto code = call([&] { return krawczyk.proof(to_vector(x_lo, x_hi), to_vector(X_lo, X_hi), iterations); });
    return py::make_tuple(static_cast<int>(code), krawczyk.numberOfIterations, from_vector(krawczyk.X),
                          from_vector(krawczyk.K));
}

}  // namespace

void register_newton(py::module_& module) {
    py::class_<PythonMap>(module, "CallableMap")
        .def(py::init<py::function, py::function, std::size_t>(), py::arg("value"), py::arg("derivative"),
             py::arg("dim"));
    module.def(
        "newton_operator",
        [](const PythonMap& map, const DoubleArray& x_lo, const DoubleArray& x_hi, const DoubleArray& X_lo,
           const DoubleArray& X_hi) { return operator_of(map, x_lo, x_hi, X_lo, X_hi, false); },
        py::arg("map"), py::arg("x_lo"), py::arg("x_hi"), py::arg("X_lo"), py::arg("X_hi"));
    module.def(
        "krawczyk_operator",
        [](const PythonMap& map, const DoubleArray& x_lo, const DoubleArray& x_hi, const DoubleArray& X_lo,
           const DoubleArray& X_hi) { return operator_of(map, x_lo, x_hi, X_lo, X_hi, true); },
        py::arg("map"), py::arg("x_lo"), py::arg("x_hi"), py::arg("X_lo"), py::arg("X_hi"));
    module.def("krawczyk_proof", &krawczyk_proof, py::arg("map"), py::arg("x_lo"), py::arg("x_hi"), py::arg("X_lo"),
               py::arg("X_hi"), py::arg("iterations"));
    module.def("krawczyk_result_text", [](int code) {
        return std::string(::capd::newton::resultToText(static_cast<::capd::newton::KrawczykResult>(code)));
    });
    module.def(
        "gauss",
        [](const DoubleArray& a_lo, const DoubleArray& a_hi, const DoubleArray& b_lo, const DoubleArray& b_hi) {
            check_dimension("b", static_cast<std::size_t>(b_lo.size()), "matrix",
                            static_cast<std::size_t>(a_lo.shape(0)));
            return from_vector(call(
                [&] { return ::capd::matrixAlgorithms::gauss(to_capd_matrix(a_lo, a_hi), to_vector(b_lo, b_hi)); }));
        },
        py::arg("a_lo"), py::arg("a_hi"), py::arg("b_lo"), py::arg("b_hi"));
    module.def(
        "product",
        [](const DoubleArray& a_lo, const DoubleArray& a_hi, const DoubleArray& b_lo, const DoubleArray& b_hi) {
            check_dimension("the second matrix", static_cast<std::size_t>(b_lo.shape(0)), "first matrix",
                            static_cast<std::size_t>(a_lo.shape(1)));
            return from_matrix(
                call([&] { return ::capd::IMatrix(to_capd_matrix(a_lo, a_hi) * to_capd_matrix(b_lo, b_hi)); }));
        },
        py::arg("a_lo"), py::arg("a_hi"), py::arg("b_lo"), py::arg("b_hi"));
    module.def(
        "inverse",
        [](const DoubleArray& lo, const DoubleArray& hi, bool krawczyk) {
            return from_matrix(call([&] {
                const ::capd::IMatrix a = to_capd_matrix(lo, hi);
                return krawczyk ? ::capd::matrixAlgorithms::krawczykInverse(a)
                                : ::capd::matrixAlgorithms::gaussInverseMatrix(a);
            }));
        },
        py::arg("lo"), py::arg("hi"), py::arg("krawczyk"));
}

}  // namespace capnode::bindings::capd_objects
