#include "capnode/capd/capd_flow.hpp"

#include <chrono>
#include <cmath>
#include <exception>
#include <optional>
#include <thread>

#include "capnode/numerics/error_free.hpp"
#include "capnode/numerics/number_text.hpp"
#include "capnode/numerics/worker_threads.hpp"
#include "dense_step.hpp"
#include "initial_set.hpp"
#include "set_types.hpp"
#include "solver.hpp"

namespace capnode {
namespace {

using Clock = std::chrono::steady_clock;

/// CAPD's own shortest step.
constexpr double shortest_step = 0x1p-20;

/// What one thread needs to run lane after lane, in one direction of time.
struct Engine {
    Engine(const Field& f, const FlowOptions& o, std::string name, bool reversed)
        : field(f), options(o), set(std::move(name)), backward(reversed) {
        call_capd([&] {
            map = capd_map(field, backward);
            solver = std::make_unique<CapdSolver>(*map, options);
        });
        solver->check = [this](double) { stop_where_asked(options, begin); };
    }
    ~Engine() {
        const CapdCall call;
        solver.reset();
        map.reset();
    }
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    const Field& field;
    const FlowOptions& options;
    std::string set;
    bool backward;
    Clock::time_point begin = Clock::now();
    std::unique_ptr<::capd::IMap> map;
    std::unique_ptr<CapdSolver> solver;
};

bool bounded(const std::vector<Interval>& x) {
    for (const Interval& v : x) {
        if (!is_bounded(v)) return false;
    }
    return true;
}

/// One initial set over the time `duration` > 0 of the (perhaps reversed) map.
template <class Set, class HasDerivative>
class Run {
  public:
    Run(Engine& engine, const InitialSet& start, double duration)
        : engine_(engine), options_(engine.options), duration_(duration), parts_(set_parts(start, engine.field.dim())) {
        result_.initial = parts_.hull;
        result_.final = parts_.hull;
        if (options_.derivative) {
            const std::size_t n = engine.field.dim();
            for (std::size_t k = 0; k < n * n; ++k) result_.derivative.emplace_back(k % (n + 1) == 0 ? 1.0 : 0.0);
        }
    }

    FlowResult operator()(const std::vector<Interval>& p, const Interval& t0) {
        if (duration_ == 0.0) {
            finish(Verdict::proved, "");
            return std::move(result_);
        }
        try {
            call_capd([&] {
                set_capd_parameters(*engine_.map, engine_.field, p, t0);
                engine_.solver->clearCoefficients();
                set_.emplace(make_capd_set<Set>(parts_));
                engine_.solver->setMaxStep(::capd::interval(duration_));
                engine_.solver->getStepControl().init(*engine_.solver, set_->getCurrentTime(), *set_);
            });
            while (now_ < duration_) {
                if (result_.steps >= options_.max_steps) {
                    finish(Verdict::too_wide,
                           "the step limit of " + std::to_string(options_.max_steps) + " is reached");
                    return close();
                }
                if (!step()) return close();
                if (options_.progress) options_.progress(now_ / duration_);
            }
            finish(Verdict::proved, "");
        } catch (const CapdStop& stop) {
            finish(stop.verdict, stop.reason);
        } catch (const CapdError& error) {
            finish(Verdict::unbounded, std::string("CAPD: ") + error.what());
        } catch (const CallerThrew& thrown) {
            close();
            std::rethrow_exception(thrown.error);
        } catch (...) {
            close();
            throw;
        }
        return close();
    }

  private:
    /// One step CAPD accepts, or the end of the run.
    bool step() {
        double limit = duration_ - now_;  // exact: both are multiples of one grid, see few_bits
        double length = 0.0;
        std::vector<Interval> end, over, tangent;
        FlowStep record;
        while (true) {
            bool refused = false;
            std::string reason;
            try {
                call_capd([&] {
                    Set moved(*set_);
                    engine_.solver->whole_step = limit;
                    engine_.solver->setMaxStep(::capd::interval(limit));
                    (*engine_.solver)(moved);
                    const ::capd::interval h = engine_.solver->getStep();
                    length = h.leftBound() == h.rightBound() ? h.leftBound() : 0.0;
                    end = from_capd(static_cast<::capd::IVector>(moved));
                    over = from_capd(moved.getLastEnclosure());
                    if constexpr (HasDerivative::value) {
                        if (options_.derivative) tangent = from_capd(static_cast<::capd::IMatrix>(moved));
                    }
                    if (options_.dense && length > 0.0)
                        record = dense_step(engine_.solver->getCurve(), now_, length, engine_.backward ? -1.0 : 1.0);
                    set_.emplace(std::move(moved));
                });
            } catch (const CapdError& error) {
                refused = true;
                reason = error.what();
                call_capd([&] {
                    const double tried = engine_.solver->getStep().rightBound();
                    if (tried > 0.0 && tried < limit) limit = tried;
                    engine_.solver->clearCoefficients();
                });
            }
            if (!refused) break;
            if (contradiction(reason)) {
                finish(Verdict::too_wide, "CAPD: " + reason);
                return false;
            }
            limit = few_bits(limit / 1.5);
            if (!(limit >= shortest_step)) {
                finish(Verdict::unbounded,
                       "CAPD made no step of " + number_text(shortest_step) + " or more: " + reason);
                return false;
            }
        }
        const Sum sum = two_sum(now_, length);
        if (!(length > 0.0) || sum.error != 0.0 || sum.value > duration_) {
            finish(Verdict::too_wide, "CAPD made a step of " + number_text(length) + " at time " + number_text(now_) +
                                          ", which leads to no double in the time asked for");
            return false;
        }
        if (!bounded(end) || !bounded(over) || !bounded(tangent)) {
            finish(Verdict::unbounded, "CAPD's enclosure is not bounded");
            return false;
        }
        now_ = sum.value;
        ++result_.steps;
        result_.final = end;
        if (options_.derivative) result_.derivative = std::move(tangent);
        if (options_.dense) {
            for (const double e : record.tube) {
                if (!(e < infinity)) {
                    finish(Verdict::unbounded, "CAPD's curve of a step is not bounded");
                    return false;
                }
            }
            record.end = std::move(end);
            result_.trajectory.push_back(std::move(record));
        }
        return true;
    }

