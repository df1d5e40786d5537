// The loops of step_kernels.hpp, compiled once per instruction set; everything but the table has internal linkage.
#include "capnode/flow/step_kernels.hpp"

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
inline void convolve_block(double* out, const double* a, const double* b, std::size_t first, std::size_t last,
                           std::size_t k, std::size_t stride, Block<count>& acc) {
    (void)out;
    for (std::size_t j = first; j <= last; ++j) {
        const double* pa = a + j * stride;
        const double* pb = b + (k - j) * stride;
        for (std::size_t c = 0; c < count; ++c) acc.v[c] = madd(load(pa + c * width), load(pb + c * width), acc.v[c]);
    }
}

template <std::size_t count>
inline void zero(Block<count>& acc) {
    for (std::size_t c = 0; c < count; ++c) acc.v[c] = splat(0.0);
}

// a a: each pair once, doubled (exactly).
void self_convolve(double* out, const double* a, std::size_t k, std::size_t stride, std::size_t n) {
    const std::size_t pairs = (k + 1) / 2;
    const std::size_t middle = k / 2 * stride;
    const bool even = k % 2 == 0;
    const auto entries = [&]<std::size_t count>(std::size_t i) {
        Block<count> acc;
        zero(acc);
        for (std::size_t j = 0; j < pairs; ++j) {
            const double* p = a + j * stride + i;
            const double* q = a + (k - j) * stride + i;
            for (std::size_t c = 0; c < count; ++c) acc.v[c] = madd(load(p + c * width), load(q + c * width), acc.v[c]);
        }
        for (std::size_t c = 0; c < count; ++c) {
            Vec value = add(acc.v[c], acc.v[c]);
            const Vec m = load(a + middle + i + c * width);
            if (even) value = madd(m, m, value);
            store(out + i + c * width, value);
        }
    };
    blocked(
        n, [&](std::size_t i) { entries.template operator()<4>(i); },
        [&](std::size_t i) { entries.template operator()<1>(i); },
        [&](std::size_t i) {
            double acc = 0.0;
            for (std::size_t j = 0; j < pairs; ++j) acc = madd(a[j * stride + i], a[(k - j) * stride + i], acc);
            acc += acc;
            out[i] = even ? madd(a[middle + i], a[middle + i], acc) : acc;
        });
}

void convolve(double* out, const double* a, const double* b, std::size_t k, std::size_t stride, std::size_t n) {
    if (a == b) return self_convolve(out, a, k, stride, n);
    blocked(
        n,
        [&](std::size_t i) {
            Block<4> acc;
            zero(acc);
            convolve_block<4>(out, a + i, b + i, 0, k, k, stride, acc);
            for (std::size_t c = 0; c < 4; ++c) store(out + i + c * width, acc.v[c]);
        },
        [&](std::size_t i) {
            Block<1> acc;
            zero(acc);
            convolve_block<1>(out, a + i, b + i, 0, k, k, stride, acc);
            store(out + i, acc.v[0]);
        },
        [&](std::size_t i) {
            double acc = 0.0;
            for (std::size_t j = 0; j <= k; ++j) acc = madd(a[j * stride + i], b[(k - j) * stride + i], acc);
            out[i] = acc;
        });
}

template <std::size_t count>
inline void integrate_block(const double* v, const double* w, std::size_t k, std::size_t stride, Block<count>& acc) {
    for (std::size_t j = 1; j <= k; ++j) {
        const Vec factor = splat(static_cast<double>(j));
        const double* pv = v + j * stride;
        const double* pw = w + (k - j) * stride;
        for (std::size_t c = 0; c < count; ++c) {
            acc.v[c] = madd(mul(factor, load(pv + c * width)), load(pw + c * width), acc.v[c]);
        }
    }
}

