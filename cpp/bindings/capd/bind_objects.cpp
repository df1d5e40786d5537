// CAPD's own objects under its own names, for python/capnode/capd.py. Ownership, threads, exceptions: objects.hpp.
#include <pybind11/stl.h>

#include <algorithm>
#include <cctype>

#include "objects.hpp"

namespace capnode::bindings::capd_objects {
namespace {

/// The names between "par:" and the next ";" of a CAPD formula.
std::vector<std::string> parameter_names(const std::string& formula) {
    std::string text;
    for (const char c : formula) {
        if (std::isspace(static_cast<unsigned char>(c)) == 0) text += c;
    }
    std::size_t from = text.rfind("par:", 0) == 0 ? 0 : text.find(";par:");
    if (from == std::string::npos) return {};
    from = text.find(':', from) + 1;
    const std::size_t to = text.find(';', from);
    std::vector<std::string> names;
    for (std::size_t k = from; k < to && k < text.size();) {
        const std::size_t comma = std::min({text.find(',', k), to, text.size()});
        if (comma > k) names.push_back(text.substr(k, comma - k));
        k = comma + 1;
    }
    return names;
}

std::shared_ptr<Map> map_of_formula(const std::string& formula) {
    std::unique_ptr<::capd::IMap> map;
    try {
        map = call([&] { return capd_map(formula); });
    } catch (const CapdError& e) {
        throw std::invalid_argument("CAPD cannot read the formula '" + formula + "': " + e.what());
    }
    std::vector<std::string> names = parameter_names(formula);
    const std::size_t count = names.size();
    return std::make_shared<Map>(std::move(map), std::move(names), count);
}

/// The parameters of the field are 0 until they are set.
std::shared_ptr<Map> map_of_field(const Field& field) {
    auto map = call([&] {
        auto made = capd_map(field);
        set_capd_parameters(*made, field, std::vector<Interval>(field.parameter_dim(), Interval(0.0)));
        return made;
    });
    return std::make_shared<Map>(std::move(map), std::vector<std::string>(), field.parameter_dim());
}

// ---- maps

py::tuple map_value(Map& self, const DoubleArray& lo, const DoubleArray& hi, double t_lo, double t_hi) {
    check_dimension("x", static_cast<std::size_t>(lo.size()), "map", self.map.dimension());
    return from_vector(call([&] { return self.map(to_interval(t_lo, t_hi), to_vector(lo, hi)); }, self.mutex));
}

py::tuple map_value_and_derivative(Map& self, const DoubleArray& lo, const DoubleArray& hi, double t_lo, double t_hi) {
    check_dimension("x", static_cast<std::size_t>(lo.size()), "map", self.map.dimension());
    ::capd::IMatrix derivative(self.map.imageDimension(), self.map.dimension());
    const ::capd::IVector value =
        call([&] { return self.map(to_interval(t_lo, t_hi), to_vector(lo, hi), derivative); }, self.mutex);
    return py::make_tuple(from_vector(value), from_matrix(derivative));
}

void set_parameter(Map& self, unsigned index, double lo, double hi) {
    if (index >= self.parameter_count) {
        throw std::invalid_argument("the map has " + std::to_string(self.parameter_count) +
                                    " parameters, there is no " + std::to_string(index) + " (they count from 0)");
    }
    call([&] { self.map.setParameter(index, to_interval(lo, hi)); }, self.mutex);
}

py::tuple get_parameter(Map& self, unsigned index) {
    if (index >= self.parameter_count) {
        throw std::invalid_argument("the map has " + std::to_string(self.parameter_count) +
                                    " parameters, there is no " + std::to_string(index) + " (they count from 0)");
    }
    return from_interval(call([&] { return self.map.getParameter(index); }, self.mutex));
}

// ---- sets

using MakeSet = SetVariant (*)(const ::capd::IVector&, const ::capd::IMatrix*, const ::capd::IVector*,
                               const ::capd::interval&);

template <class S>
SetVariant make_set(const ::capd::IVector& x, const ::capd::IMatrix* c, const ::capd::IVector* r0,
                    const ::capd::interval& t) {
    if (c != nullptr) return SetVariant(std::in_place_type<S>, x, *c, *r0, t);
    return SetVariant(std::in_place_type<S>, x, t);
}

const std::vector<std::pair<std::string, MakeSet>>& set_kinds() {
    static const std::vector<std::pair<std::string, MakeSet>> kinds = {
        {"C0Rect2Set", &make_set<::capd::C0Rect2Set>},
        {"C0HORect2Set", &make_set<::capd::C0HORect2Set>},
        {"C0TripletonSet", &make_set<::capd::C0TripletonSet>},
        {"C0HOTripletonSet", &make_set<::capd::C0HOTripletonSet>},
        {"C1Rect2Set", &make_set<::capd::C1Rect2Set>},
        {"C1HORect2Set", &make_set<::capd::C1HORect2Set>},
    };
    return kinds;
}

std::shared_ptr<Set> new_set(const std::string& kind, const DoubleArray& lo, const DoubleArray& hi, double t_lo,
                             double t_hi, const std::optional<std::pair<DoubleArray, DoubleArray>>& c,
                             const std::optional<std::pair<DoubleArray, DoubleArray>>& r0) {
    const auto& kinds = set_kinds();
    const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.first == kind; });
    if (found == kinds.end()) throw std::invalid_argument("no set of the name " + kind);
    const auto n = static_cast<std::size_t>(lo.size());
    if (n == 0) throw std::invalid_argument("a set of dimension 0");
    if (c.has_value() != r0.has_value()) throw std::invalid_argument("C and r0 belong together");
    return call([&] {
        const ::capd::IVector x = to_vector(lo, hi);
        if (!c) {
            return std::shared_ptr<Set>(new Set{found->second(x, nullptr, nullptr, to_interval(t_lo, t_hi)), n, {}});
        }
        const ::capd::IMatrix matrix = to_capd_matrix(c->first, c->second);
        const ::capd::IVector r = to_vector(r0->first, r0->second);
        return std::shared_ptr<Set>(new Set{found->second(x, &matrix, &r, to_interval(t_lo, t_hi)), n, {}});
    });
}

