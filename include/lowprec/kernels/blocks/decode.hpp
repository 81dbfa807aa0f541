// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Blocks back to numbers in the lanes of any vector machine: the codes of a piece are decoded as bulk conversion decodes them and multiplied
// by their blocks' scales. An element times a scale has at most 19 significant bits, which a float holds; only the tensor scale
// and the minimum round, once.
#ifndef LOWPREC_KERNELS_BLOCKS_DECODE_HPP
#define LOWPREC_KERNELS_BLOCKS_DECODE_HPP

#include <lowprec/kernels/blocks/avx512_decode.hpp>
#include <lowprec/kernels/blocks/generic.hpp>

namespace lowprec::detail {

// Without optimisation gcc's intrinsics are macros, and their casts are warned of here.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"

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

/// How many blocks have their scales decoded together: as many as there is room for, of short blocks. With half as many, MX takes a
/// tenth longer in the first-level cache.
template <class B>
inline constexpr std::size_t decoded_together = B::length <= 32 ? piece_blocks : blocks_of_piece<B>;

/// The scales and minima of a piece.
struct decoded_scales {
    alignas(64) float values[piece_blocks];
    alignas(64) float minima[piece_blocks];
};

/// The decoded elements of 4 registers, before their scale.
template <class Isa, class B>
LOWPREC_INLINE block<Isa> load_elements(const std::byte* codes) noexcept {
    using element = typename B::element;
    if constexpr (reads_stream_of_codes<Isa, B>()) {
        return load_elements_of_stream<Isa, B>(codes);
    } else if constexpr (is_format_v<element>) {
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

template <class E>
inline constexpr bool element_has_nan = false;
template <format E>
inline constexpr bool element_has_nan<E> = E::has_nan;

/// All NaN as 7FC00000.
template <class Isa>
LOWPREC_INLINE f32<Isa> with_one_nan(f32<Isa> x) noexcept {
#if defined(__AVX512F__)
    if constexpr (lanes<Isa> == 16)
        return _mm512_mask_mov_ps(x, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q),
                                  _mm512_castsi512_ps(_mm512_set1_epi32(0x7FC00000)));
#endif
    const u32<Isa> bits = as<u32<Isa>>(x);
    return as<f32<Isa>>(choose<Isa>(greater<Isa>(bits & u32<Isa>(0x7FFFFFFFU), 0x7F800000U), 0x7FC00000U, bits));
}

/// Where numbers go that fit into the output whole, as stream_writer's.
struct memory_writer {
    std::byte* to;
    [[nodiscard]] LOWPREC_INLINE std::byte* room() const noexcept { return to; }
    LOWPREC_INLINE void commit(std::size_t bytes) noexcept { to += bytes; }
};

/// A block of registers of floats, stored as numbers of type To.
template <class Isa, class To>
LOWPREC_INLINE void store_numbers(const f32<Isa> (&y)[4], std::byte* out) noexcept {
    if constexpr (std::is_same_v<To, float>) {
        for (std::size_t i = 0; i < 4; ++i) store_to(out + 4 * i * lanes<Isa>, y[i]);
    } else {
        alignas(64) std::byte floats[4 * block_size<Isa>];
        store_numbers<Isa, float>(y, floats);
        convert_piece<Isa, plain<float>, plain<To>>(floats, out, block_size<Isa>);
    }
}

/// The numbers of a block of registers, from number n of a piece on.
template <class Isa, class B, class To>
LOWPREC_INLINE void scale_elements(const block<Isa>& elements, std::size_t n, const decoded_scales& scales,
                                   f32<Isa> tensor_scale, std::byte* out) noexcept {
    using element = typename B::element;
    constexpr std::size_t width = lanes<Isa>;
    f32<Isa> y[4];
    for (std::size_t i = 0; i < 4; ++i) {
        const std::size_t at = (n + i * width) / B::length;
        const f32<Isa> m = as<f32<Isa>>(elements.v[i]), scale(scales.values[at]);
        y[i] = m * scale;
        if constexpr (is_int_element_v<element>) {
            const u32<Isa> bits = as<u32<Isa>>(y[i]);
            const auto zero = equal<Isa>(bits << 1, 0U);
            if constexpr (B::has_minimum) {
                const f32<Isa> minimum(scales.minima[at]);
                y[i] = as<f32<Isa>>(choose<Isa>(zero, as<u32<Isa>>(minimum), as<u32<Isa>>(y[i] + minimum)));
            } else if constexpr (has_fused_multiply_add<Isa>) {
                y[i] = multiply_add<Isa>(m, scale, f32<Isa>(0.0F));  // -0 + 0 is 0
            } else {
                y[i] = as<f32<Isa>>(choose<Isa>(zero, 0U, bits));
            }
        }
    }
    if constexpr (element_has_nan<element>)
        for (f32<Isa>& v : y) v = with_one_nan<Isa>(v);
    if constexpr (B::has_tensor_scale)
        for (f32<Isa>& v : y) v = std::is_same_v<To, float> ? v * tensor_scale : multiply_to_odd<Isa>(v, tensor_scale);
    store_numbers<Isa, To>(y, out);
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
        unsigned largest = 0;
        for (std::size_t k = 0; k < piece_blocks; ++k) {
            const unsigned magnitude = codes[k] & scale::magnitude_mask, other = minima[k] & scale::magnitude_mask;
            largest = magnitude > largest ? magnitude : largest;
            if constexpr (B::has_minimum) largest = other > largest ? other : largest;
        }
        if (largest >= scale::infinity_code) return false;
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
            static_assert(half % 8 == 0);
            for (std::size_t i = 0; i < half; i += 8) {
                constexpr std::uint64_t nibbles = 0x0F0F0F0F'0F0F0F0F;
                std::uint64_t pairs;
                __builtin_memcpy(&pairs, codes + i, 8);
                const std::uint64_t low = pairs & nibbles, high = pairs >> 4 & nibbles;
                __builtin_memcpy(out + i, &low, 8);
                __builtin_memcpy(out + half + i, &high, 8);
            }
        } else {
            __builtin_memcpy(out, codes, length);
        }
    }
}

