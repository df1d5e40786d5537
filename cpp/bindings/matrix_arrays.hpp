// Matrices and ball matrices across the border: float64 arrays (mid, rad), complex ones (re, im, rad); copies both
// ways.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "capnode/numerics/matrix.hpp"
#include "capnode/numerics/number_text.hpp"
#include "guarded.hpp"

namespace capnode::bindings {

namespace py = pybind11;
using Array = py::array_t<double, py::array::c_style>;

inline Matrix matrix(const Array& a) {
    if (a.ndim() != 2) throw std::invalid_argument("a matrix has 2 dimensions, got " + std::to_string(a.ndim()));
    Matrix m(static_cast<std::size_t>(a.shape(0)), static_cast<std::size_t>(a.shape(1)));
    std::copy(a.data(), a.data() + m.size(), m.data.begin());
    return m;
}
inline Array array(const Matrix& m) {
    Array a({m.rows, m.cols});
    std::copy(m.data.begin(), m.data.end(), a.mutable_data());
    return a;
}
inline void require_shapes(const Matrix& a, const Matrix& b) {
    if (a.rows != b.rows || a.cols != b.cols) {
        throw std::invalid_argument("midpoint and radius have different shapes: " + std::to_string(a.rows) + " x " +
                                    std::to_string(a.cols) + " and " + std::to_string(b.rows) + " x " +
                                    std::to_string(b.cols));
    }
}
inline void require_nonnegative(const Matrix& rad) {
    for (const double r : rad.data) {
        if (r < 0.0) throw std::invalid_argument("a radius is negative: " + shortest_text(r));
    }
}
inline BallMatrix ball(const Array& mid, const Array& rad) {
    BallMatrix b{matrix(mid), matrix(rad)};
    require_shapes(b.mid, b.rad);
    require_nonnegative(b.rad);
    return b;
}
inline ComplexBallMatrix complex_ball(const Array& re, const Array& im, const Array& rad) {
    ComplexBallMatrix b{ComplexMatrix{matrix(re), matrix(im)}, matrix(rad)};
    require_shapes(b.mid.re, b.rad);
    require_shapes(b.mid.im, b.rad);
    require_nonnegative(b.rad);
    return b;
}
inline py::tuple tuple(const BallMatrix& b) { return py::make_tuple(array(b.mid), array(b.rad)); }
inline py::tuple tuple(const ComplexBallMatrix& b) {
    return py::make_tuple(array(b.mid.re), array(b.mid.im), array(b.rad));
}

}  // namespace capnode::bindings
