// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Blocks: any numbers by every recipe that a block format has give codes of its width; finite numbers give no NaN by exact
// arithmetic and by the scale rules of MX; and matrices are blocks, whatever their shapes.
// needs: simd
#include <algorithm>
#include <lowprec/block_formats.hpp>
#include <lowprec/kernels/blocks.hpp>
#include <tuple>
#include <utility>

#include "fuzz.hpp"

namespace {

using namespace lowprec;
using fuzz::promise;

constexpr recipe last_recipe = recipe::ggml;

template <class B>
constexpr int width = B::element::width;

// The recipes keep their tools' ways with scales that are no numbers; exact arithmetic and MX make no NaN.
template <recipe How>
constexpr bool never_nan =
    How == recipe::exact || How == recipe::floor || How == recipe::ceil || How == recipe::even || How == recipe::rceil;

float sound_tensor_scale(fuzz::input& in) {
    const float scale = in.number();
    const auto bits = std::bit_cast<std::uint32_t>(scale) & 0x7FFFFFFF;
    return bits == 0 || bits >= 0x7F800000 ? 1 : std::bit_cast<float>(bits);
}

template <class B, block_policy P>
void one_block(fuzz::input& in) {
    const std::size_t n = 1 + in.up_to(B::length - 1);
    const fuzz::exact_block<float> x(n), back(n);
    bool finite = true;
    const bool ties = in.take<std::uint8_t>() % 2 == 0;
    for (float& v : x.span()) {
        v = ties ? static_cast<float>(in.take<std::int8_t>()) / 4 : in.number();
        finite = finite && fuzz::is_finite(v);
    }
    float g = 1;
    if constexpr (B::has_tensor_scale) {
        float amax = 0;
        for (const float v : x.span())
            if (fuzz::is_finite(v)) amax = std::max(amax, v < 0 ? -v : v);
        g = in.take<std::uint8_t>() % 4 == 0 ? sound_tensor_scale(in) : tensor_scale<B, P>(amax);
        const auto bits = std::bit_cast<std::uint32_t>(g);
        if (bits == 0 || bits >= 0x7F800000) return;  // what some tools make of a tensor of zeros
    }
    const block<B> made = quantize_block<B, P>(x.span(), g);
    for (int i = 0; i < B::length; ++i) promise(made.codes[i] >> width<B> == 0, "a code has the width of its element");
    dequantize_block<B>(made, back.span(), g);
    if (finite && never_nan<P.how>)
        for (const float v : back.span()) promise(!fuzz::is_nan(v), "finite numbers don't become NaN");
    const fuzz::exact_block<bf16> narrow(n);
    dequantize_block<B>(made, narrow.span(), g);
}

template <class B, recipe How>
void by_recipe(fuzz::input& in) {
    if constexpr (detail::block_quantizer<B, block_policy{.how = How}>) one_block<B, block_policy{.how = How}>(in);
}

template <class B>
void matrix(fuzz::input& in) {
    const std::size_t rows = in.up_to(5), columns = 1 + in.up_to(70);
    const fuzz::exact_block<float> x(rows * columns), back(rows * columns);
    bool finite = true;
    for (float& v : x.span()) {
        v = in.number();
        finite = finite && fuzz::is_finite(v);
    }
    const auto made = quantize<B>(x.span(), columns);
    dequantize(made, back.span());
    const auto view = made.view();
    for (std::size_t row = 0; row < rows; ++row)
        for (std::size_t i = 0; i < made.blocks_per_row(); ++i) {
            const std::size_t first = row * columns + i * B::length;
            const std::size_t n = std::min<std::size_t>(B::length, columns - i * B::length);
            const auto wanted = quantize_block<B>(x.span().subspan(first, n), made.tensor_scale());
            const auto got = view.get(row, i);
            promise(got.scale.bits() == wanted.scale.bits(), "a block of a matrix has the scale of one alone");
            const fuzz::exact_block<float> floats(n);
            dequantize_block<B>(wanted, floats.span(), made.tensor_scale());
            for (std::size_t k = 0; k < n; ++k) {
                promise(got.codes[k] == wanted.codes[k], "a block of a matrix has the codes of one alone");
                promise(fuzz::same_bits(back[first + k], floats[k]), "a matrix comes back as its blocks do");
                promise(!finite || !fuzz::is_nan(floats[k]), "finite numbers don't become NaN");
            }
        }
}

template <class B>
void check(fuzz::input& in) {
    const auto how = in.take<std::uint8_t>() % 16U;
    if (how > static_cast<unsigned>(last_recipe)) return matrix<B>(in);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((how == I ? by_recipe<B, static_cast<recipe>(I)>(in) : void()), ...);
    }
    (std::make_index_sequence<static_cast<std::size_t>(last_recipe) + 1>{});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const std::size_t which = in.take<std::uint8_t>() % std::tuple_size_v<all_block_formats>;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((which == I ? check<std::tuple_element_t<I, all_block_formats>>(in) : void()), ...);
    }
    (std::make_index_sequence<std::tuple_size_v<all_block_formats>>{});
    return 0;
}
