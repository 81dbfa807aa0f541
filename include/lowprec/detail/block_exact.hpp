// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// Blocks by exact arithmetic: the scale is a rational rounded once into its format, and each code the rational x / scale rounded once
// by the scale as it is stored. Also MX's scale rules, which are about exponents only.
#ifndef LOWPREC_DETAIL_BLOCK_EXACT_HPP
#define LOWPREC_DETAIL_BLOCK_EXACT_HPP

#include <lowprec/block_policy.hpp>
#include <lowprec/detail/quotient.hpp>
#include <lowprec/math.hpp>

namespace lowprec::detail {

inline constexpr std::uint32_t fp32_infinity = 0x7F800000;

/// The largest magnitude among numbers, as the code of a float. NaN and infinity are above all.
struct magnitudes {
    std::uint32_t largest = 0;
    std::uint32_t largest_number = 0;  ///< the same without NaN: only tools that overlook NaN need it

    LOWPREC_INLINE constexpr void see(fp32 x) noexcept {
        const std::uint32_t magnitude = x.bits() & fp32::magnitude_mask;
        if (magnitude > largest) largest = magnitude;
        if (magnitude > largest_number && magnitude <= fp32_infinity) largest_number = magnitude;
    }
    [[nodiscard]] LOWPREC_INLINE constexpr bool finite() const noexcept { return largest < fp32_infinity; }
};

/// A number is significand * 2^exponent with the highest bit of the significand at 23.
struct normalised {
    std::uint32_t significand;
    int exponent;
};
LOWPREC_INLINE constexpr normalised normalise(std::uint32_t code) noexcept {
    const std::uint32_t field = code >> 23, fraction = code & 0x7FFFFF;
    if (field != 0) return {fraction | 0x800000, static_cast<int>(field) - 150};
    const int up = 24 - bit_width(fraction);
    return {fraction << up, -149 - up};
}

/// The largest element as significand * 2^exponent.
template <class Element>
LOWPREC_INLINE constexpr exact largest_element() noexcept {
    if constexpr (is_format_v<Element>)
        return exact::of(Element::from_bits(Element::largest_code));
    else
        return {static_cast<std::uint64_t>(Element::highest), Element::exponent};
}
/// The exponent of the largest element, and the bits behind its first one.
template <class Element>
LOWPREC_INLINE constexpr int largest_exponent() noexcept {
    constexpr exact e = largest_element<Element>();
    return e.exponent + bit_width(e.significand) - 1;
}
template <class Element>
LOWPREC_INLINE constexpr int mantissa_bits_of() noexcept {
    if constexpr (is_format_v<Element>)
        return Element::mantissa_bits;
    else
        return bit_width(static_cast<std::uint32_t>(Element::highest)) - 1;
}

/// MX's scale for numbers up to a magnitude, which is the code of a finite float. Clamped once, to the codes 00 to FE.
template <class B, recipe How>
LOWPREC_INLINE constexpr typename B::scale power_of_two_scale(std::uint32_t largest) noexcept {
    using element = typename B::element;
    using scale = typename B::scale;
    if (largest == 0) return scale::from_bits(0);
    auto [significand, exponent] = normalise(largest);
    int e = exponent + 23 - largest_exponent<element>();
    if constexpr (How == recipe::ceil) {
        e += significand != 0x800000 ? 1 : 0;
    } else if constexpr (How == recipe::even) {
        e += significand + (1U << (22 - mantissa_bits_of<element>())) >= 0x1000000 ? 1 : 0;
    } else if constexpr (How == recipe::rceil) {
        constexpr exact most = largest_element<element>();
        constexpr auto top = static_cast<std::uint32_t>(most.significand << (24 - bit_width(most.significand)));
        e += significand > top ? 1 : 0;
    }
    constexpr int last = static_cast<int>(scale::largest_code);
    return scale::from_bits(static_cast<typename scale::storage_type>(max_of(0, min_of(e + scale::bias, last))));
}

/// x / divisor as an element's code. The divisor is not zero; `negative` says that it is below zero.
template <class Element>
LOWPREC_INLINE constexpr std::uint8_t element_code(fp32 x, exact divisor, bool negative, policy p,
                                                   std::uint64_t random) noexcept {
    if (negative) x = -x;
    if constexpr (is_format_v<Element>) {
        return divide<format_sink<Element>>(x, divisor, p, random).bits();
    } else {
        divisor.exponent += Element::exponent;
        const int n = divide<integer_sink<std::int32_t>>(x, divisor, p, random);
        return Element::encode(max_of(Element::lowest, min_of(n, Element::highest)));
    }
}

/// The code of zero with x's sign where there is such a code.
template <class Element>
LOWPREC_INLINE constexpr std::uint8_t zero_of(bool negative) noexcept {
    if constexpr (is_format_v<Element>)
        return format_sink<Element>::zero(negative, policy{}).bits();
    else
        return Element::encode(0);
}

/// a - b, a >= b >= 0, as a sum is given: everything below the highest 120 bits is in `more`.
LOWPREC_INLINE constexpr exact difference(exact a, exact b) noexcept {
    if (b.significand == 0) return a;
    const int up = 120 - bit_width(a.significand);
    a.significand <<= up;
    a.exponent -= up;
    const int down = a.exponent - b.exponent;
    if (down <= 0) return {a.significand - (b.significand << -down), a.exponent};
    const uint128 whole = down >= 128 ? uint128{0} : b.significand >> down;
    const bool more = down >= 128 || whole << down != b.significand;
    return {a.significand - whole - (more ? 1 : 0), a.exponent, more};
}

/// x - y of floats, x >= y.
LOWPREC_INLINE constexpr exact distance(fp32 x, fp32 y) noexcept {
    const exact a = exact::of(x), b = exact::of(y);
    if (signbit(x) != signbit(y)) return a + b;
    return signbit(x) ? difference(b, a) : difference(a, b);
}

/// A rational as a scale: rounded once to nearest even, then clamped to the largest number.
template <class Scale>
LOWPREC_INLINE constexpr Scale scale_of_quotient(exact numerator, exact divisor, bool negative = false) noexcept {
    return quotient<format_sink<Scale>>(numerator, divisor, negative, policy{.over = overflow::saturate});
}

template <class B>
LOWPREC_INLINE constexpr typename B::scale nan_scale() noexcept {
    return B::scale::from_bits(B::scale::nan_code);
}

/// The scale of numbers of which the largest magnitude is known. For the rules that ask for no more.
template <class B, recipe How>
LOWPREC_INLINE constexpr typename B::scale exact_scale(std::uint32_t largest, fp32 tensor_scale) noexcept {
    if (largest >= fp32_infinity) return nan_scale<B>();
    if constexpr (B::rule == scale_rule::power_of_two) {
        return power_of_two_scale<B, How>(largest);
    } else {
        exact divisor = largest_element<typename B::element>();
        if constexpr (B::has_tensor_scale) divisor = divisor * exact::of(tensor_scale);
        return scale_of_quotient<typename B::scale>(exact::of(fp32::from_bits(largest)), divisor);
    }
}

/// Whether a scale is zero, which e8m0 has not.
template <class Scale>
LOWPREC_INLINE constexpr bool is_zero(Scale x) noexcept {
    return Scale::has_zero && (x.bits() & Scale::magnitude_mask) == 0;
}

/// What the codes are multiplied by.
template <class B>
LOWPREC_INLINE constexpr exact multiplier(typename B::scale scale, fp32 tensor_scale) noexcept {
    const exact s = exact::of(scale);
    if constexpr (B::has_tensor_scale) return s * exact::of(tensor_scale);
    return s;
}

/// The codes of numbers for a scale. Numbers: get(i), i < n. Random: random(i), whose highest bits count.
template <class B, block_policy P, class Get, class Random>
LOWPREC_INLINE constexpr void exact_codes(lowprec::block<B>& out, int n, Get get, fp32 tensor_scale,
                                          Random random) noexcept {
    using element = typename B::element;
    const auto scale = out.scale;
    const bool nothing = isnan(scale) || is_zero(scale);
    const exact divisor = multiplier<B>(scale, tensor_scale);
    for (int i = 0; i < n; ++i) {
        const fp32 x = get(i);
        std::uint64_t bits = 0;
        if constexpr (elements_are_rounded_at_random<P>) bits = random(i) >> (64 - P.elements.random_bits);
        if (nothing)
            out.codes[i] = zero_of<element>(!isnan(scale) && signbit(x));
        else
            out.codes[i] = element_code<element>(x, divisor, signbit(scale), elements_of<P>, bits);
    }
}

/// The block of numbers whose scale depends on more than their largest magnitude.
template <class B, block_policy P, class Get, class Random>
LOWPREC_INLINE constexpr void exact_block(lowprec::block<B>& out, int n, Get get, fp32 tensor_scale,
                                          Random random) noexcept {
    using element = typename B::element;
    if constexpr (B::rule == scale_rule::signed_largest) {
        fp32 most = get(0);
        magnitudes seen;
        for (int i = 0; i < n; ++i) {
            const std::uint32_t before = seen.largest;
            seen.see(get(i));
            if (seen.largest != before) most = get(i);
        }
        out.scale = !seen.finite() ? nan_scale<B>()
                                   : scale_of_quotient<typename B::scale>(
                                         exact::of(most), exact::whole(static_cast<std::uint64_t>(-element::lowest)),
                                         !signbit(most) && seen.largest != 0);
        exact_codes<B, P>(out, n, get, tensor_scale, random);
    } else {
        static_assert(B::rule == scale_rule::range);
        using scale = typename B::scale;
        fp32 low = get(0), high = get(0);
        magnitudes seen;
        for (int i = 0; i < n; ++i) {
            const fp32 x = get(i);
            seen.see(x);
            if (x < low) low = x;
            if (x > high) high = x;
        }
        if (!seen.finite()) {
            out.scale = out.minimum = nan_scale<B>();
            for (int i = 0; i < n; ++i) out.codes[i] = zero_of<element>(false);
            return;
        }
        out.scale = scale_of_quotient<scale>(distance(high, low), exact::whole(element::highest));
        out.minimum = (low.bits() & fp32::magnitude_mask) == 0
                          ? scale::from_bits(0)
                          : convert<scale, policy{.over = overflow::saturate}>(low);
        const exact divisor = exact::of(out.scale);
        const fp32 minimum = convert<fp32>(out.minimum);
        for (int i = 0; i < n; ++i) {
            const fp32 x = get(i);
            std::uint64_t bits = 0;
            if constexpr (elements_are_rounded_at_random<P>) bits = random(i) >> (64 - P.elements.random_bits);
            std::int32_t code = 0;
            if (divisor.significand != 0 && x > minimum)
                code = quotient<integer_sink<std::int32_t>>(distance(x, minimum), divisor, false, elements_of<P>, bits);
            out.codes[i] = element::encode(min_of(code, element::highest));
        }
    }
}

}  // namespace lowprec::detail

#endif
