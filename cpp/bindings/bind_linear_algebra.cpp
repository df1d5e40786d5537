// Ball matrices cross the border as pairs of float64 arrays (mid, rad); complex ones as (re, im, rad).
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>

#include "bindings.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/blas.hpp"
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
