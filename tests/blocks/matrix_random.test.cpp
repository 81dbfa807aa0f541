// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Whole matrices with stochastic rounding of the elements: the random bits are those of each element's index.
// needs: simd
#include <lowprec/kernels/blocks.hpp>

#include <array>
#include <cmath>
#include <vector>

#include "support/block_matrices.hpp"
#include "support/catch.hpp"

using namespace block_matrices;

TEST_CASE("Random bits depend on the seed and the index alone") {
    tally result;
    random_bits random{85};
    constexpr block_policy p{.elements = {.round = rounding::stochastic, .random_bits = 24}};
    std::uint64_t expected_checks = 0;
    const auto run = [&]<class B>() {
        constexpr std::size_t rows = 4, columns = 75;
        const std::vector<float> x = some_floats(rows * columns, random);
        const std::uint64_t seed = random(), first = random() % 1000;
        const float g = tensor_scale<B>(largest_of(x));
        const auto t = quantize<B, p>(x, columns, seed, first);
        std::uint64_t different = 0;
        for (std::size_t row = 0; row < rows; ++row)
            for (std::size_t k = 0; k < t.blocks_per_row(); ++k) {
                const std::size_t at = row * columns + k * B::length,
                                  n = std::min<std::size_t>(columns - k * B::length, B::length);
                auto expected = quantize_block<B, p>(std::span(x).subspan(at, n), g, [&](int i) {
                    return stochastic_bits(seed, first + at + static_cast<std::size_t>(i));
                });
                for (std::size_t i = n; i < B::length; ++i) expected.codes[i] = 0;
                different += t.view().get(row, k) == expected ? 0U : 1U;
            }
        result.equal(different, 0U, name_of<B>, "blocks");
        // in two calls
        block_tensor<B> u(rows, columns);
        const auto halves = std::span(x);
        float used = 0;
        if constexpr (B::has_tensor_scale) {
            used = quantize<B, p>(halves.first(2 * columns), u.view().subrows(0, 2), g, seed, first);
            quantize<B, p>(halves.subspan(2 * columns), u.view().subrows(2, 2), g, seed, first + 2 * columns);
            result.equal(bits_of(used), bits_of(g), name_of<B>, "tensor scale");
            ++expected_checks;
        } else {
            quantize<B, p>(halves.first(2 * columns), u.view().subrows(0, 2), seed, first);
            quantize<B, p>(halves.subspan(2 * columns), u.view().subrows(2, 2), seed, first + 2 * columns);
        }
        result.equal(std::equal(t.codes().begin(), t.codes().end(), u.codes().begin()), true, name_of<B>,
                     "in two calls");
        const auto other = quantize<B, p>(x, columns, seed + 1, first);
        result.equal(std::equal(t.codes().begin(), t.codes().end(), other.codes().begin()), false, name_of<B>,
                     "other seed");
        expected_checks += 3;
    };
    for_each_row(run);
    CHECK_TALLY(result, expected_checks);

    // in tiles: the same bits, by row-major index
    constexpr block_policy square{.elements = p.elements, .tile = scale_tile::square};
    constexpr std::size_t rows = 19, columns = 37;
    std::vector<float> y = some_floats(rows * columns, random);
    for (std::size_t i = 0; i < y.size(); i += 4) y[i] = 1;  // every block has the same largest number
    const auto in_rows = quantize<nvfp4, p>(y, columns, 99, 5);
    const auto in_tiles = quantize<nvfp4, square>(y, columns, 99, 5);
    CHECK(std::equal(in_rows.codes().begin(), in_rows.codes().end(), in_tiles.codes().begin()));
    CHECK(std::equal(in_rows.scales().begin(), in_rows.scales().end(), in_tiles.scales().begin()));

    // unbiased: 1.25 between 1 and 1.5
    std::vector<float> x(32 * 4000, 1.25F);
    for (std::size_t i = 0; i < x.size(); i += 32) x[i] = 4;
    std::vector<float> back(x.size());
    dequantize(quantize<mxfp4, p>(x, 32, 7), back);
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
        if (i % 32 != 0) sum += static_cast<double>(back[i]);
    CHECK(sum / (31 * 4000) == Approx(1.25).margin(0.005));
}
