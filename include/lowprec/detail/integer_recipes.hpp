// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// How other tools find integer codes and their parameters, bit for bit: the order of their operations in float and double, by
// lowprec's own formats, so that no compiler flag and no environment can change a bit. docs/integers.md has the formulas side by
// side. Where a tool would divide by zero or turn NaN into an integer, what happens here is said at the place.
#ifndef LOWPREC_DETAIL_INTEGER_RECIPES_HPP
#define LOWPREC_DETAIL_INTEGER_RECIPES_HPP

#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/math.hpp>

namespace lowprec {

/// Whose bits integer quantization gives.
enum class integer_recipe : unsigned char {
    exact,               ///< lowprec's own: everything decided on rationals
    onnx,                ///< QuantizeLinear and DynamicQuantizeLinear, by the reference implementation
    pytorch,             ///< ATen's quantize_per_tensor with FBGEMM's choice of parameters
    tflite,              ///< TensorFlow Lite's kernels
    gemmlowp,            ///< gemmlowp's quantization example
    tensorrt,            ///< symmetric, as documented
    compressed_tensors,  ///< compressed-tensors and llm-compressor
    gptq,                ///< GPTQ's quantizer
    awq,                 ///< AutoAWQ's pseudo-quantization
    ggml,                ///< Q8_0 and Q4_0, before their scale is stored
};

namespace detail {

/// The width of the codes and their ends.
struct code_ends {
    int bits, lowest, highest;
    [[nodiscard]] LOWPREC_INLINE constexpr int levels() const noexcept { return highest - lowest; }
};

// Which codes a tool has.
template <integer_recipe R, int Bits, bool Signed, bool Narrow>
concept recipe_has_codes = (R != integer_recipe::ggml || (!Narrow && ((Bits == 8 && Signed) || Bits == 4))) &&
                           (R != integer_recipe::tensorrt || Signed);
// Which have parameters for a range, and for a largest magnitude.
template <integer_recipe R, int Bits, bool Signed, bool Narrow>
concept recipe_has_ranges = recipe_has_codes<R, Bits, Signed, Narrow> &&
                                R != integer_recipe::tensorrt&& R != integer_recipe::ggml &&
                            (R != integer_recipe::onnx || (Bits == 8 && !Signed && !Narrow));
template <integer_recipe R, int Bits, bool Signed, bool Narrow>
concept recipe_has_amax = recipe_has_codes<R, Bits, Signed, Narrow> &&
                          R != integer_recipe::onnx&& R != integer_recipe::pytorch&& R != integer_recipe::gemmlowp;

template <class F>
LOWPREC_INLINE constexpr F number_of(int n) noexcept {
    return convert<F>(n);
}
template <class F>
LOWPREC_INLINE constexpr std::int64_t to_integer(F x, rounding r) noexcept {
    return convert_with<std::int32_t>(x, policy{.round = r}, 0);
}
template <class F>
LOWPREC_INLINE constexpr F clamp_to(F x, int low, int high) noexcept {
    const F a = number_of<F>(low), b = number_of<F>(high);
    return x < a ? a : x > b ? b : x;
}

/// The code of x, which is no NaN, before it saturates. The scale is finite and not zero.
template <integer_recipe R>
LOWPREC_INLINE constexpr std::int64_t code_by_recipe(fp32 x, fp32 scale, std::int32_t zero_point,
                                                     code_ends ends) noexcept {
    constexpr fp32 one = convert<fp32>(1);
    if constexpr (R == integer_recipe::pytorch) {
        // Of a tiny scale the reciprocal is infinite: 0 x infinity counts as 0 here.
        return to_integer(x * (one / scale), rounding::nearest_even) + zero_point;
    } else if constexpr (R == integer_recipe::tflite) {
        return to_integer(x / scale, rounding::nearest_away) + zero_point;
    } else if constexpr (R == integer_recipe::gemmlowp) {
        return to_integer(clamp_to(number_of<fp32>(zero_point) + x / scale, ends.lowest, ends.highest),
                          rounding::nearest_away);
    } else if constexpr (R == integer_recipe::compressed_tensors) {
        return to_integer(clamp_to(x / scale + number_of<fp32>(zero_point), ends.lowest, ends.highest),
                          rounding::nearest_even);
    } else if constexpr (R == integer_recipe::ggml) {
        const fp32 steps = x * (one / scale);
        if (isnan(steps)) return zero_point;  // as for pytorch
        if (ends.bits == 8) return to_integer(steps, rounding::nearest_away) + zero_point;
        const std::int64_t code = to_integer(steps + convert<fp32>(8.5F), rounding::toward_zero);
        return (code < 0 ? 0 : code > 15 ? 15 : code) - 8 + zero_point;
    } else {  // onnx, tensorrt, gptq, awq
        return to_integer(x / scale, rounding::nearest_even) + zero_point;
    }
}

/// The scale for numbers up to amax in magnitude, before it is stored.
template <integer_recipe R>
LOWPREC_INLINE constexpr fp32 amax_by_recipe(fp32 amax, code_ends ends) noexcept {
    constexpr fp32 zero = fp32::from_bits(0), one = convert<fp32>(1);
    constexpr fp32 smallest_normal = fp32::from_bits(fp32::smallest_normal_code);
    const fp32 above_zero = number_of<fp32>((1 << (ends.bits - 1)) - 1), levels = number_of<fp32>(ends.levels());
    if constexpr (R == integer_recipe::ggml)
        if (ends.bits == 4) return amax / number_of<fp32>(-8);
    amax = abs(amax);
    if constexpr (R == integer_recipe::compressed_tensors) {
        const fp32 scale = amax / (levels / number_of<fp32>(2));
        return scale == zero ? convert<fp32>(0x1p-23F) : scale;
    } else if constexpr (R == integer_recipe::gptq) {
        if (amax == zero) amax = one;
        const fp32 scale = (amax + amax) / levels;
        return scale == zero ? smallest_normal : scale;  // GPTQ would divide by it
    } else if constexpr (R == integer_recipe::awq) {
        constexpr fp32 least = convert<fp32>(1e-5F);
        return (amax < least ? least : amax) / above_zero;
    } else if constexpr (R == integer_recipe::tensorrt) {
        if (amax == zero) return one;  // by no document
        const fp32 scale = amax / above_zero;
        return scale == zero ? smallest_normal : scale;
    } else {  // tflite, ggml: a scale of 0 for zeros alone
        return amax / above_zero;
    }
}

struct found_parameters {
    fp32 scale;
    std::int64_t zero_point;
};

/// The zero point from the end of the range that loses less: gemmlowp's derivation, as TFLite and FBGEMM compute it.
LOWPREC_INLINE constexpr std::int64_t nudged_zero_point(fp64 min, fp64 max, fp64 scale, code_ends ends,
                                                        rounding r) noexcept {
    const fp64 low = number_of<fp64>(ends.lowest), high = number_of<fp64>(ends.highest);
    const fp64 from_min = low - min / scale, from_max = high - max / scale;
    const fp64 min_error = abs(low) + abs(min / scale), max_error = abs(high) + abs(max / scale);
    const fp64 chosen = min_error < max_error ? from_min : from_max;
    return to_integer(clamp_to(chosen, ends.lowest, ends.highest), r);
}

/// The parameters for numbers between min and max. The range contains zero except for awq.
template <integer_recipe R>
LOWPREC_INLINE constexpr found_parameters range_by_recipe(fp32 min, fp32 max, code_ends ends) noexcept {
    constexpr fp32 zero = fp32::from_bits(0), one = convert<fp32>(1);
    constexpr fp32 smallest_normal = fp32::from_bits(fp32::smallest_normal_code);
    const fp32 low = number_of<fp32>(ends.lowest), levels = number_of<fp32>(ends.levels());
    // A width that overflows is the largest float.
    const auto width = [&] {
        const fp32 w = max - min;
        return isfinite(w) ? w : fp32::from_bits(fp32::largest_code);
    };
    if constexpr (R == integer_recipe::onnx) {
        fp32 scale = (max == min ? one : width()) / levels;
        if (scale == zero) scale = smallest_normal;  // ONNX would divide by it
        return {scale, to_integer(clamp_to(low - min / scale, ends.lowest, ends.highest), rounding::nearest_even)};
    } else if constexpr (R == integer_recipe::pytorch) {
        constexpr fp32 threshold = convert<fp32>(6.1e-5F);
        fp64 scale = (convert<fp64>(max) - convert<fp64>(min)) / number_of<fp64>(ends.levels());
        const fp32 as_float = convert<fp32>(scale);
        if (as_float == zero || isinf(one / as_float)) scale = convert<fp64>(0.1);
        if (scale < convert<fp64>(threshold)) {
            const fp32 before = convert<fp32>(scale);
            scale = convert<fp64>(threshold);
            if (min == zero) {
                max = threshold * levels;
            } else if (max == zero) {
                min = -(threshold * levels);
            } else {
                min *= threshold / before;
                max *= threshold / before;
            }
        }
        return {convert<fp32>(scale),
                nudged_zero_point(convert<fp64>(min), convert<fp64>(max), scale, ends, rounding::nearest_even)};
    } else if constexpr (R == integer_recipe::tflite) {
        if (min == max) return {zero, 0};
        const fp64 scale = (convert<fp64>(max) - convert<fp64>(min)) / number_of<fp64>(ends.levels());
        return {convert<fp32>(scale),
                nudged_zero_point(convert<fp64>(min), convert<fp64>(max), scale, ends, rounding::nearest_away)};
    } else if constexpr (R == integer_recipe::gemmlowp) {
        if (min == max) return {one, ends.lowest};  // gemmlowp would divide by zero
        fp32 scale = width() / levels;
        if (scale == zero) scale = smallest_normal;  // likewise
        const fp64 from_min = number_of<fp64>(ends.lowest) - convert<fp64>(min) / convert<fp64>(scale);
        return {scale, to_integer(clamp_to(from_min, ends.lowest, ends.highest), rounding::nearest_away)};
    } else if constexpr (R == integer_recipe::compressed_tensors) {
        const fp32 scale = width() / levels;
        // Found before a scale of 0 is replaced; where that is 0 / 0, NaN, the zero point is 0 or the code next to it.
        const fp32 zero_point = low - min / scale;
        return {scale == zero ? convert<fp32>(0x1p-23F) : scale,
                isnan(zero_point)
                    ? 0
                    : to_integer(clamp_to(zero_point, ends.lowest, ends.highest), rounding::nearest_even)};
    } else if constexpr (R == integer_recipe::gptq) {
        if (min == zero && max == zero) {
            min = -one;
            max = one;
        }
        fp32 scale = width() / levels;
        if (scale == zero) scale = smallest_normal;  // GPTQ would divide by it
        return {scale, ends.lowest + to_integer(-min / scale, rounding::nearest_even)};
    } else {
        static_assert(R == integer_recipe::awq);
        constexpr fp32 least = convert<fp32>(1e-5F);
        const fp32 between = width();
        const fp32 scale = (between < least ? least : between) / levels;
        const std::int64_t zero_point = -to_integer(min / scale, rounding::nearest_even);
        return {scale, ends.lowest + (zero_point < 0 ? 0 : zero_point > ends.levels() ? ends.levels() : zero_point)};
    }
}

}  // namespace detail
}  // namespace lowprec

#endif
