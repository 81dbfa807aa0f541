// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What docs/integers.md shows: numbers, matrices and products in affine integers.
// needs: simd
#include <cstdint>
#include <cstdio>
#include <lowprec/quantize.hpp>
#include <span>
#include <stdexcept>
#include <vector>

using namespace lowprec;

int main() {
    // One number. Parameters are a scale and a zero point; all of it is constexpr.
    using u8 = affine<8, integer_codes::unsigned_full>;
    constexpr u8 activation = u8::from_range(-0.5F, 7.5F);
    static_assert(activation.quantize(0.0F) == activation.zero_point && activation.dequantize(16) == 0);
    std::printf("scale %g, zero point %d: 3 has the code %d, which is %g\n", double(activation.scale),
                int(activation.zero_point), int(activation.quantize(3.0F)),
                double(activation.dequantize(activation.quantize(3.0F))));

    // A number whose quotient float rounds to a tie, and another tool's bits.
    constexpr affine<8> weight{0x1.0b254ep-13F, 0};
    std::printf("exact %d, as ONNX computes it %d\n", int(weight.quantize(0x1.b00654p-7F)),
                int(weight.quantize<integer_recipe::onnx>(0x1.b00654p-7F)));

    // A matrix: 4-bit codes, groups of 3 along the rows, scales in fp16.
    const std::vector<float> in{0.1F, -0.7F, 0.35F, 2.1F, -1.0F, 30.0F, 0.0F, 4.0F, 8.0F, -15.0F};
    const auto w4 = quantize<affine<4>, affine_policy{}, fp16>(in, 2, 5, granularity::group(3));
    std::vector<float> back(in.size());
    dequantize(w4.view(), back);
    std::printf("%zu bytes for %zu numbers, back:", w4.bytes(), in.size());
    for (const float x : back) std::printf(" %g", double(x));
    std::printf("\n");

    // Into the caller's memory, with a scale and a zero point for each row: dynamic, per token.
    std::vector<std::uint8_t> codes(10);
    std::vector<float> scales(2);
    std::vector<std::uint8_t> zeros(2);
    const affine_span<u8> view(2, 5, granularity::row(), std::as_writable_bytes(std::span(codes)), scales, zeros);
    constexpr affine_policy asymmetric{.range = range_kind::asymmetric};
    quantize<asymmetric>(in, view);
    std::printf("rows: zero points %d %d, codes", zeros[0], zeros[1]);
    for (const int code : codes) std::printf(" %d", code);
    std::printf("\n");

    // Static: a range observed before, in any number of parts, which merge in any order.
    magnitude_histogram<> seen, elsewhere;
    seen.add(in);
    elsewhere.add(std::vector<float>{1.0F, -2.0F});
    seen.merge(elsewhere);
    const auto calibrated = affine<8>::from_amax(seen.percentile(0.9));
    std::printf("largest %g, 0.9 of them within %g: scale %g\n", double(seen.abs_max()), double(seen.percentile(0.9)),
                double(calibrated.scale));

    // A product of integers, and its code in the next layer's scale, without floats.
    constexpr fixed_factor factor = fixed_factor::of_scales(0.05F, 0.01F, 0.1F);
    static_assert(longest_dot_product<u8, affine<8>>() == 65793);
    std::printf("12345 * 0.005 = %d, as a code above the zero point 3: %d\n", multiply(12345, factor),
                int(requantize<affine<8>>(12345, factor, 3)));

    try {
        (void)quantize<u8>(std::vector<float>{1.0F, __builtin_nanf("")}, 1, 2);
    } catch (const std::invalid_argument& refused) {
        std::printf("%s\n", refused.what());
    }
}
