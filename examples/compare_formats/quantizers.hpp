// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Quantizers whose scales are finer than one a tensor, or whose codes are integers, as values: every row of the table of block
// formats, and the usual arrangements of INT8 and INT4.
#ifndef LOWPREC_EXAMPLES_COMPARE_FORMATS_QUANTIZERS_HPP
#define LOWPREC_EXAMPLES_COMPARE_FORMATS_QUANTIZERS_HPP

#include <cstddef>
#include <functional>
#include <lowprec/block_formats.hpp>
#include <lowprec/kernels/blocks.hpp>
#include <lowprec/quantize/affine.hpp>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "products.hpp"

namespace compare_formats {

/// What a quantizer makes of a network: numbers that go through it and back, and products of its codes.
struct quantizer {
    std::string name;
    std::string family;  ///< "block formats", "INT8", "INT4"
    /// Weights [rows, columns], a row for each output. Returns the bytes of the codes, scales and zero points.
    std::function<std::size_t(std::span<float> values, std::size_t rows, std::size_t columns)> weights;
    std::string inputs_as;  ///< what the inputs of layers become; nothing if they stay FP32
    /// Inputs [images, columns] of a layer; `largest` is their largest magnitude over the calibration images.
    std::function<void(std::span<float> values, std::size_t images, std::size_t columns, float largest)> inputs;
    product_maker as_weights = {};         ///< nothing where no kernel takes such weights
    quantized_product_maker as_both = {};  ///< nothing also where inputs stay FP32
};

template <lowprec::block_row B>
std::size_t weights_in_blocks(std::span<float> values, std::size_t, std::size_t columns) {
    const auto blocks = lowprec::quantize<B>(values, columns);
    lowprec::dequantize(blocks, values);
    return blocks.codes().size() + blocks.scales().size() + (B::has_tensor_scale ? sizeof(float) : 0);
}

/// Blocks find their scales in their own numbers; a tensor's scale above them is fixed beforehand.
template <lowprec::block_row B>
void inputs_in_blocks(std::span<float> values, std::size_t, std::size_t columns, [[maybe_unused]] float largest) {
    if constexpr (B::has_tensor_scale)
        lowprec::dequantize(lowprec::quantize<B>(values, columns, lowprec::tensor_scale<B>(largest)), values);
    else
        lowprec::dequantize(lowprec::quantize<B>(values, columns), values);
}

/// Scales are stored as FP16, as most files do.
template <class Affine, lowprec::affine_policy P>
auto weights_in_integers(lowprec::granularity by) {
    return [by](std::span<float> values, std::size_t rows, std::size_t columns) {
        const auto codes = lowprec::quantize<Affine, P, lowprec::fp16>(values, rows, columns, by);
        lowprec::dequantize(codes.view(), values);
        return codes.bytes();
    };
}

using uint8 = lowprec::affine<8, lowprec::integer_codes::unsigned_full>;
inline constexpr lowprec::affine_policy asymmetric{.range = lowprec::range_kind::asymmetric};

/// Inputs are not negative here, so an asymmetric range uses all codes. Static: one range for all images, found beforehand.
inline void inputs_static(std::span<float> values, std::size_t, std::size_t, float largest) {
    const auto parameters = uint8::from_range(0, largest);
    for (float& x : values) x = parameters.dequantize(parameters.quantize(x));
}
/// Dynamic: a range for each image, from its own numbers.
inline void inputs_dynamic(std::span<float> values, std::size_t images, std::size_t columns, float) {
    lowprec::fake_quantize<uint8, asymmetric>(values, values, images, columns, lowprec::granularity::row());
}

template <multiplied What, lowprec::block_row B>
quantizer in_blocks() {
    quantizer q{std::string(lowprec::name_of<B>), "block formats", weights_in_blocks<B>, "the same",
                inputs_in_blocks<B>};
    if constexpr (What == multiplied::codes && !B::has_minimum) {
        q.as_weights = product_in_blocks<B>;
        q.as_both = product_of_blocks<B>;
    }
    return q;
}

template <multiplied What, class Affine, lowprec::affine_policy P>
quantizer in_integers(std::string name, const char* family, lowprec::granularity by) {
    quantizer q{std::move(name), family, weights_in_integers<Affine, P>(by), "", {}};
    if constexpr (What == multiplied::codes) q.as_weights = product_in_integers<Affine, P>(by);
    return q;
}

template <multiplied What>
std::vector<quantizer> quantizers() {
    using lowprec::granularity;
    std::vector<quantizer> all;
    [&]<class... Bs>(std::tuple<Bs...>*) {
        (all.push_back(in_blocks<What, Bs>()), ...);
    }(static_cast<lowprec::all_block_formats*>(nullptr));

    constexpr lowprec::affine_policy symmetric{};
    const std::pair<const char*, granularity> by[] = {{"tensor", granularity::tensor()},
                                                      {"row", granularity::row()},
                                                      {"g128", granularity::group(128)},
                                                      {"g64", granularity::group(64)},
                                                      {"g32", granularity::group(32)}};
    using int8 = lowprec::affine<8>;
    using int4 = lowprec::affine<4>;
    using uint4 = lowprec::affine<4, lowprec::integer_codes::unsigned_full>;
    for (const auto& [name, size] : by)
        all.push_back(in_integers<What, int8, symmetric>(std::string("int8_") + name, "INT8", size));
    auto w8a8 = in_integers<What, int8, symmetric>("w8a8_static", "INT8", granularity::row());
    w8a8.inputs_as = "uint8, one range";
    w8a8.inputs = inputs_static;
    if constexpr (What == multiplied::codes) w8a8.as_both = product_static<uint8>;
    all.push_back(w8a8);
    w8a8.name = "w8a8_dynamic";
    w8a8.inputs_as = "uint8, a range an image";
    w8a8.inputs = inputs_dynamic;
    if constexpr (What == multiplied::codes) w8a8.as_both = product_dynamic<uint8, asymmetric>;
    all.push_back(w8a8);
    for (const auto& [name, size] : by)
        all.push_back(in_integers<What, int4, symmetric>(std::string("int4_") + name, "INT4", size));
    for (const auto& [name, size] : by)
        if (!size.is_tensor() && !size.is_row())
            all.push_back(in_integers<What, uint4, asymmetric>(std::string("int4_asym_") + name, "INT4", size));
    return all;
}

}  // namespace compare_formats

#endif
