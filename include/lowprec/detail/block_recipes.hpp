// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 4
//
// How other tools make blocks, bit for bit: the order of their operations in float, by lowprec's own fp32, so that no compiler flag and
// no environment can change a bit. docs/blocks.md has the formulas side by side. Where a tool turns NaN or a number out of range
// into an integer, which C++ leaves open, what happens here is said at the place.
#ifndef LOWPREC_DETAIL_BLOCK_RECIPES_HPP
#define LOWPREC_DETAIL_BLOCK_RECIPES_HPP

#include <lowprec/detail/block_exact.hpp>

namespace lowprec::detail {

LOWPREC_INLINE constexpr fp32 constant(float x) noexcept { return format_from_native(x); }
LOWPREC_INLINE constexpr fp32 largest_float() noexcept { return fp32::from_bits(fp32::largest_code); }

/// x no higher than a limit; NaN stays.
LOWPREC_INLINE constexpr fp32 at_most(fp32 x, fp32 limit) noexcept { return x > limit ? limit : x; }
LOWPREC_INLINE constexpr fp32 clamp_to(fp32 x, fp32 limit) noexcept { return x < -limit ? -limit : at_most(x, limit); }

/// x as an e2m1 code, to nearest even, beyond 6 as 6. -0 has the sign that the tool gives it. NaN is 7 unless the tool makes it 0.
LOWPREC_INLINE constexpr std::uint8_t e2m1_code(fp32 x, bool negative_zero, std::uint8_t nan) noexcept {
    if (isnan(x)) return nan;
    if (x == fp32::from_bits(0)) return signbit(x) && negative_zero ? 8 : 0;
    return convert<float_format<1, 2, 1, 1, special::finite>>(x).bits();
}

/// x as an e4m3 code like PyTorch's cast: NaN past 464.
LOWPREC_INLINE constexpr e4m3 cast_to_e4m3(fp32 x) noexcept {
    return convert<e4m3, policy{.over = overflow::nonfinite, .sign_of_nan = nan_sign::drop}>(x);
}

/// ggml's conversion to UE4M3: half up, the last binade and what rounds into it as 448, NaN as 0.
LOWPREC_INLINE constexpr std::uint8_t ggml_scale_code(fp32 x) noexcept {
    if (!(x > constant(0))) return 0;
    x = at_most(x, constant(448));
    const int field = static_cast<int>(x.bits() >> 23) - 120;
    if (field <= 0) {
        const auto steps =
            convert<std::int32_t, policy{.round = rounding::toward_zero}>(x * constant(512) + constant(0.5F));
        return static_cast<std::uint8_t>(min_of(steps, 7));
    }
    const int code = field * 8 + static_cast<int>((x.bits() >> 20 & 7) + (x.bits() >> 19 & 1));
    return static_cast<std::uint8_t>(code >= 15 * 8 ? 0x7E : code);
}

/// ggml's search through the sixteen codes: the first of the nearest. Twice the element times half the scale, as ggml has it.
LOWPREC_INLINE constexpr std::uint8_t ggml_nearest(fp32 x, fp32 half_scale) noexcept {
    constexpr float twice[] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
    std::uint8_t best = 0;
    fp32 least = abs(constant(0) * half_scale - x);
    for (std::uint8_t code = 1; code < 16; ++code) {
        const fp32 error = abs(constant(twice[code]) * half_scale - x);
        if (error < least) {
            best = code;
            least = error;
        }
    }
    return best;
}

/// floor(log2f(x)) of a positive finite float, with a logarithm that is rounded to the nearest float: for x just below a power
/// of two that is the power's exponent.
LOWPREC_INLINE constexpr int floor_of_rounded_log2(std::uint32_t code) noexcept {
    const auto [significand, exponent] = normalise(code);
    const int above = exponent + 24;  // the exponent of the next power of two
    const int distance = above < 0 ? -above : above;
    const int top = bit_width(static_cast<std::uint32_t>(distance)) - 1;
    // Half the distance of the logarithm's neighbours, in units of 2^-24; halved once more just below a power of two.
    const bool closer = above > 0 && (above & (above - 1)) == 0;
    const int half = above == 0 ? -1 : top - (closer ? 1 : 0);
    // The logarithm of 2^above (1 - j 2^-24) is above - 1.4427 j 2^-24, and 45426 / 65536 is ln 2.
    const std::uint32_t j = 0x1000000 - significand;
    const bool rounds_up = half >= 0 && j * 65536U < (45426U << half) && j < 64;
    return above - (rounds_up ? 0 : 1);
}

/// The scale of numbers of which the largest magnitude is known: tools for float elements.
template <class B, recipe How>
LOWPREC_INLINE constexpr typename B::scale recipe_scale(magnitudes seen, fp32 tensor_scale) noexcept {
    using scale = typename B::scale;
    const fp32 a = fp32::from_bits(seen.largest);
    const fp32 t = tensor_scale;
    if constexpr (How == recipe::compressed_tensors && B::rule == scale_rule::power_of_two) {
        // The exponent of the magnitude rounded to e2m1's mantissa, whatever the element is. From 1.75 * 2^127 on it is infinite.
        if (seen.largest >= fp32_infinity) return nan_scale<B>();
        const int field = static_cast<int>((seen.largest + 0x200000) >> 23);
        const int code = field == 0xFF ? 0xFF : max_of(0, field - largest_exponent<typename B::element>());
        return scale::from_bits(static_cast<std::uint8_t>(code));
    } else if constexpr (How == recipe::ggml && B::rule == scale_rule::power_of_two) {
        // The cast to a byte has no meaning below 2^-125 and for infinity: 00 and FE here.
        if (seen.largest_number == 0) return scale::from_bits(0);
        if (seen.largest_number >= fp32_infinity) return scale::from_bits(0xFE);
        const int code = floor_of_rounded_log2(seen.largest_number) - 2 + 127;
        return scale::from_bits(static_cast<std::uint8_t>(max_of(0, code)));
    } else if constexpr (How == recipe::ggml || How == recipe::llama_cpp) {
        return scale::from_bits(ggml_scale_code(fp32::from_bits(seen.largest_number) / constant(6)));
    } else if constexpr (How == recipe::compressed_tensors) {
        const scale s = cast_to_e4m3(clamp_to(t * (a / constant(6)), constant(448)));
        return s.bits() == 0 ? scale::from_bits(0x20) : s;
    } else if constexpr (How == recipe::transformer_engine) {
        const fp32 folded = t * (constant(1) / constant(6));
        return cast_to_e4m3(clamp_to(at_most(a * folded, largest_float()), constant(448)));
    } else if constexpr (How == recipe::modelopt) {
        const fp32 s = a / (constant(6) * t);
        return cast_to_e4m3(s == constant(0) ? constant(1) : s);
    } else {
        static_assert(How == recipe::torchao);
        const fp32 s = a / constant(6) / t;
        return cast_to_e4m3(s < constant(0x1p-6F) ? constant(0x1p-6F) : at_most(s, constant(448)));
    }
}

/// The codes for that scale.
template <class B, recipe How, class Get>
LOWPREC_INLINE constexpr void recipe_codes(lowprec::block<B>& out, int n, Get get, fp32 tensor_scale) noexcept {
    using element = typename B::element;
    const fp32 t = tensor_scale;
    const fp32 s = convert<fp32>(out.scale);
    constexpr fp32 one = constant(1);
    if constexpr (How == recipe::ggml || How == recipe::llama_cpp) {
        const fp32 half = s * constant(0.5F);
        for (int i = 0; i < n; ++i) out.codes[i] = ggml_nearest(get(i), half);
    } else if constexpr (How == recipe::compressed_tensors && B::rule == scale_rule::power_of_two) {
        const fp32 divisor = isnan(s) ? fp32::from_bits(fp32::infinity_code) : s;
        for (int i = 0; i < n; ++i) {
            const fp32 q = get(i) / divisor;
            if constexpr (element::width == 4)
                out.codes[i] = e2m1_code(q, false, 7);
            else
                out.codes[i] = convert<element, policy{.sign_of_nan = nan_sign::drop}>(q).bits();
        }
    } else if constexpr (How == recipe::compressed_tensors) {
        const fp32 divisor = s / t;
        for (int i = 0; i < n; ++i) out.codes[i] = e2m1_code(get(i) / divisor, false, 7);
    } else if constexpr (How == recipe::transformer_engine) {
        const fp32 factor = at_most(one / (s * (one / t)), largest_float());
        for (int i = 0; i < n; ++i) out.codes[i] = e2m1_code(get(i) * factor, false, 0);
    } else if constexpr (How == recipe::modelopt) {
        const fp32 divisor = s * t;
        for (int i = 0; i < n; ++i) out.codes[i] = e2m1_code(get(i) / divisor, false, 7);
    } else {
        static_assert(How == recipe::torchao);
        const fp32 factor = one / t / s;
        for (int i = 0; i < n; ++i) out.codes[i] = e2m1_code(get(i) * factor, true, 7);
    }
}

/// x as an integer as ggml casts it. NaN and what is out of range have no meaning there: zero, and the nearest end.
template <class Element>
LOWPREC_INLINE constexpr std::uint8_t ggml_integer(fp32 x, rounding r, int subtract = 0) noexcept {
    if (isnan(x)) return Element::encode(0);
    const int n = max_of(-1000, min_of(convert_with<std::int32_t>(x, policy{.round = r}, 0), 1000)) - subtract;
    return Element::encode(max_of(Element::lowest, min_of(n, Element::highest)));
}

/// ggml's reference quantizers of q8_0, q4_0 and q4_1: the codes by the scale before it is stored.
template <class B, class Get>
LOWPREC_INLINE constexpr void ggml_block(lowprec::block<B>& out, int n, Get get) noexcept {
    using element = typename B::element;
    using scale = typename B::scale;
    const auto reciprocal = [](fp32 d) { return d == constant(0) ? constant(0) : constant(1) / d; };
    if constexpr (B::rule == scale_rule::largest) {
        fp32 a = constant(0);
        for (int i = 0; i < n; ++i) {
            const fp32 v = abs(get(i));
            if (!(a > v)) a = v;  // a NaN makes it forget what was before
        }
        const fp32 d = a / constant(static_cast<float>(element::highest)), factor = reciprocal(d);
        out.scale = convert<scale>(d);
        for (int i = 0; i < n; ++i) out.codes[i] = ggml_integer<element>(get(i) * factor, rounding::nearest_away);
    } else if constexpr (B::rule == scale_rule::signed_largest) {
        fp32 a = constant(0), most = constant(0);
        for (int i = 0; i < n; ++i)
            if (a < abs(get(i))) {
                most = get(i);
                a = abs(most);
            }
        const fp32 d = most / constant(static_cast<float>(element::lowest)), factor = reciprocal(d);
        out.scale = convert<scale>(d);
        for (int i = 0; i < n; ++i)
            out.codes[i] = ggml_integer<element>(get(i) * factor + constant(0.5F - static_cast<float>(element::lowest)),
                                                 rounding::toward_zero, -element::lowest);
    } else {
        fp32 low = largest_float(), high = -largest_float();
        for (int i = 0; i < n; ++i) {
            const fp32 v = get(i);
            if (v < low) low = v;
            if (v > high) high = v;
        }
        const fp32 d = (high - low) / constant(static_cast<float>(element::highest)), factor = reciprocal(d);
        out.scale = convert<scale>(d);
        out.minimum = convert<scale>(low);
        for (int i = 0; i < n; ++i)
            out.codes[i] = ggml_integer<element>((get(i) - low) * factor + constant(0.5F), rounding::toward_zero);
    }
}

/// The tool's tensor scale: what blocks are multiplied by, or for TransformerEngine and compressed-tensors what they are divided by.
template <class B, recipe How>
LOWPREC_INLINE constexpr fp32 recipe_tensor_scale(fp32 amax) noexcept {
    constexpr fp32 levels = constant(2688), one = constant(1);
    if constexpr (How == recipe::llama_cpp) {
        return one;
    } else if constexpr (How == recipe::compressed_tensors) {
        constexpr fp32 smallest = fp32::from_bits(fp32::smallest_normal_code);
        const fp32 divisor = levels / (amax < smallest ? smallest : amax);
        return isfinite(divisor) ? divisor : one;
    } else if constexpr (How == recipe::transformer_engine) {
        return amax == constant(0) ? one : at_most(levels / amax, largest_float());
    } else {
        return amax / levels;
    }
}

template <recipe How>
inline constexpr bool divides_by_tensor_scale = How == recipe::transformer_engine || How == recipe::compressed_tensors;

}  // namespace lowprec::detail

#endif
