// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What logits are worth: the loss and the distance from a reference for every row, so that two runs can be compared in pairs.
#ifndef LOWPREC_EXAMPLES_NETWORKS_JUDGE_HPP
#define LOWPREC_EXAMPLES_NETWORKS_JUDGE_HPP

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <stdexcept>
#include <vector>

#include "linear.hpp"

namespace networks {

/// One number for each row of the logits; sums are in double.
struct judgement {
    std::vector<double> loss;           ///< -log of the target's probability, nats
    std::vector<double> divergence;     ///< Kullback-Leibler, of the row's probabilities from the reference's, nats
    std::vector<std::uint8_t> right;    ///< 1 where the largest logit is the target's
    std::vector<std::uint8_t> changed;  ///< 1 where the largest logit is another than the reference's

    [[nodiscard]] double perplexity() const { return std::exp(mean(loss)); }
    [[nodiscard]] double mean_divergence() const { return mean(divergence); }
    [[nodiscard]] double accuracy() const { return mean(right); }
    [[nodiscard]] double changed_share() const { return mean(changed); }

    template <class T>
    static double mean(const std::vector<T>& values) {
        return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    }
};

/// Judges logits [m, classes] against the targets and against the reference's logits, which may be the same matrix.
/// Beyond:  a row with a NaN has NaN for loss and divergence, and counts as wrong and changed.
/// Errors:  std::runtime_error where the sizes differ or a target is no class.
inline judgement judge(const matrix& logits, std::span<const std::uint8_t> targets, const matrix& reference) {
    if (logits.rows() != reference.rows() || logits.cols() != reference.cols() ||
        targets.size() != static_cast<std::size_t>(logits.rows()))
        throw std::runtime_error("logits, targets and reference of different sizes");
    const auto logarithms = [](const matrix& x, Eigen::Index i) -> Eigen::ArrayXd {
        const Eigen::ArrayXd y = x.row(i).transpose().cast<double>().array();
        const Eigen::ArrayXd z = y - y.maxCoeff();
        return z - std::log(z.exp().sum());
    };
    judgement result;
    for (Eigen::Index i = 0; i < logits.rows(); ++i) {
        const auto target = targets[static_cast<std::size_t>(i)];
        if (target >= logits.cols()) throw std::runtime_error("a target beyond the classes");
        const Eigen::ArrayXd p = logarithms(reference, i), q = logarithms(logits, i);
        Eigen::Index top_p = 0, top_q = 0;
        p.maxCoeff(&top_p);
        q.maxCoeff(&top_q);
        const bool number = !q.isNaN().any();
        result.loss.push_back(number ? -q[target] : std::nan(""));
        result.divergence.push_back(number ? (p.exp() * (p - q)).sum() : std::nan(""));
        result.right.push_back(number && top_q == target ? 1 : 0);
        result.changed.push_back(number && top_q == top_p ? 0 : 1);
    }
    return result;
}

}  // namespace networks

#endif
