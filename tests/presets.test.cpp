// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The presets against what their systems were observed to do; docs/conversion.md names the sources.
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/presets.hpp>

#include "support/catch.hpp"

using namespace lowprec;

namespace {

constexpr double infinity = __builtin_inf();
constexpr double not_a_number = __builtin_nan("");
constexpr double past_464 = 464.000030517578125;  // the float above the tie

template <class F, policy P>
unsigned code(double x) {
    return convert<F, P>(x).bits();
}

}  // namespace

TEST_CASE("ml_dtypes: overflow, infinity and NaN leave the numbers where they can", "[presets]") {
    constexpr policy p = presets::ml_dtypes;
    CHECK(code<e4m3, p>(464) == 0x7E);
    CHECK(code<e4m3, p>(past_464) == 0x7F);
    CHECK(code<e4m3, p>(-past_464) == 0xFF);
    CHECK(code<e4m3, p>(infinity) == 0x7F);
    CHECK(code<e4m3, p>(-infinity) == 0xFF);
    CHECK(code<e4m3, p>(-not_a_number) == 0xFF);
    CHECK(code<e5m2, p>(61440) == 0x7C);
    CHECK(code<e5m2, p>(61439) == 0x7B);
    CHECK(code<e5m2, p>(-infinity) == 0xFC);
    CHECK(code<e5m2, p>(not_a_number) == 0x7E);
    CHECK(code<e5m2, p>(-not_a_number) == 0xFE);
    CHECK(code<e4m3_fnuz, p>(1000) == 0x80);
    CHECK(code<e4m3_fnuz, p>(infinity) == 0x80);
    CHECK(code<e4m3_fnuz, p>(not_a_number) == 0x80);
    CHECK(code<e4m3_fnuz, p>(-0.0) == 0x00);
}

TEST_CASE("ml_dtypes: NaN into FP6 and FP4 is zero with the opposite sign, the rest saturates", "[presets]") {
    constexpr policy p = presets::ml_dtypes;
    CHECK(code<e2m1, p>(not_a_number) == 0x8);
    CHECK(code<e2m1, p>(-not_a_number) == 0x0);
    CHECK(code<e3m2, p>(not_a_number) == 0x20);
    CHECK(code<e2m3, p>(-not_a_number) == 0x00);
    CHECK(code<e2m1, p>(infinity) == 0x7);
    CHECK(code<e2m1, p>(-100) == 0xF);
}

TEST_CASE("ml_dtypes saturating: finite values stop at the largest, infinities do not", "[presets]") {
    constexpr policy p = presets::ml_dtypes_saturate;
    CHECK(code<e4m3, p>(1e6) == 0x7E);
    CHECK(code<e5m2, p>(1e6) == 0x7B);
    CHECK(code<e4m3, p>(infinity) == 0x7F);
    CHECK(code<e5m2, p>(infinity) == 0x7C);
    CHECK(code<e4m3_fnuz, p>(1e6) == 0x7F);
    CHECK(code<e4m3_fnuz, p>(infinity) == 0x80);
    CHECK(code<e8m0, p>(0) == 0x00);
    CHECK(code<e8m0, p>(-1) == 0x00);
    CHECK(code<e8m0, p>(infinity) == 0xFF);
}

TEST_CASE("CUDA: NaN from float loses its sign, from double keeps sign and payload", "[presets]") {
    constexpr policy p = presets::cuda_satfinite;
    constexpr float float_nan = __builtin_nanf("");
    CHECK(convert<e4m3, p>(-float_nan).bits() == 0x7F);
    CHECK(convert<e5m2, p>(-float_nan).bits() == 0x7F);
    CHECK(code<e4m3, p>(-not_a_number) == 0xFF);
    CHECK(code<e5m2, p>(-not_a_number) == 0xFE);
    CHECK(code<e2m1, p>(-not_a_number) == 0x7);
    CHECK(code<e4m3, p>(infinity) == 0x7E);
    CHECK(code<e5m2, p>(-infinity) == 0xFB);
}

TEST_CASE("CUDA without saturation: infinity where there is one, else NaN, else the largest value", "[presets]") {
    constexpr policy p = presets::cuda_nosat;
    CHECK(code<e4m3, p>(464) == 0x7E);
    CHECK(code<e4m3, p>(past_464) == 0x7F);
    CHECK(code<e4m3, p>(-500) == 0xFF);
    CHECK(code<e5m2, p>(61440) == 0x7C);
    CHECK(code<e3m2, p>(1000) == 0x1F);
}

TEST_CASE("PTX: one canonical NaN, everything else saturates", "[presets]") {
    constexpr policy p = presets::ptx;
    CHECK(code<e4m3, p>(-not_a_number) == 0x7F);
    CHECK(code<e5m2, p>(-not_a_number) == 0x7F);
    CHECK(code<e2m3, p>(-not_a_number) == 0x1F);
    CHECK(code<e5m2, p>(-infinity) == 0xFB);
}

TEST_CASE("PyTorch: from 2.13 e4m3 saturates and e5m2 still becomes infinite", "[presets]") {
    CHECK(code<e4m3, presets::torch_2_12>(470) == 0x7F);
    CHECK(code<e4m3, presets::torch_2_12>(-1e6) == 0xFF);
    CHECK(code<e5m2, presets::torch_2_12>(1e6) == 0x7C);
    CHECK(code<e5m2, presets::torch_2_12>(-not_a_number) == 0xFF);
    CHECK(code<e4m3_fnuz, presets::torch_2_12>(1e6) == 0x80);
    CHECK(code<e4m3, presets::torch_2_13>(-1e6) == 0xFE);
    CHECK(code<e5m2, presets::torch_2_13>(1e6) == 0x7C);
    CHECK(presets::torch == presets::torch_2_13);
}

