// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The linear layers of a network behind one call, so that any kernel can stand in for them: float32 here, fake quantization or
// quantized matrix products elsewhere. None has a bias; a network adds its own.
#ifndef LOWPREC_EXAMPLES_NETWORKS_LINEAR_HPP
#define LOWPREC_EXAMPLES_NETWORKS_LINEAR_HPP

#include <Eigen/Core>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace networks {

/// Row-major: m rows of k numbers, one after the other in memory.
using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The weights of linear layers by name, each [n,k]: outputs, inputs.
using weight_map = std::map<std::string, matrix, std::less<>>;

/// Writes y = x W^T of the named layer: x is [m,k], and y comes as [m,n].
using linear = std::function<void(std::string_view layer, const matrix& x, matrix& y)>;

/// Sees the input [m,k] of a linear layer.
using observer = std::function<void(std::string_view layer, const matrix& x)>;

/// A norm and the linear layers that read what it gives, and nothing else reads it: what a scale is folded between.
struct norm_linear_pair {
    std::string norm;
    std::vector<std::string> linears;
};

inline const matrix& weights_of(const weight_map& weights, std::string_view layer) {
    const auto found = weights.find(layer);
    if (found == weights.end()) throw std::runtime_error("no linear layer '" + std::string(layer) + "'");
    return found->second;
}

/// The plain layers, in float32 on Eigen. `weights` must outlive the result.
inline linear float_linear(const weight_map& weights) {
    return [&weights](std::string_view layer, const matrix& x, matrix& y) {
        y.noalias() = x * weights_of(weights, layer).transpose();
    };
}

/// `inner`, but `see` gets each input first; for calibration. Calls come from one thread if the network runs on one.
inline linear observed(linear inner, observer see) {
    return [inner = std::move(inner), see = std::move(see)](std::string_view layer, const matrix& x, matrix& y) {
        see(layer, x);
        inner(layer, x, y);
    };
}

}  // namespace networks

#endif
