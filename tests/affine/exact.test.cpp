// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: aarch64
//
// Exact affine codes and parameters against rational arithmetic, mostly beside ties.
#include <lowprec/affine.hpp>

#include <bit>
#include <cstdint>
#include <stdexcept>

#include "support/catch.hpp"
#include "support/exact.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

using oracle_number = oracle::number;

oracle_number magnitude_of(float x) { return oracle::source_of(x).magnitude; }
bool is_negative(float x) { return oracle::source_of(x).negative; }
float with_bits(std::uint64_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits)); }
std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }
oracle_number times(oracle_number x, std::uint64_t n) { return {x.significand * n, x.exponent}; }

/// x / s to the nearest integer, ties to even, of magnitudes; 2^20 if it is larger. A step up from k is taken where x lies above
/// s (k + 1/2), or there and k is odd.
std::int64_t nearest_quotient(oracle_number x, oracle_number s) {
    std::int64_t low = 0, high = 1 << 20;
    while (low < high) {
        const std::int64_t k = (low + high) / 2;
        const int order = compare(oracle::twice(x), times(s, static_cast<std::uint64_t>(2 * k + 1)));
        if (order > 0 || (order == 0 && k % 2 != 0))
            low = k + 1;
        else
            high = k;
    }
    return low;
}

std::int64_t clamp(std::int64_t x, std::int64_t low, std::int64_t high) { return x < low ? low : x > high ? high : x; }

template <class A>
std::int64_t expected_code(float x, float scale, std::int64_t zero_point) {
    const std::int64_t q = nearest_quotient(magnitude_of(x), magnitude_of(scale));
    return clamp(zero_point + (is_negative(x) ? -q : q), A::lowest, A::highest);
}

/// Whether r, a float whose last bit has the number `lost`, is the one nearest to numerator / divisor, ties to even.
bool is_nearest(float r, oracle_number numerator, std::uint64_t divisor, unsigned lost) {
    const std::uint32_t step = 1U << lost, bits = bits_of(r);
    const bool even = (bits >> lost & 1U) == 0;
    const oracle_number below = sum(magnitude_of(with_bits(bits - step)), magnitude_of(r));
    const oracle_number above = sum(magnitude_of(with_bits(bits + step)), magnitude_of(r));
    const int low = compare(times(below, divisor), oracle::twice(numerator));
    const int high = compare(oracle::twice(numerator), times(above, divisor));
    return (low < 0 || (low == 0 && even)) && (high < 0 || (high == 0 && even));
}

template <class Function>
void for_each_affine(Function&& f) {
    f(affine<8>{});
    f(affine<8, integer_codes::signed_narrow>{});
    f(affine<8, integer_codes::unsigned_full>{});
    f(affine<8, integer_codes::unsigned_narrow>{});
    f(affine<4>{});
    f(affine<4, integer_codes::unsigned_full>{});
    f(affine<3, integer_codes::signed_narrow>{});
    f(affine<3>{});
    f(affine<2>{});
    f(affine<2, integer_codes::unsigned_full>{});
}

}  // namespace

