// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: aarch64
//
// The inputs on which other systems disagree or go wrong, one fact a test. docs/conversion.md shows who answers what.
#include <cmath>
#include <limits>
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/math.hpp>
#include <lowprec/presets.hpp>

#include "support/catch.hpp"

namespace {

using namespace lowprec;

float f32(std::uint32_t bits) { return float(fp32::from_bits(bits)); }
double f64(std::uint64_t bits) { return double(fp64::from_bits(bits)); }
std::uint32_t word(float x) { return fp32(x).bits(); }

template <class F, policy P = policy{}, class From>
unsigned code(From x) {
    return static_cast<unsigned>(convert<F, P>(x).bits());
}

constexpr policy nonfinite{.over = overflow::nonfinite};
constexpr policy nearest{};
const float infinity = std::numeric_limits<float>::infinity();

}  // namespace

// Double rounding

TEST_CASE("a double just above the tie 1.0625 rounds up in e4m3: it isn't rounded to float first") {
    CHECK(code<e4m3>(f64(0x3FF1000000001000)) == 0x39);
    CHECK(code<e4m3>(1.0625) == 0x38);
    CHECK(code<e4m3>(f32(0x3F880000)) == 0x38);
}
TEST_CASE("a double just above the tie 464 overflows in e4m3, although the nearest float is the tie") {
    CHECK(code<e4m3, nonfinite>(464.0000001) == 0x7F);
    CHECK(code<e4m3, nonfinite>(static_cast<float>(464.0000001)) == 0x7E);
}
TEST_CASE("1 + 2^-8 + 2^-40 rounds up in bf16") { CHECK(code<bf16>(1 + 0x1p-8 + 0x1p-40) == 0x3F81); }
TEST_CASE("1 + 2^-11 + 2^-40 rounds up in fp16") { CHECK(code<fp16>(1 + 0x1p-11 + 0x1p-40) == 0x3C01); }
TEST_CASE("232.03683 is 240 in e4m3_ieee, not 224 by way of fp16") {
    CHECK(float(e4m3_ieee(232.03683F)) == 240.0F);
    CHECK(float(e4m3_fnuz(232.03683F)) == 240.0F);
    CHECK(float(e4m3(232.03683F)) == 240.0F);
    CHECK(float(convert<e4m3>(fp16(232.03683F))) == 224.0F);
}
TEST_CASE("a float just below 1.5 is 1 in e8m0, and only by way of bf16 it is 2") {
    CHECK(code<e8m0>(f32(0x3FBFFFFF)) == 0x7F);
    CHECK(code<e8m0>(bf16(f32(0x3FBFFFFF))) == 0x80);
}

// Integers

TEST_CASE("the integer 16842753 rounds up in bf16: it isn't rounded to float first") {
    CHECK(code<bf16>(16842753) == 0x4B81);
    CHECK(code<bf16>(static_cast<float>(16842753)) == 0x4B80);
    STATIC_REQUIRE(bf16(16842753).bits() == 0x4B81);
}
TEST_CASE("a 64-bit integer beyond a double's digits rounds once") {
    // 2^60 + 2^36 + 1: just above fp32's tie between 2^60 and 2^60 + 2^37; as a double it is the tie itself.
    constexpr std::int64_t x = (std::int64_t{1} << 60) + (std::int64_t{1} << 36) + 1;
    CHECK(fp32(x).bits() == 0x5D800001);
    CHECK(fp32(static_cast<double>(x)).bits() == 0x5D800000);
}
TEST_CASE("an integer with more than 11 significant bits rounds in tf32") {
    CHECK(float(tf32(4097)) == 4096.0F);
    CHECK(float(tf32(4099)) == 4100.0F);
    CHECK(float(tf32(2049)) == 2048.0F);
}
TEST_CASE("an integer constructor takes a value, never bits") {
    CHECK(float(bf16(1)) == 1.0F);
    CHECK(code<bf16>(0x3F80) == 0x467E);                          // 16256
    CHECK(code<e4m3>(static_cast<unsigned char>(0x38)) == 0x66);  // 56
    CHECK(code<fp16>(std::uint16_t{0x3C00}) == 0x7380);
}
TEST_CASE("converting to an integer rounds by the policy, and static_cast truncates") {
    CHECK(static_cast<int>(e4m3(0.5F)) == 0);
    CHECK(static_cast<int>(e4m3(-1.875F)) == -1);
    CHECK(convert<int>(e4m3(-1.875F)) == -2);
    CHECK(convert<int>(e4m3(2.5F)) == 2);
    CHECK(convert<int>(e4m3::from_bits(0x7F)) == 0);
    CHECK(convert<std::uint8_t>(e4m3(448.0F)) == 255);
    CHECK(convert<std::uint8_t>(e4m3(-1.0F)) == 0);
    CHECK(convert<int>(convert<fp32>(infinity)) == std::numeric_limits<int>::max());
}
TEST_CASE("bool asks whether a value isn't zero") {
    CHECK(bool(e4m3(0.5F)));
    CHECK_FALSE(bool(e4m3(-0.0F)));
}

