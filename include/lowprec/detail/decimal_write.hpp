// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 3
//
// A code to text: the fewest significant decimal digits that read back as the same code and, of those, the nearest to
// the value. Digits come one by one from exact natural numbers; after each, the value cut off there and the one a unit
// higher are compared with the ends of the interval of numbers that round to the code:
//
//      value - below        value           value + above        an end belongs to the interval if the code is even
//            [----------------+-----------------]
//
// Source:  G. L. Steele, J. L. White, "How to print floating-point numbers accurately", 1990. Unlike theirs, the first
// digit's place is the value's own: with one or two bits of mantissa an interval can reach across a power of ten.
#ifndef LOWPREC_DETAIL_DECIMAL_WRITE_HPP
#define LOWPREC_DETAIL_DECIMAL_WRITE_HPP

#include <lowprec/detail/bigint.hpp>
#include <lowprec/detail/log10.hpp>
#include <lowprec/float_format.hpp>

namespace lowprec::detail {

/// A finite positive value: significand * 2^exponent, the last place being 2^exponent.
struct binary_value {
    std::uint64_t significand;
    int exponent;
    bool closer_below;  ///< the next value below is half a last place away: this one begins a binade
};

template <class F>
constexpr binary_value take_apart(typename F::storage_type magnitude) noexcept {
    constexpr int m = F::mantissa_bits;
    const auto mantissa = static_cast<std::uint64_t>(magnitude & F::mantissa_mask);
    const int field = static_cast<int>(magnitude >> m);
    const bool normal = !F::has_zero || field != 0;
    const int binade = field + (normal ? 0 : 1) - F::bias;
    const bool closer_below = mantissa == 0 && (!F::has_zero || field > 1);
    return {normal ? mantissa | std::uint64_t{1} << m : mantissa, binade - m, closer_below};
}

/// 0.d1 d2 d3 ... * 10^point
struct decimal_digits {
    char digit[20]{};
    int count = 0;
    int point = 0;
    int value_point = 0;  ///< of the value itself: one less if it was rounded up to a power of ten
};

/// value / 10^point as a fraction in [0.1, 1), to be read digit by digit.
template <class F>
struct digit_source {
    static constexpr int m = F::mantissa_bits;
    static constexpr int words = 3 + max_of(max_of(F::max_exponent, m - F::min_exponent), m) / 64;

    bigint<words> rest;
    bigint<words> whole{1};
    bigint<words> below{1};
    int point;
    int above_shift;  // above = below << above_shift

    constexpr explicit digit_source(binary_value v) noexcept
        : rest{v.significand},
          point{floor_log10_pow2(v.exponent + bit_width(v.significand) - 1) + 1},  // or one more, seen at the end
          above_shift{v.closer_below ? 1 : 0} {
        const int halvings = 1 + above_shift;  // `below` is half a last place, or a quarter
        const int up = v.exponent - halvings - point;
        rest.shift_left(halvings + max_of(up, 0));
        below.shift_left(max_of(up, 0));
        whole.shift_left(max_of(-up, 0));
        if (point >= 0) {
            whole.multiply_by_power_of_5(point);
        } else {
            rest.multiply_by_power_of_5(-point);
            below.multiply_by_power_of_5(-point);
        }
        if (compare(rest, whole) >= 0) {
            whole.multiply_add(10, 0);
            ++point;
        }
    }

    constexpr int next() noexcept {
        rest.multiply_add(10, 0);
        return rest.divide_small(whole);
    }
};

template <class F>
constexpr decimal_digits shortest_digits(typename F::storage_type magnitude) noexcept {
    digit_source<F> source{take_apart<F>(magnitude)};
    decimal_digits result;
    result.point = result.value_point = source.point;
    const int inside = (magnitude & 1) == 0 ? 0 : -1;  // compare(distance, end) up to which a number is in the interval
    for (;;) {
        const int digit = source.next();
        source.below.multiply_add(10, 0);
        auto above = source.below;
        above.shift_left(source.above_shift);
        auto missing = source.whole;  // up to the next higher digit
        missing.subtract(source.rest);
        const bool down = compare(source.rest, source.below) <= inside;
        const bool up = compare(missing, above) <= inside;
        result.digit[result.count++] = static_cast<char>('0' + digit);
        if (!down && !up) continue;
        const int nearer = compare(source.rest, missing);
        if (up && (!down || nearer > 0 || (nearer == 0 && digit % 2 == 1))) {
            if (digit == 9) {  // only the first digit can be: 9|6 is 10
                result.digit[0] = '1';
                ++result.point;
            } else {
                ++result.digit[result.count - 1];
            }
        }
        return result;
    }
}

/// Where text goes; what finds no room is dropped, and `full` says so.
struct text_sink {
    char* at;
    char* last;
    bool full = false;

