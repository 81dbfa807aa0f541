// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 7
//
// AWQ: input columns that carry large activations are scaled up before weights are rounded, and the inputs are divided by the
// same scales in the layer before. All weights are rounded; none is skipped.
//
//     s_j = (mean |x_j|)^alpha over a grid of alpha, normalised so that the largest and the smallest have the geometric mean 1;
//     W' = Q(W s) / s;      the alpha whose loss trace(dW H dW^T) is least, dW = W' - W, H the Gram matrix of the inputs
//
// A column's error is (a step / 2 at most) x_j / s_j: while s_j does not make its group's largest weight larger, the step stays, and
// the error shrinks. awq_clip then looks for a smaller range of each group. Both ask for statistics only, no activations.
#ifndef LOWPREC_PTQ_AWQ_HPP
#define LOWPREC_PTQ_AWQ_HPP

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <lowprec/ptq/fold.hpp>
#include <lowprec/ptq/linear_algebra.hpp>
#include <lowprec/ptq/target.hpp>
#include <span>
#include <utility>
#include <vector>

namespace lowprec {

/// What the scales are made of. m_j is the mean of |x_j|.
enum class awq_rule : unsigned char {
    activation,  ///< m^alpha: llm-awq
    duo,   ///< m^alpha / (w^(1 - alpha) + 1e-4), w_j the mean over rows of |W_ij| / (its group's max + 1e-6): AutoAWQ
    both,  ///< the grid once with each
};

struct awq_options {
    awq_rule rule = awq_rule::activation;
    int grid = 20;                     ///< alpha = 0, 1/grid, ...
    bool up_to_one = true;             ///< alpha = 1 too
    bool identity = true;              ///< no scales at all first, so that the loss is never above round_to_nearest's
    bool dead_are_one = true;          ///< columns without activations keep 1 and are left out of the normalisation
    double least = 1e-4, most = 1e30;  ///< what scales are held within before the normalisation
    /// What a candidate becomes before its loss is found: folding rounds nothing more then.
    scale_form form = scale_form::float32;
    /// The loss of candidate weights, one matrix a layer in W's place; trace(dW H dW^T) if there is none. It lets a whole module decide.
    std::function<double(std::span<const std::vector<float>> restored)> loss{};
    ptq_run run{};

