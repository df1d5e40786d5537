// Natural numbers of any size, as far as decimal conversion needs them: multiply by and divide through small numbers,
// shift, compare, subtract.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace capnode {

/// Natural numbers in base 2^32, least digit first, no leading zeros.
class Natural {
  public:
    explicit Natural(std::uint64_t x = 0) {
        for (; x != 0; x >>= 32) digits_.push_back(static_cast<std::uint32_t>(x));
    }
    bool is_zero() const { return digits_.empty(); }
    std::size_t bits() const {
        return digits_.empty() ? 0
                               : 32 * (digits_.size() - 1) + static_cast<std::size_t>(std::bit_width(digits_.back()));
    }
    bool bit(std::size_t i) const { return i / 32 < digits_.size() && ((digits_[i / 32] >> (i % 32)) & 1u) != 0; }

    /// this = this * factor + summand
    void multiply_add(std::uint32_t factor, std::uint32_t summand) {
        std::uint64_t carry = summand;
        for (std::uint32_t& d : digits_) {
            carry += std::uint64_t{d} * factor;
            d = static_cast<std::uint32_t>(carry);
            carry >>= 32;
        }
        if (carry != 0) digits_.push_back(static_cast<std::uint32_t>(carry));
        trim();
    }
    void multiply_power_of_ten(std::size_t n) {
        for (; n >= 9; n -= 9) multiply_add(1000000000u, 0);
        for (; n > 0; --n) multiply_add(10u, 0);
    }
    /// this = floor(this / divisor); the remainder is returned.
    std::uint32_t divide(std::uint32_t divisor) {
        std::uint64_t rest = 0;
        for (std::size_t i = digits_.size(); i-- > 0;) {
            rest = (rest << 32) | digits_[i];
            digits_[i] = static_cast<std::uint32_t>(rest / divisor);
            rest %= divisor;
        }
        trim();
        return static_cast<std::uint32_t>(rest);
    }
    void shift_left(std::size_t n) {
        if (is_zero()) return;
        digits_.insert(digits_.begin(), n / 32, 0u);
        if (n % 32 != 0) multiply_add(std::uint32_t{1} << (n % 32), 0);
    }
    bool less_than(const Natural& b) const {
        if (digits_.size() != b.digits_.size()) return digits_.size() < b.digits_.size();
        return std::lexicographical_compare(digits_.rbegin(), digits_.rend(), b.digits_.rbegin(), b.digits_.rend());
    }
    void subtract(const Natural& b) {  // b <= this
        std::int64_t borrow = 0;
        for (std::size_t i = 0; i < digits_.size(); ++i) {
            borrow += std::int64_t{digits_[i]} - (i < b.digits_.size() ? std::int64_t{b.digits_[i]} : 0);
            digits_[i] = static_cast<std::uint32_t>(borrow);
            borrow >>= 32;
        }
        trim();
    }

  private:
    void trim() {
        while (!digits_.empty() && digits_.back() == 0) digits_.pop_back();
    }
    std::vector<std::uint32_t> digits_;
};

}  // namespace capnode
