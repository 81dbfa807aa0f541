// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Whole matrices against quantize_block and dequantize_block, block by block: any shape, the caller's memory, what is no number,
// and sizes that don't fit.
// needs: simd
// ctest-label: aarch64
#include <lowprec/kernels/blocks.hpp>

#include <array>
#include <cmath>
#include <vector>

#include "support/block_matrices.hpp"
#include "support/catch.hpp"

using namespace block_matrices;

TEST_CASE("Every row in every shape, and back") {
    tally result;
    random_bits random{81};
    for_each_row([&]<class B>() {
        for (const auto [rows, columns] : shapes) {
            const std::vector<float> x = some_floats(rows * columns, random);
            const block_tensor<B> t = quantize<B>(x, columns);
            result.equal(t.rows(), rows, name_of<B>, "rows");
            result.equal(t.columns(), columns, name_of<B>, "columns");
            const float g = tensor_scale<B>(largest_of(x));
            result.equal(bits_of(t.tensor_scale()), bits_of(g), name_of<B>, "tensor scale");
            compare<B, block_policy{}>(result, x, columns, t.view(), g);
            compare_numbers<B>(result, t.view());
        }
    });
    CHECK_TALLY(result, 12U * std::size(shapes) * 5);
}

TEST_CASE("Into the caller's memory, with and without a tensor scale") {
    tally result;
    random_bits random{82};
    for_each_row([&]<class B>() {
        constexpr std::size_t rows = 3, columns = 41;
        const std::vector<float> x = some_floats(rows * columns, random);
        const block_tensor<B> expected = quantize<B>(x, columns);
        const block_bytes bytes = bytes_of_blocks<B>(rows, columns);
        std::vector<std::byte> codes(bytes.codes + 1), scales(bytes.scales + 1, std::byte{0xA5});
        const auto view = [&] {
            if constexpr (B::layout == block_layout::separate)
                return block_span<B>(std::span(codes).subspan(1), std::span(scales).subspan(1), rows, columns);
            else
                return block_span<B>(std::span(codes).subspan(1), rows, columns);
        }();
        const float g = quantize<B>(x, view);
        result.equal(bits_of(g), bits_of(expected.tensor_scale()), name_of<B>, "tensor scale");
        const auto same = [&](const std::vector<std::byte>& a, std::span<const std::byte> b) {
            return std::equal(b.begin(), b.end(), a.begin() + 1, a.end());
        };
        result.equal(same(codes, expected.codes()), true, name_of<B>, "codes");
        result.equal(same(scales, expected.scales()), true, name_of<B>, "scales");
    });
    CHECK_TALLY(result, 12U * 3);

    const std::vector<float> x = some_floats(80, random);
    const auto t = quantize<nvfp4>(x, 40, 0.125F);
    CHECK(t.tensor_scale() == 0.125F);
    tally given;
    compare<nvfp4, block_policy{}>(given, x, 40, t.view(), 0.125F);
    auto u = t;
    CHECK(quantize<nvfp4>(x, u.view(), 0.25F) == 0.25F);
    compare<nvfp4, block_policy{}>(given, x, 40, std::as_const(u).view(), 0.25F);
    CHECK_TALLY(given, 2U);
}

TEST_CASE("NaN and infinity spoil their block and no other") {
    random_bits random{86};
    for (const float bad : {quiet_nan, infinity, -infinity}) {
        std::vector<float> x = some_floats(4 * 64, random);
        const auto clean = quantize<nvfp4>(x, 64);
        x[70] = bad;  // row 1, block 0
        x[71] = 0.25F;
        x[0] = 1.5F;  // the tensor's largest, so that it does not matter what was at 70 and 71
        auto without = x;
        without[70] = 0;
        const auto t = quantize<nvfp4>(x, 64);
        CHECK(t.tensor_scale() == quantize<nvfp4>(without, 64).tensor_scale());
        std::vector<float> back(x.size()), expected(x.size());
        dequantize(t, back);
        dequantize(quantize<nvfp4>(without, 64), expected);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const bool spoilt = i >= 64 && i < 80;
            CHECK(std::isnan(back[i]) == spoilt);
            if (!spoilt) CHECK(bits_of(back[i]) == bits_of(expected[i]));
        }
    }
    const auto nothing = quantize<nvfp4>(std::vector<float>(32, quiet_nan), 32);
    CHECK(nothing.tensor_scale() == 1);
}

TEST_CASE("A zero tensor") {
    const std::vector<float> x(64, 0.0F);
    const auto t = quantize<nvfp4>(x, 32);
    CHECK(t.tensor_scale() == 1);
    for (const std::byte b : t.scales()) CHECK(b == std::byte{0});
    for (const std::byte b : t.codes()) CHECK(b == std::byte{0});
    const auto spoilt = quantize<nvfp4, block_policy{recipe::modelopt}>(x, 32);
    CHECK(spoilt.tensor_scale() == 0);
    CHECK(spoilt.scales()[0] == std::byte{0x7F});
}

TEST_CASE("Sizes that do not fit are refused before anything is written") {
    std::vector<float> x(10);
    CHECK_THROWS_WITH(quantize<mxfp4>(x, 3), "lowprec::quantize: 10 elements are no rows of 3");
    CHECK_THROWS_WITH(quantize<mxfp4>(x, 0), "lowprec::quantize: 10 elements are no rows of 0");
    block_tensor<mxfp4> t(2, 6);
    CHECK_THROWS_WITH(quantize<mxfp4>(x, t.view()), "lowprec::quantize: in has 10 elements, but out has 2 x 6");
    CHECK_THROWS_WITH(dequantize(t, x), "lowprec::dequantize: from has 2 x 6 elements, but out has 10");
    CHECK_THROWS_WITH(quantize<nvfp4>(x, 5, 0.0F),
                      "lowprec::quantize: the tensor scale of nvfp4 must be a positive, finite number");
    CHECK(quantize<mxfp4>(std::vector<float>{}, 5).rows() == 0);
    std::array<float, 12> a{};
    dequantize(t, a);
    CHECK(quantize<mxfp4>(a, 6).codes()[0] == std::byte{0});
}
