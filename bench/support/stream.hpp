// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The bound that conversions are held against: a vector loop that reads and writes exactly their numbers of bytes and
// computes nothing. Each width, with plain and with non-temporal stores, is a candidate; the harness keeps the fastest.
#ifndef LOWPREC_BENCH_SUPPORT_STREAM_HPP
#define LOWPREC_BENCH_SUPPORT_STREAM_HPP

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "in_register.hpp"
#include "operation.hpp"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace lowprec_bench {

namespace detail {

template <int Width>
struct vector_bytes {
    typedef unsigned char type __attribute__((vector_size(Width)));
};

template <int Width, bool NonTemporal, class Vector>
[[gnu::always_inline]] inline void store(std::byte* to, Vector x) {
#if defined(__SSE2__)
    if constexpr (NonTemporal) {
#if defined(__AVX512F__)
        if constexpr (Width == 64) _mm512_stream_si512(reinterpret_cast<__m512i*>(to), __builtin_bit_cast(__m512i, x));
#endif
#if defined(__AVX__)
        if constexpr (Width == 32) _mm256_stream_si256(reinterpret_cast<__m256i*>(to), __builtin_bit_cast(__m256i, x));
#endif
        if constexpr (Width == 16) _mm_stream_si128(reinterpret_cast<__m128i*>(to), __builtin_bit_cast(__m128i, x));
        return;
    }
#endif
    std::memcpy(to, &x, Width);
}

/// A vector of the input, of the output, or one of each: step Step of a unit of Loads and Stores, spread evenly.
template <int Width, bool NonTemporal, int Loads, int Stores, int Step>
[[gnu::always_inline]] inline void step(const std::byte* in, std::byte* out, typename vector_bytes<Width>::type& last) {
    constexpr int steps = Loads > Stores ? Loads : Stores;
    constexpr int load = Step * Loads / steps, stored = Step * Stores / steps;
    if constexpr (Step == 0 || (Step - 1) * Loads / steps < load) {
        std::memcpy(&last, in + load * Width, Width);
        in_register(last);
    }
    if constexpr ((Step + 1) * Stores / steps > stored) store<Width, NonTemporal>(out + stored * Width, last);
}

template <int Width, bool NonTemporal, int Loads, int Stores, int... Steps>
void stream(const std::byte* in, std::byte* out, std::size_t units, std::integer_sequence<int, Steps...>) {
    typename vector_bytes<Width>::type last{};
    for (std::size_t unit = 0; unit < units; ++unit) {
        (step<Width, NonTemporal, Loads, Stores, Steps>(in, out, last), ...);
        in += Loads * Width;
        out += Stores * Width;
    }
#if defined(__SSE2__)
    if constexpr (NonTemporal) _mm_sfence();
#endif
}

}  // namespace detail

/// The candidates for elements of InBits and OutBits. Counts must be multiples of 4096.
template <int InBits, int OutBits>
std::vector<contender> streams(bool in_place = false) {
    constexpr int common = std::gcd(InBits, OutBits);
    constexpr int unroll = std::max(1, 4 * common / std::max(InBits, OutBits));
    constexpr int loads = unroll * InBits / common, stores = unroll * OutBits / common;
    using steps = std::make_integer_sequence<int, std::max(loads, stores)>;
    std::vector<contender> all;
    const auto add = [&]<int Width, bool NonTemporal>(std::integral_constant<int, Width>,
                                                      std::bool_constant<NonTemporal>) {
        all.push_back({std::to_string(Width * 8) + (NonTemporal ? " bit, non-temporal" : " bit"), role::stream,
                       [in_place](const std::byte* in, std::byte* out, std::size_t count) {
                           const std::size_t units = count * InBits / 8 / (std::size_t{Width} * loads);
                           detail::stream<Width, NonTemporal, loads, stores>(in_place ? out : in, out, units, steps{});
                       }});
    };
#if defined(__AVX512F__)
    add(std::integral_constant<int, 64>{}, std::false_type{});
    add(std::integral_constant<int, 64>{}, std::true_type{});
#endif
#if defined(__AVX__)
    add(std::integral_constant<int, 32>{}, std::false_type{});
    add(std::integral_constant<int, 32>{}, std::true_type{});
#else
    add(std::integral_constant<int, 16>{}, std::false_type{});
#if defined(__SSE2__)
    add(std::integral_constant<int, 16>{}, std::true_type{});
#endif
#endif
    return all;
}

}  // namespace lowprec_bench

#endif
