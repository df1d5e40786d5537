// The series of a step: coefficient by coefficient, and their values. See step_kernels.hpp.
#include "loops.hpp"
#include "vectors.hpp"

namespace capnode {
namespace CAPNODE_ISA {
namespace {

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

}  // namespace

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
namespace {

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

}  // namespace

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

// Not fused: factor a is rounded, then the sum.
void scale(double* out, const double* a, double factor, double offset, std::size_t n) {
    chunks(n, [&]<class T>(std::size_t i) { put(out + i, add(mul(all<T>(factor), get<T>(a + i)), all<T>(offset))); });
}

void sum(double* out, const double* a, const double* b, double sign, std::size_t n) {
    chunks(n, [&]<class T>(std::size_t i) { put(out + i, add(get<T>(a + i), mul(all<T>(sign), get<T>(b + i)))); });
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

}  // namespace CAPNODE_ISA
}  // namespace capnode
