// capnode-ftle: fields of finite-time Lyapunov exponents without Python, in a folder that a stopped run goes on from.
// `capnode-ftle --help` says how.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <limits>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "arguments.hpp"
#include "capnode/dynamics/ftle_run.hpp"
#include "capnode/field/field_io.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "capnode/numerics/number_text.hpp"

namespace {

namespace fs = std::filesystem;
using capnode::FtleSpec;
using capnode::Interval;
using capnode::apps::count;
using capnode::apps::intervals;
using capnode::apps::number;

std::atomic<bool> stop_requested{false};
void request_stop(int) {
    if (stop_requested.exchange(true)) std::_Exit(130);
}

constexpr const char* usage =
    R"(capnode-ftle FILE.capnode --box LO HI LO HI --shape N N --time T --out DIR [--method cells|points]
             [--budget N] [--width W] [--area-width E] [--tile N N] [--start T0] [--parameter 2.5,0.1:0.2]
             [--euler STEP] [--encoder FILE] [--order K] [--tolerance E] [--derivative-order K] [--set-degree D]
             [--threads N] [--quiet]
capnode-ftle FILE:DURATION FILE:DURATION ... (no --time) ...      layers one after another
capnode-ftle DIR [--threads N] [--quiet]                          goes on with the run in a folder

--euler: the exact map x -> x + STEP f(x), as often as STEP goes into --time. An encoder file has a line
"a_i1 a_i2 [b_i]" for each component of the state.

The folder is that of cn.ftle(..., out=DIR) and `capnode ftle`, file by file; each goes on where another stopped.
Box and times are doubles, taken exactly; a parameter is decimal and enclosed. Ctrl-C keeps the finished tiles.
Exit status: 0 every entry proved, 1 something was not or the run was stopped, 2 misuse or a disk that is full.
)";

struct Arguments {
    std::vector<std::string> models;
    std::string encoder;
    double euler = 0.0;
    fs::path out;
    FtleSpec spec;
    double time = 0.0;
    bool has_time = false, has_box = false, has_shape = false, quiet = false;
    std::size_t threads = std::max(1u, std::thread::hardware_concurrency());
};

Arguments parse(int argc, char** argv) {
    Arguments a;
    for (int i = 1; i < argc; ++i) {
        const std::string key = argv[i];
        const auto value = [&]() -> std::string {
            if (i + 1 >= argc) throw std::invalid_argument(key + " needs a value");
            return argv[++i];
        };
        if (key == "--box") {
            for (const std::size_t axis : {0, 1}) {
                a.spec.lower[axis] = number(key, value());
                a.spec.upper[axis] = number(key, value());
            }
            a.has_box = true;
        } else if (key == "--shape") {
            for (std::size_t& n : a.spec.shape) n = count(key, value());
            a.has_shape = true;
        } else if (key == "--tile") {
            for (std::size_t& n : a.spec.tile) n = count(key, value());
        } else if (key == "--time") {
            a.time = number(key, value());
            a.has_time = true;
        } else if (key == "--start") {
            a.spec.t0 = number(key, value());
        } else if (key == "--method") {
            const std::string method = value();
            if (method != "cells" && method != "points")
                throw std::invalid_argument("--method is cells or points, not '" + method + "'");
            a.spec.cells = method == "cells";
        } else if (key == "--budget") {
            a.spec.budget = count(key, value());
        } else if (key == "--width") {
            a.spec.width = number(key, value());
        } else if (key == "--area-width") {
            a.spec.area_width = number(key, value());
        } else if (key == "--parameter") {
            a.spec.parameter = intervals(value());
        } else if (key == "--order") {
            a.spec.order = count(key, value());
        } else if (key == "--euler") {
            a.euler = number(key, value());
            if (!(std::isfinite(a.euler) && a.euler != 0.0)) throw std::invalid_argument("--euler must not be 0");
        } else if (key == "--encoder") {
            a.encoder = value();
        } else if (key == "--derivative-order") {
            a.spec.derivative_order = static_cast<int>(std::min<std::size_t>(count(key, value()), 9));
        } else if (key == "--set-degree") {
            a.spec.set_degree = count(key, value());
        } else if (key == "--tolerance") {
            a.spec.tolerance = number(key, value());
        } else if (key == "--out") {
            a.out = value();
        } else if (key == "--threads") {
            a.threads = count(key, value());
            if (a.threads == 0) throw std::invalid_argument("--threads must be at least 1, not 0");
        } else if (key == "--quiet") {
            a.quiet = true;
        } else if (key.rfind("--", 0) == 0) {
            throw std::invalid_argument("unknown option " + key);
        } else {
            a.models.push_back(key);
        }
    }
    if (a.models.empty()) {
        throw std::invalid_argument(
            "FILE.capnode --box LO HI LO HI --shape N N --time T --out DIR are needed; --help says more");
    }
    return a;
}

