// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: aarch64
//
// Requantization against 128-bit integers and exact doubles.
#include <lowprec/requantize.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include "support/catch.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

__extension__ using wide = __int128;

constexpr std::int32_t lowest = std::numeric_limits<std::int32_t>::min(),
                       highest = std::numeric_limits<std::int32_t>::max();

constexpr std::int32_t saturated(wide x) {
    return static_cast<std::int32_t>(x < lowest ? lowest : x > highest ? highest : x);
}
/// The integer next to numerator / 2^shift: below, or above from a half on.
constexpr wide ties_up(wide numerator, int shift) {
    const wide divisor = wide{1} << shift, twice = 2 * numerator + divisor;  // floor(twice / (2 divisor))
    const wide q = twice / (2 * divisor);
    return twice % (2 * divisor) < 0 ? q - 1 : q;
}
constexpr wide ties_away(wide numerator, int shift) {
    const wide magnitude = numerator < 0 ? -numerator : numerator;
    const wide rounded = ties_up(magnitude, shift);
    return numerator < 0 ? -rounded : rounded;
}

std::int32_t twice_rounded(std::int32_t x, fixed_factor f) {
    const int left = f.shift > 0 ? f.shift : 0;
    const std::int32_t shifted = saturated(wide{x} * (wide{1} << left));
    const std::int32_t high = saturated(ties_up(wide{shifted} * f.multiplier, 31));
    return saturated(ties_away(high, left - f.shift));
}
std::int32_t once_rounded(std::int32_t x, fixed_factor f) {
    return saturated(ties_up(wide{x} * f.multiplier, 31 - f.shift));
}
std::int32_t by_16_bits(std::int64_t x, fixed_factor f) {
    const wide reduced = f.multiplier >= 0x7FFF0000 ? 0x7FFF : ties_up(f.multiplier, 16);
    return saturated(15 - f.shift >= 0 ? ties_up(wide{x} * reduced, 15 - f.shift)
                                       : wide{x} * reduced * (wide{1} << (f.shift - 15)));
}

fixed_factor some_factor(random_bits& random, int from, int to) {
    const auto multiplier = static_cast<std::int32_t>(std::uint64_t{1} << 30 | (random() >> 34));
    return {multiplier, from + static_cast<int>(random() % static_cast<unsigned>(to - from + 1))};
}

// Sums of all sizes; every fourth makes a tie of the first rounding.
std::int32_t some_sum(random_bits& random, fixed_factor& f, int i) {
    auto x = static_cast<std::int32_t>(static_cast<std::int64_t>(random()) >> (32 + random() % 31));
    if (i % 4 == 0) {
        f.multiplier = 1 << 30;
        x = static_cast<std::int32_t>(static_cast<unsigned>(x) | 1U);
    }
    return x;
}

}  // namespace

TEST_CASE("the doubling high product: ties up, and the one product that saturates") {
    static_assert(rounding_doubling_high_multiply(-1, 1 << 30) == 0);
    static_assert(rounding_doubling_high_multiply(1, 1 << 30) == 1);
    static_assert(rounding_doubling_high_multiply(-3, 1 << 30) == -1);
    static_assert(rounding_doubling_high_multiply(lowest, lowest) == highest);
    static_assert(rounding_doubling_high_multiply(lowest, highest) == -highest);
    static_assert(rounding_divide_by_power(-1, 1) == -1 && rounding_divide_by_power(1, 1) == 1);
    static_assert(rounding_divide_by_power(-6, 2) == -2 && rounding_divide_by_power(-5, 2) == -1);
    static_assert(rounding_divide_by_power(lowest, 31) == -1 && rounding_divide_by_power(highest, 31) == 1);
    static_assert(rounding_divide_by_power(lowest, 0) == lowest && rounding_divide_by_power(highest, 0) == highest);
    tally result;
    random_bits random{1};
    for (int i = 0; i < 1000000; ++i) {
        const auto a = static_cast<std::int32_t>(random()), b = static_cast<std::int32_t>(random());
        const int shift = static_cast<int>(random() % 32);
        result.equal(rounding_doubling_high_multiply(a, b), saturated(ties_up(wide{a} * b, 31)), a, b);
        result.equal(rounding_divide_by_power(a, shift), ties_away(a, shift), a, shift);
    }
    CHECK_TALLY(result, 2000000);
}

TEST_CASE("ten million sums by factors, rounded twice") {
    tally result;
    random_bits random{2};
    for (int i = 0; i < 10000000; ++i) {
        fixed_factor f = some_factor(random, -31, 30);
        const std::int32_t x = some_sum(random, f, i);
        result.equal(multiply<requantization::double_rounding>(x, f), twice_rounded(x, f), x, f.multiplier, f.shift);
    }
    CHECK_TALLY(result, 10000000);
}

