// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Matrices of affine codes of all shapes, granularities and widths; what is refused; any environment.
// needs: simd
// isa: best
// ctest-label: aarch64
#include <lowprec/quantize/affine.hpp>

#include <cfenv>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/affine_matrix.hpp"
#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/isa.hpp"
#include "support/tally.hpp"

using namespace lowprec;
using namespace affine_checks;

namespace {

template <class A, affine_policy P, class Scale>
void check_shapes(tally& result, std::uint64_t& cases) {
    random_bits random{A::bits};
    for (const std::size_t rows : std::initializer_list<std::size_t>{0U, 1U, 2U, 5U})
        for (const std::size_t columns : std::initializer_list<std::size_t>{0U, 1U, 3U, 8U, 13U, 32U, 33U, 70U, 257U}) {
            std::vector<float> x(rows * columns);
            for (auto& v : x) v = static_cast<float>(static_cast<std::int64_t>(random() >> 40) - 0x800000) * 0x1p-20F;
            for (const grouping by : all_groupings) check_matrix<A, P, Scale>(result, cases, x, rows, columns, by);
        }
}

}  // namespace

TEST_CASE("all shapes, granularities and widths") {
    tally result;
    std::uint64_t cases = 0;
    check_shapes<s8, symmetric, float>(result, cases);
    check_shapes<u8, asymmetric, float>(result, cases);
    check_shapes<s4, symmetric, fp16>(result, cases);
    check_shapes<u4, asymmetric, bf16>(result, cases);
    check_shapes<s3, symmetric, float>(result, cases);
    check_shapes<u2, asymmetric, float>(result, cases);
    CHECK_TALLY(result, cases);
}

TEST_CASE("recipes take the same way") {
    tally result;
    std::uint64_t cases = 0;
    check_shapes<u8, affine_policy{integer_recipe::onnx, range_kind::asymmetric}, float>(result, cases);
    check_shapes<u4, affine_policy{integer_recipe::awq, range_kind::asymmetric}, float>(result, cases);
    check_shapes<s4, affine_policy{integer_recipe::compressed_tensors}, float>(result, cases);
    CHECK_TALLY(result, cases);
}

TEST_CASE("ggml's 4-bit scale has the sign of the number of the largest magnitude, the first of equals") {
    constexpr affine_policy ggml{integer_recipe::ggml};
    const std::vector<float> x{1, 8, -8, 2, /**/ -4, 4, 1, 0, /**/ 0, 0, -0.0F, 0};
    const auto m = quantize<u4, ggml>(x, 3, 4, granularity::row());
    const auto view = m.view();
    CHECK(view.group(0).scale == -1);
    CHECK(view.group(1).scale == 0.5F);
    CHECK(view.group(2).scale == 0);
    CHECK(view.code(0, 1) == 0);
    CHECK(view.code(0, 2) == 15);  // 16 is cut
    CHECK(view.code(0, 0) == 7);
    CHECK(view.code(1, 0) == 0);
    CHECK(view.code(2, 2) == 8);
    std::vector<float> back(12);
    dequantize(view, back);
    CHECK(back == std::vector<float>{1, 8, -7, 2, -4, 3.5F, 1, 0, 0, 0, 0, 0});
    std::vector<float> fake(12);
    fake_quantize<u4, ggml>(x, fake, 3, 4, granularity::row());
    CHECK(fake == back);
}

