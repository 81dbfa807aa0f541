// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// AVX-512, where it is measured to beat generic.hpp (docs/speed.md has the table; bench.kernels.convert prints it again).
// What is missing here falls back to it, block by block: policies whose switches a kernel doesn't serve, and rare inputs.
//
// Encoding to 8 bits and fewer is fma.hpp's, with the instruction's own rounding control.
//
// Decoding 8 bits and fewer. A float with at most 8 significant bits is its upper half. Two tables of bytes give both bytes of it
// for 64 codes at once; the codes come in an order from which shifts and masks make four registers of floats.
#ifndef LOWPREC_KERNELS_CONVERT_AVX512_HPP
#define LOWPREC_KERNELS_CONVERT_AVX512_HPP

#include <lowprec/kernels/convert/fma.hpp>

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)

namespace lowprec::detail {

/// What a table of values needs: computed by the scalar definition.
template <class Isa, class F, class To>
struct byte_tables {
    static constexpr int size = F::width <= 4 ? 64 : F::width <= 6 ? 64 : 128;
    // The bytes of each value that can differ from zero: the upper half of a float, all of a 16-bit code, an 8-bit code.
    static constexpr int width = bits_of<typename To::storage_type> == 8 ? 8 : 16;
    static constexpr std::uint64_t value(unsigned code) noexcept {
        const auto bits =
            convert_with<To>(F::from_bits(static_cast<typename F::storage_type>(code)), policy{}, 0).bits();
        return static_cast<std::uint64_t>(bits);
    }
    static constexpr int dropped = bits_of<typename To::storage_type> - width;

    alignas(64) std::uint8_t low[256] = {}, high[256] = {};
    bool exact = true;      // nothing but zeros below `width`
    bool symmetric = true;  // the upper half of the codes is the lower one with a sign, but for code 0
    constexpr byte_tables() noexcept {
        for (unsigned c = 0; c < 256; ++c) {
            const unsigned code = c & F::code_mask;
            const std::uint64_t v = value(code);
            if ((v & ones<std::uint64_t>(dropped)) != 0) exact = false;
            low[c] = static_cast<std::uint8_t>(v >> dropped);
            high[c] = static_cast<std::uint8_t>(v >> dropped >> 8);
            if (F::width == 8 && F::sign_bits == 1 && c > 128 && v != (value(c - 128) | std::uint64_t{To::sign_mask}))
                symmetric = false;
        }
        if (F::sign_bits == 0 && F::width == 8) symmetric = false;
    }
};
template <class Isa, class F, class To>
inline constexpr byte_tables<Isa, F, To> byte_table{};

// ---- encoding --------------------------------------------------------------------------------------------------------

/// 64 codes of fewer than 8 bits, one a byte, to their packed bytes: neighbours joined by multiply-adds, then moved together.
template <class Isa, int W, nibble_order Order>
LOWPREC_INLINE void pack_codes(std::byte* out, __m512i code) noexcept {
    if constexpr (W == 4) {
        constexpr int first = Order == nibble_order::low_first ? 1 | 16 << 8 : 16 | 1 << 8;
        const __m512i pairs = _mm512_maddubs_epi16(code, _mm512_set1_epi16(first));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm512_cvtepi16_epi8(pairs));
    } else if constexpr (W == 6) {
        const __m512i pairs = _mm512_maddubs_epi16(code, _mm512_set1_epi16(1 | 64 << 8));
        const __m512i fours = _mm512_madd_epi16(pairs, _mm512_set1_epi32(1 | 4096 << 16));
        const __m512i near = _mm512_shuffle_epi8(
            fours, _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1)));
        const __m512i together =
            _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15), near);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm512_castsi512_si256(together));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 32), _mm512_extracti32x4_epi32(together, 2));
    } else {
        pack_block<Isa, W, Order>(out, u8<Isa>(code));
    }
}