// The times that a step goes into a time; both are doubles.
std::size_t steps_of(double time, double step) {
    const double ratio = std::round(time / step);
    if (!(ratio >= 1.0 && ratio < 1e9) || std::fabs(ratio * step - time) > 1e-9 * std::fabs(time)) {
        throw std::invalid_argument("--time " + capnode::shortest_text(time) + " is no multiple of the step " +
                                    capnode::shortest_text(step));
    }
    return static_cast<std::size_t>(ratio);
}

// Lines "a_i1 a_i2 [b_i]".
void read_encoder(const std::string& path, FtleSpec& spec) {
    std::ifstream in(path);
    if (!in) throw std::invalid_argument("cannot read " + path);
    std::vector<double> a;
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::vector<double> values;
        for (std::string word; words >> word;) values.push_back(number(path, word));
        if (values.empty()) continue;
        if (values.size() > 3 || values.size() < 2)
            throw std::invalid_argument(path + " has a line of " + std::to_string(values.size()) +
                                        " numbers, not 2 or 3");
        a.insert(a.end(), values.begin(), values.begin() + 2);
        spec.offset.push_back(values.size() == 3 ? values[2] : 0.0);
    }
    spec.encoder = capnode::Matrix(spec.offset.size(), 2);
    for (std::size_t k = 0; k < a.size(); ++k) spec.encoder(k / 2, k % 2) = a[k];
}

// The specification of a run that is in a folder, or of the arguments.
FtleSpec specification(Arguments& a) {
    if (fs::is_directory(a.models.front())) {
        if (a.has_box || a.has_shape || a.has_time || !a.out.empty() || a.models.size() > 1) {
            throw std::invalid_argument(a.models.front() +
                                        " is the folder of a run: what is computed stands in its run.json");
        }
        a.out = a.models.front();
        return capnode::load_ftle_run(a.out);
    }
    const bool layers = a.models.size() > 1 || !fs::exists(a.models.front());
    if (!a.has_box || !a.has_shape || a.has_time == layers || a.out.empty())
        throw std::invalid_argument("--box, --shape, --out and either --time or layers FILE:DURATION are needed");
    capnode::FtleSystem& system = a.spec.system;
    for (const std::string& model : a.models) {
        if (!layers) break;
        const std::size_t colon = model.rfind(':');
        if (colon == std::string::npos) throw std::invalid_argument("there is no file " + model);
        system.layers.push_back({capnode::load(model.substr(0, colon)), number(model, model.substr(colon + 1))});
    }
    if (!layers && a.euler != 0.0) {
        const capnode::DiscreteMap map{capnode::load(a.models.front()), true, a.euler};
        system.stages.push_back({map, steps_of(a.time, a.euler)});
    } else if (!layers) {
        const Interval duration = Interval(a.time) - Interval(a.spec.t0);
        if (duration.lo != duration.hi)
            throw std::invalid_argument("--time minus --start is no double; shift one of them");
        system.layers.push_back({capnode::load(a.models.front()), duration.lo});
    } else if (a.euler != 0.0) {
        throw std::invalid_argument("--euler takes one field and --time");
    }
    if (!a.encoder.empty()) read_encoder(a.encoder, a.spec);
    return a.spec;
}

// Held until the process ends, however it ends.
void lock(const fs::path& folder) {
    const int file = ::open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file >= 0 && ::flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        throw std::invalid_argument(folder.string() + " is in use by a run that has not ended");
}

// What a killed run was writing.
void clear_temporaries(const fs::path& folder) {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (name.rfind(".capnode-", 0) == 0 || name.rfind(".tile-", 0) == 0) fs::remove(entry.path());
    }
}

