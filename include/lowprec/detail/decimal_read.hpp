// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 3
//
// Text to a code, rounded once: for charconv and literals. The digits become a fraction of two natural numbers,
//
//      value = digits * 10^x = (digits * 5^x) * 2^x = (digits / 5^-x) * 2^x
//
// whose first 62 binary places, with the last one set if anything is left, go to the rounding of encode.hpp.
#ifndef LOWPREC_DETAIL_DECIMAL_READ_HPP
#define LOWPREC_DETAIL_DECIMAL_READ_HPP

#include <lowprec/detail/bigint.hpp>
#include <lowprec/detail/encode.hpp>
#include <lowprec/detail/log10.hpp>

namespace lowprec::detail {

/// A number's text, taken apart: `digits` to `digits_end` holds digits, at most one point, and separators (').
struct number_text {
    const char* digits = nullptr;
    const char* digits_end = nullptr;
    const char* end = nullptr;  ///< behind the exponent
    std::int64_t exponent = 0;  ///< of 10, or of 2 for hexadecimal digits; far beyond any format's if the text is
    bool found = false;         ///< there is at least one digit
    bool has_exponent = false;
};

enum class exponent_part : unsigned char { optional, required, ignored };

constexpr int digit_value(char c, bool hex) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (hex && c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (hex && c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Reads [digits][.digits][e exponent], without a sign.
constexpr number_text scan_number(const char* first, const char* last, bool hex, exponent_part wanted,
                                  char separator = '\0') noexcept {
    number_text text{first, first, first};
    bool point = false;
    const char* at = first;
    for (; at != last; ++at) {
        if (digit_value(*at, hex) >= 0)
            text.found = true;
        else if (*at == '.' && !point)
            point = true;
        else if (separator == '\0' || *at != separator)
            break;
    }
    text.digits_end = text.end = at;
    if (!text.found || wanted == exponent_part::ignored || at == last) return text;
    if (*at != (hex ? 'p' : 'e') && *at != (hex ? 'P' : 'E')) return text;
    ++at;
    const bool negative = at != last && *at == '-';
    if (at != last && (*at == '-' || *at == '+')) ++at;
    if (at == last || digit_value(*at, false) < 0) return text;
    constexpr std::int64_t limit = std::int64_t{1} << 58;
    for (; at != last; ++at) {
        if (separator != '\0' && *at == separator) continue;
        const int digit = digit_value(*at, false);
        if (digit < 0) break;
        text.exponent = text.exponent < limit ? 10 * text.exponent + digit : limit;
    }
    if (text.exponent > limit) text.exponent = limit;
    if (negative) text.exponent = -text.exponent;
    text.end = at;
    text.has_exponent = true;
    return text;
}

/// How large the numbers of F's conversion get. A rounding boundary of F is an integer below 2^integer_bits or an odd
/// number below 2^(M + 2) divided by at most 2^fraction_bits.
template <class F>
struct decimal_limits {
    static constexpr int integer_bits = max_of(F::max_exponent + 2, 1);
    static constexpr int fraction_bits = max_of(F::mantissa_bits + 2 - F::min_exponent, 1);
    /// No boundary has more decimal digits, so digits behind these matter only as "something follows".
    static constexpr int digits =
        2 + max_of(floor_log10_pow2(integer_bits) + 1,
                   floor_log10_pow2(F::mantissa_bits + 2) + 1 + fraction_bits - floor_log10_pow2(fraction_bits));
    /// 10^highest is beyond every format value and its boundary, 10^lowest rounds to nothing.
    static constexpr int highest = floor_log10_pow2(integer_bits) + 1;
    static constexpr int lowest = floor_log10_pow2(-fraction_bits);
    static constexpr int bits_of_digits(int n) noexcept { return n * 10 / 3 + 1; }
    static constexpr int bits_of_fives(int n) noexcept { return n * 7 / 3 + 1; }
    static constexpr int words =
        2 + max_of(bits_of_digits(max_of(digits + 1, highest + 1)), bits_of_fives(digits + 2 - lowest)) / 64;
};

/// The magnitude significand * 2^(exponent - 61) as a code; bit 61 is the significand's highest.
template <class F>
constexpr conversion<F> encode_magnitude(std::uint64_t significand, std::int64_t exponent) noexcept {
    constexpr std::int64_t least = F::min_exponent - F::mantissa_bits - 3;
    constexpr std::int64_t most = F::max_exponent + 2;
    exponent = exponent < least ? least : exponent > most ? most : exponent;
    return format_sink<F, conversion<F>>::template finite<61, static_cast<int>(most)>(
        significand, static_cast<int>(exponent), false, policy{}, 0);
}

/// numerator / denominator * 2^exponent
template <class F, int Words>
constexpr conversion<F> encode_fraction(bigint<Words>& numerator, bigint<Words>& denominator, int exponent) noexcept {
    if (denominator.is_one_word() && denominator.low_word() == 1) {
        const int length = numerator.bit_length();
        std::uint64_t significand = numerator.bits(max_of(length - 62, 0), 62) << max_of(62 - length, 0);
        if (length > 62 && numerator.any_below(length - 62)) significand |= 1;
        return encode_magnitude<F>(significand, exponent + length - 1);
    }
    // scaled to 1 <= numerator / denominator < 2
    int up = denominator.bit_length() - numerator.bit_length();
    if (up >= 0)
        numerator.shift_left(up);
    else
        denominator.shift_left(-up);
    if (compare(numerator, denominator) < 0) {
        numerator.shift_left(1);
        ++up;
    }
    std::uint64_t significand = 0;
    if (numerator.is_one_word()) {
        const uint128 scaled = static_cast<uint128>(numerator.low_word()) << 61;
        significand = static_cast<std::uint64_t>(scaled / denominator.low_word());
        if (scaled % denominator.low_word() != 0) significand |= 1;
    } else {
        for (int place = 61; place >= 0; --place) {
            significand <<= 1;
            if (compare(numerator, denominator) >= 0) {
                numerator.subtract(denominator);
                significand |= 1;
            }
            numerator.shift_left(1);
        }
        if (!numerator.is_zero()) significand |= 1;
    }
    return encode_magnitude<F>(significand, exponent - up);
}

template <class F>
constexpr conversion<F> read_decimal(const number_text& text) noexcept {
    using limits = decimal_limits<F>;
    bigint<limits::words> numerator{0};
    std::uint64_t chunk = 0;
    std::uint64_t chunk_scale = 1;
    int kept = 0;
    bool point = false;
    bool more = false;  // something other than zeros was left out
    std::int64_t exponent = text.exponent;
    for (const char* at = text.digits; at != text.digits_end; ++at) {
        if (*at == '.') point = true;
        const int digit = digit_value(*at, false);
        if (digit < 0) continue;
        if (point) --exponent;
        if (kept == 0 && digit == 0) continue;
        if (kept == limits::digits) {
            more = more || digit != 0;
            ++exponent;
            continue;
        }
        ++kept;
        chunk = 10 * chunk + static_cast<std::uint64_t>(digit);
        chunk_scale *= 10;
        if (chunk_scale == 10'000'000'000'000'000'000U) {
            numerator.multiply_add(chunk_scale, chunk);
            chunk = 0;
            chunk_scale = 1;
        }
    }
    if (kept == 0) return format_sink<F, conversion<F>>::zero(false, policy{});
    if (kept + exponent > limits::highest + 1) return encode_magnitude<F>(std::uint64_t{1} << 61, F::max_exponent + 2);
    if (kept + exponent <= limits::lowest)
        return encode_magnitude<F>(std::uint64_t{1} << 61, F::min_exponent - F::mantissa_bits - 3);
    if (chunk_scale != 1) numerator.multiply_add(chunk_scale, chunk);
    if (more) {
        numerator.multiply_add(10, 1);
        --exponent;
    }
    const int x = static_cast<int>(exponent);
    bigint<limits::words> denominator{1};
    if (x >= 0)
        numerator.multiply_by_power_of_5(x);
    else
        denominator.multiply_by_power_of_5(-x);
    return encode_fraction<F>(numerator, denominator, x);
}

template <class F>
constexpr conversion<F> read_hexadecimal(const number_text& text) noexcept {
    std::uint64_t significand = 0;
    bool point = false;
    std::int64_t exponent = text.exponent;
    for (const char* at = text.digits; at != text.digits_end; ++at) {
        if (*at == '.') point = true;
        const int digit = digit_value(*at, true);
        if (digit < 0) continue;
        if (point) exponent -= 4;
        if (bit_width(significand) <= 60) {
            significand = significand << 4 | static_cast<std::uint64_t>(digit);
        } else {
            significand |= digit != 0 ? 1 : 0;
            exponent += 4;
        }
    }
    if (significand == 0) return format_sink<F, conversion<F>>::zero(false, policy{});
    const int length = bit_width(significand);
    const std::uint64_t placed =
        length <= 62 ? significand << (62 - length) : shift_right_sticky(significand, length - 62);
    return encode_magnitude<F>(placed, exponent + length - 1);
}

/// Whether a nonzero text came out beyond the largest value or as nothing.
template <class F>
constexpr bool left_the_range(const conversion<F>& read) noexcept {
    if constexpr (F::has_zero)
        return read.overflow || (read.underflow && read.value.bits() == 0);
    else
        return read.overflow || read.underflow;
}

}  // namespace lowprec::detail

#endif
