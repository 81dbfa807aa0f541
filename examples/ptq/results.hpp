// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The figures of the tables, from what the rows became.
#ifndef LOWPREC_EXAMPLES_PTQ_RESULTS_HPP
#define LOWPREC_EXAMPLES_PTQ_RESULTS_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "experiment.hpp"
#include "paired.hpp"
#include "plan.hpp"

namespace ptq {

/// A row of a text table: a mean over the networks that it was run on.
struct text_result {
    std::string weights, how;
    double bits = 0, sqnr_db = 0, output_error = 0, divergence = 0, changed = 0, perplexity = 0, seconds = 0;
    difference change;                         ///< of the perplexity from the unquantized network's, percent
    difference from_rounding;                  ///< the same from rounding to nearest, percent
    double least_change = 0, most_change = 0;  ///< among the networks
    std::vector<double> windows;               ///< the mean loss in each
};

/// A row of the table of images.
struct image_result {
    std::string weights, how;
    double bits = 0, sqnr_db = 0;
    double accuracy = 0;
    difference change;  ///< percentage points, all images
    // the images in which a pixel is lit that calibration never saw
    double woken_accuracy = 0, divergence = 0, changed = 0, output_error = 0;
    difference woken_change;   ///< percentage points
    difference from_rounding;  ///< of the divergence, nats
    double seconds = 0;
    std::vector<double> divergences;  ///< of each of them
};

/// The row of the same weights that is rounded to nearest; it comes first.
template <class Result>
const Result& rounded_row(const std::vector<Result>& all, const Result& like) {
    return *std::find_if(all.begin(), all.end(), [&](const Result& r) { return r.weights == like.weights; });
}

/// `networks` holds the outcomes of the plan's rows for each network.
inline std::vector<text_result> text_results(const text_experiment& text, const std::vector<plan_row>& plan,
                                             const std::vector<std::vector<outcome>>& networks) {
    const auto unquantized = means_of<double>(text.unquantized.loss, text_experiment::window);
    const auto n = static_cast<double>(networks.size());
    std::vector<text_result> results(plan.size());
    for (std::size_t i = 0; i < plan.size(); ++i) {
        auto& r = results[i];
        r.weights = plan[i].weights();
        r.how = plan[i].how.name;
        r.windows.resize(unquantized.size());
        for (const auto& rows : networks) {
            const auto& one = rows[i];
            r.bits += one.bits / n;
            r.sqnr_db += one.sqnr_db / n;
            r.output_error += one.output_error / n;
            r.divergence += one.judged.mean_divergence() / n;
            r.changed += one.judged.changed_share() / n;
            r.seconds += one.seconds / n;
            const auto windows = means_of<double>(one.judged.loss, text_experiment::window);
            for (std::size_t k = 0; k < windows.size(); ++k) r.windows[k] += windows[k] / n;
            const double change = in_percent_of_perplexity(paired_difference(unquantized, windows)).mean;
            r.least_change = &rows == &networks.front() ? change : std::min(r.least_change, change);
            r.most_change = &rows == &networks.front() ? change : std::max(r.most_change, change);
        }
        r.change = in_percent_of_perplexity(paired_difference(unquantized, r.windows));
        r.perplexity = text.unquantized.perplexity() * (1 + r.change.mean / 100);
        r.from_rounding = in_percent_of_perplexity(paired_difference(rounded_row(results, r).windows, r.windows));
    }
    return results;
}

inline std::vector<image_result> image_results(const image_experiment& images, const std::vector<plan_row>& plan,
                                               const std::vector<outcome>& outcomes) {
    const auto woken = [&](const auto& values) {
        std::vector<double> some;
        for (const auto i : images.images.woken) some.push_back(static_cast<double>(values[i]));
        return some;
    };
    const auto in_points = [](difference d) { return difference{100 * d.mean, 100 * d.error}; };
    const std::vector<double> right(images.unquantized.right.begin(), images.unquantized.right.end());
    const auto woken_right = woken(images.unquantized.right);
    std::vector<image_result> results(plan.size());
    for (std::size_t i = 0; i < plan.size(); ++i) {
        auto& r = results[i];
        const auto& judged = outcomes[i].judged;
        r.weights = plan[i].weights();
        r.how = plan[i].how.name;
        r.bits = outcomes[i].bits;
        r.sqnr_db = outcomes[i].sqnr_db;
        r.output_error = outcomes[i].output_error;
        r.seconds = outcomes[i].seconds;
        r.accuracy = judged.accuracy();
        r.change = in_points(paired_difference(right, std::vector<double>(judged.right.begin(), judged.right.end())));
        const auto now_right = woken(judged.right);
        r.woken_accuracy = networks::judgement::mean(now_right);
        r.woken_change = in_points(paired_difference(woken_right, now_right));
        r.changed = networks::judgement::mean(woken(judged.changed));
        r.divergences = woken(judged.divergence);
        r.divergence = networks::judgement::mean(r.divergences);
        r.from_rounding = paired_difference(rounded_row(results, r).divergences, r.divergences);
    }
    return results;
}

/// The row of these weights and this method; none where the plan hasn't it.
template <class Result>
const Result* find_result(const std::vector<Result>& all, std::string_view weights, std::string_view how) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Result& r) { return r.weights == weights && r.how == how; });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace ptq

#endif
