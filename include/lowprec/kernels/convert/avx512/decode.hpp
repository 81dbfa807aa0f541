// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// AVX-512 with VBMI: codes of 8 bits and fewer to floats, 16-bit formats and each other. A float with at most 8 significant bits
// is its upper half. Two tables of bytes give both bytes of it for 64 codes at once; the codes come in an order from which
// shifts and masks make four registers of floats.
#ifndef LOWPREC_KERNELS_CONVERT_AVX512_DECODE_HPP
#define LOWPREC_KERNELS_CONVERT_AVX512_DECODE_HPP

#include <lowprec/kernels/convert/fma.hpp>

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__) && \
    defined(__AVX512VBMI__)

namespace lowprec::detail {

// Without optimisation gcc's intrinsics are macros, and their casts are warned of here.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"

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

#pragma GCC diagnostic pop

}  // namespace lowprec::detail

#endif
#endif