// Overflow is decided after rounding

TEST_CASE("450, 460 and the tie 464 round to 448 in e4m3, and the next float overflows") {
    CHECK(code<e4m3, nonfinite>(448.0F) == 0x7E);
    CHECK(code<e4m3, nonfinite>(f32(0x43E10000)) == 0x7E);
    CHECK(code<e4m3, nonfinite>(460.0F) == 0x7E);
    CHECK(code<e4m3, nonfinite>(f32(0x43E80000)) == 0x7E);
    CHECK(code<e4m3, nonfinite>(f32(0x43E80001)) == 0x7F);
    CHECK(code<e4m3, nonfinite>(-f32(0x43E80001)) == 0xFF);
    CHECK(code<e4m3>(f32(0x43E80001)) == 0x7E);
    CHECK(code<e4m3>(-1e30F) == 0xFE);
}
TEST_CASE("57345 to 61439 round to 57344 in e5m2, and the tie 61440 overflows") {
    unsigned wrong = 0;
    for (int x = 57345; x <= 61439; ++x)
        wrong += code<e5m2, nonfinite>(static_cast<float>(x)) != 0x7B || code<e5m2, nonfinite>(x) != 0x7B;
    CHECK(wrong == 0);
    CHECK(code<e5m2, nonfinite>(61440.0F) == 0x7C);
    CHECK(code<e5m2>(61440.0F) == 0x7B);
}
TEST_CASE("241 to 247 round to 240 in e4m3_fnuz, and the tie 248 overflows to its NaN") {
    unsigned wrong = 0;
    for (int x = 241; x <= 247; ++x) wrong += code<e4m3_fnuz, nonfinite>(x) != 0x7F;
    CHECK(wrong == 0);
    CHECK(code<e4m3_fnuz, nonfinite>(248.0F) == 0x80);
    CHECK(code<e4m3_fnuz, nonfinite>(-248.0F) == 0x80);
    CHECK(code<e4m3_fnuz>(248.0F) == 0x7F);
}
TEST_CASE("rounding inward keeps the largest value, and rounding outward leaves it at once") {
    constexpr policy zero{.round = rounding::toward_zero, .over = overflow::nonfinite};
    constexpr policy up{.round = rounding::upward, .over = overflow::nonfinite};
    constexpr policy down{.round = rounding::downward, .over = overflow::nonfinite};
    constexpr policy odd{.round = rounding::to_odd, .over = overflow::nonfinite};
    CHECK(code<fp16, zero>(1e30F) == 0x7BFF);
    CHECK(code<fp16, down>(1e30F) == 0x7BFF);
    CHECK(code<fp16, up>(65505.0F) == 0x7C00);
    CHECK(code<fp16, up>(-1e30F) == 0xFBFF);
    CHECK(code<fp16, down>(-65505.0F) == 0xFC00);
    CHECK(code<fp16, odd>(1e30F) == 0x7BFF);  // the largest code is odd
    CHECK(code<e4m3, odd>(1e30F) == 0x7F);    // the largest code is even
    CHECK(code<fp16, zero>(infinity) == 0x7C00);
    CHECK(code<e4m3, down>(infinity) == 0x7F);
}
TEST_CASE("by default fp16 and P3109's extended formats overflow to infinity, and 8-bit IEEE arrangements saturate") {
    CHECK(code<fp16>(1e30F) == 0x7C00);
    CHECK(code<bf16>(3.4e38F) == 0x7F80);
    CHECK(code<p3109<8, 4, p3109_kind::se>>(1e30F) == 0x7F);
    CHECK(code<e5m2>(1e30F) == 0x7B);
    CHECK(code<e5m2>(infinity) == 0x7B);
    CHECK(code<e4m3_ieee>(1e30F) == 0x77);
    CHECK(code<e3m4>(1e30F) == 0x6F);
    CHECK(code<e4m3>(infinity) == 0x7E);
    CHECK(code<e2m1>(-infinity) == 0xF);
    CHECK(std::numeric_limits<e5m2>::has_infinity);
}
TEST_CASE(
    "the step above a largest value that is a power of two is its own ulp: 1.25 * 2^31 is the tie of binary8p2se") {
    using F = p3109<8, 2, p3109_kind::se>;
    CHECK(code<F>(0x1p31) == 0x7E);
    CHECK(code<F>(0x1.4p31) == 0x7E);
    CHECK(code<F>(0x1.4000000000001p31) == 0x7F);
    CHECK(code<F, presets::p3109_satfinite>(0x1.4000000000001p31) == 0x7E);
}

