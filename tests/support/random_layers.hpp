// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Random numbers, weights and their statistics, for the tests of post-training quantization.
#ifndef LOWPREC_TESTS_SUPPORT_RANDOM_LAYERS_HPP
#define LOWPREC_TESTS_SUPPORT_RANDOM_LAYERS_HPP

#include <cstddef>
#include <lowprec/ptq/statistics.hpp>
#include <vector>

#include "support/tally.hpp"

/// From 0 to 1, and of mean 0 and variance 1.
inline double uniform(random_bits& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }
inline double normal(random_bits& random) {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform(random);
    return sum;
}

inline std::vector<float> random_weights(random_bits& random, std::size_t n) {
    std::vector<float> w(n);
    for (auto& x : w) x = static_cast<float>(normal(random));
    return w;
}

inline lowprec::input_statistics statistics_of(const std::vector<float>& x, std::size_t tokens) {
    lowprec::input_statistics seen(x.size() / tokens);
    seen.add(x, tokens);
    return seen;
}

#endif
