// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// SmoothQuant: scales that move what is hard to quantize from activations into weights, one a channel,
//
//     s_j = a_j^alpha / w_j^(1 - alpha),      a_j = max |x_j| over the tokens,      w_j = max |W_ij| over all layers that read x
//
// With alpha = 1/2 both maxima of channel j become sqrt(a_j w_j). A rescaling of channels that leaves the function as it was is
// undone, exactly but for rounding: a network with injected outliers and the plain one come out the same.
#ifndef LOWPREC_PTQ_SMOOTH_QUANT_HPP
#define LOWPREC_PTQ_SMOOTH_QUANT_HPP

#include <algorithm>
#include <cmath>
#include <lowprec/ptq/fold.hpp>
#include <span>
#include <vector>

namespace lowprec {

/// Whose scales.
enum class smooth_rule : unsigned char {
    exact,             ///< the formula; 1 for channels where a or w is 0
    reference,         ///< the authors' code: w and s are at least 1e-5, so a dead channel's gain is multiplied by 1e5
    llm_compressor,    ///< a = max x - min x, w = 2 max |W|, at least 1e-5; a alone counts where w is 0
    log_equalization,  ///< llm-compressor's other formula: s = a / log2(2 + a), with a as there
    modelopt,          ///< 1/s = w^(1 - alpha) / a^alpha within 1e-4 and 1e4; 1 where a <= 2^-31
};

struct smooth_options {
    double alpha = 0.5;  ///< from 0 to 1; ModelOpt's own is 1
    smooth_rule rule = smooth_rule::exact;
    scale_form form = scale_form::float32;
};

/// The scale of one channel, by the numbers that the rule takes for a and w.
/// Rounds:  computed in double, then to the form.
/// Needs:   finite a and w that are not negative.
[[nodiscard]] inline float smooth_scale(double a, double w, const smooth_options& options) {
    constexpr double floor = 1e-5;
    const double alpha = options.alpha;
    const auto formula = [alpha](double x, double y) {
        return alpha == 0.5 ? std::sqrt(x / y) : std::pow(x, alpha) / std::pow(y, 1 - alpha);
    };
    double s = 1;
    switch (options.rule) {
    case smooth_rule::exact:
        if (a > 0 && w > 0) s = formula(a, w);
        break;
    case smooth_rule::reference: s = (std::max)(floor, formula(a, (std::max)(floor, w))); break;
    case smooth_rule::llm_compressor: s = (std::max)(floor, w > 0 ? formula(a, w) : a); break;
    case smooth_rule::log_equalization: s = (std::max)(floor, a / std::log2(2 + a)); break;
    case smooth_rule::modelopt:
        if (a > 0x1p-31) s = 1 / (std::max)(1e-4, (std::min)(1 / formula(a, w), 1e4));
        break;
    }
    return detail::scale_in_form(s, options.form);
}

/// The scales for layers that read the same inputs: X / s and W s. Fused or separate q, k and v share them, as gate and up do.
/// Shapes:  layers: each rows x inputs.columns().
/// Rounds, Beyond: as smooth_scale; dead channels get 1 by default.
/// Errors:  std::invalid_argument without layers, for another size, for NaN and infinity in the weights, for alpha outside 0 to 1.
[[nodiscard]] inline std::vector<float> smooth_quant(const input_statistics& inputs,
                                                     std::span<const weight_view> layers,
                                                     const smooth_options& options = {}) {
    const std::size_t columns = detail::check_layers("smooth_quant", inputs, layers);
    if (!(options.alpha >= 0 && options.alpha <= 1))
        detail::fail_argument("lowprec::smooth_quant: alpha is not from 0 to 1");
    const bool ranges = options.rule == smooth_rule::llm_compressor || options.rule == smooth_rule::log_equalization;
    std::vector<float> most(columns), scales(columns);
    for (const weight_view& layer : layers)
        for (std::size_t i = 0; i < layer.values.size(); ++i)
            most[i % columns] = (std::max)(most[i % columns], std::fabs(layer.values[i]));
    for (std::size_t j = 0; j < columns; ++j) {
        const extent x = inputs.range(j);
        const double a =
            ranges ? static_cast<double>(x.max) - static_cast<double>(x.min) : static_cast<double>(inputs.abs_max(j));
        scales[j] = smooth_scale(a, static_cast<double>(most[j]) * (ranges ? 2 : 1), options);
    }
    return scales;
}

/// The same for one layer.
[[nodiscard]] inline std::vector<float> smooth_quant(const input_statistics& inputs, std::span<const float> weights,
                                                     std::size_t rows, const smooth_options& options = {}) {
    const weight_view layer{weights, rows};
    return smooth_quant(inputs, std::span(&layer, 1), options);
}

}  // namespace lowprec

#endif
