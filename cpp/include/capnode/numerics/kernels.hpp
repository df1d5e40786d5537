// The dispatch table of the bulk kernels: plain data and function pointers, so that code compiled for different
// instruction sets meets only here. cpp/src/numerics/kernels/*.cpp is compiled once for each set, in a namespace of its
// own.
#pragma once

#include <cstddef>

namespace capnode::kernels {

/// Balls in, balls out: value_mid +- value_rad encloses f over mid +- rad; the slope pointers are both null or enclose
/// f'. A lane outside of the range that the kernel is proved for comes back with radius +inf: it is for the caller to
/// redo.
using BallKernel = void (*)(std::size_t n, const double* mid, const double* rad, double* value_mid, double* value_rad,
                            double* slope_mid, double* slope_rad);

struct Table {
    const char* name;
    BallKernel tanh;
    BallKernel sigmoid;
    BallKernel softplus;
    BallKernel silu;
    BallKernel exp;
    BallKernel sin;
    BallKernel cos;
};

/// The table in use: the best of this machine unless use_instruction_set chose another. Thread-safe.
const Table& table();

}  // namespace capnode::kernels
