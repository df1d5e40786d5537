// A call into CAPD gives back the floating-point environment, however it ends; what CAPD throws, and what filib would
// end the process for, comes out as CapdError.
#include <cfenv>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "capnode/capd/call.hpp"
#include "capnode/capd/convert.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

template <class F>
std::string error_of(F&& f) {
    try {
        call_capd(f);
    } catch (const CapdError& error) {
        return error.what();
    }
    return "";
}

volatile double one = 1.0;
volatile double ten = 10.0;

}  // namespace

int main() {
    using ::capd::interval;
    CHECK(!CapdCall::active());
    const double tenth = one / ten;
    const interval x = call_capd([] {
        CHECK(CapdCall::active());
        return interval(1.0) / interval(10.0);
    });
    CHECK(!CapdCall::active());
    CHECK(FloatEnvironment::is_clean());
    CHECK(one / ten == tenth);
    CHECK(x.leftBound() < x.rightBound() && x.leftBound() <= tenth && tenth <= x.rightBound());

    // exceptions of CAPD's, by std::exception and otherwise
    CHECK(error_of([] { return interval(1.0) / interval(-1.0, 1.0); }) != "");
    CHECK(error_of([] { return log(interval(-1.0, 1.0)); }).find("log") != std::string::npos);
    CHECK(error_of([] { ::capd::IMap map("var:x;fun:(x;"); }) != "");
    CHECK(error_of([]() -> int { throw std::string("words"); }) == "words");
    CHECK(error_of([]() -> int { throw "words"; }) == "words");
    CHECK(FloatEnvironment::is_clean());
    CHECK(!CapdCall::active());

    // filib ends the process where exp overflows; CAPD's own intervals answer something
    const std::string overflow = error_of([] { return exp(interval(1000.0)); });
    if (std::string(capd_intervals()) == "filib") CHECK(overflow.find("overflowed") != std::string::npos);
    CHECK(FloatEnvironment::is_clean());

    // our own refusals pass through
    bool refused = false;
    try {
        call_capd([]() -> int { throw std::invalid_argument("ours"); });
    } catch (const std::invalid_argument& error) {
        refused = std::string(error.what()) == "ours";
    }
    CHECK(refused);

    // a caller's own rounding mode comes back
    std::fesetround(FE_UPWARD);
    call_capd([] { return interval(1.0) / interval(3.0); });
    CHECK(std::fegetround() == FE_UPWARD);
    error_of([] { return interval(1.0) / interval(0.0); });
    CHECK(std::fegetround() == FE_UPWARD);
    std::fesetround(FE_TONEAREST);

    // a call inside of a call
    call_capd([] {
        const double before = one / ten;
        call_capd([] { return interval(1.0) / interval(7.0); });
        CHECK(CapdCall::active());
        return before;
    });
    CHECK(!CapdCall::active());

    // NaN and ends out of order are no enclosures
    CHECK(call_capd([] { return from_capd(interval(2.0, 1.0)); }).lo == -infinity);
    CHECK(call_capd([] {
              const interval huge(1e300);
              return from_capd(huge * huge - huge * huge);
          }).hi == infinity);

    CHECK(one_line("  a\n\n b\tc  ") == "a b c");
    CHECK(one_line(std::string(1000, 'x')).size() == 304);

    std::vector<std::thread> threads;
    std::vector<int> good(4, 0);
    for (std::size_t t = 0; t < good.size(); ++t) {
        threads.emplace_back([&good, t, tenth] {
            for (int k = 0; k < 2000; ++k) {
                call_capd([] { return exp(interval(1.0) / interval(3.0)); });
                error_of([] { return interval(1.0) / interval(0.0); });
                if (one / ten == tenth && FloatEnvironment::is_clean()) ++good[t];
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (const int g : good) CHECK(g == 2000);
    return check::report();
}
