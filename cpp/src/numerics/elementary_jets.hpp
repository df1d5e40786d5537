// f, f', f'', f''' of the closed list at one point, written once for double (libm, hints) and for DoubleDoubleBall
// (proved).
//
// The formulas are arranged so that nothing cancels near 0 or in the tails; what they need of a number type stands in
// Primitives. Arguments beyond the range of the formulas (|x| > 10^4 for the bounded functions) are clamped where the
// function is constant there to within the smallest subnormal.
#pragma once

#include <array>

#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/elementary_constants.hpp"
#include "capnode/numerics/elementary_series.hpp"

namespace capnode::jets {

template <class T>
struct Primitives;

template <>
struct Primitives<double> {
    using T = double;
    static T constant(const DoubleDouble& c) { return c.hi; }
    static T negligible() { return 0.0; }
    static double hint(T x) { return x; }
    static void exponentials(T x, T& e, T& m) { e = std::exp(x), m = std::expm1(x); }
    static T log1p(T x) { return std::log1p(x); }
    static T log(T x) { return std::log(x); }
    static void sine_cosine(T x, T& s, T& c) { s = std::sin(x), c = std::cos(x); }
    static T atan(T x) { return std::atan(x); }
    static T erf(T x) { return std::erf(x); }
    static T erfc(T x) { return std::erfc(x); }
    static T gaussian(T x) { return std::exp(-x * x); }
    static T sqrt(T x) { return std::sqrt(x); }
};

template <>
struct Primitives<DoubleDoubleBall> {
    using T = DoubleDoubleBall;
    static T constant(const DoubleDouble& c) { return constants::ball(c); }
    static T negligible() { return {0.0, 0.0, 0x1p-1060}; }
    static double hint(const T& x) { return x.hi; }
    static void exponentials(const T& x, T& e, T& m) {
        const auto both = series::exponentials(x);
        e = both.exp, m = both.expm1;
    }
    static T log1p(const T& x) { return series::log1p(x); }
    static T log(const T& x) { return series::log(x); }
    static void sine_cosine(const T& x, T& s, T& c) {
        const auto both = series::sine_cosine(x);
        s = both.sin, c = both.cos;
    }
    static T atan(const T& x) { return series::atan(x); }
    static T erf(const T& x) { return series::erf(x); }
    static T erfc(const T& x) { return series::erfc(x); }
    static T gaussian(const T& x) { return series::gaussian(x); }
    static T sqrt(const T& x) { return capnode::sqrt(x); }
};

/// sigmoid(x), sigmoid(-x), sigmoid'(x) and tanh(x/2), all from one exponential e = e^-|x|:
/// s = 1/(1+e), 1 - s = e/(1+e), s' = e/(1+e)^2, tanh(|x|/2) = -(e-1)/(1+e).
template <class T>
struct Logistic {
    T s, complement, slope, half_tanh, decay;
    explicit Logistic(T x) {
        const bool negative = Primitives<T>::hint(x) < 0.0;
        if (std::fabs(Primitives<T>::hint(x)) > 1e4) x = T(negative ? -1e4 : 1e4);
        T m;
        Primitives<T>::exponentials(negative ? x : -x, decay, m);
        const T d = T(1.0) + decay;
        const T upper = T(1.0) / d;
        const T lower = decay / d;
        s = negative ? lower : upper;
        complement = negative ? upper : lower;
        slope = lower / d;
        half_tanh = (negative ? m : -m) / d;
    }
};

/// Derivatives 1..3 of sigmoid with t = tanh(x/2), t' = 2 s': s'' = -t s', s''' = s' (t^2 - 2 s').
template <class T>
std::array<T, 4> sigmoid(const T& x) {
    const Logistic<T> g(x);
    return {g.s, g.slope, -(g.half_tanh * g.slope), g.slope * (g.half_tanh * g.half_tanh - T(2.0) * g.slope)};
}

/// t = tanh x, q = 1 - t^2 = 4 e/(1+e)^2, e = e^-2|x|; t'' = -2 t q, t''' = q (4 t^2 - 2 q).
template <class T>
std::array<T, 4> tanh(const T& x) {
    const double h = Primitives<T>::hint(x);
    const Logistic<T> g(std::fabs(h) > 1e4 ? T(h > 0.0 ? 1e4 : -1e4) : T(2.0) * x);
    const T t = g.half_tanh;
    const T q = T(4.0) * g.slope;
    return {t, q, T(-2.0) * (t * q), q * (T(4.0) * (t * t) - T(2.0) * q)};
}

/// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|).
template <class T>
std::array<T, 4> softplus(const T& x) {
    const Logistic<T> g(x);
    const T small = Primitives<T>::log1p(g.decay);
    const T value = Primitives<T>::hint(x) > 0.0 ? x + small : small;
    return {value, g.s, g.slope, -(g.half_tanh * g.slope)};
}

/// f = x w: f^(k) = k w^(k-1) + x w^(k).
template <class T>
std::array<T, 4> times_x(const T& x, const std::array<T, 4>& w) {
    return {x * w[0], w[0] + x * w[1], T(2.0) * w[1] + x * w[2], T(3.0) * w[2] + x * w[3]};
}

/// f = x w with w = 0 or 1 but for less than 256 e^-|x|, its derivatives as small: |x| > 10^4 leaves nothing of them.
template <class T>
std::array<T, 4> saturated(const T& x) {
    const T o = Primitives<T>::negligible();
    if (Primitives<T>::hint(x) > 0.0) return {x + o, T(1.0) + o, o, o};
    return {o, o, o, o};
}

/// mish: w = tanh(softplus x) = (1 - v^2)/(1 + v^2) with v = sigmoid(-x), s = 1 - v, v' = -v s, d = 1 + v^2 (own
/// derivation): w' = 4 v^2 s / d^2,  w'' = -4 v^2 s (2 - 3v - 2v^2 + v^3) / d^3, w''' = 4 v^2 s (4 - 15v - 4v^2 + 30v^3
/// - 8v^4 - 3v^5) / d^4.
template <class T>
std::array<T, 4> mish_weight(const T& s, const T& v) {
    const T d = T(1.0) + v * v;
    const T common = T(4.0) * (v * v * s) / (d * d);
    const T p = T(2.0) + v * (T(-3.0) + v * (T(-2.0) + v));
    const T q = T(4.0) + v * (T(-15.0) + v * (T(-4.0) + v * (T(30.0) + v * (T(-8.0) - T(3.0) * v))));
    return {s * (T(1.0) + v) / d, common, -(common * p / d), common * q / (d * d)};
}
template <class T>
std::array<T, 4> mish(const T& x) {
    if (std::fabs(Primitives<T>::hint(x)) > 1e4) return saturated(x);
    const Logistic<T> g(x);
    return times_x(x, mish_weight(g.s, g.complement));
}

/// w = sigmoid(z), z = a x + c x^3: chain rule (Faa di Bruno), g the derivatives of sigmoid at z.
template <class T>
std::array<T, 4> compose_cubic(const std::array<T, 4>& g, const T& slope, const T& curvature, const T& third) {
    return {g[0], g[1] * slope, g[2] * (slope * slope) + g[1] * curvature,
            g[3] * (slope * slope * slope) + T(3.0) * (g[2] * (slope * curvature)) + g[1] * third};
}
template <class T>
std::array<T, 4> gelu_tanh(const T& x) {
    const double h = Primitives<T>::hint(x);
    if (std::fabs(h) > 1e4) return saturated(x);
    const T a = Primitives<T>::constant(constants::gelu_tanh_linear);
    const T c = Primitives<T>::constant(constants::gelu_tanh_cubic);
    const T x2 = x * x;
    const T z = x * (a + c * x2);
    return times_x(x, compose_cubic(sigmoid(z), a + T(3.0) * (c * x2), T(6.0) * (c * x), T(6.0) * c));
}

/// Phi(x) = erfc(-x / sqrt 2)/2, phi = e^(-x^2/2)/sqrt(2 pi): f' = Phi + x phi, f'' = phi (2 - x^2), f''' = phi x (x^2
/// - 4).
template <class T>
std::array<T, 4> gelu(const T& x) {
    const double h = Primitives<T>::hint(x);
    if (std::fabs(h) > 1e4) return saturated(x);
    const T y = x * Primitives<T>::constant(constants::one_over_sqrt_2);
    const T cdf = T(0.5) * Primitives<T>::erfc(-y);
    const T density = Primitives<T>::gaussian(y) * Primitives<T>::constant(constants::one_over_sqrt_2pi);
    const T x2 = x * x;
    return {x * cdf, cdf + x * density, density * (T(2.0) - x2), density * (x * (x2 - T(4.0)))};
}

/// f' = 2/sqrt(pi) e^(-x^2), f'' = -2 x f', f''' = (4 x^2 - 2) f'.
template <class T>
std::array<T, 4> erf(const T& x) {
    const double h = Primitives<T>::hint(x);
    const T value = Primitives<T>::erf(std::fabs(h) > 1e4 ? T(h > 0.0 ? 1e4 : -1e4) : x);
    const T slope = Primitives<T>::constant(constants::two_over_sqrt_pi) * Primitives<T>::gaussian(x);
    if (std::fabs(h) > 1e4) return {value, slope, slope, slope};  // a ball of +-2^-1073 (zero in double)
    return {value, slope, T(-2.0) * (x * slope), slope * (T(4.0) * (x * x) - T(2.0))};
}

/// y = 1/(1 + x^2): f' = y, f'' = -2 x y^2, f''' = (6 x^2 - 2) y^3.
template <class T>
std::array<T, 4> atan(const T& x) {
    const T x2 = x * x;
    const T y = T(1.0) / (T(1.0) + x2);
    return {Primitives<T>::atan(x), y, T(-2.0) * (x * y * y), (T(6.0) * x2 - T(2.0)) * y * y * y};
}

template <class T>
std::array<T, 4> sin(const T& x) {
    T s, c;
    Primitives<T>::sine_cosine(x, s, c);
    return {s, c, -s, -c};
}
template <class T>
std::array<T, 4> cos(const T& x) {
    T s, c;
    Primitives<T>::sine_cosine(x, s, c);
    return {c, -s, -c, s};
}
template <class T>
std::array<T, 4> exp(const T& x) {
    T e, m;
    Primitives<T>::exponentials(x, e, m);
    return {e, e, e, e};
}
template <class T>
std::array<T, 4> log(const T& x) {
    const T r = T(1.0) / x;
    const T r2 = r * r;
    return {Primitives<T>::log(x), r, -r2, T(2.0) * (r2 * r)};
}
template <class T>
std::array<T, 4> sqrt(const T& x) {
    const T s = Primitives<T>::sqrt(x);
    const T r = T(1.0) / x;
    const T d = T(0.5) * (s * r);
    return {s, d, T(-0.5) * (d * r), T(0.75) * (d * r * r)};
}
template <class T>
std::array<T, 4> reciprocal(const T& x) {
    const T r = T(1.0) / x;
    const T r2 = r * r;
    return {r, -r2, T(2.0) * (r2 * r), T(-6.0) * (r2 * r2)};
}
template <class T>
std::array<T, 4> square(const T& x) {
    return {x * x, T(2.0) * x, T(2.0), T(0.0)};
}
template <class T>
std::array<T, 4> silu(const T& x) {
    if (std::fabs(Primitives<T>::hint(x)) > 1e4) return saturated(x);
    return times_x(x, sigmoid(x));
}

/// f alone, with no more work than it needs.
template <class T>
T value(Function f, const T& x) {
    using P = Primitives<T>;
    const double h = P::hint(x);
    const bool far = std::fabs(h) > 1e4;
    switch (f) {
        case Function::tanh:
            return Logistic<T>(far ? x : T(2.0) * x).half_tanh;
        case Function::sigmoid:
            return Logistic<T>(x).s;
        case Function::softplus: {
            const T small = P::log1p(Logistic<T>(x).decay);
            return h > 0.0 ? x + small : small;
        }
        case Function::silu:
            return far ? saturated(x)[0] : x * Logistic<T>(x).s;
        case Function::gelu:
            return far ? saturated(x)[0] : T(0.5) * (x * P::erfc(-(x * P::constant(constants::one_over_sqrt_2))));
        case Function::gelu_tanh: {
            if (far) return saturated(x)[0];
            const T z = P::constant(constants::gelu_tanh_linear) + P::constant(constants::gelu_tanh_cubic) * (x * x);
            return x * Logistic<T>(x * z).s;
        }
        case Function::mish: {
            if (far) return saturated(x)[0];
            const Logistic<T> g(x);
            return x * (g.s * (T(1.0) + g.complement)) / (T(1.0) + g.complement * g.complement);
        }
        case Function::sin:
            return sin(x)[0];
        case Function::cos:
            return cos(x)[0];
        case Function::exp:
            return exp(x)[0];
        case Function::log:
            return P::log(x);
        case Function::sqrt:
            return P::sqrt(x);
        case Function::atan:
            return P::atan(x);
        case Function::erf:
            return P::erf(far ? T(h > 0.0 ? 1e4 : -1e4) : x);
        case Function::reciprocal:
            return T(1.0) / x;
        case Function::square:
            return x * x;
    }
    return x;
}

template <class T>
std::array<T, 4> jet(Function f, const T& x) {
    switch (f) {
#define CAPNODE_ELEMENTWISE(name) \
    case Function::name:          \
        return jets::name(x);
#include "capnode/numerics/elementwise_table.def"
#undef CAPNODE_ELEMENTWISE
    }
    return {};
}

}  // namespace capnode::jets
