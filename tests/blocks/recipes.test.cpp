// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: aarch64
//
// The recipes of other tools against programs written from their formulas (support/block_programs.hpp), on blocks of which half are
// made of near-ties, and on what is no number.
#include <lowprec/quantize_block.hpp>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "support/block_programs.hpp"
#include "support/catch.hpp"
#include "support/special_floats.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

template <class B, recipe How, class Program>
void compare(tally& result, Program&& program, const std::vector<float>& x, float t = 1) {
    const block_oracle::result expected = program(x, t);
    const auto got = quantize_block<B, block_policy{How}>(x, t);
    result.equal(got.scale.bits(), expected.scale, name_of<B>, "scale, first", bits_of(x[0]), "t", bits_of(t));
    if constexpr (B::has_minimum) result.equal(got.minimum.bits(), expected.minimum, "minimum, first", bits_of(x[0]));
    for (std::size_t i = 0; i < x.size(); ++i)
        result.equal(got.codes[i], expected.codes[i], name_of<B>, "element", i, "it", bits_of(x[i]), "t", bits_of(t),
                     "scale", expected.scale);
}
template <class B>
constexpr std::uint64_t checks_of(std::size_t n) {
    return n + 1 + (B::has_minimum ? 1 : 0);
}

float sign(random_bits& random) { return (random() & 1) != 0 ? 1.0F : -1.0F; }
float share(random_bits& random) { return static_cast<float>(random() >> 40) * 0x1p-24F; }

// p, or a float up to two away
float near(double p, random_bits& random) {
    const auto at = static_cast<float>(p);
    const auto bits = static_cast<std::int64_t>(bits_of(at)) + static_cast<std::int64_t>(random() % 5) - 2;
    return bits < 0 || bits > 0x7F7FFFFF ? at : std::bit_cast<float>(static_cast<std::uint32_t>(bits));
}

// Blocks of every magnitude: half of them random, half of them near the midpoints of `values` times a scale that they get.
template <class Make>
void for_blocks(int count, std::uint64_t seed, std::size_t length, Make&& make) {
    random_bits random{seed};
    for (int k = 0; k < count; ++k) {
        std::vector<float> x(random() % 8 == 0 ? random() % length + 1 : length);
        make(x, random, k % 2 == 0);
    }
}

// A block whose largest magnitude is `largest_value` times unit.
void fill_with_ties(std::vector<float>& x, random_bits& random, const block_oracle::values& v, double unit) {
    for (float& y : x) {
        const std::size_t i = random() % (v.size() - 1);
        y = sign(random) * near((v[i] + v[i + 1]) / 2 * unit, random);
    }
    x[random() % x.size()] = sign(random) * near(v.back() * unit, random);
}

template <recipe How, class Program, class Scale>
void nvfp4_recipe(Program&& program, Scale&& scale) {
    tally result;
    std::uint64_t expected_checks = 0;
    const auto& e2m1 = block_oracle::named("nvfp4").elements;
    const auto& scales = block_oracle::e4m3_values();
    for_blocks(120'000, 21 + static_cast<unsigned>(How), 16,
               [&](std::vector<float>& x, random_bits& random, bool ties) {
                   const float amax = std::ldexp(1 + share(random), static_cast<int>(random() % 200) - 100);
                   const float t = scale(amax);
                   result.equal(bits_of(tensor_scale<nvfp4, block_policy{How}>(amax)), bits_of(t), "tensor scale of",
                                bits_of(amax));
                   if (ties) {
                       // a scale, or the middle of two, times about amax / 2688
                       const std::size_t s = 1 + random() % (scales.size() - 1);
                       const double unit = (random() & 1) != 0 ? scales[s] : (scales[s] + scales[s - 1]) / 2;
                       fill_with_ties(x, random, e2m1, unit * static_cast<double>(amax) / 2688);
                   } else {
                       const float top = random() % 4 == 0 ? amax * share(random) * 0.001F : amax;
                       for (float& y : x) y = sign(random) * top * share(random);
                       if (random() % 4 == 0) x[random() % x.size()] = random() % 2 == 0 ? 0.0F : -0.0F;
                       if (random() % 8 == 0) x[0] = amax;
                   }
                   compare<nvfp4, How>(result, program, x, t);
                   expected_checks += 1 + checks_of<nvfp4>(x.size());
               });
    // what is no number, at each place; zeros; scales at their ends
    for (const float t : {scale(1.0F), scale(1e-3F), scale(3e4F), scale(1e-38F), scale(largest)}) {
        for (std::size_t at = 0; at < 16; ++at)
            for (const float special : {quiet_nan, infinity, -infinity, 0.0F, -0.0F, tiny, -tiny, largest}) {
                std::vector<float> x(16, -1.5e-3F);
                x[at] = special;
                compare<nvfp4, How>(result, program, x, t);
                expected_checks += checks_of<nvfp4>(x.size());
            }
        for (const std::vector<float>& x : std::vector<std::vector<float>>{{0},
                                                                           {-0.0F},
                                                                           std::vector<float>(16, 0.0F),
                                                                           {tiny},
                                                                           {6e-6F, 1e-6F},
                                                                           {-1e-5F, 1e-6F},
                                                                           {464 * 6.0F, 1},
                                                                           {470 * 6.0F, 100},
                                                                           {-1e-30F}}) {
            compare<nvfp4, How>(result, program, x, t);
            expected_checks += checks_of<nvfp4>(x.size());
        }
    }
    CHECK_TALLY(result, expected_checks);
}

}  // namespace