// Computes the missing tiles on threads; the first exception of a thread is thrown here, finished tiles are kept.
void compute(const FtleSpec& spec, const fs::path& folder, const std::vector<std::size_t>& missing, std::size_t threads,
             bool quiet) {
    const capnode::FtleBounds bounds(spec);
    const std::string digest = capnode::digest(spec);
    std::atomic<std::size_t> next{0}, done{0};
    std::exception_ptr failure;
    std::mutex mutex;
    const auto work = [&] {
        const capnode::FloatEnvironment guard;
        try {
            while (!stop_requested) {
                const std::size_t k = next++;
                if (k >= missing.size()) return;
                capnode::FtleProgress hooks;
                hooks.interrupted = [] { return stop_requested.load(); };
                const capnode::FtleTile tile = capnode::ftle_tile(spec, bounds, missing[k], hooks);
                if (stop_requested) return;  // it may have been cut short
                capnode::write_ftle_tile(folder, tile, digest);
                ++done;
            }
        } catch (...) {
            const std::scoped_lock guard_failure(mutex);
            if (!failure) failure = std::current_exception();
            stop_requested = true;
        }
    };
    std::vector<std::thread> workers;
    std::atomic<std::size_t> running{std::min(threads, missing.size())};
    for (std::size_t k = 0, n = running; k < n; ++k) {
        const auto run = [&] {
            work();
            --running;
        };
        try {
            workers.emplace_back(run);
        } catch (...) {  // no more threads, or no memory for one: those there are take its tiles
            running -= n - k;
            if (k == 0) work();
            break;
        }
    }
    const auto began = std::chrono::steady_clock::now();
    const bool show = !quiet && ::isatty(STDERR_FILENO) != 0;
    for (unsigned beat = 0; running > 0; ++beat) {
        std::this_thread::sleep_for(std::chrono::milliseconds(beat < 20 ? 5 : 100));
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        if (show && done > 0 && beat % 10 == 0) {
            const double rate = static_cast<double>(done) / seconds;
            std::fprintf(stderr, "\r%zu of %zu tiles, %.2g /s, %.0f s left   ", done.load(), missing.size(), rate,
                         static_cast<double>(missing.size() - done) / rate);
        }
    }
    for (std::thread& worker : workers) worker.join();
    if (show) std::fprintf(stderr, "\r%60s\r", "");
    if (failure) std::rethrow_exception(failure);
}

int run(int argc, char** argv) {
    Arguments a = parse(argc, argv);
    const FtleSpec spec = specification(a);
    capnode::open_ftle_run(a.out, spec);
    lock(a.out);
    clear_temporaries(a.out);
    std::signal(SIGINT, request_stop);
    std::signal(SIGTERM, request_stop);
    std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of the write
    const std::size_t tiles = capnode::tile_count(spec);
    const std::vector<std::size_t> missing = capnode::missing_ftle_tiles(a.out, spec);
    try {
        compute(spec, a.out, missing, a.threads, a.quiet);
    } catch (const fs::filesystem_error& e) {
        const std::size_t kept = tiles - capnode::missing_ftle_tiles(a.out, spec).size();
        std::fprintf(stderr, "capnode-ftle: %s\n%zu of %zu tiles are finished and kept\n", e.what(), kept, tiles);
        return 2;
    }
    if (const std::size_t left = capnode::missing_ftle_tiles(a.out, spec).size(); left > 0) {
        std::fprintf(stderr, "stopped: %zu of %zu tiles are finished and kept; capnode-ftle %s goes on\n", tiles - left,
                     tiles, a.out.c_str());
        return 1;
    }
    capnode::write_ftle_field(a.out, spec);
    std::size_t entries = 0, proved = 0, leaves = 0, integrated = 0;
    double lower = std::numeric_limits<double>::infinity(), upper = -lower;
    for (std::size_t k = 0; k < tiles; ++k) {
        const auto tile = capnode::read_ftle_tile(a.out, spec, k, capnode::digest(spec));
        for (std::size_t i = 0; tile && i < tile->lower.size(); ++i) {
            ++entries;
            if (tile->verdicts[i] != capnode::Verdict::proved) continue;
            ++proved;
            lower = std::min(lower, tile->lower[i]);
            upper = std::max(upper, tile->upper[i]);
        }
        leaves += tile ? tile->leaves.size() : 0;
        integrated += tile ? tile->integrated : 0;
    }
    std::printf("%zu of %zu %s proved, %zu integrated", proved, entries, spec.cells ? "cells" : "points", integrated);
    if (spec.cells) std::printf(", %zu cells after refinement", leaves);
    std::printf("\n");
    if (proved > 0)
        std::printf("their exponents lie in [%s, %s]\n", capnode::decimal_down(lower, 17).c_str(),
                    capnode::decimal_up(upper, 17).c_str());
    std::printf("%s: ftle.npz, %zu tiles, run %s\n", a.out.c_str(), tiles, capnode::digest(spec).c_str());
    return proved == entries ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const capnode::FloatEnvironment guard;
    if (capnode::apps::helped(argc, argv, usage)) return 0;
    try {
        return run(argc, argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "capnode-ftle: %s\n", e.what());
        return 2;
    }
}
