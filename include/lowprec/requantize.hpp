// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// From the sums of an integer matrix product to codes again, in integers alone.
//
//     real factor   M = scale_a * scale_w / scale_y = multiplier * 2^(shift - 31),    2^30 <= multiplier < 2^31
//     code          zero_point_y + round(sum * M)
//
// `round` has three forms: runtimes differ by one code where two roundings follow each other.
#ifndef LOWPREC_REQUANTIZE_HPP
#define LOWPREC_REQUANTIZE_HPP

#include <cstddef>
#include <lowprec/affine.hpp>
#include <span>

namespace lowprec {

namespace detail {

/// 31 bits of significand, which is what a multiplier has.
using multiplier_format = float_format<0, 11, 30, 1023>;

template <int Bits>
LOWPREC_INLINE constexpr std::int64_t saturate_to(int128 x) noexcept {
    constexpr int128 end = int128{1} << (Bits - 1);
    return static_cast<std::int64_t>(x < -end ? -end : x >= end ? end - 1 : x);
}
LOWPREC_INLINE constexpr std::int32_t saturate_to_32(int128 x) noexcept {
    return static_cast<std::int32_t>(saturate_to<32>(x));
}

LOWPREC_INLINE constexpr bool is_factor(fp64 x) noexcept { return isfinite(x) && x >= fp64::from_bits(0); }

}  // namespace detail

/// A factor in fixed point: multiplier * 2^(shift - 31).
struct fixed_factor {
    std::int32_t multiplier = 0;  ///< 2^30 to 2^31 - 1, or 0
    std::int32_t shift = 0;       ///< -31 to 30

    /// Of a real number.
    /// Rounds:  to 31 bits, ties away from zero.
    /// Beyond:  below 2^-32 it is 0; from 2^30 on the largest there is, (2^31 - 1) / 2.
    /// Errors:  std::invalid_argument for NaN, infinity and negative numbers.
    /// Source:  TensorFlow Lite, QuantizeMultiplier.
    [[nodiscard]] LOWPREC_INLINE static constexpr fixed_factor of(double real) {
        const fp64 x = detail::format_from_native(real);
        if (!detail::is_factor(x))
            detail::fail_argument("lowprec::fixed_factor: the factor is negative, NaN or infinite");
        return from_rounded(convert<detail::multiplier_format, policy{.round = rounding::nearest_away}>(x));
    }

    /// Of the scales of a product: a * w / y, a rational that is rounded once.
    /// Errors:  std::invalid_argument if a scale isn't positive and finite.
    [[nodiscard]] LOWPREC_INLINE static constexpr fixed_factor of_scales(float a, float w, float y) {
        for (const float scale : {a, w, y})
            if (!affine<8>{scale, 0}.usable())
                detail::fail_argument("lowprec::fixed_factor: a scale is zero, negative, NaN or infinite");
        return from_rounded(detail::quotient<detail::format_sink<detail::multiplier_format>>(
            detail::exact::of(a) * detail::exact::of(w), detail::exact::of(y), false,
            policy{.round = rounding::nearest_away}));
    }

