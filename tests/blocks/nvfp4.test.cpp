// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: aarch64
//
// Exact NVFP4 blocks against comparisons of exact doubles (support/blocks.hpp): a million near-ties of scales and of elements each,
// tensor scales, and what is no number.
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
void compare(tally& result, const std::vector<float>& x, float g) {
    const auto expected = block_oracle::quantize(block_oracle::named(name_of<B>), x, g);
    const auto got = quantize_block<B>(x, g);
    result.equal(got.scale.bits(), expected.scale, name_of<B>, "scale, first", bits_of(x[0]), "g", bits_of(g));
    for (std::size_t i = 0; i < B::length; ++i)
        result.equal(got.codes[i], expected.codes[i], name_of<B>, "element", i, "it", i < x.size() ? bits_of(x[i]) : 0U,
                     "g", bits_of(g));
}

float up(float x) { return std::nextafterf(x, infinity); }
float down(float x) { return std::nextafterf(x, 0); }

// A tensor scale of any significand: of a few bits or of all of them.
float some_tensor_scale(random_bits& random, int exponents) {
    const std::uint64_t r = random();
    const auto fraction = static_cast<std::uint32_t>((r & 3) == 0   ? 0
                                                     : (r & 3) == 1 ? (r >> 2 & 7) << 20
                                                                    : r >> 2 & 0x7FFFFF);
    const auto field = static_cast<std::uint32_t>(127 - exponents / 2 +
                                                  static_cast<int>((r >> 32) % static_cast<unsigned>(exponents)));
    return std::bit_cast<float>(field << 23 | fraction);
}

// The float next to p or a neighbour.
float near(double p, random_bits& random) {
    const auto at = static_cast<float>(p);
    switch (random() % 4) {
    case 0: return down(at);
    case 1: return up(at);
    default: return at;
    }
}

}  // namespace

TEST_CASE("A million near-ties of the scale") {
    tally result;
    random_bits random{11};
    const auto& scales = block_oracle::e4m3_values();
    std::uint64_t ties = 0;
    constexpr int blocks = 1'000'000;
    for (int k = 0; k < blocks; ++k) {
        const float g = some_tensor_scale(random, 180);
        const std::size_t i = random() % (scales.size() - 1);
        const double middle = (scales[i] + scales[i + 1]) / 2;
        const double point = 6 * middle * static_cast<double>(g);
        const float a = near(point, random);
        ties += static_cast<double>(a) == point ? 1 : 0;
        const int expected = block_oracle::nearest(scales, static_cast<double>(a), 6 * static_cast<double>(g));
        const float x[] = {(k & 1) != 0 ? a : -a};
        result.equal(quantize_block<nvfp4>(x, g).scale.bits(), expected, "a", bits_of(a), "g", bits_of(g));
    }
    CHECK_TALLY(result, static_cast<std::uint64_t>(blocks));
    CHECK(ties > blocks / 20);
}

