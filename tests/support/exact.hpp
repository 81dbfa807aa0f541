// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Exact numbers for the oracle: a magnitude is an integer times a power of two, compared and added without rounding.
// Nothing here comes from the library.
#ifndef LOWPREC_TESTS_SUPPORT_EXACT_HPP
#define LOWPREC_TESTS_SUPPORT_EXACT_HPP

#include <bit>
#include <cstdint>
#include <stdexcept>
#include <type_traits>

namespace oracle {

__extension__ using wide = unsigned __int128;
__extension__ using signed_wide = __int128;

/// significand * 2^exponent
struct number {
    wide significand = 0;
    int exponent = 0;
};

constexpr int bit_length(wide x) {
    const auto high = static_cast<std::uint64_t>(x >> 64);
    const auto low = static_cast<std::uint64_t>(x);
    if (high != 0) return 128 - __builtin_clzll(high);
    return low != 0 ? 64 - __builtin_clzll(low) : 0;
}

/// -1, 0 or 1
constexpr int compare(number a, number b) {
    if (a.significand == 0 || b.significand == 0)
        return static_cast<int>(a.significand != 0) - static_cast<int>(b.significand != 0);
    const int length_a = bit_length(a.significand), length_b = bit_length(b.significand);
    const int top_a = length_a + a.exponent, top_b = length_b + b.exponent;
    if (top_a != top_b) return top_a < top_b ? -1 : 1;
    const wide x = a.significand << (128 - length_a), y = b.significand << (128 - length_b);
    if (x == y) return 0;
    return x < y ? -1 : 1;
}

/// The significand of x in units of 2^exponent, which must be exact.
constexpr wide in_units(number x, int exponent) {
    if (x.significand == 0) return 0;
    const int up = x.exponent - exponent;
    if (up < 0 || bit_length(x.significand) + up > 128) throw std::logic_error("the oracle's numbers are too short");
    return x.significand << up;
}

constexpr int common_exponent(number a, number b) {
    if (a.significand == 0) return b.exponent;
    if (b.significand == 0) return a.exponent;
    return a.exponent < b.exponent ? a.exponent : b.exponent;
}

constexpr number sum(number a, number b) {
    const int e = common_exponent(a, b);
    return {in_units(a, e) + in_units(b, e), e};
}

/// a - b, a >= b
constexpr number difference(number a, number b) {
    const int e = common_exponent(a, b);
    return {in_units(a, e) - in_units(b, e), e};
}

constexpr number twice(number x) { return {x.significand, x.exponent + 1}; }
constexpr number half(number x) { return {x.significand, x.exponent - 1}; }

enum class kind : unsigned char { finite, infinite, nan };

/// Anything that can be converted. The payload of a NaN is left-aligned; its top bit is the quiet bit.
struct source {
    oracle::kind kind = oracle::kind::finite;
    bool negative = false;
    number magnitude{};
    std::uint64_t payload = 0;
};

inline source from_double_bits(std::uint64_t bits) {
    const std::uint64_t fraction = bits & 0xFFFFFFFFFFFFFULL;
    const int field = static_cast<int>((bits >> 52) & 0x7FF);
    source s;
    s.negative = (bits >> 63) != 0;
    if (field == 0x7FF) {
        s.kind = fraction == 0 ? kind::infinite : kind::nan;
        s.payload = fraction << 12;
    } else if (field == 0) {
        s.magnitude = {fraction, -1074};
    } else {
        s.magnitude = {fraction | (1ULL << 52), field - 1075};
    }
    return s;
}

inline source from_float_bits(std::uint32_t bits) {
    const std::uint32_t fraction = bits & 0x7FFFFFU;
    const int field = static_cast<int>((bits >> 23) & 0xFF);
    source s;
    s.negative = (bits >> 31) != 0;
    if (field == 0xFF) {
        s.kind = fraction == 0 ? kind::infinite : kind::nan;
        s.payload = static_cast<std::uint64_t>(fraction) << 41;
    } else if (field == 0) {
        s.magnitude = {fraction, -149};
    } else {
        s.magnitude = {fraction | (1U << 23), field - 150};
    }
    return s;
}

inline source source_of(double x) { return from_double_bits(std::bit_cast<std::uint64_t>(x)); }
inline source source_of(float x) { return from_float_bits(std::bit_cast<std::uint32_t>(x)); }

template <class T>
constexpr bool is_signed_int = std::is_signed_v<T> || std::is_same_v<T, signed_wide>;

template <class Integer>
source source_of_integer(Integer x) {
    source s;
    if constexpr (is_signed_int<Integer>) {
        s.negative = x < 0;
        const wide magnitude = static_cast<wide>(static_cast<signed_wide>(x));
        s.magnitude = {s.negative ? wide{0} - magnitude : magnitude, 0};
    } else {
        s.magnitude = {static_cast<wide>(x), 0};
    }
    return s;
}

}  // namespace oracle

#endif
