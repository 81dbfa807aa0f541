// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The table: its rows and their order, names, and the P3109 family.
// ctest-label: aarch64
#include <lowprec/formats.hpp>

#include <string>
#include <tuple>
#include <type_traits>

#include "support/catch.hpp"
#include "support/exact_arithmetic.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;
using enum p3109_kind;

TEST_CASE("the documented rows stand in the table, in their order") {
    constexpr std::string_view documented[] = {"fp64", "fp32",      "tf32", "bf16",      "fp16",      "e5m2",
                                               "e4m3", "e4m3_ieee", "e3m4", "e4m3_fnuz", "e5m2_fnuz", "e4m3b11_fnuz",
                                               "e3m2", "e2m3",      "e2m1", "e8m0",      "ue4m3",     "ue5m3"};
    std::size_t found = 0;  // rows between them are no mistake
    for_each_format<all_formats>([&]<class F>(F) {
        if (found < std::size(documented) && name_of<F> == documented[found]) ++found;
    });
    CHECK(found == std::size(documented));
    STATIC_REQUIRE(std::is_same_v<e5m2, float_format<1, 5, 2, 15>>);
    STATIC_REQUIRE(std::is_same_v<e4m3, float_format<1, 4, 3, 7, special::fn>>);
    STATIC_REQUIRE(std::is_same_v<e8m0, float_format<0, 8, 0, 127, special::scale>>);
}

TEST_CASE("the largest, smallest normal and smallest codes of each row are those of the formats' documents") {
    struct codes {
        std::string_view name;
        std::uint64_t largest, normal, smallest;
    };
    constexpr codes expected[] = {
        {"fp64", 0x7FEFFFFFFFFFFFFF, 0x0010000000000000, 1},
        {"fp32", 0x7F7FFFFF, 0x00800000, 1},
        {"tf32", 0x7F7FE000 >> 13, 0x00800000 >> 13, 0x00002000 >> 13},
        {"bf16", 0x7F7F, 0x0080, 1},
        {"fp16", 0x7BFF, 0x0400, 1},
        {"e5m2", 0x7B, 0x04, 1},
        {"e4m3", 0x7E, 0x08, 1},
        {"e4m3_ieee", 0x77, 0x08, 1},
        {"e3m4", 0x6F, 0x10, 1},
        {"e4m3_fnuz", 0x7F, 0x08, 1},
        {"e5m2_fnuz", 0x7F, 0x04, 1},
        {"e4m3b11_fnuz", 0x7F, 0x08, 1},
        {"e3m2", 0x1F, 0x04, 1},
        {"e2m3", 0x1F, 0x08, 1},
        {"e2m1", 0x7, 0x2, 1},
        {"e8m0", 0xFE, 0x00, 0},
        {"ue4m3", 0x7E, 0x08, 1},
        {"ue5m3", 0xFE, 0x08, 1},
    };
    std::size_t found = 0;
    for_each_format<all_formats>([&]<class F>(F) {
        for (const codes& row : expected) {
            if (name_of<F> != row.name) continue;
            ++found;
            INFO(row.name);
            CHECK(F::largest_code == row.largest);
            CHECK(F::smallest_normal_code == row.normal);
            CHECK(F::smallest_code == row.smallest);
        }
    });
    CHECK(found == std::size(expected));
}

TEST_CASE("a name is the row's, the P3109 name, or the parameters") {
    STATIC_REQUIRE(name_of<e4m3> == "e4m3");
    STATIC_REQUIRE(name_of<float_format<1, 4, 3, 7>> == "e4m3_ieee");
    STATIC_REQUIRE(name_of<p3109<8, 3, se>> == "binary8p3se");
    STATIC_REQUIRE(name_of<p3109<8, 1, uf>> == "binary8p1uf");
    STATIC_REQUIRE(name_of<p3109<3, 3, ue>> == "binary3p3ue");
    STATIC_REQUIRE(name_of<p3109<16, 11, sf>> == "binary16p11sf");
    STATIC_REQUIRE(name_of<p3109<8, 4, sf>> == "e4m3_fnuz");
    STATIC_REQUIRE(name_of<float_format<1, 6, 5, 31>> == "float_format<1,6,5,31>");
    STATIC_REQUIRE(name_of<float_format<1, 4, 4, -3>> == "float_format<1,4,4,-3>");
    STATIC_REQUIRE(name_of<float_format<0, 16, 0, 0, special::finite>> !=
                   name_of<float_format<0, 16, 0, 0, special::fn>>);
}

