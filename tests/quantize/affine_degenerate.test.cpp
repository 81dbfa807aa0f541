// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Every degenerate input at every granularity: one result each, never NaN.
// needs: simd
// isa: best
// ctest-label: values
#include <lowprec/quantize/affine.hpp>

#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/affine_matrix.hpp"
#include "support/catch.hpp"
#include "support/isa.hpp"
#include "support/tally.hpp"

using namespace lowprec;
using namespace affine_checks;

namespace {

/// One degenerate input: numbers that fill a matrix of any shape.
struct degenerate {
    const char* name;
    float (*at)(std::size_t i);
};
const degenerate degenerates[] = {
    {"zeros", [](std::size_t) { return 0.0F; }},
    {"negative zeros", [](std::size_t) { return -0.0F; }},
    {"zeros of both signs", [](std::size_t i) { return i % 2 == 0 ? -0.0F : 0.0F; }},
    {"a positive constant", [](std::size_t) { return 3.25F; }},
    {"a negative constant", [](std::size_t) { return -0.7F; }},
    {"positive numbers", [](std::size_t i) { return 5.0F + static_cast<float>(i % 7); }},
    {"negative numbers", [](std::size_t i) { return -5.0F - static_cast<float>(i % 7); }},
    {"both ends alike", [](std::size_t i) { return i % 2 == 0 ? 6.5F : -6.5F; }},
    {"denormals", [](std::size_t i) { return with_bits(1 + i % 5 | (i % 2) << 31); }},
    {"the smallest denormal", [](std::size_t) { return with_bits(1); }},
    {"numbers whose scale would be denormal", [](std::size_t i) { return (i % 2 == 0 ? 0x1p-125F : -0x1p-126F); }},
    {"the largest float", [](std::size_t) { return largest; }},
    {"a width beyond float", [](std::size_t i) { return i % 2 == 0 ? largest : -largest; }},
    {"scales beyond fp16", [](std::size_t i) { return i % 2 == 0 ? 3e9F : -1e9F; }},
    {"scales below fp16", [](std::size_t i) { return i % 2 == 0 ? 3e-9F : -1e-9F; }},
    {"one huge number among small ones", [](std::size_t i) { return i % 11 == 3 ? largest : 1e-20F; }},
};

template <class A, affine_policy P, class Scale>
void check_degenerate(tally& result, std::uint64_t& cases) {
    for (const auto& d : degenerates)
        for (const std::size_t rows : std::initializer_list<std::size_t>{1U, 3U})
            for (const std::size_t columns : std::initializer_list<std::size_t>{1U, 2U, 9U, 33U}) {
                std::vector<float> x(rows * columns);
                for (std::size_t i = 0; i < x.size(); ++i) x[i] = d.at(i);
                for (const grouping by : all_groupings) {
                    check_matrix<A, P, Scale>(result, cases, x, rows, columns, by);
                    const auto m = quantize<A, P, Scale>(x, rows, columns, by.get());
                    std::vector<float> back(x.size());
                    dequantize(m.view(), back);
                    for (std::size_t i = 0; i < x.size(); ++i) {
                        const A p = m.view().at_group(i / columns, i % columns);
                        result.equal(p.usable(), true, d.name, "usable", i);
                        result.equal(is_finite(back[i]), true, d.name, "finite", i);
                        // within a step, unless the scale had to be moved into the storage's range
                        const double step = static_cast<double>(p.scale);
                        const double off = static_cast<double>(x[i]) - static_cast<double>(back[i]);
                        const bool clamped = std::is_same_v<Scale, fp16> && (p.scale == 65504 || p.scale == 0x1p-14F);
                        const bool near = clamped || (off <= step && -off <= step);
                        result.equal(near, true, d.name, "near", i, bits_of(x[i]), bits_of(back[i]));
                        if (bits_of(x[i]) << 1 == 0) result.equal(bits_of(back[i]), 0, d.name, "zero", i);
                        cases += bits_of(x[i]) << 1 == 0 ? 4U : 3U;
                    }
                }
            }
}

template <class A, affine_policy P, class Scale>
void check_all_zero() {
    for (const grouping by : all_groupings) {
        const std::vector<float> x(40);
        const auto m = quantize<A, P, Scale>(x, 4, 10, by.get());
        for (std::size_t i = 0; i < m.view().scales().size(); ++i) CHECK(m.view().group(i).scale == 1);
        for (std::size_t i = 0; i < 40; ++i) {
            const A p = m.view().at_group(i / 10, i % 10);
            if (m.view().code(i / 10, i % 10) != p.zero_point) FAIL("zero has another code");
        }
    }
}

}  // namespace

TEST_CASE("degenerate numbers at every granularity") {
    tally result;
    std::uint64_t cases = 0;
    check_degenerate<s8, symmetric, float>(result, cases);
    check_degenerate<u8, asymmetric, float>(result, cases);
    check_degenerate<s4, symmetric, fp16>(result, cases);
    check_degenerate<u4, asymmetric, bf16>(result, cases);
    check_degenerate<s3, asymmetric, float>(result, cases);
    CHECK_TALLY(result, cases);
    check_all_zero<s8, symmetric, float>();
    check_all_zero<u8, asymmetric, float>();
    check_all_zero<s4, symmetric, fp16>();
}

