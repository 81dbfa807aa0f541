// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Codes to registers of floats and back, for people who write their own kernels: a loop that decodes as it computes reads
// the codes and nothing else. One step takes as many registers as the narrowest codes of one register make:
//
//      storage        8 bits or packed        16 bits        32 bits
//      batches        [0] [1] [2] [3]         [0] [1]        [0]          in the order of the elements
//
// Every element is what the scalar `convert` gives; the fast blocks of convert/ serve here, too.
#ifndef LOWPREC_KERNELS_REGISTERS_HPP
#define LOWPREC_KERNELS_REGISTERS_HPP

#include <array>
#include <lowprec/kernels/convert/kernel.hpp>

namespace lowprec {

namespace detail {

// Without optimisation gcc's intrinsics are macros, and their casts are warned of here.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"

template <class F>
inline constexpr int storage_bits = bits_of<typename F::storage_type>;
template <class F>
inline constexpr int register_count = storage_bits<F> >= 32 ? 1 : 32 / storage_bits<F>;

template <class F>
inline constexpr bool fits_registers = has_kernel<F>&& register_count<F>* storage_bits<F> == 32;

/// The plan of a call that isn't stochastic, known while compiling.
template <class From, class To, policy P>
inline constexpr bulk_plan register_plan{P, outcomes_of<typename From::format, typename To::format>(P), {}};

template <class Isa, class From, class To, policy P>
using register_block = fast_block<Isa, From, To, rule<typename From::format, typename To::format, P>>;

/// One that saves no control register: per block that would cost more than it gains.
template <class Block>
inline constexpr bool serves_registers = false;
template <class Block>
    requires(Block::exists)
inline constexpr bool serves_registers<Block> = std::is_same_v<typename Block::environment, no_environment>;

template <class F>
inline constexpr bool is_binary16 = std::is_same_v<F, float_format<1, 5, 10, 15>>;

/// A block of codes of at most 8 bits. The compiler keeps the buffer in registers.
template <class Isa, class From>
LOWPREC_INLINE block<Isa> load_block(const std::byte* from) noexcept {
    using fast = register_block<Isa, From, plain<float>, policy{}>;
    if constexpr (serves_registers<fast>) {
        constexpr const bulk_plan& plan = register_plan<From, plain<float>, policy{}>;
        if (fast::serves(plan)) {
            alignas(64) std::byte floats[4 * block_size<Isa>];
            if (fast(plan).run(from, floats)) [[likely]]
                return load_dwords<Isa>(floats);
        }
    }
    return load_floats<Isa, From>(from);
}

/// Two registers of 32-bit lanes, and the words in them.
template <class Isa>
struct half_block {
    u32<Isa> v[2];
};
template <class Isa>
LOWPREC_INLINE half_block<Isa> load_half_block(const std::byte* from) noexcept {
#if defined(__SSE2__)
    if constexpr (lanes<Isa> == 16) {
#if defined(__AVX512F__)
        const auto* const words = reinterpret_cast<const __m256i*>(from);
        return {
            {_mm512_cvtepu16_epi32(_mm256_loadu_si256(words)), _mm512_cvtepu16_epi32(_mm256_loadu_si256(words + 1))}};
#endif
    } else if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
#if defined(__AVX2__)
        const auto* const words = reinterpret_cast<const __m128i*>(from);
        return {{_mm256_cvtepu16_epi32(_mm_loadu_si128(words)), _mm256_cvtepu16_epi32(_mm_loadu_si128(words + 1))}};
#endif
    } else if constexpr (lanes<Isa> == 4) {
        const __m128i words = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        return {{_mm_unpacklo_epi16(words, _mm_setzero_si128()), _mm_unpackhi_epi16(words, _mm_setzero_si128())}};
    } else
#endif
    {
        std::byte words[2 * block_size<Isa>] = {};
        __builtin_memcpy(words, from, block_size<Isa>);
        const block<Isa> b = load_words<Isa>(words);
        return {{b.v[0], b.v[1]}};
    }
}

/// Stores elements below 65536 as words.
template <class Isa>
LOWPREC_INLINE void store_half_block(std::byte* to, const half_block<Isa>& b) noexcept {
#if defined(__SSE2__)
    if constexpr (lanes<Isa> == 16) {
#if defined(__AVX512F__)
        const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
        _mm512_storeu_si512(to, _mm512_permutexvar_epi64(order, _mm512_packus_epi32(b.v[0], b.v[1])));
#endif
    } else if constexpr (lanes<Isa> == 8 && Isa::has(simd::avx2)) {
#if defined(__AVX2__)
        const __m256i words = _mm256_packus_epi32(b.v[0], b.v[1]);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permute4x64_epi64(words, 0xD8));
#endif
    } else if constexpr (lanes<Isa> == 4) {
        const auto sign_extended = [](__m128i x) { return _mm_srai_epi32(_mm_slli_epi32(x, 16), 16); };
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_packs_epi32(sign_extended(b.v[0]), sign_extended(b.v[1])));
    } else
