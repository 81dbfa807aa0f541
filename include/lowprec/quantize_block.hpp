// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// One block: the definition of what every faster path must return. Numbers become a scale and codes, and these become numbers
// again.
#ifndef LOWPREC_QUANTIZE_BLOCK_HPP
#define LOWPREC_QUANTIZE_BLOCK_HPP

#include <lowprec/block_formats.hpp>
#include <lowprec/block_policy.hpp>
#include <lowprec/detail/block_exact.hpp>
#include <lowprec/detail/block_recipes.hpp>
#include <lowprec/detail/fail_argument.hpp>
#include <span>

namespace lowprec {

namespace detail {

struct no_random_bits {
    LOWPREC_INLINE constexpr std::uint64_t operator()(int) const noexcept { return 0; }
};

// For the exact recipe, and where another tool's arithmetic would give no zero, a tensor scale of zero is a mistake.
template <class B>
LOWPREC_INLINE constexpr void check_tensor_scale(std::string_view function, fp32 tensor_scale, bool may_be_zero) {
    const fp32 zero = fp32::from_bits(0);
    if (B::has_tensor_scale &&
        !(isfinite(tensor_scale) && (tensor_scale > zero || (may_be_zero && tensor_scale == zero))))
        fail_argument("lowprec::", function, ": the tensor scale of ", name_of<B>, " must be a ",
                      may_be_zero ? "finite number, not negative" : "positive, finite number");
}
template <block_policy P>
inline constexpr bool tensor_scale_may_be_zero = P.how == recipe::modelopt || P.how == recipe::torchao;

template <class B>
LOWPREC_INLINE constexpr void check_block(std::string_view function, std::size_t count, fp32 tensor_scale,
                                          bool may_be_zero) {
    if (count == 0 || count > B::length)
        fail_argument("lowprec::", function, ": a block of ", name_of<B>, " has 1 to ", B::length,
                      " elements, but there are ", count);
    check_tensor_scale<B>(function, tensor_scale, may_be_zero);
}

template <block_policy P>
inline constexpr bool is_exact = P.how == recipe::exact || is_scale_rule_of_mx(P.how);

/// Whether the scale depends on the largest magnitude alone. Then numbers of several blocks can share it.
template <class B, block_policy P>
inline constexpr bool scale_is_of_the_largest_magnitude =
    is_exact<P> ? B::rule != scale_rule::signed_largest&& B::rule != scale_rule::range
                : is_format_v<typename B::element>;

template <class B, block_policy P>
requires scale_is_of_the_largest_magnitude<B, P> LOWPREC_INLINE constexpr typename B::scale scale_of(
    magnitudes seen, fp32 tensor_scale) noexcept {
    if constexpr (is_exact<P>)
        return exact_scale<B, P.how>(seen.largest, tensor_scale);
    else
        return recipe_scale<B, P.how>(seen, tensor_scale);
}

/// The codes of n numbers get(i) for the scale of the block; the codes after them are those of zero.
template <class B, block_policy P, class Get, class Random = no_random_bits>
requires scale_is_of_the_largest_magnitude<B, P> LOWPREC_INLINE constexpr void codes_of(lowprec::block<B>& out, int n,
                                                                                        Get get, fp32 tensor_scale,
                                                                                        Random random = {}) noexcept {
    for (int i = n; i < B::length; ++i) out.codes[i] = zero_of<typename B::element>(false);
    if constexpr (is_exact<P>)
        exact_codes<B, P>(out, n, get, tensor_scale, random);
    else
        recipe_codes<B, P.how>(out, n, get, tensor_scale);
}

/// One block of n numbers get(i).
template <class B, block_policy P, class Get, class Random = no_random_bits>
LOWPREC_INLINE constexpr lowprec::block<B> quantize_numbers(int n, Get get, fp32 tensor_scale,
                                                            Random random = {}) noexcept {
    lowprec::block<B> out;
    if constexpr (scale_is_of_the_largest_magnitude<B, P>) {
        magnitudes seen;
        for (int i = 0; i < n; ++i) seen.see(get(i));
        out.scale = scale_of<B, P>(seen, tensor_scale);
        codes_of<B, P>(out, n, get, tensor_scale, random);
    } else {
        for (int i = n; i < B::length; ++i) out.codes[i] = zero_of<typename B::element>(false);
        if constexpr (is_exact<P>)
            exact_block<B, P>(out, n, get, tensor_scale, random);
        else
            ggml_block<B>(out, n, get);
    }
    return out;
}

/// The tensor's scale as it multiplies the blocks.
template <class B, block_policy P>
LOWPREC_INLINE constexpr fp32 tensor_scale_of(fp32 amax) noexcept {
    if constexpr (!B::has_tensor_scale) {
        return convert<fp32>(1);
    } else if constexpr (P.how == recipe::exact) {
        if ((amax.bits() & fp32::magnitude_mask) == 0) return convert<fp32>(1);
        constexpr exact levels =
            largest_element<typename B::element>() * exact::of((std::numeric_limits<typename B::scale>::max)());
        const fp32 g = scale_of_quotient<fp32>(exact::of(amax), levels);
        return g.bits() == 0 ? fp32::from_bits(1) : g;
    } else {
        return recipe_tensor_scale<B, P.how>(amax);
    }
}

/// scale * element (* tensor scale or + minimum), rounded once.
template <class B, class Target>
LOWPREC_INLINE constexpr Target element_value(std::uint8_t code, const lowprec::block<B>& from,
                                              fp32 tensor_scale) noexcept {
    using element = typename B::element;
    constexpr Target nan = Target::from_bits(Target::nan_code);
    if (isnan(from.scale)) return nan;
    exact magnitude{0, 0};
    bool negative = false, infinite = false;
    if constexpr (is_format_v<element>) {
        const auto m = element::from_bits(code);
        if (isnan(m)) return nan;
        magnitude = exact::of(m);
        negative = signbit(m) != signbit(from.scale);
        infinite = isinf(m);
        if (infinite && is_zero(from.scale)) return nan;
    } else {
        const int n = element::decode(code);
        magnitude = exact::whole(static_cast<std::uint64_t>(n < 0 ? -n : n));
        magnitude.exponent = element::exponent;
        negative = n != 0 && (n < 0) != signbit(from.scale) && !is_zero(from.scale);
    }
    if (isinf(from.scale)) {
        if (magnitude.significand == 0) return nan;
        infinite = true;
    }
    if constexpr (B::has_minimum) {
        if (isnan(from.minimum)) return nan;
        if (isinf(from.minimum))
            return infinite && negative != signbit(from.minimum) ? nan : convert<Target>(from.minimum);
    }
    if (infinite) return format_sink<Target>::infinite(negative, policy{});
    magnitude = magnitude * multiplier<B>(from.scale, tensor_scale);
    if constexpr (B::has_minimum) {
        if (magnitude.significand == 0) return convert<Target>(from.minimum);
        const exact minimum = exact::of(from.minimum);
        const bool below = signbit(from.minimum);
        if (negative == below) {
            magnitude = magnitude + minimum;
        } else if (magnitude < minimum) {
            magnitude = difference(minimum, magnitude);
            negative = below;
        } else {
            magnitude = difference(magnitude, minimum);
            negative = negative && magnitude.significand != 0;
        }
    }
    return quotient<format_sink<Target>>(magnitude, exact::whole(1), negative);
}

/// Number i of a block.
template <class B, class To>
LOWPREC_INLINE constexpr To block_element(const lowprec::block<B>& from, int i, fp32 tensor_scale) noexcept {
    if constexpr (is_format_v<To>)
        return element_value<B, To>(from.codes[i], from, tensor_scale);
    else
        return convert<To>(element_value<B, format_of<To>>(from.codes[i], from, tensor_scale));
}

template <class To>
concept dequantized = std::is_same_v<To, float> || std::is_same_v<To, bf16> || std::is_same_v<To, fp16>;

}  // namespace detail

/// The block that numbers become.
/// Shapes:  x of 1 to B::length numbers; the codes after them are those of zero.
/// Units:   tensor_scale is what all blocks of a tensor are multiplied by (NVFP4), as `tensor_scale` gives it; other block formats
///          don't read it. For the recipes transformer_engine and compressed_tensors it is what they are divided by, as
///          these tools have it; llama_cpp has none.
/// Rounds:  exact: the scale is the rational that B::rule says, rounded once to nearest even and clamped once to the numbers that
///          B::scale has; each code is the rational x / (scale * tensor_scale), rounded once by P.elements. Recipes: as their tool.
/// Beyond:  exact and the scale rules of MX: NaN or infinity in a block makes its scale NaN, and its codes those of zero. A scale of
///          zero has codes of zero, with the sign of x. Elements saturate. Recipes: docs/blocks.md has the table.
/// Errors:  std::invalid_argument for another number of elements, and for a tensor scale that is not positive and finite (it may
///          be zero for modelopt and torchao, whose scale of a zero tensor is NaN).
/// Source:  docs/blocks.md.
template <block_row B, block_policy P = block_policy{}>
    requires detail::block_quantizer<B, P>
[[nodiscard]] LOWPREC_INLINE constexpr block<B> quantize_block(std::span<const float> x, float tensor_scale = 1) {
    const fp32 g = detail::format_from_native(tensor_scale);
    detail::check_block<B>("quantize_block", x.size(), g, detail::tensor_scale_may_be_zero<P>);
    return detail::quantize_numbers<B, P>(
        static_cast<int>(x.size()), [x](int i) { return detail::format_from_native(x[static_cast<std::size_t>(i)]); },
        g);
}

/// The same with stochastic rounding of the elements. random(i) gives the 64 bits for element i; the highest
/// P.elements.random_bits of them count, as of `stochastic_bits` (kernels/random.hpp).
template <block_row B, block_policy P, class Random>
    requires detail::stochastic_block_quantizer<B, P>
[[nodiscard]] LOWPREC_INLINE constexpr block<B> quantize_block(std::span<const float> x, float tensor_scale,
                                                               Random&& random) {
    const fp32 g = detail::format_from_native(tensor_scale);
    detail::check_block<B>("quantize_block", x.size(), g, detail::tensor_scale_may_be_zero<P>);
    return detail::quantize_numbers<B, P>(
        static_cast<int>(x.size()), [x](int i) { return detail::format_from_native(x[static_cast<std::size_t>(i)]); },
        g, [&random](int i) { return std::uint64_t{random(i)}; });
}

/// The numbers that a block is.
/// Shapes:  out of 1 to B::length elements: float, bf16 or fp16.
/// Rounds:  the exact product (and sum) once, to nearest even.
/// Beyond:  NaN for a scale, minimum or element that is NaN, without its sign. Infinities as in float arithmetic: some recipes store
///          infinite fp16 scales. Past the range: infinity.
/// Errors:  as quantize_block.
template <block_row B, detail::dequantized To>
LOWPREC_INLINE constexpr void dequantize_block(const block<B>& from, std::span<To> out, float tensor_scale = 1) {
    const fp32 g = detail::format_from_native(tensor_scale);
    detail::check_block<B>("dequantize_block", out.size(), g, true);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = detail::block_element<B, To>(from, static_cast<int>(i), g);
}

/// What quantize_block wants for blocks of a tensor with that largest magnitude (NVFP4; 1 for other block formats).
/// Rounds:  exact: amax / (largest element * largest scale), once to nearest even; at least the smallest positive float.
/// Beyond:  1 for 0. Recipes: as their tool, docs/blocks.md.
/// Errors:  std::invalid_argument if amax is negative, NaN or infinite.
template <block_row B, block_policy P = block_policy{}>
    requires detail::block_policy_for<B, P>
[[nodiscard]] LOWPREC_INLINE constexpr float tensor_scale(float amax) {
    const fp32 a = detail::format_from_native(amax);
    if (!isfinite(a) || a < fp32::from_bits(0))
        detail::fail_argument("lowprec::tensor_scale: the largest magnitude must be a finite number, not negative");
    return convert<float>(detail::tensor_scale_of<B, P>(a));
}

/// What dequantize_block wants for blocks that were made with that tensor scale: the same, or for recipes that divide by it its
/// reciprocal, rounded once.
template <block_row B, block_policy P = block_policy{}>
    requires detail::block_policy_for<B, P>
[[nodiscard]] LOWPREC_INLINE constexpr float decoding_scale(float tensor_scale) noexcept {
    if constexpr (B::has_tensor_scale && detail::divides_by_tensor_scale<P.how>)
        return convert<float>(convert<fp32>(1) / detail::format_from_native(tensor_scale));
    return tensor_scale;
}

}  // namespace lowprec

#endif
