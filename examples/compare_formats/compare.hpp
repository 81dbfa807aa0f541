// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What a network loses when its numbers go through a format and back. Biases and sums stay float32: biases are few, and are
// added to a float32 sum anyway.
#ifndef LOWPREC_EXAMPLES_COMPARE_FORMATS_COMPARE_HPP
#define LOWPREC_EXAMPLES_COMPARE_FORMATS_COMPARE_HPP

#include <Eigen/Core>
#include <cstddef>
#include <limits>
#include <lowprec/lowprec.hpp>
#include <lowprec/quantize/measures.hpp>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "fashion_mnist.hpp"
#include "network.hpp"
#include "quantizers.hpp"

namespace compare_formats {

/// A format of the table as a value, so that only the rounding itself is compiled for every format.
struct signed_format {
    std::string_view name;
    int bits;
    double largest;
    double smallest;  ///< positive
    void (*round)(std::span<float> values, float scale, float back);

    /// Formats of 8 bits and fewer are scaled; the wider ones have range enough.
    [[nodiscard]] bool is_scaled() const { return bits <= 8; }
};

/// Every value through F and back, with `scale` before and `back` after: the heart of this program.
template <lowprec::format F>
void round_through(std::span<float> values, float scale, float back) {
    for (float& value : values) value = static_cast<float>(lowprec::convert<F>(value * scale)) * back;
}

/// The signed rows of the table, in order.
inline std::vector<signed_format> signed_formats() {
    std::vector<signed_format> rows;
    const auto add = [&]<class F>() {
        using limits = std::numeric_limits<F>;
        if constexpr (F::sign_bits == 1)
            rows.push_back({lowprec::name_of<F>, F::width, static_cast<double>((limits::max)()),
                            static_cast<double>(limits::denorm_min()), round_through<F>});
    };
    [&]<class... Fs>(std::tuple<Fs...>*) {
        (add.template operator()<Fs>(), ...);
    }(static_cast<lowprec::all_formats*>(nullptr));
    return rows;
}

/// A tensor scaled so that its largest magnitude becomes the format's largest value.
inline void round_scaled(const signed_format& f, Eigen::MatrixXf& x, float largest) {
    const auto limit = static_cast<float>(f.largest);
    const std::span values{x.data(), static_cast<std::size_t>(x.size())};
    if (largest > 0)
        f.round(values, limit / largest, largest / limit);
    else
        f.round(values, 1.0F, 1.0F);
}

inline void round_unscaled(const signed_format& f, Eigen::MatrixXf& x) {
    f.round({x.data(), static_cast<std::size_t>(x.size())}, 1.0F, 1.0F);
}

/// What the network answers, out of comparison::images().
struct outcome {
    std::size_t right = 0;
    std::size_t changed = 0;  ///< answers other than FP32's, right or wrong
    double divergence = 0;    ///< of the outputs from FP32's, in nats
};

struct result {
    signed_format format;
    double sqnr_db = 0;        ///< of the weights; infinite where no weight changed
    outcome weights;           ///< with rounded weights
    outcome both;              ///< with the input of every layer rounded too
    std::size_t unscaled = 0;  ///< right answers of the same without scaling
};

struct quantizer_result {
    quantizer how;
    double bits = 0;  ///< for each weight, scales and zero points counted
    double sqnr_db = 0;
    outcome weights;
    outcome both;  ///< as `weights` where the quantizer leaves inputs as they are
};

/// The network, the images, and the largest magnitude at the input of each layer over the calibration images.
class comparison {
public:
    comparison(network net, labelled_images test, const Eigen::MatrixXf& calibration)
        : net_{std::move(net)}, test_{std::move(test)} {
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
        const auto unscaled_input = [&](std::size_t, Eigen::MatrixXf& x) { round_unscaled(f, x); };
        network rounded = net_;
        for (auto& l : rounded) round_unscaled(f, l.weights);
        const auto unscaled = judge(rounded, unscaled_input);
        auto both = unscaled;
        if (f.is_scaled()) {
            rounded = net_;
            for (std::size_t l = 0; l < net_.size(); ++l) round_scaled(f, rounded[l].weights, largest_weight_[l]);
            both = judge(rounded, [&](std::size_t l, Eigen::MatrixXf& x) { round_scaled(f, x, largest_input_[l]); });
        }
        return {f, sqnr_db(rounded), judge(rounded, as_it_is), both, unscaled.right};
    }

    [[nodiscard]] quantizer_result measure(const quantizer& q) const {
        network rounded = net_;
        std::size_t bytes = 0, weights = 0;
        for (auto& l : rounded) {
            row_major_matrix w = l.weights;
            bytes += q.weights({w.data(), static_cast<std::size_t>(w.size())}, static_cast<std::size_t>(w.rows()),
                               static_cast<std::size_t>(w.cols()));
            weights += static_cast<std::size_t>(w.size());
            l.weights = w;
        }
        const auto weights_only = judge(rounded, as_it_is);
        auto both = weights_only;
        if (q.inputs)
            both = judge(rounded, [&](std::size_t l, Eigen::MatrixXf& x) {
                // a column is an image, so that its numbers lie one after the other
                q.inputs({x.data(), static_cast<std::size_t>(x.size())}, static_cast<std::size_t>(x.cols()),
                         static_cast<std::size_t>(x.rows()), largest_input_[l]);
            });
        return {q, 8 * static_cast<double>(bytes) / static_cast<double>(weights), sqnr_db(rounded), weights_only, both};
    }

private:
    using answers = std::vector<std::uint8_t>;
    using row_major_matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

    static void as_it_is(std::size_t, const Eigen::MatrixXf&) {}

    static std::size_t equal(const answers& a, const answers& b) {
        std::size_t count = 0;
        for (std::size_t i = 0; i < a.size(); ++i) count += a[i] == b[i] ? 1U : 0U;
        return count;
    }

    [[nodiscard]] outcome judge(const network& net, const prepare_input& prepare) const {
        const auto outputs = outputs_of(net, test_.images, prepare);
        const auto found = answers_of(outputs);
        return {equal(found, test_.labels), images() - equal(found, answers_), divergence(fp32_, outputs)};
    }

    [[nodiscard]] double sqnr_db(const network& rounded) const {
        lowprec::error_measures all;
        const auto values = [](const Eigen::MatrixXf& x) {
            return std::span(x.data(), static_cast<std::size_t>(x.size()));
        };
        for (std::size_t l = 0; l < net_.size(); ++l) all.add(values(net_[l].weights), values(rounded[l].weights));
        return all.sqnr_db();
    }

    network net_;
    labelled_images test_;
    std::vector<float> largest_weight_;
    std::vector<float> largest_input_;
    Eigen::MatrixXf fp32_;
    answers answers_;
};

}  // namespace compare_formats

#endif