TEST_CASE("A million near-ties of elements") {
    tally result;
    random_bits random{12};
    const auto& row = block_oracle::named("nvfp4");
    const auto& scales = block_oracle::e4m3_values();
    std::uint64_t expected_checks = 0, ties = 0;
    for (int k = 0; k < 70'000; ++k) {
        const float g = some_tensor_scale(random, 180);
        const std::size_t s = 1 + random() % (scales.size() - 1);
        const double unit = scales[s] * static_cast<double>(g);
        std::vector<float> x{static_cast<float>(6 * unit)};  // gives the block this scale, or the one next to it
        while (x.size() < nvfp4::length) {
            const std::size_t i = random() % 7;
            const double point = (row.elements[i] + row.elements[i + 1]) / 2 * unit;
            const float y = near(point, random);
            ties += static_cast<double>(y) == point ? 1 : 0;
            x.push_back((random() & 1) != 0 ? y : -y);
        }
        compare<nvfp4>(result, x, g);
        expected_checks += nvfp4::length + 1;
    }
    CHECK_TALLY(result, expected_checks);
    CHECK(ties > 50'000);
}

TEST_CASE("The layout without a tensor scale: near-ties too") {
    tally result;
    random_bits random{13};
    const auto& row = block_oracle::named("ggml_nvfp4");
    const auto& scales = block_oracle::e4m3_values();
    std::uint64_t expected_checks = 0;
    for (int k = 0; k < 20'000; ++k) {
        const std::size_t s = random() % (scales.size() - 1);
        const double unit = (k & 1) != 0 ? scales[s] : (scales[s] + scales[s + 1]) / 2;
        std::vector<float> x{near(6 * unit, random)};
        while (x.size() < ggml_nvfp4::length) {
            const std::size_t i = random() % 7;
            const float y = near((row.elements[i] + row.elements[i + 1]) / 2 * scales[s], random);
            x.push_back((random() & 1) != 0 ? y : -y);
        }
        compare<ggml_nvfp4>(result, x, 1);
        expected_checks += ggml_nvfp4::length + 1;
    }
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("Tensor scales: the nearest float of amax / 2688") {
    tally result;
    const auto check = [&](float amax) {
        const float g = tensor_scale<nvfp4>(amax);
        // amax lies between the midpoints around g, times 2688; on one of them only if g is even
        const double below = static_cast<double>(down(g)), at = static_cast<double>(g),
                     above = static_cast<double>(up(g));
        const double low = (below + at) / 2 * 2688, high = (at + above) / 2 * 2688, a = static_cast<double>(amax);
        const bool even = bits_of(g) % 2 == 0;
        // the smallest float stands for zero, too
        const bool right = (a > low || (even && a == low) || (g == tiny && a > 0)) && (a < high || (even && a == high));
        result.equal(right, true, "amax", bits_of(amax), "g", bits_of(g));
    };
    std::uint64_t expected_checks = 0;
    for (int e = -149; e <= 128; ++e) {
        const double power = std::ldexp(1.0, e);
        const float at = e == 128 ? infinity : static_cast<float>(power);
        for (const float amax : {down(down(at)), down(at), at, e == 128 ? largest : up(at)}) {
            if (!(amax > 0 && amax <= largest)) continue;
            check(amax);
            ++expected_checks;
        }
    }
    random_bits random{14};
    for (int k = 0; k < 200'000; ++k) {
        // the float next to a midpoint times 2688
        const float g = some_tensor_scale(random, 200);
        const float amax = near((static_cast<double>(g) + static_cast<double>(up(g))) / 2 * 2688, random);
        check(amax);
        ++expected_checks;
    }
    CHECK_TALLY(result, expected_checks);
    CHECK(tensor_scale<nvfp4>(0) == 1);
    CHECK(tensor_scale<nvfp4>(-0.0F) == 1);
    CHECK(tensor_scale<nvfp4>(2688) == 1);
    CHECK(tensor_scale<nvfp4>(tiny) == tiny);
    CHECK(tensor_scale<mxfp4>(123) == 1);
    CHECK(tensor_scale<ggml_nvfp4>(123) == 1);
    for (const float bad : {infinity, quiet_nan, -1.0F})
        CHECK_THROWS_WITH(tensor_scale<nvfp4>(bad),
                          "lowprec::tensor_scale: the largest magnitude must be a finite number, not negative");
}

TEST_CASE("Blocks of tensors whose amax is just below a power of two, subnormal, zero or huge") {
    tally result;
    std::uint64_t expected_checks = 0;
    random_bits random{15};
    std::vector<float> maxima{tiny, 2 * tiny, 0x1p-140F, 0x1p-126F, down(0x1p-126F), largest, down(largest), 0x1p127F};
    for (int e = -148; e <= 127; ++e) maxima.push_back(down(static_cast<float>(std::ldexp(1.0, e))));
    for (const float amax : maxima) {
        const float g = tensor_scale<nvfp4>(amax);
        for (int k = 0; k < 40; ++k) {
            std::vector<float> x(k == 0 ? 1 : random() % 16 + 1);
            for (float& y : x) {
                const auto share = static_cast<double>(random() >> 40) * 0x1p-24;
                y = static_cast<float>(static_cast<double>(amax) * share * (k % 3 == 0 ? 1e-3 : 1)) *
                    ((random() & 1) != 0 ? 1.0F : -1.0F);
            }
            if (k % 2 == 0) x[0] = amax;
            compare<nvfp4>(result, x, g);
            expected_checks += nvfp4::length + 1;
        }
    }
    CHECK_TALLY(result, expected_checks);
    // the block that has the tensor's amax has the largest scale
    CHECK(quantize_block<nvfp4>(std::vector<float>{5.5F}, tensor_scale<nvfp4>(5.5F)).scale.bits() == 0x7E);
}

TEST_CASE("Zero blocks, negative zeros, scales that underflow, scales that are clamped") {
    tally result;
    std::uint64_t expected_checks = 0;
    for (const float g : {1.0F, 0.1F, tiny, largest, 0x1p-126F})
        for (const std::vector<float>& x : std::vector<std::vector<float>>{{0},
                                                                           {-0.0F, 0},
                                                                           std::vector<float>(16, -0.0F),
                                                                           {tiny, -tiny, 0},
                                                                           {1e-6F, -1e-7F},
                                                                           {largest, -largest},
                                                                           {1, -0.0F, -1e-30F},
                                                                           {6 * 448, 7 * 448, -0.25F}}) {
            compare<nvfp4>(result, x, g);
            compare<ggml_nvfp4>(result, x, 1);
            expected_checks += 2 * (nvfp4::length + 1);
        }
    CHECK_TALLY(result, expected_checks);
    const auto zero = quantize_block<nvfp4>(std::vector<float>(16, -0.0F), tensor_scale<nvfp4>(0));
    CHECK(zero.scale.bits() == 0);
    CHECK(zero.codes[3] == 8);
    // 6 x 2^-10 is a tie between the scales 00 and 01
    const auto under = quantize_block<nvfp4>(std::vector<float>{6 * 0x1p-10F, -6 * 0x1p-10F}, 1);
    CHECK(under.scale.bits() == 0);
    CHECK(under.codes[0] == 0);
    CHECK(under.codes[1] == 8);
    const auto over = quantize_block<nvfp4>(std::vector<float>{up(6 * 0x1p-10F), -6 * 0x1p-10F}, 1);
    CHECK(over.scale.bits() == 1);
    CHECK(over.codes[0] == 5);  // 3.0000004, and -3
    CHECK(over.codes[1] == 13);
}

TEST_CASE("NaN or infinity anywhere makes a NaN block") {
    tally result;
    std::uint64_t expected_checks = 0;
    for (std::size_t at = 0; at < 16; ++at)
        for (const float bad : {quiet_nan, -quiet_nan, infinity, -infinity}) {
            std::vector<float> x(16, -1.5F);
            x[at] = bad;
            compare<nvfp4>(result, x, 0.01F);
            compare<ggml_nvfp4>(result, x, 1);
            expected_checks += 2 * (nvfp4::length + 1);
            std::vector<float> back(16);
            dequantize_block<nvfp4>(quantize_block<nvfp4>(x, 0.01F), std::span(back), 0.01F);
            for (const float y : back) result.equal(bits_of(y), 0x7FC00000U, "decoded");
            expected_checks += 16;
        }
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("A tensor scale that is not positive and finite is refused") {
    const std::vector<float> x(16, 1.0F);
    for (const float bad : {0.0F, -1.0F, infinity, quiet_nan})
        CHECK_THROWS_WITH(quantize_block<nvfp4>(x, bad),
                          "lowprec::quantize_block: the tensor scale of nvfp4 must be a positive, finite number");
    std::vector<float> y(16);
    CHECK_THROWS_WITH(dequantize_block<nvfp4>(block<nvfp4>{}, std::span(y), -1),
                      "lowprec::dequantize_block: the tensor scale of nvfp4 must be a finite number, not negative");
    CHECK_NOTHROW(quantize_block<mxfp4>(x, quiet_nan));  // has none
}

TEST_CASE("Elements at random") {
    tally result;
    random_bits random{16};
    constexpr int n = 16;
    constexpr block_policy at_random{.elements = {.round = rounding::stochastic, .random_bits = n}};
    const auto& v = block_oracle::named("nvfp4").elements;
    std::uint64_t expected_checks = 0;
    for (int k = 0; k < 20000; ++k) {
        const float g = std::ldexp(1.0F, static_cast<int>(random() % 20) - 10);
        std::vector<float> y{6 * 448 * g};
        std::uint64_t bits[16];
        for (std::uint64_t& b : bits) b = random();
        while (y.size() < 16) y.push_back(std::ldexp(static_cast<float>(random() % 0x600000), -20) * 448 * g);
        const auto got = quantize_block<nvfp4, at_random>(y, g, [&](int i) { return bits[i]; });
        result.equal(got.scale.bits(), 0x7EU, "scale");
        const double unit = 448 * static_cast<double>(g);
        for (std::size_t i = 0; i < 16; ++i) {
            const auto magnitude = static_cast<double>(y[i]);
            std::size_t low = 0;
            while (low + 1 < v.size() && v[low + 1] * unit <= magnitude) ++low;
            unsigned code = static_cast<unsigned>(low);
            if (low + 1 < v.size()) {
                // P3109's method B; the unit is 7 * 2^e, and so the quotient is compared, not computed
                const double gap = (v[low + 1] - v[low]) * unit, rest = magnitude - v[low] * unit;
                const std::uint64_t needed = (2U << n) - 2 * (bits[i] >> (64 - n)) - 1;  // steps of gap / 2^(n+1)
                if (std::ldexp(rest, n + 1) >= static_cast<double>(needed) * gap) ++code;
            }
            result.equal(got.codes[i], code, "element", i, bits_of(y[i]));
        }
        expected_checks += 17;
    }
    CHECK_TALLY(result, expected_checks);
}
