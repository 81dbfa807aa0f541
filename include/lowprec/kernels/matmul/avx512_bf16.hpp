// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Products with bf16 activations by the dot product of pairs that AVX-512 BF16 has. The chains are those of generic.hpp, with
// pairs of columns in place of columns. The instruction reads and writes subnormal floats as zero, whatever the control register
// says: activations next to them are kept from here (activations.hpp).
#ifndef LOWPREC_KERNELS_MATMUL_AVX512_BF16_HPP
#define LOWPREC_KERNELS_MATMUL_AVX512_BF16_HPP

#include <lowprec/kernels/matmul/generic.hpp>

namespace lowprec::detail {

/// Whether the codes' numbers are found as bf16 in registers.
template <class Isa, class Codes>
inline constexpr bool has_bf16_dots = false;

/// As float_strip, for activations in bf16.
template <class Isa, class Codes, class Scale, bool ZeroPoints>
void bf16_strip(const weight_strip& strip, const packed_rows& all, std::size_t rows, float* totals) noexcept;

#if defined(__AVX512BF16__) && defined(__AVX512VBMI__)

template <class Isa, class Codes>
    requires(Isa::has(simd::avx512 | simd::vbmi | simd::bf16) && !has_table<Codes>)
inline constexpr bool has_bf16_dots<Isa, Codes> = Codes::width == 4 || [] {
    if constexpr (is_float_codes<Codes>)
        return Codes::value(1U << (Codes::width - 1)) == 0;  // as many codes with a sign as without
    else
        return false;
}();

template <class Codes>
LOWPREC_INLINE constexpr std::uint16_t bf16_bits_of_code(unsigned code) noexcept {
    return static_cast<std::uint16_t>(convert<bf16>(format_from_native(Codes::value(code))).bits());
}

/// The numbers as words, 32 of them: of 4-bit codes twice, or less their zero point, of which the low 5 bits count.
template <class Codes, bool ZeroPoints>
struct word_table {
    alignas(64) std::uint16_t words[32];
};
template <class Codes, bool ZeroPoints>
inline constexpr word_table<Codes, ZeroPoints> word_table_of = [] {
    word_table<Codes, ZeroPoints> t{};
    for (unsigned i = 0; i < 32; ++i)
        if constexpr (ZeroPoints) {
            const int n = static_cast<int>(i ^ 16U) - 16;
            t.words[i] = static_cast<std::uint16_t>(convert<bf16>(format_from_native(static_cast<float>(n))).bits());
        } else {
            t.words[i] = bf16_bits_of_code<Codes>(i & 15U);
        }
    return t;
}();

/// The high and low bytes of the numbers of codes of 6 and 8 bits, without their sign.
template <class Codes>
struct bf16_bytes {
    alignas(64) std::uint8_t high[128], low[128];
};
template <class Codes>
inline constexpr bf16_bytes<Codes> bf16_bytes_of = [] {
    bf16_bytes<Codes> t{};
    for (unsigned i = 0; i < 1U << (Codes::width - 1); ++i) {
        const unsigned word = bf16_bits_of_code<Codes>(i);
        t.high[i] = static_cast<std::uint8_t>(word >> 8);
        t.low[i] = static_cast<std::uint8_t>(word & 0xFF);
    }
    return t;
}();

/// The pairs of a step, 4 registers, each with two columns of 16 rows.
template <class Codes, bool ZeroPoints>
class pair_decoder {
public:
    LOWPREC_INLINE pair_decoder() noexcept {
        if constexpr (Codes::width == 4) {
            first_ = _mm512_load_si512(word_table_of<Codes, ZeroPoints>.words);
        } else {
            first_ = _mm512_load_si512(bf16_bytes_of<Codes>.high);
            second_ = _mm512_load_si512(bf16_bytes_of<Codes>.high + 64);
            third_ = _mm512_load_si512(bf16_bytes_of<Codes>.low);
            fourth_ = _mm512_load_si512(bf16_bytes_of<Codes>.low + 64);
        }
    }

