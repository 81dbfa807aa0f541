// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What is measured, as data: products of activations and weights, and those who compete at them. Everyone makes what it wants
// of the same floats, so that peers compile without lowprec's types.
#ifndef LOWPREC_BENCH_KERNELS_MATMUL_PRODUCTS_HPP
#define LOWPREC_BENCH_KERNELS_MATMUL_PRODUCTS_HPP

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "../../support/operation.hpp"

namespace lowprec_bench {

/// y = x w^T, x: m x k, w: n x k.
struct problem {
    std::size_t m = 1, n = 0, k = 0;
    std::span<const float> x, w;
    std::size_t cycled_bytes = 0;  ///< weights are read from copies that take so many bytes together; 0: one copy

    std::size_t copies_of(std::size_t bytes) const {
        return std::max<std::size_t>(1, (cycled_bytes + bytes - 1) / bytes);
    }
};

/// Runs n tasks; the function takes a task's number.
using executor = std::function<void(std::size_t tasks, const std::function<void(std::size_t)>& task)>;

/// A product that is ready to run.
struct product {
    std::size_t weight_bytes = 0;  ///< of one copy, scales included
    std::size_t copies = 0;
    std::function<void(std::size_t copy)> run;
    std::function<std::vector<float>()> outputs;                             ///< of the last run
    std::function<void(std::size_t copy, const executor& on)> run_in_tasks;  ///< or nothing
};

struct product_contender {
    std::string name;
    role what = role::peer;
    std::string note;  ///< what it does instead of what the row says, or nothing
    std::function<product(const problem&)> make;
};

enum class ceiling { memory, fma, int8_dot, bf16_dot };
inline constexpr const char* ceiling_names[] = {"memory", "FMA", "int8 dot", "bf16 dot"};

struct product_row {
    std::string weights, activations;  ///< "int4 groups of 128", "bf16"
    ceiling peak;                      ///< that of many rows; one row is held against memory
    std::vector<product_contender> contenders;

    std::string name(std::size_t m) const {
        return "m = " + std::to_string(m) + ", " + weights + " weights, " + activations + " activations";
    }
};

std::vector<product_row> rows_of_integers();
std::vector<product_row> rows_of_groups();
std::vector<product_row> rows_of_floats();

/// Another library. Its file makes one of these before main begins.
struct product_peer {
    struct entry {
        std::string weights, activations;  ///< as rows name them
        std::string note;
        std::function<product(const problem&)> make;
    };
    std::string name, version;
    std::vector<entry> entries;
};

inline std::vector<product_peer>& product_peers() {
    static std::vector<product_peer> all;
    return all;
}

struct product_peer_registration {
    explicit product_peer_registration(product_peer added) { product_peers().push_back(std::move(added)); }
};

}  // namespace lowprec_bench

#endif
