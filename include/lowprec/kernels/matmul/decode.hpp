// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Codes of prepared weights to floats, in registers: one register holds a column of as many rows as it has lanes.
#ifndef LOWPREC_KERNELS_MATMUL_DECODE_HPP
#define LOWPREC_KERNELS_MATMUL_DECODE_HPP

#include <lowprec/kernels/convert/generic.hpp>
#include <lowprec/kernels/convert/packing.hpp>
#include <lowprec/kernels/matmul/layout.hpp>

namespace lowprec::detail {

/// 16 numbers, and the number of each lane's code, which is below 16.
template <class Isa>
class lookup16 {
public:
    LOWPREC_INLINE explicit lookup16(const float* table) noexcept {
        for (int i = 0; i < 16 / lanes<Isa>; ++i) parts_[i] = load_from<f32<Isa>>(table + i * lanes<Isa>);
    }
    LOWPREC_INLINE f32<Isa> operator()(u32<Isa> code) const noexcept {
#if defined(__AVX512F__)
        if constexpr (lanes<Isa> == 16) return f32<Isa>(_mm512_permutexvar_ps(code, parts_[0]));
#endif
#if defined(__AVX2__)
        if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
            const __m256 low = _mm256_permutevar8x32_ps(parts_[0], code);
            const __m256 high = _mm256_permutevar8x32_ps(parts_[1], code);
            return f32<Isa>(_mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(code, 28))));
        }
#endif
        std::uint32_t codes[lanes<Isa>];
        float table[16], found[lanes<Isa>];
        store_to(codes, code);
        for (int i = 0; i < 16 / lanes<Isa>; ++i) store_to(table + i * lanes<Isa>, parts_[i]);
        for (int i = 0; i < lanes<Isa>; ++i) found[i] = table[codes[i] & 15];
        return load_from<f32<Isa>>(found);
    }

private:
    f32<Isa> parts_[16 / lanes<Isa>];
};

template <class Codes>
inline constexpr bool is_float_codes = false;
template <class F>
inline constexpr bool is_float_codes<float_codes<F>> = true;

/// What decoding a strip needs beside the codes: the table of 4-bit codes, zero points.
template <class Isa, class Codes>
class decoder {
    static constexpr bool by_table =
        has_table<Codes> || (is_float_codes<Codes> && Codes::width == 4 && Isa::has(simd::avx2));
    struct nothing {
        LOWPREC_INLINE explicit nothing(const float*) noexcept {}
    };

public:
    /// The table of weights whose codes have one; otherwise it isn't looked at.
    LOWPREC_INLINE explicit decoder(const float* table) noexcept : table_(table_of(table)) {}

    /// The zero points of `lanes` rows as floats, from where they are stored.
    LOWPREC_INLINE static f32<Isa> zero_points(const std::byte* from) noexcept {
        float z[lanes<Isa>];
        for (int i = 0; i < lanes<Isa>; ++i) z[i] = static_cast<float>(std::to_integer<unsigned>(from[i]));
        return load_from<f32<Isa>>(z);
    }
    LOWPREC_INLINE static f32<Isa> zero_point() noexcept { return f32<Isa>(static_cast<float>(Codes::zero)); }

