// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Keeps the compiler from computing what a loop is to measure.
#ifndef LOWPREC_BENCH_SUPPORT_IN_REGISTER_HPP
#define LOWPREC_BENCH_SUPPORT_IN_REGISTER_HPP

namespace lowprec_bench {

/// The compiler must have the vector in a register, and knows nothing of what it holds afterwards.
template <class T>
[[gnu::always_inline]] inline void in_register(T& x) {
#if defined(__AVX512F__)
    asm volatile("" : "+v"(x));
#elif defined(__SSE2__)
    asm volatile("" : "+x"(x));
#elif defined(__aarch64__)
    asm volatile("" : "+w"(x));
#else
    asm volatile("" : "+m"(x));
#endif
}

}  // namespace lowprec_bench

#endif
