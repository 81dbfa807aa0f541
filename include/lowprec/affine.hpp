// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// Affine integers: real = scale x (code - zero_point), with codes of 8, 4, 3 or 2 bits.
//
//     codes      unsigned_full     signed_full       signed_narrow      unsigned_narrow
//     8 bits     0 ... 255         -128 ... 127      -127 ... 127       1 ... 255
//     4 bits     0 ... 15            -8 ... 7          -7 ... 7         1 ... 15
//     zero of a symmetric range
//                2^(Bits - 1)      0                 0                  2^(Bits - 1)
//
// A code is the nearest integer of the rational x / scale: in integers, rounded once. x / scale in float is rounded before it is
// rounded again, so it finds another code in one of some hundred thousand cases; other tools' ways of it are recipes
// (integer_recipes.hpp).
#ifndef LOWPREC_AFFINE_HPP
#define LOWPREC_AFFINE_HPP

#include <lowprec/detail/fail_argument.hpp>
#include <lowprec/detail/integer_recipes.hpp>
#include <lowprec/detail/quotient.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/math.hpp>

namespace lowprec {

/// Which integers are codes: two's complement or not, and whether the lowest one is used. A narrow range has as many codes on
/// both sides of the symmetric zero.
enum class integer_codes : unsigned char { signed_full, signed_narrow, unsigned_full, unsigned_narrow };

namespace detail {

template <int Bits>
concept affine_codes_have_8_4_3_or_2_bits = Bits == 8 || (Bits >= 2 && Bits <= 4);
template <class X>
concept quantizable = format<X> || is_native_float_v<X>;

template <class X>
struct quantizable_format : native_format<native_digits<X>, bits_of<X>> {};
template <format X>
struct quantizable_format<X> {
    using type = X;
};

LOWPREC_INLINE constexpr bool is_signed(integer_codes codes) noexcept {
    return codes == integer_codes::signed_full || codes == integer_codes::signed_narrow;
}
LOWPREC_INLINE constexpr bool is_narrow(integer_codes codes) noexcept {
    return codes == integer_codes::signed_narrow || codes == integer_codes::unsigned_narrow;
}

/// The number that a scale is stored as: rounded once, then moved to the nearest normal number of Scale.
template <class Scale>
LOWPREC_INLINE constexpr float stored_scale(exact numerator, exact divisor) noexcept {
    const auto rounded = quotient<format_sink<Scale>>(numerator, divisor, false, policy{.over = overflow::saturate});
    constexpr auto smallest = (std::numeric_limits<Scale>::min)();
    return convert<float>(rounded < smallest ? smallest : rounded);
}
/// The same of a scale that another tool's recipe found in float, where 0 and subnormal floats stand as they are.
template <class Scale>
LOWPREC_INLINE constexpr float stored_scale(fp32 found) noexcept {
    if (found == fp32::from_bits(0)) return 0;
    if constexpr (std::is_same_v<Scale, fp32>) {
        return convert<float>(isinf(found) ? copysign(fp32::from_bits(fp32::largest_code), found) : found);
    } else {
        const auto rounded = convert<Scale, policy{.over = overflow::saturate}>(found);
        constexpr auto smallest = (std::numeric_limits<Scale>::min)();
        return convert<float>(abs(rounded) < smallest ? copysign(smallest, rounded) : rounded);
    }
}

}  // namespace detail

/// The parameters of a tensor, row or group, and what they make of a number.
/// Needs:   for a result that means something: a positive, finite scale and a zero point among the codes. Other values do no
///          harm; `usable` tells.
template <int Bits, integer_codes Codes = integer_codes::signed_full>
    requires detail::affine_codes_have_8_4_3_or_2_bits<Bits>
struct affine {
    static constexpr int bits = Bits;
    static constexpr integer_codes codes = Codes;
    using code_type = std::conditional_t<detail::is_signed(Codes), std::int8_t, std::uint8_t>;

