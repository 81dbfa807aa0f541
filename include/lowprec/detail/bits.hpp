// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 0
//
// Integers by width, masks and bit counts, for 32, 64 and 128 bits alike. <bit> counts no 128-bit bits, and its functions
// can't be called on a device.
#ifndef LOWPREC_DETAIL_BITS_HPP
#define LOWPREC_DETAIL_BITS_HPP

#include <cstdint>
#include <lowprec/config.hpp>
#include <type_traits>

namespace lowprec::detail {

__extension__ using int128 = __int128;
__extension__ using uint128 = unsigned __int128;

/// The smallest unsigned integer of at least `Bits` bits.
template <int Bits>
using uint_of = std::conditional_t<
    (Bits <= 8), std::uint8_t,
    std::conditional_t<(Bits <= 16), std::uint16_t, std::conditional_t<(Bits <= 32), std::uint32_t, std::uint64_t>>>;

template <class U>
inline constexpr int bits_of = static_cast<int>(8 * sizeof(U));

/// `n` ones at the low end, 0 <= n <= width of U.
template <class U>
LOWPREC_INLINE constexpr U ones(int n) noexcept {
    return n == 0 ? U{0} : static_cast<U>(static_cast<U>(~U{0}) >> (bits_of<U> - n));
}

/// The number of bits up to the highest one; 0 for 0.
LOWPREC_INLINE constexpr int bit_width(std::uint64_t x) noexcept {
#if defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__)
    if (!__builtin_is_constant_evaluated()) return 64 - __clzll(static_cast<long long>(x));
#endif
    return x == 0 ? 0 : 64 - __builtin_clzll(x);
}

LOWPREC_INLINE constexpr int bit_width(std::uint32_t x) noexcept { return bit_width(std::uint64_t{x}); }

LOWPREC_INLINE constexpr int bit_width(uint128 x) noexcept {
    const auto high = static_cast<std::uint64_t>(x >> 64);
    return high != 0 ? 64 + bit_width(high) : bit_width(static_cast<std::uint64_t>(x));
}

/// x / 2^n with every lost one kept in the lowest bit, so that rounding later sees that something was lost. 0 <= n.
template <class U>
LOWPREC_INLINE constexpr U shift_right_sticky(U x, int n) noexcept {
    if (n >= bits_of<U>) return x != 0 ? U{1} : U{0};
    const U kept = static_cast<U>(x >> n);
    return static_cast<U>(kept | static_cast<U>((x & ones<U>(n)) != 0 ? 1 : 0));
}

LOWPREC_INLINE constexpr int min_of(int a, int b) noexcept { return a < b ? a : b; }
LOWPREC_INLINE constexpr int max_of(int a, int b) noexcept { return a > b ? a : b; }

}  // namespace lowprec::detail

#endif