TEST_CASE("ten million sums by factors, rounded once") {
    tally result;
    random_bits random{3};
    for (int i = 0; i < 10000000; ++i) {
        fixed_factor f = some_factor(random, -31, 30);
        const std::int32_t x = some_sum(random, f, i);
        result.equal(multiply<requantization::single_rounding>(x, f), once_rounded(x, f), x, f.multiplier, f.shift);
    }
    CHECK_TALLY(result, 10000000);
}

TEST_CASE("sums of 48 and of 64 bits by the highest 16 bits of a factor") {
    tally result;
    random_bits random{4};
    for (int i = 0; i < 2000000; ++i) {
        fixed_factor f = i % 2 == 0 ? some_factor(random, -31, 7) : some_factor(random, -31, 30);
        if (i % 16 == 0) f.multiplier = 0x7FFF0000 + static_cast<std::int32_t>(random() % 0x10000);
        if (i % 16 == 1) f.multiplier = 0x7FFEFFFF;
        const std::int64_t x = static_cast<std::int64_t>(random()) >> (i % 2 == 0 ? 16 + random() % 48 : 0);
        result.equal(multiply_wide(x, f), by_16_bits(x, f), x, f.multiplier, f.shift);
    }
    result.equal(multiply_wide(std::numeric_limits<std::int64_t>::min(), {highest, 30}), lowest);
    result.equal(multiply_wide(std::numeric_limits<std::int64_t>::max(), {highest, 30}), highest);
    CHECK_TALLY(result, 2000002);
}

TEST_CASE("the factor 0, and the ends of shifts and sums") {
    for (const std::int32_t x : {lowest, -1, 0, 1, highest}) {
        CHECK(multiply(x, {}) == 0);
        CHECK(multiply<requantization::double_rounding>(x, {}) == 0);
        CHECK(multiply_wide(x, {}) == 0);
        for (const int shift : {-31, -1, 0, 1, 30})
            for (const std::int32_t q : {1 << 30, highest}) {
                CHECK(multiply(x, {q, shift}) == once_rounded(x, {q, shift}));
                CHECK(multiply<requantization::double_rounding>(x, {q, shift}) == twice_rounded(x, {q, shift}));
            }
    }
    // where the two differ: 1/2 rounded up, then 1/2 of that away from zero
    constexpr fixed_factor quarter{1 << 30, -1};
    static_assert(multiply(1, quarter) == 0 && multiply<requantization::double_rounding>(1, quarter) == 1);
}

TEST_CASE("factors of real numbers: frexp and round") {
    tally result;
    random_bits random{5};
    std::uint64_t cases = 0;
    for (int i = 0; i < 500000; ++i) {
        const std::uint64_t exponent = static_cast<std::uint64_t>(1023 - 40 + static_cast<int>(random() % 80)) << 52;
        std::uint64_t fraction = random() & 0xFFFFFFFFFFFFF;
        if (i % 4 == 1) fraction = (fraction & ~std::uint64_t{0x3FFFFF}) | 0x200000;  // a tie of 31 bits
        if (i % 4 == 2) fraction |= 0xFFFFFFFE00000;                                  // may round up to 2^31
        const auto real = std::bit_cast<double>(exponent | fraction);
        int shift = 0;
        const double half = std::frexp(real, &shift);
        auto q = static_cast<std::int64_t>(std::round(half * 0x1p31));
        if (q == std::int64_t{1} << 31) {
            q /= 2;
            ++shift;
        }
        fixed_factor expected{static_cast<std::int32_t>(q), shift};
        if (shift < -31) expected = {};
        if (shift > 30) expected = {highest, 30};
        const fixed_factor got = fixed_factor::of(real);
        result.equal(got.multiplier, expected.multiplier, std::bit_cast<std::uint64_t>(real));
        result.equal(got.shift, expected.shift, std::bit_cast<std::uint64_t>(real));
        cases += 2;
    }
    CHECK_TALLY(result, cases);
    CHECK(fixed_factor::of(1 - 0x1p-40) == fixed_factor{1 << 30, 1});
    CHECK(fixed_factor::of(0) == fixed_factor{});
    CHECK(fixed_factor::of(-0.0) == fixed_factor{});
    CHECK(fixed_factor::of(0x1p-1074) == fixed_factor{});
    CHECK(fixed_factor::of(0x1p-32) == fixed_factor{1 << 30, -31});
    CHECK(fixed_factor::of(std::nextafter(0x1p-32, 0.0)) == fixed_factor{1 << 30, -31});
    CHECK(fixed_factor::of(0x1.8p-33) == fixed_factor{});
    CHECK(fixed_factor::of(1e300) == fixed_factor{highest, 30});
    for (const double bad : {-1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()})
        CHECK_THROWS_WITH(fixed_factor::of(bad), "lowprec::fixed_factor: the factor is negative, NaN or infinite");
}