// The rows of the comparison table

TEST_CASE("the tie 248 goes to the even 256 and 300 to 288 in e4m3 and ue4m3") {
    CHECK(code<e4m3>(f32(0x43780000)) == 0x78);
    CHECK(code<ue4m3>(f32(0x43780000)) == 0x78);
    CHECK(code<e4m3>(300.0F) == 0x79);
    CHECK(code<ue4m3>(300.0F) == 0x79);
}
TEST_CASE("a subnormal may round up to the smallest normal value") {
    CHECK(code<e4m3>(f32(0x3C7AACDA)) == 0x08);
    CHECK(code<ue4m3>(f32(0x3C7AACDA)) == 0x08);
}
TEST_CASE("1.75 * 2^-70 to 1.75 * 2^-78 are zero in e4m3 and e5m2: the shift doesn't wrap") {
    unsigned wrong = 0;
    for (int e = -149; e < -12; ++e)
        wrong += code<e4m3>(std::ldexp(1.75F, e)) != 0 || code<e4m3_fnuz>(std::ldexp(-1.75F, e)) != 0;
    for (int e = -1074; e < -19; ++e)
        wrong += code<e5m2>(std::ldexp(1.75, e)) != 0 || code<e5m2>(std::ldexp(-1.75, e)) != 0x80;
    CHECK(wrong == 0);
    CHECK(code<e4m3>(f32(0x1CE00000)) == 0x00);
}

// Zeros

TEST_CASE("-0, and a negative value that rounds to zero, are code 0 where NaN has the place of -0") {
    CHECK(code<e4m3_fnuz>(-0.0F) == 0x00);
    CHECK(code<e5m2_fnuz>(-0.0) == 0x00);
    CHECK(code<e4m3b11_fnuz>(-1e-30F) == 0x00);
    CHECK(code<e4m3_fnuz>(e4m3::from_bits(0x80)) == 0x00);
    CHECK(code<p3109<8, 3, p3109_kind::se>>(-0x1p-18) == 0x00);
    CHECK(code<e4m3>(-1e-30F) == 0x80);
}
TEST_CASE("the code of -0 decodes to NaN in FNUZ formats") {
    CHECK(word(float(e4m3_fnuz::from_bits(0x80))) == 0x7FC00000);
    CHECK(fp64(double(e5m2_fnuz::from_bits(0x80))).bits() == 0x7FF8000000000000);
}
TEST_CASE("negating a FNUZ zero gives zero, and negating its NaN gives NaN") {
    CHECK((-e4m3_fnuz::from_bits(0x00)).bits() == 0x00);
    CHECK((-e4m3_fnuz::from_bits(0x80)).bits() == 0x80);
    CHECK((-e4m3_fnuz::from_bits(0x01)).bits() == 0x81);
    CHECK((-e4m3::from_bits(0x00)).bits() == 0x80);
}

// NaN