void integrate(double* out, const double* v, const double* w, std::size_t k, std::size_t stride, std::size_t n) {
    const double inverse = 1.0 / static_cast<double>(k);
    blocked(
        n,
        [&](std::size_t i) {
            Block<4> acc;
            zero(acc);
            integrate_block<4>(v + i, w + i, k, stride, acc);
            for (std::size_t c = 0; c < 4; ++c) store(out + i + c * width, mul(acc.v[c], splat(inverse)));
        },
        [&](std::size_t i) {
            Block<1> acc;
            zero(acc);
            integrate_block<1>(v + i, w + i, k, stride, acc);
            store(out + i, mul(acc.v[0], splat(inverse)));
        },
        [&](std::size_t i) {
            double acc = 0.0;
            for (std::size_t j = 1; j <= k; ++j) {
                acc = madd(static_cast<double>(j) * v[j * stride + i], w[(k - j) * stride + i], acc);
            }
            out[i] = acc * inverse;
        });
}

void reciprocal(double* out, const double* u, const double* v, std::size_t k, std::size_t stride, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        double acc = 0.0;
        for (std::size_t j = 1; j <= k; ++j) acc = madd(v[j * stride + i], u[(k - j) * stride + i], acc);
        out[i] = -acc * u[i];
    }
}

void square_root(double* out, const double* u, const double* v, const double* half_inverse, std::size_t k,
                 std::size_t stride, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        double acc = 0.0;
        for (std::size_t j = 1; j + 1 <= k; ++j) acc = madd(u[j * stride + i], u[(k - j) * stride + i], acc);
        out[i] = (v[k * stride + i] - acc) * half_inverse[i];
    }
}

inline double total(Vec v) {
    double part[width];
    store(part, v);
    double sum = 0.0;
    for (std::size_t c = 0; c < width; ++c) sum += part[c];
    return sum;
}

double dot(const double* a, const double* b, std::size_t n) {
    // At least eight interleaved partial sums (four vectors of two or more): the bound of step_radii.cpp counts
    // n / 8 + 12 roundings an entry.
    Block<4> acc;
    zero(acc);
    std::size_t i = 0;
    for (; i + 4 * width <= n; i += 4 * width) {
        for (std::size_t c = 0; c < 4; ++c) {
            acc.v[c] = madd(load(a + i + c * width), load(b + i + c * width), acc.v[c]);
        }
    }
    for (; i + width <= n; i += width) acc.v[0] = madd(load(a + i), load(b + i), acc.v[0]);
    double sum = total(add(add(acc.v[0], acc.v[1]), add(acc.v[2], acc.v[3])));
    for (; i < n; ++i) sum = madd(a[i], b[i], sum);
    return sum;
}

// Not fused: factor a is rounded, then the sum.
void scale(double* out, const double* a, double factor, double offset, std::size_t n) {
    chunks(n, [&]<class T>(std::size_t i) { put(out + i, add(mul(all<T>(factor), get<T>(a + i)), all<T>(offset))); });
}

void sum(double* out, const double* a, const double* b, double sign, std::size_t n) {
    chunks(n, [&]<class T>(std::size_t i) { put(out + i, add(get<T>(a + i), mul(all<T>(sign), get<T>(b + i)))); });
}

void symmetric_part(double* out, double* norm, double* square, const double* a, std::size_t stride, std::size_t n,
                    double factor) {
    constexpr std::size_t tile = 8;  // so that the columns of a stay in the cache
    for (std::size_t i0 = 0; i0 < n; i0 += tile) {
        const std::size_t i1 = i0 + tile < n ? i0 + tile : n;
        for (std::size_t j0 = 0; j0 <= i0; j0 += tile) {
            for (std::size_t i = i0; i < i1; ++i) {
                const std::size_t j1 = j0 + tile < i + 1 ? j0 + tile : i + 1;
                for (std::size_t j = j0; j < j1; ++j) {
                    const double m = factor * (a[(i * n + j) * stride] + a[(j * n + i) * stride]);
                    out[i * n + j] = m;
                    out[j * n + i] = m;
                }
            }
        }
    }
    double largest = 0.0;
    Vec squares = splat(0.0);
    double rest = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        const double* m = out + i * n;
        Vec sum = splat(0.0);
        std::size_t j = 0;
        for (; j + width <= n; j += width) {
            const Vec x = absolute(load(m + j));
            sum = add(sum, x);
            squares = madd(x, x, squares);
        }
        double row = total(sum);
        for (; j < n; ++j) {
            row += absolute(m[j]);
            rest = madd(m[j], m[j], rest);
        }
        largest = row <= largest ? largest : row < infinite ? row : infinite;
    }
    *norm = largest;
    *square = rest + total(squares);
}

