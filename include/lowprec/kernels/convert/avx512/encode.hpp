// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// AVX-512: floats to codes of 8 bits and fewer. The sums are fma.hpp's, with the instruction's own rounding control. Policies
// whose switches a kernel doesn't serve, and rare inputs, fall back to generic.hpp, block by block.
#ifndef LOWPREC_KERNELS_CONVERT_AVX512_ENCODE_HPP
#define LOWPREC_KERNELS_CONVERT_AVX512_ENCODE_HPP

#include <lowprec/kernels/convert/fma.hpp>

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)

namespace lowprec::detail {

// Without optimisation gcc's intrinsics are macros, and their casts are warned of here.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"

/// Which of 64 floats are NaN.
LOWPREC_INLINE __mmask64 nan_lanes(const __m512 (&x)[4]) noexcept {
    __mmask64 which = 0;
    for (int i = 0; i < 4; ++i) which |= __mmask64{_mm512_cmp_ps_mask(x[i], x[i], _CMP_UNORD_Q)} << (16 * i);
    return which;
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
    bool signs_count, plain_nan;

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
        plain_nan = o.payload == 0;
    }

    /// Where it matters that there is something at all, a subnormal float becomes the smallest normal one: it is as far below
    /// all codes, and sums of subnormals cost more than a hundred cycles.
    LOWPREC_INLINE static __m512 load(const std::byte* in) noexcept {
        const __m512 x = _mm512_loadu_ps(in);
        if constexpr (!reads_tiny_as_zero<R.round>) {
            const __m512i bits = _mm512_castps_si512(x), sign = _mm512_set1_epi32(static_cast<int>(0x80000000));
            return _mm512_castsi512_ps(_mm512_mask_or_epi32(
                bits, _mm512_fpclass_ps_mask(x, 0x20), _mm512_and_si512(bits, sign), _mm512_set1_epi32(0x00800000)));
        }
        return x;
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
        for (int i = 0; i < 4; ++i) x[i] = load(in + 64 * i);
        encode<false>(x, out);
        return true;
    }
    /// From registers. Where numbers are known to be finite, nobody looks for NaN.
    template <bool Finite>
    LOWPREC_INLINE void encode(const __m512 (&x)[4], std::byte* out) const noexcept {
        // 16 bits each: the sign and, above 7 - M zeros, the code
        const __m512i w0 = _mm512_packs_epi32(code_and_exponent(x[0]), code_and_exponent(x[1]));
        const __m512i w1 = _mm512_packs_epi32(code_and_exponent(x[2]), code_and_exponent(x[3]));
        finish<Finite>(out, x, w0, w1);
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
        finish<false>(out, x, join(_mm512_packs_epi32(sum[0], sum[1])), join(_mm512_packs_epi32(sum[2], sum[3])));
        return true;
    }

    template <bool Finite>
    LOWPREC_INLINE void finish(std::byte* out, const __m512 (&x)[4], __m512i w0, __m512i w1) const noexcept {
        unsigned no_number = 0;
        if constexpr (!Finite)
            no_number = _mm512_cmp_ps_mask(x[0], x[1], _CMP_UNORD_Q) | _mm512_cmp_ps_mask(x[2], x[3], _CMP_UNORD_Q);
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
        if (no_number == 0) [[likely]]
            store_packed(out, code);
        else if (plain_nan)
            store(out, with_plain_nan(in_order(code), x));
        else
            store(out, in_order(with_nan(code, x)));
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

    /// The same where a NaN has no payload. In the order of the elements.
    LOWPREC_INLINE __m512i with_plain_nan(__m512i code, const __m512 (&x)[4]) const noexcept {
        __mmask64 minus = 0;
        for (int i = 0; i < 4; ++i) minus |= __mmask64{_mm512_movepi32_mask(_mm512_castps_si512(x[i]))} << (16 * i);
        return _mm512_mask_mov_epi8(code, nan_lanes(x), _mm512_xor_si512(nan, _mm512_maskz_mov_epi8(minus, nan_sign)));
    }

    LOWPREC_INLINE static __m512i in_order(__m512i code) noexcept {
        const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        return _mm512_permutexvar_epi32(order, code);
    }
    /// From the order of the packs, in which pairs of neighbours stand together already.
    LOWPREC_INLINE static void store_packed(std::byte* out, __m512i code) noexcept {
#if defined(__AVX512VBMI__)
        if constexpr (To::is_packed && F::width == 4 && Isa::has(simd::vbmi)) {
            constexpr int first = To::order == nibble_order::low_first ? 1 | 16 << 8 : 16 | 1 << 8;
            const __m512i pairs = _mm512_maddubs_epi16(code, _mm512_set1_epi16(first));
            const __m512i order = _mm512_load_si512(pair_order.at);
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                                _mm512_castsi512_si256(_mm512_permutexvar_epi8(order, pairs)));
            return;
        }
#endif
        store(out, in_order(code));
    }
    struct order_of_pairs {
        alignas(64) std::uint8_t at[64] = {};
        constexpr order_of_pairs() noexcept {
            for (int i = 0; i < 32; ++i) at[i] = static_cast<std::uint8_t>(i / 2 % 4 * 16 + i / 8 * 4 + i % 2 * 2);
        }
    };
    static constexpr order_of_pairs pair_order{};

    LOWPREC_INLINE static void store(std::byte* out, __m512i code) noexcept {
        if constexpr (To::is_packed)
            pack_block<Isa, F::width, To::order>(out, u8<Isa>(code));
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
        const __m512i bytes =
            _mm512_packus_epi16(_mm512_packs_epi32(code[0], code[1]), _mm512_packs_epi32(code[2], code[3]));
        const __m512i sign = _mm512_packs_epi16(_mm512_packs_epi32(raw[0], raw[1]), _mm512_packs_epi32(raw[2], raw[3]));
        const __m512i cut = _mm512_min_epu8(bytes, _mm512_set1_epi8(static_cast<char>(F::largest_code)));
        const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        __m512i all = _mm512_permutexvar_epi32(order, _mm512_maskz_mov_epi8(~_mm512_movepi8_mask(sign), cut));
        if (no_number != 0) [[unlikely]] {
            const __m512 x[4] = {_mm512_castsi512_ps(raw[0]), _mm512_castsi512_ps(raw[1]), _mm512_castsi512_ps(raw[2]),
                                 _mm512_castsi512_ps(raw[3])};
            all = _mm512_mask_mov_epi8(all, nan_lanes(x), _mm512_set1_epi8(static_cast<char>(F::nan_code)));
        }
        _mm512_storeu_si512(out, all);
        return true;
    }
};

#pragma GCC diagnostic pop

}  // namespace lowprec::detail

#endif
#endif
