// The objects of `capnode.capd`: CAPD's own, each with what it must keep alive and what it must not share.
//
// Ownership follows CAPD's references: a solver keeps its map, a time map its solver, a Poincare map its solver and its
// section. A map and everything built on it share one mutex (solvers write into the map's graph), a set has its own; a
// call locks both after the GIL is released, so calls from many threads wait instead of racing.
//
// Enclosures cross as float64 arrays (lo, hi). What CAPD cannot bound (NaN, or an end at the wrong infinity) comes back
// as the whole line.
#pragma once

#include <cmath>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "arrays.hpp"
#include "capnode/capd/call.hpp"
#include "capnode/capd/field_map.hpp"
#include "signal_poll.hpp"
namespace capnode {
std::unique_ptr<::capd::IMap> capd_map(const std::string& formula);
}

namespace capnode::bindings::capd_objects {

using ICurve = ::capd::IOdeSolver::SolutionCurve;   // of the last step
using ISolution = ::capd::ITimeMap::SolutionCurve;  // of a whole run

struct Map {
    std::unique_ptr<::capd::IMap> owner;
    std::vector<std::string> parameters;  // names; empty where they go by number
    std::size_t parameter_count;
    ::capd::IMap& map = *owner;
    std::recursive_mutex mutex;

    Map(std::unique_ptr<::capd::IMap> m, std::vector<std::string> names, std::size_t count)
        : owner(std::move(m)), parameters(std::move(names)), parameter_count(count) {}
};

struct Solver {
    std::shared_ptr<Map> map;
    ::capd::IOdeSolver solver;

    Solver(std::shared_ptr<Map> m, unsigned order) : map(std::move(m)), solver(map->map, order) {}
};

using SetVariant = std::variant<::capd::C0Rect2Set, ::capd::C0HORect2Set, ::capd::C0TripletonSet,
                                ::capd::C0HOTripletonSet, ::capd::C1Rect2Set, ::capd::C1HORect2Set>;

struct Set {
    SetVariant set;
    std::size_t dim;
    std::recursive_mutex mutex;
};

template <class S>
inline constexpr bool carries_derivative =
    std::is_same_v<S, ::capd::C1Rect2Set> || std::is_same_v<S, ::capd::C1HORect2Set>;

struct TimeMap {
    std::shared_ptr<Solver> solver;
    ::capd::ITimeMap map;
    std::shared_ptr<Set> current;  // of an unfinished run: CAPD compares its address with the next set's
    bool one_step = false;

    explicit TimeMap(std::shared_ptr<Solver> s) : solver(std::move(s)), map(solver->solver) {}
};

struct Solution {
    ISolution curve;
    std::recursive_mutex mutex;
};

struct Section {
    std::unique_ptr<::capd::IAbstractSection> section;
    std::size_t dim;
};

/// CAPD follows a set until it crosses the section, for ever if it never does, and asks the section after each step. So
/// the sections of this module look at the time and for Ctrl-C then.
struct Watch {
    SignalPoll poll{py::none()};
    const ::capd::IMap* map = nullptr;
    double start = 0.0;
    double limit = 0.0;

    struct Interrupted {};  // poll.rethrow() has the reason

    void check();
    static Watch*& of_this_thread();
};

template <class Base>
struct Watched : Base {
    using Base::Base;
    using VectorType = typename Base::VectorType;
    using ScalarType = typename Base::ScalarType;

    ScalarType operator()(const VectorType& point) const override {
        if (Watch* watch = Watch::of_this_thread()) watch->check();
        return Base::operator()(point);
    }
    ScalarType evalAt(const typename Base::Set& set) const override {
        if (Watch* watch = Watch::of_this_thread()) watch->check();
        return Base::evalAt(set);
    }
};

struct PoincareMap {
    std::shared_ptr<Solver> solver;
    std::shared_ptr<Section> section;
    ::capd::IPoincareMap map;
    double max_return_time = 1000.0;  // the default of CAPD's floating-point Poincare maps

