// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// What xsimd's public interface lacks: moving between lanes of different widths, shifting every lane by its own amount, and
// the whole product of two lanes. A block is four registers of 32-bit lanes; its bytes fill one register, its 16-bit words two.
#ifndef LOWPREC_KERNELS_LANES_HPP
#define LOWPREC_KERNELS_LANES_HPP

#include <lowprec/kernels/arch.hpp>

namespace lowprec::detail {

/// A choice between lanes. (xsimd 8.1's select of integers does not compile with AVX-512 and gcc -O0.)
template <class Isa>
LOWPREC_INLINE i32<Isa> pick(xsimd::batch_bool<std::int32_t, typename Isa::arch> which, i32<Isa> yes,
                             i32<Isa> no) noexcept {
#if defined(__AVX512F__)
    if constexpr (lanes<Isa> == 16)
        return i32<Isa>(_mm512_mask_blend_epi32(static_cast<__mmask16>(which), no, yes));
    else
#endif
        return xsimd::select(which, yes, no);
}

/// The four registers of a block, in the order of the elements.
template <class Isa>
struct block {
    u32<Isa> v[4];
};

/// The block whose elements are the bytes (words, double words) at `from`.
template <class Isa>
LOWPREC_INLINE block<Isa> load_bytes(const std::byte* from) noexcept {
    block<Isa> b;
#if defined(__SSE2__)
    if constexpr (lanes<Isa> == 16) {
#if defined(__AVX512F__)
        for (int i = 0; i < 4; ++i)
            b.v[i] = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 16 * i)));
#endif
    } else if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
#if defined(__AVX2__)
        for (int i = 0; i < 4; ++i)
            b.v[i] = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from + 8 * i)));
#endif
    } else if constexpr (lanes<Isa> == 4) {
        const __m128i zero = _mm_setzero_si128();
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        const __m128i low = _mm_unpacklo_epi8(bytes, zero), high = _mm_unpackhi_epi8(bytes, zero);
        b.v[0] = _mm_unpacklo_epi16(low, zero);
        b.v[1] = _mm_unpackhi_epi16(low, zero);
        b.v[2] = _mm_unpacklo_epi16(high, zero);
        b.v[3] = _mm_unpackhi_epi16(high, zero);
    } else
#elif defined(__aarch64__)
    if constexpr (lanes<Isa> == 4) {
        uint8x16_t bytes;
        __builtin_memcpy(&bytes, from, sizeof bytes);
        const uint16x8_t low = vmovl_u8(vget_low_u8(bytes)), high = vmovl_u8(vget_high_u8(bytes));
        b.v[0] = vmovl_u16(vget_low_u16(low));
        b.v[1] = vmovl_u16(vget_high_u16(low));
        b.v[2] = vmovl_u16(vget_low_u16(high));
        b.v[3] = vmovl_u16(vget_high_u16(high));
    } else
#endif
    {
        std::uint32_t wide[block_size<Isa>];
        for (int i = 0; i < block_size<Isa>; ++i) wide[i] = std::to_integer<std::uint32_t>(from[i]);
        for (int i = 0; i < 4; ++i) b.v[i] = load_from<u32<Isa>>(wide + i * lanes<Isa>);
    }
    return b;
}

template <class Isa>
LOWPREC_INLINE block<Isa> load_words(const std::byte* from) noexcept {
    block<Isa> b;
#if defined(__SSE2__)
    if constexpr (lanes<Isa> == 16) {
#if defined(__AVX512F__)
        for (int i = 0; i < 4; ++i)
            b.v[i] = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + 32 * i)));
#endif
    } else if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
#if defined(__AVX2__)
        for (int i = 0; i < 4; ++i)
            b.v[i] = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 16 * i)));
#endif
    } else if constexpr (lanes<Isa> == 4) {
        const __m128i zero = _mm_setzero_si128();
        for (int i = 0; i < 2; ++i) {
            const __m128i words = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 16 * i));
            b.v[2 * i] = _mm_unpacklo_epi16(words, zero);
            b.v[2 * i + 1] = _mm_unpackhi_epi16(words, zero);
        }
    } else
#elif defined(__aarch64__)
    if constexpr (lanes<Isa> == 4) {
        for (int i = 0; i < 2; ++i) {
            uint16x8_t words;
            __builtin_memcpy(&words, from + 16 * i, sizeof words);
            b.v[2 * i] = vmovl_u16(vget_low_u16(words));
            b.v[2 * i + 1] = vmovl_u16(vget_high_u16(words));
        }
    } else
