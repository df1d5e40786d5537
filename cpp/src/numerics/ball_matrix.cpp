// Moduli, sums, entrywise operations and conversions of ball matrices; the products are in ball_products.cpp.
#include "capnode/numerics/ball_matrix.hpp"

#include <algorithm>
#include <cmath>

#include "ball_matrix_internal.hpp"
#include "capnode/numerics/rounding.hpp"
#include "radius_product.hpp"

namespace capnode {

using detail::require_same;
using detail::settle;
using detail::ulps_up;

// ---- moduli --------------------------------------------------------------------------------------------------------

double modulus_up(double re, double im) {
    const double x = std::fabs(re), y = std::fabs(im);
    if (y == 0.0) return x < infinity ? x : infinity;
    if (x == 0.0) return y < infinity ? y : infinity;
    const double s = x * x + y * y;
    // three roundings of relative size u under the root, one after it: four steps are plenty
    if (s > 0x1p-900 && s < 0x1p900) return ulps_up(std::sqrt(s), 4);
    const double greatest = std::max(x, y);
    if (!(greatest < infinity) || !(std::min(x, y) < infinity)) return infinity;
    const int e = std::ilogb(greatest);
    const double xs = std::ldexp(x, -e), ys = std::ldexp(y, -e);  // may round by 2^-1075, far below 2^-900
    const double r = ulps_up(std::sqrt(xs * xs + ys * ys), 6);
    return ulps_up(std::ldexp(r, e), 1);
}

double modulus_down(double re, double im) {
    const double x = std::fabs(re), y = std::fabs(im);
    const double s = x * x + y * y;
    if (s > 0x1p-900 && s < 0x1p900) {
        const double r = std::sqrt(s);
        return r * (1.0 - 0x1p-50);
    }
    // |z| >= max(|re|, |im|)
    const double greatest = std::max(x, y);
    return greatest < infinity ? greatest : (std::isnan(re) || std::isnan(im) ? 0.0 : largest_finite);
}

Matrix absolute(const Matrix& a) {
    Matrix r(a.rows, a.cols);
    for (std::size_t i = 0; i < a.size(); ++i) r.data[i] = std::fabs(a.data[i]);
    return r;
}

Matrix absolute(const ComplexMatrix& a) {
    Matrix r(a.rows(), a.cols());
    bool extreme = false;
    for (std::size_t i = 0; i < r.size(); ++i) {
        const double x = a.re.data[i], y = a.im.data[i];
        const double s = x * x + y * y;
        extreme |= !(s > 0x1p-900 && s < 0x1p900);
        r.data[i] = std::bit_cast<double>(std::bit_cast<std::uint64_t>(std::sqrt(s)) + 4);
    }
    if (extreme) {
        for (std::size_t i = 0; i < r.size(); ++i) r.data[i] = modulus_up(a.re.data[i], a.im.data[i]);
    }
    return r;
}

Matrix magnitude(const BallMatrix& a) {
    Matrix r(a.rows(), a.cols());
    for (std::size_t i = 0; i < r.size(); ++i) {
        const double x = std::fabs(a.mid.data[i]), y = a.rad.data[i];
        r.data[i] = y == 0.0 ? x : ulps_up(x + y, 1);
    }
    return r;
}

Matrix magnitude(const ComplexBallMatrix& a) {
    Matrix r = absolute(a.mid);
    for (std::size_t i = 0; i < r.size(); ++i) {
        if (a.rad.data[i] != 0.0) r.data[i] = ulps_up(r.data[i] + a.rad.data[i], 1);
    }
    return r;
}

std::vector<double> row_sums(const Matrix& a) {
    std::vector<double> s(a.rows);
    for (std::size_t i = 0; i < a.rows; ++i) {
        const double* row = a.row(i);
        double t[4] = {0, 0, 0, 0};
        std::size_t j = 0;
        for (; j + 4 <= a.cols; j += 4) {
            for (std::size_t u = 0; u < 4; ++u) t[u] += row[j + u];
        }
        for (; j < a.cols; ++j) t[0] += row[j];
        const double total = (t[0] + t[1]) + (t[2] + t[3]);
        s[i] = total == 0.0 ? 0.0 : inflate(total, static_cast<double>(a.cols));
        if (!(s[i] < infinity)) s[i] = infinity;
    }
    return s;
}

std::vector<double> column_sums(const Matrix& a) {
    std::vector<double> s(a.cols, 0.0);
    for (std::size_t i = 0; i < a.rows; ++i) {
        const double* row = a.row(i);
        for (std::size_t j = 0; j < a.cols; ++j) s[j] += row[j];
    }
    for (double& v : s) {
        if (v != 0.0) v = inflate(v, static_cast<double>(a.rows));
        if (!(v < infinity)) v = infinity;
    }
    return s;
}

// ---- entrywise -----------------------------------------------------------------------------------------------------

namespace {

// rad' >= ra + rb + |rounding of the midpoint|, two additions and so two steps; nothing where all three vanish.
double sum_radius(double ra, double rb, double error) {
    const double t = (ra + rb) + error;
    return t == 0.0 ? 0.0 : ulps_up(t, 2);
}

}  // namespace

BallMatrix add(const BallMatrix& a, const BallMatrix& b) {
    require_same(a.rows(), a.cols(), b.rows(), b.cols());
    BallMatrix c(a.rows(), a.cols());
    for (std::size_t i = 0; i < c.mid.size(); ++i) {
        const Sum s = two_sum(a.mid.data[i], b.mid.data[i]);
        c.mid.data[i] = s.value;
        c.rad.data[i] = sum_radius(a.rad.data[i], b.rad.data[i], std::fabs(s.error));
        settle(c.mid.data[i], c.rad.data[i], 0.0);
    }
    return c;
}

BallMatrix subtract(const BallMatrix& a, const BallMatrix& b) { return add(a, negate(b)); }

BallMatrix negate(BallMatrix a) {
    for (double& v : a.mid.data) v = -v;
    return a;
}

BallMatrix scale(const BallMatrix& a, Ball f) {
    BallMatrix c(a.rows(), a.cols());
    const double f_abs = std::fabs(f.mid);
    const double f_up = f.rad == 0.0 ? f_abs : ulps_up(f_abs + f.rad, 1);
    for (std::size_t i = 0; i < c.mid.size(); ++i) {
        const double m = a.mid.data[i], r = a.rad.data[i];
        c.mid.data[i] = m * f.mid;
        // |a f - fl(m f)| <= r (|f| + rf) + |m| rf + u |m f| + eta
        const double error = (m == 0.0 || f.mid == 0.0) ? 0.0 : ulps_up(unit_roundoff * std::fabs(c.mid.data[i]), 2);
        const double spread = (r == 0.0 || f_up == 0.0 ? 0.0 : ulps_up(r * f_up, 1)) +
                              (m == 0.0 || f.rad == 0.0 ? 0.0 : ulps_up(std::fabs(m) * f.rad, 1));
        c.rad.data[i] = error == 0.0 && spread == 0.0 ? 0.0 : ulps_up(error + spread, 2);
        settle(c.mid.data[i], c.rad.data[i], 0.0);
    }
    return c;
}

BallMatrix transpose(const BallMatrix& a) { return {transpose(a.mid), transpose(a.rad)}; }

ComplexBallMatrix add(const ComplexBallMatrix& a, const ComplexBallMatrix& b) {
    require_same(a.rows(), a.cols(), b.rows(), b.cols());
    ComplexBallMatrix c(a.rows(), a.cols());
    for (std::size_t i = 0; i < c.rad.size(); ++i) {
        const Sum re = two_sum(a.mid.re.data[i], b.mid.re.data[i]);
        const Sum im = two_sum(a.mid.im.data[i], b.mid.im.data[i]);
        c.mid.re.data[i] = re.value;
        c.mid.im.data[i] = im.value;
        c.rad.data[i] = sum_radius(a.rad.data[i], b.rad.data[i], modulus_up(re.error, im.error));
        settle(c.mid.re.data[i], c.mid.im.data[i], c.rad.data[i], 0.0);
    }
    return c;
}

ComplexBallMatrix subtract(const ComplexBallMatrix& a, const ComplexBallMatrix& b) { return add(a, negate(b)); }

ComplexBallMatrix negate(ComplexBallMatrix a) {
    for (double& v : a.mid.re.data) v = -v;
    for (double& v : a.mid.im.data) v = -v;
    return a;
}

ComplexBallMatrix conjugate(ComplexBallMatrix a) {
    for (double& v : a.mid.im.data) v = -v;
    return a;
}

namespace {

// One entry of a product of discs: fl((x + iy)(u + iv)), each part of the form fl(fl(xu) ± fl(yv)) errs by at most
// gamma_2 (|xu| + |yv|) + eta <= gamma_2 |z||f| + eta, together sqrt(2) gamma_2 |z||f| + 2 eta.
void scale_entry(double re, double im, double rad, ComplexBall f, double& out_re, double& out_im, double& out_rad) {
    out_re = re * f.re - im * f.im;
    out_im = re * f.im + im * f.re;
    const double z_abs = modulus_up(re, im), f_abs = modulus_up(f.re, f.im);
    double r = 0.0;
    if (z_abs != 0.0 && f_abs != 0.0) {
        r = ulps_up(3.0 * unit_roundoff * (z_abs * f_abs), 3) + 2.0 * smallest_subnormal;  // sqrt(2) gamma_2 < 3 u
    }
    if (z_abs != 0.0 && f.rad != 0.0) r = ulps_up(r + ulps_up(z_abs * f.rad, 1), 1);
    if (rad != 0.0 && (f_abs != 0.0 || f.rad != 0.0)) r = ulps_up(r + ulps_up(rad * ulps_up(f_abs + f.rad, 1), 1), 1);
    out_rad = r == 0.0 ? 0.0 : ulps_up(r, 1);
    settle(out_re, out_im, out_rad, 0.0);
}

}  // namespace

ComplexBallMatrix scale(const ComplexBallMatrix& a, ComplexBall f) {
    return scale_columns(a, std::vector<ComplexBall>(a.cols(), f));
}

ComplexBallMatrix scale_columns(const ComplexBallMatrix& a, const std::vector<ComplexBall>& factors) {
    require_same(1, a.cols(), 1, factors.size());
    ComplexBallMatrix c(a.rows(), a.cols());
    for (std::size_t i = 0; i < c.rows(); ++i) {
        for (std::size_t j = 0; j < c.cols(); ++j) {
            scale_entry(a.mid.re(i, j), a.mid.im(i, j), a.rad(i, j), factors[j], c.mid.re(i, j), c.mid.im(i, j),
                        c.rad(i, j));
        }
    }
    return c;
}

ComplexBallMatrix transpose(const ComplexBallMatrix& a) {
    return {ComplexMatrix{transpose(a.mid.re), transpose(a.mid.im)}, transpose(a.rad)};
}

// ---- conversions ---------------------------------------------------------------------------------------------------

ComplexBallMatrix to_complex(const BallMatrix& a) { return {ComplexMatrix{a.mid, Matrix(a.rows(), a.cols())}, a.rad}; }

ComplexBallMatrix to_complex(const BallMatrix& re, const BallMatrix& im) {
    require_same(re.rows(), re.cols(), im.rows(), im.cols());
    ComplexBallMatrix c{ComplexMatrix{re.mid, im.mid}, Matrix(re.rows(), re.cols())};
    for (std::size_t i = 0; i < c.rad.size(); ++i) c.rad.data[i] = modulus_up(re.rad.data[i], im.rad.data[i]);
    return c;
}

BallMatrix real_part(const ComplexBallMatrix& a) { return {a.mid.re, a.rad}; }
BallMatrix imaginary_part(const ComplexBallMatrix& a) { return {a.mid.im, a.rad}; }

Matrix lower_ends(const BallMatrix& a) {
    Matrix m(a.rows(), a.cols());
    for (std::size_t i = 0; i < m.size(); ++i) {
        m.data[i] = a.rad.data[i] < infinity ? subtract_down(a.mid.data[i], a.rad.data[i]) : -infinity;
    }
    return m;
}

Matrix upper_ends(const BallMatrix& a) {
    Matrix m(a.rows(), a.cols());
    for (std::size_t i = 0; i < m.size(); ++i) {
        m.data[i] = a.rad.data[i] < infinity ? add_up(a.mid.data[i], a.rad.data[i]) : infinity;
    }
    return m;
}

BallMatrix ball_matrix(const Matrix& lo, const Matrix& hi) {
    require_same(lo.rows, lo.cols, hi.rows, hi.cols);
    BallMatrix b(lo.rows, lo.cols);
    for (std::size_t i = 0; i < lo.size(); ++i) {
        const double l = lo.data[i], h = hi.data[i];
        const double m = l == h ? l : 0.5 * l + 0.5 * h;
        b.mid.data[i] = m;
        b.rad.data[i] = l == h ? 0.0 : std::max(subtract_up(h, m), subtract_up(m, l));
        if (!(l <= h)) b.rad.data[i] = infinity;
        settle(b.mid.data[i], b.rad.data[i], 0.0);
    }
    return b;
}

BallMatrix widen(BallMatrix a, const Matrix& extra) {
    require_same(a.rows(), a.cols(), extra.rows, extra.cols);
    for (std::size_t i = 0; i < extra.size(); ++i) {
        a.rad.data[i] = add_up(a.rad.data[i], extra.data[i]);
        settle(a.mid.data[i], a.rad.data[i], 0.0);
    }
    return a;
}

bool is_finite(const Matrix& a) {
    return std::all_of(a.data.begin(), a.data.end(), [](double x) { return std::fabs(x) < infinity; });
}
bool is_finite(const BallMatrix& a) { return is_finite(a.mid) && is_finite(a.rad); }
bool is_finite(const ComplexBallMatrix& a) { return is_finite(a.mid.re) && is_finite(a.mid.im) && is_finite(a.rad); }

bool subset(const BallMatrix& inner, const BallMatrix& outer) {
    require_same(inner.rows(), inner.cols(), outer.rows(), outer.cols());
    for (std::size_t i = 0; i < inner.mid.size(); ++i) {
        // |m1 - m2| + r1 <= r2
        const double d1 = subtract_up(inner.mid.data[i], outer.mid.data[i]);
        const double d2 = subtract_up(outer.mid.data[i], inner.mid.data[i]);
        if (!(add_up(std::max(d1, d2), inner.rad.data[i]) <= outer.rad.data[i])) return false;
    }
    return true;
}

}  // namespace capnode
