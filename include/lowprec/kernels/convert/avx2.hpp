// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// AVX2 with FMA and F16C, where it is measured to beat generic.hpp (docs/speed.md). Encoding to 8 bits and fewer is fma.hpp's,
// with the rounding direction set in the control register, once a call, instead of in the instruction. Decoding moves a code's
// fields into those of fp16, whose conversion knows subnormals, and scales by a power of two: exact, on normal numbers.
#ifndef LOWPREC_KERNELS_CONVERT_AVX2_HPP
#define LOWPREC_KERNELS_CONVERT_AVX2_HPP

#include <lowprec/kernels/convert/fma.hpp>

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)

namespace lowprec::detail {

template <class Isa>
inline constexpr bool is_avx2 = Isa::has(simd::avx2) && !Isa::has(simd::avx512);

LOWPREC_INLINE __m256i load_256(const void* from) noexcept {
    return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}
LOWPREC_INLINE void store_256(void* to, __m256i x) noexcept { _mm256_storeu_si256(static_cast<__m256i*>(to), x); }
LOWPREC_INLINE __m128i load_128(const void* from) noexcept {
    return _mm_loadu_si128(static_cast<const __m128i*>(from));
}
LOWPREC_INLINE void store_128(void* to, __m128i x) noexcept { _mm_storeu_si128(static_cast<__m128i*>(to), x); }

/// The bytes of four registers of small numbers, in the order of the packs, saturated as signed ones.
LOWPREC_INLINE __m256i pack_signed(const __m256i (&x)[4]) noexcept {
    return _mm256_packs_epi16(_mm256_packs_epi32(x[0], x[1]), _mm256_packs_epi32(x[2], x[3]));
}

template <class Isa, class From, class To, policy R>
    requires(is_avx2<Isa>&& is_float_element<From>&& encodes_through_fma<typename To::format>&& R.round !=
                 rounding::stochastic &&
             !is_rounded<To>)
struct fast_block<Isa, From, To, R> {
    using F = typename To::format;
    static constexpr bool directed = R.round == rounding::upward || R.round == rounding::downward;
    using constants = fma_constants<F, R.round>;
    using environment = fma_environment<Isa, R.round, constants::direction>;
    static constexpr bool exists = true;

    __m256i limit, nan, nan_sign, payload, negative;
    bool signs_count, has_payload;

    LOWPREC_INLINE static bool serves(const bulk_plan& plan) noexcept {
        return has_one_limit<F>(plan.fate) && (F::sign_bits == 1 || plan.fate.sign == 1 || !directed);
    }
    LOWPREC_INLINE explicit fast_block(const bulk_plan& plan) noexcept {
        const outcomes& o = plan.fate;
        const auto bytes = [](std::uint32_t x) { return _mm256_set1_epi8(static_cast<char>(x)); };
        limit = bytes(o.beyond[0]);
        nan = bytes(o.nan[0]);
        nan_sign = bytes(o.nan[0] ^ o.nan[1]);
        payload = _mm256_set1_epi32(static_cast<int>(o.payload));
        negative = bytes(o.negative);
        signs_count = o.sign != 0;
        has_payload = o.payload != 0;
    }

