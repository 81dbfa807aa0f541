// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// Instruction sets as types. `isa<Features>` says what a kernel may use; every kernel is a template on it, so that two
// translation units built with different flags never share a kernel's symbol. The only header that asks the compiler for
// instruction sets and that names xsimd's architectures; it also hides what differs between xsimd 8.1 and later.
#ifndef LOWPREC_KERNELS_ARCH_HPP
#define LOWPREC_KERNELS_ARCH_HPP

#include <cstddef>
#include <cstdint>
#include <lowprec/detail/bits.hpp>

// GCC 12 thinks that its AVX-512 intrinsics read what they only pass on (bug 105593), and says so in users' code. It hears this
// where the intrinsics' header is first read.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#include <xsimd/xsimd.hpp>

namespace lowprec::simd {

/// What a kernel may use beyond the machine's base: SSE2 on x86-64, NEON on AArch64.
enum features : unsigned {
    base = 0,
    avx2 = 1,     ///< AVX2, FMA and F16C
    avx512 = 2,   ///< AVX-512 F, CD, BW, DQ, VL, as every server processor since 2017
    vbmi = 4,     ///< AVX-512 VBMI: byte permutes, since 2019
    bf16 = 8,     ///< AVX-512 BF16
    scalar = 16,  ///< no vectors: what is left where xsimd has nothing for the machine
    vnni = 32,    ///< AVX-512 VNNI: dot products of bytes, since 2019
};

/// The features that this translation unit is compiled for.
inline constexpr unsigned compiled_features =
#if !defined(__SSE2__) && !defined(__aarch64__)
    scalar |
#endif
#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
    avx2 |
#if defined(__AVX512F__) && defined(__AVX512CD__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && \
    defined(__AVX512VL__)
    avx512 |
#if defined(__AVX512VBMI__)
    vbmi |
#endif
#if defined(__AVX512BF16__)
    bf16 |
#endif
#if defined(__AVX512VNNI__)
    vnni |
#endif
#endif
#endif
    base;

/// An instruction set. A translation unit can use every subset of what it is compiled for: tests run them side by side.
template <unsigned Features = compiled_features>
struct isa {
    static constexpr unsigned value = Features;
    static constexpr bool has(unsigned feature) noexcept { return (Features & feature) == feature; }
    static constexpr bool vectors = !has(scalar);

#if defined(__aarch64__)
    using base_arch = xsimd::neon64;
#else
    using base_arch = xsimd::sse2;
#endif
    using own_arch = std::conditional_t<has(avx512), xsimd::avx512bw,
                                        std::conditional_t<has(avx2), xsimd::fma3<xsimd::avx2>, base_arch>>;
    using arch = std::conditional_t<Features == compiled_features, xsimd::default_arch, own_arch>;
};

/// What this translation unit is compiled for.
using native = isa<>;

}  // namespace lowprec::simd

namespace lowprec::detail {

// xsimd's batches by the width of their lanes.
template <class Isa>
using f32 = xsimd::batch<float, typename Isa::arch>;
template <class Isa>
using u32 = xsimd::batch<std::uint32_t, typename Isa::arch>;
template <class Isa>
using i32 = xsimd::batch<std::int32_t, typename Isa::arch>;
template <class Isa>
using u64 = xsimd::batch<std::uint64_t, typename Isa::arch>;
template <class Isa>
using u16 = xsimd::batch<std::uint16_t, typename Isa::arch>;
template <class Isa>
using u8 = xsimd::batch<std::uint8_t, typename Isa::arch>;

/// Lanes of 32 bits in a register. A block is what four such registers hold: the unit in which all kernels work.
template <class Isa>
inline constexpr int lanes = static_cast<int>(u32<Isa>::size);
template <class Isa>
inline constexpr int block_size = 4 * lanes<Isa>;

/// The same bits as another batch. (xsimd::bitwise_cast takes a batch type in 8.1 and an element type later.)
template <class To, class T, class Arch>
LOWPREC_INLINE To as(xsimd::batch<T, Arch> x) noexcept {
    using from = typename xsimd::batch<T, Arch>::register_type;
    return To(__builtin_bit_cast(typename To::register_type, static_cast<from>(x)));
}

/// A batch with all lanes alike.
template <class Batch>
LOWPREC_INLINE Batch all_lanes(typename Batch::value_type x) noexcept {
    return Batch(x);
}

// Through memcpy: memory may hold objects of any type, at any alignment.
template <class Batch>
LOWPREC_INLINE Batch load_from(const void* from) noexcept {
    typename Batch::register_type bits;
    __builtin_memcpy(&bits, from, sizeof bits);
    return Batch(bits);
}
template <class T, class Arch>
LOWPREC_INLINE void store_to(void* to, xsimd::batch<T, Arch> x) noexcept {
    const auto bits = static_cast<typename xsimd::batch<T, Arch>::register_type>(x);
    __builtin_memcpy(to, &bits, sizeof bits);
}

}  // namespace lowprec::detail

#endif
