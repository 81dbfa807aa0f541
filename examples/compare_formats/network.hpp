// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A network of fully connected layers with ReLU between them, in float32, and its answers.
#ifndef LOWPREC_EXAMPLES_COMPARE_FORMATS_NETWORK_HPP
#define LOWPREC_EXAMPLES_COMPARE_FORMATS_NETWORK_HPP

#include <Eigen/Core>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <lowprec/io/safetensors.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fashion_mnist.hpp"

namespace compare_formats {

/// weights is [outputs, inputs].
struct layer {
    Eigen::MatrixXf weights;
    Eigen::VectorXf bias;
};
using network = std::vector<layer>;

/// Reads fc1.weight, fc1.bias, fc2.weight and so on, and checks that they make a network from images to ten classes.
inline network read_network(const std::string& path) {
    using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const auto file = lowprec::io::safetensors::open(path);
    const auto fail = [&](const std::string& why) { throw std::runtime_error(path + ": " + why); };
    // Eigen cuts sums where the caches of the machine suggest; with fixed sizes every x86-64 processor adds in one order.
    Eigen::setCpuCacheSizes(32 * 1024, 512 * 1024, 4 * 1024 * 1024);
    network result;
    std::uint64_t inputs = image_size;
    for (int n = 1;; ++n) {
        const auto name = "fc" + std::to_string(n);
        if (n > 1 && file.find(name + ".weight") == nullptr) break;
        const auto& shape = file.tensor(name + ".weight").shape;
        if (shape.size() != 2 || shape[1] != inputs || shape[0] == 0)
            fail(name + ".weight is not a matrix with " + std::to_string(inputs) + " columns");
        if (file.tensor(name + ".bias").shape != std::vector{shape[0]})
            fail(name + ".bias is not a vector of " + std::to_string(shape[0]));
        const auto weights = file.values<float>(name + ".weight");
        const auto bias = file.values<float>(name + ".bias");
        const auto rows = static_cast<Eigen::Index>(shape[0]);
        result.push_back({Eigen::Map<const row_major>(weights.data(), rows, static_cast<Eigen::Index>(shape[1])),
                          Eigen::Map<const Eigen::VectorXf>(bias.data(), rows)});
        inputs = shape[0];
    }
    if (inputs != 10) fail("the last layer has " + std::to_string(inputs) + " outputs instead of 10");
    return result;
}

/// Sees the input of layer l, one column an image, and may change it.
using prepare_input = std::function<void(std::size_t l, Eigen::MatrixXf& x)>;

/// The outputs for a batch, one column an image.
inline Eigen::MatrixXf run(const network& net, Eigen::MatrixXf x, const prepare_input& prepare) {
    for (std::size_t l = 0; l < net.size(); ++l) {
        prepare(l, x);
        Eigen::MatrixXf y = net[l].bias.replicate(1, x.cols());
        y.noalias() += net[l].weights * x;
        if (l + 1 < net.size()) y = y.cwiseMax(0.0F);
        x = std::move(y);
    }
    return x;
}

/// The outputs for every image, one column an image; forward(batch) gives those of a batch. Batches have one size whatever the
/// number of threads, so that sums are taken in one order and the outputs are the same on every number of processors.
template <class Forward>
Eigen::MatrixXf outputs_of(const Eigen::MatrixXf& images, Eigen::Index classes, const Forward& forward) {
    constexpr Eigen::Index batch = 500;
    const Eigen::Index count = images.cols();
    Eigen::MatrixXf outputs(classes, count);
    std::atomic<Eigen::Index> next = 0;
    const auto work = [&] {
        for (Eigen::Index first = next.fetch_add(batch); first < count; first = next.fetch_add(batch)) {
            const Eigen::Index size = std::min(batch, count - first);
            outputs.middleCols(first, size) = forward(images.middleCols(first, size));
        }
    };
    std::vector<std::jthread> others(std::min(std::max(std::thread::hardware_concurrency(), 1U), 8U) - 1);
    for (auto& thread : others) thread = std::jthread(work);
    work();
    others.clear();  // waits
    return outputs;
}
inline Eigen::MatrixXf outputs_of(const network& net, const Eigen::MatrixXf& images, const prepare_input& prepare) {
    return outputs_of(images, net.back().weights.rows(),
                      [&](const Eigen::MatrixXf& x) { return run(net, x, prepare); });
}

/// The class of every image: the largest of its outputs.
inline std::vector<std::uint8_t> answers_of(const Eigen::MatrixXf& outputs) {
    std::vector<std::uint8_t> answers;
    for (Eigen::Index i = 0; i < outputs.cols(); ++i) {
        Eigen::Index best = 0;
        outputs.col(i).maxCoeff(&best);
        answers.push_back(static_cast<std::uint8_t>(best));
    }
    return answers;
}

/// How far the probabilities (softmax) of `outputs` are from those of `wanted`: the Kullback-Leibler divergence in nats, its
/// mean over the images.
inline double divergence(const Eigen::MatrixXf& wanted, const Eigen::MatrixXf& outputs) {
    const auto logarithms = [](const Eigen::MatrixXf& x, Eigen::Index i) -> Eigen::ArrayXd {
        const Eigen::ArrayXd y = x.col(i).cast<double>().array() - static_cast<double>(x.col(i).maxCoeff());
        return y - std::log(y.exp().sum());
    };
    double sum = 0;
    for (Eigen::Index i = 0; i < wanted.cols(); ++i) {
        const Eigen::ArrayXd p = logarithms(wanted, i), q = logarithms(outputs, i);
        sum += (p.exp() * (p - q)).sum();
    }
    return sum / static_cast<double>(wanted.cols());
}

}  // namespace compare_formats

#endif