TEST_CASE("codes beside ties: the float nearest to scale (k + 1/2), its neighbours, and exact ties") {
    tally result;
    random_bits random{1};
    std::uint64_t ties = 0, cases = 0;
    for_each_affine([&](auto a) {
        using A = decltype(a);
        for (int i = 0; i < 44000; ++i) {
            // every third scale has few bits, so that ties are floats; some are subnormal
            std::uint64_t bits = random() % 0x7F000000;
            if (i % 3 == 0) bits = (bits & 0x7F800000) | (random() % 8 << 20);
            if (i % 50 == 1) bits %= 0x00800000;
            if (bits == 0) bits = 1;
            const float scale = with_bits(bits);
            const auto zero_point = static_cast<std::int32_t>(
                A::lowest + static_cast<int>(random() % static_cast<unsigned>(A::highest - A::lowest + 1)));
            const double tie =
                static_cast<double>(scale) *
                (static_cast<double>(random() % static_cast<unsigned>(A::highest - A::lowest + 2)) + 0.5);
            const auto middle = static_cast<std::int64_t>(bits_of(static_cast<float>(tie)));
            if (middle >= 0x7F800000) continue;
            for (int off = -1; off <= 1; ++off) {
                const std::int64_t near = middle + off;
                if (near < 0 || near >= 0x7F800000) continue;
                const float x = with_bits(static_cast<std::uint64_t>(near) | (random() & 1) << 31);
                ties += static_cast<double>(with_bits(static_cast<std::uint64_t>(near))) == tie ? 1U : 0U;
                result.equal(A{scale, zero_point}.quantize(x), expected_code<A>(x, scale, zero_point), "x", bits_of(x),
                             "scale", bits, "zero", zero_point, "bits", A::bits);
                ++cases;
            }
        }
    });
    CHECK_TALLY(result, cases);
    CHECK(cases > 1000000);
    CHECK(ties > 100000);
}

TEST_CASE("codes of any floats and any scales, infinity and NaN") {
    tally result;
    random_bits random{2};
    std::uint64_t cases = 0;
    for_each_affine([&](auto a) {
        using A = decltype(a);
        for (int i = 0; i < 20000; ++i) {
            const float scale = with_bits(1 + random() % 0x7F7FFFFF), x = with_bits(random());
            const auto zero_point =
                static_cast<std::int32_t>(A::lowest + static_cast<int>(random() % 4) % (A::highest - A::lowest));
            const bool nan = oracle::source_of(x).kind == oracle::kind::nan;
            const bool infinite = oracle::source_of(x).kind == oracle::kind::infinite;
            const std::int64_t expected = nan        ? zero_point
                                          : infinite ? (is_negative(x) ? A::lowest : A::highest)
                                                     : expected_code<A>(x, scale, zero_point);
            result.equal(A{scale, zero_point}.quantize(x), expected, "x", bits_of(x), "scale", bits_of(scale));
            ++cases;
        }
        for (const std::uint32_t x : {0x7F800000U, 0xFF800000U, 0x7FC00000U, 0xFF800001U, 0U, 0x80000000U, 1U}) {
            const bool infinite = (x & 0x7FFFFFFF) == 0x7F800000;
            result.equal(A{3, A::symmetric_zero_point}.quantize(with_bits(x)),
                         !infinite      ? A::symmetric_zero_point
                         : x >> 31 != 0 ? A::lowest
                                        : A::highest,
                         "x", x);
            ++cases;
        }
        // scales that mean nothing: the code of zero, whatever x is
        for (const std::uint32_t s : {0U, 0x80000000U, 0x7F800000U, 0xFF800000U, 0x7FC00000U})
            for (const float x : {0.0F, 1.0F, -3e38F, with_bits(0x7F800000), with_bits(0x7FC00000)}) {
                result.equal(A{with_bits(s), A::highest}.quantize(x), A::highest, "scale", s);
                result.equal(A{with_bits(s), A::highest}.usable(), false, "scale", s);
                cases += 2;
            }
        // zero points that are no codes saturate
        result.equal(A{1, 1 << 30}.quantize(-5.0F), A::highest);
        result.equal(A{1, -(1 << 30)}.quantize(5.0F), A::lowest);
        result.equal(A{1, A::highest + 1}.usable(), false);
        cases += 3;
    });
    CHECK_TALLY(result, cases);
}

