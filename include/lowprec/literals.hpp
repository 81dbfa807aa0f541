// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 3
//
// 0.5_e4m3, 0x1.8p3_e5m2, 1'000_fp16: one literal for every row of the table. Evaluated while compiling, exact from the
// digits; one that its format can't hold exactly does not compile. After a name that ends in e a sign needs a space
// before it, as everywhere in C++: 1_e4m3_ieee - x.
#ifndef LOWPREC_LITERALS_HPP
#define LOWPREC_LITERALS_HPP

#include <lowprec/convert.hpp>
#include <lowprec/detail/decimal_read.hpp>
#include <lowprec/formats.hpp>

namespace lowprec {

namespace detail {

// Never defined: a literal that reaches one of these isn't a constant, and the compiler names it.
void literal_is_not_exactly_representable_in_the_format();
void literal_is_octal_or_binary_but_must_be_decimal_or_hexadecimal();

template <class F>
consteval F read_literal(const char* first) noexcept {
    const char* last = first;
    while (*last != '\0') ++last;
    const bool zero_first = first[0] == '0' && first[1] != '\0';
    const bool hex = zero_first && (first[1] == 'x' || first[1] == 'X');
    const number_text text = scan_number(hex ? first + 2 : first, last, hex, exponent_part::optional, '\'');
    if (zero_first && !hex) {
        bool whole = true;  // an integer: 010 is 8 and 0b11 is 3 elsewhere in C++
        for (const char* at = first; at != last; ++at) whole = whole && *at != '.' && *at != 'e' && *at != 'E';
        if (whole || text.end != last) literal_is_octal_or_binary_but_must_be_decimal_or_hexadecimal();
    }
    const conversion<F> read = hex ? read_hexadecimal<F>(text) : read_decimal<F>(text);
    if (read.inexact) literal_is_not_exactly_representable_in_the_format();
    return read.value;
}

}  // namespace detail

namespace literals {

// Templates on the characters, so that only formats whose literals are used cost compile time.
#define LOWPREC_ROW(name, S, E, M, bias, specials, source) \
    template <char... Digits>                              \
    consteval name operator""_##name() noexcept {          \
        constexpr char digits[] = {Digits..., '\0'};       \
        return detail::read_literal<name>(digits);         \
    }
LOWPREC_FORMATS(LOWPREC_ROW)
#undef LOWPREC_ROW

}  // namespace literals
}  // namespace lowprec

#endif