template <rounding Round>
inline constexpr int rounding_control = (Round == rounding::toward_zero ? _MM_FROUND_TO_ZERO
                                         : Round == rounding::upward    ? _MM_FROUND_TO_POS_INF
                                         : Round == rounding::downward  ? _MM_FROUND_TO_NEG_INF
                                                                        : _MM_FROUND_TO_NEAREST_INT) |
                                        _MM_FROUND_NO_EXC;

template <class Isa, class From, class To, policy R>
    requires(Isa::has(simd::avx512) && is_float_element<From> && encodes_through_fma<typename To::format> &&
             !is_rounded<To> &&
             (R.round != rounding::stochastic || (R.random_bits >= 32 && To::format::min_exponent > -60)))
struct fast_block<Isa, From, To, R> {
    using F = typename To::format;
    static constexpr bool exists = true;
    static constexpr int m = F::mantissa_bits;
    using constants = fma_constants<F, R.round>;
    using environment = fma_environment<Isa, R.round, rounding::nearest_even>;  // the direction is in the instructions

    __m512i limit, nan, nan_sign, payload, negative;
    bool signs_count;

    LOWPREC_INLINE static bool serves(const bulk_plan& plan) noexcept {
        const outcomes& o = plan.fate;
        const bool directed = R.round == rounding::upward || R.round == rounding::downward;
        return has_one_limit<F>(o) && (F::sign_bits == 1 || o.sign == 1 || !directed);
    }
    LOWPREC_INLINE explicit fast_block(const bulk_plan& plan) noexcept {
        const outcomes& o = plan.fate;
        const auto bytes = [](std::uint32_t x) { return _mm512_set1_epi8(static_cast<char>(x)); };
        limit = bytes(o.beyond[0]);
        nan = bytes(o.nan[0]);
        nan_sign = bytes(o.nan[0] ^ o.nan[1]);
        payload = _mm512_set1_epi32(static_cast<int>(o.payload));
        negative = bytes(o.negative);
        signs_count = o.sign != 0;
    }