#endif
    {
        std::uint32_t wide[block_size<Isa>];
        for (int i = 0; i < block_size<Isa>; ++i) {
            std::uint16_t word;
            __builtin_memcpy(&word, from + 2 * i, 2);
            wide[i] = word;
        }
        for (int i = 0; i < 4; ++i) b.v[i] = load_from<u32<Isa>>(wide + i * lanes<Isa>);
    }
    return b;
}

template <class Isa>
LOWPREC_INLINE block<Isa> load_dwords(const std::byte* from) noexcept {
    block<Isa> b;
    for (int i = 0; i < 4; ++i) b.v[i] = load_from<u32<Isa>>(from + i * 4 * lanes<Isa>);
    return b;
}

/// The low bytes of a block whose elements are below 256.
template <class Isa>
LOWPREC_INLINE u8<Isa> to_bytes(const block<Isa>& b) noexcept {
#if defined(__SSE2__)
    if constexpr (lanes<Isa> == 16) {
#if defined(__AVX512F__)
        const __m512i low = _mm512_packs_epi32(b.v[0], b.v[1]), high = _mm512_packs_epi32(b.v[2], b.v[3]);
        const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        return u8<Isa>(_mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high)));
#endif
    } else if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
#if defined(__AVX2__)
        const __m256i low = _mm256_packs_epi32(b.v[0], b.v[1]), high = _mm256_packs_epi32(b.v[2], b.v[3]);
        const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        return u8<Isa>(_mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order));
#endif
    } else if constexpr (lanes<Isa> == 4) {
        return u8<Isa>(_mm_packus_epi16(_mm_packs_epi32(b.v[0], b.v[1]), _mm_packs_epi32(b.v[2], b.v[3])));
    } else
#elif defined(__aarch64__)
    if constexpr (lanes<Isa> == 4) {
        const uint16x8_t low = vcombine_u16(vmovn_u32(b.v[0]), vmovn_u32(b.v[1]));
        const uint16x8_t high = vcombine_u16(vmovn_u32(b.v[2]), vmovn_u32(b.v[3]));
        return u8<Isa>(vcombine_u8(vmovn_u16(low), vmovn_u16(high)));
    } else
#endif
    {
        std::uint32_t wide[block_size<Isa>];
        std::uint8_t narrow[block_size<Isa>];
        for (int i = 0; i < 4; ++i) store_to(wide + i * lanes<Isa>, b.v[i]);
        for (int i = 0; i < block_size<Isa>; ++i) narrow[i] = static_cast<std::uint8_t>(wide[i]);
        return load_from<u8<Isa>>(narrow);
    }
}

/// Stores the elements of a block, all below 65536, as 16-bit words.
template <class Isa>
LOWPREC_INLINE void store_words(std::byte* to, const block<Isa>& b) noexcept {
#if defined(__SSE2__)
    if constexpr (lanes<Isa> == 16) {
#if defined(__AVX512F__)
        for (int i = 0; i < 2; ++i) {
            const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
            const __m512i words = _mm512_packus_epi32(b.v[2 * i], b.v[2 * i + 1]);
            _mm512_storeu_si512(to + 64 * i, _mm512_permutexvar_epi64(order, words));
        }
#endif
    } else if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
#if defined(__AVX2__)
        for (int i = 0; i < 2; ++i) {
            const __m256i words = _mm256_packus_epi32(b.v[2 * i], b.v[2 * i + 1]);
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 32 * i), _mm256_permute4x64_epi64(words, 0xD8));
        }
#endif
    } else if constexpr (lanes<Isa> == 4) {
        // SSE2 packs signed numbers only
        const auto sign_extended = [](__m128i x) { return _mm_srai_epi32(_mm_slli_epi32(x, 16), 16); };
        for (int i = 0; i < 2; ++i)
            _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16 * i),
                             _mm_packs_epi32(sign_extended(b.v[2 * i]), sign_extended(b.v[2 * i + 1])));
    } else
#elif defined(__aarch64__)
    if constexpr (lanes<Isa> == 4) {
        for (int i = 0; i < 2; ++i) {
            const uint16x8_t words = vcombine_u16(vmovn_u32(b.v[2 * i]), vmovn_u32(b.v[2 * i + 1]));
            __builtin_memcpy(to + 16 * i, &words, sizeof words);
        }
    } else
