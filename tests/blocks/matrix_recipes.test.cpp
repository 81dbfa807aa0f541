// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Whole matrices by other tools' recipes, and with scales for tiles of 16 x 16, against quantize_block.
// needs: simd
#include <lowprec/kernels/blocks.hpp>

#include <array>
#include <cmath>
#include <vector>

#include "support/block_matrices.hpp"
#include "support/catch.hpp"

using namespace block_matrices;

TEST_CASE("Recipes of other tools, and what decoding multiplies by") {
    tally result;
    random_bits random{83};
    std::uint64_t expected_checks = 0;
    const auto run = [&]<class B, recipe How>() {
        constexpr block_policy p{How};
        const std::vector<float> x = some_floats(5 * 70, random);
        const auto t = quantize<B, p>(x, 70);
        const float s = tensor_scale<B, p>(largest_of(x));
        compare<B, p>(result, x, 70, t.view(), s);
        result.equal(bits_of(t.tensor_scale()), bits_of(decoding_scale<B, p>(s)), name_of<B>, "tensor scale");
        compare_numbers<B>(result, t.view());
        // what comes back is near what was: a quarter of the largest of the block at most
        std::vector<float> back(x.size());
        dequantize(t, back);
        bool is_near = true;
        for (std::size_t i = 0; i < x.size(); ++i) is_near = is_near && std::fabs(back[i] - x[i]) < 0.26F;
        result.equal(is_near, true, name_of<B>, "near, recipe", static_cast<int>(How));
        expected_checks += 4;
    };
    run.operator()<nvfp4, recipe::transformer_engine>();
    run.operator()<nvfp4, recipe::modelopt>();
    run.operator()<nvfp4, recipe::torchao>();
    run.operator()<nvfp4, recipe::compressed_tensors>();
    run.operator()<nvfp4, recipe::llama_cpp>();
    run.operator()<mxfp4, recipe::compressed_tensors>();
    run.operator()<mxfp8_e4m3, recipe::compressed_tensors>();
    run.operator()<mxfp8_e5m2, recipe::rceil>();
    run.operator()<mxint8, recipe::even>();
    run.operator()<mxfp6_e2m3, recipe::ceil>();
    run.operator()<ggml_mxfp4, recipe::ggml>();
    run.operator()<ggml_nvfp4, recipe::ggml>();
    run.operator()<q4_0, recipe::ggml>();
    run.operator()<q4_1, recipe::ggml>();
    run.operator()<q8_0, recipe::ggml>();
    CHECK_TALLY(result, expected_checks);
}

TEST_CASE("Tiles of 16 x 16 share a scale") {
    tally result;
    random_bits random{84};
    std::uint64_t expected_checks = 0;
    const auto run = [&]<recipe How>() {
        constexpr block_policy p{.how = How, .tile = scale_tile::square}, by_row{How};
        for (const auto [rows, columns] : {shape{1, 1}, shape{16, 16}, shape{17, 16}, shape{40, 35}, shape{15, 64}}) {
            std::vector<float> x = some_floats(rows * columns, random);
            const auto t = quantize<nvfp4, p>(x, columns);
            const float g = tensor_scale<nvfp4, by_row>(largest_of(x));
            for (std::size_t first = 0; first < rows; first += 16)
                for (std::size_t k = 0; k * 16 < columns; ++k) {
                    const std::size_t last = std::min(first + 16, rows),
                                      n = std::min<std::size_t>(columns - k * 16, 16);
                    float most = 0;
                    for (std::size_t r = first; r < last; ++r)
                        for (std::size_t i = 0; i < n; ++i)
                            most = std::max(most, std::fabs(x[r * columns + k * 16 + i]));
                    for (std::size_t r = first; r < last; ++r) {
                        const auto got = std::as_const(t).view().get(r, k);
                        // the tile's largest number first gives a block the tile's scale
                        std::vector<float> row(x.begin() + static_cast<std::ptrdiff_t>(r * columns + k * 16),
                                               x.begin() + static_cast<std::ptrdiff_t>(r * columns + k * 16 + n));
                        const auto scale = quantize_block<nvfp4, by_row>(std::vector<float>{most}, g).scale;
                        result.equal(got.scale.bits(), scale.bits(), "scale", r, k);
                        for (std::size_t i = 0; i < n; ++i) {
                            const auto one = quantize_block<nvfp4, by_row>(std::vector<float>{most, row[i]}, g);
                            result.equal(got.codes[i], one.codes[1], "code", r, k, i);
                        }
                        expected_checks += 1 + n;
                    }
                }
        }
    };
    run.operator()<recipe::exact>();
    run.operator()<recipe::transformer_engine>();
    CHECK_TALLY(result, expected_checks);
}