    friend constexpr bool operator==(const fixed_factor&, const fixed_factor&) = default;

private:
    LOWPREC_INLINE static constexpr fixed_factor from_rounded(detail::multiplier_format x) noexcept {
        using format = detail::multiplier_format;
        if (x < format::from_bits(format::smallest_normal_code)) return {};
        // A factor is at least a half of 2^shift; the carry of rounding up is in the exponent already.
        const int shift = static_cast<int>(x.bits() >> format::mantissa_bits) - format::bias + 1;
        if (shift < -31) return {};
        if (shift > 30) return {0x7FFFFFFF, 30};
        return {static_cast<std::int32_t>((x.bits() & format::mantissa_mask) | std::uint64_t{1} << 30), shift};
    }
};

/// The high half of 2ab: (a * b + half) / 2^31, cut toward zero, where half is 2^30, or 1 - 2^30 for a negative product. So ties
/// go up: the result for -1 and 2^30 is 0.
/// Beyond:  the product of the two lowest numbers saturates.
/// Source:  gemmlowp, SaturatingRoundingDoublingHighMul; ARM's SQRDMULH.
[[nodiscard]] LOWPREC_INLINE constexpr std::int32_t rounding_doubling_high_multiply(std::int32_t a,
                                                                                    std::int32_t b) noexcept {
    const std::int64_t product = std::int64_t{a} * b;
    const std::int64_t half = std::int64_t{1} << 30;
    const std::int64_t high = (product + (product >= 0 ? half : 1 - half)) / (std::int64_t{1} << 31);
    return static_cast<std::int32_t>(high > 0x7FFFFFFF ? 0x7FFFFFFF : high);
}

/// x / 2^exponent to the nearest integer, ties away from zero.
/// Needs:   exponent 0 to 31.
/// Source:  gemmlowp, RoundingDivideByPOT.
[[nodiscard]] LOWPREC_INLINE constexpr std::int32_t rounding_divide_by_power(std::int32_t x, int exponent) noexcept {
    const std::int64_t half = exponent == 0 ? 0 : std::int64_t{1} << (exponent - 1);
    return static_cast<std::int32_t>((std::int64_t{x} + half - (x < 0 && exponent != 0 ? 1 : 0)) >> exponent);
}

/// x times a factor, to the nearest integer.
/// Rounds:  double_rounding: first to 31 bits below the factor's shift, ties up, then by the shift, ties away from zero.
///          single_rounding: once, ties up.
/// Beyond:  saturates; so does x * 2^shift, which double_rounding computes first if the shift is positive. (gemmlowp and
///          TensorFlow Lite leave both undefined.)
/// Source:  gemmlowp and TensorFlow Lite; ruy and TFLITE_SINGLE_ROUNDING.
enum class requantization : unsigned char { double_rounding, single_rounding };
template <requantization Form = requantization::single_rounding>
[[nodiscard]] LOWPREC_INLINE constexpr std::int32_t multiply(std::int32_t x, fixed_factor factor) noexcept {
    const int left = factor.shift > 0 ? factor.shift : 0, right = left - factor.shift;
    if constexpr (Form == requantization::double_rounding) {
        const std::int32_t shifted = detail::saturate_to_32(detail::int128{x} * (std::int64_t{1} << left));
        return rounding_divide_by_power(rounding_doubling_high_multiply(shifted, factor.multiplier), right);
    } else {
        const std::int64_t half = std::int64_t{1} << (30 - factor.shift);
        return detail::saturate_to_32((std::int64_t{x} * factor.multiplier + half) >> (31 - factor.shift));
    }
}

/// The same of a sum of more than 32 bits, by the factor's highest 16 bits: rounded once, ties up.
/// Beyond:  saturates. TensorFlow Lite has it for |x| <= 2^47 and shifts below 8; here any will do.
[[nodiscard]] LOWPREC_INLINE constexpr std::int32_t multiply_wide(std::int64_t x, fixed_factor factor) noexcept {
    const std::int32_t q = factor.multiplier;
    const std::int32_t reduced = q >= 0x7FFF0000 ? 0x7FFF : (q + (1 << 15)) >> 16;
    const int down = 15 - factor.shift;
    const auto product = detail::int128{x} * reduced;
    if (down <= 0) return detail::saturate_to_32(product * (detail::int128{1} << -down));
    return detail::saturate_to_32((product + (detail::int128{1} << (down - 1))) >> down);
}

/// The code of a sum: its product with the factor, plus the zero point, saturated.
template <class Affine, requantization Form = requantization::single_rounding>
[[nodiscard]] LOWPREC_INLINE constexpr typename Affine::code_type requantize(std::int32_t sum, fixed_factor factor,
                                                                             std::int32_t zero_point) noexcept {
    const std::int64_t code = std::int64_t{multiply<Form>(sum, factor)} + zero_point;
    return static_cast<typename Affine::code_type>(code < Affine::lowest    ? Affine::lowest
                                                   : code > Affine::highest ? Affine::highest
                                                                            : code);
}

/// sum (a - za)(w - zw) over k products from what an integer product gives: sum a w, sum a, sum w. The sum of a row of weights
/// never changes, that of the activations once for each row of them; a symmetric side's zero point is 0 and drops its term.
[[nodiscard]] LOWPREC_INLINE constexpr std::int64_t without_zero_points(std::int64_t products, std::int64_t sum_a,
                                                                        std::int64_t sum_w, std::int64_t k,
                                                                        std::int32_t za, std::int32_t zw) noexcept {
    return products - zw * sum_a - za * sum_w + k * za * zw;
}

/// The sum of codes, for without_zero_points.
template <class Code, std::size_t Extent>
[[nodiscard]] LOWPREC_INLINE constexpr std::int64_t sum_of_codes(std::span<const Code, Extent> codes) noexcept {
    std::int64_t sum = 0;
    for (const Code code : codes) sum += code;
    return sum;
}

namespace detail {

/// How many products between `lowest` and `highest` a sum of 32 bits holds, whatever they are.
LOWPREC_INLINE constexpr std::int64_t terms_in_32_bits(std::int64_t lowest, std::int64_t highest) noexcept {
    const std::int64_t end = std::int64_t{1} << 31;
    const std::int64_t up = highest > 0 ? (end - 1) / highest : end, down = lowest < 0 ? end / -lowest : end;
    return up < down ? up : down;
}

}  // namespace detail

/// The longest dot product of codes of A and W that a 32-bit sum holds without overflow.
template <class A, class W>
[[nodiscard]] LOWPREC_INLINE constexpr std::int64_t longest_dot_product() noexcept {
    std::int64_t lowest = 0, highest = 0;
    for (const std::int64_t a : {A::lowest, A::highest})
        for (const std::int64_t w : {W::lowest, W::highest}) {
            if (a * w < lowest) lowest = a * w;
            if (a * w > highest) highest = a * w;
        }
    return detail::terms_in_32_bits(lowest, highest);
}

/// The same of codes whose zero points, whichever they are, are subtracted first.
template <class A, class W>
[[nodiscard]] LOWPREC_INLINE constexpr std::int64_t longest_dot_product_without_zero_points() noexcept {
    const std::int64_t largest = std::int64_t{A::highest - A::lowest} * (W::highest - W::lowest);
    return detail::terms_in_32_bits(-largest, largest);
}

}  // namespace lowprec

#endif
