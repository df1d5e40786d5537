// CAPD's solver on a field, with what a run needs around it: the map, its parameters, tolerances, and a way to stop.
#pragma once

#include <chrono>
#include <cmath>
#include <cstddef>
#include <exception>
#include <functional>
#include <string>

#include "capd/capdlib.h"
#include "capnode/capd/call.hpp"
#include "capnode/capd/capd_flow.hpp"
#include "capnode/capd/field_map.hpp"

namespace capnode {

/// Thrown out of CAPD when a run is to end; no std::exception, so that CAPD does not take it for a step that failed.
struct CapdStop {
    Verdict verdict;
    std::string reason;
};

/// What the caller's `interrupted` threw; no std::exception either, so that nobody takes it for CAPD's.
struct CallerThrew {
    std::exception_ptr error;
};

/// Throws CapdStop where the caller wants the run to end or the time budget is used up.
inline void stop_where_asked(const FlowOptions& options, std::chrono::steady_clock::time_point begin) {
    bool stop = false;
    try {
        stop = options.interrupted && options.interrupted();
    } catch (...) {
        throw CallerThrew{std::current_exception()};
    }
    if (stop) throw CapdStop{Verdict::interrupted, "stopped from outside"};
    if (std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() > options.max_seconds)
        throw CapdStop{Verdict::interrupted, "the time budget is used up"};
}

/// p > 0 rounded down to twelve bits. Steps of so few bits have sums that are doubles; exact in any rounding mode.
inline double few_bits(double p) {
    int exponent = 0;
    const double m = std::frexp(p, &exponent);
    return std::ldexp(std::floor(m * 4096.0) / 4096.0, exponent);
}

/// Counts the steps CAPD tries, and asks before each whether to go on (with our floating-point environment).
///
/// CAPD may shorten a step once it knows the remainder, by a factor of any number of bits; what it enclosed over the
/// longer step holds over every shorter one, so such a step is shortened once more, to a few bits.
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
        ask(t.leftBound());
        ::capd::IOdeSolver::computeRemainder(t, x, enclosure, remainder);
        keep_few_bits();
    }
    void computeRemainder(ScalarType t, const VectorType& x, C1TimeJetType& enclosure,
                          C1TimeJetType& remainder) override {
        ask(t.leftBound());
        ::capd::IOdeSolver::computeRemainder(t, x, enclosure, remainder);
        keep_few_bits();
    }

    std::size_t attempts = 0;
    double whole_step = 0.0;            // > 0: steps of few bits only, or exactly this one (the time that is left)
    std::function<void(double)> check;  // told the time at the start of the step; may throw CapdStop, CallerThrew

  private:
    static ::capd::IOdeSolver::size_type degree(const FlowOptions& options) {
        return static_cast<::capd::IOdeSolver::size_type>(options.order > 0 ? options.order : capd_default_order);
    }
    void keep_few_bits() {
        const double h = getStep().leftBound();
        if (!(whole_step > 0.0) || !(h > 0.0) || h == whole_step) return;
        adjustTimeStep(ScalarType(few_bits(h)));
    }
    void ask(double time) {
        ++attempts;
        if (!check) return;
        const FloatEnvironment ours;
        check(time);
    }
};

}  // namespace capnode
