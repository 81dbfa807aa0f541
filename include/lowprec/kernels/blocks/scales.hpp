// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// The scales of a piece of a matrix, up to 64 blocks that lie one after the other: from the blocks' largest magnitudes, all in
// lanes. MX asks for exponents only:
//
//     code = ((bits of the largest magnitude + step) >> 23) - exponent of the largest element
//
// where step carries into the exponent what the scale rule rounds up. The others divide in float; where the result is so near a tie of
// the scale's format that its rounding could be another one's, and where it is subnormal, the scalar definition decides.
#ifndef LOWPREC_KERNELS_BLOCKS_SCALES_HPP
#define LOWPREC_KERNELS_BLOCKS_SCALES_HPP

#include <lowprec/kernels/affine/generic.hpp>
#include <lowprec/kernels/blocks/scalar.hpp>
#include <lowprec/kernels/convert/fma.hpp>
#include <lowprec/kernels/convert/kernel.hpp>
#include <lowprec/kernels/reduce.hpp>
#include <lowprec/kernels/registers.hpp>
#include <lowprec/quantize_block.hpp>

namespace lowprec::detail {

/// The most blocks that one piece has, and its most numbers.
inline constexpr std::size_t piece_blocks = 64;
inline constexpr std::size_t piece_numbers = 1024;
template <class B>
inline constexpr std::size_t blocks_of_piece =
    piece_numbers / B::length < piece_blocks ? piece_numbers / B::length : piece_blocks;

/// Whether a piece is encoded in registers: elements rounded to nearest even.
template <class Isa, class B, block_policy P>
constexpr bool encodes_in_registers() noexcept {
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
    if (!Isa::has(simd::avx512) || P.elements != policy{} || B::length % 16 != 0) return false;
    if constexpr (is_format_v<typename B::element>)
        return encodes_through_fma<typename B::element>;
    else
        return B::rule != scale_rule::power_of_two && !B::has_tensor_scale;
#else
    return false;
#endif
}

/// What a piece's scales are: as stored, as floats, and the numbers that the elements are multiplied by before they are rounded.
template <class B>
struct piece_scales {
    using scale = typename B::scale;
    alignas(64) typename scale::storage_type codes[piece_blocks];
    alignas(64) float values[piece_blocks];
    alignas(64) float multipliers[piece_blocks];
};

/// The codes of a piece's scales, and their values. In registers: calls of bulk conversion would cost more than they do.
template <class Isa, class Scale>
LOWPREC_INLINE void encode_scales(const float (&values)[piece_blocks],
                                  typename Scale::storage_type (&codes)[piece_blocks]) noexcept {
    for (std::size_t k = 0; k < piece_blocks; k += simd::elements<Scale, Isa>) {
        simd::batches<Scale, Isa> b;
        for (std::size_t i = 0; i < b.size(); ++i) b[i] = load_from<f32<Isa>>(values + k + i * lanes<Isa>);
        simd::store<Scale, policy{}, Isa>(b, reinterpret_cast<Scale*>(codes + k));
    }
}
template <class Isa, class Scale>
LOWPREC_INLINE void decode_scales(const typename Scale::storage_type (&codes)[piece_blocks],
                                  float (&values)[piece_blocks]) noexcept {
    for (std::size_t k = 0; k < piece_blocks; k += simd::elements<Scale, Isa>) {
        const auto b = simd::load<Scale, Isa>(reinterpret_cast<const Scale*>(codes + k));
        for (std::size_t i = 0; i < b.size(); ++i) store_to(values + k + i * lanes<Isa>, b[i]);
    }
}

/// Converts `count` numbers of a piece, a multiple of the block's size.
template <class Isa, class From, class To, policy P = policy{}>
LOWPREC_INLINE void convert_piece(const void* in, void* out, std::size_t count, random_source random = {},
                                  std::size_t first = 0) noexcept {
    using source = typename From::format;
    using target = typename To::format;
    constexpr policy r = rule<source, target, P>;
    constexpr outcomes fate = outcomes_of<source, target>(P);
    convert_blocks<Isa, From, To, r>(static_cast<const std::byte*>(in), static_cast<std::byte*>(out),
                                     count / block_size<Isa>, {P, fate, random}, first);
}

// ---- powers of two -----------------------------------------------------------------------------------------------------

/// The step of the picture above.
template <class B, recipe How>
LOWPREC_INLINE constexpr std::uint32_t exponent_step() noexcept {
    using element = typename B::element;
    if constexpr (How == recipe::ceil) return 0x7FFFFF;
    if constexpr (How == recipe::even) return 1U << (22 - mantissa_bits_of<element>());
    if constexpr (How == recipe::rceil) {
        constexpr exact most = largest_element<element>();
        constexpr auto top = static_cast<std::uint32_t>(most.significand << (24 - bit_width(most.significand)));
        return 0x7FFFFF - (top & 0x7FFFFF);
    }
    return 0;
}

/// False if there is a NaN or an infinity.
template <class Isa, class B, recipe How>
LOWPREC_INLINE bool find_power_of_two_scales(const float* largest, piece_scales<B>& out) noexcept {
    constexpr int last = static_cast<int>(B::scale::largest_code);
    static_assert(B::scale::bias == 127 && B::scale::width == 8);
    bool finite = true;
    for (std::size_t k = 0; k < piece_blocks; k += block_size<Isa>) {
        block<Isa> codes;
        for (int i = 0; i < 4; ++i) {
            const std::size_t at = k + static_cast<std::size_t>(i * lanes<Isa>);
            const auto bits = load_from<i32<Isa>>(largest + at);
            finite = finite && !xsimd::any(bits > i32<Isa>(0x7F7FFFFF));
            const i32<Isa> exponent = ((bits + i32<Isa>(static_cast<int>(exponent_step<B, How>()))) >> 23) -
                                      i32<Isa>(largest_exponent<typename B::element>());
            const i32<Isa> code = (xsimd::min)((xsimd::max)(exponent, i32<Isa>(0)), i32<Isa>(last));
            codes.v[i] = as<u32<Isa>>(code);
            // 2^(127 - code); the last one is subnormal
            const i32<Isa> power = (i32<Isa>(last) - code) << 23;
            store_to(
                out.multipliers + at,
                as<u32<Isa>>(power | as<i32<Isa>>(choose<Isa>(equal<Isa>(codes.v[i], static_cast<std::uint32_t>(last)),
                                                              0x00400000U, u32<Isa>(0U)))));
        }
        store_to(out.codes + k, to_bytes<Isa>(codes));
    }
    return finite;
}

// ---- quotients ---------------------------------------------------------------------------------------------------------

/// Whether a quotient that is wrong by some units of the last place of a float could be rounded to two scales, or to one that
/// conversion doesn't make: below the normal numbers, or where infinity takes the place of the largest. Zero is never open.
template <class Scale>
struct open_scale {
    static constexpr int cut = 23 - Scale::mantissa_bits;
    static constexpr std::uint32_t half = 1U << (cut - 1), margin = 8;
    static constexpr auto smallest = static_cast<std::uint32_t>(127 + Scale::min_exponent) << 23;
    static constexpr std::uint32_t largest =
        Scale::has_infinity ? convert<fp32>(Scale::from_bits(Scale::largest_code)).bits() : fp32_infinity + 1;