TEST_CASE("the element of the documentation that a float quotient gets wrong; sources of other types") {
    static_assert(affine<8>{0x1.0b254ep-13F, 0}.quantize(0x1.b00654p-7F) == 103);
    static_assert(affine<8>{0x1.0b254ep-13F, 0}.quantize<integer_recipe::onnx>(0x1.b00654p-7F) == 104);
    // a double beside a tie, which as a float would be the tie
    static_assert(affine<8>{1, 0}.quantize(0.5 + 0x1p-50) == 1 && affine<8>{1, 0}.quantize(0.5) == 0);
    static_assert(affine<8>{1, 0}.quantize(bf16(2.5F)) == 2 && affine<8>{1, 0}.quantize(e4m3(3.5F)) == 4);
    // a tie and an odd zero point: the quotient is rounded before the zero point is added
    static_assert(affine<8>{1, 1}.quantize(0.5F) == 1 && affine<8>{1, 1}.quantize(1.5F) == 3);
    SUCCEED();
}

TEST_CASE("dequantize: scale (code - zero) rounded once, for all codes and zero points") {
    tally result;
    random_bits random{3};
    std::uint64_t cases = 0;
    for_each_affine([&](auto a) {
        using A = decltype(a);
        for (int zero = A::lowest; zero <= A::highest; zero += A::bits == 8 ? 17 : 1)
            for (int code = A::lowest; code <= A::highest; ++code) {
                const float scale = with_bits(1 + random() % 0x7F7FFFFF);
                // 24 and 9 bits: exact in double
                const double exact = static_cast<double>(scale) * (code - zero);
                float expected = static_cast<float>(exact);
                if (oracle::source_of(expected).kind == oracle::kind::infinite)
                    expected = with_bits((bits_of(expected) & 0x80000000) | 0x7F7FFFFF);
                if (code == zero) expected = 0;
                const A parameters{scale, zero};
                const auto c = static_cast<typename A::code_type>(code);
                result.equal(bits_of(parameters.dequantize(c)), bits_of(expected), "scale", bits_of(scale), code, zero);
                result.equal(std::bit_cast<std::uint64_t>(parameters.template dequantize<double>(c)),
                             std::bit_cast<std::uint64_t>(code == zero ? 0.0 : exact), "double", bits_of(scale), code);
                const auto to_bf16 = parameters.template dequantize<bf16>(c);
                const auto exact_bf16 = convert<bf16>(code == zero ? 0.0 : exact, policy{.over = overflow::saturate});
                result.equal(to_bf16.bits(), exact_bf16.bits(), "bf16", bits_of(scale), code);
                result.equal(A::from_bits(A::to_bits(c)), c, "code", code);
                result.equal(A::from_bits(A::to_bits(c) | 0xA5U << A::bits), c, "code", code);
                cases += 5;
            }
    });
    CHECK_TALLY(result, cases);
}

TEST_CASE("scales beside ties: the largest magnitude for which the quotient lies beside the middle of two floats") {
    // No float lies at the middle: that many times an odd number of 25 bits has more than 24.
    tally result;
    random_bits random{4};
    std::uint64_t cases = 0;
    for_each_affine([&](auto a) {
        using A = decltype(a);
        constexpr auto levels = static_cast<std::uint64_t>(A::highest - A::symmetric_zero_point);
        for (int i = 0; i < 40000; ++i) {
            const std::uint64_t bits = 0x00800000 + random() % 0x7A000000;
            const double halfway =
                (static_cast<double>(with_bits(bits)) + static_cast<double>(with_bits(bits + 1))) / 2;
            const std::uint32_t middle = bits_of(static_cast<float>(halfway * static_cast<double>(levels)));
            for (int off = -1; off <= 1; ++off) {
                const float amax = with_bits(static_cast<std::uint64_t>(static_cast<std::int64_t>(middle) + off));
                const A found = A::from_amax(i % 2 == 0 ? amax : -amax);
                result.equal(
                    is_nearest(found.scale, magnitude_of(amax), levels, 0) || bits_of(found.scale) == 0x00800000, true,
                    "amax", bits_of(amax), "bits", A::bits);
                result.equal(found.zero_point, A::symmetric_zero_point, "zero");
                cases += 2;
            }
        }
    });
    CHECK_TALLY(result, cases);
    CHECK(cases > 2000000);
}

