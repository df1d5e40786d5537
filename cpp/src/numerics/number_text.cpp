#include "capnode/numerics/number_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace capnode {

std::string number_text(double x, int digits) {
    char buffer[64];
    const auto r =
        std::to_chars(buffer, buffer + sizeof buffer, x, std::chars_format::general, std::clamp(digits, 1, 17));
    return {buffer, r.ptr};
}

std::string number_text(const Interval& x, int digits) {
    return std::string("[").append(number_text(x.lo, digits)) + ", " + number_text(x.hi, digits) + "]";
}

std::string number_text(const std::complex<double>& z, int digits) {
    return number_text(z.real(), digits) + (z.imag() < 0 ? " - " : " + ") + number_text(std::fabs(z.imag()), digits) +
           "i";
}

std::string shortest_text(double x) {
    char buffer[32];
    const auto r = std::to_chars(buffer, buffer + sizeof buffer, x);
    return {buffer, r.ptr};
}

}  // namespace capnode
