// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Gives a network outlier channels such as large language models have, without changing what it computes: a norm's gain times a
// factor, the columns of the linear layers behind it divided by the same.
#ifndef LOWPREC_EXAMPLES_NETWORKS_OUTLIERS_HPP
#define LOWPREC_EXAMPLES_NETWORKS_OUTLIERS_HPP

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "char_gpt.hpp"
#include "linear.hpp"

namespace networks {

/// The channels of one norm that became outliers.
struct injected_outliers {
    std::string norm;
    std::vector<std::size_t> channels;
};

/// Makes `channels` channels of every norm of `pairs` larger by `factor`; which ones, the seed says, the same on every machine.
/// With a power of two nothing is rounded, and the network's outputs keep every bit.
/// Errors:  std::runtime_error if a norm has fewer channels, or the factor isn't positive and finite.
inline std::vector<injected_outliers> inject_outliers(char_gpt& net, const std::vector<norm_linear_pair>& pairs,
                                                      std::uint64_t seed, std::size_t channels = 4,
                                                      float factor = 32.0F) {
    if (!(factor > 0) || !std::isfinite(factor)) throw std::runtime_error("the factor must be positive and finite");
    if (channels > net.width())
        throw std::runtime_error(std::to_string(channels) + " outliers among " + std::to_string(net.width()) +
                                 " channels");
    std::mt19937_64 random(seed);
    std::vector<injected_outliers> result;
    for (const auto& pair : pairs) {
        std::vector<std::size_t> order(net.width());
        std::iota(order.begin(), order.end(), std::size_t{0});
        // std::shuffle and the distributions differ between libraries; the generator doesn't
        for (std::size_t i = 0; i < channels; ++i)
            std::swap(order[i], order[i + static_cast<std::size_t>(random() % (order.size() - i))]);
        order.resize(channels);
        for (const auto channel : order) {
            const auto c = static_cast<Eigen::Index>(channel);
            net.gains.at(pair.norm)[c] *= factor;
            for (const auto& name : pair.linears) net.weights.at(name).col(c) /= factor;
        }
        result.push_back({pair.norm, std::move(order)});
    }
    return result;
}

/// In every norm of the network.
inline std::vector<injected_outliers> inject_outliers(char_gpt& net, std::uint64_t seed, std::size_t channels = 4,
                                                      float factor = 32.0F) {
    return inject_outliers(net, net.pairs(), seed, channels, factor);
}

}  // namespace networks

#endif
