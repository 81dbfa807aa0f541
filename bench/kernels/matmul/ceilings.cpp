// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
#include "ceilings.hpp"

#include <cstring>
#include <lowprec/kernels/lanes.hpp>

#include "../../support/in_register.hpp"

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace lowprec_bench {

namespace {

/// So many chains that registers hold them; latencies of 4 to 6 cycles at two operations a cycle need 12.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr std::size_t sums = 24;
#else
constexpr std::size_t sums = 12;
#endif

/// Chains of step(sum). What the sums hold doesn't matter; they stay small, since slow numbers must not occur.
template <class Vector, class Step>
[[gnu::always_inline]] inline void chains(std::size_t rounds, Vector zero, Step step) {
    Vector s[sums];
#pragma GCC unroll 32
    for (std::size_t i = 0; i < sums; ++i) s[i] = zero;
    for (std::size_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 32
        for (std::size_t i = 0; i < sums; ++i) {
            s[i] = step(s[i]);
            in_register(s[i]);
        }
    }
}

[[gnu::noinline]] double fma_peak(std::size_t rounds) {
    using isa = lowprec::simd::native;
    using batch = lowprec::detail::f32<isa>;
    using vector = typename batch::register_type;
    auto zero = static_cast<vector>(batch(0.0F)), one = static_cast<vector>(batch(1.0F));
    in_register(zero);
    in_register(one);
    chains(rounds, zero, [&](vector s) {
        return static_cast<vector>(lowprec::detail::multiply_add<isa>(batch(s), batch(one), batch(zero)));
    });
    return 2.0 * static_cast<double>(rounds * sums * batch::size);
}

#if defined(__AVX512VNNI__)
#define LOWPREC_BENCH_INT8_DOT "vpdpbusd"
[[gnu::noinline]] double int8_peak(std::size_t rounds) {
    __m512i a = _mm512_set1_epi8(1);
    in_register(a);
    chains(rounds, _mm512_setzero_si512(), [&](__m512i s) { return _mm512_dpbusd_epi32(s, a, a); });
    return 2.0 * static_cast<double>(rounds * sums * 64);
}
#elif defined(__AVX2__)
// without a dot of bytes: exact sums of their products take words
#define LOWPREC_BENCH_INT8_DOT "vpmaddwd, vpaddd"
[[gnu::noinline]] double int8_peak(std::size_t rounds) {
    __m256i a = _mm256_set1_epi16(1);
    chains(rounds, _mm256_setzero_si256(), [&](__m256i s) {
        in_register(a);
        return _mm256_add_epi32(s, _mm256_madd_epi16(a, a));
    });
    return 2.0 * static_cast<double>(rounds * sums * 16);
}
#elif defined(__ARM_FEATURE_DOTPROD)
#define LOWPREC_BENCH_INT8_DOT "sdot"
[[gnu::noinline]] double int8_peak(std::size_t rounds) {
    int8x16_t a = vdupq_n_s8(1);
    in_register(a);
    chains(rounds, vdupq_n_s32(0), [&](int32x4_t s) { return vdotq_s32(s, a, a); });
    return 2.0 * static_cast<double>(rounds * sums * 16);
}
#endif

#if defined(__AVX512BF16__)
[[gnu::noinline]] double bf16_peak(std::size_t rounds) {
    __m512i ones = _mm512_set1_epi16(0x3F80);
    in_register(ones);
    const auto a = __builtin_bit_cast(__m512bh, ones);
    const auto zero = __builtin_bit_cast(__m512bh, _mm512_setzero_si512());
    chains(rounds, _mm512_setzero_ps(), [&](__m512 s) { return _mm512_dpbf16_ps(s, a, zero); });
    return 2.0 * static_cast<double>(rounds * sums * 32);
}
#endif

#if defined(__AVX512F__)
constexpr int widest = 64;
#elif defined(__AVX__)
constexpr int widest = 32;
#else
constexpr int widest = 16;
#endif
typedef unsigned char bytes_of_register __attribute__((vector_size(widest)));

/// `Streams` places that are read in turn, a line each, and fetched `Ahead` bytes before.
template <std::size_t Streams, std::size_t Ahead>
[[gnu::noinline]] void read(const std::byte* from, std::size_t bytes) {
    const std::size_t part = bytes / Streams;
    for (std::size_t at = 0; at < part; at += 128)
        for (std::size_t s = 0; s < Streams; ++s) {
            const std::byte* const line = from + s * part + at;
            if constexpr (Ahead != 0) {
                __builtin_prefetch(line + Ahead);
                __builtin_prefetch(line + Ahead + 64);
            }
            for (std::size_t i = 0; i < 128; i += widest) {
                bytes_of_register x;
                std::memcpy(&x, line + i, widest);
                in_register(x);
            }
        }
}

}  // namespace

std::vector<peak> peaks() {
    std::vector<peak> all = {{ceiling::fma, "fused multiply-add of floats", fma_peak}};
#if defined(LOWPREC_BENCH_INT8_DOT)
    all.push_back({ceiling::int8_dot, LOWPREC_BENCH_INT8_DOT, int8_peak});
#endif
#if defined(__AVX512BF16__)
    all.push_back({ceiling::bf16_dot, "vdpbf16ps", bf16_peak});
#endif
    return all;
}

std::vector<reader> readers() {
    return {{"1 stream", read<1, 0>},
            {"1 stream, fetched 2 KiB ahead", read<1, 2048>},
            {"1 stream, fetched 4 KiB ahead", read<1, 4096>},
            {"1 stream, fetched 8 KiB ahead", read<1, 8192>},
            {"2 streams, fetched 2 KiB ahead", read<2, 2048>},
            {"4 streams", read<4, 0>},
            {"4 streams, fetched 1 KiB ahead", read<4, 1024>},
            {"4 streams, fetched 4 KiB ahead", read<4, 4096>}};
}

}  // namespace lowprec_bench
