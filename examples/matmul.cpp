// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What docs/matmul.md shows: products of activations with quantized weights.
// needs: simd
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <lowprec/block_formats.hpp>
#include <lowprec/kernels/blocks.hpp>
#include <lowprec/kernels/matmul.hpp>
#include <span>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

using namespace lowprec;

template <class Range>
void print(const char* what, const Range& range) {
    std::printf("%-30s", what);
    for (const auto y : range) std::printf(" %8.4f", double(float(y)));
    std::printf("\n");
}

int main() {
    // Four output channels of 256 weights each, and two rows of activations.
    constexpr std::size_t m = 2, n = 4, k = 256;
    std::vector<float> weights(n * k), x(m * k), bias{0.5F, 0, -0.5F, 1};
    for (std::size_t i = 0; i < n * k; ++i) weights[i] = 0.05F * std::sin(0.37F * float(i));
    for (std::size_t i = 0; i < m * k; ++i) x[i] = std::cos(0.11F * float(i));
    std::vector<float> y(m * n);

    // W4A16: int4 in groups of 128, each with an FP16 scale. Prepared once, multiplied often.
    const auto int4 = prepare(quantize<affine<4>, affine_policy{}, fp16>(weights, n, k, granularity::group(128)));
    matmul(x, int4, y);
    print("int4 groups", y);

    // bf16 or fp16 in and out; bias and a function at the end.
    const auto x16 = convert_to<bf16>(x);
    std::vector<bf16> y16(m * n);
    matmul(x16, int4, y16, {.bias = bias, .function = activation::silu});
    print("bf16, bias and SiLU", y16);

    // W4A8: each row of x becomes int8 on the way. With int8 weights and one scale a row: W8A8.
    matmul_int8(x, int4, y);
    print("int4 times int8", y);
    const auto int8 = prepare(quantize<affine<8>>(weights, n, k, granularity::row()));
    matmul_int8(x, int8, y);
    print("int8 times int8", y);

    // Integers all the way: the exact sums, or codes of the next layer's input.
    const auto codes = quantize<affine<8>>(x, m, k, granularity::tensor());
    std::vector<std::int32_t> sums(m * n);
    matmul_sums(codes.view(), int8, sums);
    std::printf("%-30s %d ... %d\n", "sums of int8 times int8", sums.front(), sums.back());
    const auto next = affine<8>::from_amax(1.5F);
    std::vector<std::int8_t> out(m * n);
    matmul_requantized(codes.view(), int8, next, out);
    std::printf("%-30s %d ... %d\n", "requantized", out.front(), out.back());

    using uint8 = affine<8, integer_codes::unsigned_full>;
    std::printf("%-30s int8 %d, uint8 %d; without zero points %d\n", "columns that 32 bits hold",
                static_cast<int>(longest_dot_product<affine<8>, affine<8>>()),
                static_cast<int>(longest_dot_product<uint8, affine<8>>()),
                static_cast<int>(longest_dot_product_without_zero_points<uint8, affine<8>>()));

    // Blocks: any of MX, NVFP4 and ggml's that has no minimum. Blocks times blocks, too.
    const auto fp4 = prepare(quantize<nvfp4>(weights, k));
    matmul(x, fp4, y);
    print("nvfp4", y);
    matmul(quantize<nvfp4>(x, k).view(), fp4, y);
    print("nvfp4 times nvfp4", y);

    // FP8 with a scale for each 128 x 128 codes, and 4-bit codes of a table: views of what a checkpoint holds.
    std::vector<e4m3> fp8(n * k);
    const std::array<float, 2> scales{0x1p-13F, 0x1p-13F};
    for (std::size_t i = 0; i < n * k; ++i) fp8[i] = convert<e4m3>(weights[i] * 0x1p13F);
    matmul(x, prepare(scaled_span<e4m3>(n, k, scale_tiling::square(128), fp8, scales)), y);
    print("e4m3, 128 x 128", y);
    const std::vector<std::byte> nibbles(n * k / 2, std::byte{0x2D});  // codes 13 and 2 in turns
    const std::vector<float> absmax(n * k / 64, 0.05F);
    matmul(x, prepare(codebook_span(n, k, 64, nibbles, absmax, nf4_table)), y);
    print("nf4", y);

    // An executor runs tasks wherever it likes; this one makes a thread for each.
    const auto threads = [](std::size_t tasks, auto&& task) {
        std::vector<std::jthread> all;
        for (std::size_t i = 0; i < tasks; ++i) all.emplace_back([&task, i] { task(i); });
    };
    std::vector<float> same(m * n);
    matmul(x, int4, y);
    matmul(x, int4, same, {}, threads);
    std::printf("with threads: %s\n", same == y ? "the same" : "something else");

    // Prepared weights are bytes; a file of them has a version.
    const std::span<const std::byte> file = int4.bytes();
    const auto loaded = std::remove_cvref_t<decltype(int4)>::from_bytes(file);
    matmul(x, loaded, same);
    std::printf("%zu bytes, loaded: %s\n", file.size(), same == y ? "the same" : "something else");

    // What doesn't fit is refused before anything is computed.
    const auto refused = [](auto&& f) {
        try {
            f();
        } catch (const std::invalid_argument& error) {
            std::printf("refused: %s\n", error.what());
        }
    };
    refused([&] { matmul(std::span(x).first(255), int4, y); });
    refused([&] { static_cast<void>(std::remove_cvref_t<decltype(int8)>::from_bytes(file)); });
    auto newer = std::vector(file.begin(), file.end());
    newer[16] = std::byte{9};
    refused([&] { static_cast<void>(std::remove_cvref_t<decltype(int4)>::from_bytes(newer)); });
}