TEST_CASE("factors of scales: the rational a w / y, rounded once") {
    tally result;
    random_bits random{6};
    std::uint64_t cases = 0;
    for (int i = 0; i < 200000; ++i) {
        // three floats of exponent 0 with 24 bits; shifts move with their exponents
        const std::uint64_t a = 0x800000 | random() % 0x800000, w = 0x800000 | random() % 0x800000;
        const std::uint64_t y = i % 3 == 0 ? 0x800000 : 0x800000 | random() % 0x800000;
        const auto as_float = [](std::uint64_t significand) { return static_cast<float>(significand) * 0x1p-23F; };
        const fixed_factor got = fixed_factor::of_scales(as_float(a), as_float(w), as_float(y));
        // multiplier 2^(shift - 31) is nearest to a w / (y 2^23): |2 (a w - y 2^23 m 2^(s - 31))| <= y 2^23 2^(s - 31)
        const int down = 31 - got.shift;  // 29 to 32
        const wide error = 2 * ((wide{1} << down) * static_cast<wide>(a * w) -
                                (wide{1} << 23) * static_cast<wide>(y) * got.multiplier);
        const wide unit = (wide{1} << 23) * static_cast<wide>(y);
        result.equal(error < unit && error >= -unit, true, a, w, y);  // a tie is rounded up
        result.equal(got.multiplier >= 1 << 30, true, a, w, y);
        cases += 2;
    }
    CHECK_TALLY(result, cases);
    CHECK(fixed_factor::of_scales(0x1p-100F, 0x1p-100F, 0x1p-149F) == fixed_factor::of(0x1p-51));
    CHECK(fixed_factor::of_scales(0x1p100F, 0x1p100F, 1) == fixed_factor{highest, 30});
    CHECK_THROWS_WITH(fixed_factor::of_scales(1, 0, 1),
                      "lowprec::fixed_factor: a scale is zero, negative, NaN or infinite");
    CHECK_THROWS_AS(fixed_factor::of_scales(1, 1, -1), std::invalid_argument);
}

TEST_CASE("codes of sums, and a product of codes with zero points") {
    using s8 = affine<8>;
    using u8 = affine<8, integer_codes::unsigned_full>;
    constexpr fixed_factor one{1 << 30, 1};
    static_assert(requantize<s8>(1000, one, 0) == 127 && requantize<s8>(-1000, one, 0) == -128);
    static_assert(requantize<u8>(-5, one, 7) == 2 && requantize<u8>(highest, one, highest) == 255);
    tally result;
    random_bits random{7};
    for (int i = 0; i < 2000; ++i) {
        const std::size_t k = random() % 300;
        std::vector<std::uint8_t> a(k);
        std::vector<std::int8_t> w(k);
        const auto za = static_cast<std::int32_t>(random() % 256), zw = static_cast<std::int32_t>(random() % 256) - 128;
        std::int64_t expected = 0, products = 0;
        for (std::size_t j = 0; j < k; ++j) {
            a[j] = static_cast<std::uint8_t>(random());
            w[j] = static_cast<std::int8_t>(random());
            expected += (a[j] - za) * (w[j] - zw);
            products += a[j] * w[j];
        }
        const std::int64_t got =
            without_zero_points(products, sum_of_codes(std::span<const std::uint8_t>(a)),
                                sum_of_codes(std::span<const std::int8_t>(w)), static_cast<std::int64_t>(k), za, zw);
        result.equal(got, expected, k, za, zw);
    }
    CHECK_TALLY(result, 2000);
}

TEST_CASE("how long a dot product may be") {
    using s8 = affine<8>;
    using n8 = affine<8, integer_codes::signed_narrow>;
    using u8 = affine<8, integer_codes::unsigned_full>;
    static_assert(longest_dot_product<u8, s8>() == 65793 && longest_dot_product<s8, u8>() == 65793);
    static_assert(longest_dot_product<u8, n8>() == 66311);
    static_assert(longest_dot_product<s8, s8>() == 131071);
    static_assert(longest_dot_product<n8, n8>() == 133144);
    static_assert(longest_dot_product_without_zero_points<u8, s8>() == 33025);
    // one more overflows, so many do not
    static_assert(65793LL * 255 * -128 >= lowest && 65794LL * 255 * -128 < lowest);
    static_assert(131071LL * 128 * 128 <= highest && 131072LL * 128 * 128 > highest);
    static_assert(33025LL * 255 * 255 <= highest && 33026LL * 255 * 255 > highest);
    SUCCEED();
}
