// Pure C++ for as long as it takes: without the GIL, under the float environment our bounds assume.
#pragma once

#include <pybind11/pybind11.h>

#include "capnode/numerics/float_environment.hpp"

namespace capnode::bindings {

template <class F>
auto guarded(F&& f) {
    const pybind11::gil_scoped_release release;
    const FloatEnvironment guard;
    return f();
}

}  // namespace capnode::bindings