#endif
    {
        std::byte words[2 * block_size<Isa>];
        store_words<Isa>(words, {{b.v[0], b.v[1], u32<Isa>(0U), u32<Isa>(0U)}});
        __builtin_memcpy(to, words, block_size<Isa>);
    }
}

/// Codes of 16-bit storage to floats. The processor's conversion of fp16 heeds neither flag that flushes denormals.
template <class Isa, class F>
LOWPREC_INLINE half_block<Isa> load_half_floats(const std::byte* from) noexcept {
#if defined(__F16C__)
    if constexpr (is_binary16<F> && lanes<Isa> == 8 && Isa::has(simd::avx2)) {
        const auto* const words = reinterpret_cast<const __m128i*>(from);
        return {{_mm256_castps_si256(_mm256_cvtph_ps(_mm_loadu_si128(words))),
                 _mm256_castps_si256(_mm256_cvtph_ps(_mm_loadu_si128(words + 1)))}};
    }
#endif
#if defined(__AVX512F__)
    if constexpr (is_binary16<F> && lanes<Isa> == 16) {
        const auto* const words = reinterpret_cast<const __m256i*>(from);
        return {{_mm512_castps_si512(_mm512_cvtph_ps(_mm256_loadu_si256(words))),
                 _mm512_castps_si512(_mm512_cvtph_ps(_mm256_loadu_si256(words + 1)))}};
    }
#endif
    const half_block<Isa> words = load_half_block<Isa>(from);
    return {{decode<Isa, F>(words.v[0]), decode<Isa, F>(words.v[1])}};
}

template <class Isa, class F, policy P>
LOWPREC_INLINE u32<Isa> encode_register(u32<Isa> bits) noexcept {
    constexpr const bulk_plan& plan = register_plan<plain<float>, plain<F>, P>;
    bool decided = true;
    return encode<Isa, F, rule<binary32, F, P>>(bits, u32<Isa>(0U), plan.fate, decided);
}

template <class Isa, class To, policy P>
LOWPREC_INLINE void store_block(const block<Isa>& b, std::byte* to) noexcept {
    using F = typename To::format;
    using fast = register_block<Isa, plain<float>, To, P>;
    if constexpr (serves_registers<fast>) {
        constexpr const bulk_plan& plan = register_plan<plain<float>, To, P>;
        if (fast::serves(plan)) {
            alignas(64) std::byte floats[4 * block_size<Isa>];
            store_dwords<Isa>(floats, b);
            if (fast(plan).run(floats, to)) [[likely]]
                return;
        }
    }
    block<Isa> codes;
    for (int i = 0; i < 4; ++i) codes.v[i] = encode_register<Isa, F, P>(b.v[i]);
    store_codes<Isa, To>(to, codes);
}

/// Floats to codes of 16-bit storage.
template <class Isa, class F, policy P>
LOWPREC_INLINE void store_half_codes(std::byte* to, const half_block<Isa>& floats) noexcept {
    [[maybe_unused]] constexpr bool by_processor =
        is_binary16<F> && P.round == rounding::nearest_even && register_plan<plain<float>, plain<F>, P>.fate.by_default;
#if defined(__F16C__)
    if constexpr (by_processor && lanes<Isa> == 8 && Isa::has(simd::avx2)) {
        auto* const words = reinterpret_cast<__m128i*>(to);
        for (int i = 0; i < 2; ++i)
            _mm_storeu_si128(words + i, _mm256_cvtps_ph(_mm256_castsi256_ps(floats.v[i]), _MM_FROUND_TO_NEAREST_INT));
        return;
    }
#endif
#if defined(__AVX512F__)
    if constexpr (by_processor && lanes<Isa> == 16) {
        auto* const words = reinterpret_cast<__m256i*>(to);
        for (int i = 0; i < 2; ++i)
            _mm256_storeu_si256(words + i,
                                _mm512_cvtps_ph(_mm512_castsi512_ps(floats.v[i]), _MM_FROUND_TO_NEAREST_INT));
        return;
    }
#endif
    store_half_block<Isa>(to, {{encode_register<Isa, F, P>(floats.v[0]), encode_register<Isa, F, P>(floats.v[1])}});
}

template <class Isa>
LOWPREC_INLINE std::array<f32<Isa>, 4> as_floats(const block<Isa>& b) noexcept {
    return {as<f32<Isa>>(b.v[0]), as<f32<Isa>>(b.v[1]), as<f32<Isa>>(b.v[2]), as<f32<Isa>>(b.v[3])};
}
template <class Isa>
LOWPREC_INLINE block<Isa> as_bits(const std::array<f32<Isa>, 4>& x) noexcept {
    return {{as<u32<Isa>>(x[0]), as<u32<Isa>>(x[1]), as<u32<Isa>>(x[2]), as<u32<Isa>>(x[3])}};
}

template <class F>
constexpr void check_registers() noexcept {
    static_assert(
        fits_registers<F>,
        "simd::load and simd::store have no fp64, no range past float's, and beyond 16 bits only floats cut short; "
        "use convert");
}
template <policy P>
constexpr void check_register_policy() noexcept {
    static_assert(P.round != rounding::stochastic,
                  "simd::store does not round stochastically; convert<P>(in, out, seed) does");
}

