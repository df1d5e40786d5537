// Verified eigenbases, as the tests and the theorem `spectrum` see them.
#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "bindings.hpp"
#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/eigenbasis.hpp"
#include "capnode/numerics/eigenbasis_solve.hpp"
#include "capnode/numerics/eigenpair.hpp"
#include "capnode/numerics/stability_count.hpp"
#include "capnode/proof/spectrum.hpp"
#include "matrix_arrays.hpp"
#include "result.hpp"

namespace py = pybind11;

namespace capnode::bindings {

namespace {

py::tuple ball_tuple(ComplexBall b) { return py::make_tuple(std::complex<double>(b.re, b.im), b.rad); }

}  // namespace

void register_spectrum(py::module_& module) {
    py::class_<VerifiedEigenbasis>(module, "Eigenbasis", "A verified approximate eigenbasis; see eigenbasis.hpp.")
        .def(py::init([](const Array& mid, const Array& rad, bool accurate, bool repair) {
                 const BallMatrix a = ball(mid, rad);
                 return guarded(
                     [&] { return verified_eigenbasis(a, {accurate ? Residual::accurate : Residual::plain, repair}); });
             }),
             py::arg("mid"), py::arg("rad"), py::kw_only(), py::arg("accurate") = false, py::arg("repair") = true)
        .def_readonly("valid", &VerifiedEigenbasis::valid)
        .def_readonly("reason", &VerifiedEigenbasis::reason)
        .def_readonly("repaired", &VerifiedEigenbasis::repaired)
        .def_readonly("alpha", &VerifiedEigenbasis::alpha)
        .def_readonly("center", &VerifiedEigenbasis::center)
        .def_readonly("row_radius", &VerifiedEigenbasis::row_radius)
        .def_readonly("radius", &VerifiedEigenbasis::radius)
        .def_readonly("eigenvalue_radius", &VerifiedEigenbasis::eigenvalue_radius)
        .def_readonly("separation", &VerifiedEigenbasis::separation)
        .def_readonly("conjugate", &VerifiedEigenbasis::conjugate)
        .def_property_readonly(
            "isolated",
            [](const VerifiedEigenbasis& b) { return std::vector<bool>(b.isolated.begin(), b.isolated.end()); })
        .def("widen",
             [](const VerifiedEigenbasis& b, const Array& extra) {
                 const Matrix m = matrix(extra);
                 return guarded([&] { return widen(b, m); });
             })
        .def("eigenvalue", [](const VerifiedEigenbasis& b, std::size_t i) { return ball_tuple(eigenvalue(b, i)); })
        .def("right_eigenvectors",
             [](const VerifiedEigenbasis& b, const std::vector<std::size_t>& indices) {
                 return tuple(guarded([&] { return right_eigenvectors(b, indices); }));
             })
        .def("left_eigenvectors",
             [](const VerifiedEigenbasis& b, const std::vector<std::size_t>& indices) {
                 return tuple(guarded([&] { return left_eigenvectors(b, indices); }));
             })
        .def("pairing", [](const VerifiedEigenbasis& b,
                           std::size_t i) { return ball_tuple(guarded([&] { return pairing(b, i); })); })
        .def("count",
             [](const VerifiedEigenbasis& b) {
                 const HalfPlaneCount c = guarded([&] { return count_half_planes(b); });
                 return py::make_tuple(c.positive, c.negative, c.undecided);
             })
        .def("count_others",
             [](const VerifiedEigenbasis& b, std::size_t i) {
                 const HalfPlaneCount c = guarded([&] { return count_others(b, i); });
                 return py::make_tuple(c.positive, c.negative, c.undecided);
             })
        .def("real_part",
             [](const VerifiedEigenbasis& b, const Array& a_rad, std::size_t i) {
                 const Matrix m = matrix(a_rad);
                 const Ball x = guarded([&] { return real_part(b, m, i); });
                 return py::make_tuple(x.mid, x.rad);
             })
        .def("real_part_difference",
             [](const VerifiedEigenbasis& b, const Array& a_rad, std::size_t i, std::size_t j) {
                 const Matrix m = matrix(a_rad);
                 const Ball x = guarded([&] { return real_part_difference(b, m, i, j); });
                 return py::make_tuple(x.mid, x.rad);
             })
        .def("shifted_solve",
             [](const VerifiedEigenbasis& b, const Array& mid, const Array& rad, std::complex<double> s, double s_rad,
                const Array& re, const Array& im, const Array& r_rad) -> std::optional<py::tuple> {
                 const BallMatrix a = ball(mid, rad);
                 const ComplexBallMatrix r = complex_ball(re, im, r_rad);
                 const auto z = guarded([&] { return shifted_solve(b, a, {s.real(), s.imag(), s_rad}, r); });
                 if (!z) return std::nullopt;
                 return tuple(*z);
             })
        .def(
            "bordered_solve",
            [](const VerifiedEigenbasis& b, const Array& mid, const Array& rad, std::size_t i, std::complex<double> s,
               double s_rad, const Array& v_re, const Array& v_im, const Array& v_rad, const Array& re, const Array& im,
               const Array& r_rad, std::complex<double> sigma, double sigma_rad) -> std::optional<py::tuple> {
                const BallMatrix a = ball(mid, rad);
                const ComplexBallMatrix v = complex_ball(v_re, v_im, v_rad), r = complex_ball(re, im, r_rad);
                const auto solution = guarded([&]() -> std::optional<BorderedSolution> {
                    const auto system = BorderedSystem::of(b, a, i, {s.real(), s.imag(), s_rad}, v);
                    if (!system) return std::nullopt;
                    return system->solve(r, {sigma.real(), sigma.imag(), sigma_rad});
                });
                if (!solution) return std::nullopt;
                return py::make_tuple(tuple(solution->z), ball_tuple(solution->mu));
            })
        .def("row_of_R", [](const VerifiedEigenbasis& b, std::size_t i) {
            std::vector<std::complex<double>> row(b.n);
            for (std::size_t k = 0; k < b.n; ++k) row[k] = {b.R.re(i, k), b.R.im(i, k)};
            return row;
        });
    module.def(
        "spectrum",
        [](const Array& lo, const Array& hi) {
            const BallMatrix a = ball_matrix(matrix(lo), matrix(hi));
            const Result<Spectrum> result = guarded([&] { return spectrum(a); });
            return result_to_python(result, [](const Spectrum& s) {
                py::dict value;
                value["center"] =
                    py::array_t<std::complex<double>>(static_cast<py::ssize_t>(s.center.size()), s.center.data());
                value["radius"] = array_of(s.radius);
                value["component"] = s.component;
                value["positive"] = s.positive;
                value["negative"] = s.negative;
                value["undecided"] = s.undecided;
                value["method"] = s.method;
                return value;
            });
        },
        "the theorem of proof/spectrum.hpp for the matrices in [lo, hi]");
    module.def("stability_count", [](const Array& mid, const Array& rad) {
        const BallMatrix a = ball(mid, rad);
        const StabilityCount c = guarded([&] { return stability_count(a); });
        return py::make_tuple(c.proved, c.positive, c.negative, c.reason);
    });
    module.def("stability_count_others", [](const Array& mid, const Array& rad, std::complex<double> critical) {
        const BallMatrix a = ball(mid, rad);
        const StabilityCount c = guarded([&] { return stability_count_others(a, critical); });
        return py::make_tuple(c.proved, c.positive, c.negative, c.critical, c.reason);
    });
    module.def("verified_eigenpair",
               [](const Array& mid, const Array& rad, std::complex<double> lambda, const Array& v_re,
                  const Array& v_im) -> py::object {
                   const BallMatrix a = ball(mid, rad);
                   const ComplexMatrix v{matrix(v_re), matrix(v_im)};
                   std::string reason;
                   const auto p = guarded([&] { return verified_eigenpair(a, lambda, v, &reason); });
                   if (!p) return py::str(reason);
                   return py::make_tuple(ball_tuple(p->value), tuple(p->vector), array(p->phi.re), array(p->phi.im));
               });
}

}  // namespace capnode::bindings