template <std::size_t rows, std::size_t count>
inline void product_block(double* out, const double* w, const double* bias, const double* in, std::size_t inner,
                          std::size_t n) {
    Vec acc[rows][count];
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < count; ++c) acc[r][c] = splat(bias ? bias[r] : 0.0);
    }
    for (std::size_t m = 0; m < inner; ++m) {
        Vec x[count];
        for (std::size_t c = 0; c < count; ++c) x[c] = load(in + m * n + c * width);
        for (std::size_t r = 0; r < rows; ++r) {
            const Vec factor = splat(w[r * inner + m]);
            for (std::size_t c = 0; c < count; ++c) acc[r][c] = madd(factor, x[c], acc[r][c]);
        }
    }
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < count; ++c) store(out + r * n + c * width, acc[r][c]);
    }
}

template <std::size_t count>
inline void product_columns(double* out, const double* w, const double* bias, const double* in, std::size_t rows,
                            std::size_t inner, std::size_t n) {
    std::size_t r = 0;
    for (; r + 5 <= rows; r += 5) {
        product_block<5, count>(out + r * n, w + r * inner, bias ? bias + r : nullptr, in, inner, n);
    }
    for (; r + 2 <= rows; r += 2) {
        product_block<2, count>(out + r * n, w + r * inner, bias ? bias + r : nullptr, in, inner, n);
    }
    for (; r < rows; ++r) {
        product_block<1, count>(out + r * n, w + r * inner, bias ? bias + r : nullptr, in, inner, n);
    }
}

void product(double* out, const double* w, const double* bias, const double* in, std::size_t rows, std::size_t inner,
             std::size_t n) {
    if (n == 1) {
        for (std::size_t r = 0; r < rows; ++r) {
            const double sum = dot(w + r * inner, in, inner);
            out[r] = bias ? sum + bias[r] : sum;
        }
        return;
    }
    std::size_t i = 0;
    for (; i + 2 * width <= n; i += 2 * width) product_columns<2>(out + i, w, bias, in + i, rows, inner, n);
    for (; i + width <= n; i += width) product_columns<1>(out + i, w, bias, in + i, rows, inner, n);
    for (; i < n; ++i) {
        for (std::size_t r = 0; r < rows; ++r) {
            double acc = bias ? bias[r] : 0.0;
            for (std::size_t m = 0; m < inner; ++m) acc = madd(w[r * inner + m], in[m * n + i], acc);
            out[r * n + i] = acc;
        }
    }
}

void suffix_norms(double* suf, double* first, const double* a, const double* weight, std::size_t order,
                  std::size_t stride, std::size_t n, std::size_t lanes) {
    chunks(n, [&]<class T>(std::size_t i) {
        T sum = all<T>(0.0);
        T weighted = all<T>(0.0);
        put(suf + (order + 1) * stride + i, sum);
        for (std::size_t k = order + 1; k-- > 0;) {
            sum = madd(absolute(get<T>(a + k * stride + i)), per_lane<T>(weight + k * lanes, i, lanes), sum);
            put(suf + k * stride + i, sum);
            if (k > 0) weighted = add(weighted, sum);
        }
        put(first + i, weighted);
    });
}

void tail(double* out, const double* a, const double* suf_b, const double* weight, std::size_t order,
          std::size_t stride, std::size_t n, std::size_t lanes, bool derivative) {
    chunks(n, [&]<class T>(std::size_t i) {
        T sum = all<T>(0.0);
        for (std::size_t j = 1; j <= order; ++j) {
            const T factor =
                mul(per_lane<T>(weight + j * lanes, i, lanes), all<T>(derivative ? static_cast<double>(j) : 1.0));
            sum = madd(mul(absolute(get<T>(a + j * stride + i)), factor), get<T>(suf_b + (order + 1 - j) * stride + i),
                       sum);
        }
        put(out + i, sum);
    });
}