TEST_CASE("parameters that static quantization refuses") {
    const std::vector<float> x(6, 1.0F);
    std::vector<std::byte> codes(6);
    std::vector<float> scales{1, 1, 1};
    std::vector<std::int8_t> zeros{0, 0, 0};
    const affine_span<s4> view(3, 2, granularity::row(), std::span(codes).first(3), scales, zeros);
    quantize_as_chosen(x, view);
    const std::vector<std::byte> before = codes;
    for (const float bad : {0.0F, -0.0F, -1.0F, not_a_number, infinity, -infinity}) {
        scales[1] = bad;
        CHECK_THROWS_WITH(quantize_as_chosen(x, view),
                          "lowprec::quantize_as_chosen: scale 1 is zero, negative, infinite or NaN");
        std::vector<float> out(6, 9.0F);
        if (is_finite(bad)) {
            dequantize(view, out);
            CHECK(is_finite(out[2]));
        } else {
            CHECK_THROWS_WITH(dequantize(view, out), "lowprec::dequantize: scale 1 is infinite or NaN");
            CHECK(out == std::vector<float>(6, 9.0F));
        }
    }
    scales[1] = 1;
    for (const std::int8_t bad : {std::int8_t{-9}, std::int8_t{8}, std::int8_t{127}}) {
        zeros[2] = bad;
        CHECK_THROWS_WITH(quantize_as_chosen(x, view), "lowprec::quantize_as_chosen: zero point 2 is " +
                                                           std::to_string(bad) + ", but codes go from -8 to 7");
    }
    CHECK(codes == before);
    // a denormal scale is fine
    zeros[2] = 0;
    scales[1] = with_bits(3);
    quantize_as_chosen(x, view);
    CHECK(view.code(1, 0) == 7);
}

TEST_CASE("sizes that don't fit together") {
    std::vector<float> x(12), out(11);
    std::vector<std::byte> codes(8);
    std::vector<float> scales(4);
    std::vector<std::int8_t> zeros(3);
    using view = affine_span<s4>;
    CHECK_THROWS_WITH(view(3, 5, granularity::row(), codes, scales),
                      "lowprec::affine_span: 3 rows of 5 codes of 4 bits take 9 bytes, but codes has 8");
    CHECK_THROWS_WITH(view(4, 3, granularity::tensor(), codes, scales),
                      "lowprec::affine_span: 1 groups need as many scales, but there are 4");
    CHECK_THROWS_WITH(view(4, 3, granularity::row(), codes, scales, zeros),
                      "lowprec::affine_span: 4 groups need as many zero points or none, but there are 3");
    CHECK_THROWS_AS(view(~std::size_t{0}, 5, granularity::row(), codes, scales), std::invalid_argument);
    CHECK_THROWS_WITH(granularity::group(0), "lowprec::granularity: groups of 0 elements");
    const view fine(4, 3, granularity::row(), codes, scales);
    x.resize(13);
    CHECK_THROWS_WITH(quantize(x, fine), "lowprec::quantize: 4 rows of 3 elements, but there are 13");
    CHECK_THROWS_WITH(dequantize(fine, out), "lowprec::dequantize: 4 rows of 3 elements, but there are 11");
    CHECK_THROWS_AS((fake_quantize<s4>(x, out, 4, 3)), std::invalid_argument);
    CHECK_THROWS_AS((quantize<s4>(x, ~std::size_t{0} / 2 + 1, 2)), std::invalid_argument);  // the product overflows
    x.resize(12);
    CHECK_THROWS_WITH((quantize<asymmetric>(x, fine)),
                      "lowprec::quantize: asymmetric ranges need room for zero points");
}

TEST_CASE("in place, and in any environment") {
    random_bits random{9};
    std::vector<float> x(5 * 333);
    for (auto& v : x) v = with_bits(random() & 0x83FFFFFF);  // denormals among them
    const auto run = [&] {
        std::vector<float> y = x;
        fake_quantize<s4>(y, y, 5, 333, granularity::group(32));
        const auto m = quantize<u8, asymmetric>(x, 5, 333, granularity::row());
        for (const std::byte b : m.view().codes()) y.push_back(static_cast<float>(b));
        for (const float s : m.view().scales()) y.push_back(s);
        std::vector<std::uint32_t> bits;
        for (const float v : y) bits.push_back(bits_of(v));
        return bits;
    };
    const auto expected = run();
    std::vector<float> apart(x.size());
    fake_quantize<s4>(x, apart, 5, 333, granularity::group(32));
    for (std::size_t i = 0; i < x.size(); ++i)
        if (bits_of(apart[i]) != expected[i]) FAIL("in place is different");
    for (const int direction : {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO}) {
        const rounding_direction set(direction);
        CHECK(run() == expected);
    }
    if constexpr (flushed_denormals::available) {
        const flushed_denormals set;
        CHECK(run() == expected);
    }
}