#pragma GCC diagnostic pop

}  // namespace detail

namespace simd {

/// The registers that one step of `load` fills with the values of codes of F: 4 if a code is stored in 8 bits or packed, 2 for
/// 16 bits, 1 for 32.
template <format F, class Isa = native>
using batches = std::array<detail::f32<Isa>, static_cast<std::size_t>(detail::register_count<F>)>;

/// The elements in them.
template <format F, class Isa = native>
inline constexpr std::size_t elements = std::size_t{detail::register_count<F>} * detail::f32<Isa>::size;

/// The values of `elements<F>` codes, in order.
/// Shapes:  codes of any alignment. Isa is an instruction set that the translation unit is compiled for.
/// Rounds:  not at all; a NaN as convert<float>(code) gives it.
/// Needs:   a format whose values are floats; fp64 and formats with a wider range don't compile.
template <format F, class Isa = native>
[[nodiscard]] LOWPREC_INLINE batches<F, Isa> load(const F* codes) noexcept {
    detail::check_registers<F>();
    const auto* const from = reinterpret_cast<const std::byte*>(codes);
    batches<F, Isa> result;
    if constexpr (!detail::fits_registers<F>) {
        result = {};  // refused above
    } else if constexpr (result.size() == 1) {
        detail::u32<Isa> bits = detail::load_from<detail::u32<Isa>>(from);
        if constexpr (!std::is_same_v<F, detail::binary32>)
            bits = detail::decode<Isa, F>(detail::storage_shift<F> == 0 ? bits : bits >> detail::storage_shift<F>);
        result[0] = detail::as<detail::f32<Isa>>(bits);
    } else if constexpr (result.size() == 2) {
        const detail::half_block<Isa> b = detail::load_half_floats<Isa, F>(from);
        result = {detail::as<detail::f32<Isa>>(b.v[0]), detail::as<detail::f32<Isa>>(b.v[1])};
    } else {
        result = detail::as_floats<Isa>(detail::load_block<Isa, detail::plain<F>>(from));
    }
    return result;
}

/// The same from packed codes: F::width * elements<F> / 8 bytes, of which the first begins with the first code.
/// Needs:   a width below 8; high_first a width of 4.
template <format F, nibble_order Order = nibble_order::low_first, class Isa = native>
    requires detail::width_is_below_8<F> && detail::high_first_needs_4_bit_codes<Order, F>
[[nodiscard]] LOWPREC_INLINE batches<F, Isa> load(const std::byte* bytes) noexcept {
    detail::check_registers<F>();
    return detail::as_floats<Isa>(detail::load_block<Isa, detail::packed<F, Order>>(bytes));
}

/// Writes the codes of `elements<F>` floats, in order.
/// Shapes:  codes of any alignment.
/// Rounds:  by P, once, as convert<F, P>(x); so also Beyond. fp32 is copied.
/// Needs:   a format whose values are floats, and a policy that isn't stochastic; others don't compile.
template <format F, policy P = policy{}, class Isa = native>
LOWPREC_INLINE void store(const batches<F, Isa>& floats, F* codes) noexcept {
    detail::check_registers<F>();
    detail::check_register_policy<P>();
    auto* const to = reinterpret_cast<std::byte*>(codes);
    if constexpr (detail::fits_registers<F> && P.round != rounding::stochastic) {
        if constexpr (detail::register_count<F> == 1) {
            detail::u32<Isa> bits = detail::as<detail::u32<Isa>>(floats[0]);
            if constexpr (!std::is_same_v<F, detail::binary32>) bits = detail::encode_register<Isa, F, P>(bits);
            detail::store_to(to, detail::storage_shift<F> == 0 ? bits : bits << detail::storage_shift<F>);
        } else if constexpr (detail::register_count<F> == 2) {
            detail::store_half_codes<Isa, F, P>(
                to, {{detail::as<detail::u32<Isa>>(floats[0]), detail::as<detail::u32<Isa>>(floats[1])}});
        } else {
            detail::store_block<Isa, detail::plain<F>, P>(detail::as_bits<Isa>(floats), to);
        }
    }
}

/// The same to packed codes: exactly F::width * elements<F> / 8 bytes are written.
/// Needs:   a width below 8; high_first a width of 4.
template <format F, policy P = policy{}, nibble_order Order = nibble_order::low_first, class Isa = native>
requires detail::width_is_below_8<F> && detail::high_first_needs_4_bit_codes<Order, F> LOWPREC_INLINE void store(
    const batches<F, Isa>& floats, std::byte* bytes) noexcept {
    detail::check_registers<F>();
    detail::check_register_policy<P>();
    if constexpr (P.round != rounding::stochastic)
        detail::store_block<Isa, detail::packed<F, Order>, P>(detail::as_bits<Isa>(floats), bytes);
}

}  // namespace simd

}  // namespace lowprec

#endif