    /// A subnormal float becomes the smallest normal one where it must not be read as zero: sums of subnormals are slow.
    LOWPREC_INLINE static __m256i load(const std::byte* in) noexcept {
        const __m256i bits = load_256(in);
        if constexpr (!reads_tiny_as_zero<R.round>) {
            const __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7FFFFFFF));
            const __m256i smallest = _mm256_set1_epi32(0x00800000);
            const __m256i tiny = _mm256_and_si256(_mm256_cmpgt_epi32(smallest, magnitude),
                                                  _mm256_cmpgt_epi32(magnitude, _mm256_setzero_si256()));
            return _mm256_or_si256(_mm256_blendv_epi8(bits, _mm256_xor_si256(bits, magnitude), tiny),
                                   _mm256_and_si256(tiny, smallest));
        }
        return bits;
    }

    /// Below bit 15: above 7 - M zeros, the code. The directed modes need the sign of x in the sum.
    LOWPREC_INLINE static __m256i code_and_exponent(__m256 x) noexcept {
        const __m256 absolute = _mm256_and_ps(x, _mm256_castsi256_ps(_mm256_set1_epi32(0x7FFFFFFF)));
        const __m256 larger = _mm256_max_ps(absolute, _mm256_set1_ps(constants::smallest));
        __m256 power = _mm256_and_ps(larger, _mm256_castsi256_ps(_mm256_set1_epi32(0x7F800000)));
        const __m256 c = _mm256_set1_ps(constants::c);
        __m256 y;
        if constexpr (directed) {
            power = _mm256_or_ps(power, _mm256_xor_ps(x, absolute));
            y = _mm256_and_ps(_mm256_fmadd_ps(power, c, x), _mm256_castsi256_ps(_mm256_set1_epi32(0x7FFFFFFF)));
        } else {
            y = _mm256_fmadd_ps(power, c, absolute);
        }
        if constexpr (R.round == rounding::to_odd) {
            const __m256 lost = _mm256_cmp_ps(_mm256_fnmadd_ps(power, c, y), absolute, _CMP_NEQ_OQ);
            y = _mm256_or_ps(y, _mm256_and_ps(lost, _mm256_castsi256_ps(_mm256_set1_epi32(1))));
        }
        return _mm256_madd_epi16(_mm256_castps_si256(y), _mm256_set1_epi32(1 << 16 | 1 << constants::shift));
    }

    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        __m256 x[4];
        __m256i raw[4];
        for (int i = 0; i < 4; ++i) {
            raw[i] = load(in + 32 * i);
            x[i] = _mm256_castsi256_ps(raw[i]);
        }
        const bool no_number = any_nan(x);
        __m256i w0 = _mm256_packs_epi32(code_and_exponent(x[0]), code_and_exponent(x[1]));
        __m256i w1 = _mm256_packs_epi32(code_and_exponent(x[2]), code_and_exponent(x[3]));
        if constexpr (constants::half_up) {
            w0 = _mm256_add_epi16(w0, _mm256_set1_epi16(1 << constants::shift));
            w1 = _mm256_add_epi16(w1, _mm256_set1_epi16(1 << constants::shift));
        }
        constexpr int down = constants::shift + (constants::half_up ? 1 : 0);
        __m256i code = _mm256_packus_epi16(_mm256_srli_epi16(w0, down), _mm256_srli_epi16(w1, down));
        code = _mm256_min_epu8(code, limit);
        const __m256i sign = pack_signed(raw);
        const __m256i zero = _mm256_setzero_si256();
        if constexpr (F::sign_bits == 0) {
            if (signs_count) {
                const __m256i minus = _mm256_cmpgt_epi8(zero, sign);
                code = _mm256_blendv_epi8(code, _mm256_andnot_si256(_mm256_cmpeq_epi8(code, zero), negative), minus);
            }
        } else {
            __m256i bit = F::width == 8 ? sign : _mm256_srli_epi16(sign, 8 - F::width);
            bit = _mm256_and_si256(bit, _mm256_set1_epi8(static_cast<char>(F::sign_mask)));
            if constexpr (!F::has_negative_zero) bit = _mm256_andnot_si256(_mm256_cmpeq_epi8(code, zero), bit);
            code = _mm256_or_si256(code, bit);
        }
        if (no_number) [[unlikely]]
            code = with_nan(code, sign, x);
        code = _mm256_permutevar8x32_epi32(code, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
        if constexpr (To::is_packed)
            pack_block<Isa, F::width, To::order>(out, u8<Isa>(code));
        else
            store_256(out, code);
        return true;
    }

    /// Replaces the codes of NaN, in the order of the packs.
    LOWPREC_INLINE __m256i with_nan(__m256i code, __m256i sign, const __m256 (&x)[4]) const noexcept {
        __m256i is_nan[4];
        for (int i = 0; i < 4; ++i) is_nan[i] = _mm256_castps_si256(_mm256_cmp_ps(x[i], x[i], _CMP_UNORD_Q));
        const __m256i minus = _mm256_and_si256(_mm256_cmpgt_epi8(_mm256_setzero_si256(), sign), nan_sign);
        __m256i with_sign = _mm256_xor_si256(nan, minus);
        if (has_payload) {
            __m256i bits[4];
            for (int i = 0; i < 4; ++i)
                bits[i] =
                    _mm256_and_si256(_mm256_srli_epi32(_mm256_castps_si256(x[i]), 23 - F::mantissa_bits), payload);
            with_sign = _mm256_or_si256(with_sign, pack_signed(bits));
        }
        return _mm256_blendv_epi8(code, with_sign, pack_signed(is_nan));
    }
};

/// fp16 by F16C, whose rounding is an operand; neither flag that flushes denormals matters.
template <class Isa, class From, class To, policy R>
    requires(is_avx2<Isa>&& is_float_element<From>&& std::is_same_v<typename To::format, binary16>&& R.round ==
                 rounding::nearest_even &&
             !is_rounded<To>)
struct fast_block<Isa, From, To, R> : serves_defaults {
    using serves_defaults::serves_defaults;
    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        for (int i = 0; i < 4; ++i)
            store_128(out + 16 * i,
                      _mm256_cvtps_ph(_mm256_castsi256_ps(load_256(in + 32 * i)), _MM_FROUND_TO_NEAREST_INT));
        return true;
    }
};
template <class Isa, class From, class To, policy R>
    requires(is_avx2<Isa>&& std::is_same_v<typename From::format, binary16>&& is_float_element<To>)
