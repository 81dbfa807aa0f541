// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The layers of a network on lowprec's matrix products: weights are quantized and prepared once, inputs are quantized where
// the arrangement says so, and codes are what is multiplied.
#ifndef LOWPREC_EXAMPLES_COMPARE_FORMATS_PRODUCTS_HPP
#define LOWPREC_EXAMPLES_COMPARE_FORMATS_PRODUCTS_HPP

#include <cstddef>
#include <functional>
#include <lowprec/block_formats.hpp>
#include <lowprec/kernels/blocks.hpp>
#include <lowprec/kernels/matmul.hpp>
#include <lowprec/quantize/affine.hpp>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace compare_formats {

/// Whether products of codes come with formats and quantizers, which takes a compiler half a minute, or rounding alone.
enum class multiplied { codes, rounded };

/// y = x w^T with the weights of a layer: x [images, columns], y [images, rows].
using product = std::function<void(std::span<const float> x, std::span<float> y)>;

/// Makes a product of weights [rows, columns]; nothing where no kernel takes them.
using product_maker = std::function<product(std::span<const float> weights, std::size_t rows, std::size_t columns)>;
/// The same with quantized inputs; `largest` is their largest magnitude over the calibration images.
using quantized_product_maker =
    std::function<product(std::span<const float> weights, std::size_t rows, std::size_t columns, float largest)>;

/// What products share: std::function copies what it holds.
template <class Weights>
auto prepared_once(const Weights& weights) {
    return std::make_shared<const lowprec::prepared<Weights>>(lowprec::prepare(weights));
}

template <class Weights>
product product_of_floats(const Weights& weights) {
    return [w = prepared_once(weights)](std::span<const float> x, std::span<float> y) { lowprec::matmul(x, *w, y); };
}

/// Codes of F with one scale for all weights: `scale` before rounding, `back` after.
template <lowprec::format F>
product product_in_format(std::span<const float> weights, std::size_t rows, std::size_t columns, float scale,
                          float back) {
    std::vector<F> codes;
    codes.reserve(weights.size());
    for (const float w : weights) codes.push_back(lowprec::convert<F>(w * scale));
    return product_of_floats(lowprec::scaled_span<F>(rows, columns, lowprec::scale_tiling::tensor(), codes,
                                                     std::span<const float>(&back, 1)));
}

template <lowprec::block_row B>
product product_in_blocks(std::span<const float> weights, std::size_t, std::size_t columns) {
    return product_of_floats(lowprec::quantize<B>(weights, columns));
}

/// Blocks times blocks.
template <lowprec::block_row B>
product product_of_blocks(std::span<const float> weights, std::size_t, std::size_t columns,
                          [[maybe_unused]] float largest) {
    return [w = prepared_once(lowprec::quantize<B>(weights, columns)), columns, largest](std::span<const float> x,
                                                                                         std::span<float> y) {
        if constexpr (B::has_tensor_scale) {
            const auto blocks = lowprec::quantize<B>(x, columns, lowprec::tensor_scale<B>(largest));
            lowprec::matmul(blocks.view(), *w, y);
        } else {
            static_cast<void>(largest);
            const auto blocks = lowprec::quantize<B>(x, columns);
            lowprec::matmul(blocks.view(), *w, y);
        }
    };
}

/// Affine weights with FP16 scales.
template <class Affine, lowprec::affine_policy P>
product_maker product_in_integers(lowprec::granularity by) {
    return [by](std::span<const float> weights, std::size_t rows, std::size_t columns) {
        return product_of_floats(lowprec::quantize<Affine, P, lowprec::fp16>(weights, rows, columns, by));
    };
}

/// Affine inputs times int8 weights with a scale a row: one range that was found beforehand, or one for each image.
template <class Affine>
product product_static(std::span<const float> weights, std::size_t rows, std::size_t columns, float largest) {
    using lowprec::granularity;
    return [w = prepared_once(lowprec::quantize<lowprec::affine<8>, lowprec::affine_policy{}, lowprec::fp16>(
                weights, rows, columns, granularity::row())),
            parameters = Affine::from_range(0, largest)](std::span<const float> x, std::span<float> y) {
        lowprec::matmul_int8(x, parameters, *w, y);
    };
}
template <class Affine, lowprec::affine_policy P>
product product_dynamic(std::span<const float> weights, std::size_t rows, std::size_t columns, float) {
    using lowprec::granularity;
    return [w = prepared_once(lowprec::quantize<lowprec::affine<8>, lowprec::affine_policy{}, lowprec::fp16>(
                weights, rows, columns, granularity::row())),
            columns](std::span<const float> x, std::span<float> y) {
        const auto codes = lowprec::quantize<Affine, P>(x, x.size() / columns, columns, granularity::row());
        lowprec::matmul(codes.view(), *w, y);
    };
}

}  // namespace compare_formats

#endif
