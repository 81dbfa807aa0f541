// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Differences of two runs over the same text or the same images, with their standard errors. Runs that are compared in pairs
// share what is hard about each piece, so far smaller differences can be told from chance.
#ifndef LOWPREC_EXAMPLES_PTQ_PAIRED_HPP
#define LOWPREC_EXAMPLES_PTQ_PAIRED_HPP

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace ptq {

/// The mean of each `length` numbers that follow one another. Neighbouring characters are not independent of each other; whole
/// windows are, nearly, since no window of the network knows another.
template <class T>
std::vector<double> means_of(std::span<const T> values, std::size_t length) {
    if (length == 0 || values.size() % length != 0)
        throw std::runtime_error(std::to_string(values.size()) + " numbers in windows of " + std::to_string(length));
    std::vector<double> means(values.size() / length);
    for (std::size_t i = 0; i < values.size(); ++i) means[i / length] += static_cast<double>(values[i]);
    for (double& m : means) m /= static_cast<double>(length);
    return means;
}

/// A mean difference and its standard error.
struct difference {
    double mean = 0;
    double error = 0;

    /// Above two standard errors; what is the same in every piece does not differ. NaN does.
    [[nodiscard]] bool is_seen() const { return !(std::fabs(mean) <= 2 * error); }
};

/// Of b from a, pair by pair.
/// Errors:  std::runtime_error unless there are two pairs or more.
inline difference paired_difference(std::span<const double> a, std::span<const double> b) {
    if (a.size() != b.size() || a.size() < 2)
        throw std::runtime_error("no pairs: " + std::to_string(a.size()) + " and " + std::to_string(b.size()) +
                                 " numbers");
    const auto n = static_cast<double>(a.size());
    difference d;
    for (std::size_t i = 0; i < a.size(); ++i) d.mean += (b[i] - a[i]) / n;
    double squares = 0;
    for (std::size_t i = 0; i < a.size(); ++i) squares += (b[i] - a[i] - d.mean) * (b[i] - a[i] - d.mean);
    d.error = std::sqrt(squares / (n - 1) / n);
    return d;
}

/// A difference of mean losses as one of perplexities, in percent of a's.
inline difference in_percent_of_perplexity(difference d) {
    const double ratio = std::exp(d.mean);
    return {100 * (ratio - 1), 100 * ratio * d.error};
}

}  // namespace ptq

#endif