struct fast_block<Isa, From, To, R> : serves_widening {
    using serves_widening::serves_widening;
    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        for (int i = 0; i < 4; ++i)
            store_256(out + 32 * i, _mm256_castps_si256(_mm256_cvtph_ps(load_128(in + 16 * i))));
        return true;
    }
};

/// Floats to formats that are floats cut short: adding just less than half of what is cut, or half where the code is odd.
/// What overflows becomes infinity by itself; a NaN is made quiet and cut.
template <class Isa, class From, class To, policy R>
    requires(is_avx2<Isa>&& is_float_element<From>&& is_cut_float<typename To::format>&& R.round ==
             rounding::nearest_even)
struct fast_block<Isa, From, To, R> : serves_defaults {
    using serves_defaults::serves_defaults;
    static constexpr int cut = 23 - To::format::mantissa_bits;
    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        __m256 x[4];
        __m256i sum[4];
        for (int i = 0; i < 4; ++i) {
            const __m256i bits = load_256(in + 32 * i);
            x[i] = _mm256_castsi256_ps(bits);
            const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, cut), _mm256_set1_epi32(1));
            sum[i] = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32((1 << (cut - 1)) - 1)));
        }
        if (any_nan(x)) [[unlikely]] {
            for (int i = 0; i < 4; ++i) {
                const __m256 quiet = _mm256_or_ps(x[i], _mm256_castsi256_ps(_mm256_set1_epi32(0x00400000)));
                const __m256 nan = _mm256_cmp_ps(x[i], x[i], _CMP_UNORD_Q);
                sum[i] = _mm256_castps_si256(_mm256_blendv_ps(_mm256_castsi256_ps(sum[i]), quiet, nan));
            }
        }
        if constexpr (To::bits == 16) {
            for (int i = 0; i < 2; ++i) {
                const __m256i words =
                    _mm256_packus_epi32(_mm256_srli_epi32(sum[2 * i], 16), _mm256_srli_epi32(sum[2 * i + 1], 16));
                store_256(out + 32 * i, _mm256_permute4x64_epi64(words, 0xD8));
            }
        } else {
            for (int i = 0; i < 4; ++i) store_256(out + 32 * i, _mm256_and_si256(sum[i], _mm256_set1_epi32(-1 << cut)));
        }
        return true;
    }
};
template <class Isa, class From, class To, policy R>
    requires(is_avx2<Isa>&& std::is_same_v<typename From::format, bfloat16>&& is_float_element<To>)
struct fast_block<Isa, From, To, R> : serves_widening {
    using serves_widening::serves_widening;
    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        for (int i = 0; i < 4; ++i) {
            const __m256i bits = _mm256_slli_epi32(_mm256_cvtepu16_epi32(load_128(in + 16 * i)), 16);
            const __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7FFFFFFF));
            const __m256i nan = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7F800000));
            store_256(out + 32 * i, _mm256_or_si256(bits, _mm256_and_si256(nan, _mm256_set1_epi32(0x00400000))));
        }
        return true;
    }
};

/// Codes whose exponent field fits into fp16's, 8 bits with a sign, to floats.
template <class F>
inline constexpr bool decodes_through_fp16 = is_inside_float<F>&& F::width == 8 && F::sign_bits == 1 &&
                                             (F::exponent_bits <= 4 ||
                                              (F::exponent_bits == 5 && F::special_values.nan == nan_at::ieee));
template <class Isa, class From, class To, policy R>
    requires(is_avx2<Isa>&& decodes_through_fp16<typename From::format> && !From::is_packed && is_float_element<To> &&
             !is_rounded<To>)
struct fast_block<Isa, From, To, R> : serves_widening {
    using serves_widening::serves_widening;
    using F = typename From::format;
    static constexpr int up = 10 - F::mantissa_bits;

