// The guard of the floating-point environment as a Python context: what numpy computes inside rounds to nearest and
// keeps subnormals (for the importer, which widens and sorts weights in numpy before they reach the core).
#include <memory>

#include "bindings.hpp"
#include "capnode/numerics/float_environment.hpp"

namespace capnode::bindings {
namespace {

struct GuardContext {
    std::unique_ptr<FloatEnvironment> guard;
};

}  // namespace

void register_float_environment(pybind11::module_& module) {
    namespace py = pybind11;
    py::class_<GuardContext>(module, "FloatEnvironment",
                             "Context: round to nearest, no FTZ, no DAZ in this thread; restored on exit.")
        .def(py::init<>())
        .def("__enter__", [](GuardContext& c) { c.guard = std::make_unique<FloatEnvironment>(); })
        .def("__exit__", [](GuardContext& c, const py::args&) { c.guard.reset(); })
        .def_static("is_clean", &FloatEnvironment::is_clean);
}

}  // namespace capnode::bindings