TEST_CASE("transformer_engine") {
    nvfp4_recipe<recipe::transformer_engine>(block_programs::transformer_engine, block_programs::te_encode);
}
TEST_CASE("modelopt") { nvfp4_recipe<recipe::modelopt>(block_programs::modelopt, block_programs::modelopt_scale); }
TEST_CASE("torchao") { nvfp4_recipe<recipe::torchao>(block_programs::torchao, block_programs::modelopt_scale); }
TEST_CASE("compressed_tensors, NVFP4") {
    nvfp4_recipe<recipe::compressed_tensors>(block_programs::compressed_tensors,
                                             block_programs::compressed_tensors_divisor);
}
TEST_CASE("llama_cpp") {
    nvfp4_recipe<recipe::llama_cpp>([](const std::vector<float>& x, float) { return block_programs::ggml_nvfp4(x); },
                                    [](float) { return 1.0F; });
}

TEST_CASE("Zero tensors") {
    const std::vector<float> x(16, 0.0F);
    const auto scale_code = [&]<recipe How>() {
        constexpr block_policy p{How};
        return quantize_block<nvfp4, p>(x, tensor_scale<nvfp4, p>(0)).scale.bits();
    };
    CHECK(scale_code.operator()<recipe::exact>() == 0x00);
    CHECK(scale_code.operator()<recipe::transformer_engine>() == 0x00);
    CHECK(scale_code.operator()<recipe::modelopt>() == 0x7F);
    CHECK(scale_code.operator()<recipe::torchao>() == 0x7F);
    CHECK(scale_code.operator()<recipe::compressed_tensors>() == 0x20);
    CHECK(scale_code.operator()<recipe::llama_cpp>() == 0x00);
    // a zero block in a tensor that is not zero
    const auto in_tensor_of_1 = [&]<recipe How>() {
        constexpr block_policy p{How};
        return quantize_block<nvfp4, p>(x, tensor_scale<nvfp4, p>(1)).scale.bits();
    };
    CHECK(in_tensor_of_1.operator()<recipe::exact>() == 0x00);
    CHECK(in_tensor_of_1.operator()<recipe::transformer_engine>() == 0x00);
    CHECK(in_tensor_of_1.operator()<recipe::modelopt>() == 0x38);
    CHECK(in_tensor_of_1.operator()<recipe::torchao>() == 0x08);
    CHECK(in_tensor_of_1.operator()<recipe::compressed_tensors>() == 0x20);
}

TEST_CASE("A tiny block: six and one millionths in a tensor of one") {
    const std::vector<float> x{6e-6F, 1e-6F};
    const auto check = [&]<recipe How>(unsigned scale, unsigned first, unsigned second) {
        constexpr block_policy p{How};
        const auto b = quantize_block<nvfp4, p>(x, tensor_scale<nvfp4, p>(1));
        CAPTURE(static_cast<int>(How));
        CHECK(b.scale.bits() == scale);
        CHECK(b.codes[0] == first);
        CHECK(b.codes[1] == second);
    };
    check.operator()<recipe::transformer_engine>(1, 7, 3);
    check.operator()<recipe::modelopt>(1, 7, 3);
    check.operator()<recipe::compressed_tensors>(1, 7, 3);
    check.operator()<recipe::torchao>(8, 2, 0);
}

TEST_CASE("What dequantize multiplies by") {
    CHECK(decoding_scale<nvfp4>(0.25F) == 0.25F);
    CHECK(decoding_scale<nvfp4, block_policy{recipe::modelopt}>(0.25F) == 0.25F);
    CHECK(decoding_scale<nvfp4, block_policy{recipe::transformer_engine}>(4) == 0.25F);
    CHECK(decoding_scale<nvfp4, block_policy{recipe::compressed_tensors}>(2688) == 1 / 2688.0F);
    CHECK(decoding_scale<mxfp4, block_policy{recipe::compressed_tensors}>(1) == 1);
}

