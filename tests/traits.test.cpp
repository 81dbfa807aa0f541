// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// is_lossless_v and all_values against exact comparison of all codes. representable is in traits_representable.test.cpp.
// ctest-label: values
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>

#include <limits>
#include <tuple>

#include "support/catch.hpp"
#include "support/exact_arithmetic.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;
using exact::u64;
__extension__ using int128 = __int128;
__extension__ using uint128 = unsigned __int128;

/// Whether every value of From is one of To, and infinities stay under the default policy; by exact comparison.
template <class From, class To>
bool is_lossless_by_search() {
    const exact::target to(exact::row_of<To>());
    const exact::row from = exact::row_of<From>();
    if (std::is_same_v<From, To>) return true;
    const bool saturates = to.f.nan == nan_at::ieee && to.f.width() <= 8;  // overflow::by_format
    for (u64 code = 0; code <= exact::low_ones(From::width); ++code) {
        const exact::value x = decode(from, code);
        if (!to.holds(x) || (x.what == exact::kind::infinite && saturates)) return false;
    }
    return true;
}

/// Whether the conversion of every code gives its value.
template <class From, class To>
bool all_codes_survive() {
    const exact::row from = exact::row_of<From>(), to = exact::row_of<To>();
    for (u64 code = 0; code <= exact::low_ones(From::width); ++code) {
        const exact::value x = decode(from, code);
        const exact::value y = decode(to, convert<To>(make<From>(code)).bits());
        if (x.what != y.what) return false;
        if (x.what == exact::kind::nan) continue;
        if (x.negative != y.negative || order(x, y) != 0) return false;
    }
    return true;
}

TEST_CASE("is_lossless_v is right for all pairs of rows from up to 19 bits, and all codes survive where it says so") {
    int lossless = 0, pairs = 0;
    for_each_format<all_formats>([&]<class From>(From) {
        if constexpr (From::width <= 19) {
            for_each_format<all_formats>([&]<class To>(To) {
                INFO(name_of<From> << " to " << name_of<To>);
                CHECK(is_lossless_v<From, To> == is_lossless_by_search<From, To>());
                if constexpr (is_lossless_v<From, To>) {
                    CHECK(all_codes_survive<From, To>());
                    ++lossless;
                }
                ++pairs;
            });
        }
    });
    CHECK(pairs == 16 * 18);
    CHECK(lossless > 16 + 32);  // to itself, to fp32 and fp64 at least
}

TEST_CASE("is_lossless_v between formats that differ in one fact") {
    using enum p3109_kind;
    STATIC_REQUIRE(is_lossless_v<p3109<8, 3, sf>, p3109<9, 4, sf>>);
    STATIC_REQUIRE(is_lossless_v<p3109<8, 4, se>, fp16>);
    STATIC_REQUIRE_FALSE(is_lossless_v<p3109<8, 4, sf>, p3109<8, 4, se>>);  // the largest value
    STATIC_REQUIRE_FALSE(is_lossless_v<p3109<8, 4, se>, e4m3>);             // infinity
    STATIC_REQUIRE_FALSE(is_lossless_v<e2m1, p3109<8, 4, se>>);             // -0
    STATIC_REQUIRE_FALSE(is_lossless_v<float_format<1, 2, 1, 1>, e2m3>);    // NaN
    STATIC_REQUIRE(is_lossless_v<e2m1, float_format<1, 3, 2, 3>>);
    STATIC_REQUIRE_FALSE(is_lossless_v<e8m0, float_format<1, 8, 7, 130>>);  // 2^127 is out of range
    STATIC_REQUIRE_FALSE(is_lossless_v<fp64, fp32>);
    STATIC_REQUIRE(is_lossless_v<fp32, fp64>);
    STATIC_REQUIRE_FALSE(is_lossless_v<float_format<1, 11, 4, 1023>, fp32>);
}

template <class F, class... Integers>
void check_integers(std::tuple<Integers...>*) {
    // An integer type fits if its extreme values and the ones beside them do: the widest run of ones is among them.
    const auto check = []<class I>(I) {
        constexpr bool is_signed = I(-1) < I(0);
        constexpr int value_bits = static_cast<int>(8 * sizeof(I)) - (is_signed ? 1 : 0);
        const exact::row f = exact::row_of<F>();
        const bool expected = f.zero && f.m + 1 >= value_bits && f.bias >= 0 &&
                              (1 << f.e) - 1 - f.bias > value_bits + 1 && (!is_signed || f.s == 1);
        INFO(name_of<F> << ", integer of " << 8 * sizeof(I) << (is_signed ? " bits, signed" : " bits"));
        CHECK(is_lossless_v<I, F> == expected);
    };
    (check(Integers{}), ...);
}

