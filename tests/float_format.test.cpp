// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The type: storage, image in memory, comparisons, explicitness. Its numeric_limits are in
// float_format_limits.test.cpp, what must not convert by itself in static/float_format.cpp.
#include <lowprec/convert.hpp>
#include <lowprec/float_format.hpp>
#include <lowprec/formats.hpp>

#include <array>
#include <compare>
#include <cstring>
#include <type_traits>

#include "support/catch.hpp"
#include "support/exact_arithmetic.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;
using exact::u64;

template <class F>
constexpr bool is_plain_value = sizeof(F) == sizeof(typename F::storage_type) &&
                                alignof(F) == alignof(typename F::storage_type) &&
                                std::is_trivially_copyable_v<F>&& std::is_trivially_default_constructible_v<
                                    F>&& std::is_standard_layout_v<F>&& std::is_nothrow_default_constructible_v<F>;

TEST_CASE("a format is as large as its storage type and a trivial value") {
    for_each_format<all_formats>([]<class F>(F) {
        STATIC_REQUIRE(is_plain_value<F>);
        STATIC_REQUIRE(8 * sizeof(F) >= F::width);
        STATIC_REQUIRE(F::width <= 8 || 4 * sizeof(F) < F::width);  // the smallest type that holds it
        STATIC_REQUIRE(F::width == F::sign_bits + F::exponent_bits + F::mantissa_bits);
        STATIC_REQUIRE(F{}.bits() == 0);
    });
    STATIC_REQUIRE(std::is_same_v<fp64::storage_type, std::uint64_t>);
    STATIC_REQUIRE(std::is_same_v<fp32::storage_type, std::uint32_t>);
    STATIC_REQUIRE(std::is_same_v<tf32::storage_type, std::uint32_t>);
    STATIC_REQUIRE(std::is_same_v<bf16::storage_type, std::uint16_t>);
    STATIC_REQUIRE(std::is_same_v<fp16::storage_type, std::uint16_t>);
    STATIC_REQUIRE(std::is_same_v<e4m3::storage_type, std::uint8_t>);
    STATIC_REQUIRE(std::is_same_v<e2m1::storage_type, std::uint8_t>);
    STATIC_REQUIRE(std::is_same_v<float_format<1, 3, 5, 3>::storage_type, std::uint16_t>);
}

TEST_CASE("the facts about each row are those of the formats' documents") {
    struct facts {
        std::string_view name;
        int width;
        bool infinity, nan, negative_zero, zero, subnormals;
    };
    constexpr facts expected[] = {
        {"fp64", 64, true, true, true, true, true},       {"fp32", 32, true, true, true, true, true},
        {"tf32", 19, true, true, true, true, true},       {"bf16", 16, true, true, true, true, true},
        {"fp16", 16, true, true, true, true, true},       {"e5m2", 8, true, true, true, true, true},
        {"e4m3", 8, false, true, true, true, true},       {"e4m3_ieee", 8, true, true, true, true, true},
        {"e3m4", 8, true, true, true, true, true},        {"e4m3_fnuz", 8, false, true, false, true, true},
        {"e5m2_fnuz", 8, false, true, false, true, true}, {"e4m3b11_fnuz", 8, false, true, false, true, true},
        {"e3m2", 6, false, false, true, true, true},      {"e2m3", 6, false, false, true, true, true},
        {"e2m1", 4, false, false, true, true, true},      {"e8m0", 8, false, true, false, false, false},
        {"ue4m3", 7, false, true, false, true, true},     {"ue5m3", 8, false, true, false, true, true},
    };
    std::size_t i = 0;
    for_each_format<all_formats>([&]<class F>(F) {
        const facts& row = expected[i++];
        INFO(row.name);
        CHECK(name_of<F> == row.name);
        CHECK(F::width == row.width);
        CHECK(F::has_infinity == row.infinity);
        CHECK(F::has_nan == row.nan);
        CHECK(F::has_negative_zero == row.negative_zero);
        CHECK(F::has_zero == row.zero);
        CHECK(F::has_subnormals == row.subnormals);
    });
    CHECK(i == std::size(expected));
}

TEST_CASE("from_bits ignores the bits above the width, bits gives the code right-aligned") {
    for_each_format<all_formats>([]<class F>(F) {
        if constexpr (F::width <= 19) {
            using storage = typename F::storage_type;
            tally codes;
            constexpr auto above = static_cast<storage>(~exact::low_ones(F::width));
            for (u64 code = 0; code <= exact::low_ones(F::width); ++code) {
                codes.equal(make<F>(code).bits(), code, code);
                codes.equal(F::from_bits(static_cast<storage>(code | above)).bits(), code, code);
            }
            INFO(name_of<F>);
            CHECK_TALLY(codes, u64{2} << F::width);
        }
    });
}

TEST_CASE("an array of tf32 has the memory image of floats with thirteen low bits zero") {
    STATIC_REQUIRE(tf32(1.0F).bits() == 0x1FC00);
    std::array<tf32, 5> values{tf32(1.0F), tf32(-2.5F), tf32(0.0F), tf32::from_bits(1), tf32::from_bits(0x3FBFF)};
    std::array<std::uint32_t, 5> image{};
    STATIC_REQUIRE(sizeof values == sizeof image);
    std::memcpy(image.data(), values.data(), sizeof image);
    CHECK(image == std::array<std::uint32_t, 5>{0x3F800000, 0xC0200000, 0, 0x00002000, 0x7F7FE000});

    tally codes;
    for (u64 code = 0; code < u64{1} << 19; ++code) {
        const tf32 x = make<tf32>(code);
        std::uint32_t word = 0;
        std::memcpy(&word, &x, sizeof word);
        codes.equal(word, code << 13, code);
    }
    CHECK_TALLY(codes, u64{1} << 19);

    // Widths of 17 to 31 bits are left-aligned as well; 16 and 32 are not moved.
    using e8m14 = float_format<1, 8, 14, 127>;
    const e8m14 wide = e8m14::from_bits(0x1FC000);
    std::uint32_t word = 0;
    std::memcpy(&word, &wide, sizeof word);
    CHECK(word == 0x1FC000U << 9);
    const ue4m3 narrow = ue4m3::from_bits(0x7E);
    unsigned char byte = 0;
    std::memcpy(&byte, &narrow, 1);
    CHECK(byte == 0x7E);
}

