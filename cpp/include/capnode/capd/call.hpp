// A call into CAPD: the floating-point environment before and after, and what CAPD throws.
//
// CAPD's intervals round by switching the rounding mode of the thread and leave it switched. Our arithmetic rounds to
// nearest. So CAPD's code runs inside of a CapdCall and none of ours does:
//
//     {
//         const CapdCall call;       // before the first object of CAPD's, so that it outlives them
//         capd::IVector x = ...;     // their destructors run under it, too, also when something is thrown
//     }
//
// CapdCall is FloatEnvironment once more: on entry to nearest, no FTZ, no DAZ; on exit the control bits as they were.
// A call may be made inside of another.
//
// CAPD reports with exceptions of many types, and its filib backend ends the process (std::terminate) where exp
// overflows or a root is taken of a negative number. In a call that becomes an exception, too: the library is linked
// with --wrap for std::terminate, and the wrapper throws CapdTerminated where the thread is inside of a call.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "capnode/numerics/float_environment.hpp"

namespace capnode {

class CapdCall {
  public:
    CapdCall() noexcept;
    ~CapdCall() noexcept;
    CapdCall(const CapdCall&) = delete;
    CapdCall& operator=(const CapdCall&) = delete;

    /// Is the calling thread inside of a call?
    static bool active() noexcept;

  private:
    FloatEnvironment environment_;
};

/// What filib would have ended the process for.
class CapdTerminated : public std::runtime_error {
  public:
    CapdTerminated() : std::runtime_error("an interval function overflowed or was asked outside of its domain") {}
};

/// Something CAPD threw: its own words, on one line and cut where they grow long.
class CapdError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// `text` on one line, without CAPD's multiple blanks and newlines, at most `limit` characters.
std::string one_line(const std::string& text, std::size_t limit = 300);

/// Runs `f` inside of a call; what CAPD throws comes out as CapdError, with the environment restored.
/// std::invalid_argument (our own refusals) passes through.
template <class F>
auto call_capd(F&& f) {
    const CapdCall call;
    try {
        return std::forward<F>(f)();
    } catch (const std::invalid_argument&) {
        throw;
    } catch (const CapdError&) {
        throw;
    } catch (const std::exception& error) {
        throw CapdError(one_line(error.what()));
    } catch (const std::string& text) {
        throw CapdError(one_line(text));
    } catch (const char* text) {
        throw CapdError(one_line(text));
    }
}

/// "6.1.0", and "filib", "native" or "cxsc": how the CAPD of this build was built.
const char* capd_version();
const char* capd_intervals();

}  // namespace capnode
