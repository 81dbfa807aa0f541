// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Blocks back to numbers in the lanes of any vector machine: the codes of a piece are decoded as bulk conversion decodes them and multiplied
// by their blocks' scales. An element times a scale has at most 19 significant bits, which a float holds; only the tensor scale
// and the minimum round, once.
#ifndef LOWPREC_KERNELS_BLOCKS_DECODE_HPP
#define LOWPREC_KERNELS_BLOCKS_DECODE_HPP

#include <lowprec/kernels/blocks/generic.hpp>

namespace lowprec::detail {

/// Whether lanes can do it. bf16 and fp16 are rounded from floats that are exact, or, with a tensor scale, from floats rounded to
/// odd, for which the product's error must be at hand.
template <class Isa, class B, class To>
constexpr bool dequantizes_in_lanes() noexcept {
    using element = typename B::element;
    if (!Isa::vectors) return false;
    if constexpr (is_format_v<element>)
        if (!has_kernel<element> || B::has_minimum || element::width > 8) return false;
    if constexpr (std::is_same_v<To, float>) return true;
    return !B::has_minimum && (!B::has_tensor_scale || has_fused_multiply_add<Isa>);
}

/// Codes of a piece that lie one a byte, or as a stream of bits.
template <class B>
using codes_of_piece =
    std::conditional_t<is_int_element_v<typename B::element> || is_ggml<B> || B::element::width == 8,
                       std::integral_constant<int, 8>, std::integral_constant<int, B::element::width>>;

/// The scales and minima of a piece.
struct decoded_scales {
    alignas(64) float values[piece_blocks];
    alignas(64) float minima[piece_blocks];
};

/// The decoded elements of 4 registers, before their scale.
template <class Isa, class B>
LOWPREC_INLINE block<Isa> load_elements(const std::byte* codes) noexcept {
    using element = typename B::element;
    if constexpr (is_format_v<element>) {
        using source =
            std::conditional_t<codes_of_piece<B>::value == 8, plain<element>, packed<element, nibble_order::low_first>>;
        return load_block<Isa, source>(codes);
    } else {
        block<Isa> b = load_bytes<Isa>(codes);
        for (u32<Isa>& v : b.v) {
            i32<Isa> n = as<i32<Isa>>(v);
            if constexpr (element::coding == int_coding::twos_complement)
                n = (n << (32 - element::width)) >> (32 - element::width);
            if constexpr (element::coding == int_coding::offset) n = n + i32<Isa>(element::lowest);
            f32<Isa> value = xsimd::to_float(n);
            if constexpr (element::exponent != 0) value = value * f32<Isa>(1.0F / (1 << -element::exponent));
            v = as<u32<Isa>>(value);
        }
        return b;
    }
}

/// x * g, rounded to odd; |x * g| is not below 2^-110 unless it is zero.
template <class Isa>
LOWPREC_INLINE f32<Isa> multiply_to_odd(f32<Isa> x, f32<Isa> g) noexcept {
    const f32<Isa> product = x * g;
    const u32<Isa> bits = as<u32<Isa>>(product), error = as<u32<Isa>>(multiply_add<Isa>(x, g, -product));
    const auto open = (!equal<Isa>(error << 1, 0U)) & equal<Isa>(bits & u32<Isa>(1U), 0U);
    // an even neighbour of the exact product: the odd one is the next toward it
    const auto below = equal<Isa>((bits ^ error) >> 31, 0U);
    return as<f32<Isa>>(choose<Isa>(open, choose<Isa>(below, bits + u32<Isa>(1U), bits - u32<Isa>(1U)), bits));
}

/// The numbers of a piece, as floats, or in To's stead as floats that round to it.
template <class Isa, class B, class To>
LOWPREC_INLINE void scale_elements(const std::byte* codes, std::size_t count, const decoded_scales& scales,
                                   float tensor_scale, std::byte* out) noexcept {
    using element = typename B::element;
    constexpr std::size_t size = block_size<Isa>, width = lanes<Isa>;
    const f32<Isa> g(tensor_scale);
    for (std::size_t n = 0; n < count; n += size) {
        const block<Isa> elements = load_elements<Isa, B>(codes + n * codes_of_piece<B>::value / 8);
        for (std::size_t i = 0; i < 4; ++i) {
            const std::size_t at = (n + i * width) / B::length;
            const f32<Isa> m = as<f32<Isa>>(elements.v[i]);
            f32<Isa> y = m * f32<Isa>(scales.values[at]);
            if constexpr (is_int_element_v<element>) {
                const u32<Isa> bits = as<u32<Isa>>(y);
                const auto zero = equal<Isa>(bits << 1, 0U);
                if constexpr (B::has_minimum) {
                    const f32<Isa> minimum(scales.minima[at]);
                    y = as<f32<Isa>>(choose<Isa>(zero, as<u32<Isa>>(minimum), as<u32<Isa>>(y + minimum)));
                } else {
                    y = as<f32<Isa>>(choose<Isa>(zero, 0U, bits));
                }
            } else if constexpr (element::has_nan) {
                const u32<Isa> bits = as<u32<Isa>>(y);
                const auto nan = greater<Isa>(bits & u32<Isa>(0x7FFFFFFFU), 0x7F800000U);
                y = as<f32<Isa>>(choose<Isa>(nan, 0x7FC00000U, bits));
            }
            if constexpr (B::has_tensor_scale) {
                if constexpr (std::is_same_v<To, float>)
                    y = y * g;
                else
                    y = multiply_to_odd<Isa>(y, g);
            }
            store_to(out + 4 * (n + i * width), y);
        }
    }
}

/// Decodes the scales of blocks from `index` of a row on. False if there is one that lanes don't reckon with.
template <class Isa, class B>
LOWPREC_INLINE bool load_scales(block_span<const B> from, std::size_t row, std::size_t index, std::size_t blocks,
                                decoded_scales& out) noexcept {
    using scale = typename B::scale;
    alignas(64) typename scale::storage_type codes[piece_blocks] = {}, minima[piece_blocks] = {};
    if constexpr (scales_lie_apart<B>) {
        __builtin_memcpy(codes, from.scale_of(row, index), blocks * sizeof codes[0]);
    } else {
        for (std::size_t k = 0; k < blocks; ++k) {
            const std::byte* const at = from.scale_of(row, index + k);
            __builtin_memcpy(&codes[k], at, sizeof codes[0]);
            if constexpr (B::has_minimum) __builtin_memcpy(&minima[k], at + sizeof codes[0], sizeof codes[0]);
        }
    }
    if constexpr (scale::has_infinity) {  // zero times infinity is a NaN with a sign on x86
        bool finite = true;
        for (std::size_t k = 0; k < piece_blocks; ++k)
            finite = finite && (codes[k] & scale::magnitude_mask) < scale::infinity_code &&
                     (minima[k] & scale::magnitude_mask) < scale::infinity_code;
        if (!finite) return false;
    }
    decode_scales<Isa, scale>(codes, out.values);
    if constexpr (scale::has_nan && !scale::has_infinity)
        for (std::size_t k = 0; k < piece_blocks; k += lanes<Isa>) {
            const auto bits = load_from<u32<Isa>>(out.values + k);
            const auto nan = greater<Isa>(bits & u32<Isa>(0x7FFFFFFFU), 0x7F800000U);
            store_to(out.values + k, choose<Isa>(nan, 0x7FC00000U, bits));
        }
    if constexpr (B::has_minimum) decode_scales<Isa, scale>(minima, out.minima);
    return true;
}

/// Collects the codes of interleaved blocks, one a byte.
template <class B>
LOWPREC_INLINE void load_codes(block_span<const B> from, std::size_t row, std::size_t index, std::size_t blocks,
                               std::byte* out) noexcept {
    constexpr std::size_t length = B::length, half = length / 2;
    for (std::size_t k = 0; k < blocks; ++k, out += length) {
        const std::byte* const codes = from.codes_of(row, index + k);
        if constexpr (B::element::width == 4) {
            for (std::size_t i = 0; i < half; i += 4) {
                std::uint32_t pairs;
                __builtin_memcpy(&pairs, codes + i, 4);
                const std::uint32_t low = pairs & 0x0F0F0F0F, high = pairs >> 4 & 0x0F0F0F0F;
                __builtin_memcpy(out + i, &low, 4);
                __builtin_memcpy(out + half + i, &high, 4);
            }
        } else {
            __builtin_memcpy(out, codes, length);
        }
    }
}

/// One piece of whole blocks, written at `out`, which has room for whole blocks of registers. False if lanes can't do it.
template <class Isa, class B, class To>
LOWPREC_INLINE bool dequantize_piece(block_span<const B> from, std::size_t row, std::size_t index, std::size_t blocks,
                                     std::byte* out) noexcept {
    constexpr std::size_t size = block_size<Isa>;
    decoded_scales scales;
    for (std::size_t line = 0; line < blocks * B::code_bytes; line += 64)  // as far ahead as memory takes to answer
        __builtin_prefetch(from.codes_of(row, index) + line + 4096);
    if (!load_scales<Isa, B>(from, row, index, blocks, scales)) return false;
    const std::size_t count = blocks * B::length, padded = (count + size - 1) / size * size;
    constexpr bool in_place = scales_lie_apart<B>;
    alignas(64) std::byte buffer[piece_numbers + size];
    const std::byte* codes = buffer;
    if constexpr (in_place) codes = from.codes_of(row, index);
    if constexpr (!in_place) load_codes<B>(from, row, index, blocks, buffer);
    if (padded != count) {  // nothing is read past the codes
        constexpr std::size_t width = codes_of_piece<B>::value;
        if constexpr (in_place) __builtin_memcpy(buffer, codes, count * width / 8);
        __builtin_memset(buffer + count * width / 8, 0, (padded - count) * width / 8);
        codes = buffer;
    }
    if constexpr (std::is_same_v<To, float>) {
        scale_elements<Isa, B, To>(codes, padded, scales, from.tensor_scale(), out);
    } else {
        alignas(64) float numbers[piece_numbers + size];
        scale_elements<Isa, B, To>(codes, padded, scales, from.tensor_scale(), reinterpret_cast<std::byte*>(numbers));
        convert_piece<Isa, plain<float>, plain<To>>(numbers, out, padded);
    }
    return true;
}

/// A matrix; what isn't whole blocks goes by the scalar definition.
template <class Isa, class B, class To>
[[gnu::noinline]] void dequantize_blocks_in_lanes(block_span<const B> from, To* out) noexcept {
    constexpr std::size_t most = blocks_of_piece<B>, size = block_size<Isa>, room = (piece_numbers + size) * sizeof(To);
    const environment<Isa> guard;
    const std::size_t per_row = from.blocks_per_row(), whole = from.columns() / B::length;
    const auto by_scalar = [&](std::size_t row, std::size_t begin, std::size_t end, std::byte* to) {
        for (std::size_t index = begin; index < end; ++index) to = dequantize_one<Isa, B, To>(from, row, index, to);
    };
    const auto each_piece = [&](auto&& write) {
        for (std::size_t row = 0; row < from.rows(); ++row) {
            for (std::size_t k = 0; k < whole; k += most) write(row, k, whole - k < most ? whole - k : most);
            if (whole < per_row) write(row, whole, 0);
        }
    };
    auto* to = reinterpret_cast<std::byte*>(out);
    if (goes_past_cache<Isa>(from.size() * sizeof(To))) {
        stream_writer<Isa, room> stream(to);
        each_piece([&](std::size_t row, std::size_t index, std::size_t blocks) {
            std::size_t count = blocks * B::length;
            if (blocks == 0) {
                count = static_cast<std::size_t>(from.size_of_block(index));
                by_scalar(row, index, index + 1, stream.room());
            } else if (!dequantize_piece<Isa, B, To>(from, row, index, blocks, stream.room())) {
                by_scalar(row, index, index + blocks, stream.room());
            }
            stream.commit(count * sizeof(To));
        });
        return;
    }
    each_piece([&](std::size_t row, std::size_t index, std::size_t blocks) {
        const std::size_t count = blocks * B::length;
        if (blocks == 0) {
            by_scalar(row, index, index + 1, to);
            to += static_cast<std::size_t>(from.size_of_block(index)) * sizeof(To);
            return;
        }
        bool done = false;
        if (count % size == 0) {
            done = dequantize_piece<Isa, B, To>(from, row, index, blocks, to);
        } else {
            alignas(64) std::byte numbers[room];
            done = dequantize_piece<Isa, B, To>(from, row, index, blocks, numbers);
            if (done) __builtin_memcpy(to, numbers, count * sizeof(To));
        }
        if (!done) by_scalar(row, index, index + blocks, to);
        to += count * sizeof(To);
    });
}

}  // namespace lowprec::detail

#endif