TEST_CASE("P3109 formats that are rows are the rows") {
    STATIC_REQUIRE(std::is_same_v<p3109<8, 4, sf>, e4m3_fnuz>);
    STATIC_REQUIRE(std::is_same_v<p3109<8, 3, sf>, e5m2_fnuz>);
    STATIC_REQUIRE_FALSE(std::is_same_v<p3109<8, 1, uf>, e8m0>);  // has a zero, and exponents one lower
}

/// The facts of the family from its report: bias, and the codes of NaN and infinity.
template <int K, int P, p3109_kind Kind>
bool follows_the_report() {
    using F = p3109<K, P, Kind>;
    constexpr bool is_signed = Kind == se || Kind == sf;
    constexpr bool extended = Kind == se || Kind == ue;
    const exact::row f = exact::row_of<F>();
    const auto what = [&](std::uint64_t code) { return decode(f, code).what; };
    const std::uint64_t codes = std::uint64_t{1} << K;
    const std::uint64_t nan = is_signed ? codes / 2 : codes - 1;
    const std::uint64_t infinity = is_signed ? codes / 2 - 1 : codes - 2;
    bool right = F::width == K && F::mantissa_bits == P - 1 && F::sign_bits == (is_signed ? 1 : 0) &&
                 F::bias == (is_signed ? (1 << (K - P)) / 2 : 1 << (K - P)) && !F::has_negative_zero && F::has_zero &&
                 F::has_nan && F::has_infinity == extended && F::nan_code == nan;
    right = right && F::largest_code == (extended ? infinity - 1 : infinity);
    std::uint64_t nans = 0, infinities = 0;
    for (std::uint64_t code = 0; code < codes; ++code) {
        nans += what(code) == exact::kind::nan ? 1U : 0U;
        infinities += what(code) == exact::kind::infinite ? 1U : 0U;
    }
    right =
        right && nans == 1 && what(nan) == exact::kind::nan && infinities == (extended ? (is_signed ? 2U : 1U) : 0U);
    if (extended) right = right && F::infinity_code == infinity && what(infinity) == exact::kind::infinite;
    if (extended && is_signed) right = right && what(codes - 1) == exact::kind::infinite;
    return right;
}

template <int K, p3109_kind Kind>
int wrong_formats() {
    return []<int... I>(std::integer_sequence<int, I...>) {
        return ((follows_the_report<K, I + 1, Kind>() ? 0 : 1) + ...);
    }
    (std::make_integer_sequence < int, Kind == se || Kind == sf ? K - 1 : K > {});
}

TEST_CASE("every P3109 format has the bias and the special codes of the report") {
    [&]<int... I>(std::integer_sequence<int, I...>) {
        const auto check = [](int k, int wrong) {
            INFO("K = " << k);
            CHECK(wrong == 0);
        };
        (check(I + 3, wrong_formats<I + 3, se>() + wrong_formats<I + 3, sf>() + wrong_formats<I + 3, ue>() +
                          wrong_formats<I + 3, uf>()),
         ...);
    }
    (std::make_integer_sequence<int, 14>{});
}

template <class F>
double value(std::uint64_t code) {
    return exact::to_double(decode(exact::row_of<F>(), code));
}

TEST_CASE("P3109 formats of 8 bits have the values of the report's tables") {
    CHECK(value<p3109<8, 2, se>>(0x7E) == 0x1p31);
    CHECK(value<p3109<8, 3, se>>(0x7E) == 49152);
    CHECK(value<p3109<8, 4, se>>(0x7E) == 224);
    CHECK(value<p3109<8, 5, se>>(0x7E) == 15);
    CHECK(value<p3109<8, 1, se>>(0x7E) == 0x1p62);
    CHECK(value<p3109<8, 1, uf>>(0xFE) == 0x1p126);
    CHECK(value<p3109<8, 1, uf>>(0x01) == 0x1p-127);
    CHECK(value<p3109<8, 3, ue>>(p3109<8, 3, ue>::largest_code) == 1.25 * 0x1p31);
    CHECK(value<p3109<8, 3, uf>>(p3109<8, 3, uf>::largest_code) == 1.5 * 0x1p31);
    CHECK(value<p3109<8, 4, ue>>(p3109<8, 4, ue>::largest_code) == 53248);
    CHECK(value<p3109<8, 4, uf>>(p3109<8, 4, uf>::largest_code) == 57344);
    CHECK(value<p3109<8, 4, ue>>(1) == 0x1p-18);
}

}  // namespace
