// Long calls without the GIL: Ctrl-C is noticed and progress reported, at most twenty times a second.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <exception>

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

  private:
    py::object progress_;
    double share_ = 0.0;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
    std::exception_ptr error_;
};

}  // namespace capnode::bindings
