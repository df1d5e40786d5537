// Long calls without the GIL: Ctrl-C is noticed and progress reported, at most twenty times a second.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <exception>

#include "guarded.hpp"

namespace capnode::bindings {

namespace py = pybind11;

// Used from the thread that released the GIL. What Python raised (KeyboardInterrupt, or from `progress`) stops the
// computation and is thrown again by rethrow(), with the GIL held.
class SignalPoll {
  public:
    explicit SignalPoll(const py::object& progress) : progress_(progress) {}

    void share(double done) { share_ = done; }
    bool stop() {
        const auto now = std::chrono::steady_clock::now();
        if (error_) return true;
        if (now - last_ < std::chrono::milliseconds(50)) return false;
        last_ = now;
        const py::gil_scoped_acquire acquire;
        try {
            if (PyErr_CheckSignals() != 0) throw py::error_already_set();
            if (!progress_.is_none()) progress_(share_);
        } catch (...) {
            error_ = std::current_exception();
        }
        return error_ != nullptr;
    }
    void rethrow() const {
        if (error_) std::rethrow_exception(error_);
    }

    /// The computation that has these options asks and tells from now on.
    template <class Options>
    void attach(Options& options) {
        options.interrupted = [this] { return stop(); };
        options.progress = [this](double done) { share(done); };
    }
    /// f() without the GIL; what Python raised meanwhile is thrown again after it.
    template <class F>
    auto run(F&& f) {
        auto answer = guarded(f);
        rethrow();
        return answer;
    }

  private:
    py::object progress_;
    double share_ = 0.0;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
    std::exception_ptr error_;
};

}  // namespace capnode::bindings
