// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Floating-point environments that a caller may have left behind, and what float operations give in them, so that a test
// knows that they were in force.
#ifndef LOWPREC_TESTS_SUPPORT_ENVIRONMENT_HPP
#define LOWPREC_TESTS_SUPPORT_ENVIRONMENT_HPP

#include <cfenv>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/// Subnormal floats and results are flushed to zero while one of these lives.
class flushed_denormals {
public:
#if defined(__x86_64__)
    flushed_denormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040); }  // FTZ and DAZ
    ~flushed_denormals() { _mm_setcsr(saved_); }
    static constexpr bool available = true;

private:
    unsigned saved_;
#elif defined(__aarch64__)
    flushed_denormals() {
        asm volatile("mrs %0, fpcr" : "=r"(saved_));
        set(saved_ | (1U << 24));  // FZ
    }
    ~flushed_denormals() { set(saved_); }
    static constexpr bool available = true;

private:
    std::uint64_t saved_ = 0;
    static void set(std::uint64_t control) { asm volatile("msr fpcr, %0" : : "r"(control)); }
#else
    static constexpr bool available = false;
#endif
public:
    flushed_denormals(const flushed_denormals&) = delete;
    flushed_denormals& operator=(const flushed_denormals&) = delete;
};

/// Float operations round in this direction, one of FE_DOWNWARD and the like, while one of these lives.
class rounding_direction {
public:
    explicit rounding_direction(int direction) : saved_(std::fegetround()) { std::fesetround(direction); }
    ~rounding_direction() { std::fesetround(saved_); }
    rounding_direction(const rounding_direction&) = delete;
    rounding_direction& operator=(const rounding_direction&) = delete;

private:
    int saved_;
};

[[gnu::noinline]] inline float third() {
    const volatile float one = 1.0F, three = 3.0F;
    return one / three;
}
[[gnu::noinline]] inline float half_of_smallest_normal() {
    const volatile float smallest = 0x1p-126F, half = 0.5F;
    return smallest * half;
}

/// f(name) in the environment as it is, in every other rounding mode, and with denormals flushed where we know how.
template <class Function>
void in_every_environment(Function&& f) {
    f("plain");
    for (const int mode : {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO}) {
        const rounding_direction guard(mode);
        f("another rounding mode");
    }
    if constexpr (flushed_denormals::available) {
        const flushed_denormals guard;
        f("flushed");
    }
}

#endif
