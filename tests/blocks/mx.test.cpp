// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: aarch64
//
// MX blocks against comparisons of exact doubles (support/blocks.hpp): the scale rules around every threshold in every binade,
// elements around every midpoint, and what is no number.
#include <lowprec/quantize_block.hpp>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "support/blocks.hpp"
#include "support/catch.hpp"
#include "support/special_floats.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

template <class B>
constexpr bool is_mx = B::rule == scale_rule::power_of_two;

template <recipe How>
constexpr block_oracle::rule rule_of() {
    return How == recipe::ceil    ? block_oracle::rule::ceil
           : How == recipe::even  ? block_oracle::rule::even
           : How == recipe::rceil ? block_oracle::rule::rceil
                                  : block_oracle::rule::floor;
}

template <class B, recipe How>
void compare(tally& result, const std::vector<float>& x) {
    const auto expected = block_oracle::quantize(block_oracle::named(name_of<B>), x, 1, rule_of<How>());
    const auto got = quantize_block<B, block_policy{How}>(x);
    result.equal(got.scale.bits(), expected.scale, name_of<B>, "rule", static_cast<int>(How), "scale, first",
                 std::bit_cast<std::uint32_t>(x[0]));
    for (std::size_t i = 0; i < B::length; ++i)
        result.equal(got.codes[i], expected.codes[i], name_of<B>, "rule", static_cast<int>(How), "element", i, "first",
                     std::bit_cast<std::uint32_t>(x[0]), "it", i < x.size() ? std::bit_cast<std::uint32_t>(x[i]) : 0U);
}

template <class B>
void compare_all(tally& result, const std::vector<float>& x) {
    compare<B, recipe::exact>(result, x);
    compare<B, recipe::floor>(result, x);
    compare<B, recipe::ceil>(result, x);
    compare<B, recipe::even>(result, x);
    compare<B, recipe::rceil>(result, x);
}

template <class Function>
void for_each_mx(Function&& f) {
    [&]<class... Bs>(std::type_identity<std::tuple<Bs...>>) {
        const auto one = [&]<class B>(std::type_identity<B>) {
            if constexpr (is_mx<B>) f.template operator()<B>();
        };
        (one(std::type_identity<Bs>{}), ...);
    }(std::type_identity<all_block_formats>{});
}

float up(float x) { return std::nextafterf(x, infinity); }
float down(float x) { return std::nextafterf(x, 0); }

template <class B, recipe How>
int exponent_for(float amax) {
    const std::vector<float> x(1, amax);
    return static_cast<int>(quantize_block<B, block_policy{How}>(x).scale.bits()) - 127;
}

}  // namespace

TEST_CASE("The table of scale rules") {
    struct line {
        float amax;
        int floor, ceil, even, rceil;
    };
    constexpr line of_e2m1[] = {{3, -1, 0, -1, -1}, {3.5F, -1, 0, 0, 0}, {4, 0, 0, 0, 0}, {5, 0, 1, 0, 0},
                                {6, 0, 1, 0, 0},    {6.5F, 0, 1, 0, 1},  {7, 0, 1, 1, 1}};
    constexpr line of_e4m3[] = {{256, 0, 0, 0, 0}, {300, 0, 1, 0, 0}, {448, 0, 1, 0, 0},
                                {464, 0, 1, 0, 1}, {480, 0, 1, 0, 1}, {500, 0, 1, 1, 1}};
    for (const line& l : of_e2m1) {
        CAPTURE(l.amax);
        CHECK(exponent_for<mxfp4, recipe::floor>(l.amax) == l.floor);
        CHECK(exponent_for<mxfp4, recipe::exact>(l.amax) == l.floor);
        CHECK(exponent_for<mxfp4, recipe::ceil>(l.amax) == l.ceil);
        CHECK(exponent_for<mxfp4, recipe::even>(l.amax) == l.even);
        CHECK(exponent_for<mxfp4, recipe::rceil>(l.amax) == l.rceil);
    }
    for (const line& l : of_e4m3) {
        CAPTURE(l.amax);
        CHECK(exponent_for<mxfp8_e4m3, recipe::floor>(l.amax) == l.floor);
        CHECK(exponent_for<mxfp8_e4m3, recipe::exact>(l.amax) == l.floor);
        CHECK(exponent_for<mxfp8_e4m3, recipe::ceil>(l.amax) == l.ceil);
        CHECK(exponent_for<mxfp8_e4m3, recipe::even>(l.amax) == l.even);
        CHECK(exponent_for<mxfp8_e4m3, recipe::rceil>(l.amax) == l.rceil);
    }
    // compared exactly with 1.984375, not multiplied by a reciprocal
    CHECK(exponent_for<mxint8, recipe::rceil>(1.984375F) == 0);
    CHECK(exponent_for<mxint8, recipe::rceil>(up(1.984375F)) == 1);
}

