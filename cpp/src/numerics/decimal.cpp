// Exact conversion both ways in integer arithmetic: no libm, no printf of doubles, no decimal that is only nearly
// right.
#include "capnode/numerics/decimal.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

#include "natural.hpp"

namespace capnode {
namespace {

/// 2^k for -1074 <= k <= 1023.
double power_of_two(int k) {
    return k >= -1022 ? std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52)
                      : std::bit_cast<double>(std::uint64_t{1} << (k + 1074));
}

/// The tightest interval around p / q > 0: long division for the 53 bits (or fewer, subnormal) and whether anything is
/// left.
Interval enclose_ratio(const Natural& p, const Natural& q) {
    // p/q lies in [2^e, 2^(e+2)) for this e.
    const auto e = static_cast<std::int64_t>(p.bits()) - static_cast<std::int64_t>(q.bits()) - 1;
    if (e > 1024) return {largest_finite, infinity};
    if (e < -1080) return {0.0, smallest_subnormal};
    // The unit 2^s of the result: 54 bits or one less, not below 2^-1074.
    const auto s = std::max<std::int64_t>(e - 52, -1074);
    Natural rest = p;
    Natural divisor = q;
    if (s > 0) {
        divisor.shift_left(static_cast<std::size_t>(s));
    } else {
        rest.shift_left(static_cast<std::size_t>(-s));
    }
    std::uint64_t quotient = 0;
    for (int i = 54; i >= 0; --i) {
        Natural step = divisor;
        step.shift_left(static_cast<std::size_t>(i));
        if (rest.less_than(step)) continue;
        rest.subtract(step);
        quotient |= std::uint64_t{1} << i;
    }
    bool exact = rest.is_zero();
    int scale = static_cast<int>(s);
    while (quotient >= (std::uint64_t{1} << 53)) {  // 54 bits: one too many
        exact = exact && (quotient & 1) == 0;
        quotient >>= 1;
        ++scale;
    }
    if (scale > 971) return {largest_finite, infinity};
    const double lo = static_cast<double>(quotient) * power_of_two(scale);
    return {lo, exact ? lo : next_up(lo)};
}

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text), rest_(text) {}

    Interval parse() {
        strip();
        const bool negative = take('-');
        if (!negative) take('+');
        Interval value;
        if (take_word("infinity") || take_word("inf")) {
            value = {largest_finite, infinity};
        } else if (take_word("0x")) {
            value = number(16, 'p');
        } else {
            value = number(10, 'e');
        }
        if (!rest_.empty()) fail();
        return negative ? -value : value;
    }

  private:
    [[noreturn]] void fail() const { throw std::invalid_argument("not a number: '" + std::string(text_) + "'"); }
    void strip() {
        const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
        while (!rest_.empty() && space(rest_.front())) rest_.remove_prefix(1);
        while (!rest_.empty() && space(rest_.back())) rest_.remove_suffix(1);
    }
    static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
    bool take(char c) {
        if (rest_.empty() || lower(rest_.front()) != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool take_word(std::string_view word) {
        if (rest_.size() < word.size()) return false;
        for (std::size_t i = 0; i < word.size(); ++i) {
            if (lower(rest_[i]) != word[i]) return false;
        }
        rest_.remove_prefix(word.size());
        return true;
    }
    int digit(unsigned base) const {
        if (rest_.empty()) return -1;
        const char c = lower(rest_.front());
        const int value = c >= '0' && c <= '9' ? c - '0' : (c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99);
        return value < static_cast<int>(base) ? value : -1;
    }

    /// digits [. digits] [mark [sign] digits]: mantissa * (10^ or 2^) exponent.
    Interval number(unsigned base, char mark) {
        Natural mantissa;
        std::int64_t exponent = 0;
        bool any = false;
        bool point = false;
        for (;;) {
            if (!point && take('.')) {
                point = true;
                continue;
            }
            if (any && take('_')) continue;
            const int d = digit(base);
            if (d < 0) break;
            rest_.remove_prefix(1);
            any = true;
            mantissa.multiply_add(base, static_cast<std::uint32_t>(d));
            if (point) exponent -= base == 16 ? 4 : 1;
        }
        if (!any) fail();
        if (take(mark)) {
            const bool negative = take('-');
            if (!negative) take('+');
            if (digit(10) < 0) fail();
            std::int64_t written = 0;
            for (int d = digit(10); d >= 0; d = digit(10)) {
                rest_.remove_prefix(1);
                written = std::min<std::int64_t>(written * 10 + d, 1000000000);  // far beyond every double already
            }
            exponent += negative ? -written : written;
        }
        if (mantissa.is_zero()) return {};
        return base == 16 ? scaled_by_two(mantissa, exponent) : scaled_by_ten(mantissa, exponent);
    }
    static Interval scaled_by_ten(Natural p, std::int64_t exponent) {
        // mantissa in [1, 10^(0.302 bits)): beyond these exponents the value is out of range whatever the digits are.
        const auto digits = static_cast<std::int64_t>(p.bits() / 3 + 1);
        if (exponent > 400) return {largest_finite, infinity};
        if (exponent < -400 - digits) return {0.0, smallest_subnormal};
        Natural q(1);
        if (exponent > 0) p.multiply_power_of_ten(static_cast<std::size_t>(exponent));
        if (exponent < 0) q.multiply_power_of_ten(static_cast<std::size_t>(-exponent));
        return enclose_ratio(p, q);
    }
    static Interval scaled_by_two(Natural p, std::int64_t exponent) {
        if (exponent > 1100) return {largest_finite, infinity};
        if (exponent < -1200 - static_cast<std::int64_t>(p.bits())) return {0.0, smallest_subnormal};
        Natural q(1);
        if (exponent > 0) p.shift_left(static_cast<std::size_t>(exponent));
        if (exponent < 0) q.shift_left(static_cast<std::size_t>(-exponent));
        return enclose_ratio(p, q);
    }

    std::string_view text_;
    std::string_view rest_;
};

/// All decimal digits of the integer.
std::string decimal_digits(Natural n) {
    std::string digits;
    while (!n.is_zero()) {
        std::uint32_t chunk = n.divide(1000000000u);
        for (int i = 0; i < 9 && (chunk != 0 || !n.is_zero()); ++i, chunk /= 10) {
            digits.push_back(static_cast<char>('0' + chunk % 10));
        }
    }
    std::reverse(digits.begin(), digits.end());
    return digits;
}

/// d.ddd 10^power as people write it: plainly for moderate powers, with an exponent otherwise.
std::string written(const std::string& digits, int power) {
    const auto whole = static_cast<std::size_t>(power + 1);  // digits before the point, where power >= 0
    std::string out;
    if (power >= -5 && power < 0) {
        out.assign("0.");
        out.append(static_cast<std::size_t>(-power - 1), '0');
        out.append(digits);
    } else if (power >= 0 && power < 16) {
        out.append(digits, 0, whole);
        if (digits.size() < whole) out.append(whole - digits.size(), '0');
        out.push_back('.');
        if (digits.size() > whole) {
            out.append(digits, whole, std::string::npos);
        } else {
            out.push_back('0');
        }
    } else {
        out.push_back(digits[0]);
        if (digits.size() > 1) {
            out.push_back('.');
            out.append(digits, 1, std::string::npos);
        }
        out.append(power < 0 ? "e-" : "e+");
        const std::string exponent = std::to_string(std::abs(power));
        if (exponent.size() < 2) out.push_back('0');
        out.append(exponent);
    }
    return out;
}

/// |x| > 0 to `count` significant digits, away from zero where `away` and anything is cut off. Exact: m 2^-k = m 5^k
/// 10^-k.
std::string decimal(double x, int count, bool away) {
    const auto bits = std::bit_cast<std::uint64_t>(x) & 0x7fffffffffffffffu;
    const auto field = static_cast<int>(bits >> 52);
    const std::uint64_t fraction = bits & 0xfffffffffffffu;
    const std::uint64_t mantissa = field == 0 ? fraction : fraction | (std::uint64_t{1} << 52);
    const int exponent = (field == 0 ? 1 : field) - 1075;
    Natural n(mantissa);
    int point = 0;  // the number is n 10^-point
    if (exponent >= 0) {
        n.shift_left(static_cast<std::size_t>(exponent));
    } else {
        for (int i = 0; i < -exponent; ++i) n.multiply_add(5u, 0);
        point = -exponent;
    }
    std::string digits = decimal_digits(n);
    int power = static_cast<int>(digits.size()) - 1 - point;  // value = d.ddd 10^power
    const auto keep = static_cast<std::size_t>(count);
    if (digits.size() > keep) {
        const bool cut = digits.find_first_not_of('0', keep) != std::string::npos;
        digits.resize(keep);
        if (cut && away) {
            std::size_t i = keep;
            while (i > 0 && digits[i - 1] == '9') digits[--i] = '0';
            if (i > 0) {
                ++digits[i - 1];
            } else {
                digits.insert(digits.begin(), '1');
                digits.pop_back();
                ++power;
            }
        }
    }
    while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
    return written(digits, power);
}

std::string directed(double x, int digits, bool up) {
    if (digits < 1 || digits > 800) {
        throw std::invalid_argument("digits must lie between 1 and 800, got " + std::to_string(digits));
    }
    if (std::isnan(x)) return "nan";
    if (std::fabs(x) == infinity) return x > 0.0 ? "inf" : "-inf";
    if (x == 0.0) return "0.0";
    const bool negative = x < 0.0;
    std::string out;
    if (negative) out.push_back('-');
    out.append(decimal(x, digits, negative != up));
    return out;
}

}  // namespace

Interval interval_from_string(std::string_view text) { return Parser(text).parse(); }
std::string decimal_down(double x, int digits) { return directed(x, digits, false); }
std::string decimal_up(double x, int digits) { return directed(x, digits, true); }

}  // namespace capnode
