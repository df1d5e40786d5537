// FTLE fields: specifications, tiles, runs on disk. Tiles cross as arrays; verdicts as numbers into `verdict_names()`.
#include "capnode/dynamics/ftle.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "arrays.hpp"
#include "bindings.hpp"
#include "capnode/dynamics/ftle_run.hpp"
#include "capnode/field/field_io.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "flow_arguments.hpp"
#include "signal_poll.hpp"

namespace capnode::bindings {
namespace {

// A specification, its digest, and what is computed once for all its tiles when the first is asked for.
class Spec {
  public:
    explicit Spec(FtleSpec s) : spec(std::move(s)) {
        check(spec);
        digest_text = digest(spec);
    }
    const FtleBounds& bounds() {
        const std::scoped_lock lock(mutex_);
        if (!bounds_) bounds_ = std::make_unique<FtleBounds>(spec);
        return *bounds_;
    }
    FtleSpec spec;
    std::string digest_text;

  private:
    std::mutex mutex_;
    std::unique_ptr<FtleBounds> bounds_;
};

using SpecPointer = std::shared_ptr<Spec>;

std::array<double, 2> pair_of(const py::object& object, const char* what) {
    const Matrix m = to_column(object, what);
    if (m.size() != 2) {
        throw std::invalid_argument(std::string(what) + " has " + std::to_string(m.size()) + " entries, 2 are needed");
    }
    return {m.data[0], m.data[1]};
}

SpecPointer make_spec(const LayerList& layers, const StageList& stages, const py::object& lower,
                      const py::object& upper, std::array<std::size_t, 2> shape, const std::string& method,
                      const py::object& parameter_lo, const py::object& parameter_hi, double t0,
                      const py::object& encoder, const py::object& offset, std::size_t budget, double width,
                      double area_width, std::array<std::size_t, 2> tile, int derivative_order, std::size_t set_degree,
                      std::size_t order, double tolerance) {
    if (method != "cells" && method != "points")
        throw std::invalid_argument("method must be 'cells' or 'points', not '" + method + "'");
    const FloatEnvironment guard;
    FtleSpec spec;
    spec.system.layers = layers_from(layers);
    spec.system.stages = stages_from(stages);
    spec.lower = pair_of(lower, "the lower ends of the box");
    spec.upper = pair_of(upper, "the upper ends of the box");
    spec.shape = shape;
    spec.cells = method == "cells";
    spec.parameter = parameter_from(parameter_lo, parameter_hi);
    spec.t0 = t0;
    spec.encoder = to_matrix_or_empty(encoder, "encoder");
    const Matrix b = to_column_or_empty(offset, "offset");
    spec.offset.assign(b.data.begin(), b.data.end());
    spec.budget = budget;
    spec.width = width;
    spec.area_width = area_width;
    spec.tile = tile;
    spec.derivative_order = derivative_order;
    spec.set_degree = set_degree;
    spec.order = order;
    spec.tolerance = tolerance;
    return std::make_shared<Spec>(std::move(spec));
}

template <class T, class Source, class Get>
py::array_t<T> filled(std::vector<py::ssize_t> shape, const Source& from, Get get) {
    py::array_t<T> a(std::move(shape));
    T* out = a.mutable_data();
    for (const auto& x : from) *out++ = get(x);
    return a;
}

py::dict tile_arrays(const FtleTile& tile) {
    const std::vector<py::ssize_t> shape = {static_cast<py::ssize_t>(tile.size[0]),
                                            static_cast<py::ssize_t>(tile.size[1])};
    const auto m = static_cast<py::ssize_t>(tile.leaves.size());
    const auto same = [](double x) { return x; };
    const auto code = [](Verdict v) { return static_cast<std::uint8_t>(v); };
    py::dict d;
    d["index"] = tile.index;
    d["first"] = py::make_tuple(tile.first[0], tile.first[1]);
    d["shape"] = py::make_tuple(tile.size[0], tile.size[1]);
    d["lower"] = filled<double>(shape, tile.lower, same);
    d["upper"] = filled<double>(shape, tile.upper, same);
    d["verdicts"] = filled<std::uint8_t>(shape, tile.verdicts, code);
    py::array_t<double> boxes({m, py::ssize_t{4}});
    double* out = boxes.mutable_data();
    for (const FtleTile::Leaf& leaf : tile.leaves) out = std::copy(leaf.box.begin(), leaf.box.end(), out);
    using Leaf = FtleTile::Leaf;
    d["cell_boxes"] = boxes;
    d["cell_lower"] = filled<double>({m}, tile.leaves, [](const Leaf& l) { return l.lower; });
    d["cell_upper"] = filled<double>({m}, tile.leaves, [](const Leaf& l) { return l.upper; });
    d["cell_verdicts"] = filled<std::uint8_t>({m}, tile.leaves, [&](const Leaf& l) { return code(l.verdict); });
    d["cell_parents"] =
        filled<std::int64_t>({m}, tile.leaves, [](const Leaf& l) { return static_cast<std::int64_t>(l.parent); });
    d["integrated"] = tile.integrated;
    return d;
}

bool complete(const FtleTile& tile) {
    return std::find(tile.verdicts.begin(), tile.verdicts.end(), Verdict::interrupted) == tile.verdicts.end();
}

// With a folder: the tile is written there too.
py::dict compute_tile(Spec& spec, std::size_t index, const std::optional<std::filesystem::path>& folder,
                      const py::object& progress) {
    SignalPoll poll(progress);
    FtleProgress hooks;
    poll.attach(hooks);
    const FtleTile tile = poll.run([&] {
        FtleTile found = ftle_tile(spec.spec, spec.bounds(), index, hooks);
        if (folder && complete(found)) write_ftle_tile(*folder, found, spec.digest_text);
        return found;
    });
    return tile_arrays(tile);
}

// The bytes of the tile's file: what a worker sends back.
py::bytes compute_tile_bytes(Spec& spec, std::size_t index) {
    SignalPoll poll(py::none{});
    FtleProgress hooks;
    poll.attach(hooks);
    const std::string bytes = poll.run([&] {
        const FtleTile tile = ftle_tile(spec.spec, spec.bounds(), index, hooks);
        return complete(tile) ? ftle_tile_bytes(tile, spec.digest_text) : std::string();
    });
    if (bytes.empty()) throw std::runtime_error("tile " + std::to_string(index) + " was interrupted");
    return bytes;
}

// Exponents of given cells, boxes (m, 4): z0 lower, z0 upper, z1 lower, z1 upper; points where the ends agree.
py::dict bound_cells(Spec& spec, const py::object& boxes) {
    const Matrix b = to_matrix(boxes, "boxes");
    if (b.cols != 4) throw std::invalid_argument("boxes have shape (m, " + std::to_string(b.cols) + "), not (m, 4)");
    std::vector<FtleBounds::Cell> cells(b.rows);
    for (std::size_t k = 0; k < b.rows; ++k) {
        std::copy(b.row(k), b.row(k) + 4, cells[k].box.begin());
        if (!(b(k, 0) <= b(k, 1)) || !(b(k, 2) <= b(k, 3)))
            throw std::invalid_argument("box " + std::to_string(k) + " has a negative side");
    }
    SignalPoll poll(py::none{});
    guarded([&] { spec.bounds().bound(cells, [&] { return poll.stop(); }); });
    poll.rethrow();
    const auto m = static_cast<py::ssize_t>(cells.size());
    using Cell = FtleBounds::Cell;
    py::dict d;
    d["lower"] = filled<double>({m}, cells, [](const Cell& c) { return c.exponent.lo; });
    d["upper"] = filled<double>({m}, cells, [](const Cell& c) { return c.exponent.hi; });
    d["verdicts"] =
        filled<std::uint8_t>({m}, cells, [](const Cell& c) { return static_cast<std::uint8_t>(c.verdict); });
    return d;
}

}  // namespace

void register_ftle(py::module_& module) {
    using Path = std::filesystem::path;
    py::class_<Spec, SpecPointer>(module, "FtleSpec", "What an FTLE field is asked for: system, box, grid, refinement.")
        .def(py::init(&make_spec), py::kw_only(), py::arg("layers"), py::arg("stages"), py::arg("lower"),
             py::arg("upper"), py::arg("shape"), py::arg("method"), py::arg("parameter_lo") = py::none(),
             py::arg("parameter_hi") = py::none(), py::arg("t0") = 0.0, py::arg("encoder") = py::none(),
             py::arg("offset") = py::none(), py::arg("budget") = 0, py::arg("width") = 0.0, py::arg("area_width") = 0.0,
             py::arg("tile") = std::array<std::size_t, 2>{16, 16}, py::arg("derivative_order") = 0,
             py::arg("set_degree") = 0, py::arg("order") = 0, py::arg("tolerance") = 0.0)
        .def_property_readonly("text", [](const Spec& s) { return to_text(s.spec); })
        .def_property_readonly("fields", [](const Spec& s) { return fields_of(s.spec); })
        .def_static(
            "from_text",
            [](const std::string& text, const std::vector<Field>& fields) {
                return std::make_shared<Spec>(ftle_spec_from_text(text, fields));
            },
            py::arg("text"), py::arg("fields"))
        .def_readonly("digest", &Spec::digest_text)
        .def_property_readonly("tiles", [](const Spec& s) { return tile_count(s.spec); })
        .def_property_readonly("shape", [](const Spec& s) { return py::make_tuple(s.spec.shape[0], s.spec.shape[1]); })
        .def_property_readonly("method", [](const Spec& s) { return s.spec.cells ? "cells" : "points"; })
        .def_property_readonly("time",
                               [](const Spec& s) {
                                   const Interval t = s.spec.system.time();
                                   return py::make_tuple(t.lo, t.hi);
                               })
        .def_property_readonly("a_priori",
                               [](Spec& s) {
                                   const Interval x = guarded([&] { return s.bounds().a_priori(); });
                                   return py::make_tuple(x.lo, x.hi);
                               })
        .def(
            "tile_range",
            [](const Spec& s, std::size_t index) {
                const FtleTile t = tile_range(s.spec, index);
                return py::make_tuple(t.first[0], t.first[0] + t.size[0], t.first[1], t.first[1] + t.size[1]);
            },
            py::arg("index"), "(first row, end row, first column, end column)")
        .def(
            "grid",
            [](const Spec& s, std::size_t axis) {
                if (axis > 1) throw std::invalid_argument("axis 0 or 1, not " + std::to_string(axis));
                const std::size_t n = s.spec.shape[axis] + (s.spec.cells ? 1 : 0);
                py::array_t<double> a(static_cast<py::ssize_t>(n));
                for (std::size_t i = 0; i < n; ++i) a.mutable_data()[i] = grid_line(s.spec, axis, i);
                return a;
            },
            py::arg("axis"), "edges of the cells, or the points, along an axis")
        .def("bound", &bound_cells, py::arg("boxes"))
        .def(py::pickle(
            [](const Spec& s) {
                py::list texts;
                for (const Field& f : fields_of(s.spec)) texts.append(to_text(f));
                return py::make_tuple(to_text(s.spec), texts);
            },
            [](const py::tuple& state) {
                std::vector<Field> fields;
                for (const py::handle text : state[1]) fields.push_back(from_text(py::cast<std::string>(text)));
                return std::make_shared<Spec>(ftle_spec_from_text(py::cast<std::string>(state[0]), fields));
            }));
    module.def("ftle_tile", &compute_tile, py::arg("spec"), py::arg("index"), py::kw_only(),
               py::arg("folder") = py::none(), py::arg("progress") = py::none());
    module.def("ftle_tile_bytes", &compute_tile_bytes, py::arg("spec"), py::arg("index"), "the file of a tile");
    module.def(
        "open_ftle_run", [](const Path& folder, const Spec& s) { guarded([&] { open_ftle_run(folder, s.spec); }); },
        py::arg("folder"), py::arg("spec"));
    module.def(
        "load_ftle_run",
        [](const Path& folder) { return std::make_shared<Spec>(guarded([&] { return load_ftle_run(folder); })); },
        py::arg("folder"));
    module.def(
        "read_ftle_tile",
        [](const Path& folder, const Spec& s, std::size_t index) -> py::object {
            const std::optional<FtleTile> tile =
                guarded([&] { return read_ftle_tile(folder, s.spec, index, s.digest_text); });
            return tile ? py::object(tile_arrays(*tile)) : py::none();
        },
        py::arg("folder"), py::arg("spec"), py::arg("index"), "None where there is no whole tile");
    module.def(
        "missing_ftle_tiles",
        [](const Path& folder, const Spec& s) { return guarded([&] { return missing_ftle_tiles(folder, s.spec); }); },
        py::arg("folder"), py::arg("spec"));
    module.def("verdict_names", [] {
        std::vector<std::string> names;
#define CAPNODE_VERDICT_NAME(name, sentence) names.emplace_back(#name);
        CAPNODE_VERDICTS(CAPNODE_VERDICT_NAME)
#undef CAPNODE_VERDICT_NAME
        return names;
    });
    module.def("cpu_type", &cpu_type);
}

}  // namespace capnode::bindings