TEST_CASE("degenerate numbers: the results in words") {
    const auto one = [](auto a, auto policy, std::vector<float> x) {
        using A = decltype(a);
        return quantize<A, decltype(policy)::value>(x, 1, x.size());
    };
    constexpr auto sym = std::integral_constant<const affine_policy&, symmetric>{};
    constexpr auto asym = std::integral_constant<const affine_policy&, asymmetric>{};
    // a constant: the end of the codes
    CHECK(one(s8{}, sym, {5, 5}).view().code(0, 1) == 127);
    CHECK(one(s8{}, sym, {-5, -5}).view().code(0, 0) == -127);
    CHECK(one(u8{}, asym, {5, 5}).view().code(0, 0) == 255);
    CHECK(one(u8{}, asym, {-5, -5}).view().code(0, 0) == 0);
    CHECK(one(u8{}, asym, {-5, -5}).view().group(0).zero_point == 255);
    CHECK(one(s8{}, asym, {5}).view().group(0).zero_point == -128);
    // a range below what scales can be
    CHECK(one(s8{}, sym, {with_bits(1)}).view().group(0).scale == 0x1p-126F);
    CHECK(one(s8{}, sym, {with_bits(1)}).view().code(0, 0) == 0);
    // the largest float
    CHECK(one(s8{}, sym, {largest, -largest}).view().code(0, 0) == 127);
    CHECK(one(u8{}, asym, {largest, -largest}).view().code(0, 0) == 255);
    CHECK(one(u8{}, asym, {largest, -largest}).view().code(0, 1) == 0);
}

TEST_CASE("no rows, no columns, nothing at all") {
    const std::vector<float> none;
    for (const grouping by : all_groupings) {
        const auto a = quantize<s8>(none, 0, 7, by.get());
        CHECK(a.view().codes().empty());
        CHECK(a.view().scales().size() == (by.what == by_what::tensor ? 1 : 0));
        const auto b = quantize<u4, asymmetric>(none, 3, 0, by.get());
        CHECK(b.view().codes().empty());
        CHECK(b.view().scales().size() == (by.what == by_what::tensor ? 1 : by.what == by_what::row ? 3 : 0));
        for (std::size_t i = 0; i < b.view().scales().size(); ++i) CHECK(b.view().group(i) == u4{1, 0});
        std::vector<float> out;
        dequantize(b.view(), out);
        fake_quantize<s8>(none, out, 3, 0, by.get());
    }
}

TEST_CASE("NaN and infinity at every place") {
    constexpr affine_policy zero{.nan = nan_policy::zero}, ignore{.nan = nan_policy::ignore};
    constexpr affine_policy zero_a{integer_recipe::awq, range_kind::asymmetric, nan_policy::zero};
    constexpr affine_policy ignore_a{integer_recipe::awq, range_kind::asymmetric, nan_policy::ignore};
    constexpr affine_policy ignore_r{integer_recipe::exact, range_kind::asymmetric, nan_policy::ignore};
    tally result;
    std::uint64_t cases = 0;
    for (std::size_t at = 0; at < 3 * 21; ++at)
        for (const float bad : {not_a_number, -not_a_number, infinity, -infinity}) {
            std::vector<float> x(3 * 21);
            for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.25F * static_cast<float>(i % 13) + 0.5F;
            x[at] = bad;
            for (const grouping by : all_groupings) {
                check_matrix<s8, zero, float>(result, cases, x, 3, 21, by);
                check_matrix<s4, ignore, fp16>(result, cases, x, 3, 21, by);
                check_matrix<u4, zero_a, float>(result, cases, x, 3, 21, by);
                check_matrix<u4, ignore_a, float>(result, cases, x, 3, 21, by);
                check_matrix<u8, ignore_r, float>(result, cases, x, 3, 21, by);
                std::vector<std::byte> codes(3 * 21, std::byte{0x77});
                std::vector<float> scales(by.get().count(3, 21), 5.0F), out(x.size(), 4.0F);
                const affine_span<s8> view(3, 21, by.get(), codes, scales);
                const std::string place = ": element " + std::to_string(at) + " (row " + std::to_string(at / 21) +
                                          ", column " + std::to_string(at % 21) + ") is " +
                                          (is_nan(bad) ? "NaN" : "infinite");
                const auto says = [&](auto&& call) -> std::string {
                    try {
                        call();
                    } catch (const std::invalid_argument& error) {
                        return error.what();
                    }
                    return "";
                };
                result.equal(says([&] { quantize(x, view); }) == "lowprec::quantize" + place, true, "quantize");
                result.equal(says([&] { choose_parameters(x, view); }) == "lowprec::choose_parameters" + place, true,
                             "choose");
                result.equal(
                    says([&] { fake_quantize<s8>(x, out, 3, 21, by.get()); }) == "lowprec::fake_quantize" + place, true,
                    "fake");
                result.equal(codes == std::vector<std::byte>(3 * 21, std::byte{0x77}), true, "nothing is written");
                result.equal(scales == std::vector<float>(scales.size(), 5.0F), true, "nothing is written");
                result.equal(out == std::vector<float>(out.size(), 4.0F), true, "nothing is written");
                // static parameters: infinity saturates, NaN is refused
                const std::string said = says([&] { quantize_as_chosen(x, view); });
                result.equal(said == (is_nan(bad) ? "lowprec::quantize_as_chosen" + place : ""), true, "as chosen");
                if (!is_nan(bad)) result.equal(view.code(at / 21, at % 21), bad > 0 ? 127 : -128, "saturates");
                cases += is_nan(bad) ? 7U : 8U;
            }
        }
    CHECK_TALLY(result, cases);
    // nothing but NaN: zeros
    const std::vector<float> all_nan(5, not_a_number);
    const auto m = quantize<u8, ignore_r>(all_nan, 1, 5);
    CHECK(m.view().group(0) == u8{1, 0});
    CHECK(m.view().code(0, 3) == 0);
    // the first of several is named
    std::vector<float> several{1, 2, infinity, not_a_number};
    CHECK_THROWS_WITH((quantize<s8>(several, 2, 2)), "lowprec::quantize: element 2 (row 1, column 0) is infinite");
}
