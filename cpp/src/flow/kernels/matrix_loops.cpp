// Products with weights, and what the logarithmic norm needs of a matrix. See step_kernels.hpp.
#include "loops.hpp"
#include "vectors.hpp"

namespace capnode {
namespace CAPNODE_ISA {

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
namespace {

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

}  // namespace

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

}  // namespace CAPNODE_ISA
}  // namespace capnode
