// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What one core can do at most: read memory, and multiply and add in registers.
#ifndef LOWPREC_BENCH_KERNELS_MATMUL_CEILINGS_HPP
#define LOWPREC_BENCH_KERNELS_MATMUL_CEILINGS_HPP

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "products.hpp"

namespace lowprec_bench {

/// Loops over independent sums. A multiplication and an addition count as two operations.
struct peak {
    ceiling what;
    std::string how;                                ///< the instruction
    std::function<double(std::size_t rounds)> run;  ///< returns how many operations that were
};

/// Those that this program is compiled for; FMA first, and always there.
std::vector<peak> peaks();

/// Ways to read a stretch of memory, of a multiple of 16 KiB; the fastest of them is the ceiling.
struct reader {
    std::string how;
    void (*run)(const std::byte* from, std::size_t bytes);
};
std::vector<reader> readers();

}  // namespace lowprec_bench

#endif
