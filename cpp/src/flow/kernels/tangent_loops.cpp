// The series of tangents times factors, and their radii. See step_kernels.hpp.
#include "loops.hpp"
#include "vectors.hpp"

namespace capnode {
namespace CAPNODE_ISA {
namespace {

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

}  // namespace

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

}  // namespace CAPNODE_ISA
}  // namespace capnode