template <class F>
auto with(Set& self, F&& f) {
    return call([&] { return std::visit(std::forward<F>(f), self.set); }, self.mutex);
}

py::tuple set_vector(Set& self) {
    return from_vector(with(self, [](auto& s) { return static_cast<::capd::IVector>(s); }));
}

::capd::IMatrix derivative_of(const SetVariant& set) {
    return std::visit(
        [](const auto& s) -> ::capd::IMatrix {
            if constexpr (carries_derivative<std::decay_t<decltype(s)>>) {
                return static_cast<::capd::IMatrix>(s);
            } else {
                throw std::invalid_argument("a C0 set carries no derivative: use C1Rect2Set or C1HORect2Set");
            }
        },
        set);
}

py::tuple set_matrix(Set& self) {
    return from_matrix(call([&] { return derivative_of(self.set); }, self.mutex));
}

py::tuple last_matrix_enclosure(Set& self) {
    return from_matrix(with(self, [](auto& s) -> ::capd::IMatrix {
        if constexpr (carries_derivative<std::decay_t<decltype(s)>>) {
            return s.getLastMatrixEnclosure();
        } else {
            throw std::invalid_argument("a C0 set carries no derivative: use C1Rect2Set or C1HORect2Set");
        }
    }));
}

/// The Hermite-Obreshkov sets take orders 3 to 64 (CAPD says so and does not check).
void check_order(const Set& set, const Solver& solver) {
    const bool hermite = std::visit(
        [](const auto& s) {
            using S = std::decay_t<decltype(s)>;
            return std::is_same_v<S, ::capd::C0HORect2Set> || std::is_same_v<S, ::capd::C0HOTripletonSet> ||
                   std::is_same_v<S, ::capd::C1HORect2Set>;
        },
        set.set);
    const auto order = solver.solver.getOrder();
    if (hermite && (order < 3 || order > 64)) {
        throw std::invalid_argument("sets of Hermite-Obreshkov type take orders 3 to 64, the solver has " +
                                    std::to_string(order));
    }
}

