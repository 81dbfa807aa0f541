// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Where scales of a layer's inputs can go, in each of the two networks, so that what the network computes stays the same.
#ifndef LOWPREC_EXAMPLES_PTQ_FOLDING_HPP
#define LOWPREC_EXAMPLES_PTQ_FOLDING_HPP

#include <Eigen/Core>
#include <cstddef>
#include <lowprec/ptq/fold.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../networks/char_gpt.hpp"
#include "../networks/fashion_mnist.hpp"
#include "../networks/quantized_linear.hpp"

namespace ptq {

/// Layers that read the same inputs, so share their scales, and what is divided by these.
struct fold_site {
    enum class kind : unsigned char { norm, linear_layer, pixels } into;
    std::string before;  ///< the norm or the linear layer
    std::vector<std::string> layers;
};

/// The norms before q, k and v, before the MLP and before the head; and v before the attention's output, which is a weighted mean of
/// v's rows. The MLP's down projection has none: a GELU stands before it.
inline std::vector<fold_site> fold_sites(const networks::char_gpt& net) {
    std::vector<fold_site> sites;
    for (auto& [norm, layers] : net.pairs()) sites.push_back({fold_site::kind::norm, norm, layers});
    for (std::size_t n = 0; n < net.layers; ++n) {
        const auto attention = "layers." + std::to_string(n) + ".self_attn.";
        sites.push_back({fold_site::kind::linear_layer, attention + "v_proj", {attention + "o_proj"}});
    }
    return sites;
}

/// Every layer: ReLU of x / s is ReLU(x) / s, and the first layer's scales would be folded into whatever scales the pixels.
inline std::vector<fold_site> fold_sites(const networks::mlp& net) {
    std::vector<fold_site> sites;
    for (std::size_t n = 0; n < net.names.size(); ++n)
        sites.push_back({n == 0 ? fold_site::kind::pixels : fold_site::kind::linear_layer,
                         n == 0 ? "" : net.names[n - 1],
                         {net.names[n]}});
    return sites;
}

inline std::span<float> values_of(Eigen::VectorXf& x) { return {x.data(), static_cast<std::size_t>(x.size())}; }

/// X / s, of what makes the inputs X.
inline void divide_before(networks::char_gpt& net, const fold_site& site, std::span<const float> scales) {
    if (site.into == fold_site::kind::norm)
        return lowprec::divide_norm(values_of(net.gains.at(site.before)), {}, scales);
    auto& w = net.weights.at(site.before);
    lowprec::divide_rows(networks::values_of(w), static_cast<std::size_t>(w.rows()), {}, scales);
}
inline void divide_before(networks::mlp& net, const fold_site& site, std::span<const float> scales) {
    if (site.into == fold_site::kind::pixels) return;  // quantized_network::pixel_scales
    auto& w = net.weights.at(site.before);
    lowprec::divide_rows(networks::values_of(w), static_cast<std::size_t>(w.rows()),
                         values_of(net.biases.at(site.before)), scales);
}

}  // namespace ptq

#endif
