// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: aarch64
//
// q4_0, q4_1 and q8_0 by the exact recipe, against comparisons of exact doubles (support/blocks.hpp): near-ties of scales and codes.
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
void compare(tally& result, const std::vector<float>& x) {
    const auto expected = block_oracle::quantize(block_oracle::named(name_of<B>), x);
    const auto got = quantize_block<B>(x);
    result.equal(got.scale.bits(), expected.scale, name_of<B>, "scale, first", bits_of(x[0]));
    if constexpr (B::has_minimum)
        result.equal(got.minimum.bits(), expected.minimum, name_of<B>, "minimum, first", bits_of(x[0]));
    for (std::size_t i = 0; i < B::length; ++i)
        result.equal(got.codes[i], expected.codes[i], name_of<B>, "element", i, "it", i < x.size() ? bits_of(x[i]) : 0U,
                     "scale", expected.scale);
}
template <class B>
constexpr std::uint64_t checks = B::length + 1 + (B::has_minimum ? 1 : 0);

float sign(random_bits& random) { return (random() & 1) != 0 ? 1.0F : -1.0F; }
float near(double p, random_bits& random) {
    const auto at = static_cast<float>(p);
    return random() % 3 == 0 ? std::nextafterf(at, infinity) : random() % 3 == 0 ? std::nextafterf(at, -infinity) : at;
}

const block_oracle::values& scales() { return block_oracle::fp16_values(); }

}  // namespace

