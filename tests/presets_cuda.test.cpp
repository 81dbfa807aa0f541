// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: cuda
//
// The CUDA presets against the host conversions of CUDA's own headers, where those are installed.
#include <cuda_fp4.h>
#include <cuda_fp6.h>
#include <cuda_fp8.h>

#include <bit>
#include <cstdint>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/presets.hpp>
#include <random>

#include "support/catch.hpp"

using namespace lowprec;

namespace {

// Every 397th float and two million doubles: all over, near the formats' range, with few bits set (ties), and special.
template <class F, policy P, class FromFloat, class FromDouble>
void compare(FromFloat from_float, FromDouble from_double) {
    std::uint64_t different = 0;
    std::uint64_t first = 0;
    const auto count = [&](bool same, std::uint64_t input) {
        if (!same && different++ == 0) first = input;
    };
    for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += 397) {
        const auto x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
        count(convert<F, P>(x).bits() == from_float(x), bits);
    }
    std::mt19937_64 random(1);
    for (int i = 0; i < 2'000'000; ++i) {
        std::uint64_t bits = random();
        if ((i & 1) != 0) bits = (bits & 0x800FFFFFFFFFFFFF) | ((993 + (bits >> 52) % 60) << 52);
        if ((i & 2) != 0) bits &= ~std::uint64_t{0} << (bits % 50);
        if ((i & 0xFF00) == 0) bits |= 0x7FF0000000000000;
        const auto x = std::bit_cast<double>(bits);
        count(convert<F, P>(x).bits() == from_double(x), bits);
    }
    INFO("first input that differs: " << std::hex << first);
    CHECK(different == 0);
}

template <class F, policy P, __nv_saturation_t Saturation, __nv_fp8_interpretation_t Kind>
void compare_fp8() {
    compare<F, P>([](float x) { return __nv_cvt_float_to_fp8(x, Saturation, Kind); },
                  [](double x) { return __nv_cvt_double_to_fp8(x, Saturation, Kind); });
}

}  // namespace

TEST_CASE("cuda_satfinite and cuda_nosat have the bits of cuda_fp8.h", "[presets]") {
    compare_fp8<e4m3, presets::cuda_satfinite, __NV_SATFINITE, __NV_E4M3>();
    compare_fp8<e4m3, presets::cuda_nosat, __NV_NOSAT, __NV_E4M3>();
    compare_fp8<e5m2, presets::cuda_satfinite, __NV_SATFINITE, __NV_E5M2>();
    compare_fp8<e5m2, presets::cuda_nosat, __NV_NOSAT, __NV_E5M2>();
}

TEST_CASE("cuda_satfinite has the bits of cuda_fp6.h and cuda_fp4.h", "[presets]") {
    compare<e2m3, presets::cuda_satfinite>(
        [](float x) { return __nv_cvt_float_to_fp6(x, __NV_E2M3, cudaRoundNearest); },
        [](double x) { return __nv_cvt_double_to_fp6(x, __NV_E2M3, cudaRoundNearest); });
    compare<e3m2, presets::cuda_satfinite>(
        [](float x) { return __nv_cvt_float_to_fp6(x, __NV_E3M2, cudaRoundNearest); },
        [](double x) { return __nv_cvt_double_to_fp6(x, __NV_E3M2, cudaRoundNearest); });
    compare<e2m1, presets::cuda_satfinite>(
        [](float x) { return __nv_cvt_float_to_fp4(x, __NV_E2M1, cudaRoundNearest); },
        [](double x) { return __nv_cvt_double_to_fp4(x, __NV_E2M1, cudaRoundNearest); });
}

TEST_CASE("cuda_e8m0 has the bits of the __nv_fp8_e8m0 constructor", "[presets]") {
    compare<e8m0, presets::cuda_e8m0>(
        [](float x) { return __nv_cvt_float_to_e8m0(x, __NV_SATFINITE, cudaRoundPosInf); },
        [](double x) { return __nv_cvt_double_to_e8m0(x, __NV_SATFINITE, cudaRoundPosInf); });
}
