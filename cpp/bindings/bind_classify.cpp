// Classes over a plane of inputs, and decision boundaries. Arrays cross as float64, cells as boxes (m, 4): z0 lower, z0
// upper, z1 lower, z1 upper.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <tuple>
#include <utility>

#include "arrays.hpp"
#include "bindings.hpp"
#include "capnode/dynamics/decision_boundary.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "capnode/numerics/number_text.hpp"
#include "flow_arguments.hpp"
#include "result.hpp"
#include "signal_poll.hpp"

namespace capnode::bindings {
namespace {

using ClassifierPointer = std::shared_ptr<Classifier>;

ClassifierPointer make_classifier(const LayerList& layers, const StageList& stages, const Readout& readout,
                                  const py::object& parameter_lo, const py::object& parameter_hi, double t0,
                                  const py::object& encoder, const py::object& offset, std::size_t order,
                                  double tolerance) {
    auto c = std::make_shared<Classifier>();
    c->layers = layers_from(layers);
    c->stages = stages_from(stages);
    c->parameter = parameter_from(parameter_lo, parameter_hi);
    c->t0 = t0;
    c->encoder = to_matrix_or_empty(encoder, "encoder");
    const Matrix b = to_column_or_empty(offset, "offset");
    c->offset.assign(b.data.begin(), b.data.end());
    c->readout = readout;
    c->order = order;
    c->tolerance = tolerance;
    const FloatEnvironment guard;
    check(*c);
    return c;
}

std::vector<std::array<double, 4>> boxes_from(const py::object& boxes) {
    const Matrix b = to_matrix(boxes, "boxes");
    if (b.cols != 4) throw std::invalid_argument("boxes have shape (m, " + std::to_string(b.cols) + "), not (m, 4)");
    std::vector<std::array<double, 4>> out(b.rows);
    for (std::size_t k = 0; k < b.rows; ++k) {
        std::copy(b.row(k), b.row(k) + 4, out[k].begin());
        for (const std::size_t a : {std::size_t{0}, std::size_t{2}}) {
            if (!(out[k][a] <= out[k][a + 1]))
                throw std::invalid_argument("box " + std::to_string(k) + " goes from " + shortest_text(out[k][a]) +
                                            " to " + shortest_text(out[k][a + 1]));
        }
    }
    return out;
}

template <class Cell>
py::array_t<double> boxes_of(const std::vector<Cell>& cells) {
    py::array_t<double> boxes({static_cast<py::ssize_t>(cells.size()), py::ssize_t{4}});
    double* out = boxes.mutable_data();
    for (const Cell& cell : cells) out = std::copy(cell.box.begin(), cell.box.end(), out);
    return boxes;
}

template <class Cell>
py::array_t<bool> possible_of(const std::vector<Cell>& cells, std::size_t classes) {
    py::array_t<bool> possible({static_cast<py::ssize_t>(cells.size()), static_cast<py::ssize_t>(classes)});
    bool* out = possible.mutable_data();
    for (const Cell& cell : cells) {
        for (const char c : cell.possible) *out++ = c != 0;
    }
    return possible;
}

template <class T, class Source, class Get>
py::array_t<T> column_of(const Source& from, Get get) {
    py::array_t<T> a(static_cast<py::ssize_t>(from.size()));
    T* out = a.mutable_data();
    for (const auto& x : from) *out++ = static_cast<T>(get(x));
    return a;
}

py::dict cells_to_python(const std::vector<ClassCell>& cells, std::size_t classes) {
    py::dict d;
    d["boxes"] = boxes_of(cells);
    d["possible"] = possible_of(cells, classes);
    d["verdicts"] = column_of<std::uint8_t>(cells, [](const ClassCell& c) { return c.verdict; });
    d["parents"] = column_of<std::int64_t>(cells, [](const ClassCell& c) { return c.parent; });
    d["levels"] = column_of<std::int64_t>(cells, [](const ClassCell& c) { return c.level; });
    return d;
}

// progress(level, done, total) is told with the signals, at most twenty times a second.
struct Hooks {
    explicit Hooks(const py::object& progress) : poll(progress) {}
    SignalPoll poll;
    template <class Options>
    void attach(Options& options) {
        options.interrupted = [this] { return poll.stop(); };
        options.progress = [this](std::size_t level, std::size_t done, std::size_t total) {
            poll.share(static_cast<double>(level) + static_cast<double>(done) / static_cast<double>(total + 1));
        };
    }
};

template <class Make>
py::dict map_to_python(const Classifier& classifier, Hooks& hooks, Make make) {
    const auto map = std::make_shared<ClassMap>(hooks.poll.run(make));
    py::dict d = cells_to_python(map->cells, classifier.readout.classes());
    d["map"] = map;
    d["integrated"] = map->integrated;
    d["out_of_budget"] = map->out_of_budget;
    return d;
}

py::dict class_map_from_python(const Classifier& classifier, const std::array<double, 4>& box,
                               const std::array<std::size_t, 2>& shape, std::size_t depth, std::size_t budget,
                               std::size_t threads, const py::object& progress) {
    Hooks hooks(progress);
    ClassMapOptions options;
    options.depth = depth;
    options.budget = budget;
    options.threads = threads;
    hooks.attach(options);
    return map_to_python(classifier, hooks, [&] { return class_map(classifier, box, shape, options); });
}

// The boxes are all that is taken from outside: what is said of them is computed here.
py::dict map_of_cells_from_python(const Classifier& classifier, const std::array<double, 4>& box,
                                  const py::object& boxes, std::size_t threads, const py::object& progress) {
    const std::vector<std::array<double, 4>> list = boxes_from(boxes);
    Hooks hooks(progress);
    ClassMapOptions options;
    options.threads = threads;
    hooks.attach(options);
    return map_to_python(classifier, hooks, [&] { return class_map_of_cells(classifier, box, list, options); });
}

py::dict classify_cells_from_python(const Classifier& classifier, const py::object& boxes, std::size_t threads) {
    const std::vector<std::array<double, 4>> list = boxes_from(boxes);
    Hooks hooks(py::none{});
    ClassMapOptions options;
    options.threads = threads;
    hooks.attach(options);
    const auto cells = hooks.poll.run([&] { return classify_cells(classifier, list, options); });
    return cells_to_python(cells, classifier.readout.classes());
}

Frame frame_from(const std::array<double, 2>& centre, const std::array<double, 4>& axes,
                 const std::array<double, 2>& radii) {
    return {centre, axes, radii};
}

// Pieces as arrays, one row each: centres (m, 2), axes (m, 2, 2), radii (m, 2), and intervals as pairs of ends.
py::dict pieces_to_python(const std::vector<BoundaryPiece>& pieces) {
    const auto m = static_cast<py::ssize_t>(pieces.size());
    py::array_t<double> centres({m, py::ssize_t{2}});
    py::array_t<double> axes({m, py::ssize_t{2}, py::ssize_t{2}});
    py::array_t<double> radii({m, py::ssize_t{2}});
    py::array_t<double> lo({m, py::ssize_t{5}});
    py::array_t<double> hi({m, py::ssize_t{5}});
    double* c = centres.mutable_data();
    double* a = axes.mutable_data();
    double* r = radii.mutable_data();
    double* l = lo.mutable_data();
    double* h = hi.mutable_data();
    for (const BoundaryPiece& p : pieces) {
        c = std::copy(p.frame.centre.begin(), p.frame.centre.end(), c);
        a = std::copy(p.frame.axes.begin(), p.frame.axes.end(), a);
        r = std::copy(p.frame.radii.begin(), p.frame.radii.end(), r);
        for (const Interval& x : {p.strip, p.start, p.end, p.derivative[0], p.derivative[1]}) {
            *l++ = x.lo;
            *h++ = x.hi;
        }
    }
    py::dict d;
    d["centres"] = centres;
    d["axes"] = axes;
    d["radii"] = radii;
    d["lo"] = lo;  // strip, start, end, derivative along, derivative across
    d["hi"] = hi;
    d["proper"] = column_of<bool>(pieces, [](const BoundaryPiece& p) { return p.proper; });
    return d;
}

// `map` is what class_map or class_map_of_cells gave: the facts about its cells never pass through Python.
py::dict boundary_from_python(const Classifier& classifier, std::size_t i, std::size_t k, const ClassMap& map,
                              double longest, double shortest, std::size_t max_pieces, std::size_t depth,
                              std::size_t budget, std::size_t threads, const py::object& progress) {
    const std::size_t classes = classifier.readout.classes();
    Hooks hooks(progress);
    BoundaryOptions options;
    options.longest = longest;
    options.shortest = shortest;
    options.max_pieces = max_pieces;
    options.depth = depth;
    options.budget = budget;
    options.threads = threads;
    hooks.attach(options);
    const DecisionBoundary found = hooks.poll.run([&] { return decision_boundary(classifier, i, k, map, options); });
    py::list chains;
    for (const BoundaryChain& chain : found.chains)
        chains.append(py::make_tuple(chain.first, chain.count, chain.closed, name(chain.verdict), chain.detail));
    py::dict d;
    d["pieces"] = pieces_to_python(found.pieces);
    d["chains"] = chains;
    d["boxes"] = boxes_of(found.cells);
    d["possible"] = possible_of(found.cells, classes);
    d["away"] = column_of<bool>(found.cells, [](const BoundaryCell& c) { return c.away; });
    d["piece"] = column_of<std::int64_t>(found.cells, [](const BoundaryCell& c) { return c.piece; });
    d["left_over"] = found.left_over;
    d["integrated"] = found.integrated;
    d["verdict"] = name(found.verdict);
    d["detail"] = found.detail;
    return d;
}

py::dict piece_from_python(const Classifier& classifier, std::size_t i, std::size_t k,
                           const std::array<double, 2>& centre, const std::array<double, 4>& axes,
                           const std::array<double, 2>& radii) {
    const Frame frame = frame_from(centre, axes, radii);
    const auto result = guarded([&] { return prove_boundary_piece(classifier, i, k, frame); });
    return result_to_python(result, [](const BoundaryPiece& piece) { return pieces_to_python({piece}); });
}

}  // namespace

void register_classify(py::module_& module) {
    py::class_<ClassMap, std::shared_ptr<ClassMap>>(module, "ClassMap");
    py::class_<Classifier, ClassifierPointer>(module, "Classifier")
        .def(py::init(&make_classifier), py::arg("layers"), py::arg("stages"), py::arg("readout"), py::kw_only(),
             py::arg("parameter_lo") = py::none(), py::arg("parameter_hi") = py::none(), py::arg("t0") = 0.0,
             py::arg("encoder") = py::none(), py::arg("offset") = py::none(), py::arg("order") = 0,
             py::arg("tolerance") = 1e-12)
        .def("class_map", &class_map_from_python, py::arg("box"), py::arg("shape"), py::kw_only(), py::arg("depth"),
             py::arg("budget"), py::arg("threads") = 1, py::arg("progress") = py::none())
        .def("class_map_of_cells", &map_of_cells_from_python, py::arg("box"), py::arg("boxes"), py::kw_only(),
             py::arg("threads") = 1, py::arg("progress") = py::none())
        .def("classify_cells", &classify_cells_from_python, py::arg("boxes"), py::kw_only(), py::arg("threads") = 1)
        .def("boundary_piece", &piece_from_python, py::arg("i"), py::arg("k"), py::arg("centre"), py::arg("axes"),
             py::arg("radii"))
        .def("decision_boundary", &boundary_from_python, py::arg("i"), py::arg("k"), py::arg("map"), py::kw_only(),
             py::arg("longest") = 0.0, py::arg("shortest") = 0.0, py::arg("max_pieces") = 100000, py::arg("depth") = 12,
             py::arg("budget") = 2000000, py::arg("threads") = 1, py::arg("progress") = py::none());
}

}  // namespace capnode::bindings