TEST_CASE("NaN becomes the largest positive value where there is no NaN, or what the preset says") {
    const float nan = f32(0x7FC00000), minus_nan = f32(0xFFC00000);
    CHECK(code<e2m1>(nan) == 0x7);
    CHECK(code<e2m1>(minus_nan) == 0x7);
    CHECK(code<e3m2>(minus_nan) == 0x1F);
    CHECK(code<e2m3, presets::ptx>(nan) == 0x1F);
    CHECK(code<e2m1, presets::ml_dtypes>(nan) == 0x8);  // +NaN to -0, -NaN to +0
    CHECK(code<e2m1, presets::ml_dtypes>(minus_nan) == 0x0);
    CHECK(code<e2m3, presets::ml_dtypes>(nan) == 0x20);
    CHECK(code<e2m1, policy{.no_nan = nan_missing::zero}>(minus_nan) == 0x0);
}
TEST_CASE("NaN keeps its sign where the format has a sign for it") {
    CHECK(code<e4m3>(f32(0x7F800001)) == 0x7F);
    CHECK(code<e4m3>(f32(0xFFC00000)) == 0xFF);
    CHECK(code<e4m3>(f64(0xFFF8000000000000)) == 0xFF);
    CHECK(code<e4m3_fnuz>(f32(0xFFC00000)) == 0x80);
    CHECK(code<ue4m3>(f32(0xFFC00000)) == 0x7F);
    CHECK(code<e8m0>(f32(0xFFC00000)) == 0xFF);
    CHECK(code<e4m3, presets::ptx>(f32(0xFFC00000)) == 0x7F);
    CHECK(word(float(e4m3::from_bits(0xFF))) == 0xFFC00000);
}
TEST_CASE("a NaN's top payload bits survive, and the quiet bit is always set") {
    CHECK(code<e5m2>(f32(0x7F800001)) == 0x7E);
    CHECK(code<e5m2>(f32(0x7FA00000)) == 0x7F);
    CHECK(code<e5m2>(f32(0xFFE00000)) == 0xFF);
    CHECK(code<fp16>(f64(0x7FF4000000000000)) == 0x7F00);
    CHECK(word(float(bf16::from_bits(0x7F81))) == 0x7FC10000);
    CHECK(word(float(e5m2::from_bits(0x7D))) == 0x7FE00000);
    CHECK(code<bf16>(f32(0x7F800001)) == 0x7FC0);  // not infinity
}
TEST_CASE("CUDA drops NaN's sign from float and keeps it from double") {
    CHECK(code<e4m3, presets::cuda_satfinite>(f32(0xFFC00000)) == 0x7F);
    CHECK(code<e4m3, presets::cuda_satfinite>(f64(0xFFF8000000000000)) == 0xFF);
    CHECK(code<e5m2, presets::cuda_satfinite>(f32(0xFFC00000)) == 0x7F);
    CHECK(code<e5m2, presets::cuda_nosat>(f64(0x7FF8000000000000)) == 0x7E);
}
TEST_CASE("e4m3 7E and e5m2 7C are not NaN, and FF and 7D are") {
    CHECK(!isnan(e4m3::from_bits(0x7E)));
    CHECK(isnan(e4m3::from_bits(0xFF)));
    CHECK(!isnan(e5m2::from_bits(0x7C)));
    CHECK(isnan(e5m2::from_bits(0x7D)));
    CHECK(isnan(e5m2::from_bits(0xFE)));
}

// Decoding

TEST_CASE("exponent field 0 means subnormal") {
    CHECK(float(e2m1::from_bits(0)) == 0.0F);
    CHECK(float(e2m1::from_bits(1)) == 0.5F);
    CHECK(float(e4m3::from_bits(1)) == 0.001953125F);
    CHECK(float(e4m3::from_bits(7)) == 7 * 0.001953125F);
    CHECK(float(e5m2::from_bits(3)) == 3 * 0x1p-16F);
    CHECK(word(float(bf16::from_bits(1))) == 0x00010000);
    CHECK(word(float(tf32::from_bits(1))) == 0x00002000);
}
TEST_CASE("e8m0's code 0 is the subnormal float 2^-127, FE is 2^127, FF is NaN") {
    CHECK(word(float(e8m0::from_bits(0x00))) == 0x00400000);
    CHECK(word(float(e8m0::from_bits(0x01))) == 0x00800000);
    CHECK(word(float(e8m0::from_bits(0xFE))) == 0x7F000000);
    CHECK(word(float(e8m0::from_bits(0xFF))) == 0x7FC00000);
    CHECK(code<e8m0>(f32(0x00400000)) == 0x00);
}
TEST_CASE("binary8p1uf isn't e8m0: it has a zero, and its exponents are one lower") {
    using F = p3109<8, 1, p3109_kind::uf>;
    CHECK(double(F::from_bits(0x00)) == 0.0);
    CHECK(double(F::from_bits(0x01)) == 0x1p-127);
    CHECK(double(F::from_bits(0xFE)) == 0x1p126);
}

