// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 0
//
// The version, and every question that lowprec asks of a compiler. No other header tests for a compiler or a machine.
#ifndef LOWPREC_CONFIG_HPP
#define LOWPREC_CONFIG_HPP

#define LOWPREC_VERSION_MAJOR 0
#define LOWPREC_VERSION_MINOR 1
#define LOWPREC_VERSION_PATCH 0

#if !defined(__cpp_concepts) || __cpp_concepts < 201907L
#error "lowprec needs C++20: compile with -std=c++20 or later"
#endif

// Floors 0 to 2 also run on a device: they call nothing but themselves.
#if defined(__CUDACC__) || defined(__HIPCC__)
#define LOWPREC_HOST_DEVICE __host__ __device__
#else
#define LOWPREC_HOST_DEVICE
#endif

// Forced inlining is a promise, not a hint: two translation units built with different instruction sets must not share a
// symbol (the linker would keep either), and a policy known at compile time must fold away.
#define LOWPREC_INLINE LOWPREC_HOST_DEVICE [[gnu::always_inline]] inline

// Arithmetic 16-bit types of the compiler; std::float16_t and std::bfloat16_t are these same types. GCC 12 defines the macro
// on every machine, and has the type in C++ on x86 only.
#if defined(__FLT16_MANT_DIG__) && (defined(__clang__) || defined(__x86_64__) || __GNUC__ >= 13)
#define LOWPREC_HAS_FLOAT16 1
#else
#define LOWPREC_HAS_FLOAT16 0
#endif
#if defined(__BFLT16_MANT_DIG__)
#define LOWPREC_HAS_BFLOAT16 1
#else
#define LOWPREC_HAS_BFLOAT16 0
#endif

#if !defined(__SIZEOF_INT128__)
#error "lowprec needs a compiler with 128-bit integers: GCC 12, Clang 14 or later, on a 64-bit machine"
#endif
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "lowprec assumes a little-endian machine");

#endif
