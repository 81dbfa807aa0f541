// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// Scales that move from a layer's inputs into its weights: X W^T = (X / s) (W s)^T. The layer before is divided by s, so nothing
// is left to compute at run time.
//
//     scale_columns(weights, rows, s)        W s: each layer that reads X
//     divide_norm(gain, bias, s)             X / s where a norm makes X
//     divide_rows(weights, rows, bias, s)    X / s where a linear layer makes X, as its last outputs
#ifndef LOWPREC_PTQ_FOLD_HPP
#define LOWPREC_PTQ_FOLD_HPP

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <lowprec/convert.hpp>
#include <lowprec/ptq/statistics.hpp>
#include <span>
#include <string_view>
#include <vector>

namespace lowprec {

/// A linear layer's weights: rows x columns, row-major; each row makes one output.
struct weight_view {
    std::span<const float> values;
    std::size_t rows;
};

/// The numbers that scales may be. With powers of two, folding changes no bit of a product.
enum class scale_form : unsigned char { float32, float16, bfloat16, power_of_two };

namespace detail {

/// A positive number as a scale: rounded once, then kept within what the form has as normal numbers, and within 2^-100 and
/// 2^100 so that its reciprocal is one too.
inline float scale_in_form(double s, scale_form form) noexcept {
    const auto within = [s](double low, double high) { return (std::max)(low, (std::min)(s, high)); };
    if (form == scale_form::float16) return convert<float>(convert<fp16>(within(0x1p-14, 65504.0)));
    const double x = within(0x1p-100, 0x1p100);
    if (form == scale_form::bfloat16) return convert<float>(convert<bf16>(x));
    if (form == scale_form::float32) return static_cast<float>(x);
    int exponent = 0;
    const double fraction = std::frexp(x, &exponent);  // 0.5 <= fraction < 1
    return static_cast<float>(std::ldexp(1.0, fraction * fraction < 0.5 ? exponent - 1 : exponent));
}

inline void check_scales(std::string_view function, std::span<const float> scales) {
    for (std::size_t j = 0; j < scales.size(); ++j)
        if (const fp32 s = format_from_native(scales[j]); !isfinite(s) || !(s > fp32::from_bits(0)))
            fail_argument("lowprec::", function, ": scale ", j, " is not positive and finite");
}
inline void check_result(std::string_view function, float result, std::size_t i) {
    if (!isfinite(format_from_native(result)))
        fail_argument("lowprec::", function, ": number ", i, " times or over its scale is not finite");
}
inline void divide_all(std::string_view function, std::span<float> x, std::size_t columns,
                       std::span<const float> scales, bool by_rows) {
    const auto quotient = [&](std::size_t i) { return x[i] / scales[by_rows ? i / columns : i % columns]; };
    for (std::size_t i = 0; i < x.size(); ++i) check_result(function, quotient(i), i);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = quotient(i);
}

/// The number of columns that layers share with the statistics.
inline std::size_t check_layers(std::string_view function, const input_statistics& inputs,
                                std::span<const weight_view> layers) {
    const std::size_t columns = inputs.columns();
    if (layers.empty()) fail_argument("lowprec::", function, ": no layers");
    for (std::size_t k = 0; k < layers.size(); ++k) {
        if ((columns != 0 && layers[k].rows > ~std::size_t{0} / columns) ||
            layers[k].values.size() != layers[k].rows * columns)
            fail_argument("lowprec::", function, ": layer ", k, " has ", layers[k].rows, " rows of ", columns,
                          " columns, but there are ", layers[k].values.size(), " numbers");
        if (!all_finite(layers[k].values))
            for (std::size_t i = 0; i < layers[k].values.size(); ++i)
                if (const fp32 v = format_from_native(layers[k].values[i]); !isfinite(v))
                    fail_argument("lowprec::", function, ": the weights of layer ", k, ", row ", i / columns,
                                  ", column ", i % columns, " is ", isnan(v) ? "NaN" : "infinite");
    }
    return columns;
}

}  // namespace detail

/// Multiplies column j by scales[j].
/// Shapes:  weights: rows x scales.size(), row-major.
/// Rounds:  once, to float; not at all for powers of two where nothing leaves float's normal range.
/// Errors:  std::invalid_argument for another size, a scale that isn't positive and finite, a product that isn't finite. Nothing
///          is written then.
inline void scale_columns(std::span<float> weights, std::size_t rows, std::span<const float> scales) {
    if ((scales.size() != 0 && rows > ~std::size_t{0} / scales.size()) || weights.size() != rows * scales.size())
        detail::fail_argument("lowprec::scale_columns: ", rows, " rows of ", scales.size(), " columns, but there are ",
                              weights.size(), " numbers");
    detail::check_scales("scale_columns", scales);
    for (std::size_t i = 0; i < weights.size(); ++i)
        detail::check_result("scale_columns", weights[i] * scales[i % scales.size()], i);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] *= scales[i % scales.size()];
}

/// Divides a norm's gain, and its bias if there is one.
/// Shapes:  gain: as many as scales; bias: as many, or none.
/// Rounds, Errors: as scale_columns.
inline void divide_norm(std::span<float> gain, std::span<float> bias, std::span<const float> scales) {
    if (gain.size() != scales.size() || (!bias.empty() && bias.size() != scales.size()))
        detail::fail_argument("lowprec::divide_norm: ", scales.size(), " scales, but the gain has ", gain.size(),
                              " numbers and the bias ", bias.size());
    detail::check_scales("divide_norm", scales);
    for (std::size_t i = 0; i < bias.size(); ++i) detail::check_result("divide_norm", bias[i] / scales[i], i);
    detail::divide_all("divide_norm", gain, scales.size(), scales, false);
    detail::divide_all("divide_norm", bias, scales.size(), scales, false);
}

/// Divides the last scales.size() rows of a linear layer's weights, and the end of its bias if there is one: the last ones,
/// since a fused q/k/v layer ends with v.
/// Shapes:  weights: rows x columns, row-major, rows >= scales.size(); bias: as many as rows, or none.
/// Rounds, Errors: as scale_columns.
inline void divide_rows(std::span<float> weights, std::size_t rows, std::span<float> bias,
                        std::span<const float> scales) {
    const std::size_t columns = detail::columns_of("divide_rows", weights.size(), rows), n = scales.size();
    if (n > rows || (!bias.empty() && bias.size() != rows))
        detail::fail_argument("lowprec::divide_rows: ", n, " scales for ", rows, " rows and a bias of ", bias.size());
    detail::check_scales("divide_rows", scales);
    if (n == 0) return;
    const auto last_bias = bias.empty() ? bias : bias.last(n);
    for (std::size_t i = 0; i < last_bias.size(); ++i) detail::check_result("divide_rows", last_bias[i] / scales[i], i);
    detail::divide_all("divide_rows", weights.last(n * columns), columns, scales, true);
    detail::divide_all("divide_rows", last_bias, n, scales, false);
}

}  // namespace lowprec

#endif
