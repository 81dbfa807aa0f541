// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Classification, signs, neighbours and ulp of every code of the rows of up to 19 bits and of some P3109 formats, against
// the codes sorted by their exact values.
// ctest-label: aarch64
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/math.hpp>

#include <tuple>
#include <vector>

#include "support/catch.hpp"
#include "support/exact_arithmetic.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;
using exact::u64;
using enum p3109_kind;

using formats = decltype(std::tuple_cat(
    all_formats{}, std::tuple<p3109<3, 1, se>, p3109<3, 2, ue>, p3109<4, 4, uf>, p3109<6, 3, se>, p3109<8, 1, se>,
                              p3109<8, 2, se>, p3109<8, 3, ue>, p3109<8, 1, uf>, p3109<10, 10, ue>, p3109<16, 5, se>,
                              float_format<1, 4, 4, -3>, float_format<1, 6, 2, 60>>{}));

/// The expectations of one format, from exact values alone.
struct expectations {
    exact::row f;
    std::vector<u64> up, down;  // by code

    explicit expectations(const exact::row& row) : f(row) {
        const u64 codes = exact::low_ones(f.width()) + 1;
        up.resize(codes);
        down.resize(codes);
        for (u64 code = 0; code < codes; ++code) up[code] = down[code] = code;  // NaN, and the ends
        const std::vector<u64> sorted = exact::codes_by_value(f);
        for (std::size_t i = 0; i < sorted.size(); ++i) {
            // -0 and 0 are one value: the step up from either is the smallest value; the step down its negative.
            const auto same = [&](std::size_t a, std::size_t b) { return order(at(sorted[a]), at(sorted[b])) == 0; };
            std::size_t above = i + 1;
            if (above < sorted.size() && same(i, above)) ++above;
            std::size_t below = i;
            if (below > 0 && same(i, below - 1)) --below;
            if (above < sorted.size()) up[sorted[i]] = sorted[above];
            if (below > 0) down[sorted[i]] = sorted[below - 1];
        }
        // Stepping up from below zero arrives at -0, stepping down from above at 0, as IEEE 754 has it.
        // The order above lists -0 first, so a step down from the smallest value already finds 0, a step up finds -0.
    }

    exact::value at(u64 code) const { return decode(f, code); }

    bool sign_of(u64 code) const {
        return at(code).negative && !(f.nan == nan_at_zero && at(code).what == exact::kind::nan);
    }
    static constexpr lowprec::nan_at nan_at_zero = lowprec::nan_at::negative_zero;
};

TEST_CASE("classification and signs of every code are those of its value") {
    for_each_format<formats>([]<class F>(F) {
        if constexpr (F::width <= 19) {
            const expectations expected(exact::row_of<F>());
            const exact::row& f = expected.f;
            tally results;
            for (u64 code = 0; code <= exact::low_ones(F::width); ++code) {
                const F x = make<F>(code);
                const exact::value v = expected.at(code);
                const bool finite = v.what == exact::kind::finite;
                results.equal(isnan(x), v.what == exact::kind::nan, "isnan", code);
                results.equal(isinf(x), v.what == exact::kind::infinite, "isinf", code);
                results.equal(isfinite(x), finite, "isfinite", code);
                results.equal(isnormal(x), finite && v.significand >> f.m == 1, "isnormal", code);
                results.equal(signbit(x), expected.sign_of(code), "signbit", code);
                const bool no_sign = f.nan == nan_at::negative_zero && (code & f.all()) == 0;
                const u64 magnitude = no_sign ? code : code & f.all();
                results.equal(abs(x).bits(), magnitude, "abs", code);
                for (const u64 other : {u64{0}, u64{1}, f.sign(), f.sign() | 1, exact::low_ones(F::width)}) {
                    const u64 signed_code = expected.sign_of(other) && !no_sign ? magnitude | f.sign() : magnitude;
                    results.equal(copysign(x, make<F>(other)).bits(), signed_code, "copysign", code, other);
                }
            }
            INFO(name_of<F>);
            CHECK_TALLY(results, u64{11} << F::width);
        }
    });
}

TEST_CASE("next_up and next_down walk through the values in order") {
    for_each_format<formats>([]<class F>(F) {
        if constexpr (F::width <= 19) {
            const expectations expected(exact::row_of<F>());
            tally results;
            for (u64 code = 0; code <= exact::low_ones(F::width); ++code) {
                results.equal(next_up(make<F>(code)).bits(), expected.up[code], "next_up", code);
                results.equal(next_down(make<F>(code)).bits(), expected.down[code], "next_down", code);
            }
            INFO(name_of<F>);
            CHECK_TALLY(results, u64{2} << F::width);
        }
    });
}

TEST_CASE("ulp is the distance to the next value away from zero within the binade") {
    for_each_format<formats>([]<class F>(F) {
        if constexpr (F::width <= 19) {
            const exact::target oracle(exact::row_of<F>());
            tally results;
            for (u64 code = 0; code <= exact::low_ones(F::width); ++code) {
                const exact::value v = decode(oracle.f, code);
                const F got = ulp(make<F>(code));
                if (v.what == exact::kind::nan) {
                    results.equal(isnan(got), true, "ulp", code);
                } else if (v.what == exact::kind::infinite) {
                    results.equal(got.bits(), oracle.infinity_code(), "ulp", code);
                } else {
                    // one unit of the significand, or the nearest power of two that the format has
                    exact::value unit{exact::kind::finite, false, 1, v.exponent};
                    const exact::value most = decode(oracle.f, oracle.max);
                    const exact::value least = decode(oracle.f, F::has_zero ? 1 : 0);
                    if (order(unit, most) > 0) unit = most;
                    if (order(unit, least) < 0) unit = least;
                    results.equal(order(decode(oracle.f, got.bits()), unit) == 0, true, "ulp", code);
                }
            }
            INFO(name_of<F>);
            CHECK_TALLY(results, u64{1} << F::width);
        }
    });
}

TEST_CASE("neighbours at the ends and around zero") {
    CHECK(next_up(fp16(65504.0F)).bits() == 0x7C00);
    CHECK(next_up(fp16::from_bits(0x7C00)).bits() == 0x7C00);
    CHECK(next_down(fp16::from_bits(0x7C00)).bits() == 0x7BFF);
    CHECK(next_up(fp16::from_bits(0xFC00)).bits() == 0xFBFF);
    CHECK(next_up(fp16::from_bits(0x8001)).bits() == 0x8000);
    CHECK(next_up(fp16(-0.0F)).bits() == 0x0001);
    CHECK(next_down(fp16(-0.0F)).bits() == 0x8001);
    CHECK(next_down(fp16::from_bits(0x0001)).bits() == 0x0000);
    CHECK(next_up(e4m3(448.0F)).bits() == 0x7E);
    CHECK(next_down(e4m3(-448.0F)).bits() == 0xFE);
    CHECK(next_up(e4m3_fnuz::from_bits(0x81)).bits() == 0x00);
    CHECK(next_down(e4m3_fnuz(0.0F)).bits() == 0x81);
    CHECK(next_down(ue4m3(0.0F)).bits() == 0x00);
    CHECK(next_down(e8m0::from_bits(0)).bits() == 0x00);
    CHECK(next_up(e8m0::from_bits(0xFE)).bits() == 0xFE);
    CHECK(next_up(e8m0::from_bits(0xFF)).bits() == 0xFF);
    CHECK(ulp(fp32(1.0F)) == std::numeric_limits<fp32>::epsilon());
    CHECK(ulp(fp64(0.0)) == std::numeric_limits<fp64>::denorm_min());
}

}  // namespace