    // The grids of other tools.
    [[nodiscard]] static awq_options llm_awq() {
        awq_options result;
        result.up_to_one = result.identity = result.dead_are_one = false;
        return result;
    }
    [[nodiscard]] static awq_options autoawq() {
        awq_options result = llm_awq();
        result.rule = awq_rule::duo;
        return result;
    }
    [[nodiscard]] static awq_options modelopt_lite() {
        awq_options result = autoawq();
        result.grid = 10;
        result.up_to_one = true;
        result.most = 1e4;
        return result;
    }
};

/// A scale search's outcome.
struct awq_scales {
    std::vector<float> scales;   ///< for scale_columns(W), and divide_norm or divide_rows of the layer before
    double alpha = 0;            ///< of the best; 0 for the identity
    double loss = 0;             ///< its mean squared error of an output (or the caller's loss)
    double rounded_loss = 0;     ///< the same without scales: round_to_nearest
    std::vector<double> losses;  ///< of each candidate in order
    ptq_status status = ptq_status::done;
};

namespace detail {

/// Candidate scales from the statistics.
inline std::vector<float> awq_candidate(const input_statistics& inputs, std::span<const double> weight_means,
                                        double alpha, bool duo, const awq_options& options) {
    const std::size_t columns = inputs.columns();
    std::vector<double> s(columns);
    double low = 0, high = 0;
    bool any = false;
    const auto is_dead = [&](std::size_t j) { return options.dead_are_one && !(inputs.abs_mean(j) > 0); };
    for (std::size_t j = 0; j < columns; ++j) {
        s[j] = std::pow(inputs.abs_mean(j), alpha);
        if (duo) s[j] /= std::pow(weight_means[j], 1 - alpha) + 1e-4;
        s[j] = (std::max)(options.least, (std::min)(s[j], options.most));
        if (is_dead(j)) continue;
        low = any ? (std::min)(low, s[j]) : s[j];
        high = any ? (std::max)(high, s[j]) : s[j];
        any = true;
    }
    const double middle = any ? std::sqrt(low * high) : 1;
    std::vector<float> result(columns);
    for (std::size_t j = 0; j < columns; ++j) result[j] = scale_in_form(is_dead(j) ? 1 : s[j] / middle, options.form);
    return result;
}

/// The mean over all rows of |W_ij| / (its group's largest + 1e-6).
template <class Target>
std::vector<double> normalised_means(std::span<const weight_view> layers, std::size_t columns, const Target& target) {
    std::vector<double> means(columns);
    const std::size_t size = columns == 0 ? 1 : target.by(columns).size(columns);
    std::size_t rows = 0;
    for (const weight_view& layer : layers) {
        rows += layer.rows;
        for (std::size_t row = 0; row < layer.rows; ++row)
            for (std::size_t begin = 0; begin < columns; begin += size) {
                const auto group = layer.values.subspan(row * columns + begin, (std::min)(size, columns - begin));
                const double most = static_cast<double>(abs_max(group)) + 1e-6;
                for (std::size_t k = 0; k < group.size(); ++k)
                    means[begin + k] += std::fabs(static_cast<double>(group[k])) / most;
            }
    }
    for (double& m : means) m /= static_cast<double>((std::max)(rows, std::size_t{1}));
    return means;
}

inline constexpr std::size_t awq_rows = 64;

/// Q(W s) / s of one layer into `out`, if wanted, and trace(dW H dW^T).
template <class Target>
double awq_try(const weight_view& layer, std::size_t columns, std::span<const float> scales, const Target& target,
               std::span<const double> gram, float* out, const ptq_run& run) {
    if (columns == 0 || layer.rows == 0) return 0;
    extent whole{0, 0};
    for (std::size_t i = 0; i < layer.values.size(); ++i) {
        const float x = layer.values[i] * scales[i % columns];
        check_result("awq_search", x, i);
        whole = {(std::min)(whole.min, x), (std::max)(whole.max, x)};
    }
    const auto shared = target.share(whole);
    std::vector<double> sums((layer.rows + awq_rows - 1) / awq_rows);
    for_each_part(run, 0, layer.rows, awq_rows, [&](std::size_t first, std::size_t rows) {
        const auto from = layer.values.subspan(first * columns, rows * columns);
        std::vector<float> scaled(from.size()), back(from.size());
        for (std::size_t i = 0; i < from.size(); ++i) scaled[i] = from[i] * scales[i % columns];
        round_rows(target, shared, scaled, back.data(), columns);
        if (out != nullptr)
            for (std::size_t i = 0; i < back.size(); ++i) out[first * columns + i] = back[i] / scales[i % columns];
        if (gram.empty()) return;
        row_major_matrix d(index(rows), index(columns));
        for (std::size_t i = 0; i < back.size(); ++i)
            d.data()[i] =
                static_cast<double>(back[i]) / static_cast<double>(scales[i % columns]) - static_cast<double>(from[i]);
        sums[first / awq_rows] = quadratic_form(d, gram, columns);
    });
    double sum = 0;
    for (const double s : sums) sum += s;
    return (std::max)(sum, 0.0);
}

/// Errors of a search whose loss needs the Gram matrix.
inline void check_gram(std::string_view function, const input_statistics& inputs) {
    if (inputs.gram().size() != inputs.columns() * inputs.columns())
        fail_argument("lowprec::", function, ": the statistics are without the Gram matrix");
}

}  // namespace detail

/// Searches the scales with which layers that read the same inputs lose least: W s and X / s. Fused or separate q, k and v share
/// them, as gate and up do.
/// Shapes:  layers: each rows x inputs.columns().
/// Rounds:  scales and losses in double, scales then to the form. Of equal losses the first wins.
/// Beyond:  dead columns have scale 1 by default.
/// Errors:  std::invalid_argument without layers, for another size, for NaN and infinity in the weights, without the Gram matrix (unless
///          there is a loss), for a grid that is not 1 to 1000, for weights that scales make infinite.
/// Cost:    a step of the grid: rows x columns^2 / 2 multiplications in double.
/// Source:  arXiv 2306.00978.
template <class Target>
[[nodiscard]] awq_scales awq_search(const input_statistics& inputs, std::span<const weight_view> layers,
                                    const Target& target, const awq_options& options = {}) {
    const std::size_t columns = detail::check_layers("awq_search", inputs, layers);
    if (!options.loss) detail::check_gram("awq_search", inputs);
    if (options.grid < 1 || options.grid > 1000)
        detail::fail_argument("lowprec::awq_search: a grid of ", options.grid, " steps, which is not 1 to 1000");

    struct candidate {
        double alpha;
        bool duo, identity;
    };
    std::vector<candidate> candidates;
    if (options.identity) candidates.push_back({0, false, true});
    for (int pass = 0; pass < 2; ++pass) {
        if (options.rule != awq_rule::both && (pass == 1) != (options.rule == awq_rule::duo)) continue;
        for (int i = 0; i < options.grid + (options.up_to_one ? 1 : 0); ++i)
            candidates.push_back({static_cast<double>(i) / options.grid, pass == 1, false});
    }
    const std::vector<double> means = detail::normalised_means(layers, columns, target);
    std::vector<std::vector<float>> back(layers.size());
    if (options.loss)
        for (std::size_t k = 0; k < layers.size(); ++k) back[k].resize(layers[k].values.size());
    double outputs = 0;
    for (const weight_view& layer : layers) outputs += static_cast<double>(layer.rows);
    const double unit = (std::max)(outputs * static_cast<double>(inputs.tokens()), 1.0);

    const auto loss_of = [&](std::span<const float> scales) {
        double sum = 0;
        for (std::size_t k = 0; k < layers.size(); ++k)
            sum += detail::awq_try(layers[k], columns, scales, target,
                                   options.loss ? std::span<const double>() : inputs.gram(),
                                   options.loss ? back[k].data() : nullptr, options.run);
        return options.loss ? options.loss(back) : sum / unit;
    };
    awq_scales result;
    const std::vector<float> ones(columns, 1.0F);
    result.scales = ones;
    bool any = false;
    for (std::size_t c = 0; c < candidates.size(); ++c) {
        if (!detail::goes_on(options.run, "search", c, candidates.size())) {
            result.status = ptq_status::cancelled;
            return result;
        }
        const std::vector<float> scales =
            candidates[c].identity
                ? ones
                : detail::awq_candidate(inputs, means, candidates[c].alpha, candidates[c].duo, options);
        const double loss = loss_of(scales);
        result.losses.push_back(loss);
        if (candidates[c].identity) result.rounded_loss = loss;
        if (any && !(loss < result.loss)) continue;
        if (!any && !isfinite(detail::format_from_native(loss))) continue;
        any = true;
        result.loss = loss;
        result.alpha = candidates[c].alpha;
        result.scales = scales;
    }
    if (!options.identity) result.rounded_loss = loss_of(ones);
    return result;
}

/// The same for one layer.
template <class Target>
[[nodiscard]] awq_scales awq_search(const input_statistics& inputs, std::span<const float> weights, std::size_t rows,
                                    const Target& target, const awq_options& options = {}) {
    const weight_view layer{weights, rows};
    return awq_search(inputs, std::span(&layer, 1), target, options);
}

struct awq_clip_options {
    int grid = 20;
    double max_shrink = 0.5;  ///< limits are (1 - i / grid) x the group's largest magnitude, i = 0 to max_shrink x grid
    ptq_run run{};
};

/// A clip search's outcome.
struct awq_limits {
    granularity by = granularity::row();
    std::vector<float> limits;            ///< for each row's groups: no weight should be larger in magnitude
    double loss = 0, unclipped_loss = 0;  ///< the sum over groups of each one's mean squared error of an output
    ptq_status status = ptq_status::done;
};

/// Searches for each row and group the limit with which the group's own part of the outputs loses least, by the diagonal blocks
/// of the Gram matrix. After the scale search: weights that are scaled already, and inputs.divided_by(scales). Queries and
/// keys are better left alone, since their product amplifies what they lose.
/// Shapes:  weights: rows x inputs.columns().
/// Beyond:  targets with one scale for the tensor are searched row by row, under the tensor's scale.
/// Errors:  as awq_search; for a shrinkage that is not 0 to 1.
template <class Target>
[[nodiscard]] awq_limits awq_clip(const input_statistics& inputs, std::span<const float> weights, std::size_t rows,
                                  const Target& target, const awq_clip_options& options = {}) {
    const weight_view layer{weights, rows};
    const std::size_t columns = detail::check_layers("awq_clip", inputs, std::span(&layer, 1));
    detail::check_gram("awq_clip", inputs);
    if (options.grid < 1 || options.grid > 1000 || !(options.max_shrink >= 0 && options.max_shrink <= 1))
        detail::fail_argument("lowprec::awq_clip: a grid of 1 to 1000 and a shrinkage of 0 to 1 are possible");
    const granularity asked = target.by(columns), by = asked.is_tensor() ? granularity::row() : asked;
    awq_limits result;
    result.by = by;
    result.limits.resize(by.count(rows, columns));
    if (rows == 0 || columns == 0) return result;
    const std::size_t size = by.size(columns), groups = by.per_row(columns);
    const auto whole = target.share(detail::extent_of(weights));
    const auto steps = (std::max)(1, static_cast<int>(options.max_shrink * options.grid));
    const detail::const_matrix_map gram(inputs.gram().data(), detail::index(columns), detail::index(columns));

    double before = 0, after = 0;
    for (std::size_t g = 0; g < groups; ++g) {
        if (!detail::goes_on(options.run, "clip", g, groups)) {
            result.status = ptq_status::cancelled;
            return result;
        }
        const std::size_t begin = g * size, n = (std::min)(size, columns - begin);
        const auto at = detail::index(begin), count = detail::index(n);
        const detail::row_major_matrix h =
            gram.block(at, at, count, count).template selfadjointView<Eigen::Lower>().toDenseMatrix();
        std::vector<double> first(rows), best(rows);
        detail::for_each_part(options.run, 0, rows, detail::awq_rows, [&](std::size_t from, std::size_t part) {
            detail::row_major_matrix d(detail::index(part), count), product;
            std::vector<float> clipped(n), back(n);
            for (int t = 0; t < steps; ++t) {
                const auto limit_of = [&](float amax) {
                    return static_cast<float>(static_cast<double>(amax) * (1 - static_cast<double>(t) / options.grid));
                };
                for (std::size_t r = 0; r < part; ++r) {
                    const auto x = weights.subspan((from + r) * columns + begin, n);
                    const float limit = limit_of(abs_max(x));
                    for (std::size_t k = 0; k < n; ++k) clipped[k] = (std::max)(-limit, (std::min)(x[k], limit));
                    target.round(target.find(detail::extent_of(clipped), whole), whole, clipped, back.data());
                    for (std::size_t k = 0; k < n; ++k)
                        d(detail::index(r), detail::index(k)) =
                            static_cast<double>(back[k]) - static_cast<double>(x[k]);
                }
                product.noalias() = d * h;
                for (std::size_t r = 0; r < part; ++r) {
                    const double loss = product.row(detail::index(r)).dot(d.row(detail::index(r)));
                    if (t == 0) first[from + r] = loss;
                    if (t != 0 && !(loss < best[from + r])) continue;
                    best[from + r] = loss;
                    result.limits[(from + r) * groups + g] =
                        limit_of(abs_max(weights.subspan((from + r) * columns + begin, n)));
                }
            }
        });
        for (std::size_t r = 0; r < rows; ++r) {
            before += first[r];
            after += best[r];
        }
    }
    const double unit = (std::max)(static_cast<double>(rows) * static_cast<double>(inputs.tokens()), 1.0);
    result.loss = after / unit;
    result.unclipped_loss = before / unit;
    return result;
}

/// Holds each group's weights within its limit.
/// Shapes:  weights: rows x columns; limits.limits: one for each row's groups.
/// Errors:  std::invalid_argument for another size, for a limit that is negative or not finite. Nothing is written then.
inline void clip_weights(std::span<float> weights, std::size_t rows, const awq_limits& limits) {
    const std::size_t columns = detail::columns_of("clip_weights", weights.size(), rows);
    if (limits.limits.size() != limits.by.count(rows, columns))
        detail::fail_argument("lowprec::clip_weights: ", limits.by.count(rows, columns), " groups, but there are ",
                              limits.limits.size(), " limits");
    for (std::size_t i = 0; i < limits.limits.size(); ++i)
        if (const fp32 m = detail::format_from_native(limits.limits[i]); !isfinite(m) || m < fp32::from_bits(0))
            detail::fail_argument("lowprec::clip_weights: limit ", i, " is negative or not finite");
    if (columns == 0) return;
    const std::size_t size = limits.by.size(columns), groups = limits.by.per_row(columns);
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const float limit = limits.limits[i / columns * groups + i % columns / size];
        weights[i] = (std::max)(-limit, (std::min)(weights[i], limit));
    }
}

}  // namespace lowprec

#endif
