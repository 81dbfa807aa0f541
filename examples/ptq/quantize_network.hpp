// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A network's linear layers through a method of lowprec::ptq: calibration, folding, quantization layer by layer.
#ifndef LOWPREC_EXAMPLES_PTQ_QUANTIZE_NETWORK_HPP
#define LOWPREC_EXAMPLES_PTQ_QUANTIZE_NETWORK_HPP

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <lowprec/ptq.hpp>
#include <lowprec/quantize/measures.hpp>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../networks/linear.hpp"
#include "../networks/quantized_linear.hpp"
#include "folding.hpp"
#include "weight_format.hpp"

namespace ptq {

/// What is done to weights before and while they are rounded.
struct method {
    enum class scaling : unsigned char { none, awq, smooth_quant };

    std::string name;
    scaling scales = scaling::none;
    bool clips = false;        ///< awq_clip, but for queries and keys
    bool compensates = false;  ///< GPTQ
    lowprec::gptq_options gptq{};
};

/// The statistics of every linear layer's inputs.
using layer_statistics = std::map<std::string, lowprec::input_statistics, std::less<>>;

/// Gathers them from what `run` computes with the linear layers that it is given. On one thread.
template <class Run>
layer_statistics calibrate(const networks::weight_map& weights, Run&& run) {
    layer_statistics seen;
    for (const auto& [name, w] : weights) seen.emplace(name, static_cast<std::size_t>(w.cols()));
    run(networks::observed(networks::float_linear(weights), [&](std::string_view layer, const networks::matrix& x) {
        seen.find(layer)->second.add(networks::values_of(x), static_cast<std::size_t>(x.rows()));
    }));
    return seen;
}

template <class Net>
struct quantized_network {
    Net net;  ///< with scales folded, its weights not yet rounded
    networks::layer_products layers;
    std::vector<float> pixel_scales;  ///< what images are divided by first; none for most
    double bits = 0;                  ///< for each weight
    double sqnr_db = 0;               ///< of the weights, the scales taken out again
    double seconds = 0;               ///< without calibration
};

namespace detail {

inline lowprec::weight_view view_of(const networks::matrix& w) {
    return {networks::values_of(w), static_cast<std::size_t>(w.rows())};
}

inline bool is_query_or_key(std::string_view layer) { return layer.ends_with("q_proj") || layer.ends_with("k_proj"); }

inline float largest_input(const lowprec::input_statistics& inputs) {
    float largest = 0;
    for (std::size_t j = 0; j < inputs.columns(); ++j) largest = std::max(largest, inputs.abs_max(j));
    return largest;
}

}  // namespace detail

/// Quantizes a copy of the network.
template <class Net>
quantized_network<Net> quantize_network(const Net& original, const layer_statistics& calibrated,
                                        const weight_format& format, const method& how) {
    const auto begun = std::chrono::steady_clock::now();
    quantized_network<Net> result{original, {}, {}, 0, 0, 0};
    auto& weights = result.net.weights;
    // only what scales change is copied
    layer_statistics folded;
    std::map<std::string, std::vector<float>, std::less<>> column_scales, row_scales;
    const auto inputs_of = [&](const std::string& layer) -> const lowprec::input_statistics& {
        const auto changed = folded.find(layer);
        return changed == folded.end() ? calibrated.find(layer)->second : changed->second;
    };

    if (how.scales != method::scaling::none)
        for (const auto& site : fold_sites(original)) {
            const auto& inputs = inputs_of(site.layers[0]);
            std::vector<lowprec::weight_view> layers;
            for (const auto& name : site.layers) layers.push_back(detail::view_of(weights.at(name)));
            const auto scales = how.scales == method::scaling::awq ? format.search(inputs, layers).scales
                                                                   : lowprec::smooth_quant(inputs, layers);
            divide_before(result.net, site, scales);
            if (site.into == fold_site::kind::pixels) result.pixel_scales = scales;
            if (site.into == fold_site::kind::linear_layer) row_scales[site.before] = scales;
            const auto divided = inputs.divided_by(scales);
            for (const auto& name : site.layers) {
                auto& w = weights.at(name);
                lowprec::scale_columns(networks::values_of(w), static_cast<std::size_t>(w.rows()), scales);
                column_scales[name] = scales;
                folded.insert_or_assign(name, divided);
            }
        }

    lowprec::error_measures error;
    std::size_t bytes = 0, count = 0;
    for (const auto& [name, w] : original.weights) {
        const auto rows = static_cast<std::size_t>(w.rows()), columns = static_cast<std::size_t>(w.cols());
        networks::matrix ready = weights.at(name);
        const auto& inputs = inputs_of(name);
        if (how.clips && !detail::is_query_or_key(name))
            lowprec::clip_weights(networks::values_of(ready), rows,
                                  format.clip(inputs, networks::values_of(std::as_const(ready)), rows));
        const std::span<const float> values = networks::values_of(std::as_const(ready));
        auto layer = how.compensates ? format.gptq(values, rows, inputs.gram(), how.gptq)
                                     : format.round(values, rows, detail::largest_input(inputs));
        bytes += layer.bytes;
        count += layer.restored.size();
        const auto by_column = column_scales.find(name), by_row = row_scales.find(name);
        for (std::size_t i = 0; i < layer.restored.size(); ++i) {
            if (by_column != column_scales.end()) layer.restored[i] /= by_column->second[i % columns];
            if (by_row != row_scales.end()) layer.restored[i] *= by_row->second[i / columns];
        }
        error.add(networks::values_of(w), std::span<const float>(layer.restored));
        result.layers.emplace(name, std::move(layer.product));
    }
    result.bits = 8 * static_cast<double>(bytes) / static_cast<double>(count);
    result.sqnr_db = error.sqnr_db();
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    return result;
}

}  // namespace ptq

#endif
