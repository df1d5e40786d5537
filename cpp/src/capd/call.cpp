#include "capnode/capd/call.hpp"

namespace capnode {
namespace {

thread_local int depth = 0;

}  // namespace

CapdCall::CapdCall() noexcept { ++depth; }
CapdCall::~CapdCall() noexcept { --depth; }
bool CapdCall::active() noexcept { return depth > 0; }

std::string one_line(const std::string& text, std::size_t limit) {
    std::string out;
    for (const char c : text) {
        const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (blank && (out.empty() || out.back() == ' ')) continue;
        out += blank ? ' ' : c;
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    if (out.size() > limit) out = out.substr(0, limit) + " ...";
    return out;
}

const char* capd_version() { return CAPNODE_CAPD_VERSION; }
const char* capd_intervals() { return CAPNODE_CAPD_INTERVALS; }

}  // namespace capnode

// --wrap=_ZSt9terminatev: in what is linked with this library, calls of std::terminate arrive here. The callers in
// filib have written to a stream just before, so that the compiler takes them for functions that throw.
extern "C" [[noreturn]] void __real__ZSt9terminatev();
extern "C" [[noreturn]] void __wrap__ZSt9terminatev();
extern "C" void __wrap__ZSt9terminatev() {
    if (capnode::CapdCall::active()) throw capnode::CapdTerminated();
    __real__ZSt9terminatev();
}