#endif
    {
        std::uint32_t wide[block_size<Isa>];
        for (int i = 0; i < 4; ++i) store_to(wide + i * lanes<Isa>, b.v[i]);
        for (int i = 0; i < block_size<Isa>; ++i) {
            const auto word = static_cast<std::uint16_t>(wide[i]);
            __builtin_memcpy(to + 2 * i, &word, 2);
        }
    }
}

template <class Isa>
LOWPREC_INLINE void store_dwords(std::byte* to, const block<Isa>& b) noexcept {
    for (int i = 0; i < 4; ++i) store_to(to + i * 4 * lanes<Isa>, b.v[i]);
}

/// Two registers of 64-bit lanes with the elements of one of 32-bit lanes, in order.
template <class Isa>
struct wide_pair {
    u64<Isa> v[2];
};
template <class Isa>
LOWPREC_INLINE wide_pair<Isa> widen(u32<Isa> x) noexcept {
#if defined(__SSE2__)
    if constexpr (lanes<Isa> == 16) {
#if defined(__AVX512F__)
        return {
            {_mm512_cvtepu32_epi64(_mm512_castsi512_si256(x)), _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(x, 1))}};
#endif
    } else if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
#if defined(__AVX2__)
        return {
            {_mm256_cvtepu32_epi64(_mm256_castsi256_si128(x)), _mm256_cvtepu32_epi64(_mm256_extracti128_si256(x, 1))}};
#endif
    } else if constexpr (lanes<Isa> == 4) {
        return {{_mm_unpacklo_epi32(x, _mm_setzero_si128()), _mm_unpackhi_epi32(x, _mm_setzero_si128())}};
    } else
#elif defined(__aarch64__)
    if constexpr (lanes<Isa> == 4) {
        return {{vmovl_u32(vget_low_u32(x)), vmovl_u32(vget_high_u32(x))}};
    } else
#endif
    {
        std::uint32_t narrow[lanes<Isa>];
        std::uint64_t wide[lanes<Isa>];
        store_to(narrow, x);
        for (int i = 0; i < lanes<Isa>; ++i) wide[i] = narrow[i];
        return {{load_from<u64<Isa>>(wide), load_from<u64<Isa>>(wide + lanes<Isa> / 2)}};
    }
}

/// The low halves of the lanes of a pair.
template <class Isa>
LOWPREC_INLINE u32<Isa> narrow(const wide_pair<Isa>& x) noexcept {
#if defined(__SSE2__)
    if constexpr (lanes<Isa> == 16) {
#if defined(__AVX512F__)
        return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(x.v[0])), _mm512_cvtepi64_epi32(x.v[1]),
                                  1);
#endif
    } else if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
#if defined(__AVX2__)
        const __m256 low = _mm256_castsi256_ps(x.v[0]), high = _mm256_castsi256_ps(x.v[1]);
        return _mm256_permute4x64_epi64(_mm256_castps_si256(_mm256_shuffle_ps(low, high, 0x88)), 0xD8);
#endif
    } else if constexpr (lanes<Isa> == 4) {
        return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(x.v[0]), _mm_castsi128_ps(x.v[1]), 0x88));
    } else
#elif defined(__aarch64__)
    if constexpr (lanes<Isa> == 4) {
        return vcombine_u32(vmovn_u64(x.v[0]), vmovn_u64(x.v[1]));
    } else
#endif
    {
        std::uint32_t low[lanes<Isa>];
        std::uint64_t wide[lanes<Isa>];
        store_to(wide, x.v[0]);
        store_to(wide + lanes<Isa> / 2, x.v[1]);
        for (int i = 0; i < lanes<Isa>; ++i) low[i] = static_cast<std::uint32_t>(wide[i]);
        return load_from<u32<Isa>>(low);
    }
}

/// The whole products of 32-bit lanes.
template <class Isa>
struct product {
    u32<Isa> high, low;
};
template <class Isa>
LOWPREC_INLINE product<Isa> multiply_wide(u32<Isa> a, u32<Isa> b) noexcept {
#if defined(__SSE2__)
    if constexpr (lanes<Isa> == 16) {
#if defined(__AVX512F__)
        const __m512i even = _mm512_mul_epu32(a, b);
        const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), _mm512_srli_epi64(b, 32));
        return {_mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd),
                _mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32))};
