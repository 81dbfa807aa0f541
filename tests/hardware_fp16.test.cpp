// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// fp16 against the compiler's 16-bit float and the processor's own conversions.
// ctest-label: aarch64
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>

#include <bit>
#include <cstdint>

#include "support/catch.hpp"
#include "support/tally.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace {

using namespace lowprec;

std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }

float float_of(std::uint32_t bits) { return std::bit_cast<float>(bits); }

/// Calls f(bits) for floats spread over all of them (a stride that is prime to 2^32), then for every midpoint of two
/// neighbours of fp16 and the floats beside it, both signs.
template <class Function>
std::uint64_t for_many_floats(Function&& f) {
    std::uint64_t count = 0;
    for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += 1021, ++count)
        f(static_cast<std::uint32_t>(bits));
    for (std::uint32_t code = 0; code < 0x7C00; ++code) {
        // 2^-25 is half of the smallest value; a midpoint has one bit more than fp16, so it is a float
        const auto value = [](std::uint32_t c) {
            return (c >> 10) == 0
                       ? static_cast<double>(c) * 0x1p-24
                       : static_cast<double>(1024 + (c & 1023)) * 0x1p-25 * static_cast<double>(1U << (c >> 10));
        };
        const auto middle = static_cast<float>((value(code) + value(code + 1)) / 2);
        for (std::uint32_t sign : {0U, 0x80000000U})
            for (std::uint32_t beside : {0U, 1U, 2U}) {
                f((bits_of(middle) + beside - 1) | sign);
                ++count;
            }
    }
    return count;
}

#if LOWPREC_HAS_FLOAT16 || defined(__aarch64__)
#if defined(__aarch64__)
using half = __fp16;  // in hardware; rounds as the environment says, to nearest even here
#else
__extension__ using half = _Float16;
#endif

half half_of(std::uint16_t code) { return std::bit_cast<half>(code); }

std::uint16_t code_of(half x) { return std::bit_cast<std::uint16_t>(x); }

TEST_CASE("all codes of fp16 convert to float as the compiler's 16-bit float does") {
    tally results;
    for (std::uint32_t code = 0; code < 0x10000; ++code) {
        const auto c = static_cast<std::uint16_t>(code);
        results.equal(bits_of(convert<float>(fp16::from_bits(c))), bits_of(static_cast<float>(half_of(c))), code);
    }
    CHECK_TALLY(results, 0x10000U);
}

TEST_CASE("floats convert to fp16 as to the compiler's 16-bit float") {
    tally results;
    const std::uint64_t count = for_many_floats([&](std::uint32_t bits) {
        const volatile float x = float_of(bits);
        results.equal(convert<fp16>(float(x)).bits(), code_of(static_cast<half>(x)), bits);
    });
    CHECK_TALLY(results, count);
}
#endif

#if defined(__x86_64__)
// Compiled for F16C here and nowhere else, so that the test runs on a build for baseline x86-64.
[[gnu::target("f16c"), gnu::noinline]] std::uint32_t processor_to_float(std::uint16_t code) {
    return bits_of(_mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(code))));
}

template <int Direction>
[[gnu::target("f16c"), gnu::noinline]] std::uint16_t processor_to_half(float x) {
    return static_cast<std::uint16_t>(_mm_cvtsi128_si32(_mm_cvtps_ph(_mm_set_ss(x), Direction)) & 0xFFFF);
}

bool has_f16c() {
    // __builtin_cpu_supports knows "f16c" in newer compilers only; "avx" says that the system saves the registers.
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__builtin_cpu_supports("avx") && __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0) return true;
    WARN("this processor has no F16C: its conversions were not compared");
    return false;
}

TEST_CASE("all codes of fp16 convert to float as vcvtph2ps does") {
    if (!has_f16c()) return;
    tally results;
    for (std::uint32_t code = 0; code < 0x10000; ++code) {
        const auto c = static_cast<std::uint16_t>(code);
        results.equal(bits_of(convert<float>(fp16::from_bits(c))), processor_to_float(c), code);
    }
    CHECK_TALLY(results, 0x10000U);
}

TEST_CASE("floats convert to fp16 as vcvtps2ph does, in four rounding directions") {
    if (!has_f16c()) return;
    tally results;
    // The directions are in the instruction, whatever the control register says.
    const std::uint64_t count = for_many_floats([&](std::uint32_t bits) {
        const float x = float_of(bits);
        results.equal(convert<fp16>(x).bits(), processor_to_half<_MM_FROUND_TO_NEAREST_INT>(x), "nearest", bits);
        results.equal(convert<fp16, policy{.round = rounding::downward}>(x).bits(),
                      processor_to_half<_MM_FROUND_TO_NEG_INF>(x), "downward", bits);
        results.equal(convert<fp16, policy{.round = rounding::upward}>(x).bits(),
                      processor_to_half<_MM_FROUND_TO_POS_INF>(x), "upward", bits);
        results.equal(convert<fp16, policy{.round = rounding::toward_zero}>(x).bits(),
                      processor_to_half<_MM_FROUND_TO_ZERO>(x), "toward zero", bits);
    });
    CHECK_TALLY(results, 4 * count);
}
#endif

}  // namespace
