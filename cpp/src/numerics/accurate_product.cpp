#include "capnode/numerics/accurate_product.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/rounding.hpp"
#include "radius_product.hpp"

namespace capnode {

namespace {

constexpr int exponent_limit = 450;

// |x| < 2^exponent for the greatest x of a row or column; `usable` false where the range is left.
struct Scale {
    int exponent = 0;
    bool usable = true;
};

Scale scale_of(double greatest) {
    if (greatest == 0.0) return {};
    if (!(greatest < infinity)) return {0, false};
    const int e = std::ilogb(greatest) + 1;
    return {e, std::abs(e) < exponent_limit};
}

struct Slices {
    Matrix first;   // beta bits
    Matrix second;  // the next beta bits
    Matrix tail;    // x - first, exactly
    Matrix rest;    // x - first - second, exactly
    std::vector<Scale> scale;
};

// first = fl(fl(x + s) - s) with s = 1.5 2^(E + 52 - beta): since |x| <= 2^E <= 2^(E + 51 - beta), x + s stays within
// one binade, whose unit is 2^(E - beta): first is x rounded to that unit, |first| <= 2^E, x - first is exact and <=
// 2^(E - beta - 1).
void slice(double x, double s, double s2, double& first, double& second, double& tail, double& rest) {
    first = (x + s) - s;
    tail = x - first;
    second = (tail + s2) - s2;
    rest = tail - second;
}

Slices make_slices(const Matrix& x, std::vector<Scale> scale, bool by_rows, int beta) {
    Slices r{Matrix(x.rows, x.cols), Matrix(x.rows, x.cols), Matrix(x.rows, x.cols), Matrix(x.rows, x.cols),
             std::move(scale)};
    std::vector<double> s(r.scale.size()), s2(r.scale.size());
    for (std::size_t i = 0; i < s.size(); ++i) {
        s[i] = r.scale[i].usable ? std::ldexp(1.5, r.scale[i].exponent + 52 - beta) : 0.0;
        s2[i] = r.scale[i].usable ? std::ldexp(1.5, r.scale[i].exponent - beta - 1 + 52 - beta) : 0.0;
    }
    for (std::size_t i = 0; i < x.rows; ++i) {
        for (std::size_t j = 0; j < x.cols; ++j) {
            const std::size_t c = by_rows ? i : j;
            if (!r.scale[c].usable) continue;
            slice(x(i, j), s[c], s2[c], r.first(i, j), r.second(i, j), r.tail(i, j), r.rest(i, j));
        }
    }
    return r;
}

}  // namespace

ExpandedMatrix accurate_product(const Matrix& a, const Matrix& b) {
    const std::size_t k = a.cols;
    const int beta = (53 - static_cast<int>(std::bit_width(k > 0 ? k - 1 : 0))) / 2;  // k 2^(2 beta) <= 2^53
    std::vector<double> row_max(a.rows, 0.0), col_max(b.cols, 0.0);
    for (std::size_t i = 0; i < a.rows; ++i) {
        for (std::size_t j = 0; j < a.cols; ++j) {
            const double v = std::fabs(a(i, j));
            if (!(v <= row_max[i])) row_max[i] = v < infinity ? v : infinity;
        }
    }
    for (std::size_t i = 0; i < b.rows; ++i) {
        for (std::size_t j = 0; j < b.cols; ++j) {
            const double v = std::fabs(b(i, j));
            if (!(v <= col_max[j])) col_max[j] = v < infinity ? v : infinity;
        }
    }
    std::vector<Scale> rows, cols;
    for (const double v : row_max) rows.push_back(scale_of(v));
    for (const double v : col_max) cols.push_back(scale_of(v));
    const Slices sa = make_slices(a, std::move(rows), true, beta);
    const Slices sb = make_slices(b, std::move(cols), false, beta);
    Matrix b_usable = b;
    for (std::size_t j = 0; j < b.cols; ++j) {
        if (sb.scale[j].usable) continue;
        for (std::size_t i = 0; i < b.rows; ++i) b_usable(i, j) = 0.0;
    }

    using blas::Op;
    ExpandedMatrix p{blas::multiply(sa.first, sb.first), Matrix(), Matrix(a.rows, b.cols)};
    const Matrix p01 = blas::multiply(sa.first, sb.second);
    const Matrix p10 = blas::multiply(sa.second, sb.first);
    blas::gemm(Op::none, Op::none, 1.0, sa.first, sb.rest, 0.0, p.lo);
    blas::gemm(Op::none, Op::none, 1.0, sa.second, sb.tail, 1.0, p.lo);
    blas::gemm(Op::none, Op::none, 1.0, sa.rest, b_usable, 1.0, p.lo);

    // The inexact part: |A0| <= 2^E, |B2| <= 2^(F - 2 beta - 2), |A1||B1 + B2| and |A2||B| no greater, so its error is
    // at most gamma_3k k 3 2^(E + F - 2 beta - 2) + 3k eta.
    const double terms = static_cast<double>(k);
    const double rounding = next_up(gamma_up(3.0 * terms) * (3.0 * terms));
    for (std::size_t i = 0; i < a.rows; ++i) {
        for (std::size_t j = 0; j < b.cols; ++j) {
            if (!sa.scale[i].usable || !sb.scale[j].usable) {
                p.hi(i, j) = p.lo(i, j) = 0.0;
                p.rad(i, j) = infinity;
                continue;
            }
            const Sum s1 = two_sum(p01(i, j), p10(i, j));
            const Sum s2 = two_sum(p.hi(i, j), s1.value);
            const Sum s3 = two_sum(s2.value, p.lo(i, j));
            // the three residues are added in floating point: two roundings, each of at most u times the sum of moduli,
            // (1 + u) twice
            const double residue = (s1.error + s2.error) + s3.error;
            const double moduli = (std::fabs(s1.error) + std::fabs(s2.error)) + std::fabs(s3.error);
            p.hi(i, j) = s3.value;
            p.lo(i, j) = residue;
            double rad = 4.0 * unit_roundoff * moduli;
            if (row_max[i] != 0.0 && col_max[j] != 0.0) {
                rad += std::ldexp(rounding, sa.scale[i].exponent + sb.scale[j].exponent - 2 * beta - 2);
                rad += 3.0 * terms * smallest_subnormal;
            }
            p.rad(i, j) = rad == 0.0 ? 0.0 : detail::ulps_up(rad, 4);
        }
    }
    return p;
}

BallMatrix accurate_residual(const Matrix& a, const Matrix& b, const ExpandedMatrix& c) {
    const ExpandedMatrix p = accurate_product(a, b);
    BallMatrix r(p.hi.rows, p.hi.cols);
    for (std::size_t i = 0; i < r.mid.size(); ++i) {
        // hi - c_hi = value + error exactly; the three small terms and the last sum round four times
        const Sum s = two_sum(p.hi.data[i], -c.hi.data[i]);
        const double low = s.error + (p.lo.data[i] - c.lo.data[i]);
        const double mid = s.value + low;
        const double moduli = std::fabs(s.error) + std::fabs(p.lo.data[i]) + std::fabs(c.lo.data[i]);
        const double rad = (p.rad.data[i] + c.rad.data[i]) + unit_roundoff * (std::fabs(mid) + 4.0 * moduli);
        r.mid.data[i] = mid;
        r.rad.data[i] = rad == 0.0 ? 0.0 : detail::ulps_up(rad, 6);
        if (!(r.rad.data[i] < infinity) || !(std::fabs(mid) < infinity)) {
            r.mid.data[i] = 0.0;
            r.rad.data[i] = infinity;
        }
    }
    return r;
}

}  // namespace capnode