// ---- solvers

std::shared_ptr<Solver> new_solver(std::shared_ptr<Map> map, unsigned order) {
    if (order < 1) throw std::invalid_argument("order must be at least 1, not " + std::to_string(order));
    if (map->map.dimension() != map->map.imageDimension()) {
        throw std::invalid_argument("a vector field has as many components as variables: the map has " +
                                    std::to_string(map->map.imageDimension()) + " and " +
                                    std::to_string(map->map.dimension()));
    }
    std::recursive_mutex& mutex = map->mutex;
    return call([&] { return std::make_shared<Solver>(map, order); }, mutex);
}

void set_tolerance(Solver& self, double tolerance, bool absolute) {
    if (!(tolerance > 0.0 && tolerance < HUGE_VAL)) {
        throw std::invalid_argument("a tolerance must be positive and finite, not " + std::to_string(tolerance));
    }
    const std::lock_guard lock(self.map->mutex);
    if (absolute) {
        self.solver.setAbsoluteTolerance(tolerance);
    } else {
        self.solver.setRelativeTolerance(tolerance);
    }
}

// ---- time maps

py::object run_time_map(TimeMap& self, double t_lo, double t_hi, const std::shared_ptr<Set>& set, bool derivative,
                        const std::shared_ptr<Solution>& solution) {
    check_dimension("the set", set->dim, "vector field", self.solver->map->map.dimension());
    check_order(*set, *self.solver);
    ::capd::IMatrix matrix(static_cast<unsigned>(set->dim), static_cast<unsigned>(set->dim));
    std::recursive_mutex unused;
    SignalPoll poll{py::none()};
    const ::capd::IVector x = call(
        [&] {
            if (derivative) derivative_of(set->set);
            const ::capd::interval t = to_interval(t_lo, t_hi);
            const ::capd::interval now =
                std::visit([](auto& s) { return ::capd::interval(s.getCurrentTime()); }, set->set);
            if (t_hi < now.leftBound()) {
                throw std::invalid_argument("the set is at t = " + std::to_string(now.leftBound()) +
                                            ", later than the final time " + std::to_string(t_hi) +
                                            ": CAPD runs forward; integrate the field -f(x, -t) instead");
            }
            self.map.stopAfterStep(true);  // one step a call, so that Ctrl-C is noticed
            ::capd::IVector value;
            do {
                value = std::visit([&](auto& s) { return solution ? self.map(t, s, solution->curve) : self.map(t, s); },
                                   set->set);
            } while (!self.one_step && !self.map.completed() && !poll.stop());
            self.current = set;
            if (derivative) matrix = derivative_of(set->set);
            return value;
        },
        self.solver->map->mutex, set->mutex, solution ? solution->mutex : unused);
    poll.rethrow();
    if (!derivative) return from_vector(x);
    return py::make_tuple(from_vector(x), from_matrix(matrix));
}

// ---- curves: (what, t) -> value or derivative

template <class Curve>
py::tuple curve_value(const Curve& curve, double lo, double hi, bool derivative, std::recursive_mutex& mutex) {
    const auto evaluate = [&](auto&& f) {
        return call(
            [&] {
                try {
                    return f(to_interval(lo, hi));
                } catch (const std::domain_error& e) {
                    throw std::invalid_argument(std::string("t = [") + std::to_string(lo) + ", " + std::to_string(hi) +
                                                "] is outside of the curve's domain: " + e.what());
                }
            },
            mutex);
    };
    if (derivative) return from_matrix(evaluate([&](const ::capd::interval& t) { return curve.derivative(t); }));
    return from_vector(evaluate([&](const ::capd::interval& t) { return ::capd::IVector(curve(t)); }));
}

