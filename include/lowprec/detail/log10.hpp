// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 0
//
// Decimal exponents of binary numbers, for numeric_limits and charconv, in integers.
#ifndef LOWPREC_DETAIL_LOG10_HPP
#define LOWPREC_DETAIL_LOG10_HPP

#include <lowprec/detail/bits.hpp>

namespace lowprec::detail {

/// floor(n * log10(2)), exact for |n| <= 2^20.
constexpr int floor_log10_pow2(int n) noexcept {
    // log10(2) is irrational, so n * log10(2) is no integer but for n = 0, and its distance from one is at least 1e-7 up to 2^20
    constexpr int128 log10_2 = 0x4D104D42'7DE7FBCC;  // floor(log10(2) * 2^64)
    const int128 product = log10_2 * n;
    return static_cast<int>(product >> 64);
}

/// A positive number `significand * 2^exponent` with the significand's highest bit at 63, cut off below.
struct scaled64 {
    std::uint64_t significand;
    int exponent;
};

constexpr scaled64 multiply(scaled64 a, scaled64 b) noexcept {
    const uint128 product = static_cast<uint128>(a.significand) * b.significand;
    const int down = bit_width(product) - 64;
    return {static_cast<std::uint64_t>(product >> down), a.exponent + b.exponent + down};
}

/// 10^n for n >= 0, exact up to 10^27 and cut off beyond (relative error below n * 2^-63).
constexpr scaled64 pow10(int n) noexcept {
    scaled64 result{std::uint64_t{1} << 63, -63};
    scaled64 base{std::uint64_t{10} << 60, -60};
    for (; n > 0; n >>= 1) {
        if ((n & 1) != 0) result = multiply(result, base);
        if (n > 1) base = multiply(base, base);
    }
    return result;
}

/// floor(log10(significand * 2^exponent)) of a positive number.
constexpr int floor_log10(std::uint64_t significand, int exponent) noexcept {
    const int width = bit_width(significand);
    const scaled64 x{significand << (64 - width), exponent - (64 - width)};
    const int low = floor_log10_pow2(x.exponent + 63);  // the answer is this or one more
    const int next = low + 1;
    if (next < 0) {
        const scaled64 scaled = multiply(x, pow10(-next));
        return scaled.exponent + 63 >= 0 ? next : low;
    }
    const scaled64 power = pow10(next);
    const bool reaches =
        x.exponent != power.exponent ? x.exponent > power.exponent : x.significand >= power.significand;
    return reaches ? next : low;
}

}  // namespace lowprec::detail

#endif
