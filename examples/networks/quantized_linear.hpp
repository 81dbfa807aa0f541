// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Linear layers with quantized weights, on lowprec's matrix products: codes are multiplied as they are stored, never as floats.
#ifndef LOWPREC_EXAMPLES_NETWORKS_QUANTIZED_LINEAR_HPP
#define LOWPREC_EXAMPLES_NETWORKS_QUANTIZED_LINEAR_HPP

#include <cstddef>
#include <functional>
#include <lowprec/kernels/blocks.hpp>
#include <lowprec/kernels/matmul.hpp>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "linear.hpp"

namespace networks {

/// y = x W^T of one layer: x is [m,k], and y comes as [m,n]. May be called from several threads.
using layer_product = std::function<void(const matrix& x, matrix& y)>;
using layer_products = std::map<std::string, layer_product, std::less<>>;

inline std::span<const float> values_of(const matrix& x) { return {x.data(), static_cast<std::size_t>(x.size())}; }
inline std::span<float> values_of(matrix& x) { return {x.data(), static_cast<std::size_t>(x.size())}; }

/// Weights alone are quantized; the inputs stay float32.
template <class Weights>
layer_product product_of(const Weights& weights) {
    return
        [w = lowprec::prepare(weights)](const matrix& x, matrix& y) { lowprec::matmul(values_of(x), w, values_of(y)); };
}

/// int8 weights; each row of the inputs becomes int8 with a scale of its own.
template <class Weights>
layer_product int8_product_of(const Weights& weights) {
    return [w = lowprec::prepare(weights)](const matrix& x, matrix& y) {
        lowprec::matmul_int8(values_of(x), w, values_of(y));
    };
}

using int8_inputs = lowprec::affine<8, lowprec::integer_codes::signed_narrow>;

/// int8 weights; the inputs become int8 with one scale that was fixed beforehand.
template <class Weights>
layer_product int8_product_of(const Weights& weights, int8_inputs parameters) {
    return [w = lowprec::prepare(weights), parameters](const matrix& x, matrix& y) {
        lowprec::matmul_int8(values_of(x), parameters, w, values_of(y));
    };
}

/// Blocks times blocks: the inputs become the weights' own format. Where the format has a tensor scale, it was fixed beforehand.
template <lowprec::block_row B>
layer_product block_product_of(const lowprec::block_tensor<B>& weights, [[maybe_unused]] float largest_input) {
    const auto product = [w = lowprec::prepare(weights)](const lowprec::block_tensor<B>& x, matrix& y) {
        lowprec::matmul(x.view(), w, values_of(y));
    };
    const auto columns = weights.columns();
    if constexpr (B::has_tensor_scale)
        return [product, columns, scale = lowprec::tensor_scale<B>(largest_input)](const matrix& x, matrix& y) {
            product(lowprec::quantize<B>(values_of(x), columns, scale), y);
        };
    else
        return
            [product, columns](const matrix& x, matrix& y) { product(lowprec::quantize<B>(values_of(x), columns), y); };
}

/// Layers by their names.
inline linear quantized_linear(layer_products layers) {
    return [layers = std::move(layers)](std::string_view layer, const matrix& x, matrix& y) {
        const auto found = layers.find(layer);
        if (found == layers.end()) throw std::runtime_error("no linear layer '" + std::string(layer) + "'");
        found->second(x, y);
    };
}

}  // namespace networks

#endif
