// The table of contents of the extension `capnode._capd`: what needs CAPD. It exists only in builds with
// CAPNODE_WITH_CAPD, links CAPD, and is therefore under the GPL. `_core` must be loaded before it: its types are used.
#include <pybind11/pybind11.h>

#include "capd_bindings.hpp"
#include "capnode/capd/call.hpp"
#include "objects.hpp"

PYBIND11_MODULE(_capd, module) {
    module.doc() = "The engine on CAPD. Use the package `capnode`; nothing here is a public name.";
    module.attr("version") = capnode::capd_version();
    module.attr("intervals") = capnode::capd_intervals();
    capnode::bindings::register_capd_flow(module);
    capnode::bindings::register_capd_poincare_map(module);
    capnode::bindings::register_capd_zeros(module);
    pybind11::register_local_exception_translator([](std::exception_ptr p) {
        try {
            if (p) std::rethrow_exception(p);
        } catch (const capnode::CapdError& e) {
            pybind11::set_error(pybind11::module_::import("capnode.errors").attr("CapdError"), e.what());
        }
    });
    capnode::bindings::capd_objects::register_objects(module);
}
