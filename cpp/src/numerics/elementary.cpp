#include "capnode/numerics/elementary.hpp"

#include <limits>
#include <stdexcept>
#include <string>

#include "elementary_jets.hpp"

namespace capnode {

const char* name(Function f) {
    switch (f) {
#define CAPNODE_ELEMENTWISE(function) \
    case Function::function:          \
        return #function;
#include "capnode/numerics/elementwise_table.def"
#undef CAPNODE_ELEMENTWISE
    }
    return "unknown";
}

const std::vector<Function>& all_functions() {
    static const std::vector<Function> list{
#define CAPNODE_ELEMENTWISE(function) Function::function,
#include "capnode/numerics/elementwise_table.def"
#undef CAPNODE_ELEMENTWISE
    };
    return list;
}

Function function_from_name(std::string_view text) {
    std::string known;
    for (const Function f : all_functions()) {
        if (text == name(f)) return f;
        known += (known.empty() ? "" : ", ") + std::string(name(f));
    }
    throw std::invalid_argument("no elementwise function '" + std::string(text) + "': the closed list is " + known +
                                " and pow(int)");
}

double apply(Function f, double x) { return jets::value(f, x); }
std::array<double, 4> derivatives(Function f, double x) { return jets::jet(f, x); }

namespace {

bool in_domain(Function f, const DoubleDoubleBall& x) {
    switch (f) {
        case Function::log:
            return x.hi > 0.0 && mignitude_down(x) > 0.0;
        case Function::sqrt:
            return (x.hi > 0.0 && mignitude_down(x) > 0.0) || (x.hi == 0.0 && x.lo == 0.0 && x.rad == 0.0);
        case Function::reciprocal:
            return mignitude_down(x) > 0.0;
        default:
            return true;
    }
}

// Beyond this width the range over the interval hull is sharper than the mean value form.
bool thin(const DoubleDoubleBall& x) { return x.rad <= 0x1p-20 * std::fmax(1.0, std::fabs(x.hi)); }

}  // namespace

// |f(x) - f(m)| <= sup |f'| |x - m| over the ball (mean value theorem), the supremum from the interval hull.
DoubleDoubleBall apply(Function f, const DoubleDoubleBall& x) {
    if (!in_domain(f, x)) return DoubleDoubleBall::whole();
    if (!is_bounded(x) || !thin(x)) return to_double_double(apply(f, to_interval(x)));
    const DoubleDoubleBall value = jets::value(f, DoubleDoubleBall(x.mid(), 0.0));
    if (x.rad == 0.0) return value;
    return widen(value, multiply_up(magnitude(derivatives(f, to_interval(x))[1]), x.rad));
}

std::array<DoubleDoubleBall, 2> derivatives2(Function f, const DoubleDoubleBall& x) {
    if (!in_domain(f, x)) return {DoubleDoubleBall::whole(), DoubleDoubleBall::whole()};
    if (!is_bounded(x) || !thin(x)) {
        const std::array<Interval, 4> range = derivatives(f, to_interval(x));
        return {to_double_double(range[0]), to_double_double(range[1])};
    }
    const std::array<DoubleDoubleBall, 4> at = jets::jet(f, DoubleDoubleBall(x.mid(), 0.0));
    if (x.rad == 0.0) return {at[0], at[1]};
    const std::array<Interval, 4> range = derivatives(f, to_interval(x));
    return {widen(at[0], multiply_up(magnitude(range[1]), x.rad)),
            widen(at[1], multiply_up(magnitude(range[2]), x.rad))};
}

// (x^n)^(k) = n (n-1) ... (n-k+1) x^(n-k); 0 from k = n + 1 on for n >= 0.
std::array<double, 4> power_derivatives(double x, int n) {
    std::array<double, 4> out{};
    double factor = 1.0;
    for (int k = 0; k < 4 && factor != 0.0; ++k) {
        const double exponent = static_cast<double>(n) - k;
        out[static_cast<std::size_t>(k)] = factor * std::pow(x, exponent);
        factor *= exponent;
    }
    return out;
}

std::array<Interval, 4> power_derivatives(const Interval& x, int n) {
    std::array<Interval, 4> out{};
    // exponents n - k that are no int: nothing is claimed
    if (n < std::numeric_limits<int>::min() + 3 || (n < 0 && contains_zero(x))) {
        out.fill(Interval::whole());
        return out;
    }
    Interval factor(1.0);
    for (int k = 0; k < 4 && magnitude(factor) != 0.0; ++k) {
        out[static_cast<std::size_t>(k)] = factor * power(x, n - k);
        factor = factor * Interval(n - k);
    }
    return out;
}

std::array<DoubleDoubleBall, 2> power_derivatives2(const DoubleDoubleBall& x, int n) {
    if (n == 0) return {DoubleDoubleBall(1.0), DoubleDoubleBall()};
    if (n == std::numeric_limits<int>::min()) return {DoubleDoubleBall::whole(), DoubleDoubleBall::whole()};
    return {power(x, n), DoubleDoubleBall(n) * power(x, n - 1)};
}

}  // namespace capnode
