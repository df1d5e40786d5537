// Linear readouts over many boxes at once: ends (lanes, n) in, (lanes, classes) out.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "capnode/dynamics/readout.hpp"
#include "matrix_arrays.hpp"

namespace capnode::bindings {
namespace {

std::vector<std::vector<Interval>> boxes_from(const py::object& lo, const py::object& hi) {
    const Matrix a = to_matrix(lo, "x");
    const Matrix b = to_matrix(hi, "x");
    if (a.rows != b.rows || a.cols != b.cols) throw std::invalid_argument("the ends of x differ in shape");
    std::vector<std::vector<Interval>> boxes(a.rows);
    for (std::size_t l = 0; l < a.rows; ++l) {
        for (std::size_t i = 0; i < a.cols; ++i) boxes[l].emplace_back(a(l, i), b(l, i));
    }
    return boxes;
}

py::tuple ends_of(const std::vector<std::vector<Interval>>& rows, std::size_t classes) {
    const std::vector<py::ssize_t> shape{static_cast<py::ssize_t>(rows.size()), static_cast<py::ssize_t>(classes)};
    py::array_t<double> lo(shape);
    py::array_t<double> hi(shape);
    std::size_t to = 0;
    for (const auto& row : rows) {
        for (const Interval& x : row) {
            lo.mutable_data()[to] = x.lo;
            hi.mutable_data()[to++] = x.hi;
        }
    }
    return py::make_tuple(lo, hi);
}

}  // namespace

void register_readout(py::module_& module) {
    py::class_<Readout>(module, "Readout")
        .def(py::init([](const py::object& weight, const py::object& bias) {
                 Readout r;
                 r.weight = to_matrix(weight, "weight");
                 const Matrix b = to_column(bias, "bias");
                 r.bias.assign(b.data.begin(), b.data.end());
                 check_readout(r, r.dim());
                 return r;
             }),
             py::arg("weight"), py::arg("bias"))
        .def_property_readonly("classes", &Readout::classes)
        .def_property_readonly("dim", &Readout::dim)
        .def("scores",
             [](const Readout& r, const py::object& lo, const py::object& hi) {
                 const auto boxes = boxes_from(lo, hi);
                 return ends_of(guarded([&] {
                                    std::vector<std::vector<Interval>> rows;
                                    for (const auto& x : boxes) rows.push_back(scores(r, x));
                                    return rows;
                                }),
                                r.classes());
             })
        .def("margins",
             [](const Readout& r, const py::object& lo, const py::object& hi, const std::vector<std::size_t>& c) {
                 const auto boxes = boxes_from(lo, hi);
                 if (c.size() != boxes.size()) {
                     throw std::invalid_argument(std::to_string(c.size()) + " classes for " +
                                                 std::to_string(boxes.size()) + " points");
                 }
                 return ends_of(guarded([&] {
                                    std::vector<std::vector<Interval>> rows;
                                    for (std::size_t l = 0; l < boxes.size(); ++l)
                                        rows.push_back(margins(r, boxes[l], c[l]));
                                    return rows;
                                }),
                                r.classes());
             })
        .def("possible", [](const Readout& r, const py::object& lo, const py::object& hi) {
            const auto boxes = boxes_from(lo, hi);
            const auto found = guarded([&] {
                std::vector<std::vector<char>> rows;
                for (const auto& x : boxes) rows.push_back(possible_classes(r, x));
                return rows;
            });
            py::array_t<bool> out({static_cast<py::ssize_t>(boxes.size()), static_cast<py::ssize_t>(r.classes())});
            std::size_t to = 0;
            for (const auto& row : found) {
                for (const char possible : row) out.mutable_data()[to++] = possible != 0;
            }
            return out;
        });
}

}  // namespace capnode::bindings
