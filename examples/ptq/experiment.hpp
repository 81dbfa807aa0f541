// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Runs every row of a plan on a network and compares its outputs with the unquantized network's.
#ifndef LOWPREC_EXAMPLES_PTQ_EXPERIMENT_HPP
#define LOWPREC_EXAMPLES_PTQ_EXPERIMENT_HPP

#include <Eigen/Core>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../networks/char_gpt.hpp"
#include "../networks/fashion_mnist.hpp"
#include "../networks/judge.hpp"
#include "../networks/outliers.hpp"
#include "../networks/quantized_linear.hpp"
#include "paired.hpp"
#include "plan.hpp"
#include "quantize_network.hpp"

namespace ptq {

/// What one row became on one network.
struct outcome {
    double bits = 0, sqnr_db = 0, seconds = 0;
    double output_error = 0;  ///< of the logits, relative
    networks::judgement judged;
};

/// The root mean square of the logits' error over that of the logits themselves, in these rows or, where none are named, in all.
/// What all logits of a row share changes no probability, so it is taken off first.
inline double output_error(const networks::matrix& logits, const networks::matrix& reference,
                           const std::vector<std::size_t>& rows = {}) {
    double error = 0, all = 0;
    const auto count = rows.empty() ? static_cast<std::size_t>(logits.rows()) : rows.size();
    for (std::size_t n = 0; n < count; ++n) {
        const auto i = static_cast<Eigen::Index>(rows.empty() ? n : rows[n]);
        const Eigen::ArrayXd x = reference.row(i).transpose().cast<double>().array();
        const Eigen::ArrayXd e = logits.row(i).transpose().cast<double>().array() - x;
        error += (e - e.mean()).square().sum();
        all += (x - x.mean()).square().sum();
    }
    return std::sqrt(error / all);
}

/// f(0) to f(count - 1) on the threads that there are, each after another. Throws what one of them threw.
inline void run_in_parallel(std::size_t count, const std::function<void(std::size_t)>& f) {
    std::atomic<std::size_t> next = 0;
    std::exception_ptr error;
    std::mutex error_mutex;
    const auto work = [&] {
        try {
            for (std::size_t i = next++; i < count; i = next++) f(i);
        } catch (...) {
            const std::scoped_lock lock(error_mutex);
            error = std::current_exception();
            next = count;
        }
    };
    {
        std::vector<std::jthread> others(std::clamp(std::thread::hardware_concurrency(), 1U, 16U) - 1);
        for (auto& thread : others) thread = std::jthread(work);
        work();
    }  // waits
    if (error) std::rethrow_exception(error);
}

/// Called after each row, from any thread.
using row_done = std::function<void()>;

/// Quantizes the network by every row; `run(quantized, linear)` gives its logits. The output error is that of `rows`.
template <class Net, class Run>
std::vector<outcome> outcomes_of(const Net& net, const layer_statistics& seen, const std::vector<plan_row>& plan,
                                 std::span<const std::uint8_t> targets, const networks::matrix& reference,
                                 const std::vector<std::size_t>& rows, const row_done& done, Run&& run) {
    std::vector<outcome> results(plan.size());
    run_in_parallel(plan.size(), [&](std::size_t i) {
        auto quantized = quantize_network(net, seen, plan[i].format, plan[i].how);
        const auto logits = run(quantized, networks::quantized_linear(std::move(quantized.layers)));
        results[i] = {quantized.bits, quantized.sqnr_db, quantized.seconds, output_error(logits, reference, rows),
                      networks::judge(logits, targets, reference)};
        done();
    });
    return results;
}

/// The text network, plain or with outliers, on held-out text.
struct text_experiment {
    networks::char_gpt net;
    std::vector<networks::token> calibration, held_out;  ///< held_out has one character more, the last target
    networks::judgement unquantized;
    networks::matrix reference;

    static constexpr std::size_t window = 128;

    text_experiment(const std::string& folder, std::size_t calibration_characters, std::size_t characters)
        : net{networks::read_char_gpt(folder + "/char_gpt.safetensors")},
          calibration{networks::read_tokens(net, folder + "/kjv_calibration.txt")},
          held_out{networks::read_tokens(net, folder + "/kjv_held_out.txt")} {
        calibration.resize(std::min(calibration.size(), calibration_characters));
        held_out.resize(std::min(held_out.size(), characters + 1));
        reference = networks::logits_of(net, inputs(), networks::float_linear(net.weights),
                                        std::thread::hardware_concurrency(), window);
        unquantized = networks::judge(reference, targets(), reference);
    }

    [[nodiscard]] std::span<const networks::token> inputs() const {
        return std::span(held_out).first(held_out.size() - 1);
    }
    [[nodiscard]] std::span<const networks::token> targets() const { return std::span(held_out).subspan(1); }

    /// On `changed`, which computes what `net` does: plain, or with outliers.
    [[nodiscard]] std::vector<outcome> run(const networks::char_gpt& changed, const std::vector<plan_row>& plan,
                                           const row_done& done) const {
        const auto seen = calibrate(changed.weights, [&](const networks::linear& apply) {
            static_cast<void>(networks::logits_of(changed, calibration, apply, 1, window));
        });
        return outcomes_of(changed, seen, plan, targets(), reference, {}, done,
                           [&](const quantized_network<networks::char_gpt>& quantized, const networks::linear& apply) {
                               return networks::logits_of(quantized.net, inputs(), apply, 1, window);
                           });
    }
};

/// The network of images, calibrated on 128 of them.
struct image_experiment {
    networks::mlp net;
    networks::fashion_mnist_images images;
    networks::judgement unquantized;
    networks::matrix reference;

    /// On the first `count` test images.
    image_experiment(const std::string& weights, const std::string& folder, std::size_t count)
        : net{networks::read_mlp(weights)}, images{networks::read_fashion_mnist_images(folder)} {
        count = std::min(count, images.labels.size());
        images.test.conservativeResize(static_cast<Eigen::Index>(count), Eigen::NoChange);
        images.labels.resize(count);
        std::erase_if(images.woken, [count](std::size_t i) { return i >= count; });
        reference = networks::logits_of(net, images.test, networks::float_linear(net.weights));
        unquantized = networks::judge(reference, images.labels, reference);
    }

    [[nodiscard]] std::vector<outcome> run(const std::vector<plan_row>& plan, const row_done& done) const {
        const auto seen = calibrate(net.weights, [&](const networks::linear& apply) {
            static_cast<void>(networks::logits_of(net, images.calibration, apply));
        });
        return outcomes_of(
            net, seen, plan, images.labels, reference, images.woken, done,
            [&](const quantized_network<networks::mlp>& quantized, const networks::linear& apply) {
                networks::matrix x = images.test;
                if (!quantized.pixel_scales.empty())
                    x.array().rowwise() /=
                        Eigen::Map<const Eigen::RowVectorXf>(quantized.pixel_scales.data(), x.cols()).array();
                return networks::logits_of(quantized.net, x, apply);
            });
    }
};

}  // namespace ptq

#endif
