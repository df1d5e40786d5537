#include <cfenv>

#include <xmmintrin.h>

#include "capnode/numerics/float_environment.hpp"
#include "check.hpp"

int main() {
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040);  // FTZ and DAZ
    std::fesetround(FE_UPWARD);
    CHECK(!capnode::FloatEnvironment::is_clean());
    volatile double tiny = 0x1p-1060;
    {
        const capnode::FloatEnvironment guard;
        CHECK(capnode::FloatEnvironment::is_clean());
        CHECK(tiny * 0.5 != 0.0);
        CHECK(std::fegetround() == FE_TONEAREST);
    }
    CHECK(std::fegetround() == FE_UPWARD);
    CHECK((_mm_getcsr() & 0x8040) == 0x8040);
    _mm_setcsr(before);
    std::fesetround(FE_TONEAREST);
    return check::report();
}
