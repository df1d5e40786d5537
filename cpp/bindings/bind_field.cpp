// Field and FieldBuilder: building, files, digest. Evaluation is bound in bind_field_evaluation.cpp.
#include "capnode/field/field.hpp"

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <filesystem>

#include "arrays.hpp"
#include "bindings.hpp"
#include "capnode/field/capd_program.hpp"
#include "capnode/field/digest.hpp"
#include "capnode/field/field_io.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "field_evaluation.hpp"
#include "result.hpp"

namespace capnode::bindings {
namespace {

void refuse_empty(const Matrix& m, const char* what) {
    if (m.size() == 0) throw std::invalid_argument(std::string(what) + ": 0 entries, at least 1 is needed");
}

std::vector<std::uint32_t> to_indices(const std::vector<long long>& indices) {
    std::vector<std::uint32_t> out;
    out.reserve(indices.size());
    for (const long long index : indices) {
        if (index < 0 || index > 0xffffffffll) {
            throw std::invalid_argument("gather: index " + std::to_string(index) + " is not in [0, 2^32)");
        }
        out.push_back(static_cast<std::uint32_t>(index));
    }
    return out;
}

/// How often each operation stands in the graph, in the order of the table: {"affine": 2, "tanh": 1, ...}.
py::dict operation_counts(const Field& field) {
    py::dict counts;
    for (const Node& n : field.nodes()) {
        const char* key = n.operation == Operation::apply ? name(n.function) : name(n.operation);
        counts[key] = counts.contains(key) ? py::cast<int>(counts[key]) + 1 : 1;
    }
    return counts;
}

void register_builder(py::module_& module) {
    py::class_<FieldBuilder>(module, "FieldBuilder",
                             "Builds a field node by node; node ids are ints, every node is a flat vector.")
        .def(py::init<std::size_t, std::size_t, bool>(), py::arg("dim"), py::arg("parameter_dim") = 0,
             py::arg("has_time") = false)
        .def("state", &FieldBuilder::state)
        .def("parameter", &FieldBuilder::parameter)
        .def("time", &FieldBuilder::time)
        .def(
            "constant",
            [](FieldBuilder& b, const py::object& mid, const py::object& rad) {
                const FloatEnvironment guard;
                Matrix m = to_column(mid, "constant");
                refuse_empty(m, "constant");
                return b.constant(std::move(m), to_column_or_empty(rad, "constant radius"));
            },
            py::arg("mid"), py::arg("rad") = py::none())
        .def(
            "affine",
            [](FieldBuilder& b, NodeId x, const py::object& weight, const py::object& weight_rad,
               const py::object& bias, const py::object& bias_rad) {
                const FloatEnvironment guard;
                Matrix w = to_matrix(weight, "weight");
                refuse_empty(w, "weight");
                Matrix c = to_column_or_empty(bias, "bias");
                if (!bias.is_none()) refuse_empty(c, "bias");
                return b.affine(x, std::move(w), to_matrix_or_empty(weight_rad, "weight_rad"), std::move(c),
                                to_column_or_empty(bias_rad, "bias_rad"));
            },
            py::arg("x"), py::arg("weight"), py::arg("weight_rad") = py::none(), py::arg("bias") = py::none(),
            py::arg("bias_rad") = py::none(), "weight x + bias; weight (rows, size(x)), bias (rows,)")
        .def("add", &FieldBuilder::add)
        .def("subtract", &FieldBuilder::subtract)
        .def("multiply", &FieldBuilder::multiply)
        .def("divide", &FieldBuilder::divide)
        .def("negate", &FieldBuilder::negate)
        .def(
            "gather",
            [](FieldBuilder& b, NodeId a, const std::vector<long long>& indices) {
                return b.gather(a, to_indices(indices));
            },
            py::arg("a"), py::arg("indices"), "out[i] = a[indices[i]]")
        .def("concat", &FieldBuilder::concat, py::arg("parts"))
        .def("matvec", &FieldBuilder::matvec, py::arg("matrix"), py::arg("x"), py::arg("rows"), py::arg("cols"),
             "matrix x; the matrix is a node of rows*cols entries, row after row")
        .def(
            "apply", [](FieldBuilder& b, const std::string& function, NodeId a) { return b.apply(function, a); },
            py::arg("name"), py::arg("a"))
        .def("power", &FieldBuilder::power, py::arg("a"), py::arg("exponent"))
        .def("size", &FieldBuilder::size, py::arg("id"))
        .def("build", &FieldBuilder::build, py::arg("output"));
}

}  // namespace

void register_field(py::module_& module) {
    register_builder(module);
    py::class_<Field> field(module, "Field");
    field.def_property_readonly("dim", &Field::dim)
        .def_property_readonly("parameter_dim", &Field::parameter_dim)
        .def_property_readonly("has_time", &Field::has_time)
        .def_property_readonly("depends_on_time", &Field::depends_on_time)
        .def_property_readonly("has_weight_radius", &Field::has_weight_radius)
        .def_property_readonly("node_count", [](const Field& f) { return f.nodes().size(); })
        .def_property_readonly("weight_count",
                               [](const Field& f) {
                                   std::size_t count = 0;
                                   for (const Tensor& t : f.tensors()) count += t.mid.size();
                                   return count;
                               })
        .def_property_readonly("operation_counts", &operation_counts)
        .def_property_readonly("digest",
                               [](const Field& f) {
                                   py::gil_scoped_release release;
                                   const FloatEnvironment guard;
                                   return f.digest();
                               })
        .def("to_text",
             [](const Field& f) {
                 py::gil_scoped_release release;
                 const FloatEnvironment guard;
                 return to_text(f);
             })
        .def_property_readonly("capd_missing",
                               [](const Field& f) {
                                   py::list names;
                                   for (const Function missing : capd_missing(f)) names.append(name(missing));
                                   return names;
                               })
        .def(
            "capd_program",
            [](const Field& f, const DoubleArray& x_lo, const DoubleArray& x_hi, const DoubleArray& p_lo,
               const DoubleArray& p_hi, double t0, double t, int order) {
                const CapdRun run{intervals_from(x_lo, x_hi), intervals_from(p_lo, p_hi), t0, t, order};
                py::gil_scoped_release release;
                const FloatEnvironment guard;
                return capd_program(f, run);
            },
            py::arg("x_lo"), py::arg("x_hi"), py::arg("p_lo"), py::arg("p_hi"), py::kw_only(), py::arg("t0"),
            py::arg("t"), py::arg("order"))
        .def_static(
            "from_text",
            [](const std::string& text) {
                py::gil_scoped_release release;
                const FloatEnvironment guard;
                return from_text(text);
            },
            py::arg("text"))
        .def(
            "save",
            [](const Field& f, const std::filesystem::path& path) {
                py::gil_scoped_release release;
                const FloatEnvironment guard;
                save(f, path);
            },
            py::arg("path"))
        .def_static(
            "load",
            [](const std::filesystem::path& path) {
                py::gil_scoped_release release;
                const FloatEnvironment guard;
                return load(path);
            },
            py::arg("path"));
    register_field_evaluation(field);
    module.def(
        "sha256_hex",
        [](const py::bytes& bytes) {
            const std::string_view view = bytes;
            py::gil_scoped_release release;
            return sha256_hex(view);
        },
        py::arg("bytes"));
    py::register_exception_translator([](std::exception_ptr p) {
        try {
            if (p) std::rethrow_exception(p);
        } catch (const std::filesystem::filesystem_error& e) {
            // OSError(errno, message, path): Python picks FileNotFoundError, PermissionError, ...
            const py::object args =
                py::make_tuple(e.code().value(), e.code().message() + ": " + e.what(), e.path1().string());
            PyErr_SetObject(PyExc_OSError, args.ptr());
        }
    });
}

}  // namespace capnode::bindings
