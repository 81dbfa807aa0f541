// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The formats of weight_format.hpp.
// needs: ptq
#include <cmath>
#include <stdexcept>

#include "../networks/quantized_linear.hpp"
#include "weight_format.hpp"

namespace ptq {

namespace {

using namespace lowprec;

template <class A, class Scale>
std::size_t bytes_of(const affine_matrix<A, Scale>& weights) {
    return weights.bytes();
}
template <class B>
std::size_t bytes_of(const block_tensor<B>& weights) {
    return weights.codes().size() + weights.scales().size() + (B::has_tensor_scale ? sizeof(float) : 0);
}

template <class Matrix>
quantized_layer layer_of(const Matrix& weights) {
    return {restored(weights), bytes_of(weights), networks::product_of(weights)};
}

std::string group_of(granularity by) {
    return by.is_row() ? "row" : by.is_tensor() ? "tensor" : std::to_string(by.size(~std::size_t{0}));
}

template <class Target>
weight_format format_of(std::string name, const Target& target) {
    weight_format format;
    format.name = std::move(name);
    format.group = group_of(target.by(1));
    format.round = [target](std::span<const float> weights, std::size_t rows, float) {
        return layer_of(round_to_nearest(weights, rows, target));
    };
    format.gptq = [target](std::span<const float> weights, std::size_t rows, std::span<const double> gram,
                           const gptq_options& options) {
        const auto result = gptq(weights, rows, gram, target, options);
        if (!result.order.empty()) throw std::runtime_error("GPTQ with an index of groups: no product takes that");
        return layer_of(result.weights);
    };
    format.search = [target](const input_statistics& inputs, std::span<const weight_view> layers) {
        return awq_search(inputs, layers, target);
    };
    format.clip = [target](const input_statistics& inputs, std::span<const float> weights, std::size_t rows) {
        return awq_clip(inputs, weights, rows, target);
    };
    return format;
}

template <block_row B>
weight_format block_format(inputs_as inputs) {
    auto format = format_of(std::string(name_of<B>), block_target<B>{});
    if (inputs == inputs_as::float32) return format;
    format.name += " w4a4";
    format.inputs = inputs;
    format.round = [](std::span<const float> weights, std::size_t rows, float largest_input) {
        const auto codes = round_to_nearest(weights, rows, block_target<B>{});
        return quantized_layer{restored(codes), bytes_of(codes), networks::block_product_of(codes, largest_input)};
    };
    format.gptq = {};  // its product takes float32
    return format;
}

granularity groups_of(std::size_t size) { return size == 0 ? granularity::row() : granularity::group(size); }

template <int Bits>
using with_zero_points =
    integer_target<affine<Bits, integer_codes::unsigned_full>, affine_policy{.range = range_kind::asymmetric}, fp16>;

}  // namespace

weight_format integers(int bits, std::size_t size) {
    const auto by = groups_of(size);
    switch (bits) {
    case 3: return format_of("int3", with_zero_points<3>{by});
    case 4: return format_of("int4", with_zero_points<4>{by});
    default: throw std::runtime_error("integers of " + std::to_string(bits) + " bits");
    }
}

weight_format symmetric_int4(std::size_t size) {
    return format_of("int4 symmetric", integer_target<affine<4>, affine_policy{}, fp16>{groups_of(size)});
}

weight_format nvfp4_blocks(inputs_as inputs) { return block_format<nvfp4>(inputs); }
weight_format mxfp4_blocks(inputs_as inputs) { return block_format<mxfp4>(inputs); }

weight_format w8a8(inputs_as inputs) {
    const auto by = inputs == inputs_as::static_format ? granularity::tensor() : granularity::row();
    weight_format format;
    format.name = inputs == inputs_as::static_format ? "w8a8 static" : "w8a8 dynamic";
    format.group = group_of(by);
    format.inputs = inputs;
    format.round = [by, inputs](std::span<const float> weights, std::size_t rows, float largest_input) {
        const auto codes = round_to_nearest(weights, rows, integer_target<affine<8>>{by});
        return quantized_layer{restored(codes), bytes_of(codes),
                               inputs == inputs_as::static_format
                                   ? networks::int8_product_of(codes, networks::int8_inputs::from_amax(largest_input))
                                   : networks::int8_product_of(codes)};
    };
    return format;
}

}  // namespace ptq