// e8m0

TEST_CASE("e8m0 rounds 1.25 and 1.45 down, and the ties 1.5 and 3 to the even code 80") {
    CHECK(code<e8m0>(1.25F) == 0x7F);
    CHECK(code<e8m0>(1.45F) == 0x7F);
    CHECK(code<e8m0>(1.5F) == 0x80);
    CHECK(code<e8m0>(3.0F) == 0x80);
    CHECK(code<e8m0>(6.0F) == 0x82);
    CHECK(code<e8m0, policy{.round = rounding::nearest_away}>(3.0F) == 0x81);
    CHECK(code<e8m0, presets::ml_dtypes_e8m0>(3.0F) == 0x81);
    CHECK(code<e8m0, presets::cuda_e8m0>(1.25F) == 0x80);
}
TEST_CASE("e8m0 rounds the floats around 2^-127 by their values: 1.25 and 1.0000001 times it down, 1.7 times it up") {
    CHECK(code<e8m0>(f32(0x00500000)) == 0x00);
    CHECK(code<e8m0>(f32(0x00400001)) == 0x00);
    CHECK(code<e8m0>(f32(0x006CCCCD)) == 0x01);
    CHECK(code<e8m0, presets::cuda_e8m0>(f32(0x00400001)) == 0x01);
}
TEST_CASE("zero and what rounds below 2^-127 follow e8m0's switch for the zero that it lacks") {
    CHECK(code<e8m0>(0.0F) == 0x00);
    CHECK(code<e8m0>(1e-300) == 0x00);
    CHECK(code<e8m0, policy{.no_zero = zero_missing::nan}>(0.0F) == 0xFF);
    CHECK(code<e8m0, policy{.no_zero = zero_missing::nan}>(1e-300) == 0xFF);
    CHECK(code<e8m0, policy{.no_zero = zero_missing::nan}>(f32(0x00300000)) ==
          0x00);  // 1.5 * 2^-128: the tie, to the even code
    CHECK(code<e8m0, policy{.no_zero = zero_missing::nan}>(f32(0x002FFFFF)) == 0xFF);
    CHECK(code<e8m0, presets::ml_dtypes_e8m0>(0.0F) == 0xFF);
}
TEST_CASE("1.5 * 2^127 overflows e8m0, and infinity follows the overflow switch") {
    CHECK(code<e8m0>(0x1.8p127F) == 0xFE);
    CHECK(code<e8m0, nonfinite>(0x1.8p127F) == 0xFE);  // the tie: FE is even
    CHECK(code<e8m0, nonfinite>(0x1.800002p127F) == 0xFF);
    CHECK(code<e8m0, presets::ml_dtypes_e8m0>(0x1.8p127F) == 0xFF);
    CHECK(code<e8m0>(infinity) == 0xFE);
    CHECK(code<e8m0, nonfinite>(infinity) == 0xFF);
    CHECK(code<e8m0, presets::cuda_e8m0>(infinity) == 0xFE);
}

// Unsigned

TEST_CASE("-1 in e8m0 and ue4m3 is the smallest value, NaN, or the magnitude, as the switch says") {
    CHECK(code<e8m0>(-1.0F) == 0x00);
    CHECK(code<e8m0, presets::ml_dtypes_e8m0>(-1.0F) == 0xFF);
    CHECK(code<e8m0, presets::torch_e8m0>(-4.0F) == 0x81);
    CHECK(code<ue4m3>(-1.0F) == 0x00);
    CHECK(code<ue4m3>(-infinity) == 0x00);
    CHECK(code<ue4m3, policy{.negative = negative_input::nan}>(-1.0F) == 0x7F);
    CHECK(code<ue4m3, policy{.negative = negative_input::ignore_sign}>(-1.0F) == 0x38);
    CHECK(code<ue4m3, policy{.negative = negative_input::nan}>(-0x1p-20F) == 0x00);  // judged after rounding
    CHECK(code<ue4m3, policy{.negative = negative_input::nan}>(-0.0F) == 0x00);
    CHECK(code<ue5m3>(114688.0F) == 0xFE);
}

// Presets

