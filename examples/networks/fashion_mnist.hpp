// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The Fashion-MNIST network of examples/compare_formats with its linear layers behind one call, and the pixels that calibration
// never saw.
#ifndef LOWPREC_EXAMPLES_NETWORKS_FASHION_MNIST_HPP
#define LOWPREC_EXAMPLES_NETWORKS_FASHION_MNIST_HPP

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "../compare_formats/fashion_mnist.hpp"
#include "../compare_formats/network.hpp"
#include "linear.hpp"

namespace networks {

struct mlp {
    std::vector<std::string> names;  ///< fc1, fc2 and so on
    weight_map weights;
    std::map<std::string, Eigen::VectorXf, std::less<>> biases;
};

inline mlp mlp_of(const compare_formats::network& layers) {
    mlp net;
    for (const auto& layer : layers) {
        const auto& name = net.names.emplace_back("fc" + std::to_string(net.names.size() + 1));
        net.weights[name] = layer.weights;
        net.biases[name] = layer.bias;
    }
    return net;
}

inline mlp read_mlp(const std::string& path) { return mlp_of(compare_formats::read_network(path)); }

/// The logits [images, classes] for images [images, pixels].
inline matrix logits_of(const mlp& net, const matrix& images, const linear& apply) {
    matrix x = images;
    for (const auto& name : net.names) {
        matrix y(x.rows(), weights_of(net.weights, name).rows());
        apply(name, x, y);
        y.rowwise() += net.biases.at(name).transpose();
        if (name != net.names.back()) y = y.cwiseMax(0.0F);
        x = std::move(y);
    }
    return x;
}

/// The columns that are zero in every row.
inline std::vector<std::size_t> silent_columns(const matrix& x) {
    std::vector<std::size_t> result;
    for (Eigen::Index c = 0; c < x.cols(); ++c)
        if ((x.col(c).array() == 0.0F).all()) result.push_back(static_cast<std::size_t>(c));
    return result;
}

/// The rows in which one of the columns is not zero.
inline std::vector<std::size_t> rows_with(const matrix& x, const std::vector<std::size_t>& columns) {
    std::vector<std::size_t> result;
    for (Eigen::Index r = 0; r < x.rows(); ++r)
        for (const auto c : columns)
            if (x(r, static_cast<Eigen::Index>(c)) != 0.0F) {
                result.push_back(static_cast<std::size_t>(r));
                break;
            }
    return result;
}

/// A row an image, in 0..1.
struct fashion_mnist_images {
    matrix calibration;                ///< the first training images
    matrix test;                       ///< all 10,000
    std::vector<std::uint8_t> labels;  ///< of the test images
    std::vector<std::size_t> silent;   ///< pixels that never fire in calibration: 17 with 128 images
    std::vector<std::size_t> woken;    ///< test images in which one of those does: 702 with 128 images
};

/// Errors:  std::runtime_error that names the file.
inline fashion_mnist_images read_fashion_mnist_images(const std::string& folder = "/usr/share/datasets/fashion-mnist",
                                                      std::size_t calibration = 128) {
    const auto train = compare_formats::read_fashion_mnist(folder, "train", 60000, calibration);
    auto test = compare_formats::read_fashion_mnist(folder, "t10k", 10000, 10000);
    fashion_mnist_images result;
    result.calibration = train.images.transpose();
    result.test = test.images.transpose();
    result.labels = std::move(test.labels);
    result.silent = silent_columns(result.calibration);
    result.woken = rows_with(result.test, result.silent);
    return result;
}

}  // namespace networks

#endif
