// What the command-line programs are told: plain numbers, whole numbers, decimals that are enclosed; and --help.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "capnode/numerics/decimal.hpp"

namespace capnode::apps {

/// A double, taken exactly as strtod reads it.
inline double number(const std::string& option, const std::string& text) {
    char* end = nullptr;
    const double x = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0') throw std::invalid_argument(option + " needs a number, got '" + text + "'");
    return x;
}

inline std::size_t count(const std::string& option, const std::string& text) {
    const double x = number(option, text);
    if (!(x >= 0.0 && x < 9e15) || x != static_cast<double>(static_cast<std::size_t>(x)))
        throw std::invalid_argument(option + " needs a whole number, got '" + text + "'");
    return static_cast<std::size_t>(x);
}

/// "0.1": every number within the two doubles around 1/10; "lo:hi": from the one to the other.
inline Interval interval(const std::string& text) {
    const std::size_t colon = text.find(':');
    const Interval lo = interval_from_string(text.substr(0, colon));
    const Interval hi = colon == std::string::npos ? lo : interval_from_string(text.substr(colon + 1));
    if (!(lo.lo <= hi.hi)) throw std::invalid_argument("the interval '" + text + "' has lo > hi");
    return {lo.lo, hi.hi};
}

/// Such intervals parted by commas.
inline std::vector<Interval> intervals(const std::string& text) {
    std::vector<Interval> values;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        values.push_back(interval(text.substr(at, end - at)));
        at = end + 1;
    }
    return values;
}

/// Prints the usage where it is asked for.
inline bool helped(int argc, char** argv, const char* usage) {
    const bool asked = std::any_of(argv + 1, argv + argc, [](const char* word) {
        return std::string_view(word) == "--help" || std::string_view(word) == "-h";
    });
    if (asked) std::fputs(usage, stdout);
    return asked;
}

}  // namespace capnode::apps