    LOWPREC_INLINE static __m512i code_and_exponent(__m512 x) noexcept {
        // the larger of |x| and the smallest normal value, with the sign of x
        const __m512 larger = _mm512_range_ps(x, _mm512_set1_ps(constants::smallest), 0b0011);
        const __m512 power =
            _mm512_and_ps(larger, _mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(0xFF800000))));
        const __m512 c = _mm512_set1_ps(constants::c);
        __m512i y = _mm512_castps_si512(_mm512_fmadd_round_ps(power, c, x, rounding_control<constants::direction>));
        if constexpr (R.round == rounding::to_odd) {
            const __m512 kept =
                _mm512_fnmadd_round_ps(power, c, _mm512_castsi512_ps(y), rounding_control<constants::direction>);
            y = _mm512_mask_or_epi32(y, _mm512_cmp_ps_mask(kept, x, _CMP_NEQ_OQ), y, _mm512_set1_epi32(1));
        }
        return _mm512_madd_epi16(y, _mm512_set1_epi32(1 << 16 | 1 << constants::shift));
    }

    /// Stochastic rounding. q is cut off with 16 more bits; the 16 first random bits are added, and a carry goes into the code:
    ///     p C + x     |S|  e' + constant  |q, 7 bits|  16 bits to which random ones are added  |
    /// If these end as all ones, the bits below would decide. Returns the upper halves of the sums as |S|  code, unshifted |.
    LOWPREC_INLINE static __m512i add_random(__m512 x, const random_table& table, std::size_t place,
                                             unsigned& open) noexcept {
        const __m512 larger = _mm512_range_ps(x, _mm512_set1_ps(constants::smallest), 0b0011);
        const __m512 power =
            _mm512_and_ps(larger, _mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(0xFF800000))));
        constexpr float c = static_cast<float>(1 << (7 - m));
        const __m512i y = _mm512_castps_si512(
            _mm512_fmadd_round_ps(power, _mm512_set1_ps(c), x, rounding_control<rounding::toward_zero>));
        const __m512i sum = _mm512_add_epi32(y, _mm512_srli_epi32(random_lanes<Isa>(table, place), 16));
        open |= _mm512_cmpeq_epi16_mask(sum, _mm512_set1_epi32(-1)) & 0x55555555U;
        return _mm512_srai_epi32(sum, 16);
    }
    /// From |S|  e' + constant  |q| to |S|  code, above 7 - M zeros |, in 16 bits.
    LOWPREC_INLINE static __m512i join(__m512i w) noexcept {
        constexpr int excess = (F::min_exponent + 127 + 7 - m) << 7;
        const __m512i low = _mm512_set1_epi16(0x7F);
        // the sign and the exponent stand where they should; q goes up
        const __m512i q = _mm512_slli_epi16(_mm512_and_si512(w, low), 7 - m);
        const __m512i sum =
            _mm512_sub_epi16(_mm512_add_epi16(_mm512_andnot_si512(low, w), q), _mm512_set1_epi16(excess));
        return sum;
    }

    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept
        requires(R.round != rounding::stochastic) {
        __m512 x[4];
        for (int i = 0; i < 4; ++i) x[i] = _mm512_loadu_ps(in + 64 * i);
        // 16 bits each: the sign and, above 7 - M zeros, the code
        const __m512i w0 = _mm512_packs_epi32(code_and_exponent(x[0]), code_and_exponent(x[1]));
        const __m512i w1 = _mm512_packs_epi32(code_and_exponent(x[2]), code_and_exponent(x[3]));
        finish(out, x, w0, w1);
        return true;
    }
    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out, const random_table& table,
                            std::size_t place) const noexcept requires(R.round == rounding::stochastic) {
        __m512 x[4];
        __m512i sum[4];
        unsigned open = 0;
        for (int i = 0; i < 4; ++i) {
            x[i] = _mm512_loadu_ps(in + 64 * i);
            sum[i] = add_random(x[i], table, place + 16 * static_cast<std::size_t>(i), open);
        }
        if (open != 0) [[unlikely]]
            return false;
        finish(out, x, join(_mm512_packs_epi32(sum[0], sum[1])), join(_mm512_packs_epi32(sum[2], sum[3])));
        return true;
    }

    LOWPREC_INLINE void finish(std::byte* out, const __m512 (&x)[4], __m512i w0, __m512i w1) const noexcept {
        const unsigned no_number =
            _mm512_cmp_ps_mask(x[0], x[1], _CMP_UNORD_Q) | _mm512_cmp_ps_mask(x[2], x[3], _CMP_UNORD_Q);
        const __m512i rest = _mm512_set1_epi16(0x7FFF);
        __m512i c0 = _mm512_and_si512(w0, rest), c1 = _mm512_and_si512(w1, rest);
        if constexpr (constants::half_up) {
            c0 = _mm512_add_epi16(c0, _mm512_set1_epi16(1 << constants::shift));
            c1 = _mm512_add_epi16(c1, _mm512_set1_epi16(1 << constants::shift));
        }
        constexpr int down = constants::shift + (constants::half_up ? 1 : 0);
        __m512i code = _mm512_packus_epi16(_mm512_srli_epi16(c0, down), _mm512_srli_epi16(c1, down));
        const __m512i sign = _mm512_packs_epi16(w0, w1);  // in bit 7 of each byte
        code = _mm512_min_epu8(code, limit);
        if constexpr (F::sign_bits == 0) {
            if (signs_count) {
                const __mmask64 minus = _mm512_movepi8_mask(sign);
                code = _mm512_mask_mov_epi8(code, minus & _mm512_test_epi8_mask(code, code), negative);
            }
        } else {
            const __m512i shifted = F::width == 8 ? sign : _mm512_srli_epi16(sign, 8 - F::width);
            const __m512i bit = _mm512_set1_epi8(static_cast<char>(F::sign_mask));
            if constexpr (F::has_negative_zero)
                code = _mm512_ternarylogic_epi32(code, shifted, bit, 0xF8);  // code | (shifted & bit)
            else
                code = _mm512_or_si512(
                    code, _mm512_maskz_mov_epi8(_mm512_test_epi8_mask(code, code), _mm512_and_si512(shifted, bit)));
        }
        if (no_number != 0) [[unlikely]]
            code = with_nan(code, x);
        store(out, code);
    }

    /// Replaces the codes of NaN. All is in the order of the packs: four elements of each quarter of each x.
    LOWPREC_INLINE __m512i with_nan(__m512i code, const __m512 (&x)[4]) const noexcept {
        const __m512i all = _mm512_set1_epi32(-1);
        __m512i is_nan[4], bits[4], raw[4];
        for (int i = 0; i < 4; ++i) {
            raw[i] = _mm512_castps_si512(x[i]);
            is_nan[i] = _mm512_maskz_mov_epi32(_mm512_cmp_ps_mask(x[i], x[i], _CMP_UNORD_Q), all);
            bits[i] = _mm512_and_si512(_mm512_srli_epi32(raw[i], 23 - m), payload);
        }
        const __m512i which =
            _mm512_packs_epi16(_mm512_packs_epi32(is_nan[0], is_nan[1]), _mm512_packs_epi32(is_nan[2], is_nan[3]));
        const __m512i load =
            _mm512_packus_epi16(_mm512_packs_epi32(bits[0], bits[1]), _mm512_packs_epi32(bits[2], bits[3]));
        const __m512i sign = _mm512_packs_epi16(_mm512_packs_epi32(raw[0], raw[1]), _mm512_packs_epi32(raw[2], raw[3]));
        const __m512i minus = _mm512_maskz_mov_epi8(_mm512_movepi8_mask(sign), nan_sign);
        return _mm512_mask_mov_epi8(code, _mm512_movepi8_mask(which),
                                    _mm512_or_si512(_mm512_xor_si512(nan, minus), load));
    }

    LOWPREC_INLINE static void store(std::byte* out, __m512i code) noexcept {
        const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        code = _mm512_permutexvar_epi32(order, code);
        if constexpr (To::is_packed)
            pack_codes<Isa, F::width, To::order>(out, code);
        else
            _mm512_storeu_si512(out, code);
    }
};

