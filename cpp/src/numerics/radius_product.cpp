#include "radius_product.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "capnode/numerics/blas.hpp"

namespace capnode::detail {

namespace {

constexpr std::size_t narrow_columns = 4;  // up to here a product is a few dot products a row
using FloatVector = std::vector<float, AlignedAllocator<float>>;

// f(l) = the factor's entry l of one row, rounded up: g |m| and the sum round once each, two steps cover them.
template <class Use>
void for_row(const Factor& f, std::size_t i, std::size_t length, Use use) {
    if (f.m != nullptr && f.r != nullptr) {
        const double *m = f.m->row(i), *r = f.r->row(i);
        const double g = f.g;
        for (std::size_t l = 0; l < length; ++l) {
            const double t = g * std::fabs(m[l]) + r[l];
            use(l, (m[l] != 0.0 || r[l] != 0.0) ? ulps_up(t, 2) : 0.0);
        }
    } else if (f.m != nullptr && f.g == 1.0) {
        const double* m = f.m->row(i);
        for (std::size_t l = 0; l < length; ++l) use(l, std::fabs(m[l]));
    } else if (f.m != nullptr) {
        const double* m = f.m->row(i);
        const double g = f.g;
        for (std::size_t l = 0; l < length; ++l) use(l, m[l] != 0.0 ? ulps_up(g * std::fabs(m[l]), 1) : 0.0);
    } else {
        const double* r = f.r->row(i);
        for (std::size_t l = 0; l < length; ++l) use(l, r[l]);
    }
}

// Greatest entry, least non-zero entry, and whether all are finite.
struct Range {
    double greatest = 0.0;
    double least = infinity;
    bool finite = true;
};

Range range_of(const double* x, std::size_t length) {
    double mx[4] = {0, 0, 0, 0}, mn[4] = {infinity, infinity, infinity, infinity}, nan[4] = {0, 0, 0, 0};
    std::size_t l = 0;
    for (; l + 4 <= length; l += 4) {
        for (std::size_t u = 0; u < 4; ++u) {
            const double v = x[l + u];
            const double w = v == 0.0 ? infinity : v;
            mx[u] = v > mx[u] ? v : mx[u];
            mn[u] = w < mn[u] ? w : mn[u];
            nan[u] += v - v;
        }
    }
    for (; l < length; ++l) {
        const double v = x[l];
        const double w = v == 0.0 ? infinity : v;
        mx[0] = v > mx[0] ? v : mx[0];
        mn[0] = w < mn[0] ? w : mn[0];
        nan[0] += v - v;
    }
    Range range;
    for (std::size_t u = 0; u < 4; ++u) {
        range.greatest = std::max(range.greatest, mx[u]);
        range.least = std::min(range.least, mn[u]);
    }
    range.finite = nan[0] + nan[1] + nan[2] + nan[3] == 0.0;
    return range;
}

// The exponent e of a power of two <= x, so that x 2^-e < 2, kept where 2^-e is a double.
int scale_exponent(double x) {
    if (x == 0.0) return 0;
    return std::clamp(std::ilogb(x), -1023, 1023);
}

// ---- binary64 ----------------------------------------------------------------------------------------------------
//
// S = fl(sum of K products of upper bounds) >= (1 - gamma_K) exact - K eta, so exact <= (S + K eta)(1 + gamma_2K): no
// eta where the least non-zero entries of both sides have a product in the normal range. Rows and columns with an entry
// that is not finite are +inf.
Matrix in_binary64(std::span<const Factor> left, std::span<const Factor> right, std::size_t rows, std::size_t k,
                   std::size_t cols) {
    const double terms = static_cast<double>(left.size() * k);
    const bool narrow = cols <= narrow_columns;
    Matrix sum(rows, cols);
    std::vector<char> bad_row(rows, 0), bad_col(cols, 0);
    bool underflow = false;
    Matrix l(narrow ? 1 : rows, k), p(k, cols);
    for (std::size_t t = 0; t < left.size(); ++t) {
        double least_left = infinity, least_right = infinity;
        for (std::size_t i = 0; i < k; ++i) {
            double* row = p.row(i);
            for_row(right[t], i, cols, [row](std::size_t j, double v) { row[j] = v; });
            for (std::size_t j = 0; j < cols; ++j) {
                if (!(row[j] < infinity)) {
                    bad_col[j] = 1;
                    row[j] = 0.0;
                }
                if (row[j] != 0.0 && row[j] < least_right) least_right = row[j];
            }
        }
        const Matrix columns = narrow ? transpose(p) : Matrix();
        for (std::size_t i = 0; i < rows; ++i) {
            double* row = l.row(narrow ? 0 : i);
            for_row(left[t], i, k, [row](std::size_t j, double v) { row[j] = v; });
            const Range range = range_of(row, k);
            if (!range.finite) {
                bad_row[i] = 1;
                std::fill(row, row + k, 0.0);
            }
            least_left = std::min(least_left, range.least);
            if (narrow) {
                for (std::size_t j = 0; j < cols; ++j) sum(i, j) += dot(row, columns.row(j), k);
            }
        }
        underflow = underflow || least_left * least_right < 0x1p-1021;
        if (!narrow) blas::gemm(blas::Op::none, blas::Op::none, 1.0, l, p, 1.0, sum);
    }
    const double factor = next_up(1.0 + gamma_up(2.0 * terms + 8.0));
    const double slack = underflow ? 2.0 * terms * smallest_subnormal : 0.0;
    for (std::size_t i = 0; i < rows; ++i) {
        double* row = sum.row(i);
        for (std::size_t j = 0; j < cols; ++j) {
            const double bound = row[j] * factor;
            const double total = bound == 0.0 ? slack : ulps_up(bound + slack, 2);
            row[j] = (bad_row[i] || bad_col[j] || !(total < infinity)) ? infinity : total;
        }
    }
    return sum;
}

// ---- binary32 ----------------------------------------------------------------------------------------------------
//
// Rows of the left and columns of the right factor are scaled by powers of two so that their greatest entry lies below
// 2, and rounded up to binary32: f = fl32(x s (1 + 2^-22)) >= x s - tau, tau = 2^-149 (the double product errs by 2^-53
// relatively, the conversion by 2^-24 or, below 2^-126, by 2^-150). Hence with v = 2^-24, f < 4:
//     sum (x s)(x' s') <= sum (f + tau)(f' + tau) <= sum f f' + K (8 tau + tau^2)
//     sum f f' <= (S + K 2^-149)(1 + gamma32_2K)          (each product may underflow, additions cannot)
// together <= S (1 + gamma32_2K) + K 2^-144 for gamma32_2K <= 1/2. The last term is dropped where no entry lies below
// 2^-62: then nothing underflows.
constexpr double single_roundoff = 0x1p-24;

struct Panel {
    FloatVector data;
    std::vector<int> exponent;
    std::vector<char> bad;
    bool underflow = false;
};

float to_single_up(double scaled) { return static_cast<float>(scaled * (1.0 + 0x1p-22)); }

Panel left_panel(std::span<const Factor> left, std::size_t rows, std::size_t k) {
    const std::size_t width = left.size() * k;
    Panel panel{FloatVector(rows * width), std::vector<int>(rows), std::vector<char>(rows, 0)};
    AlignedVector buffer(width);
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t t = 0; t < left.size(); ++t) {
            double* part = buffer.data() + t * k;
            for_row(left[t], i, k, [part](std::size_t l, double v) { part[l] = v; });
        }
        const Range range = range_of(buffer.data(), width);
        float* out = panel.data.data() + i * width;
        if (!range.finite) {
            panel.bad[i] = 1;
            std::fill(out, out + width, 0.0F);
            continue;
        }
        panel.exponent[i] = scale_exponent(range.greatest);
        const double s = std::ldexp(1.0, -panel.exponent[i]);
        panel.underflow = panel.underflow || range.least * s < 0x1p-62;
        for (std::size_t l = 0; l < width; ++l) out[l] = to_single_up(buffer[l] * s);
    }
    return panel;
}