TEST_CASE("compressed_tensors, MX") {
    tally result;
    std::uint64_t expected_checks = 0;
    const auto run = [&]<class B>(int offset) {
        const auto program = [offset](const std::vector<float>& x, float) {
            return block_programs::compressed_tensors_mx(x, offset);
        };
        const auto& v = block_oracle::named(name_of<B>).elements;
        const auto check = [&](const std::vector<float>& x) {
            compare<B, recipe::compressed_tensors>(result, program, x);
            expected_checks += checks_of<B>(x.size());
        };
        for_blocks(110'000, 31, 32, [&](std::vector<float>& x, random_bits& random, bool ties) {
            const int e = static_cast<int>(random() % 250) - 125;
            if (ties) {
                fill_with_ties(x, random, v, std::ldexp(random() % 4 == 0 ? 1.75 : 1.0, e - offset));
            } else {
                const float top = std::ldexp(1.0F, e);
                for (float& y : x) y = sign(random) * top * share(random);
                if (random() % 4 == 0) x[0] = -0.0F;
            }
            check(x);
        });
        for (std::size_t at = 0; at < 32; ++at)
            for (const float special :
                 {quiet_nan, infinity, -infinity, 0.0F, -0.0F, tiny, -tiny, largest, 0x1.cp127F, 0x1.bfffffp127F}) {
                std::vector<float> x(32, -1.5F);
                x[at] = special;
                check(x);
                std::vector<float> y(32, -0.0F);
                y[at] = special;
                check(y);
            }
    };
    run.operator()<mxfp4>(2);
    run.operator()<mxfp8_e4m3>(8);
    CHECK_TALLY(result, expected_checks);
    const std::vector<float> x{448};
    CHECK(quantize_block<mxfp8_e4m3, block_policy{recipe::compressed_tensors}>(x).scale.bits() == 128);
    CHECK(quantize_block<mxfp8_e4m3, block_policy{recipe::even}>(x).scale.bits() == 127);
}

namespace {

template <class B, class Program>
void ggml_recipe(Program&& program, double levels, int lowest_exponent, int binades) {
    tally result;
    std::uint64_t expected_checks = 0;
    const auto with_t = [&](const std::vector<float>& x, float) { return program(x); };
    const auto check = [&](const std::vector<float>& x) {
        compare<B, recipe::ggml>(result, with_t, x);
        expected_checks += checks_of<B>(x.size());
    };
    for_blocks(110'000, 41, B::length, [&](std::vector<float>& x, random_bits& random, bool ties) {
        const int e = static_cast<int>(random() % static_cast<unsigned>(binades)) + lowest_exponent;
        const double top = std::ldexp(1.0 + static_cast<double>(random() % 256) / 256, e);
        if (ties) {
            fill_with_ties(x, random, block_oracle::named(name_of<B>).elements, top);
            if (B::has_minimum)
                for (float& y : x) y = std::fabs(y) - static_cast<float>(top * 3);
        } else {
            for (float& y : x) y = sign(random) * static_cast<float>(top * levels) * share(random);
            if (random() % 4 == 0) x[0] = -0.0F;
        }
        check(x);
    });
    for (std::size_t at = 0; at < B::length; ++at)
        for (const float special :
             {quiet_nan, infinity, -infinity, 0.0F, -0.0F, tiny, -tiny, largest, -largest, 65504.0F, 7e6F}) {
            for (const float rest : {-1.5F, 0.0F, -1e-40F, 4e-7F}) {
                std::vector<float> x(B::length, rest);
                x[at] = special;
                check(x);
                x[(at + 7) % B::length] = 3;
                check(x);
            }
        }
    // around all powers of two
    for (int e = -149; e <= 128; ++e)
        for (int j = -70; j <= 5; ++j) {
            const double power = std::ldexp(1.0, e);
            const double x = power + j * std::ldexp(power, j < 0 ? -24 : -23);
            if (e == 128 && j >= 0) continue;
            check({static_cast<float>(x), static_cast<float>(-x * 0.75), 0});
        }
    CHECK_TALLY(result, expected_checks);
}

}  // namespace

TEST_CASE("ggml's MXFP4") { ggml_recipe<ggml_mxfp4>(block_programs::ggml_mxfp4, 6, -126, 250); }
TEST_CASE("ggml's NVFP4") { ggml_recipe<ggml_nvfp4>(block_programs::ggml_nvfp4, 6, -12, 24); }
TEST_CASE("ggml's Q4_0") { ggml_recipe<q4_0>(block_programs::q4_0, 8, -30, 50); }
TEST_CASE("ggml's Q4_1") { ggml_recipe<q4_1>(block_programs::q4_1, 15, -30, 50); }
TEST_CASE("ggml's Q8_0") { ggml_recipe<q8_0>(block_programs::q8_0, 127, -30, 50); }

TEST_CASE("ggml's conversion of scales to UE4M3") {
    struct line {
        float x;
        unsigned ggml, exact;
    };
    constexpr line lines[] = {{0.0009765625F, 0x01, 0x00}, {0.0153F, 0x07, 0x08},
                              {1.0625F, 0x39, 0x38},       {17, 0x59, 0x58},
                              {248, 0x7E, 0x78},           {352, 0x7E, 0x7B}};
    for (const line& l : lines) {
        const std::vector<float> x{l.x * 6};
        CAPTURE(l.x);
        CHECK(quantize_block<ggml_nvfp4, block_policy{recipe::ggml}>(x).scale.bits() == l.ggml);
        CHECK(quantize_block<ggml_nvfp4>(x).scale.bits() == l.exact);
    }
}
