// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What docs/bulk.md shows: a kernel of one's own that decodes packed weights in registers.
// needs: simd
#include <cstddef>
#include <cstdio>
#include <lowprec/simd.hpp>
#include <span>
#include <vector>

using namespace lowprec;
using weight = e2m1;

// A dot product that reads half a byte for each weight and never writes a decoded one to memory.
float fused_dot(packed_span<const weight> weights, std::span<const float> inputs) {
    constexpr std::size_t step = simd::elements<weight>;
    simd::batches<weight> sums{};  // independent sums, so that additions need not wait for each other
    std::size_t i = 0;
    for (; i + step <= inputs.size(); i += step) {
        const auto w = simd::load<weight>(weights.bytes() + i * weight::width / 8);
        for (std::size_t k = 0; k < w.size(); ++k) sums[k] += w[k] * xsimd::load_unaligned(&inputs[i + k * w[k].size]);
    }
    float lanes[step];
    for (std::size_t k = 0; k < sums.size(); ++k) sums[k].store_unaligned(lanes + k * sums[k].size);
    float sum = 0;
    for (const float lane : lanes) sum += lane;
    for (; i < inputs.size(); ++i) sum += float(weights[i]) * inputs[i];  // what is less than a step
    return sum;
}

// The same in two steps, through a buffer eight times as large as the weights.
float dot_through_buffer(packed_span<const weight> weights, std::span<const float> inputs) {
    const auto decoded = convert_to<float>(weights);
    float sum = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) sum += decoded[i] * inputs[i];
    return sum;
}

int main() {
    // Weights and inputs whose sums are floats exactly, in any order, so that every machine prints the same.
    constexpr std::size_t n = 1003;
    std::vector<float> values(n), inputs(n);
    for (std::size_t i = 0; i < n; ++i) {
        values[i] = float(i * 7 % 13) - 6.0F;
        inputs[i] = (float(i * 5 % 33) - 15.0F) / 16.0F;
    }
    std::vector<std::byte> bytes(packed_bytes<weight>(n));
    const packed_span<weight> weights(bytes, n);
    convert(values, weights);

    double exact = 0;
    for (std::size_t i = 0; i < n; ++i) exact += double(weight(weights[i])) * double(inputs[i]);
    const float fused = fused_dot(weights, inputs), in_two_steps = dot_through_buffer(weights, inputs);
    std::printf("%zu weights in %zu bytes: fused %g, in two steps %g, exact %g\n", n, bytes.size(), double(fused),
                double(in_two_steps), exact);
    return double(fused) == exact && double(in_two_steps) == exact ? 0 : 1;
}
