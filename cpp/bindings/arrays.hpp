// NumPy arrays as arguments: only what a double holds exactly comes in (NumPy's own forcecast would round silently),
// and what is refused says so with the names and numbers.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "capnode/numerics/float_environment.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode::bindings {

namespace py = pybind11;

using DoubleArray = py::array_t<double, py::array::c_style>;

/// "(3, 4)"
inline std::string shape_text(const py::array& a) {
    std::string text = "(";
    for (py::ssize_t i = 0; i < a.ndim(); ++i) text += (i > 0 ? ", " : "") + std::to_string(a.shape(i));
    return text + (a.ndim() == 1 ? ",)" : ")");
}

template <class Integer>
void refuse_large_integers(const py::array& a, const char* what) {
    constexpr auto limit = static_cast<Integer>(std::int64_t{1} << 53);
    const auto wide = py::array_t<Integer, py::array::c_style | py::array::forcecast>::ensure(a);  // exact
    if (!wide) throw py::error_already_set();
    const Integer* data = wide.data();
    for (py::ssize_t k = 0; k < wide.size(); ++k) {
        if (data[k] > limit || (std::is_signed_v<Integer> && data[k] < -limit)) {
            throw std::invalid_argument(std::string(what) + ": the integer " + std::to_string(data[k]) +
                                        " is above 2^53 = 9007199254740992 and may not be a double");
        }
    }
}

/// A contiguous float64 array of the same numbers: float16/32/64 and integers that a double holds exactly.
inline DoubleArray exact_doubles(const py::object& object, const char* what) {
    const py::array a = py::array::ensure(object);
    if (!a) {
        PyErr_Clear();
        throw std::invalid_argument(std::string(what) + ": not an array of numbers");
    }
    const char kind = a.dtype().kind();
    const bool floating = kind == 'f' && a.dtype().itemsize() <= 8;
    const bool integer = kind == 'i' || kind == 'u';
    if (!floating && !integer) {
        throw std::invalid_argument(std::string(what) + ": dtype " + py::cast<std::string>(py::str(a.dtype())) +
                                    " is not accepted; give float64 (float32, float16 and integers widen exactly)");
    }
    // float32 widens exactly only where the caller's denormals-are-zero does not reach
    const FloatEnvironment guard;
    auto result = py::array_t<double, py::array::c_style | py::array::forcecast>::ensure(a);
    if (!result) throw py::error_already_set();
    // As integers: 2^53 + 1 becomes 2^53 as a double.
    if (kind == 'i') refuse_large_integers<std::int64_t>(a, what);
    if (kind == 'u') refuse_large_integers<std::uint64_t>(a, what);
    return result;
}

inline void refuse_nan(const DoubleArray& a, const char* what) {
    const double* data = a.data();
    for (py::ssize_t k = 0; k < a.size(); ++k) {
        if (std::isnan(data[k])) {
            throw std::invalid_argument(std::string(what) + ": entry " + std::to_string(k) + " of shape " +
                                        shape_text(a) + " is NaN");
        }
    }
}

/// A vector (k,) as a column k x 1; a number as 1 x 1.
inline Matrix to_column(const py::object& object, const char* what) {
    const DoubleArray a = exact_doubles(object, what);
    if (a.ndim() > 1)
        throw std::invalid_argument(std::string(what) + ": shape " + shape_text(a) + ", a vector (k,) is needed");
    Matrix m(static_cast<std::size_t>(a.size()), 1);
    std::copy(a.data(), a.data() + a.size(), m.data.begin());
    return m;
}

inline Matrix to_matrix(const py::object& object, const char* what) {
    const DoubleArray a = exact_doubles(object, what);
    if (a.ndim() != 2)
        throw std::invalid_argument(std::string(what) + ": shape " + shape_text(a) +
                                    ", a matrix (rows, cols) is needed");
    Matrix m(static_cast<std::size_t>(a.shape(0)), static_cast<std::size_t>(a.shape(1)));
    std::copy(a.data(), a.data() + a.size(), m.data.begin());
    return m;
}

/// None as the empty matrix.
inline Matrix to_column_or_empty(const py::object& object, const char* what) {
    return object.is_none() ? Matrix() : to_column(object, what);
}
inline Matrix to_matrix_or_empty(const py::object& object, const char* what) {
    return object.is_none() ? Matrix() : to_matrix(object, what);
}

/// (rows, cols) float64
inline DoubleArray to_array(const Matrix& m) {
    DoubleArray a({m.rows, m.cols});
    std::copy(m.data.begin(), m.data.end(), a.mutable_data());
    return a;
}
/// All entries as (size,) float64.
inline DoubleArray to_flat_array(const Matrix& m) {
    DoubleArray a(static_cast<py::ssize_t>(m.size()));
    std::copy(m.data.begin(), m.data.end(), a.mutable_data());
    return a;
}

}  // namespace capnode::bindings
