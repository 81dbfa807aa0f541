// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// The floating-point environment of a kernel that computes with floats: rounding as the kernel says, denormals kept,
// exceptions masked; what the caller had comes back at the end, its exception flags too. One save and one restore a call.
#ifndef LOWPREC_KERNELS_ENVIRONMENT_HPP
#define LOWPREC_KERNELS_ENVIRONMENT_HPP

#include <lowprec/kernels/arch.hpp>
#include <lowprec/policy.hpp>

namespace lowprec::detail {

/// TinyIsZero reads subnormal floats as zero, for kernels where that changes nothing: each costs x86 more than a hundred cycles.
/// While one lives, float operations round by Round (one of the four directions of IEEE 754) and flush nothing. The barriers
/// keep loads, and so the arithmetic on what they load, from moving out of its life.
template <class Isa, rounding Round = rounding::nearest_even, bool TinyIsZero = false>
class environment {
public:
    LOWPREC_INLINE environment() noexcept {
#if defined(__SSE2__)
        // bits 14 and 13 of MXCSR: 0 nearest, 1 down, 2 up, 3 toward zero; 1F80: all exceptions masked
        constexpr unsigned direction = Round == rounding::downward      ? 1U
                                       : Round == rounding::upward      ? 2U
                                       : Round == rounding::toward_zero ? 3U
                                                                        : 0U;
        constexpr unsigned wanted = 0x1F80U | direction << 13 | (TinyIsZero ? 0x40U : 0U);
        saved_ = _mm_getcsr();
        if ((saved_ & ~0x3FU) != wanted) _mm_setcsr(wanted);
#elif defined(__aarch64__)
        // bits 23 and 22 of FPCR: 0 nearest, 1 up, 2 down, 3 toward zero
        constexpr std::uint64_t direction = Round == rounding::upward        ? 1U
                                            : Round == rounding::downward    ? 2U
                                            : Round == rounding::toward_zero ? 3U
                                                                             : 0U;
        asm volatile("mrs %0, fpcr" : "=r"(saved_));
        asm volatile("mrs %0, fpsr" : "=r"(flags_));
        asm volatile("msr fpcr, %0" : : "r"(direction << 22));
#endif
        asm volatile("" : : : "memory");
    }
    LOWPREC_INLINE ~environment() {
        asm volatile("" : : : "memory");
#if defined(__SSE2__)
        if (_mm_getcsr() != saved_) _mm_setcsr(saved_);
#elif defined(__aarch64__)
        asm volatile("msr fpcr, %0" : : "r"(saved_));
        asm volatile("msr fpsr, %0" : : "r"(flags_));
#endif
    }
    environment(const environment&) = delete;
    environment& operator=(const environment&) = delete;

private:
#if defined(__SSE2__)
    unsigned saved_;
#elif defined(__aarch64__)
    std::uint64_t saved_, flags_;
#endif
};

}  // namespace lowprec::detail

#endif