Panel right_panel(std::span<const Factor> right, std::size_t k, std::size_t cols) {
    Panel panel{FloatVector(right.size() * k * cols), std::vector<int>(cols), std::vector<char>(cols, 0)};
    AlignedVector greatest(cols, 0.0), least(cols, infinity), nan(cols, 0.0), buffer(cols), s(cols);
    for (const Factor& f : right) {
        for (std::size_t l = 0; l < k; ++l) {
            double *g = greatest.data(), *m = least.data(), *n = nan.data();
            for_row(f, l, cols, [g, m, n](std::size_t j, double v) {
                const double w = v == 0.0 ? infinity : v;
                g[j] = v > g[j] ? v : g[j];
                m[j] = w < m[j] ? w : m[j];
                n[j] += v - v;
            });
        }
    }
    for (std::size_t j = 0; j < cols; ++j) {
        panel.bad[j] = nan[j] == 0.0 ? 0 : 1;
        panel.exponent[j] = panel.bad[j] ? 0 : scale_exponent(greatest[j]);
        s[j] = panel.bad[j] ? 0.0 : std::ldexp(1.0, -panel.exponent[j]);
        // asked before scaling: an entry that the scaling itself flushes to zero is one that underflows
        panel.underflow = panel.underflow || (!panel.bad[j] && least[j] * s[j] < 0x1p-62);
    }
    const bool any_bad = std::any_of(panel.bad.begin(), panel.bad.end(), [](char b) { return b != 0; });
    float* out = panel.data.data();
    for (const Factor& f : right) {
        for (std::size_t l = 0; l < k; ++l, out += cols) {
            double* b = buffer.data();
            const double* scale = s.data();
            for_row(f, l, cols, [b, scale](std::size_t j, double v) { b[j] = v * scale[j]; });
            if (any_bad) {
                for (std::size_t j = 0; j < cols; ++j) {
                    if (panel.bad[j]) b[j] = 0.0;
                }
            }
            for (std::size_t j = 0; j < cols; ++j) out[j] = to_single_up(b[j]);
        }
    }
    return panel;
}

