// LAPACK in plain floats for the search, through the library's own single-threaded OpenBLAS and without the GIL: the
// search runs on threads of Python, and NumPy's BLAS would start its own workers in each of them.
#include <pybind11/complex.h>

#include <complex>

#include "arrays.hpp"
#include "bindings.hpp"
#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/float_environment.hpp"

namespace capnode::bindings {
namespace {

using Complex = std::complex<double>;
using ComplexArray = py::array_t<Complex, py::array::c_style>;

ComplexMatrix complex_matrix(const ComplexArray& a) {
    if (a.ndim() != 2) throw std::invalid_argument("a complex matrix is needed: got shape " + shape_text(a));
    ComplexMatrix m(static_cast<std::size_t>(a.shape(0)), static_cast<std::size_t>(a.shape(1)));
    const Complex* data = a.data();
    for (std::size_t k = 0; k < m.re.size(); ++k) {
        m.re.data[k] = data[k].real();
        m.im.data[k] = data[k].imag();
    }
    return m;
}

ComplexArray complex_array(const Matrix& re, const Matrix& im) {
    ComplexArray out({re.rows, re.cols});
    Complex* data = out.mutable_data();
    for (std::size_t k = 0; k < re.size(); ++k) data[k] = {re.data[k], im.data[k]};
    return out;
}

/// LAPACK's real form of eigenvectors as complex columns.
void unpack(const blas::Eigen& eigen, Matrix& re, Matrix& im) {
    const std::size_t n = eigen.values.size();
    re = Matrix(n, n);
    im = Matrix(n, n);
    for (std::size_t j = 0; j < n; ++j) {
        const bool pair = eigen.values[j].imag() > 0.0 && j + 1 < n;
        for (std::size_t i = 0; i < n; ++i) {
            re(i, j) = eigen.right(i, j);
            if (!pair) continue;
            im(i, j) = eigen.right(i, j + 1);
            re(i, j + 1) = re(i, j);
            im(i, j + 1) = -im(i, j);
        }
        if (pair) ++j;
    }
}

/// d lambda_i along dA: u^H dA v / (u^H v) with the left and right vectors of lambda_i; 0 where u^H v vanishes.
std::vector<Complex> rates_of(const blas::Eigen& eigen, const Matrix& direction) {
    const std::size_t n = eigen.values.size();
    const Matrix moved = blas::multiply(direction, eigen.right);
    std::vector<Complex> rates(n);
    for (std::size_t j = 0; j < n; ++j) {
        const bool pair = eigen.values[j].imag() > 0.0 && j + 1 < n;
        Complex above = 0.0, below = 0.0;
        for (std::size_t i = 0; i < n; ++i) {
            const Complex u(eigen.left(i, j), pair ? -eigen.left(i, j + 1) : 0.0);  // conjugated
            above += u * Complex(moved(i, j), pair ? moved(i, j + 1) : 0.0);
            below += u * Complex(eigen.right(i, j), pair ? eigen.right(i, j + 1) : 0.0);
        }
        rates[j] = below == 0.0 ? Complex(0.0) : above / below;
        if (pair) {
            rates[j + 1] = std::conj(rates[j]);
            ++j;
        }
    }
    return rates;
}

}  // namespace

void register_search(py::module_& module) {
    module.def(
        "float_spectrum",
        [](const py::object& matrix, const py::object& direction) -> py::object {
            const Matrix a = to_matrix(matrix, "matrix");
            const Matrix da = to_matrix(direction, "direction");
            if (a.rows != a.cols || da.rows != a.rows || da.cols != a.cols)
                throw std::invalid_argument("two square matrices of one size are needed");
            blas::Eigen eigen;
            Matrix re, im;
            std::vector<Complex> rates;
            bool ok = false;
            {
                py::gil_scoped_release release;
                FloatEnvironment guard;
                ok = blas::geev(a, true, true, eigen);
                if (ok) {
                    unpack(eigen, re, im);
                    rates = rates_of(eigen, da);
                }
            }
            if (!ok) return py::none();
            ComplexArray values(static_cast<py::ssize_t>(eigen.values.size()));
            std::copy(eigen.values.begin(), eigen.values.end(), values.mutable_data());
            ComplexArray derivatives(static_cast<py::ssize_t>(rates.size()));
            std::copy(rates.begin(), rates.end(), derivatives.mutable_data());
            return py::make_tuple(values, derivatives, complex_array(re, im));
        },
        py::arg("matrix"), py::arg("direction"),
        "(eigenvalues, their derivatives along the direction, right eigenvectors as columns) in floats, or None.");

    module.def(
        "float_solve",
        [](const py::object& matrix, const py::object& right) -> py::object {
            const Matrix a = to_matrix(matrix, "matrix");
            const Matrix b = to_matrix(right, "right-hand sides");
            if (a.rows != a.cols || a.rows != b.rows) throw std::invalid_argument("shapes do not fit");
            Matrix x;
            bool ok = false;
            {
                py::gil_scoped_release release;
                FloatEnvironment guard;
                ok = blas::solve(a, b, x);
            }
            return ok ? py::object(to_array(x)) : py::none();
        },
        py::arg("matrix"), py::arg("right"), "x with matrix x = right in floats, or None where singular.");

    module.def(
        "float_solve_complex",
        [](const ComplexArray& matrix, const ComplexArray& right) -> py::object {
            const ComplexMatrix a = complex_matrix(matrix);
            const ComplexMatrix b = complex_matrix(right);
            if (a.rows() != a.cols() || a.rows() != b.rows()) throw std::invalid_argument("shapes do not fit");
            ComplexMatrix x;
            bool ok = false;
            {
                py::gil_scoped_release release;
                FloatEnvironment guard;
                ok = blas::solve(a, b, x);
            }
            return ok ? py::object(complex_array(x.re, x.im)) : py::none();
        },
        py::arg("matrix"), py::arg("right"), "The complex version of float_solve.");
}

}  // namespace capnode::bindings