    /// Two enclosures of one thing that do not meet: CAPD says so and asks for a report. No shorter step mends that.
    static bool contradiction(const std::string& reason) {
        return reason.find("Report this error") != std::string::npos ||
               reason.find("report this error") != std::string::npos;
    }

    void finish(Verdict verdict, const std::string& detail) {
        result_.verdict = verdict;
        result_.detail = detail;
        result_.reached = engine_.backward ? -now_ : now_;
    }

    FlowResult close() {
        const CapdCall call;
        set_.reset();
        return std::move(result_);
    }

    Engine& engine_;
    const FlowOptions& options_;
    double duration_;
    double now_ = 0.0;
    SetParts parts_;
    std::optional<Set> set_;
    FlowResult result_;
};

FlowResult run_lane(Engine& engine, const InitialSet& start, double duration) {
    FlowResult result;
    with_capd_set(engine.set, [&](auto tag, auto has_derivative) {
        using Set = typename decltype(tag)::type;
        Run<Set, decltype(has_derivative)> run(engine, start, std::fabs(duration));
        result = run(start.parameter, start.t0);
    });
    return result;
}

/// Lanes first, first + stride, ...: an engine for each direction of time that occurs.
void run_lanes(const Field& field, const std::vector<InitialSet>& starts, const std::vector<double>& durations,
               const FlowOptions& options, const std::string& set, std::size_t first, std::size_t stride,
               std::vector<FlowResult>& results) {
    const std::size_t count = (starts.size() - first + stride - 1) / stride;
    std::size_t done = 0;
    FlowOptions own = options;
    if (options.progress) {
        own.progress = [&](double part) {
            options.progress((static_cast<double>(done) + part) / static_cast<double>(count));
        };
    }
    std::optional<Engine> forward, backward;
    for (std::size_t l = first; l < starts.size(); l += stride, ++done) {
        const bool back = durations[l] < 0.0;
        std::optional<Engine>& engine = back ? backward : forward;
        if (!engine) engine.emplace(field, own, set, back);
        results[l] = run_lane(*engine, starts[l], durations[l]);
    }
}

}  // namespace

std::vector<FlowResult> integrate_lanes_capd(const Field& field, const std::vector<InitialSet>& starts,
                                             const std::vector<double>& durations, const FlowOptions& options,
                                             const std::string& set) {
    if (starts.size() != durations.size())
        throw std::invalid_argument(std::to_string(starts.size()) + " initial sets and " +
                                    std::to_string(durations.size()) + " durations");
    for (const double d : durations) {
        if (!std::isfinite(d)) throw std::invalid_argument("the duration must be finite, not " + number_text(d));
    }
    if (!(options.tolerance > 0.0 && options.tolerance < infinity))
        throw std::invalid_argument("tolerance must be positive and finite, not " + number_text(options.tolerance));
    require_capd_field(field);
    require_capd_set(set, options.order, options.derivative);
    const std::string name = set.empty() ? capd_default_set(options.derivative) : set;
    for (const InitialSet& start : starts) {
        if (start.parameter.size() != field.parameter_dim())
            throw std::invalid_argument("p has " + std::to_string(start.parameter.size()) + " entries, the field has " +
                                        std::to_string(field.parameter_dim()) + " parameters");
        (void)set_parts(start, field.dim());
    }
    std::vector<FlowResult> results(starts.size());
    std::size_t threads = options.threads != 0 ? options.threads : std::thread::hardware_concurrency();
    threads = std::max<std::size_t>(1, std::min(threads, starts.size()));

    in_shares(threads, options.interrupted, [&](std::size_t t, const Stop& stop) {
        FlowOptions own = options;
        own.interrupted = stop;
        if (t != 0) own.progress = nullptr;  // the calling thread alone reports
        run_lanes(field, starts, durations, own, name, t, threads, results);
    });
    return results;
}

}  // namespace capnode
