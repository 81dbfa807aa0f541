// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 2
//
// A quotient of exact numbers, rounded once into any target: what quantizers define their codes and scales by. Quotients of
// floats in float arithmetic are rounded before they are rounded again, and depend on the environment.
#ifndef LOWPREC_DETAIL_QUOTIENT_HPP
#define LOWPREC_DETAIL_QUOTIENT_HPP

#include <lowprec/arithmetic.hpp>

namespace lowprec::detail {

/// A number that is not negative, significand * 2^exponent, plus less than 2^exponent if `more`. Zero has the significand 0.
struct exact {
    uint128 significand;
    int exponent;
    bool more = false;

    /// The magnitude of a finite number of a format, or of a float.
    template <class From>
    LOWPREC_INLINE static constexpr exact of(From x) noexcept {
        if constexpr (is_native_float_v<From>) {
            return of(format_from_native(x));
        } else {
            const auto parts = decode_format<operand_sink<From>>(x, policy{}, 0);
            if (parts.kind != operand_kind::finite) return {0, 0};
            return {parts.significand, parts.exponent - From::mantissa_bits};
        }
    }
    LOWPREC_INLINE static constexpr exact whole(std::uint64_t x) noexcept { return {x, 0}; }
};

/// The product; the significands have at most 128 bits together.
LOWPREC_INLINE constexpr exact operator*(exact a, exact b) noexcept {
    return {a.significand * b.significand, a.exponent + b.exponent};
}

/// Whether a < b; neither has `more`, and significands have at most 64 bits.
LOWPREC_INLINE constexpr bool operator<(exact a, exact b) noexcept {
    if (a.significand == 0 || b.significand == 0) return a.significand < b.significand;
    const int top_a = a.exponent + bit_width(a.significand), top_b = b.exponent + bit_width(b.significand);
    if (top_a != top_b) return top_a < top_b;
    const int up = a.exponent - b.exponent;  // less than 64 either way: the highest bits are level
    return up >= 0 ? a.significand << up < b.significand : a.significand < b.significand << -up;
}

/// The sum, of which everything below the highest 120 bits is in `more`.
LOWPREC_INLINE constexpr exact operator+(exact a, exact b) noexcept {
    if (a.significand == 0) return b;
    if (b.significand == 0) return a;
    if (a.exponent + bit_width(a.significand) < b.exponent + bit_width(b.significand)) {
        const exact larger = b;
        b = a;
        a = larger;
    }
    const int up = 120 - bit_width(a.significand);  // the larger one's highest bit at 119
    a.significand <<= up;
    a.exponent -= up;
    const int down = a.exponent - b.exponent;
    if (down <= 0) {
        b.significand <<= -down;
    } else {
        const uint128 whole = down >= 128 ? uint128{0} : b.significand >> down;
        a.more = down >= 128 || whole << down != b.significand;
        b.significand = whole;
    }
    return {a.significand + b.significand, a.exponent, a.more};
}

/// numerator / divisor, rounded once into Sink's target: `format_sink<F>` or `integer_sink<Int>`. The divisor is not zero and has
/// at most 62 bits; it has no `more`.
template <class Sink>
LOWPREC_INLINE constexpr typename Sink::result quotient(exact numerator, exact divisor, bool negative, policy p = {},
                                                        std::uint64_t random = 0) noexcept {
    if (numerator.significand == 0) return Sink::zero(negative, p);
    constexpr int top = 61;
    // Where the quotient's 33 bits and more are enough, one division of 64 bits gives them.
    if (Sink::mantissa_bits <= 24 && sizeof(typename Sink::target) <= 4 && p.round != rounding::stochastic &&
        divisor.significand < uint128{1} << 30 && numerator.significand < uint128{1} << 63 && !numerator.more) {
        const int up = 63 - bit_width(static_cast<std::uint64_t>(numerator.significand));
        const std::uint64_t dividend = static_cast<std::uint64_t>(numerator.significand) << up;
        const auto d = static_cast<std::uint64_t>(divisor.significand);
        const std::uint64_t q = dividend / d;
        const std::uint64_t sticky = q * d != dividend ? 1 : 0;
        const int place = top + 1 - bit_width(q);
        const std::uint64_t kept = place >= 0 ? (q << place) | sticky : shift_right_sticky(q, -place) | sticky;
        return Sink::template finite<top, (1 << 20)>(kept, numerator.exponent - up - divisor.exponent - place + top,
                                                     negative, p, random);
    }
    const int up = 126 - bit_width(numerator.significand);
    const uint128 dividend = up >= 0 ? numerator.significand << up : numerator.significand >> -up;
    bool more = numerator.more || (up < 0 && dividend << -up != numerator.significand);
    const auto d = static_cast<std::uint64_t>(divisor.significand);
    const uint128 q = dividend / d;  // at least 64 bits; less than one of the last place stands in `more`
    more = more || q * d != dividend;
    const int down = bit_width(q) - (top + 1);
    const uint128 kept = shift_right_sticky(q, down);
    return Sink::template finite<top, (1 << 20)>(static_cast<std::uint64_t>(kept) | static_cast<std::uint64_t>(more),
                                                 numerator.exponent - up - divisor.exponent + down + top, negative, p,
                                                 random);
}

/// x / divisor, where x is a number of a format or a float. NaN, infinity and zero go where conversion sends them.
template <class Sink, class From>
LOWPREC_INLINE constexpr typename Sink::result divide(From x, exact divisor, policy p = {},
                                                      std::uint64_t random = 0) noexcept {
    if constexpr (is_native_float_v<From>) {
        return divide<Sink>(format_from_native(x), divisor, p, random);
    } else {
        const auto parts = decode_format<operand_sink<From>>(x, policy{}, 0);
        if (parts.kind != operand_kind::finite) return decode_format<Sink>(x, p, random);
        return quotient<Sink>({parts.significand, parts.exponent - From::mantissa_bits}, divisor, parts.negative, p,
                              random);
    }
}

}  // namespace lowprec::detail

#endif
