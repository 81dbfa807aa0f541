// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Included by tests that are also built for instruction sets beyond the machine's base ("// isa: best" in the source). Where the
// processor lacks what this translation unit was compiled for, the program says so and ends with 77 before anything else runs,
// which ctest reports as skipped. Also what such a test runs over: the instruction sets of a build, and fewer cases where each
// is slow.
#ifndef LOWPREC_TESTS_SUPPORT_ISA_HPP
#define LOWPREC_TESTS_SUPPORT_ISA_HPP

#include <cstddef>
#include <lowprec/kernels/arch.hpp>

#if defined(__x86_64__) && defined(__AVX2__)

#include <unistd.h>

[[gnu::constructor(101)]] inline void end_where_processor_is_too_old() {
    __builtin_cpu_init();
    bool fine = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#if defined(__AVX512F__)
    fine = fine && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
#endif
#if defined(__AVX512VBMI__)
    fine = fine && __builtin_cpu_supports("avx512vbmi");
#endif
#if defined(__AVX512BF16__)
    fine = fine && __builtin_cpu_supports("avx512bf16");
#endif
    if (fine) return;
    constexpr char message[] = "skipped: this processor lacks instructions that the test was compiled for\n";
    if (write(1, message, sizeof message - 1) < 0) _exit(1);
    _exit(77);
}

#endif

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif
// Sweeps keep all of their kinds of cases, but take each so-manieth of a kind, where every step is slow.
#if defined(__aarch64__)
inline constexpr std::size_t thinned = 16;  // qemu
#else
inline constexpr std::size_t thinned = sanitized ? 16 : 1;
#endif

/// f.operator()<Isa>(name) for the instruction sets whose kernels this build is for. The builds with vectors beyond the base
/// leave the base to the build without flags.
template <class Function>
void for_each_isa(Function&& f) {
    namespace simd = lowprec::simd;
    using native = simd::native;
    if constexpr (!native::has(simd::avx2)) {
        f.template operator()<native>("base");
    } else {
        f.template operator()<simd::isa<simd::avx2>>("avx2");
        if constexpr (native::has(simd::avx512)) f.template operator()<native>("native");
    }
}

/// The same for every subset of what is compiled in that changes a kernel.
template <class Function>
void for_each_features(Function&& f) {
    namespace simd = lowprec::simd;
    using simd::isa;
    f.template operator()<isa<simd::scalar>>("scalar");
    if constexpr (simd::native::vectors) {
        f.template operator()<isa<simd::base>>("base");
        if constexpr (simd::native::has(simd::avx2)) f.template operator()<isa<simd::avx2>>("avx2");
        if constexpr (simd::native::has(simd::avx2 | simd::avx512))
            f.template operator()<isa<simd::avx2 | simd::avx512>>("avx512");
        f.template operator()<simd::native>("native");
    }
}

#endif