/// Exponents alone (e8m0): the float's own field, rounded up by its mantissa, with ties to even. In the lowest binade, which is
/// subnormal as a float, the tie lies at 1.5 * 2^-127.
template <class Isa, class From, class To, policy R>
    requires(Isa::has(simd::avx512) && is_float_element<From> && is_scale<typename To::format> &&
             To::format::width == 8 && To::format::exponent_bits == 8 && To::format::min_exponent == -127 &&
             R.round == rounding::nearest_even && !is_rounded<To>)
struct fast_block<Isa, From, To, R> : serves_defaults {
    using serves_defaults::serves_defaults;
    using F = typename To::format;
    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        __m512i raw[4], code[4];
        unsigned no_number = 0;
        for (int i = 0; i < 4; ++i) {
            raw[i] = _mm512_loadu_si512(in + 64 * i);
            const __m512i magnitude = _mm512_and_si512(raw[i], _mm512_set1_epi32(0x7FFFFFFF));
            const __mmask16 lowest = _mm512_cmplt_epi32_mask(magnitude, _mm512_set1_epi32(0x00800000));
            const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(magnitude, 23), _mm512_set1_epi32(1));
            const __m512i up = _mm512_mask_mov_epi32(_mm512_add_epi32(odd, _mm512_set1_epi32(0x003FFFFF)), lowest,
                                                     _mm512_set1_epi32(0x001FFFFF));
            code[i] = _mm512_srli_epi32(_mm512_add_epi32(magnitude, up), 23);
            no_number |= _mm512_cmpgt_epi32_mask(magnitude, _mm512_set1_epi32(0x7F800000));
        }
        if (no_number != 0) [[unlikely]]
            return false;
        const __m512i bytes =
            _mm512_packus_epi16(_mm512_packs_epi32(code[0], code[1]), _mm512_packs_epi32(code[2], code[3]));
        const __m512i sign = _mm512_packs_epi16(_mm512_packs_epi32(raw[0], raw[1]), _mm512_packs_epi32(raw[2], raw[3]));
        const __m512i cut = _mm512_min_epu8(bytes, _mm512_set1_epi8(static_cast<char>(F::largest_code)));
        const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        _mm512_storeu_si512(out,
                            _mm512_permutexvar_epi32(order, _mm512_maskz_mov_epi8(~_mm512_movepi8_mask(sign), cut)));
        return true;
    }
};

