// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
#include <lowprec/lowprec.hpp>
#include <type_traits>

#include "support/catch.hpp"

using namespace lowprec;
using namespace lowprec::literals;

TEST_CASE("a literal has its format's type and its exact value") {
    STATIC_REQUIRE(std::is_same_v<decltype(0.5_e4m3), e4m3>);
    STATIC_REQUIRE((0.5_e4m3).bits() == 0x30);
    STATIC_REQUIRE((448_e4m3).bits() == 0x7E);
    STATIC_REQUIRE((1'000_fp16).bits() == 0x63D0);
    STATIC_REQUIRE((65504.000_fp16).bits() == 0x7BFF);
    STATIC_REQUIRE((.5_bf16).bits() == 0x3F00);
    STATIC_REQUIRE((5e-1_bf16).bits() == 0x3F00);
    STATIC_REQUIRE((1.5E+3_fp16).bits() == 0x65DC);
    STATIC_REQUIRE((0_e4m3).bits() == 0);
    STATIC_REQUIRE((0.0_e4m3).bits() == 0);
    STATIC_REQUIRE((0e5_e4m3).bits() == 0);
    STATIC_REQUIRE((00.5_e4m3).bits() == 0x30);
    STATIC_REQUIRE((0.001953125_e4m3).bits() == 0x01);
    STATIC_REQUIRE((1e22_fp64).bits() == 0x4480F0CF064DD592);
    STATIC_REQUIRE(
        (1.17549435082228750796873653722224567781866555677208752150875170627841725945472717285156250e-38_fp32).bits() ==
        0x00800000);
}

TEST_CASE("hexadecimal literals are integers or have a binary exponent") {
    STATIC_REQUIRE((0x1.8p3_e5m2).bits() == 0x4A);
    STATIC_REQUIRE((0X1.8P+3_e5m2).bits() == 0x4A);
    STATIC_REQUIRE((0x1F_fp16).bits() == 0x4FC0);
    STATIC_REQUIRE((0x1p-1074_fp64).bits() == 1);
    STATIC_REQUIRE((0x1.fff'fffp127_fp64).bits() == 0x47EFFFFFF0000000);
    STATIC_REQUIRE((0x0p0_fp16).bits() == 0);
}

TEST_CASE("unary minus makes negative literals") {
    STATIC_REQUIRE((-0.5_e4m3).bits() == 0xB0);
    STATIC_REQUIRE((-0_e4m3).bits() == 0x80);
}

// A use of every row's literal; a new row is tested by compiling.
#define LOWPREC_ROW(name, S, E, M, bias, specials, source)   \
    static_assert(std::is_same_v<decltype(2_##name), name>); \
    static_assert(static_cast<double>(2_##name) == 2 && (2.0_##name) == (0x1p1_##name));
LOWPREC_FORMATS(LOWPREC_ROW)
#undef LOWPREC_ROW

TEST_CASE("formats of every kind have literals") {
    STATIC_REQUIRE((0x1p-127_e8m0).bits() == 0x00);
    STATIC_REQUIRE((0.125_e8m0).bits() == 0x7C);
    STATIC_REQUIRE((6_e2m1).bits() == 0x7);
    STATIC_REQUIRE((1.5_tf32).bits() == 0x1FE00);
    STATIC_REQUIRE((240_e4m3_fnuz).bits() == 0x7F);
    STATIC_REQUIRE((114688_ue5m3).bits() == 0xFE);
}