    LOWPREC_INLINE static __m256i as_fp16(__m256i code) noexcept {
        const auto all = [](int x) { return _mm256_set1_epi16(static_cast<short>(x)); };
        __m256i h = _mm256_slli_epi16(code, up);
        if constexpr (F::exponent_bits == 5) return h;
        constexpr int magnitude_mask = F::magnitude_mask << up;
        h = _mm256_and_si256(h, all(0x8000 | magnitude_mask));
        const __m256i magnitude = _mm256_and_si256(h, all(0x7FFF));
        if constexpr (F::special_values.nan == nan_at::ieee) {
            // the last exponent becomes fp16's last
            constexpr int infinity = F::infinity_code << up;
            const __m256i special = _mm256_cmpgt_epi16(magnitude, all(infinity - 1));
            return _mm256_add_epi16(h, _mm256_and_si256(special, all(0x7C00 - infinity)));
        }
        if constexpr (F::has_infinity && F::special_values.nan != nan_at::ieee) {
            const __m256i infinite = _mm256_cmpeq_epi16(magnitude, all(F::infinity_code << up));
            h = _mm256_blendv_epi8(h, _mm256_or_si256(_mm256_and_si256(h, all(0x8000)), all(0x7C00)), infinite);
        }
        if constexpr (F::special_values.nan == nan_at::all_ones) {
            const __m256i nan = _mm256_cmpeq_epi16(magnitude, all(magnitude_mask));
            h = _mm256_blendv_epi8(h, _mm256_or_si256(_mm256_and_si256(h, all(0x8000)), all(0x7E00)), nan);
        } else if constexpr (F::special_values.nan == nan_at::negative_zero) {
            h = _mm256_blendv_epi8(h, all(0x7E00), _mm256_cmpeq_epi16(h, all(0x8000)));
        }
        return h;
    }

    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        constexpr float scale = __builtin_bit_cast(float, static_cast<std::uint32_t>(127 + 15 - F::bias) << 23);
        for (int i = 0; i < 2; ++i) {
            const __m256i h = as_fp16(_mm256_cvtepi8_epi16(load_128(in + 16 * i)));
            __m256 low = _mm256_cvtph_ps(_mm256_castsi256_si128(h)),
                   high = _mm256_cvtph_ps(_mm256_extracti128_si256(h, 1));
            if constexpr (F::bias != 15) {
                low = _mm256_mul_ps(low, _mm256_set1_ps(scale));
                high = _mm256_mul_ps(high, _mm256_set1_ps(scale));
            }
            store_256(out + 64 * i, _mm256_castps_si256(low));
            store_256(out + 64 * i + 32, _mm256_castps_si256(high));
        }
        return true;
    }
};

/// Packed 4-bit codes to floats: 16 upper halves of floats, a byte at a time.
template <class Isa, class From, class To, policy R>
    requires(is_avx2<Isa>&& From::is_packed&& From::format::width == 4 && has_kernel<typename From::format> &&
             is_float_element<To> && !is_rounded<To>)
struct fast_block<Isa, From, To, R> : serves_widening {
    using serves_widening::serves_widening;
    using F = typename From::format;
    struct halves {
        alignas(16) std::uint8_t low[16] = {}, high[16] = {};
        bool exact = true;
        constexpr halves() noexcept {
            for (unsigned c = 0; c < 16; ++c) {
                const auto bits =
                    convert_with<binary32>(F::from_bits(static_cast<typename F::storage_type>(c)), policy{}, 0).bits();
                if ((bits & 0xFFFF) != 0) exact = false;
                low[c] = static_cast<std::uint8_t>(bits >> 16);
                high[c] = static_cast<std::uint8_t>(bits >> 24);
            }
        }
    };
    static constexpr halves table{};
    static constexpr bool exists = table.exact;

    LOWPREC_INLINE bool run(const std::byte* in, std::byte* out) const noexcept {
        const __m256i nibble = _mm256_set1_epi8(15), zero = _mm256_setzero_si256();
        // two codes to a word, then to its two bytes
        const __m256i words = _mm256_cvtepu8_epi16(load_128(in));
        const __m256i first = From::order == nibble_order::low_first ? words : _mm256_srli_epi16(words, 4);
        const __m256i second =
            From::order == nibble_order::low_first ? _mm256_slli_epi16(words, 4) : _mm256_slli_epi16(words, 8);
        const __m256i codes = _mm256_and_si256(_mm256_or_si256(_mm256_and_si256(first, _mm256_set1_epi16(15)),
                                                               _mm256_and_si256(second, _mm256_set1_epi16(0x0F00))),
                                               nibble);
        const __m256i low = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(load_128(table.low)), codes);
        const __m256i high = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(load_128(table.high)), codes);
        const __m256i a = _mm256_unpacklo_epi8(low, high),
                      b = _mm256_unpackhi_epi8(low, high);  // 0-7, 16-23; 8-15, 24-31
        const __m256i parts[4] = {
            _mm256_unpacklo_epi16(zero, a), _mm256_unpackhi_epi16(zero, a),   // 0-3, 16-19; 4-7, 20-23
            _mm256_unpacklo_epi16(zero, b), _mm256_unpackhi_epi16(zero, b)};  // 8-11, 24-27; 12-15, 28-31
        for (int i = 0; i < 2; ++i) {
            store_256(out + 32 * i, _mm256_permute2x128_si256(parts[2 * i], parts[2 * i + 1], 0x20));
            store_256(out + 64 + 32 * i, _mm256_permute2x128_si256(parts[2 * i], parts[2 * i + 1], 0x31));
        }
        return true;
    }
};

}  // namespace lowprec::detail

#endif
#endif
