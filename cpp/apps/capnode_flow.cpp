// capnode-flow: enclosures of solutions of a field read from a .capnode file, without Python.
// `capnode-flow --help` says how.
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "capnode/field/field_io.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/numerics/float_environment.hpp"

namespace {

using capnode::Interval;
using capnode::apps::count;
using capnode::apps::interval;
using capnode::apps::intervals;
using capnode::apps::number;

constexpr const char* usage =
    R"(capnode-flow FILE.capnode --x0 1,1,1 --time 10 [--radius 0.01,...] [--parameter 2.5,...] [--derivative]
             [--order K] [--tolerance E] [--max-steps N] [--json]

Encloses the solutions of the field from the box of --radius (0 where left out) about --x0, up to --time.
Numbers are decimal and are enclosed: 0.1 means every number within the two doubles around 1/10. A parameter
may be an interval lo:hi. Exit status: 0 proved, 1 not proved (what was proved until then is printed), 2 misuse.
)";

struct Arguments {
    std::string file;
    std::vector<Interval> x0, parameter, radius;
    Interval time;
    bool has_time = false;
    bool json = false;
    capnode::FlowOptions options;
};

Arguments parse(int argc, char** argv) {
    Arguments a;
    for (int i = 1; i < argc; ++i) {
        const std::string key = argv[i];
        const auto value = [&]() -> std::string {
            if (i + 1 >= argc) throw std::invalid_argument(key + " needs a value");
            return argv[++i];
        };
        if (key == "--x0") {
            a.x0 = intervals(value());
        } else if (key == "--radius") {
            a.radius = intervals(value());
        } else if (key == "--parameter") {
            a.parameter = intervals(value());
        } else if (key == "--time") {
            a.time = interval(value());
            a.has_time = true;
        } else if (key == "--derivative") {
            a.options.derivative = true;
        } else if (key == "--order") {
            a.options.order = count(key, value());
        } else if (key == "--tolerance") {
            a.options.tolerance = number(key, value());
        } else if (key == "--max-steps") {
            a.options.max_steps = count(key, value());
        } else if (key == "--json") {
            a.json = true;
        } else if (key.rfind("--", 0) == 0) {
            throw std::invalid_argument("unknown option " + key);
        } else if (a.file.empty()) {
            a.file = key;
        } else {
            throw std::invalid_argument("two files: " + a.file + " and " + key);
        }
    }
    if (a.file.empty() || a.x0.empty() || !a.has_time) {
        throw std::invalid_argument("FILE.capnode, --x0 X1,X2,... and --time T are needed; --help says more");
    }
    if (!capnode::is_point(a.time)) throw std::invalid_argument("--time must be a binary number, such as 10 or 0.125");
    return a;
}

// The initial set as centre +- radius, entry by entry.
capnode::InitialSet initial_set(const Arguments& a) {
    capnode::InitialSet set;
    const std::size_t n = a.x0.size();
    if (!a.radius.empty() && a.radius.size() != 1 && a.radius.size() != n) {
        throw std::invalid_argument("--radius has " + std::to_string(a.radius.size()) + " entries, --x0 has " +
                                    std::to_string(n));
    }
    set.directions = capnode::Matrix::identity(n);
    for (std::size_t i = 0; i < n; ++i) {
        const double mid = capnode::midpoint(a.x0[i]);
        double r = capnode::radius_up(a.x0[i], mid);
        if (!a.radius.empty()) {
            const Interval& more = a.radius[a.radius.size() == 1 ? 0 : i];
            if (!(more.lo >= 0.0)) throw std::invalid_argument("--radius must not be negative");
            r = capnode::add_up(r, more.hi);
        }
        set.centre.push_back(mid);
        set.radii.push_back(r);
    }
    set.parameter = a.parameter;
    return set;
}

void print(const std::vector<Interval>& values, std::size_t columns, bool json) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (json) {
            std::printf("%s[\"%a\", \"%a\"]", i == 0 ? "" : ", ", values[i].lo, values[i].hi);
        } else {
            std::printf("%s[%s, %s]%s", i % columns == 0 ? "  " : "  ", capnode::decimal_down(values[i].lo, 17).c_str(),
                        capnode::decimal_up(values[i].hi, 17).c_str(), (i + 1) % columns == 0 ? "\n" : "");
        }
    }
}

int run(int argc, char** argv) {
    const Arguments a = parse(argc, argv);
    const capnode::Field field = capnode::load(a.file);
    const capnode::FlowResult r = capnode::integrate(field, initial_set(a), a.time.lo, a.options);
    const bool proved = r.verdict == capnode::Verdict::proved;
    if (a.json) {
        std::printf("{\"proved\": %s, \"verdict\": \"%s\", \"reached\": \"%a\", \"steps\": %zu, \"final\": [",
                    proved ? "true" : "false", capnode::name(r.verdict), r.reached, r.steps);
        print(r.final, 1, true);
        std::printf("]");
        if (a.options.derivative) {
            std::printf(", \"derivative\": [");
            print(r.derivative, field.dim(), true);
            std::printf("]");
        }
        std::printf("}\n");
    } else {
        std::printf("%s %s\nreached t = %.17g in %zu steps\nx(t) in\n", capnode::sentence(r.verdict), r.detail.c_str(),
                    r.reached, r.steps);
        print(r.final, 1, false);
        if (a.options.derivative) {
            std::printf("derivative by the initial point in\n");
            print(r.derivative, field.dim(), false);
        }
    }
    return proved ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const capnode::FloatEnvironment guard;
    if (capnode::apps::helped(argc, argv, usage)) return 0;
    try {
        return run(argc, argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "capnode-flow: %s\n", e.what());
        return 2;
    }
}
