// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// AVX-512: floats to and from formats of 16 bits, and to floats cut short.
#ifndef LOWPREC_KERNELS_CONVERT_AVX512_WORDS_HPP
#define LOWPREC_KERNELS_CONVERT_AVX512_WORDS_HPP

#include <lowprec/kernels/convert/fma.hpp>

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)

namespace lowprec::detail {

// Without optimisation gcc's intrinsics are macros, and their casts are warned of here.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"

/// fp16, both ways, by the processor's conversion: its rounding is an operand, and neither flag that flushes denormals matters.
template <class Isa, class From, class To, policy R>
    requires(Isa::has(simd::avx512) && is_float_element<From> && std::is_same_v<typename To::format, binary16> &&
             R.round == rounding::nearest_even && !is_rounded<To>)
struct fast_block<Isa, From, To, R> : serves_defaults {
    using serves_defaults::serves_defaults;
    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        for (int i = 0; i < 4; ++i)
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 32 * i),
                                _mm512_cvtps_ph(_mm512_loadu_ps(in + 64 * i), _MM_FROUND_TO_NEAREST_INT));
        return true;
    }
};
template <class Isa, class From, class To, policy R>
    requires(Isa::has(simd::avx512) && std::is_same_v<typename From::format, binary16> && is_float_element<To>)
struct fast_block<Isa, From, To, R> : serves_widening {
    using serves_widening::serves_widening;
    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        for (int i = 0; i < 4; ++i)
            _mm512_storeu_ps(out + 64 * i,
                             _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + 32 * i))));
        return true;
    }
};

/// bf16. The processor's instruction takes every subnormal for zero, so a block that holds one goes by integers.
template <class Isa, class From, class To, policy R>
    requires(Isa::has(simd::avx512) && is_float_element<From> && std::is_same_v<typename To::format, bfloat16> &&
             R.round == rounding::nearest_even && !is_rounded<To>)
struct fast_block<Isa, From, To, R> : serves_defaults {
    using environment =
        lowprec::detail::environment<Isa>;  // where subnormals are read as zero they are not seen as such
    using serves_defaults::serves_defaults;
    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        __m512 x[4];
        for (int i = 0; i < 4; ++i) x[i] = _mm512_loadu_ps(in + 64 * i);
#if defined(__AVX512BF16__)
        if constexpr (Isa::has(simd::bf16)) {
            unsigned subnormal = 0;
            for (const __m512 v : x) subnormal |= _mm512_fpclass_ps_mask(v, 0x20);
            if (subnormal == 0) [[likely]] {
                for (int i = 0; i < 2; ++i) {
                    const auto words = _mm512_cvtne2ps_pbh(x[2 * i + 1], x[2 * i]);
                    __builtin_memcpy(out + 64 * i, &words, 64);
                }
                return true;
            }
        }
#endif
        const unsigned no_number =
            _mm512_cmp_ps_mask(x[0], x[1], _CMP_UNORD_Q) | _mm512_cmp_ps_mask(x[2], x[3], _CMP_UNORD_Q);
        const __m512i order = _mm512_set_epi16(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1, 30, 28, 26,
                                               24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
        const auto all = [](int w) { return _mm512_set1_epi16(static_cast<short>(w)); };
        const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xFFFF0000));
        for (int i = 0; i < 2; ++i) {
            const __m512i a = _mm512_castps_si512(x[2 * i]), b = _mm512_castps_si512(x[2 * i + 1]);
            // words of both in turns: what is kept, and what is rounded away; up if (rest | odd) > half
            const __m512i kept = _mm512_ternarylogic_epi32(_mm512_srli_epi32(a, 16), b, upper, 0xF8);
            const __m512i rest = _mm512_ternarylogic_epi32(_mm512_slli_epi32(b, 16), a, upper, 0xF4);
            const __m512i odd_rest = _mm512_ternarylogic_epi32(rest, kept, all(1), 0xF8);
            __m512i words = _mm512_mask_sub_epi16(kept, _mm512_cmpgt_epu16_mask(odd_rest, all(0x8000)), kept, all(-1));
            if (no_number != 0) [[unlikely]] {
                const __m512i magnitude = _mm512_and_si512(kept, all(0x7FFF));
                const __mmask32 nan =
                    _mm512_cmpgt_epi16_mask(magnitude, all(0x7F80)) |
                    (_mm512_cmpeq_epi16_mask(magnitude, all(0x7F80)) & _mm512_test_epi16_mask(rest, rest));
                words = _mm512_mask_mov_epi16(words, nan, _mm512_or_si512(kept, all(0x40)));
            }
            _mm512_storeu_si512(out + 64 * i, _mm512_permutexvar_epi16(order, words));
        }
        return true;
    }
};
/// Floats to other floats cut short (tf32, or bf16's values as floats): adding just less than half of what is cut, or half where
/// the code is odd. What overflows becomes infinity by itself; a NaN is made quiet and cut.
template <class Isa, class From, class To, policy R>
    requires(Isa::has(simd::avx512) && is_float_element<From> && is_cut_float<typename To::format> && To::bits == 32 &&
             R.round == rounding::nearest_even)
struct fast_block<Isa, From, To, R> : serves_defaults {
    using serves_defaults::serves_defaults;
    static constexpr int cut = 23 - To::format::mantissa_bits;
    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        __m512i x[4];
        for (int i = 0; i < 4; ++i) x[i] = _mm512_loadu_si512(in + 64 * i);
        const auto unordered = [&](int i) {
            return _mm512_cmp_ps_mask(_mm512_castsi512_ps(x[i]), _mm512_castsi512_ps(x[i + 1]), _CMP_UNORD_Q);
        };
        const bool no_number = (unordered(0) | unordered(2)) != 0;
        for (int i = 0; i < 4; ++i) {
            const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(x[i], cut), _mm512_set1_epi32(1));
            __m512i sum = _mm512_add_epi32(_mm512_add_epi32(x[i], _mm512_set1_epi32((1 << (cut - 1)) - 1)), odd);
            if (no_number) [[unlikely]] {
                const __m512 v = _mm512_castsi512_ps(x[i]);
                sum = _mm512_mask_or_epi32(sum, _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), x[i],
                                           _mm512_set1_epi32(0x00400000));
            }
            _mm512_storeu_si512(out + 64 * i, _mm512_and_si512(sum, _mm512_set1_epi32(-1 << cut)));
        }
        return true;
    }
};
template <class Isa, class From, class To, policy R>
    requires(Isa::has(simd::avx512) && std::is_same_v<typename From::format, bfloat16> && is_float_element<To>)
struct fast_block<Isa, From, To, R> : serves_widening {
    using serves_widening::serves_widening;
    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        for (int i = 0; i < 4; ++i) {
            const __m512i words =
                _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + 32 * i)));
            const __m512i bits = _mm512_slli_epi32(words, 16);
            // a NaN becomes quiet: class 80 is the signalling one
            const __mmask16 nan = _mm512_fpclass_ps_mask(_mm512_castsi512_ps(bits), 0x80);
            _mm512_storeu_si512(out + 64 * i, _mm512_mask_or_epi32(bits, nan, bits, _mm512_set1_epi32(0x00400000)));
        }
        return true;
    }
};

#pragma GCC diagnostic pop

}  // namespace lowprec::detail

#endif
#endif
