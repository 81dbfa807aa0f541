// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// A block of codes between one byte each and W bits each, in 64-bit lanes: eight codes of W bits are W bytes.
//
//      ------hh------gg------ff------ee------dd------cc------bb------aa      eight bytes (here W = 2)
//      ------------hhgg------------ffee------------ddcc------------bbaa      every second one moved down by 8 - W
//      ------------------------hhggffee------------------------ddccbbaa      then pairs, then fours
//      ------------------------------------------------hhggffeeddccbbaa      then the lanes are put side by side
//
// One body serves every width below 8.
#ifndef LOWPREC_KERNELS_CONVERT_PACKING_HPP
#define LOWPREC_KERNELS_CONVERT_PACKING_HPP

#include <lowprec/kernels/lanes.hpp>
#include <lowprec/packing.hpp>

namespace lowprec::detail {

template <class Isa>
inline constexpr int wide_lanes = lanes<Isa> / 2;

template <class Isa>
LOWPREC_INLINE u64<Isa> swap_nibbles_of(u64<Isa> x) noexcept {
    const u64<Isa> low(std::uint64_t{0x0F0F0F0F'0F0F0F0F});
    return ((x & low) << 4) | ((x >> 4) & low);
}

/// Lanes of eight bytes to lanes of 8 W bits.
template <class Isa, int W, nibble_order Order>
LOWPREC_INLINE u64<Isa> squeeze(u64<Isa> x) noexcept {
    const auto step = [](u64<Isa> y, std::uint64_t low, int down) {
        return (y & u64<Isa>(low)) | ((y & u64<Isa>(~low)) >> down);
    };
    x = step(x, 0x00FF00FF'00FF00FF, 8 - W);
    x = step(x, 0x0000FFFF'0000FFFF, 16 - 2 * W);
    x = step(x, 0x00000000'FFFFFFFF, 32 - 4 * W);
    return Order == nibble_order::high_first ? swap_nibbles_of<Isa>(x) : x;
}

/// And back.
template <class Isa, int W, nibble_order Order>
LOWPREC_INLINE u64<Isa> spread(u64<Isa> x) noexcept {
    if constexpr (Order == nibble_order::high_first) x = swap_nibbles_of<Isa>(x);
    const auto step = [](u64<Isa> y, std::uint64_t unit, int bits, int up) {
        const std::uint64_t low = unit * ones<std::uint64_t>(bits);
        return (y & u64<Isa>(low)) | ((y & u64<Isa>(low << bits)) << up);
    };
    x = step(x, 1, 4 * W, 32 - 4 * W);
    x = step(x, 0x00000001'00000001, 2 * W, 16 - 2 * W);
    return step(x, 0x00010001'00010001, W, 8 - W);
}

// What x86 does faster for widths in use: neighbours joined by multiply-adds, then moved together.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#if defined(__AVX512BW__)
template <int W, nibble_order Order>
LOWPREC_INLINE void pack_register(std::byte* to, __m512i codes) noexcept {
    if constexpr (W == 4) {
        constexpr int first = Order == nibble_order::low_first ? 1 | 16 << 8 : 16 | 1 << 8;
        const __m512i pairs = _mm512_maddubs_epi16(codes, _mm512_set1_epi16(first));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi16_epi8(pairs));
    } else {
        static_assert(W == 6);
        const __m512i pairs = _mm512_maddubs_epi16(codes, _mm512_set1_epi16(1 | 64 << 8));
        const __m512i fours = _mm512_madd_epi16(pairs, _mm512_set1_epi32(1 | 4096 << 16));
        const __m512i near = _mm512_shuffle_epi8(
            fours, _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1)));
        const __m512i together =
            _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15), near);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_castsi512_si256(together));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 32), _mm512_extracti32x4_epi32(together, 2));
    }
}
template <nibble_order Order>
LOWPREC_INLINE __m512i unpack_nibbles_512(const std::byte* from) noexcept {
    const __m512i both = _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
    const __m512i apart = Order == nibble_order::low_first
                              ? _mm512_or_si512(both, _mm512_slli_epi16(both, 4))
                              : _mm512_or_si512(_mm512_srli_epi16(both, 4), _mm512_slli_epi16(both, 8));
    return _mm512_and_si512(apart, _mm512_set1_epi8(0xF));
}
#endif
#if defined(__AVX2__)
template <int W, nibble_order Order>
LOWPREC_INLINE void pack_register(std::byte* to, __m256i codes) noexcept {
    auto* const out = reinterpret_cast<__m128i*>(to);
    if constexpr (W == 4) {
        constexpr int first = Order == nibble_order::low_first ? 1 | 16 << 8 : 16 | 1 << 8;
        const __m256i pairs = _mm256_maddubs_epi16(codes, _mm256_set1_epi16(first));
        _mm_storeu_si128(out, _mm_packus_epi16(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1)));
    } else {
        static_assert(W == 6);
        const __m256i pairs = _mm256_maddubs_epi16(codes, _mm256_set1_epi16(1 | 64 << 8));
        const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(1 | 4096 << 16));
        const __m128i three = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
        const __m256i near = _mm256_shuffle_epi8(fours, _mm256_broadcastsi128_si256(three));
        const __m128i low = _mm256_castsi256_si128(near), high = _mm256_extracti128_si256(near, 1);
        _mm_storeu_si128(out, _mm_or_si128(low, _mm_slli_si128(high, 12)));
        _mm_storel_epi64(out + 1, _mm_srli_si128(high, 4));
    }
}
/// Three bytes to the four codes of 6 bits in them, one a byte.
LOWPREC_INLINE __m256i unpack_sixes_256(const std::byte* from) noexcept {
    const auto* const in = reinterpret_cast<const __m128i*>(from);
    const auto* const last = reinterpret_cast<const __m128i*>(from + 8);  // no byte past the 24th
    const __m256i bytes = _mm256_set_m128i(_mm_loadu_si128(last), _mm_loadu_si128(in));
    const __m256i threes =
        _mm256_shuffle_epi8(bytes, _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1,  //
                                                    4, 5, 6, -1, 7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15, -1));
    const auto code = [&](int i) {
        return _mm256_and_si256(_mm256_slli_epi32(threes, 2 * i), _mm256_set1_epi32(0x3F << (8 * i)));
    };
    return _mm256_or_si256(_mm256_or_si256(code(0), code(1)), _mm256_or_si256(code(2), code(3)));
}
template <nibble_order Order>
LOWPREC_INLINE __m256i unpack_nibbles_256(const std::byte* from) noexcept {
    const __m256i both = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    const __m256i apart = Order == nibble_order::low_first
                              ? _mm256_or_si256(both, _mm256_slli_epi16(both, 4))
                              : _mm256_or_si256(_mm256_srli_epi16(both, 4), _mm256_slli_epi16(both, 8));
    return _mm256_and_si256(apart, _mm256_set1_epi8(0xF));
}
#endif
#pragma GCC diagnostic pop

