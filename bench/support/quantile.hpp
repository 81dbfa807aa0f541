// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What benchmarks report of many rounds.
#ifndef LOWPREC_BENCH_SUPPORT_QUANTILE_HPP
#define LOWPREC_BENCH_SUPPORT_QUANTILE_HPP

#include <algorithm>
#include <cstddef>
#include <vector>

namespace lowprec_bench {

/// The median is the quantile 0.5. Between two values it is interpolated; of none it is 0.
inline double quantile(std::vector<double> values, double q) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const double place = q * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const auto above = std::min(below + 1, values.size() - 1);
    return values[below] + (values[above] - values[below]) * (place - static_cast<double>(below));
}

}  // namespace lowprec_bench

#endif