TEST_CASE("Scales around every threshold of every binade") {
    tally result;
    std::uint64_t expected_checks = 0;
    for_each_mx([&]<class B>() {
        const auto& row = block_oracle::named(name_of<B>);
        const double most = row.elements.back() / std::ldexp(1.0, std::ilogb(row.elements.back()));
        for (int e = -149; e <= 127; ++e)
            for (const double significand : {1.0, most, 2 - std::ldexp(1.0, -row.mantissa_bits - 1)}) {
                const auto at = static_cast<float>(std::ldexp(significand, e));
                if (at == 0) continue;
                for (const float x : {down(down(at)), down(at), at, up(at), up(up(at))}) {
                    if (!(x > 0 && x <= largest)) continue;
                    compare_all<B>(result, {x});
                    compare_all<B>(result, {-x, x / 2});
                    expected_checks += 2 * 5 * (B::length + 1);
                }
            }
    });
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("Elements around every midpoint") {
    tally result;
    std::uint64_t expected_checks = 0;
    random_bits random{3};
    for_each_mx([&]<class B>() {
        const auto& v = block_oracle::named(name_of<B>).elements;
        const int top = std::ilogb(v.back());
        std::vector<double> points;  // values and midpoints
        for (std::size_t i = 0; i + 1 < v.size(); ++i) {
            points.push_back(v[i]);
            points.push_back((v[i] + v[i + 1]) / 2);
        }
        points.push_back(v.back());
        points.push_back(std::ldexp(2.0, top) * (1 - 1e-7));
        for (const int e : {-130, -127, -126, -120, -20, -1, 0, 1, 50, 127 - top}) {
            std::vector<float> x;
            const auto flush = [&] {
                compare_all<B>(result, x);
                expected_checks += 5 * (B::length + 1);
                x.clear();
            };
            for (const double p : points) {
                // a block begins with a number that gives it this exponent
                if (x.empty()) x.push_back(static_cast<float>(std::ldexp(1.0, e + top)));
                const auto at = static_cast<float>(std::ldexp(p, e));
                for (const float y : {down(at), at, up(at)}) {
                    x.push_back((random() & 1) != 0 ? y : -y);
                    if (x.size() == B::length) flush();
                    if (x.empty()) x.push_back(static_cast<float>(std::ldexp(1.0, e + top)));
                }
            }
            flush();
        }
    });
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("Random blocks of every length") {
    tally result;
    std::uint64_t expected_checks = 0;
    random_bits random{4};
    for_each_mx([&]<class B>() {
        for (int n = 0; n < 600; ++n) {
            std::vector<float> x(random() % B::length + 1);
            const auto base = static_cast<std::uint32_t>(random() % 230);
            for (float& y : x) {  // within 2^16 of each other, here and there anything finite
                auto bits = static_cast<std::uint32_t>(random());
                if (random() % 64 != 0)
                    bits = (bits & 0x807FFFFF) | ((base + static_cast<std::uint32_t>(random() % 16)) << 23);
                if ((bits & 0x7F800000) == 0x7F800000) bits &= 0x80FFFFFF;
                y = std::bit_cast<float>(bits);
            }
            compare_all<B>(result, x);
            expected_checks += 5 * (B::length + 1);
        }
    });
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("Zeros, subnormals, the largest floats") {
    tally result;
    std::uint64_t expected_checks = 0;
    for_each_mx([&]<class B>() {
        const std::vector<float> whole(B::length, 0.0F);
        std::vector<std::vector<float>> blocks{{0.0F},
                                               {-0.0F},
                                               whole,
                                               {tiny},
                                               {0, -tiny},
                                               {largest, -largest, 1},
                                               {-0.0F, 1, -0.0F},
                                               {1, -1e-30F, 1e-30F}};
        blocks.push_back(whole);
        blocks.back()[B::length - 1] = -tiny;
        for (const auto& x : blocks) {
            compare_all<B>(result, x);
            expected_checks += 5 * (B::length + 1);
        }
        // zero is scale 00 and signed zeros
        const auto zeros = quantize_block<B>(std::vector<float>{0.0F, -0.0F});
        const unsigned minus = block_oracle::named(name_of<B>).sign_code;
        CHECK(zeros.scale.bits() == 0);
        CHECK(zeros.codes[0] == 0);
        CHECK(zeros.codes[1] == minus);
    });
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("NaN or infinity anywhere makes a NaN block") {
    tally result;
    std::uint64_t expected_checks = 0;
    for_each_mx([&]<class B>() {
        for (std::size_t at = 0; at < B::length; ++at)
            for (const float bad : {quiet_nan, -quiet_nan, infinity, -infinity, std::bit_cast<float>(0x7F800001U)}) {
                std::vector<float> x(B::length, -1.5F);
                x[at] = bad;
                compare_all<B>(result, x);
                expected_checks += 5 * (B::length + 1);
                std::vector<float> back(B::length);
                dequantize_block<B>(quantize_block<B>(x), std::span(back));
                for (const float y : back) result.equal(std::bit_cast<std::uint32_t>(y), 0x7FC00000U, "decoded");
                expected_checks += B::length;
            }
    });
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("mxint8 has 127 steps on each side, and -128 decodes") {
    const auto b = quantize_block<mxint8>(std::vector<float>{1.999F, -1.999F, 1.984375F, 0.0078125F, 0.0234375F, -1});
    CHECK(b.scale.bits() == 127);
    CHECK(b.codes[0] == 127);
    CHECK(b.codes[1] == 0x81);
    CHECK(b.codes[2] == 127);
    CHECK(b.codes[3] == 0);  // a tie
    CHECK(b.codes[4] == 2);  // a tie
    CHECK(b.codes[5] == 0xC0);
    block<mxint8> lowest;
    lowest.scale = e8m0::from_bits(127);
    lowest.codes[0] = 0x80;
    float x = 0;
    dequantize_block<mxint8>(lowest, std::span(&x, 1));
    CHECK(x == -2);
}

TEST_CASE("Elements by other rounding directions, and at random") {
    constexpr policy down_policy{.round = rounding::toward_zero};
    constexpr policy away{.round = rounding::nearest_away};
    const std::vector<float> x{4, 1.25F, -1.25F, 1.24F, 5.9F};
    const auto cut = quantize_block<mxfp4, block_policy{.elements = down_policy}>(x);
    CHECK(cut.codes[1] == 2);
    CHECK(cut.codes[2] == 10);
    CHECK(cut.codes[4] == 6);
    const auto far = quantize_block<mxfp4, block_policy{.how = recipe::ceil, .elements = away}>(x);
    CHECK(far.scale.bits() == 128);
    CHECK(far.codes[1] == 1);
    const auto far_0 = quantize_block<mxfp4, block_policy{.elements = away}>(std::vector<float>{4, 1.25F, -1.25F});
    CHECK(far_0.codes[1] == 3);
    CHECK(far_0.codes[2] == 11);

    // P3109's method B on the exact fraction
    tally result;
    random_bits random{5};
    constexpr int n = 8;
    constexpr block_policy at_random{.elements = {.round = rounding::stochastic, .random_bits = n}};
    const auto& v = block_oracle::named("mxfp4").elements;
    std::uint64_t expected_checks = 0;
    for (int k = 0; k < 20000; ++k) {
        std::vector<float> y{4};
        std::uint64_t bits[32];
        for (std::uint64_t& b : bits) b = random();
        while (y.size() < 32)
            y.push_back(std::ldexp(static_cast<float>(random() % 6144), -10) * ((random() & 1) != 0 ? 1.0F : -1.0F));
        const auto got = quantize_block<mxfp4, at_random>(y, 1, [&](int i) { return bits[i]; });
        result.equal(got.scale.bits(), 127U, "scale");
        for (std::size_t i = 0; i < 32; ++i) {
            const double magnitude = std::fabs(static_cast<double>(y[i]));
            std::size_t low = 0;
            while (low + 1 < v.size() && v[low + 1] <= magnitude) ++low;
            unsigned code = static_cast<unsigned>(low);
            if (low + 1 < v.size()) {
                const double fraction = (magnitude - v[low]) / (v[low + 1] - v[low]);
                const auto steps = static_cast<std::uint64_t>(std::floor(std::ldexp(fraction, n + 1)));
                if (steps + 2 * (bits[i] >> (64 - n)) + 1 >= (2U << n)) ++code;
            }
            if (std::signbit(y[i])) code += 8;
            result.equal(got.codes[i], code, "element", i);
        }
        expected_checks += 33;
    }
    CHECK_TALLY(result, expected_checks);
}

namespace {

constexpr float four[] = {1, -2, 3, 6.5F};
constexpr auto constant_block = quantize_block<mxfp4>(four);

}  // namespace

TEST_CASE("Blocks at compile time") {
    static_assert(constant_block.scale.bits() == 127 && constant_block.codes[0] == 2 && constant_block.codes[1] == 0xC);
    static_assert(constant_block.codes[2] == 5 && constant_block.codes[3] == 7);
    constexpr float back = [] {
        float y[4]{};
        dequantize_block<mxfp4>(constant_block, std::span<float>(y));
        return y[3];
    }();
    static_assert(back == 6);
    SUCCEED();
}

TEST_CASE("A block of the wrong size is refused") {
    const std::vector<float> x(33, 1.0F);
    CHECK_THROWS_WITH(quantize_block<mxfp4>(x),
                      "lowprec::quantize_block: a block of mxfp4 has 1 to 32 elements, but there are 33");
    CHECK_THROWS_WITH(quantize_block<mxfp4>(std::span<const float>{}),
                      "lowprec::quantize_block: a block of mxfp4 has 1 to 32 elements, but there are 0");
    std::vector<float> y(33);
    CHECK_THROWS_WITH(dequantize_block<mxfp4>(block<mxfp4>{}, std::span(y)),
                      "lowprec::dequantize_block: a block of mxfp4 has 1 to 32 elements, but there are 33");
}
