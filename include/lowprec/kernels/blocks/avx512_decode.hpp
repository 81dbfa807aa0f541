// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// AVX-512: the elements of 64 codes, straight from where the codes lie, 16 in each register.
//
//     4 bits, a stream                 each lane's nibble to its low bits (multishift), then a table of 16 floats
//     4 bits, 32-number blocks         16 bytes to 16 lanes: low nibbles are numbers 0 to 15, high nibbles 16 to 31; the table
//     integers of 8 bits               widened with their signs
//
// The table looks at the four low bits of a lane, whatever stands above them.
#ifndef LOWPREC_KERNELS_BLOCKS_AVX512_DECODE_HPP
#define LOWPREC_KERNELS_BLOCKS_AVX512_DECODE_HPP

#include <lowprec/block_span.hpp>
#include <lowprec/kernels/lanes.hpp>

namespace lowprec::detail {

/// Whether the codes are read by this header: of blocks that begin with their own scale, and of others.
template <class B>
inline constexpr bool has_byte_integers = is_int_element_v<typename B::element>&& B::element::width == 8;
template <class Isa, class B>
constexpr bool reads_interleaved_codes() noexcept {
    return Isa::has(simd::avx512) && !scales_lie_apart<B> && B::blocks_together == 1 && B::length == 32 &&
           (B::element::width == 4 || has_byte_integers<B>);
}
template <class Isa, class B>
constexpr bool reads_stream_of_codes() noexcept {
    return scales_lie_apart<B> && ((has_byte_integers<B> && Isa::has(simd::avx512)) ||
                                   (B::element::width == 4 && Isa::has(simd::avx512 | simd::vbmi)));
}

#if defined(__AVX512F__)

// Without optimisation gcc's intrinsics are macros, and their casts are warned of here.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"

/// The values of a 4-bit element's codes.
template <class E>
struct element_table {
    alignas(64) float values[16]{};
    LOWPREC_INLINE constexpr element_table() noexcept {
        for (int code = 0; code < 16; ++code) {
            if constexpr (is_format_v<E>)
                values[code] = convert<float>(E::from_bits(static_cast<typename E::storage_type>(code)));
            else if constexpr (E::coding == int_coding::offset)
                values[code] = static_cast<float>(code + E::lowest);
            else
                values[code] = static_cast<float>(E::coding == int_coding::plain || code < 8 ? code : code - 16);
        }
    }
};
template <class E>
inline constexpr element_table<E> elements_by_code{};

/// The values of the codes in the lanes' four low bits.
template <class E>
LOWPREC_INLINE __m512i look_up(__m512i lanes_of_codes) noexcept {
    return _mm512_castps_si512(_mm512_permutexvar_ps(lanes_of_codes, _mm512_load_ps(elements_by_code<E>.values)));
}
template <class E>
LOWPREC_INLINE __m512i widen_bytes(const std::byte* from) noexcept {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m512 values = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
    return _mm512_castps_si512(_mm512_mul_ps(values, _mm512_set1_ps(1.0F / (1 << -E::exponent))));
}

/// 64 elements of two blocks; `stride` is from one block's codes to the next one's.
template <class Isa, class B>
LOWPREC_INLINE block<Isa> load_interleaved_elements(const std::byte* codes, std::ptrdiff_t stride) noexcept {
    using element = typename B::element;
    block<Isa> b;
    for (int i = 0; i < 4; i += 2, codes += stride) {
        if constexpr (element::width == 4) {
            const __m512i pairs = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
            b.v[i] = look_up<element>(pairs);
            b.v[i + 1] = look_up<element>(_mm512_srli_epi32(pairs, 4));
        } else {
            b.v[i] = widen_bytes<element>(codes);
            b.v[i + 1] = widen_bytes<element>(codes + 16);
        }
    }
    return b;
}

/// 64 elements of a stream.
template <class Isa, class B>
LOWPREC_INLINE block<Isa> load_elements_of_stream(const std::byte* codes) noexcept {
    using element = typename B::element;
    block<Isa> b;
    for (int i = 0; i < 4; ++i) {
        if constexpr (element::width == 8) {
            b.v[i] = widen_bytes<element>(codes + 16 * i);
        } else {
#if defined(__AVX512VBMI__)
            long long nibbles;
            __builtin_memcpy(&nibbles, codes + 8 * i, 8);
            // for each byte of a lane, from which bit of the eight bytes it comes; three of four don't matter
            const __m512i places = _mm512_setr_epi64(0x04'00000000, 0x0C'00000008, 0x14'00000010, 0x1C'00000018,
                                                     0x24'00000020, 0x2C'00000028, 0x34'00000030, 0x3C'00000038);
            b.v[i] = look_up<element>(_mm512_multishift_epi64_epi8(places, _mm512_set1_epi64(nibbles)));
#endif
        }
    }
    return b;
}

#pragma GCC diagnostic pop

#endif

}  // namespace lowprec::detail

#endif
