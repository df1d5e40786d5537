// Norms of series, and the radii and defects made of them. See step_kernels.hpp.
#include "loops.hpp"
#include "vectors.hpp"

namespace capnode {
namespace CAPNODE_ISA {

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

}  // namespace CAPNODE_ISA
}  // namespace capnode