TEST_CASE(
    "ml_dtypes: overflow and infinity leave e4m3's numbers, and its saturating form still turns infinity into NaN") {
    CHECK(code<e4m3, presets::ml_dtypes>(f32(0x43E80001)) == 0x7F);
    CHECK(code<e4m3, presets::ml_dtypes>(-infinity) == 0xFF);
    CHECK(code<e5m2, presets::ml_dtypes>(61440.0F) == 0x7C);
    CHECK(code<e5m2, presets::ml_dtypes>(f32(0x7FFFFFFF)) == 0x7E);
    CHECK(code<e4m3, presets::ml_dtypes_saturate>(1e30F) == 0x7E);
    CHECK(code<e4m3, presets::ml_dtypes_saturate>(infinity) == 0x7F);
    CHECK(code<e5m2, presets::ml_dtypes_saturate>(1e30F) == 0x7B);
    CHECK(code<e5m2, presets::ml_dtypes_saturate>(infinity) == 0x7C);
    CHECK(code<e4m3_fnuz, presets::ml_dtypes_saturate>(1e30F) == 0x7F);
    CHECK(code<e4m3_fnuz, presets::ml_dtypes_saturate>(infinity) == 0x80);
}
TEST_CASE("CUDA: satfinite clamps infinity, nosat leaves e4m3 through NaN and e5m2 through infinity") {
    CHECK(code<e4m3, presets::cuda_satfinite>(infinity) == 0x7E);
    CHECK(code<e5m2, presets::cuda_satfinite>(infinity) == 0x7B);
    CHECK(code<e4m3, presets::cuda_nosat>(f32(0x43E80001)) == 0x7F);
    CHECK(code<e4m3, presets::cuda_nosat>(464.0F) == 0x7E);
    CHECK(code<e5m2, presets::cuda_nosat>(61440.0F) == 0x7C);
    CHECK(code<e4m3, presets::cuda_nosat>(infinity) == 0x7F);
    CHECK(code<e2m1, presets::cuda_satfinite>(f32(0xFFC00000)) == 0x7);
}
TEST_CASE("P3109: SatFinite clamps all, SatPropagate keeps infinities, SatNone goes by direction") {
    using F = p3109<8, 4, p3109_kind::se>;
    CHECK(code<F, presets::p3109_satfinite>(1e30F) == 0x7E);
    CHECK(code<F, presets::p3109_satfinite>(infinity) == 0x7E);
    CHECK(code<F, presets::p3109_satpropagate>(1e30F) == 0x7E);
    CHECK(code<F, presets::p3109_satpropagate>(-infinity) == 0xFF);
    CHECK(code<F, presets::p3109_satnone>(1e30F) == 0x7F);
    constexpr policy zero{.round = rounding::toward_zero, .over = overflow::infinity};
    CHECK(code<F, zero>(1e30F) == 0x7E);
    CHECK(code<p3109<8, 4, p3109_kind::ue>, presets::p3109_satnone>(-1.0F) == 0xFF);
    CHECK(code<p3109<8, 4, p3109_kind::ue>, presets::p3109_satfinite>(-1.0F) == 0x00);
}

// The same everywhere

TEST_CASE("the compiler and the running program give the same code") {
    STATIC_REQUIRE(e4m3(464.0F).bits() == 0x7E);
    STATIC_REQUIRE(e8m0(1.45F).bits() == 0x7F);
    STATIC_REQUIRE(convert<e4m3, nonfinite>(464.0000001).bits() == 0x7F);
    STATIC_REQUIRE(convert<e4m3>(464.0000001, nonfinite).bits() == 0x7F);
    constexpr float just_below = 1.7F * 0x1p-127F;
    STATIC_REQUIRE(e8m0(just_below).bits() == 0x01);
    volatile float at_run_time = just_below;
    CHECK(e8m0(static_cast<float>(at_run_time)).bits() == 0x01);
    STATIC_REQUIRE(convert<e5m2, nearest>(0x1.8p-17F).bits() == 0x01);
}
TEST_CASE("tf32 is stored as a float with low bits zero, and its code is right-aligned") {
    CHECK(tf32(1.0F).bits() == 0x1FC00);
    CHECK(float(tf32(f32(0x3F801000))) == 1.0F);  // the tie, to even; cutting or ties away would differ for the next
    CHECK(word(float(tf32(f32(0x3F803000)))) == 0x3F804000);
    CHECK(word(float(tf32(f32(0x3F801001)))) == 0x3F802000);
}