    /// The numbers of a column, before scaling. `word` holds 8 codes of 4 bits or 4 of 8 a lane, Place is the column's.
    template <std::size_t Column>
    LOWPREC_INLINE f32<Isa> column(u32<Isa> word, f32<Isa> zero) const noexcept {
        if constexpr (Codes::width == 4) {
            constexpr int shift = 4 * static_cast<int>(nibble_place(Column));
            u32<Isa> code = shift == 0 ? word : word >> shift;
            if constexpr (by_table && lanes<Isa> == 16) return table_(code);  // the permutation ignores higher bits
            if constexpr (shift != 28) code = code & u32<Isa>(15U);
            if constexpr (by_table)
                return table_(code);
            else if constexpr (is_float_codes<Codes>)
                return number(code);
            else
                return integer(as<i32<Isa>>(code), zero);
        } else {
            constexpr int shift = 8 * static_cast<int>(byte_place[Column % 4]);
            u32<Isa> code = shift == 0 ? word : word >> shift;
            if constexpr (shift != 24) code = code & u32<Isa>(0xFFU);
            if constexpr (is_float_codes<Codes>)
                return number(code);
            else
                return integer(as<i32<Isa>>(code), zero);
        }
    }

private:
    template <class C = Codes>
    LOWPREC_INLINE static f32<Isa> number(u32<Isa> code) noexcept {
        return number_of<C>(code, std::type_identity<C>{});
    }
    template <class C, class F>
    LOWPREC_INLINE static f32<Isa> number_of(u32<Isa> code, std::type_identity<float_codes<F>>) noexcept {
        return as<f32<Isa>>(decode<Isa, F>(code));
    }
    LOWPREC_INLINE static f32<Isa> integer(i32<Isa> code, f32<Isa> zero) noexcept {
        const f32<Isa> n = xsimd::to_float(code) - zero;
        if constexpr (Codes::integers)
            return n;
        else
            return n * f32<Isa>(Codes::value(Codes::zero + 1));  // the unit, a power of two
    }
    LOWPREC_INLINE static const float* table_of(const float* table) noexcept {
        if constexpr (by_table && !has_table<Codes>) {
            static constexpr auto values = [] {
                struct {
                    float v[16];
                } all{};
                for (unsigned i = 0; i < 16; ++i) all.v[i] = Codes::value(i);
                return all;
            }();
            return values.v;
        } else {
            return table;
        }
    }

    [[no_unique_address]] std::conditional_t<by_table, lookup16<Isa>, nothing> table_;
};

/// The float values of the scales of `lanes` rows.
template <class Isa, class Scale>
LOWPREC_INLINE f32<Isa> scale_values(const std::byte* from) noexcept {
    if constexpr (sizeof(Scale) == 4) {
        return load_from<f32<Isa>>(from);
    } else {
#if defined(__AVX512F__)
        if constexpr (lanes<Isa> == 16) {
            const auto* const at = reinterpret_cast<const __m128i*>(from);
            u32<Isa> code;
            if constexpr (sizeof(Scale) == 1)
                code = _mm512_cvtepu8_epi32(_mm_loadu_si128(at));
            else
                code = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
            return as<f32<Isa>>(decode<Isa, Scale>(code));
        } else
#endif
        {
            std::uint32_t codes[lanes<Isa>];
            for (int i = 0; i < lanes<Isa>; ++i) {
                typename Scale::storage_type code;
                __builtin_memcpy(&code, from + static_cast<std::size_t>(i) * sizeof code, sizeof code);
                codes[i] = code;
            }
            return as<f32<Isa>>(decode<Isa, Scale>(load_from<u32<Isa>>(codes)));
        }
    }
}

/// The words of a step for the lanes from `row` on: one word a lane for 4 bits, two for 8; 6 bits are spread to 8.
template <class Isa, class Codes>
class step_words {
public:
    LOWPREC_INLINE explicit step_words(const std::byte* step) noexcept {
        if constexpr (Codes::width == 6) {
            constexpr int size = block_size<Isa>;
            for (int half = 0; half < 2; ++half)
                for (int i = 0; i < 64; i += size)
                    store_to(spread_ + 64 * half + i,
                             unpack_block<Isa, 6, nibble_order::low_first>(step + 48 * half + i * 6 / 8));
        } else {
            from_ = step;
        }
    }
    template <std::size_t Column>
    LOWPREC_INLINE u32<Isa> of(std::size_t row) const noexcept {
        constexpr std::size_t half = Codes::width == 4 ? 0 : Column / 4 * 64;
        if constexpr (Codes::width == 6)
            return load_from<u32<Isa>>(spread_ + half + 4 * row);
        else
            return load_from<u32<Isa>>(from_ + half + 4 * row);
    }

private:
    const std::byte* from_ = nullptr;
    alignas(64) std::byte spread_[Codes::width == 6 ? 128 : 1];
};

}  // namespace lowprec::detail

#endif