    PoincareMap(std::shared_ptr<Solver> s, std::shared_ptr<Section> c, ::capd::poincare::CrossingDirection direction)
        : solver(std::move(s)), section(std::move(c)), map(solver->solver, *section->section, direction) {}
};

// ---- numbers

inline ::capd::interval to_interval(double lo, double hi) { return ::capd::interval(lo, hi); }

inline ::capd::IVector to_vector(const DoubleArray& lo, const DoubleArray& hi) {
    const auto n = static_cast<unsigned>(lo.size());
    ::capd::IVector x(n);
    for (unsigned i = 0; i < n; ++i) x[i] = to_interval(lo.data()[i], hi.data()[i]);
    return x;
}

inline ::capd::IMatrix to_capd_matrix(const DoubleArray& lo, const DoubleArray& hi) {
    const auto rows = static_cast<unsigned>(lo.shape(0)), cols = static_cast<unsigned>(lo.shape(1));
    ::capd::IMatrix a(rows, cols);
    for (unsigned i = 0; i < rows; ++i) {
        for (unsigned j = 0; j < cols; ++j) {
            const std::size_t k = std::size_t{i} * cols + j;
            a[i][j] = to_interval(lo.data()[k], hi.data()[k]);
        }
    }
    return a;
}

inline std::pair<double, double> ends(const ::capd::interval& x) {
    const double lo = x.leftBound(), hi = x.rightBound();
    const bool sane = lo <= hi && lo < HUGE_VAL && hi > -HUGE_VAL;
    return sane ? std::pair(lo, hi) : std::pair(-HUGE_VAL, HUGE_VAL);
}

inline py::tuple from_interval(const ::capd::interval& x) {
    const auto [lo, hi] = ends(x);
    return py::make_tuple(lo, hi);
}

inline py::tuple from_vector(const ::capd::IVector& x) {
    const auto n = static_cast<unsigned>(x.dimension());
    DoubleArray lo(n), hi(n);
    for (unsigned i = 0; i < n; ++i) std::tie(lo.mutable_data()[i], hi.mutable_data()[i]) = ends(x[i]);
    return py::make_tuple(lo, hi);
}

inline py::tuple from_matrix(const ::capd::IMatrix& a) {
    const auto rows = static_cast<unsigned>(a.numberOfRows()), cols = static_cast<unsigned>(a.numberOfColumns());
    DoubleArray lo({rows, cols}), hi({rows, cols});
    for (unsigned i = 0; i < rows; ++i) {
        for (unsigned j = 0; j < cols; ++j) {
            const std::size_t k = std::size_t{i} * cols + j;
            std::tie(lo.mutable_data()[k], hi.mutable_data()[k]) = ends(a[i][j]);
        }
    }
    return py::make_tuple(lo, hi);
}

// ---- calls

/// f() without the GIL, under the mutexes and the float environment; what CAPD throws becomes a CapdError, while our
/// own std::invalid_argument (misuse) passes.
template <class F, class... Mutexes>
auto call(F&& f, Mutexes&... mutexes) {
    const py::gil_scoped_release release;
    [[maybe_unused]] const std::scoped_lock lock(mutexes...);
    const CapdCall environment;
    try {
        return f();
    } catch (const std::invalid_argument&) {
        throw;
    } catch (const py::error_already_set&) {
        throw;
    } catch (const CapdError&) {
        throw;
    } catch (const std::exception& e) {
        throw CapdError(one_line(e.what()));
    } catch (const std::string& text) {
        throw CapdError(one_line(text));
    } catch (const char* text) {
        throw CapdError(one_line(text));
    }
}

inline void check_dimension(const char* what, std::size_t given, const char* where, std::size_t needed) {
    if (given != needed) {
        throw std::invalid_argument(std::string(what) + " has dimension " + std::to_string(given) + ", the " + where +
                                    " has " + std::to_string(needed));
    }
}

void register_objects(py::module_& module);
void register_newton(py::module_& module);

}  // namespace capnode::bindings::capd_objects