TEST_CASE("scales of 16 bits beside ties") {
    tally result;
    random_bits random{5};
    std::uint64_t cases = 0, ties = 0;
    const auto check = [&]<class Scale>(Scale, unsigned lost, std::uint64_t first, std::uint64_t last) {
        for (int i = 0; i < 60000; ++i) {
            const std::uint64_t bits = (first + random() % (last - first)) >> lost << lost;
            const double halfway =
                (static_cast<double>(with_bits(bits)) + static_cast<double>(with_bits(bits + (1U << lost)))) / 2;
            const std::uint32_t middle = bits_of(static_cast<float>(halfway * 127));
            for (int off = -1; off <= 1; ++off) {
                const float amax = with_bits(static_cast<std::uint64_t>(static_cast<std::int64_t>(middle) + off));
                const float scale = affine<8>::from_amax<integer_recipe::exact, Scale>(amax).scale;
                result.equal(is_nearest(scale, magnitude_of(amax), 127, lost), true, "amax", bits_of(amax));
                result.equal(bits_of(scale) & ((1U << lost) - 1), 0, "amax", bits_of(amax));
                ties += static_cast<double>(amax) == halfway * 127 ? 1U : 0U;
                cases += 2;
            }
        }
    };
    check(fp16{}, 13, 0x39000000, 0x46000000);  // normal numbers of both formats
    check(bf16{}, 16, 0x02000000, 0x7A000000);
    CHECK_TALLY(result, cases);
    CHECK(ties > 50000);
}

TEST_CASE("ranges: the scale and the zero point, beside their ties") {
    tally result;
    random_bits random{6};
    std::uint64_t cases = 0, ties = 0, scale_ties = 0;
    for_each_affine([&](auto a) {
        using A = decltype(a);
        constexpr auto levels = static_cast<std::uint64_t>(A::highest - A::lowest);
        for (int i = 0; i < 30000; ++i) {
            float min = 0, max = 0;
            if (i % 2 == 0) {
                // the scale is a power of two and min lies at k + 1/2 of it, or beside that
                const double power = std::bit_cast<double>(std::uint64_t{1023 - 60 + random() % 120} << 52);
                const auto k = static_cast<double>(random() % levels);
                min = static_cast<float>(-power * (k + 0.5));
                max = static_cast<float>(power * (static_cast<double>(levels) - k - 0.5));
                ties += i % 6 == 0 ? 1U : 0U;
                if (i % 6 == 2) min = with_bits(bits_of(min) + 1);
                if (i % 6 == 4) min = with_bits(bits_of(min) - 1);
            } else {
                // exponents at most 80 apart, so that the oracle's 128 bits hold the width
                const std::uint64_t field = 20 + random() % 140;
                min = with_bits((field + random() % 80) << 23 | (random() & 0x7FFFFF) | 0x80000000);
                max = with_bits((field + random() % 80) << 23 | (random() & 0x7FFFFF));
                if (i % 16 == 1) min = with_bits(bits_of(min) & 0x7FFFFFFF);
                if (i % 16 == 3) max = with_bits(bits_of(max) | 0x80000000);
                if (max < min) std::swap(min, max);
            }
            if (i % 5 == 4) {
                // the width is a tie of the scale, up to 33 bits in two floats; or beside that
                const std::uint64_t odd = 2 * (0x800000 + random() % 0x800000) + 1, width = odd * levels;
                const std::uint64_t low_bits = width & 0xFFF;
                max = static_cast<float>(width - low_bits);
                min = -static_cast<float>(low_bits);
                scale_ties += i % 15 == 4 ? 1U : 0U;
                if (i % 15 == 9) min = with_bits(bits_of(min) + 1);
                if (i % 15 == 14 && low_bits != 0) min = with_bits(bits_of(min) - 1);
            }
            const A found = A::from_range(min, max);
            const oracle_number low = is_negative(min) ? magnitude_of(min) : oracle_number{},
                                high = is_negative(max) ? oracle_number{} : magnitude_of(max);
            result.equal(is_nearest(found.scale, sum(low, high), levels, 0), true, "min", bits_of(min), "max",
                         bits_of(max), "bits", A::bits);
            result.equal(found.zero_point,
                         clamp(A::lowest + nearest_quotient(low, magnitude_of(found.scale)), A::lowest, A::highest),
                         "min", bits_of(min), "max", bits_of(max), "bits", A::bits);
            result.equal(found.dequantize(found.quantize(0.0F)) == 0.0F, true, "zero");
            cases += 3;
        }
    });
    CHECK_TALLY(result, cases);
    CHECK(ties > 40000);
    CHECK(scale_ties > 15000);
}

