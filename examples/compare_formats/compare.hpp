// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What a network loses when its numbers are codes of a format. lowprec's matrix products multiply the codes; for formats that they
// don't take, numbers go through the format and back, and float32 is multiplied (fake quantization). Where there are products,
// both are done, and the answers compared. Biases and sums stay float32: biases are few, and are added to a float32 sum anyway.
#ifndef LOWPREC_EXAMPLES_COMPARE_FORMATS_COMPARE_HPP
#define LOWPREC_EXAMPLES_COMPARE_FORMATS_COMPARE_HPP

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <limits>
#include <lowprec/lowprec.hpp>
#include <lowprec/quantize/measures.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "../networks/fashion_mnist.hpp"
#include "fashion_mnist.hpp"
#include "formats.hpp"
#include "network.hpp"
#include "products.hpp"
#include "quantizers.hpp"

namespace compare_formats {

/// What is multiplied before rounding and after it.
struct scaling {
    float scale = 1, back = 1;
};

/// A tensor's largest magnitude becomes the format's largest value.
inline scaling scaling_of(const signed_format& f, float largest) {
    const auto limit = static_cast<float>(f.largest);
    return largest > 0 ? scaling{limit / largest, largest / limit} : scaling{};
}

inline void round_scaled(const signed_format& f, Eigen::MatrixXf& x, float largest) {
    const auto by = scaling_of(f, largest);
    f.round({x.data(), static_cast<std::size_t>(x.size())}, by.scale, by.back);
}

inline void round_unscaled(const signed_format& f, Eigen::MatrixXf& x) {
    f.round({x.data(), static_cast<std::size_t>(x.size())}, 1.0F, 1.0F);
}

/// What the network answers, out of comparison::images().
struct outcome {
    std::size_t right = 0;
    std::size_t changed = 0;  ///< answers other than FP32's, right or wrong
    double divergence = 0;    ///< of the outputs from FP32's, in nats
    /// Answers that fake quantization gives, too; none where fake quantization is all there is.
    std::optional<std::size_t> as_fake;
};

struct result {
    signed_format format;
    double sqnr_db = 0;  ///< of the weights; infinite where no weight changed
    outcome weights;     ///< with rounded weights
    outcome both;        ///< with the input of every layer rounded too
    outcome unscaled;    ///< the same without scaling

    [[nodiscard]] std::optional<std::size_t> as_fake() const {
        return std::min({weights.as_fake, both.as_fake, unscaled.as_fake});
    }
};

struct quantizer_result {
    quantizer how;
    double bits = 0;  ///< for each weight, scales and zero points counted
    double sqnr_db = 0;
    outcome weights;
    outcome both;  ///< as `weights` where the quantizer leaves inputs as they are

    [[nodiscard]] std::optional<std::size_t> as_fake() const { return std::min(weights.as_fake, both.as_fake); }
};

/// The network, the images, and the largest magnitude at the input of each layer over the calibration images.
class comparison {
public:
    comparison(network net, labelled_images test, const Eigen::MatrixXf& calibration)
        : net_{std::move(net)}, mlp_{networks::mlp_of(net_)}, test_{std::move(test)} {
        for (const auto& l : net_) largest_weight_.push_back(l.weights.cwiseAbs().maxCoeff());
        largest_input_.resize(net_.size());
        run(net_, calibration,
            [&](std::size_t l, const Eigen::MatrixXf& x) { largest_input_[l] = x.cwiseAbs().maxCoeff(); });
        fp32_ = outputs_of(net_, test_.images, as_it_is);
        answers_ = answers_of(fp32_);
    }

    [[nodiscard]] std::size_t images() const { return test_.labels.size(); }
    [[nodiscard]] std::size_t baseline() const { return equal(answers_, test_.labels); }
    [[nodiscard]] const std::vector<float>& largest_weight() const { return largest_weight_; }
    [[nodiscard]] const std::vector<float>& largest_input() const { return largest_input_; }

    [[nodiscard]] result measure(const signed_format& f) const {
        const auto measured = [&](bool scaled) {
            network rounded = net_;
            products layers;
            for (std::size_t l = 0; l < net_.size(); ++l) {
                const auto by = scaled ? scaling_of(f, largest_weight_[l]) : scaling{};
                const row_major_matrix w = net_[l].weights;
                if (f.as_weights != nullptr)
                    layers.push_back(f.as_weights(values_of(w), rows_of(w), columns_of(w), by.scale, by.back));
                auto& x = rounded[l].weights;
                f.round({x.data(), static_cast<std::size_t>(x.size())}, by.scale, by.back);
            }
            // products take floats, and those that the format has are floats
            const prepare_input inputs = [&](std::size_t l, Eigen::MatrixXf& x) {
                scaled ? round_scaled(f, x, largest_input_[l]) : round_unscaled(f, x);
            };
            return result{f,
                          sqnr_db(rounded),
                          scaled == f.is_scaled() ? judge(rounded, as_it_is, layers, as_it_is) : outcome{},
                          judge(rounded, inputs, layers, inputs),
                          {}};
        };
        const result unscaled = measured(false);
        result chosen = f.is_scaled() ? measured(true) : unscaled;
        chosen.unscaled = unscaled.both;
        return chosen;
    }