// Columns of one row against one series of factors. lanes == 1: the factor is a scalar, the columns are contiguous;
// otherwise lanes is a multiple of the vector width and each column is one block of lanes.
template <std::size_t count>
inline void tangent_row_scalar(double* out, const double* w, const double* d, std::size_t k, std::size_t w_stride,
                               std::size_t d_stride, bool add_to) {
    Vec acc[count];
    for (std::size_t c = 0; c < count; ++c) acc[c] = add_to ? load(out + c * width) : splat(0.0);
    for (std::size_t j = 0; j <= k; ++j) {
        const Vec factor = splat(w[j * w_stride]);
        const double* pd = d + (k - j) * d_stride;
        for (std::size_t c = 0; c < count; ++c) acc[c] = madd(factor, load(pd + c * width), acc[c]);
    }
    for (std::size_t c = 0; c < count; ++c) store(out + c * width, acc[c]);
}

template <std::size_t count>
inline void tangent_row_lanes(double* out, const double* w, const double* d, std::size_t k, std::size_t w_stride,
                              std::size_t d_stride, std::size_t lanes, bool add_to) {
    Vec acc[count];
    for (std::size_t c = 0; c < count; ++c) acc[c] = add_to ? load(out + c * lanes) : splat(0.0);
    for (std::size_t j = 0; j <= k; ++j) {
        const Vec factor = load(w + j * w_stride);
        const double* pd = d + (k - j) * d_stride;
        for (std::size_t c = 0; c < count; ++c) acc[c] = madd(factor, load(pd + c * lanes), acc[c]);
    }
    for (std::size_t c = 0; c < count; ++c) store(out + c * lanes, acc[c]);
}

void convolve_tangent(double* out, const double* w, const double* d, std::size_t k, std::size_t w_stride,
                      std::size_t d_stride, std::size_t rows, std::size_t cols, std::size_t lanes, bool add_to) {
    for (std::size_t r = 0; r < rows; ++r) {
        double* o = out + r * cols * lanes;
        const double* dr = d + r * cols * lanes;
        const double* wr = w + r * lanes;
        if (lanes == 1) {
            std::size_t c = 0;
            for (; c + 4 * width <= cols; c += 4 * width) {
                tangent_row_scalar<4>(o + c, wr, dr + c, k, w_stride, d_stride, add_to);
            }
            for (; c + width <= cols; c += width) {
                tangent_row_scalar<1>(o + c, wr, dr + c, k, w_stride, d_stride, add_to);
            }
            for (; c < cols; ++c) {
                double acc = add_to ? o[c] : 0.0;
                for (std::size_t j = 0; j <= k; ++j) acc = madd(wr[j * w_stride], dr[(k - j) * d_stride + c], acc);
                o[c] = acc;
            }
        } else {
            for (std::size_t l = 0; l < lanes; l += width) {
                std::size_t c = 0;
                for (; c + 4 <= cols; c += 4) {
                    tangent_row_lanes<4>(o + c * lanes + l, wr + l, dr + c * lanes + l, k, w_stride, d_stride, lanes,
                                         add_to);
                }
                for (; c + 2 <= cols; c += 2) {
                    tangent_row_lanes<2>(o + c * lanes + l, wr + l, dr + c * lanes + l, k, w_stride, d_stride, lanes,
                                         add_to);
                }
                for (; c < cols; ++c) {
                    tangent_row_lanes<1>(o + c * lanes + l, wr + l, dr + c * lanes + l, k, w_stride, d_stride, lanes,
                                         add_to);
                }
            }
        }
    }
}

void tangent_bound(double* out, const double* d, const double* m, const double* rd, std::size_t order,
                   std::size_t d_stride, std::size_t m_stride, std::size_t rows, std::size_t cols, std::size_t lanes,
                   bool add_to) {
    for (std::size_t r = 0; r < rows; ++r) {
        const double* mr = m + r * lanes;
        chunks(cols * lanes, [&]<class T>(std::size_t c) {
            const std::size_t j = r * cols * lanes + c;
            T sum = mul(get<T>(rd + j), per_lane<T>(mr + (order + 1) * m_stride, c, lanes));
            if (add_to) sum = add(sum, get<T>(out + j));
            for (std::size_t k = 0; k <= order; ++k) {
                sum = madd(absolute(get<T>(d + k * d_stride + j)), per_lane<T>(mr + k * m_stride, c, lanes), sum);
            }
            put(out + j, madd(sum, all<T>(slack), all<T>(underflow)));
        });
    }
}

