// Numbers in messages read as one would write them, at any size.
#include "capnode/numerics/number_text.hpp"

#include <cmath>
#include <cstdlib>

#include "check.hpp"

using namespace capnode;

int main() {
    CHECK(number_text(0.001) == "0.001" && number_text(-2.0) == "-2" && number_text(0.0) == "0");
    CHECK(number_text(1.0 / 3.0) == "0.333333" && number_text(1.0 / 3.0, 3) == "0.333");
    CHECK(number_text(1e-310) == "1e-310" && number_text(0x1p-1074) == "4.94066e-324");
    CHECK(number_text(-1.7976931348623157e308, 17) == "-1.7976931348623157e+308");
    CHECK(number_text(infinity) == "inf" && number_text(std::nan("")).find("nan") != std::string::npos);
    CHECK(number_text(Interval(-1.5, 1e-20)) == "[-1.5, 1e-20]" &&
          number_text(Interval(0.0, 1.0 / 3.0), 2) == "[0, 0.33]");
    CHECK(number_text(std::complex<double>(1.0, -0.5)) == "1 - 0.5i");
    CHECK(shortest_text(0.1) == "0.1" && shortest_text(1e-310) == "1e-310" && shortest_text(-3.0) == "-3");
    double x = 1.0;
    for (int k = 0; k < 1000; ++k) {
        x = std::fmod(x * 1.7 + 0.123, 1.0) * std::ldexp(1.0, k % 600 - 300);
        CHECK(std::strtod(shortest_text(x).c_str(), nullptr) == x);
        x = std::fmod(std::fabs(x) + 0.37 * k, 1.0);
    }
    return check::report();
}
