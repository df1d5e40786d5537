// CAPD's solver on a field, with what a run needs around it: the map, its parameters, tolerances, and a way to stop.
#pragma once

#include <functional>
#include <memory>

#include "capd/capdlib.h"
#include "capnode/capd/call.hpp"
#include "capnode/capd/capd_flow.hpp"
#include "capnode/capd/field_map.hpp"

namespace capnode {

/// Thrown out of CAPD when a run is to end; no std::exception, so that CAPD does not take it for a step that failed.
struct CapdStop {
    std::string reason;
};

/// Counts the steps CAPD tries, and asks before each whether to go on (with our floating-point environment).
class CapdSolver : public ::capd::IOdeSolver {
  public:
    CapdSolver(::capd::IMap& map, const FlowOptions& options)
        : BaseTaylor(map, degree(options), ::capd::IOdeSolver::StepControlPolicy()),  // a virtual base
          ::capd::IOdeSolver(map, degree(options)) {
        setAbsoluteTolerance(options.tolerance);
        setRelativeTolerance(options.tolerance);
    }

    using ::capd::IOdeSolver::computeRemainder;
    void computeRemainder(ScalarType t, const VectorType& x, VectorType& enclosure, VectorType& remainder) override {
        ask();
        ::capd::IOdeSolver::computeRemainder(t, x, enclosure, remainder);
    }
    void computeRemainder(ScalarType t, const VectorType& x, C1TimeJetType& enclosure,
                          C1TimeJetType& remainder) override {
        ask();
        ::capd::IOdeSolver::computeRemainder(t, x, enclosure, remainder);
    }

    std::size_t attempts = 0;
    std::function<void()> check;  // may throw CapdStop

  private:
    static ::capd::IOdeSolver::size_type degree(const FlowOptions& options) {
        return static_cast<::capd::IOdeSolver::size_type>(options.order > 0 ? options.order : capd_default_order);
    }
    void ask() {
        ++attempts;
        if (!check) return;
        const FloatEnvironment ours;
        check();
    }
};

}  // namespace capnode
