// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Numbers that share a scale: one block, whole matrices, other tools' bytes. The code of docs/blocks.md.
// needs: simd
#include <cstdio>
#include <lowprec/hadamard.hpp>
#include <lowprec/kernels/blocks.hpp>
#include <lowprec/scale_tiles.hpp>
#include <vector>

using namespace lowprec;

int main() {
    // One block, at compile time: a power of two and four-bit elements.
    constexpr float numbers[] = {1, -2, 3, 6.5F};
    constexpr block<mxfp4> b = quantize_block<mxfp4>(numbers);
    static_assert(b.scale == e8m0(1.0F) && b.codes[1] == 0xC);

    // A matrix of 4 rows of 40. A row has two blocks of 16 and one of 8.
    std::vector<float> weights(4 * 40);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 0.01F * float(i % 37) - 0.2F;
    const block_tensor<nvfp4> w = quantize<nvfp4>(weights, 40);
    std::vector<bf16> back(weights.size());
    dequantize(w, back);
    std::printf("%zu + %zu bytes and %g; %g comes back as %g\n", w.codes().size(), w.scales().size(),
                double(w.tensor_scale()), double(weights[5]), double(back[5]));

    // Another tool's bytes, and a rule that never saturates.
    const auto as_modelopt = quantize<nvfp4, block_policy{recipe::modelopt}>(weights, 40);
    const auto no_saturation = quantize<mxfp8_e4m3, block_policy{recipe::rceil}>(weights, 40);
    std::printf("first scales: %02X and %02X\n", unsigned(as_modelopt.scales()[0]),
                unsigned(no_saturation.scales()[0]));

    // Into memory of one's own: a row of a file of ggml.
    std::vector<std::byte> file(bytes_of_blocks<q4_0>(4, 40).codes);
    quantize<q4_0, block_policy{recipe::ggml}>(weights, block_span<q4_0>(file, 4, 40));

    // For training: an outlier spread over its block, elements rounded at random by a seed, tiles of 16 x 16.
    std::vector<float> gradients(16 * 64, 0.5F);
    gradients[3] = 100;
    hadamard_16(gradients);
    constexpr block_policy at_random{.elements = {.round = rounding::stochastic, .random_bits = 16},
                                     .tile = scale_tile::square};
    const auto g = quantize<nvfp4, at_random>(gradients, 64, 12345);

    // Scales in the order of tensor cores.
    std::vector<std::byte> tiles(scale_tiles_bytes(16, 4));
    to_scale_tiles(g.scales(), 16, 4, tiles);
    std::printf("%zu scales in %zu bytes of tiles\n", g.scales().size(), tiles.size());
}
