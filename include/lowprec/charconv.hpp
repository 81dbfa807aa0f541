// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 3
//
// to_chars and from_chars as <charconv> has them for double, for every format: exact, without allocation or locale, and
// constexpr. Text never passes through a float, so it is rounded once.
#ifndef LOWPREC_CHARCONV_HPP
#define LOWPREC_CHARCONV_HPP

#include <charconv>
#include <lowprec/convert.hpp>
#include <lowprec/detail/decimal_read.hpp>
#include <lowprec/detail/decimal_write.hpp>
#include <system_error>

namespace lowprec {

namespace detail {

constexpr std::to_chars_result finish(const text_sink& out) noexcept {
    if (out.full) return {out.last, std::errc::value_too_large};
    return {out.at, std::errc{}};
}

constexpr notation notation_of(std::chars_format fmt) noexcept {
    if (fmt == std::chars_format::fixed) return notation::fixed;
    if (fmt == std::chars_format::scientific) return notation::scientific;
    return fmt == std::chars_format::hex ? notation::hexadecimal : notation::shorter;
}

constexpr bool is_word_character(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// `first` moved behind `word`, which is in lower case; `first` itself if the text doesn't begin with it.
constexpr const char* after_word(const char* first, const char* last, const char* word) noexcept {
    const char* at = first;
    for (; *word != '\0'; ++word, ++at) {
        const bool same = at != last && (*at == *word || (*at >= 'A' && *at <= 'Z' && *at - 'A' + 'a' == *word));
        if (!same) return first;
    }
    return at;
}

constexpr const char* after_infinity(const char* first, const char* last) noexcept {
    const char* const at = after_word(first, last, "infinity");
    return at != first ? at : after_word(first, last, "inf");
}

/// nan or nan(characters)
constexpr const char* after_nan(const char* first, const char* last) noexcept {
    const char* const word = after_word(first, last, "nan");
    if (word == first || word == last || *word != '(') return word;
    const char* at = word + 1;
    while (at != last && is_word_character(*at)) ++at;
    return at != last && *at == ')' ? at + 1 : word;
}

}  // namespace detail

/// Writes the fewest significant digits that from_chars reads back to the same code and, of those, the ones nearest to the
/// value (equally near: the even last digit); in fixed notation unless scientific takes fewer characters.
/// Rounds:  to that many digits; integers in fixed notation are written out in full.
/// Beyond:  infinity is "inf" or "-inf", NaN "nan" or "-nan" whatever its payload.
/// Errors:  errc::value_too_large if it doesn't fit; ptr is then last.
/// Source:  the C++ standard's std::to_chars(char*, char*, double).
template <format F>
constexpr std::to_chars_result to_chars(char* first, char* last, F value) noexcept {
    detail::text_sink out{first, last};
    detail::write_text(out, value, detail::notation::shorter);
    return detail::finish(out);
}

/// The same digits in the notation that `fmt` names; general chooses the shorter. Hexadecimal has no 0x, begins with 1 (with
/// 0 for zero), and is exact.
template <format F>
constexpr std::to_chars_result to_chars(char* first, char* last, F value, std::chars_format fmt) noexcept {
    detail::text_sink out{first, last};
    detail::write_text(out, value, detail::notation_of(fmt));
    return detail::finish(out);
}

/// Reads a decimal number, or with chars_format::hex a hexadecimal one without 0x, of any length. No leading white space or
/// plus sign; "inf", "infinity", "nan" and "nan(...)" in any case.
/// Rounds:  once, from the exact value, to nearest even.
/// Beyond:  result_out_of_range and `value` unchanged for a number that rounds past the largest value (saturation is no
///          part of reading), or to zero without being zero, and for infinity, NaN, zero or a sign that F doesn't have; ptr
///          is behind the number all the same. -0 is 0 where there is no -0.
/// Errors:  invalid_argument, ptr == first, `value` unchanged if the text doesn't begin with a number.
/// Source:  the C++ standard's std::from_chars for double.
template <format F>
constexpr std::from_chars_result from_chars(const char* first, const char* last, F& value,
                                            std::chars_format fmt = std::chars_format::general) noexcept {
    using code = typename F::storage_type;
    const bool negative = first != last && *first == '-';
    const char* const start = negative ? first + 1 : first;
    const bool sign_fits = !negative || F::sign_bits == 1;
    const auto sign = static_cast<code>(negative ? F::sign_mask : 0);

    if (const char* const end = detail::after_infinity(start, last); end != start) {
        if (!F::has_infinity || !sign_fits) return {end, std::errc::result_out_of_range};
        value = F::from_bits(static_cast<code>(F::infinity_code | sign));
        return {end, std::errc{}};
    }
    if (const char* const end = detail::after_nan(start, last); end != start) {
        if (!F::has_nan || !sign_fits) return {end, std::errc::result_out_of_range};
        value = F::from_bits(static_cast<code>(F::nan_code | sign));
        return {end, std::errc{}};
    }

    const bool hex = fmt == std::chars_format::hex;
    const auto exponent = fmt == std::chars_format::fixed        ? detail::exponent_part::ignored
                          : fmt == std::chars_format::scientific ? detail::exponent_part::required
                                                                 : detail::exponent_part::optional;
    const detail::number_text text = detail::scan_number(start, last, hex, exponent);
    if (!text.found || (exponent == detail::exponent_part::required && !text.has_exponent))
        return {first, std::errc::invalid_argument};
    const conversion<F> read = hex ? detail::read_hexadecimal<F>(text) : detail::read_decimal<F>(text);
    const bool zero = F::has_zero && read.value.bits() == 0;
    if (detail::left_the_range(read) || (!sign_fits && !zero)) return {text.end, std::errc::result_out_of_range};
    value = negative && (!zero || F::has_negative_zero) ? F::from_bits(static_cast<code>(read.value.bits() | sign))
                                                        : read.value;
    return {text.end, std::errc{}};
}

}  // namespace lowprec

#endif
