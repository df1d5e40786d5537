#include "capnode/numerics/float_environment.hpp"

#if !defined(__x86_64__)
#error \
    "capnode runs on x86-64: the guard of the floating-point environment is written for MXCSR and the x87 control word"
#endif

#include <xmmintrin.h>

namespace capnode {
namespace {

constexpr std::uint32_t mxcsr_daz = 0x0040;
constexpr std::uint32_t mxcsr_rounding = 0x6000;
constexpr std::uint32_t mxcsr_ftz = 0x8000;
constexpr std::uint32_t mxcsr_masks = 0x1F80;
// All exceptions masked, extended precision, round to nearest: the System V default.
constexpr std::uint16_t x87_default = 0x037F;
constexpr std::uint16_t x87_rounding = 0x0C00;

std::uint16_t read_x87() noexcept {
    std::uint16_t word;
    __asm__ volatile("fnstcw %0" : "=m"(word));
    return word;
}

void write_x87(std::uint16_t word) noexcept { __asm__ volatile("fldcw %0" : : "m"(word)); }

}  // namespace

FloatEnvironment::FloatEnvironment() noexcept : saved_mxcsr_(_mm_getcsr()), saved_x87_(read_x87()) {
    _mm_setcsr((saved_mxcsr_ & ~(mxcsr_daz | mxcsr_rounding | mxcsr_ftz)) | mxcsr_masks);
    if (saved_x87_ != x87_default) write_x87(x87_default);
}

FloatEnvironment::~FloatEnvironment() noexcept {
    // The sticky flags raised meanwhile stay visible, as after any computation; control bits are the caller's.
    constexpr std::uint32_t flags = 0x003F;
    _mm_setcsr((saved_mxcsr_ & ~flags) | ((saved_mxcsr_ | _mm_getcsr()) & flags));
    if (read_x87() != saved_x87_) write_x87(saved_x87_);  // what ran under the guard may have changed it
}

bool FloatEnvironment::is_clean() noexcept {
    return (_mm_getcsr() & (mxcsr_daz | mxcsr_rounding | mxcsr_ftz)) == 0 && (read_x87() & x87_rounding) == 0;
}

}  // namespace capnode