Matrix in_binary32(std::span<const Factor> left, std::span<const Factor> right, std::size_t rows, std::size_t k,
                   std::size_t cols) {
    const std::size_t width = left.size() * k;
    const double terms = static_cast<double>(width);
    const Panel l = left_panel(left, rows, k);
    const Panel p = right_panel(right, k, cols);
    FloatVector product(rows * cols);
    blas::sgemm(rows, cols, width, l.data.data(), p.data.data(), product.data());

    const double x = (2.0 * terms + 2.0) * single_roundoff;  // < 1/4 by the caller's choice
    const double factor = next_up(1.0 + next_up(x / (1.0 - x)));
    const double slack = l.underflow || p.underflow ? terms * 0x1p-144 : 0.0;
    // v 2^(e_i + f_j), v >= 2^-149: exact unless the exponents are extreme
    const auto extremes = [](const std::vector<int>& e) { return std::minmax_element(e.begin(), e.end()); };
    const auto [l_min, l_max] = extremes(l.exponent);
    const auto [p_min, p_max] = extremes(p.exponent);
    const bool moderate = *l_min > -400 && *l_max < 400 && *p_min > -400 && *p_max < 400;
    std::vector<double> column_scale(cols);
    for (std::size_t j = 0; j < cols; ++j) column_scale[j] = std::ldexp(1.0, moderate ? p.exponent[j] : 0);
    Matrix bound(rows, cols);
    for (std::size_t i = 0; i < rows; ++i) {
        double* out = bound.row(i);
        const float* in = product.data() + i * cols;
        if (l.bad[i]) {
            std::fill(out, out + cols, infinity);
        } else if (moderate) {
            const double s = std::ldexp(1.0, l.exponent[i]);
            for (std::size_t j = 0; j < cols; ++j) {
                const double v = static_cast<double>(in[j]) * factor + slack;
                out[j] = v == 0.0 ? 0.0 : ulps_up(v, 2) * (s * column_scale[j]);
            }
        } else {
            for (std::size_t j = 0; j < cols; ++j) {
                const double v = static_cast<double>(in[j]) * factor + slack;
                // ldexp rounds once where the result is subnormal
                out[j] = v == 0.0 ? 0.0 : next_up(std::ldexp(ulps_up(v, 2), l.exponent[i] + p.exponent[j]));
            }
        }
        for (std::size_t j = 0; j < cols; ++j) out[j] = (p.bad[j] || !(out[j] < infinity)) ? infinity : out[j];
    }
    return bound;
}

}  // namespace

Matrix radius_product(std::span<const Factor> left, std::span<const Factor> right, std::size_t rows, std::size_t k,
                      std::size_t cols) {
    if (rows == 0 || cols == 0 || k == 0 || left.empty()) return Matrix(rows, cols);
    // binary32 pays where the products outweigh the conversions, and its bound needs 2 K v < 1/4
    const std::size_t width = left.size() * k;
    const bool single = rows >= 96 && cols >= 96 && k >= 96 && width < (std::size_t{1} << 20);
    return single ? in_binary32(left, right, rows, k, cols) : in_binary64(left, right, rows, k, cols);
}

double least_nonzero(const Matrix& a) {
    double mn[4] = {infinity, infinity, infinity, infinity};
    const double* x = a.data.data();
    const std::size_t length = a.size();
    std::size_t l = 0;
    for (; l + 4 <= length; l += 4) {
        for (std::size_t u = 0; u < 4; ++u) {
            const double v = std::fabs(x[l + u]);
            const double w = v == 0.0 ? infinity : v;
            mn[u] = w < mn[u] ? w : mn[u];
        }
    }
    for (; l < length; ++l) {
        const double v = std::fabs(x[l]);
        if (v != 0.0 && v < mn[0]) mn[0] = v;
    }
    return std::min(std::min(mn[0], mn[1]), std::min(mn[2], mn[3]));
}

bool is_zero(const Matrix& a) {
    return std::all_of(a.data.begin(), a.data.end(), [](double x) { return x == 0.0; });
}

}  // namespace capnode::detail
