#include "capnode/capd/capd_poincare_map.hpp"

#include <chrono>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "capnode/capd/capd_flow.hpp"
#include "capnode/numerics/number_text.hpp"
#include "initial_set.hpp"
#include "set_types.hpp"
#include "solver.hpp"

namespace capnode {
namespace {

using Clock = std::chrono::steady_clock;

/// How often steps are made four times shorter.
constexpr int shorter_steps = 4;

/// { x : n . x = c } with an interval for c.
class OffsetSection : public ::capd::poincare::AbstractSection<::capd::IMatrix> {
  public:
    OffsetSection(::capd::IVector normal, ::capd::interval offset) : normal_(std::move(normal)), offset_(offset) {}
    ScalarType operator()(const VectorType& x) const override { return normal_ * x - offset_; }
    VectorType gradient(const VectorType&) const override { return normal_; }
    ScalarType evalAt(const Set& set) const override { return set.evalAt(*this); }

  private:
    ::capd::IVector normal_;
    ::capd::interval offset_;
};

bool bounded(const std::vector<Interval>& x) {
    for (const Interval& v : x) {
        if (!is_bounded(v)) return false;
    }
    return true;
}

Verdict verdict_of(const std::string& reason) {
    if (reason.find("nontransversal") != std::string::npos) return Verdict::tangent;
    if (reason.find("eport this error") != std::string::npos) return Verdict::too_wide;
    return Verdict::unbounded;
}

/// CAPD's names: from negative to positive values of the section function is a crossing along the normal.
::capd::poincare::CrossingDirection capd_direction(int direction) {
    if (direction > 0) return ::capd::poincare::MinusPlus;
    if (direction < 0) return ::capd::poincare::PlusMinus;
    return ::capd::poincare::Both;
}

/// What CAPD answered, before it is looked at.
struct Answer {
    std::vector<Interval> point, derivative;
    Interval time, speed;
};

template <class Set, class HasDerivative>
Answer ask_capd(::capd::IMap& map, CapdSolver& solver, const Section& section, const SetParts& parts,
                const PoincareOptions& options) {
    std::vector<Interval> normal(section.normal.begin(), section.normal.end());
    const ::capd::IVector n = to_capd(normal);
    OffsetSection surface(n, to_capd(section.offset));
    // Along the normal for the field is against it for the reversed one.
    const int direction = options.backward ? -options.direction : options.direction;
    ::capd::IPoincareMap poincare(solver, surface, capd_direction(direction));
    Set set = make_capd_set<Set>(parts);
    ::capd::interval time(0.0);
    const int k = static_cast<int>(options.returns);
    Answer answer;
    ::capd::IVector point;
    if constexpr (HasDerivative::value) {
        ::capd::IMatrix flow(n.dimension(), n.dimension());
        point = poincare(set, flow, time, k);
        if (options.flow.derivative) answer.derivative = from_capd(poincare.computeDP(point, flow, time));
    } else {
        point = poincare(set, time, k);
    }
    answer.point = from_capd(point);
    answer.time = from_capd(time);
    answer.speed = from_capd(n * map(time, point));
    return answer;
}

}  // namespace

PoincareResult poincare_map_capd(const Field& field, const Section& section, const InitialSet& start,
                                 const PoincareOptions& options, const std::string& set) {
    const std::size_t n = field.dim();
    if (section.normal.size() != n)
        throw std::invalid_argument("the section has dimension " + std::to_string(section.normal.size()) +
                                    ", the field " + std::to_string(n));
    if (options.returns < 1) throw std::invalid_argument("returns must be at least 1, not 0");
    if (!(options.flow.tolerance > 0.0 && options.flow.tolerance < infinity))
        throw std::invalid_argument("tolerance must be positive and finite, not " +
                                    number_text(options.flow.tolerance));
    if (start.parameter.size() != field.parameter_dim())
        throw std::invalid_argument("p has " + std::to_string(start.parameter.size()) + " entries, the field has " +
                                    std::to_string(field.parameter_dim()) + " parameters");
    require_capd_field(field);
    require_capd_set(set, options.flow.order, options.flow.derivative);
    const std::string name = set.empty() ? capd_default_set(options.flow.derivative) : set;
    const SetParts parts = set_parts(start, n);

    PoincareResult result;
    const Clock::time_point begin = Clock::now();
    const auto refuse = [&](Verdict verdict, const std::string& detail) {
        result.verdict = verdict;
        result.detail = detail;
        return result;
    };
    // A crossing is found transversal or not over a whole step of CAPD's: where it is not, again with shorter steps.
    double last_time = 0.0;
    double last_step = 0.0;
    std::size_t steps_before = 0;
    const auto attempt = [&](double longest) {
        return call_capd([&] {
            Answer answer;
            const std::unique_ptr<::capd::IMap> map = capd_map(field, options.backward);
            set_capd_parameters(*map, field, start.parameter, start.t0);
            CapdSolver solver(*map, options.flow);
            if (longest < infinity) solver.setMaxStep(::capd::interval(longest));
            solver.check = [&](double time) {
                result.steps = steps_before + solver.attempts - 1;  // this one is only asked for
                last_time = time;
                last_step = solver.getStep().rightBound();
                stop_where_asked(options.flow, begin);
                if (result.steps >= options.flow.max_steps)
                    throw CapdStop{Verdict::too_wide,
                                   "the step limit of " + std::to_string(options.flow.max_steps) + " is reached"};
                if (time > options.max_time)
                    throw CapdStop{Verdict::section_not_reached, "no crossing number " +
                                                                     std::to_string(options.returns) + " up to time " +
                                                                     number_text(options.max_time)};
            };
            with_capd_set(name, [&](auto tag, auto has_derivative) {
                using Set = typename decltype(tag)::type;
                answer = ask_capd<Set, decltype(has_derivative)>(*map, solver, section, parts, options);
            });
            result.steps = steps_before + solver.attempts;
            return answer;
        });
    };
    Answer answer;
    double longest = infinity;
    for (int shorter = 0;; ++shorter) {
        try {
            answer = attempt(longest);
            break;
        } catch (const CapdStop& stop) {
            return refuse(stop.verdict, stop.reason);
        } catch (const CallerThrew& thrown) {
            std::rethrow_exception(thrown.error);
        } catch (const CapdError& error) {
            const Verdict verdict = verdict_of(error.what());
            if (verdict != Verdict::tangent || shorter == shorter_steps || !(last_step > 0.0))
                return refuse(verdict, std::string("CAPD, at time ") + number_text(last_time) + ": " + error.what());
            longest = std::fmin(longest, last_step) / 4.0;
            steps_before = result.steps;
        }
    }

    if (!bounded(answer.point) || !bounded(answer.derivative) || !is_bounded(answer.time) || !is_bounded(answer.speed))
        return refuse(Verdict::unbounded, "CAPD's enclosure is not bounded");
    // The map is that of the reversed field where time runs backward: its n . f is against ours.
    const Interval speed = options.backward ? -answer.speed : answer.speed;
    const bool along = speed.lo > 0.0;
    const bool against = speed.hi < 0.0;
    if (!along && !against) return refuse(Verdict::tangent, "n . f at the crossing is in " + number_text(speed));
    if ((options.direction > 0 && !along) || (options.direction < 0 && !against))
        return refuse(Verdict::too_wide, "CAPD's crossing is not of the direction asked for");
    if (!(answer.time.lo > 0.0))
        return refuse(Verdict::too_wide,
                      "CAPD's time of return is in " + number_text(answer.time) + ", not proved positive");
    if (answer.time.hi > options.max_time)
        return refuse(Verdict::section_not_reached,
                      "the crossing may come later than time " + number_text(options.max_time));
    result.point = std::move(answer.point);
    if (const auto i = section.coordinate()) {
        const auto on_section = intersect(result.point[*i], section.offset);  // x_i = c there
        if (!on_section) return refuse(Verdict::too_wide, "CAPD's crossing is not on the section");
        result.point[*i] = *on_section;
    }
    result.derivative = std::move(answer.derivative);
    result.time = options.backward ? -answer.time : answer.time;
    result.speed = speed;
    result.crossings = options.returns;
    result.reached = options.backward ? -answer.time.hi : answer.time.hi;
    result.verdict = Verdict::proved;
    return result;
}

}  // namespace capnode
