// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// AVX-512: 64 numbers at a time to the codes of integers. With m = 2^-Bits / scale, the fraction's bits follow the code's, and
// half and the zero point are in the constant already:
//
//      x m + C      |0| 01111111 |  code - lowest, Bits  |  fraction, F bits |      F = 23 - Bits
//
// As an integer this goes on rising above and below, so nothing is cut off before: packing with saturation does it. It is less than one
// of the last place wrong, for |x / scale| < 2^Bits, and 1 of it is added. A sum that ends in 0 or 1 may be wrong: there
// the sign of x - (q - 1/2) scale, which one multiply-add gives exactly, decides.
#ifndef LOWPREC_KERNELS_AFFINE_AVX512_HPP
#define LOWPREC_KERNELS_AFFINE_AVX512_HPP

#include <lowprec/kernels/affine/generic.hpp>

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)

namespace lowprec::detail {

// Without optimisation gcc's intrinsics are macros, and their casts are warned of here.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"

/// The sums of 64 numbers. The lowest code is that of a full range.
template <class Isa, int Bits, bool Signed>
struct quotient_sums {
    static constexpr int fraction = 23 - Bits;
    static constexpr int above_lowest = Signed ? 1 << (Bits - 1) : 0;  // of the code 0
    static constexpr int one = 0x3F800000;                             // the float 1
    __m512 y[4];

    LOWPREC_INLINE static float multiplier(float scale) noexcept {
        return static_cast<float>(1.0 / (1 << Bits) / static_cast<double>(scale));
    }
    /// The sum of an x of zero.
    LOWPREC_INLINE static int constant(int zero_point) noexcept {
        return one + (zero_point + above_lowest) * (1 << fraction) + (1 << (fraction - 1)) + 1;
    }

    /// Whether no number is next to a tie; `others` is what the caller found out.
    LOWPREC_INLINE bool sure(__mmask16 others = 0xFFFF) const noexcept {
        const __m512i tie = _mm512_set1_epi32((1 << fraction) - 2);
        for (int i = 0; i < 4; ++i) others = _mm512_mask_test_epi32_mask(others, _mm512_castps_si512(y[i]), tie);
        return others == 0xFFFF;
    }

    /// The sums with those next to ties put right, and without NaN.
    [[gnu::noinline]] static quotient_sums settle(quotient_sums sums, const std::byte* in, const float (&scales)[4],
                                                  int zero_point) noexcept {
        const __m512i tie = _mm512_set1_epi32((1 << fraction) - 2);
        const __m512i zero_code = _mm512_set1_epi32(one + (zero_point + above_lowest) * (1 << fraction));
        for (int i = 0; i < 4; ++i) {
            const __m512 x = _mm512_loadu_ps(in + 64 * i), scale = _mm512_set1_ps(scales[i]);
            const __m512i y = _mm512_castps_si512(sums.y[i]);
            const __m512i q = _mm512_srai_epi32(_mm512_sub_epi32(y, zero_code), fraction);
            const __m512 half_below = _mm512_sub_ps(_mm512_cvtepi32_ps(q), _mm512_set1_ps(0.5F));
            const __m512 rest =
                _mm512_xor_ps(_mm512_fnmadd_ps(half_below, scale, x), _mm512_and_ps(scale, _mm512_set1_ps(-0.0F)));
            const __mmask16 below = _mm512_cmp_ps_mask(rest, _mm512_setzero_ps(), _CMP_LT_OQ);
            const __mmask16 tied = _mm512_cmp_ps_mask(rest, _mm512_setzero_ps(), _CMP_EQ_OQ);
            const __mmask16 to_odd = _mm512_mask_test_epi32_mask(tied, q, _mm512_set1_epi32(1));
            const __mmask16 lower = _mm512_mask_testn_epi32_mask(static_cast<__mmask16>(below | to_odd), y, tie);
            const __m512i right = _mm512_mask_sub_epi32(y, lower, y, _mm512_set1_epi32(1 << fraction));
            sums.y[i] =
                _mm512_castsi512_ps(_mm512_mask_mov_epi32(right, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), zero_code));
        }
        return sums;
    }

