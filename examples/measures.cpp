// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What docs/measures.md shows: what quantization costs, and a KV cache.
// needs: simd
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <lowprec/block_formats.hpp>
#include <lowprec/kernels/blocks.hpp>
#include <lowprec/quantize.hpp>
#include <span>
#include <vector>

using namespace lowprec;

// Numbers around zero with a few far from it, the same everywhere.
std::vector<float> sample(std::size_t count) {
    std::vector<float> x;
    std::uint64_t state = 1;
    for (std::size_t i = 0; i < count; ++i) {
        int sum = -2 * 255;
        for (int k = 0; k < 4; ++k) {
            state = state * 6364136223846793005 + 1442695040888963407;
            sum += static_cast<int>(state >> 56);
        }
        x.push_back(static_cast<float>(sum) / (i % 512 == 100 ? 4.0F : 128.0F));
    }
    return x;
}

void print(const char* what, const error_measures& m) {
    std::printf("%-16s %5.1f dB, mse %.3g, largest %.3g, cosine %.6f, saturated %.2f %%, zero %.2f %%\n", what,
                m.sqnr_db(), m.mse(), m.max_error(), m.cosine_similarity(), 100 * m.saturated_share(),
                100 * m.flushed_share());
}

int main() {
    const std::size_t rows = 64, columns = 256;
    const std::vector<float> in = sample(rows * columns);
    std::vector<float> back(in.size());

    // A format: rounded to it and back.
    print("e4m3", measure<e4m3>(in));
    print("e2m1", measure<e2m1>(in));

    // Any quantizer: what it gives back beside what it got.
    dequantize(quantize<mxfp4>(in, columns), back);
    print("mxfp4", measure(in, back));
    fake_quantize<affine<4>>(in, back, rows, columns, granularity::group(32));
    print("int4, groups", measure(in, back));

    // With a range, what was beyond it and became its end counts as saturated.
    const auto narrow = affine<4>::from_amax(6.0F);
    for (std::size_t i = 0; i < in.size(); ++i) back[i] = narrow.dequantize(narrow.quantize(in[i]));
    print("int4, clipped", measure(in, back, {narrow.dequantize(-8), narrow.dequantize(7)}));

    // In parts: one after the other gives the same bits, whatever their sizes.
    error_measures all;
    for (std::size_t row = 0; row < rows; ++row)
        all.add(std::span(in).subspan(row * columns, columns), std::span(back).subspan(row * columns, columns));
    std::printf("in parts: %s\n", all.mse() == measure(in, back).mse() ? "the same" : "not the same");

    // Keys of 4 heads of 64 numbers, as int4 with a scale in bf16 for each head and token; tokens come one by one.
    kv_cache<affine<4>, bf16> keys(4, 64);
    for (std::size_t row = 0; row < rows; ++row) keys.append(std::span(in).subspan(row * columns, columns));
    std::printf("%zu tokens take %zu bytes, as float they would take %zu\n", keys.tokens(), keys.bytes(),
                4 * in.size());

    // A head's tokens from number 10 on, as fp16 for a kernel that computes in it.
    std::vector<fp16> head(20 * 64);
    keys.read(2, 10, 20, head);
    std::vector<float> wanted, got = convert_to<float>(head);
    for (std::size_t token = 10; token < 30; ++token)
        for (std::size_t i = 0; i < 64; ++i) wanted.push_back(in[token * columns + 2 * 64 + i]);
    print("keys of a head", measure(wanted, got));
}