    /// The zero point of a symmetric range, and the ends of all codes.
    static constexpr int symmetric_zero_point = detail::is_signed(Codes) ? 0 : 1 << (Bits - 1);
    static constexpr int lowest = symmetric_zero_point - (1 << (Bits - 1)) + (detail::is_narrow(Codes) ? 1 : 0);
    static constexpr int highest = symmetric_zero_point + (1 << (Bits - 1)) - 1;

    float scale = 1;
    std::int32_t zero_point = symmetric_zero_point;

    /// Whether the scale is positive and finite, and the zero point a code. (Recipe ggml's 4-bit scales may be negative.)
    [[nodiscard]] LOWPREC_INLINE constexpr bool usable() const noexcept {
        const fp32 s = detail::format_from_native(scale);
        return isfinite(s) && s > fp32::from_bits(0) && zero_point >= lowest && zero_point <= highest;
    }

    /// The code of x.
    /// Rounds:  x / scale to the nearest integer, ties to even, exactly; then the zero point is added. Recipes: as their tool.
    /// Beyond:  saturates, infinity too. NaN has the code of zero; so has everything where the scale is 0, infinite or NaN.
    template <integer_recipe R = integer_recipe::exact, detail::quantizable X>
        requires detail::recipe_has_codes<R, Bits, detail::is_signed(Codes), detail::is_narrow(Codes)>
    [[nodiscard]] LOWPREC_INLINE constexpr code_type quantize(X x) const noexcept {
        const fp32 s = detail::format_from_native(scale);
        if (!isfinite(s) || s == fp32::from_bits(0)) return saturated(zero_point);
        if constexpr (R == integer_recipe::exact) {
            const auto q = detail::divide<detail::integer_sink<std::int32_t>>(x, detail::exact::of(s));
            return saturated(std::int64_t{signbit(s) ? -std::int64_t{q} : std::int64_t{q}} + zero_point);
        } else {
            const fp32 y = convert<fp32>(x);
            if (isnan(y)) return saturated(zero_point);
            return saturated(detail::code_by_recipe<R>(y, s, zero_point, detail::code_ends{Bits, lowest, highest}));
        }
    }

    /// scale x (code - zero_point), rounded once to Out.
    /// Beyond:  saturates at Out's largest value; never NaN or infinite. +0 for the code of zero, and for all codes if the scale
    ///          is infinite or NaN.
    template <detail::quantizable Out = float>
    [[nodiscard]] LOWPREC_INLINE constexpr Out dequantize(code_type code) const noexcept {
        using target = typename detail::quantizable_format<Out>::type;
        const fp32 s = detail::format_from_native(scale);
        const std::int64_t steps = std::int64_t{code} - zero_point;
        const auto magnitude =
            detail::exact::of(s) * detail::exact::whole(static_cast<std::uint64_t>(steps < 0 ? -steps : steps));
        const bool negative = magnitude.significand != 0 && (steps < 0) != signbit(s);
        const auto result = detail::quotient<detail::format_sink<target>>(magnitude, detail::exact::whole(1), negative,
                                                                          policy{.over = overflow::saturate});
        return convert<Out>(result);
    }

