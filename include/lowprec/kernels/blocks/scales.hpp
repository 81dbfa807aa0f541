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
#include <lowprec/kernels/affine/stored_scales.hpp>
#include <lowprec/kernels/blocks/scalar.hpp>
#include <lowprec/kernels/convert/fma.hpp>
#include <lowprec/kernels/convert/kernel.hpp>
#include <lowprec/kernels/reduce.hpp>
#include <lowprec/quantize_block.hpp>

namespace lowprec::detail {

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
        round_scales<Isa, typename B::scale>(out.values, out.codes, blocks, scalar);
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
        round_scales<Isa, typename B::scale>(out.values, out.codes, blocks, [&](std::size_t i) {
            return exact_scale<B, P.how>(__builtin_bit_cast(std::uint32_t, largest[i]), tensor_scale);
        });
    }
    if constexpr (B::rule != scale_rule::power_of_two) {
        constexpr bool integers = is_int_element_v<element>;
        constexpr float wide = !integers                ? 1.0F
                               : Isa::has(simd::avx512) ? 1.0F / (1 << element::width)
                                                        : static_cast<float>(1 << quotient_fraction<element::width>);
        if constexpr (B::has_tensor_scale) {
            alignas(64) float scaled[piece_blocks];
            const f32<Isa> g(convert<float>(tensor_scale));
            for (std::size_t k = 0; k < piece_blocks; k += lanes<Isa>)
                store_to(scaled + k, load_from<f32<Isa>>(out.values + k) * g);
            invert_scales<Isa>(scaled, piece_blocks, wide, out.multipliers);
        } else {
            invert_scales<Isa>(out.values, piece_blocks, wide, out.multipliers);
        }
    }
    return true;
}

}  // namespace lowprec::detail

#endif
