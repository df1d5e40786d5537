// How a HopfPoint crosses to Python: one dict, which python/capnode/hopf_point.py turns into a capnode.HopfPoint.
// Enclosures are pairs (lo, hi), of complex vectors with the shape (2, n); hints are plain float64 / complex128.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <functional>
#include <memory>

#include "capnode/dynamics/hopf.hpp"

namespace capnode::bindings {

pybind11::dict hopf_point_to_python(const HopfPoint& point);

/// A flag that Python sets from any thread and a running proof polls.
struct Cancellation {
    std::shared_ptr<std::atomic<bool>> flag = std::make_shared<std::atomic<bool>>(false);
    std::function<bool()> poll() const {
        return [flag = flag] { return flag->load(std::memory_order_relaxed); };
    }
};

}  // namespace capnode::bindings