TEST_CASE("parameters of ranges without width, beyond the formats, and refused ones") {
    using A = affine<8>;
    using U = affine<8, integer_codes::unsigned_full>;
    constexpr float largest = 0x1.FFFFFEp127F, tiny = 0x1p-149F;
    CHECK(A::from_amax(0) == A{1, 0});
    CHECK(A::from_amax(-0.0F) == A{1, 0});
    CHECK(U::from_amax(0) == U{1, 128});
    CHECK(U::from_range(0, 0) == U{1, 0});
    CHECK(A::from_range(-0.0F, 0) == A{1, -128});
    CHECK(A::from_amax(tiny) == A{0x1p-126F, 0});
    CHECK(A::from_amax(0x1p-126F) == A{0x1p-126F, 0});
    CHECK(U::from_range(-tiny, tiny) == U{0x1p-126F, 0});
    CHECK(U::from_range(-0x1p-120F, 0x1p-120F).usable());
    // FLT_MAX / 127 and 2 FLT_MAX / 255, which float arithmetic would lose
    CHECK(A::from_amax(largest).scale == static_cast<float>(static_cast<double>(largest) / 127));
    CHECK(U::from_range(-largest, largest).scale == static_cast<float>(2 * static_cast<double>(largest) / 255));
    CHECK(U::from_range(-largest, largest).zero_point == 128);
    CHECK(A::from_amax(largest).dequantize(127) <= largest);
    CHECK(affine<2>::from_amax(largest).scale == largest);
    // one sign: extended to zero
    CHECK(U::from_range(3, 5) == U{5.0F / 255, 0});
    CHECK(U::from_range(-5, -3) == U{5.0F / 255, 255});
    CHECK(A::from_range(3, 5) == A{5.0F / 255, -128});
    // 16-bit scales: below the smallest normal number, above the largest
    CHECK(A::from_amax<integer_recipe::exact, fp16>(1e-9F).scale == 0x1p-14F);
    CHECK(A::from_amax<integer_recipe::exact, fp16>(1e9F).scale == 65504);
    CHECK(A::from_amax<integer_recipe::exact, fp16>(1e9F).quantize(1e9F) == 127);
    CHECK(A::from_amax<integer_recipe::exact, bf16>(tiny).scale == 0x1p-126F);
    CHECK(A::from_amax<integer_recipe::exact, bf16>(largest).usable());
    CHECK(A::from_amax<integer_recipe::tensorrt, fp16>(1e-9F).scale == 0x1p-14F);
    CHECK(A::from_amax<integer_recipe::tensorrt, fp16>(1e9F).scale == 65504);

    const float nan = with_bits(0x7FC00000), infinity = with_bits(0x7F800000);
    for (const float bad : {nan, infinity, -infinity}) {
        CHECK_THROWS_WITH(A::from_amax(bad), "lowprec::affine::from_amax: the largest magnitude is NaN or infinite");
        CHECK_THROWS_WITH(A::from_range(bad, 1), "lowprec::affine::from_range: an end of the range is NaN or infinite");
        CHECK_THROWS_AS(A::from_range(-1, bad), std::invalid_argument);
    }
    CHECK_THROWS_WITH(A::from_range(2, 1), "lowprec::affine::from_range: the range's minimum is above its maximum");
}