// ---- 16 bits -----------------------------------------------------------------------------------------------------------

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

// ---- decoding by tables --------------------------------------------------------------------------------------------------

#if defined(__AVX512VBMI__)

template <class F>
inline constexpr bool decodes_by_table = F::width <= 8 && has_kernel<F>;

/// 64 codes, looked up a byte at a time.
template <class F>
struct table_lookup {
    /// The bytes of `table` at the codes; `symmetric` if the upper half of the table is not needed.
    LOWPREC_INLINE static __m512i find(const std::uint8_t (&table)[256], __m512i codes, bool half) noexcept {
        const __m512i first = _mm512_load_si512(table), second = _mm512_load_si512(table + 64);
        if constexpr (F::width <= 6) {
            return _mm512_permutexvar_epi8(codes, first);
        } else {
            const __m512i low = _mm512_permutex2var_epi8(first, codes, second);
            if (F::width == 7 || half) return low;
            const __m512i high =
                _mm512_permutex2var_epi8(_mm512_load_si512(table + 128), codes, _mm512_load_si512(table + 192));
            return _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(codes), high);
        }
    }
};

/// Where the elements of a block stand after loading: `Rows` to a lane, element `columns * row + lane`, columns = 64 / Rows.
template <class Isa, class From, int Rows>
struct code_order {
    static constexpr int w = From::is_packed ? From::format::width : 8;
    alignas(64) std::uint8_t byte[64] = {};
    alignas(64) std::uint8_t bit[64] = {};  // of packed elements: where they begin in their 64 bits
    constexpr code_order() noexcept {
        constexpr int columns = 64 / Rows;
        for (int at = 0; at < 64; ++at) {
            const int element = at % Rows * columns + at / Rows;
            if constexpr (!From::is_packed) {
                byte[at] = static_cast<std::uint8_t>(element);
            } else {
                // Lane pairs (or fours, for 16-bit lanes) share 64 bits: each row's elements there are neighbours in memory.
                const int lane = at / 8, together = 8 / Rows;
                const int first = at % 8 / 2 % Rows * columns + lane * together;  // of the two bytes that `at` is in
                byte[at] = static_cast<std::uint8_t>(first * w / 8 + at % 2);
                const int row = at % Rows, base = row * columns + lane * together;
                bit[at] = static_cast<std::uint8_t>(16 * row + base * w % 8 + (element - base) * w);
            }
        }
    }
};
template <class Isa, class From, int Rows>
inline constexpr code_order<Isa, From, Rows> code_order_v{};

/// A block of codes, transposed for decoding. Bits above a packed code are other codes', which the tables ignore.
template <class Isa, class From, int Rows>
LOWPREC_INLINE __m512i load_transposed(const std::byte* in) noexcept {
    constexpr const auto& order = code_order_v<Isa, From, Rows>;
    const __m512i byte = _mm512_load_si512(order.byte);
    if constexpr (!From::is_packed) {
        return _mm512_permutexvar_epi8(byte, _mm512_loadu_si512(in));
    } else {
        constexpr int w = From::format::width;
        const __m512i packed = _mm512_maskz_loadu_epi8(ones<std::uint64_t>(8 * w), in);
        const __m512i near = _mm512_permutexvar_epi8(byte, packed);
        return _mm512_multishift_epi64_epi8(_mm512_load_si512(order.bit), near);
    }
}

