// Vectors of doubles for the instruction set being compiled, and loops over them; internal to each file that includes
// it.
#pragma once

#include <cstddef>
#include <cstring>

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace capnode {
namespace CAPNODE_ISA {
namespace {

#if defined(__AVX512F__)
constexpr std::size_t width = 8;
using Vec = __m512d;
inline Vec load(const double* p) { return _mm512_loadu_pd(p); }
inline void store(double* p, Vec v) { _mm512_storeu_pd(p, v); }
inline Vec splat(double x) { return _mm512_set1_pd(x); }
inline Vec madd(Vec a, Vec b, Vec c) { return _mm512_fmadd_pd(a, b, c); }
inline Vec mul(Vec a, Vec b) { return _mm512_mul_pd(a, b); }
inline Vec add(Vec a, Vec b) { return _mm512_add_pd(a, b); }
inline Vec absolute(Vec a) { return _mm512_abs_pd(a); }
#elif defined(__AVX2__)
constexpr std::size_t width = 4;
using Vec = __m256d;
inline Vec load(const double* p) { return _mm256_loadu_pd(p); }
inline void store(double* p, Vec v) { _mm256_storeu_pd(p, v); }
inline Vec splat(double x) { return _mm256_set1_pd(x); }
inline Vec madd(Vec a, Vec b, Vec c) { return _mm256_fmadd_pd(a, b, c); }
inline Vec mul(Vec a, Vec b) { return _mm256_mul_pd(a, b); }
inline Vec add(Vec a, Vec b) { return _mm256_add_pd(a, b); }
inline Vec absolute(Vec a) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), a); }
#else
constexpr std::size_t width = 2;
typedef double Vec __attribute__((vector_size(16)));
inline Vec load(const double* p) {
    Vec v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
inline void store(double* p, Vec v) { std::memcpy(p, &v, sizeof v); }
inline Vec splat(double x) { return Vec{x, x}; }
inline Vec madd(Vec a, Vec b, Vec c) { return a * b + c; }
inline Vec mul(Vec a, Vec b) { return a * b; }
inline Vec add(Vec a, Vec b) { return a + b; }
inline Vec absolute(Vec a) { return Vec{__builtin_fabs(a[0]), __builtin_fabs(a[1])}; }
#endif
inline double madd(double a, double b, double c) {
#if defined(__FMA__)
    return __builtin_fma(a, b, c);
#else
    return a * b + c;
#endif
}

inline double mul(double a, double b) { return a * b; }
inline double add(double a, double b) { return a + b; }
inline double absolute(double a) { return __builtin_fabs(a); }

// The same body for a vector and, at the end of a row block, for single doubles: get<T>, all<T>, put.
template <class T>
inline T get(const double* p) {
    if constexpr (sizeof(T) == sizeof(double)) {
        return *p;
    } else {
        return load(p);
    }
}
template <class T>
inline T all(double x) {
    if constexpr (sizeof(T) == sizeof(double)) {
        return x;
    } else {
        return splat(x);
    }
}
inline void put(double* p, double x) { *p = x; }
inline void put(double* p, Vec x) { store(p, x); }
// A number per lane at entry i: contiguous lanes repeat with period `lanes`, a multiple of the vector width, or 1.
template <class T>
inline T per_lane(const double* w, std::size_t i, std::size_t lanes) {
    return lanes == 1 ? all<T>(w[0]) : get<T>(w + i % lanes);
}
template <class F>
inline void chunks(std::size_t n, F f) {
    std::size_t i = 0;
    for (; i + width <= n; i += width) f.template operator()<Vec>(i);
    for (; i < n; ++i) f.template operator()<double>(i);
}

// As in radius_rounding.hpp, which says why; again here, compiled for this instruction set alone.
constexpr double roundoff = 0x1p-53;
constexpr double slack = 1.0 + 0x1p-32;
constexpr double underflow = 0x1p-960;
constexpr double infinite = __builtin_inf();
inline double bound(double x) { return x * slack + underflow; }
inline double exp_up(double x) {
    const double y = x * 0.0625;
    const double e = 1.0 + y * (1.0 + y * (0.5 + y * (1.0 / 6.0 + y * (1.0 / 24.0) * (1.0 + 0.544 * y))));
    const double e2 = e * e;
    const double e4 = e2 * e2;
    const double e8 = e4 * e4;
    const double value = e8 * e8 * slack;
    return x <= 16.0 ? value : infinite;
}

// Runs body over i = 0..n-1 in blocks of four vectors, one vector, one double: body(i, Block<...>) for each.
template <std::size_t count>
struct Block {
    Vec v[count];
};

template <class Four, class One, class Scalar>
inline void blocked(std::size_t n, Four four, One one, Scalar scalar) {
    std::size_t i = 0;
    for (; i + 4 * width <= n; i += 4 * width) four(i);
    for (; i + width <= n; i += width) one(i);
    for (; i < n; ++i) scalar(i);
}

template <std::size_t count>
inline void zero(Block<count>& acc) {
    for (std::size_t c = 0; c < count; ++c) acc.v[c] = splat(0.0);
}

inline double total(Vec v) {
    double part[width];
    store(part, v);
    double sum = 0.0;
    for (std::size_t c = 0; c < width; ++c) sum += part[c];
    return sum;
}

}  // namespace
}  // namespace CAPNODE_ISA
}  // namespace capnode