/// One piece of whole blocks. False if lanes can't do it; then nothing is written.
template <class Isa, class B, class To, class Writer>
LOWPREC_INLINE bool dequantize_piece(block_span<const B> from, std::size_t row, std::size_t index, std::size_t blocks,
                                     Writer& writer) noexcept {
    constexpr std::size_t size = block_size<Isa>;
    decoded_scales scales;
    if (!load_scales<Isa, B>(from, row, index, blocks, scales)) return false;
    const std::size_t count = blocks * B::length;
    const std::byte* const start = from.codes_of(row, index);
    const f32<Isa> g(from.tensor_scale());
    constexpr std::size_t out_bytes = sizeof(To) * size, bytes_of_codes = size * std::size_t{B::code_bytes} / B::length;
    const auto decode = [&](std::size_t n, const block<Isa>& elements, std::byte* out) {
        // as far ahead as memory takes to answer, and not all at once
        __builtin_prefetch(start + n / size * bytes_of_codes + 4096);
        scale_elements<Isa, B, To>(elements, n, scales, g, out);
    };
    alignas(64) std::byte buffer[decoded_together<B> * B::length + size];
    const std::byte* codes = buffer;
    std::size_t n = 0;
    if constexpr (scales_lie_apart<B>) {
        codes = start;
    } else if constexpr (reads_interleaved_codes<Isa, B>()) {
        const std::ptrdiff_t stride = blocks > 1 ? from.codes_of(row, index + 1) - start : 0;
        const std::byte* at = start;
        for (; n + size <= count; n += size, at += 2 * stride) {
            decode(n, load_interleaved_elements<Isa, B>(at, stride), writer.room());
            writer.commit(out_bytes);
        }
        if (n != count) load_codes<B>(from, row, index + blocks - 1, 1, buffer + n);
    } else {
        load_codes<B>(from, row, index, blocks, buffer);
    }
    const auto elements_from = [&codes](std::size_t at) {
        return load_elements<Isa, B>(codes + at * codes_of_piece<B>::value / 8);
    };
    for (; n + size <= count; n += size) {
        decode(n, elements_from(n), writer.room());
        writer.commit(out_bytes);
    }
    if (n != count) {  // nothing is read past the codes
        constexpr std::size_t width = codes_of_piece<B>::value;
        const std::size_t rest = count - n, first = n * width / 8;
        if (codes != buffer) __builtin_memcpy(buffer + first, codes + first, rest * width / 8);
        codes = buffer;
        __builtin_memset(buffer + first + rest * width / 8, 0, (size - rest) * width / 8);
        alignas(64) std::byte numbers[out_bytes];
        decode(n, elements_from(n), numbers);
        __builtin_memcpy(writer.room(), numbers, sizeof(To) * rest);
        writer.commit(sizeof(To) * rest);
    }
    return true;
}

/// A matrix; what isn't whole blocks goes by the scalar definition.
template <class Isa, class B, class To, class Writer>
LOWPREC_INLINE void dequantize_to(block_span<const B> from, Writer& writer) noexcept {
    constexpr std::size_t most = decoded_together<B>;
    const std::size_t per_row = from.blocks_per_row(), whole = from.columns() / B::length;
    const auto by_scalar = [&](std::size_t row, std::size_t begin, std::size_t end) {
        for (; begin < end; ++begin) {
            std::byte* const to = writer.room();
            writer.commit(static_cast<std::size_t>(dequantize_one<Isa, B, To>(from, row, begin, to) - to));
        }
    };
    for (std::size_t row = 0; row < from.rows(); ++row) {
        for (std::size_t k = 0; k < whole; k += most) {
            const std::size_t blocks = whole - k < most ? whole - k : most;
            if (!dequantize_piece<Isa, B, To>(from, row, k, blocks, writer)) by_scalar(row, k, k + blocks);
        }
        by_scalar(row, whole, per_row);
    }
}
template <class Isa, class B, class To>
[[gnu::noinline]] void dequantize_blocks_in_lanes(block_span<const B> from, To* out) noexcept {
    const environment<Isa> guard;
    auto* const to = reinterpret_cast<std::byte*>(out);
    if (goes_past_cache<Isa>(from.size() * sizeof(To))) {
        constexpr std::size_t room = block_size < Isa >> B::length ? block_size<Isa> : B::length;
        stream_writer<Isa, room * sizeof(To)> stream(to);
        dequantize_to<Isa, B, To>(from, stream);
    } else {
        memory_writer memory{to};
        dequantize_to<Isa, B, To>(from, memory);
    }
}

#pragma GCC diagnostic pop

}  // namespace lowprec::detail

#endif
