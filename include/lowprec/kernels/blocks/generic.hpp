// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Blocks in the lanes of any vector machine. A matrix is quantized in pieces of at most 1024 numbers, which stay in the first-level
// cache meanwhile:
//
//     numbers --> largest magnitudes --> scales and multipliers             scales.hpp
//     numbers x multiplier --> a buffer --> codes                           the kernels of bulk conversion, whatever the format is
//
// Scaling by MX's powers of two is exact. Elsewhere a product may be wrong by some units of its last place; where that is next to a tie
// between two elements, the scalar definition puts the element's own value in its place. Integers are rounded as affine
// codes are (affine/generic.hpp).
#ifndef LOWPREC_KERNELS_BLOCKS_GENERIC_HPP
#define LOWPREC_KERNELS_BLOCKS_GENERIC_HPP

#include <lowprec/block_span.hpp>
#include <lowprec/kernels/affine/generic.hpp>
#include <lowprec/kernels/blocks/avx512.hpp>
#include <lowprec/kernels/blocks/settle.hpp>

namespace lowprec::detail {

template <class E>
inline constexpr bool is_mx_int8 = is_int_element_v<E>&& E::width == 8 && E::exponent < 0;

/// Whether lanes can do it. What is left to the scalar definition: other tools' recipes, tiles, minima, and rounding of quotients
/// that isn't to nearest even.
template <class Isa, class B, block_policy P>
constexpr bool quantizes_in_lanes() noexcept {
    using element = typename B::element;
    constexpr bool nearest = P.elements == policy{};
    if (!Isa::vectors || P.tile != scale_tile::block || !is_exact<P>) return false;
    if constexpr (is_format_v<element>) {
        constexpr bool floats = has_kernel<element> && (P.elements.round != rounding::stochastic ||
                                                        stochastic_in_lanes<rule<binary32, element, P.elements>>);
        if constexpr (B::rule == scale_rule::power_of_two)
            return floats && B::scale::bias == 127 && B::scale::width == 8 && largest_exponent<element>() > 0;
        return floats && nearest && element::width == 4 && element::mantissa_bits == 1 &&
               (B::rule == scale_rule::two_level || B::rule == scale_rule::largest);
    } else {
        if constexpr (B::rule == scale_rule::power_of_two)
            return nearest && is_mx_int8<element> && (P.how == recipe::exact || P.how == recipe::floor);
        return nearest && (B::rule == scale_rule::largest || B::rule == scale_rule::signed_largest);
    }
}

/// The numbers of a piece times its blocks' multipliers.
template <class Isa, class B, block_policy P>
LOWPREC_INLINE void multiply_piece(const std::byte* in, std::size_t blocks, const piece_scales<B>& scales, float* out,
                                   fp32 tensor_scale) noexcept {
    constexpr bool power_of_two = B::rule == scale_rule::power_of_two;
    constexpr bool nothing_lost = P.elements.round == rounding::nearest_even ||
                                  P.elements.round == rounding::nearest_away ||
                                  P.elements.round == rounding::toward_zero || P.elements.round == rounding::stochastic;
    constexpr std::size_t width = lanes<Isa>;
    // looked at together, four blocks at a time, for whether some product is next to a tie
    constexpr std::size_t looked_at = power_of_two ? 1 : 4;
    for (std::size_t first = 0; first < blocks; first += looked_at) {
        const std::size_t end = first + looked_at < blocks ? first + looked_at : blocks;
        lanes_bool<Isa> open = equal<Isa>(u32<Isa>(0U), 1U);
        for (std::size_t k = first; k < end; ++k) {
            const f32<Isa> multiplier(scales.multipliers[k]);
            for (std::size_t i = 0; i < B::length; i += width) {
                const auto x = load_from<f32<Isa>>(in + 4 * (k * B::length + i));
                f32<Isa> y = x * multiplier;
                if constexpr (power_of_two && !nothing_lost) {
                    // what is not zero must not become zero
                    const u32<Isa> bits = as<u32<Isa>>(x), sign = bits & u32<Isa>(0x80000000U);
                    const auto lost = equal<Isa>(as<u32<Isa>>(y) << 1, 0U) & (!equal<Isa>(bits << 1, 0U));
                    y = as<f32<Isa>>(choose<Isa>(lost, sign | u32<Isa>(0x00800000U), as<u32<Isa>>(y)));
                }
                store_to(out + k * B::length + i, y);
                if constexpr (!power_of_two) {
                    // Ties of one bit of mantissa and their neighbours end with 21 equal bits; not where the element is zero
                    // anyway.
                    const u32<Isa> bits = as<u32<Isa>>(y);
                    open = open | (equal<Isa>((bits + u32<Isa>(8U)) & u32<Isa>(0x001FFFF0U), 0U) &
                                   greater<Isa>(bits & u32<Isa>(0x7FFFFFFFU), 0x3E000000U));
                }
            }
        }
        if constexpr (!power_of_two) {
            if (xsimd::any(open)) [[unlikely]]
                for (std::size_t k = first; k < end; ++k)
                    settle_block<Isa, B>(in + 4 * k * B::length, out + k * B::length,
                                         B::scale::from_bits(scales.codes[k]), tensor_scale);
        }
    }
}

/// Codes, one a byte, of integer elements. `numbers` is a multiple of the block's size.
template <class Isa, class B>
LOWPREC_INLINE void round_integers(const std::byte* in, std::size_t numbers, const piece_scales<B>& scales,
                                   fp32 tensor_scale, std::byte* out) noexcept {
    using element = typename B::element;
    using codes = codes_of_integers<element>;
    const affine_narrowing<Isa, codes> narrow({1.0F, zero_of_integers<element>});
    constexpr std::size_t size = block_size<Isa>, width = lanes<Isa>;
    for (std::size_t n = 0; n < numbers; n += size) {
        f32<Isa> x[4], multipliers[4];
        load_numbers<Isa>(x, in + 4 * n);
        const auto block_of = [n](std::size_t i) { return (n + i) / B::length; };
        for (std::size_t i = 0; i < 4; ++i) multipliers[i] = f32<Isa>(scales.multipliers[block_of(i * width)]);
        if constexpr (B::rule == scale_rule::power_of_two) {
            constexpr std::uint32_t magic = 0x4B400000;  // 1.5 * 2^23; products below 2^7 are exact
            i32<Isa> q[4];
            for (int i = 0; i < 4; ++i) {
                const f32<Isa> scaled = x[i] * multipliers[i] * f32<Isa>(static_cast<float>(1 << -element::exponent));
                q[i] = as<i32<Isa>>(scaled + as<f32<Isa>>(u32<Isa>(magic))) - i32<Isa>(static_cast<int>(magic));
            }
            store_to(out + n, narrow(q));
        } else {
            const nearest_quotients<Isa, element::width, false> found(x, multipliers, f32<Isa>(0.0F));
            u8<Isa> result = narrow(found.q);
            if (found.open) [[unlikely]]
                result = found.decide(in + 4 * n, result, [&](int i, fp32 y) {
                    const auto scale = B::scale::from_bits(scales.codes[block_of(static_cast<std::size_t>(i))]);
                    const exact divisor = multiplier<B>(scale, tensor_scale);
                    if (divisor.significand == 0) return zero_of<element>(false);
                    return element_code<element>(y, divisor, signbit(scale), policy{}, 0);
                });
            store_to(out + n, result);
        }
    }
}

/// `blocks` whole blocks that lie one after the other at `in`, at most blocks_of_piece<B>: their codes, as a stream of bits where
/// they lie apart and one a byte otherwise, and their scales. False if lanes can't do it.
template <class Isa, class B, block_policy P>
LOWPREC_INLINE bool quantize_piece(const std::byte* in, std::size_t blocks, fp32 tensor_scale, random_source random,
                                   std::size_t first, piece_scales<B>& scales, std::byte* codes) noexcept {
    using element = typename B::element;
    constexpr std::size_t size = block_size<Isa>;
    if (!find_scales<Isa, B, P>(in, blocks, tensor_scale, scales)) return false;
    const std::size_t count = blocks * B::length, padded = (count + size - 1) / size * size;
    if constexpr (encodes_in_registers<Isa, B, P>()) {
        constexpr std::size_t out_bytes = size / 8 * element_target<B>::bits, in_bytes = 4 * size;
        const encoder_of_piece<Isa, B, P> encode(scales, tensor_scale);
        std::size_t n = 0;
        for (; n + size <= count; n += size, codes += out_bytes) {
            const std::byte* const from = in + 4 * n;
            for (std::size_t line = 0; line < in_bytes; line += 64) __builtin_prefetch(from + line + 8192);
            encode(from, n, codes);
        }
        if (n != count) {
            alignas(64) std::byte numbers[in_bytes] = {};
            __builtin_memcpy(numbers, in + 4 * n, 4 * (count - n));
            encode(numbers, n, codes);
        }
    } else if constexpr (is_format_v<element>) {
        using target = element_target<B>;
        alignas(64) float products[piece_numbers + size];
        for (std::size_t i = count; i < padded; ++i) products[i] = 0;
        multiply_piece<Isa, B, P>(in, blocks, scales, products, tensor_scale);
        convert_piece<Isa, plain<float>, target, P.elements>(products, codes, padded, random, first);
    } else if (count == padded) {
        round_integers<Isa, B>(in, count, scales, tensor_scale, codes);
    } else {
        alignas(64) std::byte numbers[4 * piece_numbers + 4 * size] = {};
        __builtin_memcpy(numbers, in, 4 * count);
        round_integers<Isa, B>(numbers, padded, scales, tensor_scale, codes);
    }
    return true;
}

/// Puts a piece where it belongs, block by block from block `index` of a row on.
template <class B>
LOWPREC_INLINE void place_piece(block_span<B> out, std::size_t row, std::size_t index, std::size_t blocks,
                                const piece_scales<B>& scales, const std::byte* codes) noexcept {
    constexpr std::size_t length = B::length, half = length / 2;
    constexpr std::size_t scale_bytes = sizeof(scales.codes[0]);
    if constexpr (scales_lie_apart<B>) {
        std::byte* const to = out.codes_of(row, index);
        if (to != codes) __builtin_memcpy(to, codes, blocks * static_cast<std::size_t>(B::code_bytes));
        __builtin_memcpy(out.scale_of(row, index), scales.codes, blocks * scale_bytes);
    } else {
        for (std::size_t k = 0; k < blocks; ++k, codes += length) {
            __builtin_memcpy(out.scale_of(row, index + k), &scales.codes[k], scale_bytes);
            std::byte* const to = out.codes_of(row, index + k);
            if constexpr (B::element::width == 4) {
                static_assert(half % 8 == 0);
                for (std::size_t i = 0; i < half; i += 8) {
                    std::uint64_t low, high;
                    __builtin_memcpy(&low, codes + i, 8);
                    __builtin_memcpy(&high, codes + half + i, 8);
                    low |= high << 4;
                    __builtin_memcpy(to + i, &low, 8);
                }
            } else {
                __builtin_memcpy(to, codes, length);
            }
        }
    }
}

/// The matrix as one row, where no row ends within a block or a byte.
template <class B>
LOWPREC_INLINE block_span<B> in_one_row(block_span<B> all) noexcept {
    if (all.columns() % (std::size_t{B::length} * std::size_t{B::blocks_together}) != 0) return all;
    return {known_to_fit{}, all.codes().data(), all.scales().data(), 1, all.size(), all.tensor_scale()};
}

/// Whether the tensor scale is one that lanes reckon with.
template <class B>
LOWPREC_INLINE bool reaches(fp32 tensor_scale) noexcept {
    const std::uint32_t bits = tensor_scale.bits();
    return !B::has_tensor_scale || (bits >= (127U - 100) << 23 && bits <= (127U + 100) << 23);
}

/// The whole blocks of rows of `columns` numbers, in pieces; the rest by the scalar definition.
template <class Isa, class B, block_policy P>
[[gnu::noinline]] void quantize_blocks_in_lanes(const float* in, block_span<B> out, fp32 tensor_scale,
                                                random_source random) noexcept {
    constexpr std::size_t most = blocks_of_piece<B>, size = block_size<Isa>;
    constexpr bool stochastic = P.elements.round == rounding::stochastic;
    const environment<Isa> guard;
    const std::size_t per_row = out.blocks_per_row(), whole = out.columns() / B::length;
    const auto by_scalar = [&](std::size_t row, std::size_t begin, std::size_t end) {
        quantize_row_of_blocks<Isa, B, P>(in + row * out.columns(), out, row, begin, end, tensor_scale, random);
    };
    piece_scales<B> scales;
    alignas(64) std::byte codes[piece_numbers + size];
    for (std::size_t row = 0; row < out.rows(); ++row) {
        const std::size_t first = row * out.columns();
        const bool aligned = !stochastic || (random.first + first) % size == 0;
        std::size_t in_lanes = aligned ? whole : 0;
        // the last block of a row also writes what is left of its four
        if (B::blocks_together > 1 && in_lanes == per_row && in_lanes != 0) --in_lanes;
        for (std::size_t k = 0; k < in_lanes; k += most) {
            const std::size_t blocks = in_lanes - k < most ? in_lanes - k : most;
            const auto* const from = reinterpret_cast<const std::byte*>(in + first + k * B::length);
            // The next piece comes while this one is reckoned with; the processor's own prefetching stops at the end of a page.
            if constexpr (!encodes_in_registers<Isa, B, P>())
                for (std::size_t line = 0; line < 4 * piece_numbers; line += 64)
                    __builtin_prefetch(from + 4 * piece_numbers + line);
            std::byte* to = codes;
            // where they belong, unless more than them is written
            if constexpr (scales_lie_apart<B>)
                if (blocks * B::length % size == 0) to = out.codes_of(row, k);
            if (quantize_piece<Isa, B, P>(from, blocks, tensor_scale, random, first + k * B::length, scales, to))
                place_piece(out, row, k, blocks, scales, to);
            else
                by_scalar(row, k, k + blocks);
        }
        by_scalar(row, in_lanes, per_row);
    }
}

}  // namespace lowprec::detail

#endif