void tangent_factor(double* m, const double* weight, const double* first, const double* suffix, const double* start,
                    const double* radius, std::size_t order, std::size_t stride, std::size_t n, std::size_t lanes) {
    chunks(n, [&]<class T>(std::size_t j) {
        const T w0 = get<T>(suffix + j);
        const T w1 = get<T>(first + j);
        const T rw = get<T>(radius + j);
        for (std::size_t k = 0; k <= order; ++k) {
            const T rounding = mul(all<T>(roundoff), madd(all<T>(static_cast<double>(k + 2)), w0, w1));
            const T beyond = get<T>(suffix + (order + 1 - k) * stride + j);
            put(m + k * n + j, mul(per_lane<T>(weight + k * lanes, j, lanes), add(add(rounding, rw), beyond)));
        }
        put(m + (order + 1) * n + j, add(add(absolute(get<T>(start + j)), get<T>(suffix + stride + j)), rw));
    });
}

void norm(double* out, const double* d, const double* weight, std::size_t order, std::size_t stride, std::size_t n,
          std::size_t lanes) {
    chunks(n, [&]<class T>(std::size_t j) {
        T sum = all<T>(0.0);
        for (std::size_t k = 0; k <= order; ++k) {
            sum = madd(absolute(get<T>(d + k * stride + j)), per_lane<T>(weight + k * lanes, j, lanes), sum);
        }
        put(out + j, sum);
    });
}

void integrated_defect(double* out, const double* radius, const double* moving, double rounding, const double* f,
                       const double* weight, const double* scale, const double* length, std::size_t order,
                       std::size_t top, std::size_t stride, std::size_t n, std::size_t lanes) {
    chunks(n, [&]<class T>(std::size_t j) {
        const T h = absolute(per_lane<T>(scale, j, lanes));
        T d =
            madd(mul(h, per_lane<T>(length, j, lanes)), get<T>(radius + j), mul(all<T>(rounding), get<T>(moving + j)));
        for (std::size_t k = order; k <= top; ++k) {
            const T share =
                mul(per_lane<T>(weight + (k + 1) * lanes, j, lanes), all<T>(1.0 / static_cast<double>(k + 1)));
            d = madd(mul(h, absolute(get<T>(f + k * stride + j))), share, d);
        }
        put(out + j, madd(d, all<T>(slack), all<T>(underflow)));
    });
}

void horner(double* value, double* error, const double* z, std::size_t order, std::size_t stride, const double* tau,
            std::size_t n, std::size_t lanes) {
    chunks(n, [&]<class T>(std::size_t j) {
        const T t = per_lane<T>(tau, j, lanes);
        T rest = all<T>(0.0);
        T weighted = all<T>(0.0);
        for (std::size_t k = order; k >= 1; --k) {
            const T c = get<T>(z + k * stride + j);
            rest = mul(add(rest, c), t);
            weighted = mul(madd(all<T>(static_cast<double>(2 * k + 1)), absolute(c), weighted), t);
        }
        const T v = add(get<T>(z + j), rest);
        put(value + j, v);
        if (error)
            put(error + j,
                madd(mul(all<T>(roundoff * slack), add(absolute(v), weighted)), all<T>(slack), all<T>(underflow)));
    });
}

void horner_tail(double* value, double* error, const double* z, std::size_t order, std::size_t stride,
                 const double* tau, std::size_t n, std::size_t lanes) {
    chunks(n, [&]<class T>(std::size_t j) {
        const T t = per_lane<T>(tau, j, lanes);
        T rest = all<T>(0.0);
        T weighted = all<T>(0.0);
        for (std::size_t k = order; k >= 2; --k) {
            const T c = get<T>(z + k * stride + j);
            rest = mul(add(rest, c), t);
            weighted = mul(madd(all<T>(static_cast<double>(2 * k)), absolute(c), weighted), t);
        }
        put(value + j, mul(rest, t));
        put(error + j, madd(mul(mul(all<T>(roundoff), weighted), t), all<T>(slack), all<T>(underflow)));
    });
}

void advance(double* next, const double* f, const double* scale, std::size_t k, std::size_t n, std::size_t lanes) {
    const double degree = static_cast<double>(k);
    chunks(n, [&]<class T>(std::size_t j) {
        put(next + j, mul(per_lane<T>(scale, j, lanes), get<T>(f + j)) / all<T>(degree));
    });
}

