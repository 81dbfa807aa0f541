// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// One layer calibrated and quantized by each method: the code of docs/ptq.md.
// needs: ptq
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <lowprec/ptq.hpp>
#include <span>
#include <vector>

using namespace lowprec;

namespace {

constexpr std::size_t rows = 64, columns = 128, tokens = 512;

std::uint64_t state = 1;
float noise() {  // roughly normal, the same everywhere
    float sum = -6;
    for (int i = 0; i < 12; ++i) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        sum += static_cast<float>(state >> 40) * 0x1p-24F;
    }
    return sum;
}

// The mean squared error of the layer's outputs, by the Gram matrix alone.
double error(const input_statistics& inputs, std::span<const float> w, std::span<const float> back) {
    double sum = 0;
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t i = 0; i < columns; ++i)
            for (std::size_t j = 0; j < columns; ++j) {
                const double g = inputs.gram()[i < j ? j * columns + i : i * columns + j];
                sum += (double(back[r * columns + i]) - double(w[r * columns + i])) * g *
                       (double(back[r * columns + j]) - double(w[r * columns + j]));
            }
    return sum / (rows * tokens);
}

}  // namespace

int main() {
    // A layer whose inputs are correlated, and large in one of 16 channels.
    std::vector<float> w(rows * columns), x(tokens * columns);
    for (float& v : w) v = noise();
    for (std::size_t t = 0; t < tokens; ++t) {
        float before = 0;
        for (std::size_t j = 0; j < columns; ++j) {
            before = 0.8F * before + 0.6F * noise();
            x[t * columns + j] = before * (j % 16 == 5 ? 20.0F : 1.0F);
        }
    }

    // Batches pass by; what another thread has seen is merged. Padding tokens are left out by a mask.
    input_statistics seen(columns), elsewhere(columns);
    const std::span<const float> all(x);
    seen.add(all.first(300 * columns), 300);
    elsewhere.add(all.subspan(300 * columns), tokens - 300);
    seen.merge(elsewhere);

    const integer_target<affine<4>, affine_policy{}, fp16> int4{granularity::group(64)};
    std::printf("4 bits, to nearest   %.3f\n", error(seen, w, restored(round_to_nearest(w, rows, int4))));

    // GPTQ: codes in an affine_matrix.
    const auto compensated = gptq(w, rows, seen.gram(), int4);
    std::printf("4 bits, GPTQ         %.3f  (damping %g, %zu dead columns)\n", error(seen, w, restored(compensated)),
                compensated.damping, compensated.dead_columns);

    // AWQ: scales to fold. A fused layer, or q, k and v apart, would share them.
    const awq_scales found = awq_search(seen, w, rows, int4);
    std::printf("4 bits, AWQ          %.3f  (alpha %g)\n", found.loss, found.alpha);

    // AWQ, then GPTQ: scaled weights and the statistics of the inputs over the scales.
    std::vector<float> scaled = w, gain(columns, 1.0F);
    scale_columns(scaled, rows, found.scales);
    divide_norm(gain, {}, found.scales);
    const input_statistics over_scales = seen.divided_by(found.scales);
    const auto both = gptq(scaled, rows, over_scales.gram(), int4);
    std::printf("4 bits, AWQ + GPTQ   %.3f\n", error(over_scales, scaled, restored(both)));

    // Other targets.
    const block_target<nvfp4> fp4;
    std::printf("NVFP4, to nearest    %.3f\n", error(seen, w, restored(round_to_nearest(w, rows, fp4))));
    std::printf("NVFP4, GPTQ          %.3f\n", error(seen, w, restored(gptq(w, rows, seen.gram(), fp4))));

    // SmoothQuant: after it both maxima of a channel are the same.
    const std::vector<float> s = smooth_quant(seen, w, rows);
    std::printf("SmoothQuant: channel 5 divided by %.3g, channel 6 by %.3g\n", double(s[5]), double(s[6]));
    return 0;
}
