// The table of contents of the extension `capnode._core`: one register function a header, each in its own file.
#include <pybind11/pybind11.h>

#include "bindings.hpp"

PYBIND11_MODULE(_core, module) {
    module.doc() = "The C++ core of capnode. Use the package `capnode`; nothing here is a public name.";
    module.attr("version") = CAPNODE_VERSION;
#if defined(__clang__)
    module.attr("compiler") = "Clang " __clang_version__;
#else
    module.attr("compiler") = "GCC " __VERSION__;
#endif
    capnode::bindings::register_float_environment(module);
    capnode::bindings::register_numerics(module);
    capnode::bindings::register_linear_algebra(module);
    capnode::bindings::register_spectrum(module);
    capnode::bindings::register_field(module);
    capnode::bindings::register_proof(module);
    capnode::bindings::register_equilibrium(module);
    capnode::bindings::register_hopf(module);
    capnode::bindings::register_diagonal_family(module);
    capnode::bindings::register_search(module);
    capnode::bindings::register_flow(module);
    capnode::bindings::register_poincare_map(module);
    capnode::bindings::register_readout(module);
    capnode::bindings::register_ftle(module);
    capnode::bindings::register_classify(module);
    capnode::bindings::register_lyapunov(module);
    capnode::bindings::register_robustness(module);
    capnode::bindings::register_covered_radius(module);
}