// ---- Poincare maps

}  // namespace

void Watch::check() {
    if (poll.stop()) throw Interrupted();
    const double t = map->getCurrentTime().leftBound();
    if (t - start > limit) {
        throw CapdError("the section was not crossed within the time " + std::to_string(limit) +
                        ": setMaxReturnTime takes a longer one");
    }
}

Watch*& Watch::of_this_thread() {
    thread_local Watch* watch = nullptr;
    return watch;
}

namespace {

/// f() with the section watched.
template <class F>
auto watched(Watch& watch, F&& f) {
    struct Scope {
        explicit Scope(Watch* w) { Watch::of_this_thread() = w; }
        ~Scope() { Watch::of_this_thread() = nullptr; }
    };
    const Scope scope(&watch);
    return f();
}

std::shared_ptr<PoincareMap> new_poincare_map(std::shared_ptr<Solver> solver, std::shared_ptr<Section> section,
                                              int direction) {
    check_dimension("the section", section->dim, "vector field", solver->map->map.dimension());
    std::recursive_mutex& mutex = solver->map->mutex;
    return call(
        [&] {
            return std::make_shared<PoincareMap>(solver, section,
                                                 static_cast<::capd::poincare::CrossingDirection>(direction));
        },
        mutex);
}

/// run(set, time) with the set of its type, under the locks, watched.
template <class Run>
::capd::IVector cross(PoincareMap& self, const std::shared_ptr<Set>& set, int n, ::capd::interval& time, Run&& run) {
    check_dimension("the set", set->dim, "vector field", self.solver->map->map.dimension());
    check_order(*set, *self.solver);
    if (n < 1) throw std::invalid_argument("n must be at least 1, not " + std::to_string(n));
    Watch watch;
    watch.map = &self.solver->map->map;
    watch.limit = self.max_return_time;
    const auto start = [&](auto& s) -> ::capd::IVector {
        watch.start = ::capd::interval(s.getCurrentTime()).leftBound();
        return run(s, time);
    };
    const ::capd::IVector x = call(
        [&] {
            try {
                return watched(watch, [&] { return std::visit(start, set->set); });
            } catch (const Watch::Interrupted&) {
                return ::capd::IVector(static_cast<unsigned>(set->dim));
            }
        },
        self.solver->map->mutex, set->mutex);
    watch.poll.rethrow();
    return x;
}

/// value, return time, and the derivative of the flow where asked for.
py::tuple run_poincare_map(PoincareMap& self, const std::shared_ptr<Set>& set, int n, bool derivative) {
    ::capd::IMatrix matrix(static_cast<unsigned>(set->dim), static_cast<unsigned>(set->dim));
    ::capd::interval time;
    const auto run = [&](auto& s, ::capd::interval& t) -> ::capd::IVector {
        if (!derivative) return self.map(s, t, n);
        if constexpr (carries_derivative<std::decay_t<decltype(s)>>) {
            return self.map(s, matrix, t, n);
        } else {
            throw std::invalid_argument("a C0 set carries no derivative: use C1Rect2Set or C1HORect2Set");
        }
    };
    const ::capd::IVector x = cross(self, set, n, time, run);
    return py::make_tuple(from_vector(x), from_interval(time),
                          derivative ? py::object(from_matrix(matrix)) : py::object(py::none()));
}

/// A (P(set) - x0) and the return time. CAPD takes square matrices only and does not look.
py::tuple run_poincare_map_in_coordinates(PoincareMap& self, const std::shared_ptr<Set>& set, int n,
                                          const DoubleArray& x_lo, const DoubleArray& x_hi, const DoubleArray& a_lo,
                                          const DoubleArray& a_hi) {
    const std::size_t dim = self.solver->map->map.dimension();
    check_dimension("x0", static_cast<std::size_t>(x_lo.size()), "vector field", dim);
    if (static_cast<std::size_t>(a_lo.shape(0)) != dim || static_cast<std::size_t>(a_lo.shape(1)) != dim) {
        throw std::invalid_argument("A has shape (" + std::to_string(a_lo.shape(0)) + ", " +
                                    std::to_string(a_lo.shape(1)) + "), the vector field has dimension " +
                                    std::to_string(dim));
    }
    ::capd::interval time;
    const auto run = [&](auto& s, ::capd::interval& t) -> ::capd::IVector {
        return self.map(s, to_vector(x_lo, x_hi), to_capd_matrix(a_lo, a_hi), t, n);
    };
    const ::capd::IVector y = cross(self, set, n, time, run);
    return py::make_tuple(from_vector(y), from_interval(time));
}

py::tuple compute_dp(PoincareMap& self, const DoubleArray& x_lo, const DoubleArray& x_hi, const DoubleArray& m_lo,
                     const DoubleArray& m_hi, double t_lo, double t_hi) {
    const std::size_t n = self.solver->map->map.dimension();
    check_dimension("P(x)", static_cast<std::size_t>(x_lo.size()), "vector field", n);
    check_dimension("the matrix", static_cast<std::size_t>(m_lo.shape(0)), "vector field", n);
    check_dimension("the matrix", static_cast<std::size_t>(m_lo.shape(1)), "vector field", n);
    return from_matrix(call(
        [&] { return self.map.computeDP(to_vector(x_lo, x_hi), to_capd_matrix(m_lo, m_hi), to_interval(t_lo, t_hi)); },
        self.solver->map->mutex));
}

void register_maps(py::module_& module) {
    py::class_<Map, std::shared_ptr<Map>>(module, "IMap")
        .def(py::init(&map_of_formula), py::arg("formula"))
        .def(py::init(&map_of_field), py::arg("field"))
        .def("dimension", [](const Map& m) { return m.map.dimension(); })
        .def("imageDimension", [](const Map& m) { return m.map.imageDimension(); })
        .def_readonly("parameters", &Map::parameters)
        .def_readonly("parameter_count", &Map::parameter_count)
        .def("setParameter", &set_parameter, py::arg("index"), py::arg("lo"), py::arg("hi"))
        .def("getParameter", &get_parameter, py::arg("index"))
        .def(
            "setOrder", [](Map& m, unsigned order) { call([&] { m.map.setOrder(order); }, m.mutex); }, py::arg("order"))
        .def("getOrder", [](const Map& m) { return m.map.getOrder(); })
        .def("value", &map_value, py::arg("lo"), py::arg("hi"), py::arg("t_lo"), py::arg("t_hi"))
        .def("value_and_derivative", &map_value_and_derivative, py::arg("lo"), py::arg("hi"), py::arg("t_lo"),
             py::arg("t_hi"));
}

void register_sets(py::module_& module) {
    py::class_<Set, std::shared_ptr<Set>>(module, "Set")
        .def(py::init(&new_set), py::arg("kind"), py::arg("lo"), py::arg("hi"), py::arg("t_lo"), py::arg("t_hi"),
             py::arg("C") = py::none(), py::arg("r0") = py::none())
        .def_readonly("dim", &Set::dim)
        .def("vector", &set_vector)
        .def("matrix", &set_matrix)
        .def("getCurrentTime",
             [](Set& self) {
                 return from_interval(with(self, [](auto& s) { return ::capd::interval(s.getCurrentTime()); }));
             })
        .def(
            "setCurrentTime",
            [](Set& self, double lo, double hi) {
                with(self, [&](auto& s) { s.setCurrentTime(to_interval(lo, hi)); });
            },
            py::arg("lo"), py::arg("hi"))
        .def("getLastEnclosure",
             [](Set& self) {
                 return from_vector(with(self, [](auto& s) { return ::capd::IVector(s.getLastEnclosure()); }));
             })
        .def("getLastMatrixEnclosure", &last_matrix_enclosure);
}

void register_solvers(py::module_& module) {
    py::class_<Solver, std::shared_ptr<Solver>>(module, "IOdeSolver")
        .def(py::init(&new_solver), py::arg("map"), py::arg("order"))
        .def("getOrder", [](const Solver& s) { return s.solver.getOrder(); })
        .def(
            "setOrder",
            [](Solver& s, unsigned order) {
                if (order < 1) throw std::invalid_argument("order must be at least 1, not 0");
                call([&] { s.solver.setOrder(order); }, s.map->mutex);
            },
            py::arg("order"))
        .def(
            "setAbsoluteTolerance", [](Solver& s, double tolerance) { set_tolerance(s, tolerance, true); },
            py::arg("tolerance"))
        .def(
            "setRelativeTolerance", [](Solver& s, double tolerance) { set_tolerance(s, tolerance, false); },
            py::arg("tolerance"))
        .def("getAbsoluteTolerance", [](const Solver& s) { return s.solver.getAbsoluteTolerance(); })
        .def("getRelativeTolerance", [](const Solver& s) { return s.solver.getRelativeTolerance(); })
        .def("getStep", [](Solver& s) { return from_interval(call([&] { return s.solver.getStep(); }, s.map->mutex)); })
        .def(
            "setStep",
            [](Solver& s, double lo, double hi) { call([&] { s.solver.setStep(to_interval(lo, hi)); }, s.map->mutex); },
            py::arg("lo"), py::arg("hi"))
        .def(
            "setMaxStep",
            [](Solver& s, double lo, double hi) {
                call([&] { s.solver.setMaxStep(to_interval(lo, hi)); }, s.map->mutex);
            },
            py::arg("lo"), py::arg("hi"))
        .def("turnOnStepControl", [](Solver& s) { s.solver.turnOnStepControl(); })
        .def("turnOffStepControl", [](Solver& s) { s.solver.turnOffStepControl(); })
        .def("curve_domain",
             [](Solver& s) {
                 return call(
                     [&] {
                         const ICurve& curve = s.solver.getCurve();
                         return std::pair<double, double>(curve.getLeftDomain(), curve.getRightDomain());
                     },
                     s.map->mutex);
             })
        .def(
            "curve",
            [](Solver& s, double lo, double hi, bool derivative) {
                return curve_value(s.solver.getCurve(), lo, hi, derivative, s.map->mutex);
            },
            py::arg("lo"), py::arg("hi"), py::arg("derivative"));
    py::class_<Solution, std::shared_ptr<Solution>>(module, "SolutionCurve")
        .def(py::init([](double lo, double hi) {
                 return std::shared_ptr<Solution>(new Solution{ISolution(to_interval(lo, hi)), {}});
             }),
             py::arg("lo"), py::arg("hi"))
        .def("domain",
             [](Solution& s) {
                 return call(
                     [&] {
                         const double left = s.curve.getLeftDomain();
                         const bool any = s.curve.getNumberOfPieces() > 0;
                         return std::pair<double, double>(left, any ? double(s.curve.getRightDomain()) : left);
                     },
                     s.mutex);
             })
        .def(
            "value",
            [](Solution& s, double lo, double hi, bool derivative) {
                return curve_value(s.curve, lo, hi, derivative, s.mutex);
            },
            py::arg("lo"), py::arg("hi"), py::arg("derivative"));
    py::class_<TimeMap, std::shared_ptr<TimeMap>>(module, "ITimeMap")
        .def(py::init([](std::shared_ptr<Solver> s) { return std::make_shared<TimeMap>(std::move(s)); }),
             py::arg("solver"))
        .def("run", &run_time_map, py::arg("t_lo"), py::arg("t_hi"), py::arg("set"), py::arg("derivative"),
             py::arg("solution") = nullptr)
        .def(
            "stopAfterStep", [](TimeMap& m, bool stop) { m.one_step = stop; }, py::arg("stop"))
        .def("completed", [](const TimeMap& m) { return m.map.completed(); })
        .def("getCurrentTime", [](TimeMap& m) {
            return from_interval(call([&] { return ::capd::interval(m.map.getCurrentTime()); }, m.solver->map->mutex));
        });
}

void register_poincare(py::module_& module) {
    py::class_<Section, std::shared_ptr<Section>>(module, "Section")
        .def_readonly("dim", &Section::dim)
        .def_static(
            "coordinate",
            [](unsigned dim, unsigned index, double lo, double hi) {
                if (index >= dim) {
                    throw std::invalid_argument("coordinate " + std::to_string(index) + " of " + std::to_string(dim) +
                                                " (they count from 0)");
                }
                return call([&] {
                    auto section =
                        std::make_unique<Watched<::capd::ICoordinateSection>>(dim, index, to_interval(lo, hi));
                    return std::shared_ptr<Section>(new Section{std::move(section), dim});
                });
            },
            py::arg("dim"), py::arg("index"), py::arg("lo"), py::arg("hi"))
        .def_static(
            "affine",
            [](const DoubleArray& x_lo, const DoubleArray& x_hi, const DoubleArray& n_lo, const DoubleArray& n_hi) {
                const auto dim = static_cast<std::size_t>(x_lo.size());
                check_dimension("the normal vector", static_cast<std::size_t>(n_lo.size()), "origin", dim);
                return call([&] {
                    auto section =
                        std::make_unique<Watched<::capd::IAffineSection>>(to_vector(x_lo, x_hi), to_vector(n_lo, n_hi));
                    return std::shared_ptr<Section>(new Section{std::move(section), dim});
                });
            },
            py::arg("x_lo"), py::arg("x_hi"), py::arg("n_lo"), py::arg("n_hi"))
        .def(
            "value",
            [](const Section& s, const DoubleArray& lo, const DoubleArray& hi) {
                check_dimension("x", static_cast<std::size_t>(lo.size()), "section", s.dim);
                return from_interval(call([&] { return ::capd::interval((*s.section)(to_vector(lo, hi))); }));
            },
            py::arg("lo"), py::arg("hi"));
    py::class_<PoincareMap, std::shared_ptr<PoincareMap>>(module, "IPoincareMap")
        .def(py::init(&new_poincare_map), py::arg("solver"), py::arg("section"), py::arg("direction"))
        .def("run", &run_poincare_map, py::arg("set"), py::arg("n"), py::arg("derivative"))
        .def("run_in_coordinates", &run_poincare_map_in_coordinates, py::arg("set"), py::arg("n"), py::arg("x_lo"),
             py::arg("x_hi"), py::arg("a_lo"), py::arg("a_hi"))
        .def("computeDP", &compute_dp, py::arg("x_lo"), py::arg("x_hi"), py::arg("m_lo"), py::arg("m_hi"),
             py::arg("t_lo"), py::arg("t_hi"))
        .def("setMaxReturnTime", [](PoincareMap& m, double t) { m.max_return_time = t; }, py::arg("t"));
    module.attr("PlusMinus") = static_cast<int>(::capd::poincare::PlusMinus);
    module.attr("Both") = static_cast<int>(::capd::poincare::Both);
    module.attr("MinusPlus") = static_cast<int>(::capd::poincare::MinusPlus);
}

}  // namespace

void register_objects(py::module_& module) {
    register_maps(module);
    register_sets(module);
    register_solvers(module);
    register_poincare(module);
    register_newton(module);
}

}  // namespace capnode::bindings::capd_objects
