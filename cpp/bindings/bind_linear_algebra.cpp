// Ball matrices cross the border as pairs of float64 arrays (mid, rad); complex ones as (re, im, rad).
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

#include "bindings.hpp"
#include "capnode/numerics/accurate_product.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/definiteness.hpp"
#include "capnode/numerics/linear_solve.hpp"
#include "matrix_arrays.hpp"

namespace py = pybind11;

namespace capnode::bindings {

void register_linear_algebra(py::module_& module) {
    module.def("blas_description", [] { return std::string(blas::description()); });
    module.def(
        "point_ball_product",
        [](const Array& a, const Array& mid, const Array& rad) {
            const Matrix x = matrix(a);
            const BallMatrix y = ball(mid, rad);
            return tuple(guarded([&] { return multiply(x, y); }));
        },
        "a (m, k) times a ball matrix (k, n): (mid, rad)");
    module.def(
        "ball_product",
        [](const Array& a_mid, const Array& a_rad, const Array& b_mid, const Array& b_rad) {
            const BallMatrix x = ball(a_mid, a_rad), y = ball(b_mid, b_rad);
            return tuple(guarded([&] { return multiply(x, y); }));
        },
        "product of two ball matrices: (mid, rad)");
    module.def("complex_ball_product", [](const Array& a_re, const Array& a_im, const Array& a_rad, const Array& b_re,
                                          const Array& b_im, const Array& b_rad) {
        const ComplexBallMatrix x = complex_ball(a_re, a_im, a_rad), y = complex_ball(b_re, b_im, b_rad);
        return tuple(guarded([&] { return multiply(x, y); }));
    });
    module.def("real_complex_ball_product",
               [](const Array& a_mid, const Array& a_rad, const Array& b_re, const Array& b_im, const Array& b_rad) {
                   const BallMatrix x = ball(a_mid, a_rad);
                   const ComplexBallMatrix y = complex_ball(b_re, b_im, b_rad);
                   return tuple(guarded([&] { return multiply(x, y); }));
               });
    module.def("ball_affine", [](const Array& w, const Array& w_rad, const Array& x_mid, const Array& x_rad,
                                 const Array& b_mid, const Array& b_rad) {
        const Matrix weight = matrix(w), weight_rad = matrix(w_rad);
        const BallMatrix x = ball(x_mid, x_rad), bias = ball(b_mid, b_rad);
        return tuple(guarded([&] { return affine(weight, weight_rad, x, bias); }));
    });
    module.def("accurate_product", [](const Array& a, const Array& b) {
        const Matrix x = matrix(a), y = matrix(b);
        const ExpandedMatrix p = guarded([&] { return accurate_product(x, y); });
        return py::make_tuple(array(p.hi), array(p.lo), array(p.rad));
    });
    module.def(
        "verified_solve",
        [](const Array& a_mid, const Array& a_rad, const Array& b_mid, const Array& b_rad) -> py::object {
            const BallMatrix a = ball(a_mid, a_rad), b = ball(b_mid, b_rad);
            std::string reason;
            const auto x = guarded([&] { return verified_solve(a, b, &reason); });
            return x ? py::object(tuple(*x)) : py::object(py::str(reason));
        },
        "(mid, rad) of the solution, or the reason why the matrix could not be proved nonsingular");
    module.def("verified_complex_solve",
               [](const Array& a_re, const Array& a_im, const Array& a_rad, const Array& b_re, const Array& b_im,
                  const Array& b_rad) -> py::object {
                   const ComplexBallMatrix a = complex_ball(a_re, a_im, a_rad), b = complex_ball(b_re, b_im, b_rad);
                   std::string reason;
                   const auto x = guarded([&] { return verified_solve(a, b, &reason); });
                   return x ? py::object(tuple(*x)) : py::object(py::str(reason));
               });
    module.def("verified_inverse", [](const Array& a_mid, const Array& a_rad) -> py::object {
        const BallMatrix a = ball(a_mid, a_rad);
        std::string reason;
        const auto x = guarded([&]() -> std::optional<BallMatrix> {
            const auto v = VerifiedInverse::of(a, &reason);
            if (!v) return std::nullopt;
            return v->inverse();
        });
        return x ? py::object(tuple(*x)) : py::object(py::str(reason));
    });
    module.def("positive_definite", [](const Array& mid, const Array& rad) {
        const BallMatrix a = ball(mid, rad);
        return guarded([&] { return positive_definite(a); });
    });
    module.def("extreme_eigenvalues", [](const Array& mid, const Array& rad) {
        const BallMatrix a = ball(mid, rad);
        const ExtremeEigenvalues e = guarded([&] { return extreme_eigenvalues(a); });
        return py::make_tuple(py::make_tuple(e.least.lo, e.least.hi), py::make_tuple(e.largest.lo, e.largest.hi));
    });
    module.def("spectral_norm_up", [](const Array& mid, const Array& rad) {
        const BallMatrix a = ball(mid, rad);
        return guarded([&] { return spectral_norm_up(a); });
    });
    // Times of the C++ products alone (the arrays are copied before), for benchmarks/linear_algebra.py.
    module.def("time_ball_products",
               [](const Array& a_mid, const Array& a_rad, const Array& b_mid, const Array& b_rad, int kind) {
                   const BallMatrix x = ball(a_mid, a_rad), y = ball(b_mid, b_rad);
                   return guarded([&] {
                       const auto start = std::chrono::steady_clock::now();
                       const BallMatrix z = kind == 0 ? multiply(x.mid, y) : multiply(x, y);
                       const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
                       return z.rows() > 0 ? elapsed.count() : 0.0;
                   });
               });
}

}  // namespace capnode::bindings
