// Zeros and equilibria as Python dicts (the values of result.hpp), and the calls that prove them. With the GIL held.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <vector>

#include "capnode/dynamics/equilibrium.hpp"
#include "capnode/proof/zero.hpp"
#include "guarded.hpp"
#include "result.hpp"

namespace capnode::bindings {

namespace py = pybind11;

/// True once Python has a signal to raise (Ctrl-C); the call then ends and `raise_pending` raises it.
inline bool signal_pending() {
    const py::gil_scoped_acquire acquire;
    return PyErr_Occurred() != nullptr || PyErr_CheckSignals() != 0;
}

inline void raise_pending() {
    if (PyErr_Occurred() != nullptr) throw py::error_already_set();
}

inline py::dict equilibrium_to_python(const Equilibrium& found) {
    std::vector<double> re, im, rad;
    for (const ComplexBall& z : found.eigenvalues) {
        re.push_back(z.re);
        im.push_back(z.im);
        rad.push_back(z.rad);
    }
    py::dict out;
    out["parameter"] = bounds_of(found.parameter);
    out["state"] = bounds_of(found.state);
    out["isolation"] = bounds_of(found.isolation);
    out["x_bar"] = array_of(found.x_bar);
    out["contraction"] = found.contraction;
    out["eigenvalues"] = py::make_tuple(array_of(re), array_of(im), array_of(rad));
    out["unstable_dimension"] = found.unstable_dimension;
    out["stable_dimension"] = found.stable_dimension;
    return out;
}

inline py::dict zero_to_python(const Zero& zero) {
    py::dict out;
    out["method"] = zero.method;
    out["enclosure"] = bounds_of(zero.enclosure);
    out["uniqueness"] = bounds_of(zero.uniqueness);
    out["x_bar"] = array_of(zero.x_bar);
    out["contraction"] = zero.contraction;
    out["smallest_radius"] = zero.smallest_radius;
    out["largest_radius"] = zero.largest_radius;
    out["weights"] = array_of(zero.weights);
    return out;
}

/// The theorem without the GIL, under the guard.
template <class Prove>
py::dict prove_zero(Prove&& prove) {
    return result_to_python(guarded(prove), zero_to_python);
}

}  // namespace capnode::bindings
