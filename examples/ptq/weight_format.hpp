// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What weights become, as values: a format's own types, lowprec::ptq's methods for it and its matrix product are compiled once
// (weight_formats.cpp), and the rest of the program does not know them.
#ifndef LOWPREC_EXAMPLES_PTQ_WEIGHT_FORMAT_HPP
#define LOWPREC_EXAMPLES_PTQ_WEIGHT_FORMAT_HPP

#include <cstddef>
#include <functional>
#include <lowprec/ptq.hpp>
#include <span>
#include <string>
#include <vector>

#include "../networks/linear.hpp"

namespace ptq {

/// A layer with quantized weights.
struct quantized_layer {
    std::vector<float> restored;  ///< the floats that the codes stand for
    std::size_t bytes = 0;        ///< of codes, scales and zero points, as they are stored
    std::function<void(const networks::matrix& x, networks::matrix& y)> product;  ///< by codes: networks::layer_product
};

/// How a layer's inputs are treated.
enum class inputs_as : unsigned char { float32, static_format, dynamic_format };

struct weight_format {
    std::string name;   ///< "int4"
    std::string group;  ///< "64", "row", "tensor"; "16" and so on for blocks
    inputs_as inputs = inputs_as::float32;

    /// To nearest. `largest_input` matters where inputs are quantized with a scale that is fixed beforehand.
    std::function<quantized_layer(std::span<const float> weights, std::size_t rows, float largest_input)> round;
    std::function<quantized_layer(std::span<const float> weights, std::size_t rows, std::span<const double> gram,
                                  const lowprec::gptq_options& options)>
        gptq;
    std::function<lowprec::awq_scales(const lowprec::input_statistics& inputs,
                                      std::span<const lowprec::weight_view> layers)>
        search;
    std::function<lowprec::awq_limits(const lowprec::input_statistics& inputs, std::span<const float> weights,
                                      std::size_t rows)>
        clip;
};

// Integers with an FP16 scale for each group. `size` is a number of columns; 0 stands for whole rows.
weight_format integers(int bits, std::size_t size);  ///< of 4 or 3 bits, with zero points
weight_format symmetric_int4(std::size_t size);

// Blocks; inputs in float32, or in the same format.
weight_format nvfp4_blocks(inputs_as inputs = inputs_as::float32);
weight_format mxfp4_blocks(inputs_as inputs = inputs_as::float32);

/// INT8 weights and inputs. Static: one scale for a layer's weights and one for its inputs, fixed beforehand. Dynamic: one for each
/// row of either.
weight_format w8a8(inputs_as inputs);

}  // namespace ptq

#endif