    constexpr void put(char c) noexcept {
        if (at == last)
            full = true;
        else
            *at++ = c;
    }
    constexpr void put(const char* text) noexcept {
        for (; *text != '\0'; ++text) put(*text);
    }
    constexpr void put(char c, int count) noexcept {
        for (; count > 0 && !full; --count) put(c);
    }
    constexpr void put_number(std::uint64_t x, int least_digits) noexcept {
        std::uint64_t place = 1;
        for (int i = 1; i < least_digits || x / place >= 10; ++i) place *= 10;
        for (; place > 0; place /= 10) put(static_cast<char>('0' + static_cast<int>(x / place % 10)));
    }
    constexpr void put_exponent(char letter, int exponent, int least_digits) noexcept {
        put(letter);
        put(exponent < 0 ? '-' : '+');
        put_number(static_cast<std::uint64_t>(exponent < 0 ? -exponent : exponent), least_digits);
    }
};

/// How to write a finite value; `shorter` is fixed unless scientific takes fewer characters.
enum class notation : unsigned char { shorter, fixed, scientific, hexadecimal };

/// The integer nearest to a value with a binary fraction, ties to even; such a significand has at most 53 bits.
constexpr std::uint64_t nearest_integer(binary_value v) noexcept {
    if (v.exponent < -62) return 0;
    const std::uint64_t whole = v.significand >> -v.exponent;
    const std::uint64_t fraction = v.significand & ones<std::uint64_t>(-v.exponent);
    return whole + (fraction + (whole & 1) > std::uint64_t{1} << (-v.exponent - 1) ? 1 : 0);
}

/// Where the short digits end left of the point, the nearest integer stands for them: it has no more characters than they
/// have with zeros behind them, and is nearer to the value.
template <class F>
constexpr void write_fixed(text_sink& out, const decimal_digits& d, typename F::storage_type magnitude) noexcept {
    if (d.count < d.point) {
        const binary_value v = take_apart<F>(magnitude);
        if (v.exponent < 0) {
            out.put_number(nearest_integer(v), 1);
        } else {
            digit_source<F> source{v};
            for (int i = 0; i < d.value_point && !out.full; ++i) out.put(static_cast<char>('0' + source.next()));
        }
        return;
    }
    if (d.point <= 0) out.put("0.");
    out.put('0', -d.point);
    for (int i = 0; i < d.count; ++i) {
        if (i == d.point && i > 0) out.put('.');
        out.put(d.digit[i]);
    }
}

/// The number of characters that write_fixed writes.
template <class F>
constexpr int fixed_length(const decimal_digits& d, typename F::storage_type magnitude) noexcept {
    if (d.point <= 0) return 2 - d.point + d.count;
    if (d.count >= d.point) return d.count + (d.count > d.point ? 1 : 0);
    const binary_value v = take_apart<F>(magnitude);
    if (v.exponent >= 0) return d.value_point;
    int length = 1;
    for (std::uint64_t x = nearest_integer(v); x >= 10; x /= 10) ++length;
    return length;
}

template <class F>
constexpr void write_decimal(text_sink& out, typename F::storage_type magnitude, notation how) noexcept {
    if (magnitude == 0 && F::has_zero) {
        out.put(how == notation::scientific ? "0e+00" : "0");
        return;
    }
    const decimal_digits d = shortest_digits<F>(magnitude);
    const int exponent = d.point - 1;
    int scientific_length = d.count + (d.count > 1 ? 1 : 0) + 4;
    for (int e = exponent < 0 ? -exponent : exponent; e >= 100; e /= 10) ++scientific_length;
    if (how == notation::fixed || (how == notation::shorter && fixed_length<F>(d, magnitude) <= scientific_length)) {
        write_fixed<F>(out, d, magnitude);
        return;
    }
    for (int i = 0; i < d.count; ++i) {
        if (i == 1) out.put('.');
        out.put(d.digit[i]);
    }
    out.put_exponent('e', exponent, 2);
}

template <class F>
constexpr void write_hexadecimal(text_sink& out, typename F::storage_type magnitude) noexcept {
    if (magnitude == 0 && F::has_zero) {
        out.put("0p+0");
        return;
    }
    const binary_value v = take_apart<F>(magnitude);
    const int length = bit_width(v.significand);
    std::uint64_t fraction = length == 1 ? 0 : v.significand << (65 - length);  // behind the leading 1
    out.put(fraction == 0 ? "1" : "1.");
    for (; fraction != 0; fraction <<= 4) out.put("0123456789abcdef"[fraction >> 60]);
    out.put_exponent('p', v.exponent + length - 1, 1);
}

/// Characters that notation::shorter needs at most: sign, 17 digits, point, "e-00000", and a terminator.
inline constexpr int shortest_length = 28;

/// Writes any code. NaN is "nan" or "-nan", infinity "inf" or "-inf".
template <class F>
constexpr void write_text(text_sink& out, F x, notation how) noexcept {
    using code = typename F::storage_type;
    const code bits = x.bits();
    const auto magnitude = static_cast<code>(bits & F::magnitude_mask);
    constexpr bool nan_without_sign = F::special_values.nan == nan_at::negative_zero;
    if (nan_without_sign && bits == F::sign_mask) {
        out.put("nan");
        return;
    }
    if ((bits & F::sign_mask) != 0) out.put('-');
    if (magnitude > F::largest_code)
        out.put(F::has_infinity && magnitude == F::infinity_code ? "inf" : "nan");
    else if (how == notation::hexadecimal)
        write_hexadecimal<F>(out, magnitude);
    else
        write_decimal<F>(out, magnitude, how);
}

}  // namespace lowprec::detail

#endif