    [[nodiscard]] quantizer_result measure(const quantizer& q) const {
        network rounded = net_;
        products as_weights, as_both;
        std::size_t bytes = 0, weights = 0;
        for (std::size_t l = 0; l < net_.size(); ++l) {
            row_major_matrix w = net_[l].weights;
            if (q.as_weights) as_weights.push_back(q.as_weights(values_of(w), rows_of(w), columns_of(w)));
            if (q.as_both) as_both.push_back(q.as_both(values_of(w), rows_of(w), columns_of(w), largest_input_[l]));
            bytes += q.weights({w.data(), static_cast<std::size_t>(w.size())}, rows_of(w), columns_of(w));
            weights += static_cast<std::size_t>(w.size());
            rounded[l].weights = w;
        }
        const auto weights_only = judge(rounded, as_it_is, as_weights, as_it_is);
        auto both = weights_only;
        if (q.inputs) {
            const prepare_input inputs = [&](std::size_t l, Eigen::MatrixXf& x) {
                // a column is an image, so that its numbers lie one after the other
                q.inputs({x.data(), static_cast<std::size_t>(x.size())}, columns_of(x), rows_of(x), largest_input_[l]);
            };
            both = judge(rounded, inputs, as_both, as_it_is);
        }
        return {q, 8 * static_cast<double>(bytes) / static_cast<double>(weights), sqnr_db(rounded), weights_only, both};
    }

private:
    using answers = std::vector<std::uint8_t>;
    using row_major_matrix = networks::matrix;
    using products = std::vector<product>;  // one a layer, or none

    template <class Matrix>
    static std::size_t rows_of(const Matrix& x) {
        return static_cast<std::size_t>(x.rows());
    }
    template <class Matrix>
    static std::size_t columns_of(const Matrix& x) {
        return static_cast<std::size_t>(x.cols());
    }
    template <class Matrix>
    static std::span<const float> values_of(const Matrix& x) {
        return {x.data(), static_cast<std::size_t>(x.size())};
    }

    static void as_it_is(std::size_t, const Eigen::MatrixXf&) {}

    static std::size_t equal(const answers& a, const answers& b) {
        std::size_t count = 0;
        for (std::size_t i = 0; i < a.size(); ++i) count += a[i] == b[i] ? 1U : 0U;
        return count;
    }

    /// What the products make of the images or, where there are none, the rounded network.
    [[nodiscard]] outcome judge(const network& rounded, const prepare_input& prepare, const products& layers,
                                const prepare_input& prepare_for_products) const {
        auto outputs = outputs_of(rounded, test_.images, prepare);
        auto found = answers_of(outputs);
        std::optional<std::size_t> as_fake;
        if (!layers.empty()) {
            outputs = outputs_of_products(layers, prepare_for_products);
            const auto by_products = answers_of(outputs);
            as_fake = equal(found, by_products);
            found = by_products;
        }
        return {equal(found, test_.labels), images() - equal(found, answers_), divergence(fp32_, outputs), as_fake};
    }

    [[nodiscard]] Eigen::MatrixXf outputs_of_products(const products& layers, const prepare_input& prepare) const {
        const networks::linear apply = [&](std::string_view name, const networks::matrix& x, networks::matrix& y) {
            const auto l =
                static_cast<std::size_t>(std::find(mlp_.names.begin(), mlp_.names.end(), name) - mlp_.names.begin());
            Eigen::MatrixXf inputs = x.transpose();  // the same memory
            prepare(l, inputs);
            layers[l](values_of(inputs), {y.data(), static_cast<std::size_t>(y.size())});
        };
        return outputs_of(test_.images, fp32_.rows(), [&](const Eigen::MatrixXf& images) {
            return Eigen::MatrixXf(networks::logits_of(mlp_, images.transpose(), apply).transpose());
        });
    }

    [[nodiscard]] double sqnr_db(const network& rounded) const {
        lowprec::error_measures all;
        for (std::size_t l = 0; l < net_.size(); ++l)
            all.add(values_of(net_[l].weights), values_of(rounded[l].weights));
        return all.sqnr_db();
    }

    network net_;
    networks::mlp mlp_;  // the same
    labelled_images test_;
    std::vector<float> largest_weight_;
    std::vector<float> largest_input_;
    Eigen::MatrixXf fp32_;
    answers answers_;
};

}  // namespace compare_formats

#endif
