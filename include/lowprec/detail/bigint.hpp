// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 3
//
// Natural numbers of a fixed capacity, for exact decimal conversion: only what charconv needs, without allocation. The
// capacity is the caller's proof that nothing overflows (decimal_read.hpp, decimal_write.hpp); words above `size` are unset.
#ifndef LOWPREC_DETAIL_BIGINT_HPP
#define LOWPREC_DETAIL_BIGINT_HPP

#include <lowprec/detail/bits.hpp>

namespace lowprec::detail {

template <int Words>
class bigint {
public:
    constexpr explicit bigint(std::uint64_t x) noexcept { push(x); }
    constexpr bigint(const bigint& other) noexcept : size{other.size} {
        for (int i = 0; i < size; ++i) word[i] = other.word[i];
    }
    bigint& operator=(const bigint&) = delete;

    constexpr bool is_zero() const noexcept { return size == 0; }
    constexpr bool is_one_word() const noexcept { return size <= 1; }
    constexpr std::uint64_t low_word() const noexcept { return size == 0 ? 0 : word[0]; }
    constexpr int bit_length() const noexcept { return size == 0 ? 0 : 64 * (size - 1) + bit_width(word[size - 1]); }

    /// *this = *this * factor + addend
    constexpr void multiply_add(std::uint64_t factor, std::uint64_t addend) noexcept {
        std::uint64_t carry = addend;
        for (int i = 0; i < size; ++i) {
            const uint128 product = static_cast<uint128>(word[i]) * factor + carry;
            word[i] = static_cast<std::uint64_t>(product);
            carry = static_cast<std::uint64_t>(product >> 64);
        }
        push(carry);
    }

    constexpr void multiply_by_power_of_5(int n) noexcept {
        constexpr std::uint64_t five_27 = 7'450'580'596'923'828'125U;
        for (; n >= 27; n -= 27) multiply_add(five_27, 0);
        std::uint64_t rest = 1;
        for (; n > 0; --n) rest *= 5;
        if (rest != 1) multiply_add(rest, 0);
    }

    constexpr void shift_left(int n) noexcept {
        if (n == 0 || size == 0) return;
        const int words = n / 64;
        const int bits = n % 64;
        const std::uint64_t top = bits == 0 ? 0 : word[size - 1] >> (64 - bits);
        for (int i = size - 1; i >= 0; --i) {
            const std::uint64_t below = i == 0 || bits == 0 ? 0 : word[i - 1] >> (64 - bits);
            word[i + words] = word[i] << bits | below;
        }
        for (int i = 0; i < words; ++i) word[i] = 0;
        size += words;
        push(top);
    }

    /// *this -= other, for other <= *this.
    constexpr void subtract(const bigint& other) noexcept {
        std::uint64_t borrow = 0;
        for (int i = 0; i < size; ++i) {
            const uint128 difference =
                static_cast<uint128>(word[i]) - (i < other.size ? other.word[i] : std::uint64_t{0}) - borrow;
            word[i] = static_cast<std::uint64_t>(difference);
            borrow = static_cast<std::uint64_t>(difference >> 64) & 1;
        }
        while (size > 0 && word[size - 1] == 0) --size;
    }

    /// floor(*this / divisor), which the caller knows to be small; *this becomes the remainder.
    constexpr int divide_small(const bigint& divisor) noexcept {
        int quotient = 0;
        for (; compare(*this, divisor) >= 0; ++quotient) subtract(divisor);
        return quotient;
    }

    /// Bits [low, low + count) as a word, count <= 64.
    constexpr std::uint64_t bits(int low, int count) const noexcept {
        const int i = low / 64;
        const int shift = low % 64;
        std::uint64_t result = i < size ? word[i] >> shift : 0;
        if (shift != 0 && i + 1 < size) result |= word[i + 1] << (64 - shift);
        return result & ones<std::uint64_t>(count);
    }
    constexpr bool any_below(int bit) const noexcept {
        for (int i = 0; i < size && 64 * i < bit; ++i)
            if ((word[i] & ones<std::uint64_t>(min_of(bit - 64 * i, 64))) != 0) return true;
        return false;
    }

    /// Negative, zero, positive: a < b, a == b, a > b.
    friend constexpr int compare(const bigint& a, const bigint& b) noexcept {
        if (a.size != b.size) return a.size < b.size ? -1 : 1;
        for (int i = a.size - 1; i >= 0; --i)
            if (a.word[i] != b.word[i]) return a.word[i] < b.word[i] ? -1 : 1;
        return 0;
    }

private:
    constexpr void push(std::uint64_t x) noexcept {
        if (x != 0) word[size++] = x;
    }

    std::uint64_t word[static_cast<unsigned>(Words)];
    int size = 0;
};

}  // namespace lowprec::detail

#endif
