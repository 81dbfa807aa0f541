// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What the tests of whole matrices of blocks share: shapes, numbers, and the comparison with one block after the other.
#ifndef LOWPREC_TESTS_SUPPORT_BLOCK_MATRICES_HPP
#define LOWPREC_TESTS_SUPPORT_BLOCK_MATRICES_HPP

#include <algorithm>
#include <bit>
#include <cmath>
#include <lowprec/kernels/blocks.hpp>
#include <vector>

#include "support/special_floats.hpp"
#include "support/tally.hpp"

namespace block_matrices {

using namespace lowprec;

template <class Function>
void for_each_row(Function&& f) {
    [&]<class... Bs>(std::type_identity<std::tuple<Bs...>>) {
        (f.template operator()<Bs>(), ...);
    }(std::type_identity<all_block_formats>{});
}

inline std::vector<float> some_floats(std::size_t n, random_bits& random) {
    std::vector<float> x(n);
    for (float& v : x) {
        const std::uint64_t r = random();
        v = std::ldexp(static_cast<float>(r >> 40), -24 - static_cast<int>(r % 12)) *
            ((r & 0x1000) != 0 ? 1.0F : -1.0F);
    }
    return x;
}

struct shape {
    std::size_t rows, columns;
};
inline constexpr shape shapes[] = {{0, 5},  {1, 1},  {2, 15}, {3, 16}, {1, 17},  {4, 31},  {2, 32}, {3, 33},
                                   {2, 63}, {2, 64}, {2, 65}, {5, 77}, {1, 128}, {20, 50}, {7, 200}};

// The quantizer's blocks against one block after the other.
template <class B, block_policy P>
void compare(tally& result, const std::vector<float>& x, std::size_t columns, block_span<const B> got, float t) {
    std::uint64_t different = 0;
    for (std::size_t row = 0; row < got.rows(); ++row)
        for (std::size_t k = 0; k < got.blocks_per_row(); ++k) {
            const std::size_t n = std::min<std::size_t>(columns - k * B::length, B::length);
            auto expected = quantize_block<B, P>(std::span(x).subspan(row * columns + k * B::length, n), t);
            for (std::size_t i = n; i < B::length; ++i) expected.codes[i] = 0;  // as they are read back
            different += got.get(row, k) == expected ? 0U : 1U;
        }
    result.equal(different, 0U, name_of<B>, "columns", columns);
}

template <class B>
void compare_numbers(tally& result, block_span<const B> from) {
    std::vector<float> f(from.size());
    std::vector<bf16> b(from.size());
    std::vector<fp16> h(from.size());
    dequantize(from, f);
    dequantize(from, b);
    dequantize(from, std::span(h));
    std::uint64_t different = 0;
    for (std::size_t row = 0; row < from.rows(); ++row)
        for (std::size_t k = 0; k < from.blocks_per_row(); ++k) {
            const auto n = static_cast<std::size_t>(from.size_of_block(k));
            const std::size_t at = row * from.columns() + k * B::length;
            float one[B::length];
            bf16 one_b[B::length];
            fp16 one_h[B::length];
            const block<B> blk = from.get(row, k);
            dequantize_block<B>(blk, std::span(one).first(n), from.tensor_scale());
            dequantize_block<B>(blk, std::span(one_b).first(n), from.tensor_scale());
            dequantize_block<B>(blk, std::span(one_h).first(n), from.tensor_scale());
            for (std::size_t i = 0; i < n; ++i) {
                different += bits_of(f[at + i]) == bits_of(one[i]) ? 0U : 1U;
                different += b[at + i].bits() == one_b[i].bits() ? 0U : 1U;
                different += h[at + i].bits() == one_h[i].bits() ? 0U : 1U;
            }
        }
    result.equal(different, 0U, name_of<B>, "numbers, columns", from.columns());
}

inline float largest_of(const std::vector<float>& x) {
    float a = 0;
    for (const float v : x)
        if (std::isfinite(v)) a = std::max(a, std::fabs(v));
    return a;
}

}  // namespace block_matrices

#endif