/// The codes of a block, one in each byte, to W / 8 of their bytes.
template <class Isa, int W, nibble_order Order>
LOWPREC_INLINE void pack_block(std::byte* to, u8<Isa> codes) noexcept {
#if defined(__AVX512BW__)
    if constexpr (lanes<Isa> == 16 && (W == 4 || W == 6))
        return pack_register<W, Order>(to, static_cast<__m512i>(codes));
#endif
#if defined(__AVX2__)
    if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2) && (W == 4 || W == 6))
        return pack_register<W, Order>(to, static_cast<__m256i>(codes));
#endif
    const u64<Isa> squeezed = squeeze<Isa, W, Order>(as<u64<Isa>>(codes));
    std::uint64_t words[wide_lanes<Isa>];
    store_to(words, squeezed);
    // each store but the last is overwritten after its first W bytes
    for (int k = 0; k < wide_lanes<Isa>; ++k) {
        const int room = (wide_lanes<Isa> - k) * W;
        __builtin_memcpy(to + k * W, &words[k], static_cast<std::size_t>(room < 8 ? room : 8));
    }
}

template <class Isa, int W, nibble_order Order>
LOWPREC_INLINE u8<Isa> unpack_block(const std::byte* from) noexcept {
#if defined(__AVX512BW__)
    if constexpr (lanes<Isa> == 16 && W == 4) return u8<Isa>(unpack_nibbles_512<Order>(from));
#endif
#if defined(__AVX2__)
    if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2) && W == 4) return u8<Isa>(unpack_nibbles_256<Order>(from));
    if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2) && W == 6) return u8<Isa>(unpack_sixes_256(from));
#endif
    std::uint64_t words[wide_lanes<Isa>] = {};
    for (int k = 0; k < wide_lanes<Isa>; ++k) {
        const int room = (wide_lanes<Isa> - k) * W;
        __builtin_memcpy(&words[k], from + k * W, static_cast<std::size_t>(room < 8 ? room : 8));
    }
    return as<u8<Isa>>(spread<Isa, W, Order>(load_from<u64<Isa>>(words)));
}

}  // namespace lowprec::detail

#endif