TEST_CASE("comparisons of all pairs of codes agree with their values") {
    for_each_format<all_formats>([]<class F>(F) {
        if constexpr (F::width <= 8) {
            const exact::row f = exact::row_of<F>();
            const u64 codes = u64{1} << F::width;
            tally results;
            for (u64 a = 0; a < codes; ++a)
                for (u64 b = 0; b < codes; ++b) {
                    const F x = make<F>(a), y = make<F>(b);
                    const exact::value v = decode(f, a), w = decode(f, b);
                    const bool unordered = v.what == exact::kind::nan || w.what == exact::kind::nan;
                    const int sign = unordered ? 2 : order(v, w);
                    const std::partial_ordering expected = sign == 2   ? std::partial_ordering::unordered
                                                           : sign == 0 ? std::partial_ordering::equivalent
                                                           : sign < 0  ? std::partial_ordering::less
                                                                       : std::partial_ordering::greater;
                    results.equal((x <=> y) == expected, true, a, "<=>", b);
                    results.equal(x == y, sign == 0, a, "==", b);
                    results.equal(x != y, sign != 0, a, "!=", b);
                    results.equal(x < y, sign == -1, a, '<', b);
                    results.equal(x <= y, sign == -1 || sign == 0, a, "<=", b);
                    results.equal(x > y, sign == 1, a, '>', b);
                    results.equal(x >= y, sign == 1 || sign == 0, a, ">=", b);
                }
            INFO(name_of<F>);
            CHECK_TALLY(results, 7 * codes * codes);
        }
    });
}

TEST_CASE("comparisons of fp16 and bf16 agree with those of their values as floats") {
    random_bits next{3};
    tally results;
    for (int i = 0; i < 1000000; ++i) {
        const u64 a = next() & 0xFFFF;
        const u64 b = i % 2 == 0 ? next() & 0xFFFF : (a + next() % 3 - 1) & 0xFFFF;
        for_each_format<std::tuple<fp16, bf16>>([&]<class F>(F) {
            const exact::row f = exact::row_of<F>();
            const exact::value v = decode(f, a), w = decode(f, b);
            const bool unordered = v.what == exact::kind::nan || w.what == exact::kind::nan;
            results.equal(make<F>(a) < make<F>(b), !unordered && order(v, w) < 0, name_of<F>, a, '<', b);
            results.equal(make<F>(a) == make<F>(b), !unordered && order(v, w) == 0, name_of<F>, a, "==", b);
        });
    }
    CHECK_TALLY(results, 4000000U);
}

TEST_CASE("bool(f) is f != 0, true for NaN") {
    for_each_format<all_formats>([]<class F>(F) {
        if constexpr (F::width <= 19) {
            const exact::row f = exact::row_of<F>();
            tally results;
            for (u64 code = 0; code <= exact::low_ones(F::width); ++code)
                results.equal(static_cast<bool>(make<F>(code)), !decode(f, code).is_zero(), code);
            INFO(name_of<F>);
            CHECK_TALLY(results, u64{1} << F::width);
        }
    });
    CHECK(static_cast<bool>(e4m3(0.5F)));
    CHECK_FALSE(static_cast<bool>(e4m3(-0.0F)));
}

TEST_CASE("conversions of the type itself round to nearest even, to integers toward zero") {
    CHECK(e4m3(1.0625F).bits() == 0x38);
    CHECK(e4m3(1.0625).bits() == 0x38);
    CHECK(e4m3(464).bits() == 0x7E);
    CHECK(e4m3(true).bits() == 0x38);
    CHECK(e4m3(false).bits() == 0);
    CHECK(static_cast<int>(e4m3(1.875F)) == 1);
    CHECK(static_cast<int>(e4m3(-1.875F)) == -1);
    CHECK(static_cast<int>(e4m3::from_bits(0x7F)) == 0);
    CHECK(static_cast<signed char>(e4m3(-448.0F)) == -128);
    CHECK(static_cast<unsigned>(e4m3(-1.0F)) == 0);
    CHECK(static_cast<float>(e4m3(448.0F)) == 448.0F);
    CHECK(static_cast<double>(e8m0::from_bits(0)) == 0x1p-127);
}

TEST_CASE("a format outside the table works like a row") {
    using e3m5 = float_format<1, 3, 5, 3>;
    STATIC_REQUIRE(format<e3m5>);
    STATIC_REQUIRE(is_plain_value<e3m5>);
    STATIC_REQUIRE(e3m5::width == 9);
    STATIC_REQUIRE(float(e3m5(1.03125F)) == 1.03125F);
    STATIC_REQUIRE(name_of<float_format<1, 2, 5, 3>> == "float_format<1,2,5,3>");
    STATIC_REQUIRE_FALSE(format<float>);
    STATIC_REQUIRE_FALSE(format<int>);
    STATIC_REQUIRE_FALSE(format<const char*>);
}

}  // namespace