#endif
    } else if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
#if defined(__AVX2__)
        const __m256i even = _mm256_mul_epu32(a, b);
        const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32));
        return {_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA),
                _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA)};
#endif
    } else if constexpr (lanes<Isa> == 4) {
        const __m128i even = _mm_mul_epu32(a, b);
        const __m128i odd = _mm_mul_epu32(_mm_srli_epi64(a, 32), _mm_srli_epi64(b, 32));
        const __m128i low = _mm_set1_epi64x(0xFFFFFFFF);
        return {_mm_or_si128(_mm_srli_epi64(even, 32), _mm_andnot_si128(low, odd)),
                _mm_or_si128(_mm_and_si128(even, low), _mm_slli_epi64(odd, 32))};
    } else
#elif defined(__aarch64__)
    if constexpr (lanes<Isa> == 4) {
        const uint32x4_t low = vreinterpretq_u32_u64(vmull_u32(vget_low_u32(a), vget_low_u32(b)));
        const uint32x4_t high = vreinterpretq_u32_u64(vmull_high_u32(a, b));
        return {vuzp2q_u32(low, high), vuzp1q_u32(low, high)};
    } else
#endif
    {
        std::uint32_t x[lanes<Isa>], y[lanes<Isa>];
        store_to(x, a);
        store_to(y, b);
        for (int i = 0; i < lanes<Isa>; ++i) {
            const std::uint64_t whole = std::uint64_t{x[i]} * y[i];
            x[i] = static_cast<std::uint32_t>(whole >> 32);
            y[i] = static_cast<std::uint32_t>(whole);
        }
        return {load_from<u32<Isa>>(x), load_from<u32<Isa>>(y)};
    }
}

/// The products of the low halves of 64-bit lanes.
template <class Isa>
LOWPREC_INLINE u64<Isa> multiply_low_halves(u64<Isa> a, u64<Isa> b) noexcept {
#if defined(__SSE2__)
    if constexpr (lanes<Isa> == 16) {
#if defined(__AVX512F__)
        return _mm512_mul_epu32(a, b);
#endif
    } else if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
#if defined(__AVX2__)
        return _mm256_mul_epu32(a, b);
#endif
    } else if constexpr (lanes<Isa> == 4) {
        return _mm_mul_epu32(a, b);
    } else
#elif defined(__aarch64__)
    if constexpr (lanes<Isa> == 4) {
        return vmull_u32(vmovn_u64(a), vmovn_u64(b));
    } else
#endif
    {
        const u64<Isa> low(std::uint64_t{0xFFFFFFFF});
        return (a & low) * (b & low);
    }
}

#if defined(__AVX2__)
/// Whether one of four registers holds a NaN.
LOWPREC_INLINE bool any_nan(const __m256 (&x)[4]) noexcept {
    return _mm256_movemask_ps(
               _mm256_or_ps(_mm256_cmp_ps(x[0], x[1], _CMP_UNORD_Q), _mm256_cmp_ps(x[2], x[3], _CMP_UNORD_Q))) != 0;
}
#endif
/// Whether a block of floats has a NaN.
template <class Isa>
LOWPREC_INLINE bool any_nan(const f32<Isa> (&x)[4]) noexcept {
#if defined(__AVX2__)
    if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
        return any_nan({x[0], x[1], x[2], x[3]});
    } else
#endif
    {
        const i32<Isa> magnitude(0x7FFFFFFF), infinity(0x7F800000);
        auto found = (as<i32<Isa>>(x[0]) & magnitude) > infinity;
        for (int i = 1; i < 4; ++i) found = found | ((as<i32<Isa>>(x[i]) & magnitude) > infinity);
        return xsimd::any(found);
    }
}

#if defined(__aarch64__)
template <class Isa>
inline constexpr bool has_fused_multiply_add = Isa::vectors;
#else
template <class Isa>
inline constexpr bool has_fused_multiply_add = Isa::has(simd::avx2);
#endif

/// a * b + c, rounded once where the machine does that. (xsimd 8.1 has no such operation for AVX-512.)
template <class Isa>
LOWPREC_INLINE f32<Isa> multiply_add(f32<Isa> a, f32<Isa> b, f32<Isa> c) noexcept {
#if defined(__AVX512F__)
    if constexpr (lanes<Isa> == 16) return _mm512_fmadd_ps(a, b, c);
#endif
#if defined(__FMA__)
    if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) return _mm256_fmadd_ps(a, b, c);