TEST_CASE("Near-ties of scales") {
    tally result;
    random_bits random{51};
    std::uint64_t expected_checks = 0;
    for (int k = 0; k < 200'000; ++k) {
        const std::size_t i = random() % (scales().size() - 1);
        const double middle = (scales()[i] + scales()[i + 1]) / 2;
        // the widest float gap that the reference's doubles take is 2^29
        const float a = sign(random) * near(middle * 8, random), b = sign(random) * near(middle * 127, random);
        const float top = near(middle * 15, random);
        compare<q4_0>(result, {a, a / -3, -a});
        compare<q8_0>(result, {b / 5, b, -b});
        compare<q4_1>(result, {0, top, top / 3});
        expected_checks += checks<q4_0> + checks<q8_0> + checks<q4_1>;
    }
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("Near-ties of codes") {
    tally result;
    random_bits random{52};
    std::uint64_t expected_checks = 0, ties = 0;
    for (int k = 0; k < 40'000; ++k) {
        const double d = scales()[1 + random() % (scales().size() - 2)];
        const auto one = [&](double levels, bool with_sign) {
            const double point = (static_cast<double>(random() % static_cast<unsigned>(levels)) + 0.5) * d;
            const float x = near(point, random);
            ties += static_cast<double>(x) == point ? 1 : 0;
            return with_sign ? x * sign(random) : x;
        };
        std::vector<float> x{static_cast<float>(8 * d) * sign(random)}, y{static_cast<float>(127 * d) * sign(random)},
            z;
        const auto minimum = static_cast<float>(scales()[random() % scales().size()]) * sign(random);
        // the reference subtracts in double: within 2^25 of the scale that is exact
        const bool far = std::fabs(minimum) > static_cast<float>(d) * 0x1p20F ||
                         std::fabs(minimum) * 0x1p20F < static_cast<float>(d);
        const float m = far ? 0 : minimum;
        z.push_back(m);
        z.push_back(static_cast<float>(static_cast<double>(m) + 15 * d));
        while (x.size() < 32) x.push_back(one(8, true));
        while (y.size() < 32) y.push_back(one(127, true));
        while (z.size() < 32)
            z.push_back(static_cast<float>(static_cast<double>(m) + static_cast<double>(one(15, false))));
        compare<q4_0>(result, x);
        compare<q8_0>(result, y);
        compare<q4_1>(result, z);
        expected_checks += checks<q4_0> + checks<q8_0> + checks<q4_1>;
    }
    CHECK_TALLY(result, expected_checks);
    CHECK(ties > 500'000);
}

TEST_CASE("A difference of numbers far apart") {
    // x - minimum has no end in any float format: 0x1.8p3 - 0x1p-100 is just below a tie, 0x1.8p3 + 0x1p-100 just above
    const auto code = [](float low, float x) {
        return static_cast<int>(quantize_block<q4_1>(std::vector<float>{low, x, 30}).codes[1]);
    };
    CHECK(code(0, 15) == 8);  // 15 / 2, a tie
    CHECK(code(-0x1p-25F, std::nextafterf(15, 0)) == 7);
    CHECK(code(-0x1p-24F, 15) == 8);
    const auto b = quantize_block<q4_1>(std::vector<float>{-0x1p-100F, 15, 30});
    CHECK(b.scale.bits() == 0x4000);  // (30 + 2^-100) / 15
    CHECK(b.minimum.bits() == 0x8000);
    // (30 + 15 * 2^-10 + 2^-100) / 15 is just above the middle of 2 and the next fp16
    CHECK(quantize_block<q4_1>(std::vector<float>{-0x1p-100F, 30 + 15 * 0x1p-10F}).scale.bits() == 0x4001);
    CHECK(quantize_block<q4_1>(std::vector<float>{0, 30 + 15 * 0x1p-10F}).scale.bits() == 0x4000);
    CHECK(quantize_block<q4_1>(std::vector<float>{0x1p-100F, 30 + 15 * 0x1p-10F}).scale.bits() == 0x4000);
    CHECK(quantize_block<q4_1>(std::vector<float>{0x1p-100F, 30 + 45 * 0x1p-10F}).scale.bits() == 0x4001);
    CHECK(quantize_block<q4_1>(std::vector<float>{0, 30 + 45 * 0x1p-10F}).scale.bits() == 0x4002);
    CHECK(quantize_block<q4_1>(std::vector<float>{0x1p-149F, 30 + 45 * 0x1p-10F}).scale.bits() == 0x4001);
    CHECK(quantize_block<q4_1>(std::vector<float>{-0x1p-149F, 30 + 15 * 0x1p-10F}).scale.bits() == 0x4001);
}

TEST_CASE("Random blocks of every length") {
    tally result;
    random_bits random{53};
    std::uint64_t expected_checks = 0;
    for (int k = 0; k < 30'000; ++k) {
        std::vector<float> x(random() % 32 + 1);
        const int e = static_cast<int>(random() % 60) - 40;
        const float shift = random() % 3 == 0 ? std::ldexp(1.0F, e + 2) * sign(random) : 0;
        for (float& y : x) y = shift + sign(random) * std::ldexp(static_cast<float>(random() >> 40), e - 24);
        compare<q4_0>(result, x);
        compare<q8_0>(result, x);
        compare<q4_1>(result, x);
        expected_checks += checks<q4_0> + checks<q8_0> + checks<q4_1>;
    }
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("Zeros, ends of the range, scales that underflow and overflow") {
    tally result;
    std::uint64_t expected_checks = 0;
    for (const std::vector<float>& x : std::vector<std::vector<float>>{{0},
                                                                       {-0.0F},
                                                                       std::vector<float>(32, 0.0F),
                                                                       {tiny, -tiny},
                                                                       {1e-9F, -1e-9F, 0},
                                                                       {4, 4, 4},
                                                                       {-4, -4},
                                                                       {largest, 1},
                                                                       {-largest, 0, largest},
                                                                       {65504.0F * 8, -1},
                                                                       {65520.0F * 8, -1},
                                                                       {70000, 70000},
                                                                       {-70000, -60000, 1},
                                                                       {127 * 65504.0F, 127 * 65519.0F},
                                                                       {2, -2},
                                                                       {-2, 2},
                                                                       {7, -7},
                                                                       {0x1p-24F * 127, 0x1p-25F * 127},
                                                                       {1, -0.0F, 0.0F}}) {
        compare<q4_0>(result, x);
        compare<q8_0>(result, x);
        compare<q4_1>(result, x);
        expected_checks += checks<q4_0> + checks<q8_0> + checks<q4_1>;
    }
    CHECK_TALLY(result, expected_checks);
    // the first of those of largest magnitude becomes -8
    CHECK(quantize_block<q4_0>(std::vector<float>{2, -2}).codes[0] == 0);
    CHECK(quantize_block<q4_0>(std::vector<float>{2, -2}).codes[1] == 15);
    CHECK(quantize_block<q4_0>(std::vector<float>{-2, 2}).codes[0] == 0);
    CHECK(quantize_block<q4_0>(std::vector<float>{0}).scale.bits() == 0);
}

TEST_CASE("NaN or infinity anywhere makes a NaN block") {
    tally result;
    std::uint64_t expected_checks = 0;
    const auto run = [&]<class B>() {
        for (std::size_t at = 0; at < B::length; ++at)
            for (const float bad : {quiet_nan, -quiet_nan, infinity, -infinity}) {
                std::vector<float> x(B::length, -1.5F);
                x[at] = bad;
                compare<B>(result, x);
                std::vector<float> back(B::length);
                dequantize_block<B>(quantize_block<B>(x), std::span(back));
                for (const float y : back) result.equal(bits_of(y), 0x7FC00000U, "decoded");
                expected_checks += checks<B> + B::length;
            }
    };
    run.operator()<q4_0>();
    run.operator()<q4_1>();
    run.operator()<q8_0>();
    CHECK_TALLY(result, expected_checks);
}
