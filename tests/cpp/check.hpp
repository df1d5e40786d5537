// The smallest test harness that reports what failed: CHECK(condition) counts, report() prints the closing line.
#pragma once

#include <cstdio>

namespace check {
inline int passed = 0;
inline int failed = 0;

inline void that(bool condition, const char* text, const char* file, int line) {
    if (condition) {
        ++passed;
    } else if (++failed <= 20) {
        std::printf("%s:%d: failed: %s\n", file, line, text);
    }
}

inline int report() {
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
}  // namespace check

#define CHECK(...) check::that(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)