#endif
#if defined(__aarch64__)
    if constexpr (lanes<Isa> == 4) return vfmaq_f32(c, a, b);
#endif
    return a * b + c;
}

/// x / 2^shift lane by lane, 1 <= shift <= 31: the whole part in `high`, the bits shifted out at the top of `low`.
template <class Isa>
LOWPREC_INLINE product<Isa> shift_apart(u32<Isa> x, u32<Isa> shift) noexcept {
#if defined(__SSE2__)
    if constexpr (lanes<Isa> == 16) {
#if defined(__AVX512F__)
        return {_mm512_srlv_epi32(x, shift), _mm512_sllv_epi32(x, _mm512_sub_epi32(_mm512_set1_epi32(32), shift))};
#endif
    } else if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
#if defined(__AVX2__)
        return {_mm256_srlv_epi32(x, shift), _mm256_sllv_epi32(x, _mm256_sub_epi32(_mm256_set1_epi32(32), shift))};
#endif
    } else if constexpr (lanes<Isa> == 4) {
        // No such shift before AVX2, but multiplying by 2^(32 - shift) leaves both parts in one product. That power as a float
        // is its exponent alone; half of it is converted, because 2^31 would raise the flag of invalid operations.
        const __m128i exponent = _mm_slli_epi32(_mm_sub_epi32(_mm_set1_epi32(31 + 127), shift), 23);
        const __m128i half = _mm_cvttps_epi32(_mm_castsi128_ps(exponent));
        return multiply_wide<Isa>(x, u32<Isa>(_mm_add_epi32(half, half)));
    } else
#elif defined(__aarch64__)
    if constexpr (lanes<Isa> == 4) {
        const int32x4_t down = vnegq_s32(vreinterpretq_s32_u32(shift));
        return {vshlq_u32(x, down), vshlq_u32(x, vaddq_s32(down, vdupq_n_s32(32)))};
    } else
#endif
    {
        std::uint32_t a[lanes<Isa>], n[lanes<Isa>], rest[lanes<Isa>];
        store_to(a, x);
        store_to(n, shift);
        for (int i = 0; i < lanes<Isa>; ++i) {
            rest[i] = a[i] << (32 - n[i]);
            a[i] >>= n[i];
        }
        return {load_from<u32<Isa>>(a), load_from<u32<Isa>>(rest)};
    }
}

/// x / 2^shift in 64-bit lanes, 1 <= shift <= 63, with every lost one kept in the lowest bit.
template <class Isa>
LOWPREC_INLINE u64<Isa> shift_right_sticky(u64<Isa> x, u64<Isa> shift) noexcept {
#if defined(__AVX512F__)
    if constexpr (lanes<Isa> == 16) {
        const __m512i kept = _mm512_srlv_epi64(x, shift);
        const __mmask8 lost = _mm512_cmpneq_epi64_mask(_mm512_sllv_epi64(kept, shift), x);
        return _mm512_mask_or_epi64(kept, lost, kept, _mm512_set1_epi64(1));
    } else
#endif
#if defined(__AVX2__)
        if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
        const __m256i kept = _mm256_srlv_epi64(x, shift);
        const __m256i same = _mm256_cmpeq_epi64(_mm256_sllv_epi64(kept, shift), x);
        return _mm256_or_si256(kept, _mm256_andnot_si256(same, _mm256_set1_epi64x(1)));
    } else
#endif
#if defined(__aarch64__)
        if constexpr (lanes<Isa> == 4) {
        const uint64x2_t kept = vshlq_u64(x, vnegq_s64(vreinterpretq_s64_u64(shift)));
        const uint64x2_t same = vceqq_u64(vshlq_u64(kept, vreinterpretq_s64_u64(shift)), x);
        return vorrq_u64(kept, vbicq_u64(vdupq_n_u64(1), same));
    } else
#endif
    {
        constexpr auto count = static_cast<std::size_t>(lanes<Isa> / 2);
        std::uint64_t a[count], n[count];
        store_to(a, x);
        store_to(n, shift);
        for (std::size_t i = 0; i < count; ++i) a[i] = shift_right_sticky(a[i], static_cast<int>(n[i]));
        return load_from<u64<Isa>>(a);
    }
}

}  // namespace lowprec::detail

#endif
