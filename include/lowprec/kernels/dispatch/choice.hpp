// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// The choice of the instruction set, defined once in a program by the sources of lowprec_dispatch. xsimd knows what the
// processor has up to AVX-512 BW; the compiler's runtime adds what xsimd 8.1 doesn't ask: later extensions, and whether the
// operating system saves the wide registers.
#ifndef LOWPREC_KERNELS_DISPATCH_CHOICE_HPP
#define LOWPREC_KERNELS_DISPATCH_CHOICE_HPP

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <lowprec/kernels/dispatch.hpp>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace lowprec::detail {

#if defined(__x86_64__)
/// The best set that xsimd finds; called with its tag.
struct set_of_arch {
    int operator()(typename dispatch_isa<0>::arch) const noexcept { return 0; }
    int operator()(typename dispatch_isa<1>::arch) const noexcept { return 1; }
    int operator()(typename dispatch_isa<2>::arch) const noexcept { return dispatch_set_count - 1; }
};

inline bool has_f16c() noexcept {  // compilers don't all know its name
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & 1U << 29) != 0;
}

/// The last set all of whose features, and all of whose predecessors', this machine and its operating system have.
inline int best_set() noexcept {
    using archs = xsimd::arch_list<typename dispatch_isa<2>::arch, typename dispatch_isa<1>::arch,
                                   typename dispatch_isa<0>::arch>;
    const int most = xsimd::dispatch<archs>(set_of_arch{})();
    __builtin_cpu_init();  // a constructor may be the first to convert
    const bool works[dispatch_set_count] = {
        true,
        __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c(),
        __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"),
        __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni"),
        __builtin_cpu_supports("avx512bf16") != 0,
    };
    int best = 0;
    while (best < most && works[best + 1]) ++best;
    return best;
}
#else
inline int best_set() noexcept { return 0; }
#endif

/// LOWPREC_ISA's number, or the last one's where it isn't set or names none of them.
inline int cap_of_environment() noexcept {
    const char* const word = std::getenv("LOWPREC_ISA");
    if (word == nullptr || *word == '\0') return dispatch_set_count - 1;
    for (int set = 0; set < dispatch_set_count; ++set)
        if (std::strcmp(word, dispatch_sets[set].name) == 0) return set;
    std::fprintf(stderr, "lowprec: LOWPREC_ISA=%s is ignored; it may be", word);
    for (const dispatch_set& set : dispatch_sets) std::fprintf(stderr, " %s", set.name);
    std::fputc('\n', stderr);
    return dispatch_set_count - 1;
}

/// Weak, for a program of several libraries that each call lowprec_dispatch.
[[gnu::weak]] int dispatched_set() noexcept {
    static const int chosen = min_of(best_set(), cap_of_environment());
    return chosen;
}

}  // namespace lowprec::detail

#endif
