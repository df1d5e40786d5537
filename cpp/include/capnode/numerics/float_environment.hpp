// The floating-point environment a proof may assume: round to nearest, subnormals kept (no FTZ, no DAZ), no traps.
//
// Other libraries of the process do change these (torch.set_flush_denormal, objects linked with fast-math), and they
// are kept per thread. So every public entry and every worker thread of ours stands under one guard, which sets the
// environment and gives the caller's back. This is the only file of the project that touches it.
#pragma once

#include <cstdint>

#if defined(__FAST_MATH__)
#error "capnode proves nothing under -ffast-math: error-free transformations are optimised away"
#endif

namespace capnode {

class FloatEnvironment {
  public:
    FloatEnvironment() noexcept;
    ~FloatEnvironment() noexcept;
    FloatEnvironment(const FloatEnvironment&) = delete;
    FloatEnvironment& operator=(const FloatEnvironment&) = delete;

    /// True where the calling thread rounds to nearest and keeps subnormals, as found (no guard needed to ask).
    static bool is_clean() noexcept;

  private:
    std::uint32_t saved_mxcsr_ = 0;
    std::uint16_t saved_x87_ = 0;
};

}  // namespace capnode