    /// The parameters for numbers between min and max. The range is first extended to contain zero, which has a code of its
    /// own: dequantize(quantize(0)) is 0.
    /// Rounds:  the scale is the rational (max - min) / (highest - lowest), rounded once to Scale; the zero point is the
    ///          nearest integer of lowest - min / scale, with that scale, ties to even. Recipes: as their tool.
    /// Beyond:  a scale below Scale's smallest normal number is that number, one above its largest is the largest: codes
    ///          saturate then. min = max = 0 has the scale 1.
    /// Errors:  std::invalid_argument for NaN, infinity and min > max.
    template <integer_recipe R = integer_recipe::exact, format Scale = fp32>
        requires detail::recipe_has_ranges<R, Bits, detail::is_signed(Codes), detail::is_narrow(Codes)>
    [[nodiscard]] LOWPREC_INLINE static constexpr affine from_range(float min, float max) {
        const fp32 a = detail::format_from_native(min), b = detail::format_from_native(max);
        if (!isfinite(a) || !isfinite(b))
            detail::fail_argument("lowprec::affine::from_range: an end of the range is NaN or infinite");
        if (a > b) detail::fail_argument("lowprec::affine::from_range: the range's minimum is above its maximum");
        constexpr fp32 zero = fp32::from_bits(0);
        const fp32 low = a < zero ? a : zero, high = b > zero ? b : zero;
        if constexpr (R == integer_recipe::exact) {
            affine result;
            if (low < high)
                result.scale = detail::stored_scale<Scale>(detail::exact::of(high) + detail::exact::of(low),
                                                           detail::exact::whole(highest - lowest));
            const auto below = detail::divide<detail::integer_sink<std::int32_t>>(low, detail::exact::of(result.scale));
            result.zero_point = saturated(std::int64_t{lowest} - below);
            return result;
        } else {
            const auto found =
                detail::range_by_recipe<R>(R == integer_recipe::awq ? a : low, R == integer_recipe::awq ? b : high,
                                           detail::code_ends{Bits, lowest, highest});
            return {detail::stored_scale<Scale>(found.scale), saturated(found.zero_point)};
        }
    }

    /// The parameters for numbers of magnitudes up to that of amax, with the symmetric zero point. (Recipe ggml with 4 bits
    /// heeds amax's sign: give it the number that has the largest magnitude.)
    /// Rounds:  the scale is the rational amax / (highest - zero_point), rounded once to Scale.
    /// Beyond:  as from_range.
    /// Errors:  std::invalid_argument for NaN and infinity.
    template <integer_recipe R = integer_recipe::exact, format Scale = fp32>
        requires detail::recipe_has_amax<R, Bits, detail::is_signed(Codes), detail::is_narrow(Codes)>
    [[nodiscard]] LOWPREC_INLINE static constexpr affine from_amax(float amax) {
        const fp32 a = detail::format_from_native(amax);
        if (!isfinite(a)) detail::fail_argument("lowprec::affine::from_amax: the largest magnitude is NaN or infinite");
        affine result;
        if constexpr (R == integer_recipe::exact) {
            if (a != fp32::from_bits(0))
                result.scale = detail::stored_scale<Scale>(detail::exact::of(a),
                                                           detail::exact::whole(highest - symmetric_zero_point));
        } else {
            result.scale =
                detail::stored_scale<Scale>(detail::amax_by_recipe<R>(a, detail::code_ends{Bits, lowest, highest}));
        }
        return result;
    }

    /// A code as it stands in memory: its low Bits bits, two's complement; and back, whatever stands above them.
    [[nodiscard]] LOWPREC_INLINE static constexpr std::uint8_t to_bits(code_type code) noexcept {
        return static_cast<std::uint8_t>(static_cast<unsigned>(code) & ((1U << Bits) - 1));
    }
    [[nodiscard]] LOWPREC_INLINE static constexpr code_type from_bits(unsigned code) noexcept {
        const int value = static_cast<int>(code & ((1U << Bits) - 1));
        return static_cast<code_type>(detail::is_signed(Codes) && value >= 1 << (Bits - 1) ? value - (1 << Bits)
                                                                                           : value);
    }

    LOWPREC_INLINE friend constexpr bool operator==(const affine& a, const affine& b) noexcept {
        return detail::format_from_native(a.scale).bits() == detail::format_from_native(b.scale).bits() &&
               a.zero_point == b.zero_point;
    }

private:
    LOWPREC_INLINE static constexpr code_type saturated(std::int64_t code) noexcept {
        return static_cast<code_type>(code < lowest ? lowest : code > highest ? highest : code);
    }
};

}  // namespace lowprec

#endif