    LOWPREC_INLINE static bool test(std::uint32_t quotient) noexcept {
        return ((quotient - half + margin) & ((1U << cut) - 1)) <= 2 * margin ||
               (quotient != 0 && quotient < smallest) || quotient >= largest;
    }
    /// Of the magnitudes of all lanes.
    template <class Isa>
    LOWPREC_INLINE static lanes_bool<Isa> test(u32<Isa> quotient) noexcept {
        const u32<Isa> place = (quotient + u32<Isa>(margin - half)) & u32<Isa>((1U << cut) - 1);
        return greater<Isa>(u32<Isa>(2 * margin + 1), place) | greater<Isa>(quotient, largest - 1) |
               (greater<Isa>(u32<Isa>(smallest), quotient) & greater<Isa>(quotient, 0U));
    }
};

/// The stored scales and their values for quotients in `values`. `exact(i)` is the scalar definition.
template <class Isa, class B, class Exact>
LOWPREC_INLINE void round_scales(piece_scales<B>& out, std::size_t blocks, Exact exact) noexcept {
    using scale = typename B::scale;
    using open = open_scale<scale>;
    bool any = false;
    for (std::size_t k = 0; k < piece_blocks; k += lanes<Isa>)
        any = any || xsimd::any(open::template test<Isa>(load_from<u32<Isa>>(out.values + k) & u32<Isa>(0x7FFFFFFFU)));
    encode_scales<Isa, scale>(out.values, out.codes);
    if (any) {
        for (std::size_t i = 0; i < blocks; ++i)
            if (open::test(__builtin_bit_cast(std::uint32_t, out.values[i]) & 0x7FFFFFFF))
                out.codes[i] = exact(i).bits();
    }
    decode_scales<Isa, scale>(out.codes, out.values);
}

/// Whether all quotients in `values` are finite, and scales that needn't saturate at a number below infinity.
template <class Isa, class B>
LOWPREC_INLINE bool scales_are_in_reach(const piece_scales<B>& scales) noexcept {
    constexpr std::uint32_t most = open_scale<typename B::scale>::largest - 1;
    bool all = true;
    for (std::size_t k = 0; k < piece_blocks; k += lanes<Isa>)
        all = all && !xsimd::any(greater<Isa>(load_from<u32<Isa>>(scales.values + k) & u32<Isa>(0x7FFFFFFFU),
                                              most < 0x7F7FFFFF ? most : 0x7F7FFFFFU));
    return all;
}

/// The scales of `blocks` whole blocks at `in`. False if lanes can't do it: there is a NaN or an infinity, or a number is out
/// of reach. Lives in an environment<Isa>.
template <class Isa, class B, block_policy P>
LOWPREC_INLINE bool find_scales(const std::byte* in, std::size_t blocks, fp32 tensor_scale,
                                piece_scales<B>& out) noexcept {
    using element = typename B::element;
    alignas(64) float largest[piece_blocks] = {};
    const auto scalar = [&](std::size_t block) {
        return quantize_numbers<B, block_policy{}>(
                   B::length, [&](int i) { return number_at(in, block * B::length + static_cast<std::size_t>(i)); },
                   tensor_scale)
            .scale;
    };
    if constexpr (B::rule == scale_rule::signed_largest) {
        alignas(64) extent ends[piece_blocks] = {};
        reduce_blocks<reduction::min_max, Isa>(in, blocks * B::length, B::length, reinterpret_cast<std::byte*>(ends));
        static_assert((-element::lowest & (-element::lowest - 1)) == 0);  // so that the product below is exact
        constexpr float over = -1.0F / static_cast<float>(-element::lowest);
        const auto magnitude = [](float x) { return __builtin_bit_cast(std::uint32_t, x) & 0x7FFFFFFF; };
        for (std::size_t i = blocks; i < piece_blocks; ++i) out.values[i] = 0;
        for (std::size_t i = 0; i < blocks; ++i) {
            const auto low = magnitude(ends[i].min), high = magnitude(ends[i].max);
            out.values[i] = (low | high) == 0 ? 0.0F : (low > high ? ends[i].min : ends[i].max) * over;
        }
        if (!scales_are_in_reach<Isa, B>(out)) return false;
        for (std::size_t i = 0; i < blocks; ++i)  // which came first? no scale that lanes make
            if (magnitude(ends[i].min) == magnitude(ends[i].max) && magnitude(ends[i].max) != 0)
                out.values[i] = 0x1p-149F;
        round_scales<Isa, B>(out, blocks, scalar);
    } else {
        reduce_blocks<reduction::abs_max, Isa>(in, blocks * B::length, B::length,
                                               reinterpret_cast<std::byte*>(largest));
        if constexpr (B::rule == scale_rule::power_of_two) return find_power_of_two_scales<Isa, B, P.how>(largest, out);
        constexpr float most =
            convert<float>(quotient<format_sink<fp32>>(largest_element<element>(), exact::whole(1), false));
        const float factor = 1.0F / (B::has_tensor_scale ? most * convert<float>(tensor_scale) : most);
        for (std::size_t k = 0; k < piece_blocks; k += lanes<Isa>)
            store_to(out.values + k, load_from<f32<Isa>>(largest + k) * f32<Isa>(factor));
        if (!scales_are_in_reach<Isa, B>(out)) return false;
        round_scales<Isa, B>(out, blocks, [&](std::size_t i) {
            return exact_scale<B, P.how>(__builtin_bit_cast(std::uint32_t, largest[i]), tensor_scale);
        });
    }
    if constexpr (B::rule != scale_rule::power_of_two) {
        constexpr bool integers = is_int_element_v<element>;
        constexpr float wide = !integers                ? 1.0F
                               : Isa::has(simd::avx512) ? 1.0F / (1 << element::width)
                                                        : static_cast<float>(1 << quotient_fraction<element::width>);
        const float g = B::has_tensor_scale ? convert<float>(tensor_scale) : 1.0F;
        for (std::size_t k = 0; k < piece_blocks; k += lanes<Isa>) {
            const f32<Isa> scale = load_from<f32<Isa>>(out.values + k) * f32<Isa>(g);
            const auto zero = equal<Isa>(as<u32<Isa>>(scale) << 1, 0U);
            store_to(out.multipliers + k, choose<Isa>(zero, 0U, as<u32<Isa>>(f32<Isa>(wide) / scale)));
        }
    }
    return true;
}

}  // namespace lowprec::detail

#endif
