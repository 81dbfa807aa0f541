// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// needs: simd
//
// Matrix products on a pool of threads (thread_pool.hpp): the same bytes for every number of them.
#include "thread_pool.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <lowprec/kernels/matmul.hpp>
#include <vector>

using namespace lowprec;

namespace {

/// Numbers between -1 and 1.
std::vector<float> some_numbers(std::size_t count, std::uint32_t seed) {
    std::vector<float> x(count);
    for (float& v : x) {
        seed = seed * 1664525U + 1013904223U;
        v = static_cast<float>(seed >> 8) * 0x1p-23F - 1;
    }
    return x;
}

}  // namespace

int main() {
    constexpr std::size_t m = 100, n = 1000, k = 1024;
    const auto weights =
        prepare(quantize<affine<4>, affine_policy{}, fp16>(some_numbers(n * k, 1), n, k, granularity::group(128)));
    const auto x = some_numbers(m * k, 2);
    std::vector<float> serially(m * n), y(m * n);
    matmul(x, weights, serially);

    bool all_same = true;
    for (const std::size_t threads : {1U, 2U, 3U, 7U}) {
        thread_pool pool(threads);
        std::size_t tasks = 0;
        const auto counting = [&](std::size_t count, auto&& task) {
            tasks = count;
            pool(count, task);
        };
        std::fill(y.begin(), y.end(), 0.0F);
        matmul(x, weights, y, {}, counting);
        const bool same = std::memcmp(y.data(), serially.data(), y.size() * sizeof(float)) == 0;
        all_same = all_same && same;
        std::printf("%zu threads, %zu tasks: %s\n", threads, tasks, same ? "the same bytes" : "OTHER BYTES");
    }
    return all_same ? 0 : 1;
}
