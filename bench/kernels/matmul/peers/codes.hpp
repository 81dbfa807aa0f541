// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// int8 codes for peers: symmetric, -127 to 127, with one scale for each of some parts of the numbers.
#ifndef LOWPREC_BENCH_KERNELS_MATMUL_PEERS_CODES_HPP
#define LOWPREC_BENCH_KERNELS_MATMUL_PEERS_CODES_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lowprec_bench {

struct int8_codes {
    std::vector<std::int8_t> codes;
    std::vector<float> scales;

    int8_codes(std::span<const float> numbers, std::size_t parts) : codes(numbers.size()), scales(parts) {
        const std::size_t size = numbers.size() / parts;
        for (std::size_t part = 0; part < parts; ++part) {
            const std::span<const float> own = numbers.subspan(part * size, size);
            float largest = 0;
            for (const float x : own) largest = std::max(largest, std::abs(x));
            scales[part] = largest / 127;
            for (std::size_t i = 0; i < size; ++i)
                codes[part * size + i] = static_cast<std::int8_t>(std::lround(own[i] / scales[part]));
        }
    }
};

/// The scale of int8 outputs: sums of products of independent numbers rarely exceed five standard deviations.
inline float output_scale(std::span<const float> x, std::span<const float> w, std::size_t k) {
    const auto mean_square = [](std::span<const float> numbers) {
        double sum = 0;
        for (const float a : numbers) sum += static_cast<double>(a) * static_cast<double>(a);
        return sum / static_cast<double>(numbers.size());
    };
    return static_cast<float>(5 * std::sqrt(mean_square(x) * mean_square(w) * static_cast<double>(k)) / 127);
}

}  // namespace lowprec_bench

#endif