void gronwall(double* __restrict pure, double* __restrict slope, const double* start_error, const double* residual,
              const double* square, const double* v1, const double* variation, const double* w0, const double* w_start,
              const double* w_variation, const double* out0, const double* out1, double share, std::size_t n) {
    for (std::size_t j = 0; j < n; ++j) {
        const double rest = residual[j] * share + 4.0 * roundoff * v1[j] * w0[j];
        const double delta =
            square[j] + roundoff * (2.0 * out1[j] * out0[j] + out0[j] * out0[j]) + 2.0 * roundoff * (w0[j] + 1.0);
        const double growth = exp_up((1.0 + out0[j]) * variation[j] * slack);
        const double e = (start_error[j] + delta * variation[j] + rest) * growth * slack;
        pure[j] = e;
        slope[j] = __builtin_fabs(w_start[j]) + w_variation[j] + delta + e * (1.0 + 2.0 * out0[j] + e);
    }
}

void sloped_radius(double* __restrict out, const double* pure, const double* slope, const double* rv, double global,
                   double curvature, std::size_t n) {
    for (std::size_t j = 0; j < n; ++j) {
        const double s = (slope[j] + curvature * rv[j]) * slack;
        out[j] = bound(pure[j] + (s < global ? s : global) * rv[j]);
    }
}

void product_radius(double* __restrict out, const double* a0, const double* b0, const double* a1, const double* b1,
                    const double* ra, const double* rb, const double* tail_of, std::size_t n) {
    for (std::size_t j = 0; j < n; ++j) {
        const double rounding = roundoff * (a1[j] * b0[j] + a0[j] * b1[j] + a0[j] * b0[j]);
        out[j] = bound(a0[j] * rb[j] + b0[j] * ra[j] + ra[j] * rb[j] + tail_of[j] + rounding);
    }
}

void jacobian_factor(double* mid, double* rad, const double* in_mid, const double* in_rad, const double* w,
                     const double* w_variation, const double* w_radius, std::size_t rows, std::size_t cols,
                     std::size_t lanes, bool add_to) {
    for (std::size_t r = 0; r < rows; ++r) {
        chunks(cols * lanes, [&]<class T>(std::size_t c) {
            const std::size_t j = r * cols * lanes + c;
            const T factor = per_lane<T>(w + r * lanes, c, lanes);
            const T spread =
                add(per_lane<T>(w_variation + r * lanes, c, lanes), per_lane<T>(w_radius + r * lanes, c, lanes));
            const T size = absolute(factor);
            const T m = get<T>(in_mid + j);
            T value = mul(factor, m);
            T radius = madd(add(size, spread), get<T>(in_rad + j),
                            mul(madd(all<T>(3.0 * roundoff), size, spread), absolute(m)));
            if (add_to) {
                const T before = get<T>(mid + j);
                value = add(value, before);
                radius = add(add(radius, get<T>(rad + j)),
                             mul(all<T>(2.0 * roundoff), add(absolute(value), absolute(before))));
            }
            put(mid + j, value);
            put(rad + j, madd(radius, all<T>(slack), all<T>(underflow)));
        });
    }
}

}  // namespace

extern const StepKernels step_table;
const StepKernels step_table = {.convolve = convolve,
                                .integrate = integrate,
                                .reciprocal = reciprocal,
                                .square_root = square_root,
                                .scale = scale,
                                .sum = sum,
                                .dot = dot,
                                .symmetric_part = symmetric_part,
                                .product = product,
                                .suffix_norms = suffix_norms,
                                .tail = tail,
                                .convolve_tangent = convolve_tangent,
                                .tangent_bound = tangent_bound,
                                .tangent_factor = tangent_factor,
                                .norm = norm,
                                .integrated_defect = integrated_defect,
                                .horner = horner,
                                .horner_tail = horner_tail,
                                .advance = advance,
                                .gronwall = gronwall,
                                .sloped_radius = sloped_radius,
                                .product_radius = product_radius,
                                .jacobian_factor = jacobian_factor};

}  // namespace CAPNODE_ISA
}  // namespace capnode