    /// The codes, saturated at the ends of bytes; four elements of each quarter of each y by turns.
    LOWPREC_INLINE __m512i saturated_codes() const noexcept {
        const auto words = [this](int i) {
            const auto up_to_code = [](__m512 sum) { return _mm512_srai_epi32(_mm512_castps_si512(sum), fraction); };
            return _mm512_subs_epi16(_mm512_packs_epi32(up_to_code(y[i]), up_to_code(y[i + 1])),
                                     _mm512_set1_epi16((one >> fraction) + above_lowest));
        };
        return Signed ? _mm512_packs_epi16(words(0), words(2)) : _mm512_packus_epi16(words(0), words(2));
    }
};

/// The sums of A's codes, and these, one a byte in the order of the elements.
template <class Isa, class A>
using sums_of_codes = quotient_sums<Isa, A::bits, is_signed(A::codes)>;
template <class Isa, class A>
LOWPREC_INLINE __m512i codes_of_sums(const sums_of_codes<Isa, A>& sums) noexcept {
    __m512i codes = sums.saturated_codes();
    const auto bytes = [](int value) { return _mm512_set1_epi8(static_cast<char>(value)); };
    if constexpr (is_signed(A::codes)) {
        if constexpr (A::lowest != -128) codes = _mm512_max_epi8(codes, bytes(A::lowest));
        if constexpr (A::bits != 8) codes = _mm512_min_epi8(codes, bytes(A::highest));
        if constexpr (A::bits != 8) codes = _mm512_and_si512(codes, bytes((1 << A::bits) - 1));
    } else {
        if constexpr (A::lowest != 0) codes = _mm512_max_epu8(codes, bytes(A::lowest));
        if constexpr (A::bits != 8) codes = _mm512_min_epu8(codes, bytes(A::highest));
    }
    return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), codes);
}

/// The codes of 64 numbers that are known to be finite, with the multiplier and the scale that functions give for each register.
template <class Isa, class A, class Multiplier, class Scale>
LOWPREC_INLINE __m512i codes_by_scales(const std::byte* in, int zero_point, Multiplier multiplier,
                                       Scale scale) noexcept {
    using sums = sums_of_codes<Isa, A>;
    const __m512 constant = _mm512_castsi512_ps(_mm512_set1_epi32(sums::constant(zero_point)));
    sums found;
    for (int i = 0; i < 4; ++i)
        found.y[i] = _mm512_fmadd_ps(_mm512_loadu_ps(in + 64 * i), _mm512_set1_ps(multiplier(i)), constant);
    if (!found.sure()) [[unlikely]]
        found = sums::settle(found, in, {scale(0), scale(1), scale(2), scale(3)}, zero_point);
    return codes_of_sums<Isa, A>(found);
}

template <class Isa, class A>
    requires(Isa::has(simd::avx512))
class affine_encoder<Isa, A> {
    using sums = sums_of_codes<Isa, A>;

public:
    LOWPREC_INLINE static bool serves(A a) noexcept { return has_picture(a); }
    LOWPREC_INLINE explicit affine_encoder(A a) noexcept
        : parameters_(a),
          multiplier_(_mm512_set1_ps(sums::multiplier(a.scale))),
          constant_(_mm512_castsi512_ps(_mm512_set1_epi32(sums::constant(a.zero_point)))) {}

    LOWPREC_INLINE void operator()(const std::byte* in, std::byte* out) const noexcept {
        __m512 x[4];
        sums found;
        for (int i = 0; i < 4; ++i) {
            x[i] = _mm512_loadu_ps(in + 64 * i);
            found.y[i] = _mm512_fmadd_ps(x[i], multiplier_, constant_);
        }
        const __mmask16 numbers =
            _mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask(x[0], x[1], _CMP_ORD_Q), x[2], x[3], _CMP_ORD_Q);
        if (!found.sure(numbers)) [[unlikely]] {
            const float s = parameters_.scale;
            found = sums::settle(found, in, {s, s, s, s}, parameters_.zero_point);
        }
        const __m512i codes = codes_of_sums<Isa, A>(found);
        if constexpr (A::bits == 8)
            _mm512_storeu_si512(out, codes);
        else
            pack_block<Isa, A::bits, nibble_order::low_first>(out, u8<Isa>(codes));
    }

private:
    A parameters_;
    __m512 multiplier_, constant_;
};

#pragma GCC diagnostic pop

}  // namespace lowprec::detail

#endif
#endif
