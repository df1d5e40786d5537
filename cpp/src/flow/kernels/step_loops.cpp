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

void convolve(double* out, const double* a, const double* b, std::size_t k, std::size_t stride, std::size_t n) {
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

double dot(const double* a, const double* b, std::size_t n) {
    // At least eight interleaved partial sums (four vectors of two or more): the bound of step_engine.cpp counts
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
    double part[width];
    store(part, add(add(acc.v[0], acc.v[1]), add(acc.v[2], acc.v[3])));
    double sum = 0.0;
    for (std::size_t c = 0; c < width; ++c) sum += part[c];
    for (; i < n; ++i) sum = madd(a[i], b[i], sum);
    return sum;
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
    double* top = suf + (order + 1) * stride;
    for (std::size_t i = 0; i < n; ++i) top[i] = 0.0;
    for (std::size_t i = 0; i < n; ++i) first[i] = 0.0;
    for (std::size_t k = order + 1; k-- > 0;) {
        const double* above = suf + (k + 1) * stride;
        const double* ak = a + k * stride;
        double* here = suf + k * stride;
        if (lanes == 1) {
            const double wk = weight[k];
            for (std::size_t i = 0; i < n; ++i) here[i] = above[i] + __builtin_fabs(ak[i]) * wk;
        } else {
            const double* wk = weight + k * lanes;
            for (std::size_t i = 0; i < n; i += lanes) {
                for (std::size_t l = 0; l < lanes; ++l) here[i + l] = above[i + l] + __builtin_fabs(ak[i + l]) * wk[l];
            }
        }
        if (k > 0) {
            for (std::size_t i = 0; i < n; ++i) first[i] += here[i];
        }
    }
}

void tail(double* out, const double* a, const double* suf_b, const double* weight, std::size_t order,
          std::size_t stride, std::size_t n, std::size_t lanes, bool derivative) {
    for (std::size_t i = 0; i < n; ++i) out[i] = 0.0;
    for (std::size_t j = 1; j <= order; ++j) {
        const double* aj = a + j * stride;
        const double* sb = suf_b + (order + 1 - j) * stride;
        const double factor = derivative ? static_cast<double>(j) : 1.0;
        if (lanes == 1) {
            const double wj = weight[j] * factor;
            for (std::size_t i = 0; i < n; ++i) out[i] += __builtin_fabs(aj[i]) * wj * sb[i];
        } else {
            const double* wj = weight + j * lanes;
            for (std::size_t i = 0; i < n; i += lanes) {
                for (std::size_t l = 0; l < lanes; ++l) {
                    out[i + l] += __builtin_fabs(aj[i + l]) * (wj[l] * factor) * sb[i + l];
                }
            }
        }
    }
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

void tangent_bound(double* out, const double* d, const double* m, std::size_t order, std::size_t d_stride,
                   std::size_t m_stride, std::size_t rows, std::size_t cols, std::size_t lanes, bool add_to) {
    const std::size_t n = rows * cols * lanes;
    if (!add_to) {
        for (std::size_t i = 0; i < n; ++i) out[i] = 0.0;
    }
    for (std::size_t r = 0; r < rows; ++r) {
        double* o = out + r * cols * lanes;
        for (std::size_t k = 0; k <= order; ++k) {
            const double* dk = d + k * d_stride + r * cols * lanes;
            const double* mk = m + k * m_stride + r * lanes;
            if (lanes == 1) {
                const double factor = mk[0];
                for (std::size_t c = 0; c < cols; ++c) o[c] += __builtin_fabs(dk[c]) * factor;
            } else {
                for (std::size_t c = 0; c < cols; ++c) {
                    for (std::size_t l = 0; l < lanes; l += width) {
                        double* target = o + c * lanes + l;
                        store(target, madd(absolute(load(dk + c * lanes + l)), load(mk + l), load(target)));
                    }
                }
            }
        }
    }
}

}  // namespace

extern const StepKernels step_table;
const StepKernels step_table = {convolve,     integrate, reciprocal,       square_root,  product,
                                suffix_norms, tail,      convolve_tangent, tangent_bound};

}  // namespace CAPNODE_ISA
}  // namespace capnode