template <class From>
inline constexpr bool loads_transposed =
    !From::is_packed ? From::bits == 8
                     : From::format::width <= 6 && From::order == nibble_order::low_first && From::format::width >= 2;

/// Codes of at most 8 bits to floats (four rows) or to 16-bit formats (two rows).
template <class Isa, class From, class To, policy R>
    requires(Isa::has(simd::avx512 | simd::vbmi) && loads_transposed<From> && decodes_by_table<typename From::format> &&
             (is_float_element<To> || (To::bits == 16 && From::bits == 8 && R == policy{})) && !is_rounded<To>)
struct fast_block<Isa, From, To, R> {
    using F = typename From::format;
    using G = typename To::format;
    using environment = no_environment;
    static constexpr bool exists = byte_table<Isa, F, G>.exact;
    static constexpr int rows = To::bits == 32 ? 4 : 2;
    static constexpr bool half = byte_table<Isa, F, G>.symmetric;

    LOWPREC_INLINE static bool serves(const bulk_plan& plan) noexcept {
        return is_float_element<To> ? plan.fate.special_stays : plan.fate.by_default;
    }
    LOWPREC_INLINE explicit fast_block(const bulk_plan&) noexcept {}

    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        constexpr const auto& table = byte_table<Isa, F, G>;
        const __m512i codes = load_transposed<Isa, From, rows>(in);
        __m512i low = table_lookup<F>::find(table.low, codes, half);
        __m512i high = table_lookup<F>::find(table.high, codes, half);
        if constexpr (F::width == 8 && F::sign_bits == 1 && half) {
            high = _mm512_ternarylogic_epi32(high, codes, _mm512_set1_epi8(static_cast<char>(0x80)), 0xF8);
            if constexpr (F::special_values.nan == nan_at::negative_zero) {
                const __mmask64 nan = _mm512_cmpeq_epi8_mask(codes, _mm512_set1_epi8(static_cast<char>(0x80)));
                low = _mm512_mask_mov_epi8(low, nan, _mm512_set1_epi8(static_cast<char>(table.low[128])));
                high = _mm512_mask_mov_epi8(high, nan, _mm512_set1_epi8(static_cast<char>(table.high[128])));
            }
        }
        // halves of floats, or codes: those of the even rows and of the odd ones
        const __m512i upper_bytes = _mm512_set1_epi16(static_cast<short>(0xFF00));
        const __m512i even = _mm512_ternarylogic_epi32(_mm512_slli_epi16(high, 8), low, upper_bytes, 0xF4);
        const __m512i odd = _mm512_ternarylogic_epi32(_mm512_srli_epi16(low, 8), high, upper_bytes, 0xF8);
        if constexpr (rows == 2) {
            _mm512_storeu_si512(out, even);
            _mm512_storeu_si512(out + 64, odd);
        } else {
            const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xFFFF0000));
            _mm512_storeu_si512(out, _mm512_slli_epi32(even, 16));
            _mm512_storeu_si512(out + 64, _mm512_slli_epi32(odd, 16));
            _mm512_storeu_si512(out + 128, _mm512_and_si512(even, upper));
            _mm512_storeu_si512(out + 192, _mm512_and_si512(odd, upper));
        }
        return true;
    }
};

/// Codes of at most 8 bits to codes of at most 8 bits.
template <class Isa, class From, class To, policy R>
    requires(Isa::has(simd::avx512 | simd::vbmi) && From::bits == 8 && To::bits == 8 && !To::is_packed &&
             decodes_by_table<typename From::format> && decodes_by_table<typename To::format> && R == policy{} &&
             !std::is_same_v<typename From::format, typename To::format>)
struct fast_block<Isa, From, To, R> : serves_defaults {
    using F = typename From::format;
    using G = typename To::format;
    using serves_defaults::serves_defaults;
    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        constexpr const auto& table = byte_table<Isa, F, G>;
        _mm512_storeu_si512(out, table_lookup<F>::find(table.low, _mm512_loadu_si512(in), false));
        return true;
    }
};

#endif

}  // namespace lowprec::detail

#endif
#endif