TEST_CASE("is_lossless_v of built-in types") {
    using integers = std::tuple<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t,
                                std::int64_t, std::uint64_t, int128, uint128>;
    check_integers<fp64>(static_cast<integers*>(nullptr));
    check_integers<fp32>(static_cast<integers*>(nullptr));
    check_integers<tf32>(static_cast<integers*>(nullptr));
    check_integers<bf16>(static_cast<integers*>(nullptr));
    check_integers<fp16>(static_cast<integers*>(nullptr));
    check_integers<e4m3>(static_cast<integers*>(nullptr));
    check_integers<e8m0>(static_cast<integers*>(nullptr));

    STATIC_REQUIRE(is_lossless_v<std::int8_t, bf16>);
    STATIC_REQUIRE(is_lossless_v<std::uint8_t, bf16>);
    STATIC_REQUIRE_FALSE(is_lossless_v<std::int16_t, bf16>);
    STATIC_REQUIRE(is_lossless_v<std::uint8_t, fp16>);
    STATIC_REQUIRE_FALSE(is_lossless_v<std::int16_t, fp16>);
    STATIC_REQUIRE(is_lossless_v<std::uint16_t, fp32>);
    STATIC_REQUIRE_FALSE(is_lossless_v<std::int32_t, fp32>);
    STATIC_REQUIRE(is_lossless_v<std::uint32_t, fp64>);
    STATIC_REQUIRE_FALSE(is_lossless_v<std::int64_t, fp64>);
    STATIC_REQUIRE(is_lossless_v<bool, e2m1>);
    STATIC_REQUIRE_FALSE(is_lossless_v<bool, e8m0>);

    STATIC_REQUIRE(is_lossless_v<fp32, float>);
    STATIC_REQUIRE(is_lossless_v<float, fp32>);
    STATIC_REQUIRE(is_lossless_v<float, double>);
    STATIC_REQUIRE_FALSE(is_lossless_v<double, float>);
    STATIC_REQUIRE_FALSE(is_lossless_v<float, tf32>);
    for_each_format<all_formats>([]<class F>(F) {
        STATIC_REQUIRE(is_lossless_v<F, double>);
        STATIC_REQUIRE(is_lossless_v<F, float> == (F::width < 64));
        STATIC_REQUIRE_FALSE(is_lossless_v<F, int>);  // NaN, -0 or a fraction is in every row
        STATIC_REQUIRE_FALSE(is_lossless_v<F, int128>);
    });
    // A format of integers only: 0, 2, 4 ... without NaN, infinity and -0.
    using evens = float_format<0, 1, 2, -2, special::finite>;
    STATIC_REQUIRE(is_lossless_v<evens, std::uint8_t>);
    STATIC_REQUIRE(is_lossless_v<evens, std::int8_t>);
}

TEST_CASE("all_values lists every code in order") {
    for_each_format<all_formats>([]<class F>(F) {
        if constexpr (F::width <= 8) {
            constexpr auto values = all_values<F>();
            STATIC_REQUIRE(values.size() == std::size_t{1} << F::width);
            tally codes;
            for (std::size_t i = 0; i < values.size(); ++i) codes.equal(values[i].bits(), i, i);
            CHECK_TALLY(codes, values.size());
        }
    });
    STATIC_REQUIRE(all_values<p3109<3, 2, p3109_kind::se>>().size() == 8);
}

TEST_CASE("is_lossless_v answers for bool and for a long double that does not convert") {
    STATIC_REQUIRE(is_lossless_v<bool, e2m1>);
    STATIC_REQUIRE(is_lossless_v<bool, bool>);
    STATIC_REQUIRE(!is_lossless_v<e2m1, bool>);
    STATIC_REQUIRE(!is_lossless_v<std::uint8_t, bool>);
    STATIC_REQUIRE(is_lossless_v<float, long double>);
    STATIC_REQUIRE(is_lossless_v<fp64, long double>);
    STATIC_REQUIRE(is_lossless_v<e8m0, long double>);
    STATIC_REQUIRE(is_lossless_v<std::int32_t, long double>);
    STATIC_REQUIRE(!is_lossless_v<uint128, long double>);
    STATIC_REQUIRE(!is_lossless_v<p3109<16, 1, p3109_kind::ue>, long double>);
    STATIC_REQUIRE(is_lossless_v<long double, double> == (std::numeric_limits<long double>::digits == 53));
}

}  // namespace