    /// Calls f.operator()<J>(pairs) for J = 0 to 3. `zeros` holds the zero points of the rows in both words of a lane.
    template <class Function>
    LOWPREC_INLINE void operator()(const std::byte* step, [[maybe_unused]] const std::uint32_t* zeros,
                                   Function&& f) const noexcept {
        if constexpr (Codes::width == 4) {
            __m512i words = _mm512_loadu_si512(step);
            unrolled<4>([&]<std::size_t j>() __attribute__((always_inline)) {
                __m512i index = words;
                if constexpr (j < 3) words = _mm512_srli_epi16(words, 4);
                if constexpr (ZeroPoints)
                    index = _mm512_sub_epi16(_mm512_and_si512(index, _mm512_set1_epi16(15)), _mm512_loadu_si512(zeros));
                f.template operator()<j>(_mm512_permutexvar_epi16(index, first_));
            });
        } else {
            unrolled<2>([&]<std::size_t half>() __attribute__((always_inline)) {
                __m512i codes, sign;
                if constexpr (Codes::width == 8) {
                    codes = sign = _mm512_loadu_si512(step + 64 * half);
                } else {
                    codes = spread(step + 48 * half);
                    sign = _mm512_slli_epi16(codes, 2);
                }
                __m512i high, low;
                if constexpr (Codes::width == 8) {
                    high = _mm512_permutex2var_epi8(first_, codes, second_);
                    low = _mm512_permutex2var_epi8(third_, codes, fourth_);
                } else {
                    const __m512i magnitude = _mm512_and_si512(codes, _mm512_set1_epi8(31));
                    high = _mm512_permutexvar_epi8(magnitude, first_);
                    low = _mm512_permutexvar_epi8(magnitude, third_);
                }
                // high | (sign & 80), byte by byte
                high = _mm512_ternarylogic_epi32(high, sign, _mm512_set1_epi8(-128), 0xF8);
                const __m512i low_bytes = _mm512_set1_epi16(0xFF);
                // (low & FF) | high << 8, and low >> 8 | (high & FF00)
                f.template operator()<2 * half>(
                    _mm512_ternarylogic_epi32(_mm512_slli_epi16(high, 8), low, low_bytes, 0xF8));
                f.template operator()<2 * half + 1>(
                    _mm512_ternarylogic_epi32(_mm512_srli_epi16(low, 8), high, low_bytes, 0xF4));
            });
        }
    }

private:
    /// 48 bytes to 64 codes: four bytes for each lane of three, then a shift of each byte's own.
    LOWPREC_INLINE static __m512i spread(const std::byte* from) noexcept {
        alignas(64) static constexpr auto places = [] {
            struct {
                std::uint8_t v[64];
            } p{};
            for (unsigned i = 0; i < 64; ++i) p.v[i] = static_cast<std::uint8_t>(i / 8 * 6 + (i % 8 < 6 ? i % 8 : 5));
            return p;
        }();
        const __m512i bytes = _mm512_maskz_loadu_epi8(0x0000FFFF'FFFFFFFFULL, from);
        const __m512i eights = _mm512_permutexvar_epi8(_mm512_loadu_si512(places.v), bytes);
        const __m512i shifts = _mm512_set1_epi64(0x2A241E18'120C0600LL);
        return _mm512_and_si512(_mm512_multishift_epi64_epi8(shifts, eights), _mm512_set1_epi8(63));
    }

    __m512i first_, second_, third_, fourth_;
};

LOWPREC_INLINE __m512 dot_pairs(__m512 sum, __m512i a, __m512i b) noexcept {
    return _mm512_dpbf16_ps(sum, __builtin_bit_cast(__m512bh, a), __builtin_bit_cast(__m512bh, b));
}
LOWPREC_INLINE __m512i broadcast_pair(const std::byte* from) noexcept {
    std::uint32_t pair;
    __builtin_memcpy(&pair, from, sizeof pair);
    return _mm512_set1_epi32(static_cast<int>(pair));
}

template <class Isa, std::size_t P, std::size_t M>
LOWPREC_INLINE void add_tile(const __m512 (&sums)[M][P], const float* scales, const float* x_scales,
                             std::size_t x_scales_stride, float* totals) noexcept {
#pragma GCC unroll 6
    for (std::size_t m = 0; m < M; ++m) {
        const f32<Isa> own(x_scales == nullptr ? 1.0F : x_scales[m * x_scales_stride]);
#pragma GCC unroll 4
        for (std::size_t p = 0; p < P; ++p) {
            add_scaled<Isa>(totals + m * strip_rows + 16 * p, sums[m][p], load_from<f32<Isa>>(scales + 16 * p) * own);
        }
    }
}

template <class Isa, class Codes, bool ZeroPoints, std::size_t P, std::size_t M>
LOWPREC_INLINE void fused_pairs(const pair_decoder<Codes, ZeroPoints>& decode, const std::byte* codes,
                                std::size_t panels, std::size_t steps, const std::uint32_t* zeros, const float* scales,
                                const packed_rows& x, const float* x_scales, float* totals) noexcept {
    __m512 sums[M][P];
    for (auto& row : sums)
        for (auto& sum : row) sum = _mm512_setzero_ps();
    for (std::size_t s = 0; s < steps; ++s) {
        const std::byte* const own = x.data + 16 * s;
#pragma GCC unroll 4
        for (std::size_t p = 0; p < P; ++p) {
            const std::byte* const step = codes + (s * panels + p) * step_bytes<Codes>;
            __builtin_prefetch(step + 4096);
            decode(
                step, zeros + 16 * p, [&]<std::size_t j>(__m512i pairs) __attribute__((always_inline)) {
#pragma GCC unroll 6
                    for (std::size_t m = 0; m < M; ++m) {
                        sums[m][p] = dot_pairs(sums[m][p], pairs, broadcast_pair(own + m * x.stride + 4 * j));
                    }
                });
        }
    }
    add_tile<Isa, P, M>(sums, scales, x_scales, x.scales_stride, totals);
}

template <class Isa, std::size_t P, std::size_t M>
[[gnu::noinline]] void buffered_pairs(const std::uint32_t* w, std::size_t pairs, const float* scales,
                                      const packed_rows& x, const float* x_scales, float* totals) noexcept {
    __m512 sums[M][P];
    for (auto& row : sums)
        for (auto& sum : row) sum = _mm512_setzero_ps();
    for (std::size_t c = 0; c < pairs; ++c) {
        __m512i column[P];
#pragma GCC unroll 4
        for (std::size_t p = 0; p < P; ++p) {
            column[p] = _mm512_load_si512(w + (c * P + p) * 16);
        }
#pragma GCC unroll 6
        for (std::size_t m = 0; m < M; ++m) {
            const __m512i own = broadcast_pair(x.data + m * x.stride + 4 * c);
#pragma GCC unroll 4
            for (std::size_t p = 0; p < P; ++p) {
                sums[m][p] = dot_pairs(sums[m][p], column[p], own);
            }
        }
    }
    add_tile<Isa, P, M>(sums, scales, x_scales, x.scales_stride, totals);
}

template <class Isa, class Codes, class Scale, bool ZeroPoints>
[[gnu::noinline]] void bf16_strip(const weight_strip& strip, const packed_rows& all, std::size_t rows,
                                  float* totals) noexcept {
    constexpr std::size_t few = Codes::width == 4 ? 4 : 2;
    const weight_shape& shape = *strip.shape;
    const pair_decoder<Codes, ZeroPoints> decode;
    alignas(64) float scales[strip_rows];
    alignas(64) std::uint32_t zeros[strip_rows];
    alignas(64) std::uint32_t buffer[unit_columns / 2 * strip_rows];
    const std::byte* at = strip.data;
    packed_rows x = all;
    for (std::size_t i = 0; i < rows * strip_rows; ++i) totals[i] = 0;
    for (std::size_t g = 0; g < shape.groups(); ++g) {
        decode_scales<Isa, Scale>(at, strip.panels, scales);
        if constexpr (ZeroPoints)
            for (std::size_t r = 0; r < strip.panels * panel_rows; ++r)
                zeros[r] = std::to_integer<std::uint32_t>(at[shape.scales_bytes(strip.panels) + r]) * 0x10001U;
        at += shape.group_head(strip.panels);
        const float* const x_scales = x.scales == nullptr ? nullptr : x.scales + g;
        for (std::size_t left = shape.columns_of(g); left != 0;) {
            const std::size_t columns = left < unit_columns ? left : unit_columns;
            const std::size_t steps = divide_up(columns, step_columns);
            const auto take = [&]<std::size_t P>(std::size_t p) {
                const std::byte* const codes = at + p * step_bytes<Codes>;
                const auto scale_of = [&](std::size_t m) {
                    return x_scales == nullptr ? nullptr : x_scales + m * x.scales_stride;
                };
                const auto totals_of = [&](std::size_t m) { return totals + m * strip_rows + p * 16; };
                const std::uint32_t* const zp = zeros + p * 16;
                if (rows <= few) {
                    for_each_tile<few>(0, rows, [&]<std::size_t M>(std::size_t m) {
                        fused_pairs<Isa, Codes, ZeroPoints, P, M>(decode, codes, strip.panels, steps, zp,
                                                                  scales + p * 16, x.from(m), scale_of(m),
                                                                  totals_of(m));
                    });
                } else {
                    for (std::size_t k = 0; k < P; ++k)
                        for (std::size_t s = 0; s < steps; ++s)
                            decode(
                                codes + (s * strip.panels + k) * step_bytes<Codes>,
                                zp + 16 * k, [&]<std::size_t j>(__m512i pairs) __attribute__((always_inline)) {
                                    _mm512_store_si512(buffer + ((4 * s + j) * P + k) * 16, pairs);
                                });
                    for_each_tile<6>(0, rows, [&]<std::size_t M>(std::size_t m) {
                        buffered_pairs<Isa, P, M>(buffer, steps * 4, scales + p * 16, x.from(m), scale_of(m),
                                                  totals_of(m));
                    });
                }
            };
            if (strip.panels == 4)
                take.template operator()<4>(0);
            else
                for (std::size_t p = 0; p < strip.panels; ++p) take.template operator()<1>(p);
            at += steps * strip.panels * step_bytes<Codes>;
            x.data += steps * step_columns * 2;
            left -= columns;
        }
    }
}

#endif

}  // namespace lowprec::detail

#endif