TEST_CASE("ONNX: the two tables of its Cast documentation", "[presets]") {
    constexpr policy s = presets::onnx_saturate;
    CHECK(code<e4m3, s>(infinity) == 0x7E);
    CHECK(code<e5m2, s>(-infinity) == 0xFB);
    CHECK(code<e4m3_fnuz, s>(infinity) == 0x80);
    CHECK(code<e5m2_fnuz, s>(-infinity) == 0x80);
    CHECK(code<e4m3_fnuz, s>(1e6) == 0x7F);
    CHECK(code<e5m2_fnuz, s>(-1e6) == 0xFF);
    constexpr policy n = presets::onnx_nonsaturate;
    CHECK(code<e4m3, n>(-infinity) == 0xFF);
    CHECK(code<e5m2, n>(-1e6) == 0xFC);
    CHECK(code<e5m2_fnuz, n>(1e6) == 0x80);
    CHECK(code<e4m3, n>(-not_a_number) == 0xFF);
}

TEST_CASE("HIP: overflow after rounding, as documented, and NaN all ones with its sign", "[presets]") {
    CHECK(code<e4m3, presets::hip_nosat>(464) == 0x7E);
    CHECK(code<e4m3, presets::hip_nosat>(past_464) == 0x7F);
    CHECK(code<e5m2, presets::hip_nosat>(61439) == 0x7B);
    CHECK(code<e5m2, presets::hip_nosat>(-not_a_number) == 0xFF);
    CHECK(code<e4m3_fnuz, presets::hip_saturate>(not_a_number) == 0x80);
    CHECK(code<e4m3_fnuz, presets::hip_saturate>(1e6) == 0x7F);
    CHECK(code<e4m3, presets::hip_saturate>(0x1.cp-70) == 0x00);
}

TEST_CASE("OCP: saturating and non-saturating mode", "[presets]") {
    CHECK(code<e4m3, presets::ocp_saturate>(infinity) == 0x7E);
    CHECK(code<e5m2, presets::ocp_saturate>(infinity) == 0x7B);
    CHECK(code<e4m3, presets::ocp_nonsaturate>(infinity) == 0x7F);
    CHECK(code<e5m2, presets::ocp_nonsaturate>(61440) == 0x7C);
}

TEST_CASE("P3109: SatFinite clamps all, SatPropagate keeps infinities, SatNone goes by the direction", "[presets]") {
    using se = p3109<8, 4, p3109_kind::se>;  // 224 at 7E, infinity at 7F
    using sf = p3109<8, 4, p3109_kind::sf>;  // 240 at 7F
    using ue = p3109<8, 4, p3109_kind::ue>;  // NaN at FF
    CHECK(code<se, presets::p3109_satfinite>(1e6) == 0x7E);
    CHECK(code<se, presets::p3109_satfinite>(-infinity) == 0xFE);
    CHECK(code<se, presets::p3109_satpropagate>(1e6) == 0x7E);
    CHECK(code<se, presets::p3109_satpropagate>(-infinity) == 0xFF);
    CHECK(code<se, presets::p3109_satnone>(1e6) == 0x7F);
    constexpr auto satnone_toward_zero = [] {
        policy p = presets::p3109_satnone;
        p.round = rounding::toward_zero;
        return p;
    }();
    CHECK(code<se, satnone_toward_zero>(1e6) == 0x7E);
    CHECK(code<se, satnone_toward_zero>(infinity) == 0x7F);
    CHECK(code<sf, presets::p3109_satpropagate>(infinity) == 0x7F);
    CHECK(code<sf, presets::p3109_satnone>(infinity) == 0x7F);
    CHECK(code<ue, presets::p3109_satnone>(-1) == 0xFF);
    CHECK(code<ue, presets::p3109_satfinite>(-1) == 0x00);
    CHECK(code<ue, presets::p3109_satnone>(-1e-9) == 0x00);
}

TEST_CASE("e8m0: the tables of four systems", "[presets]") {
    struct row {
        float x;
        unsigned ml_dtypes, torch, cuda, onnx;
    };
    const row rows[] = {
        {0, 0xFF, 0x00, 0x00, 0x00},
        {-1, 0xFF, 0x7F, 0x7F, 0x7F},
        {-4, 0xFF, 0x81, 0x81, 0x81},
        {1.25F, 0x7F, 0x7F, 0x80, 0x80},
        {1.45F, 0x7F, 0x7F, 0x80, 0x80},
        {1.5F, 0x80, 0x80, 0x80, 0x80},
        {3, 0x81, 0x81, 0x81, 0x81},
        {6, 0x82, 0x82, 0x82, 0x82},
        {0x1.4p-127F, 0x00, 0x00, 0x01, 0x01},
        {0x1.b33334p-127F, 0x01, 0x01, 0x01, 0x01},
        {0x1p-149F, 0x00, 0x00, 0x00, 0x00},
        {0x1.8p127F, 0xFF, 0xFF, 0xFE, 0xFE},
        {__builtin_inff(), 0xFF, 0xFF, 0xFE, 0xFF},
        {__builtin_nanf(""), 0xFF, 0xFF, 0xFF, 0xFF},
    };
    for (const row& r : rows) {
        CAPTURE(r.x);
        CHECK(unsigned{convert<e8m0, presets::ml_dtypes_e8m0>(r.x).bits()} == r.ml_dtypes);
        CHECK(unsigned{convert<e8m0, presets::torch_e8m0>(r.x).bits()} == r.torch);
        CHECK(unsigned{convert<e8m0, presets::cuda_e8m0>(r.x).bits()} == r.cuda);
        CHECK(unsigned{convert<e8m0, presets::onnx_e8m0>(r.x).bits()} == r.onnx);
    }
}
