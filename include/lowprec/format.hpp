// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 3
//
// std::formatter of every format, where the standard library has <format>; elsewhere this header is empty.
//
//      {}  {:>8}      the fewest digits that read back to the same code, as to_chars; fill, align and width apply
//      {:b}  {:>12b}  the fields: 0.1000.110 is sign 0, exponent field 1000, mantissa field 110
//      {:x}  {:>6x}   the code in hexadecimal, as many digits as its width takes: 46
//      {:+.3f} ...    anything else as for the value as double
#ifndef LOWPREC_FORMAT_HPP
#define LOWPREC_FORMAT_HPP

#include <version>

#if defined(__cpp_lib_format)

#include <format>
#include <lowprec/convert.hpp>
#include <lowprec/detail/decimal_write.hpp>
#include <string_view>

namespace lowprec::detail {

/// sign.exponent.mantissa in binary; a part without bits is left out with its point.
template <class F>
constexpr void write_fields(text_sink& out, F value) noexcept {
    for (int bit = F::width - 1; bit >= 0; --bit) {
        out.put((value.bits() >> bit & 1) != 0 ? '1' : '0');
        if (bit > 0 && (bit == F::exponent_bits + F::mantissa_bits || bit == F::mantissa_bits)) out.put('.');
    }
}

template <class F>
constexpr void write_code(text_sink& out, F value) noexcept {
    for (int bit = (F::width - 1) / 4 * 4; bit >= 0; bit -= 4) out.put("0123456789abcdef"[value.bits() >> bit & 15]);
}

}  // namespace lowprec::detail

template <int S, int E, int M, int Bias, lowprec::specials Sp>
struct std::formatter<lowprec::float_format<S, E, M, Bias, Sp>, char> {
    constexpr auto parse(std::format_parse_context& context) {
        // [[fill]align][width][b|x]; whatever else there is, the formatter of double reads and judges
        auto last = context.begin();
        while (last != context.end() && *last != '}') ++last;
        auto at = context.begin();
        if (last - at >= 2 && is_align(*(at + 1)))
            at += 2;
        else if (at != last && is_align(*at))
            ++at;
        const bool zero_filled = at != last && *at == '0';
        while (!zero_filled && at != last && *at >= '0' && *at <= '9') ++at;
        std::format_parse_context head{std::string_view{context.begin(), at}};
        if (at != last && (*at == 'b' || *at == 'x')) {
            shown = *at == 'b' ? part::fields : part::code;
            ++at;
        }
        if (at != last) {
            shown = part::number;
            return number.parse(context);
        }
        static_cast<void>(text.parse(head));
        return last;
    }

    template <class Context>
    auto format(lowprec::float_format<S, E, M, Bias, Sp> value, Context& context) const {
        if (shown == part::number) return number.format(static_cast<double>(value), context);
        constexpr int length = S + E + M + lowprec::detail::shortest_length;
        char buffer[static_cast<unsigned>(length)];
        lowprec::detail::text_sink out{buffer, buffer + length};
        switch (shown) {
        case part::fields: lowprec::detail::write_fields(out, value); break;
        case part::code: lowprec::detail::write_code(out, value); break;
        default: lowprec::detail::write_text(out, value, lowprec::detail::notation::shorter);
        }
        return text.format(std::string_view{buffer, static_cast<std::size_t>(out.at - buffer)}, context);
    }

private:
    enum class part : unsigned char { value, fields, code, number };
    static constexpr bool is_align(char c) noexcept { return c == '<' || c == '>' || c == '^'; }

    std::formatter<std::string_view> text;
    std::formatter<double> number;
    part shown = part::value;
};

#endif

#endif
