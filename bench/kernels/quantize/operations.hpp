// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
#ifndef LOWPREC_BENCH_KERNELS_QUANTIZE_OPERATIONS_HPP
#define LOWPREC_BENCH_KERNELS_QUANTIZE_OPERATIONS_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <lowprec/simd.hpp>
#include <span>
#include <string>
#include <vector>

#include "../../support/data.hpp"
#include "../../support/operation.hpp"
#include "../../support/stream.hpp"

namespace lowprec_bench {

std::vector<operation> operations_with_blocks();
std::vector<operation> operations_with_integers();

/// Numbers are rows of this many.
inline constexpr std::size_t columns = 4096;

inline std::span<const float> floats_at(const std::byte* in, std::size_t count) {
    return {reinterpret_cast<const float*>(in), count};
}

/// What weights look like: a normal distribution, whose width changes from one row of 4096 to the next.
inline void fill_weights(std::byte* in, std::size_t count) {
    random_numbers random;
    auto* x = reinterpret_cast<float*>(in);
    double width = 1;
    for (std::size_t i = 0; i < count; ++i) {
        if (i % columns == 0) width = random.between(0.01, 0.1);
        double sum = -6;
        for (int k = 0; k < 12; ++k) sum += random.between(0, 1);
        x[i] = static_cast<float>(sum * width);
    }
}

inline void fill_bytes(std::byte* in, std::size_t bytes) {
    random_numbers random;
    for (std::size_t i = 0; i < bytes; ++i) in[i] = static_cast<std::byte>(random.below(256));
}

template <int InBits, int OutBits>
operation quantizing(std::string from, std::string to, std::string detail) {
    operation op;
    op.from = std::move(from);
    op.to = std::move(to);
    op.detail = std::move(detail);
    op.data = "mixed";
    op.in_bits = InBits;
    op.out_bits = OutBits;
    op.streams = streams<InBits, OutBits>();
    op.compare = [](const std::byte* right, const std::byte* other, std::size_t count) {
        difference found;
        for (std::size_t i = 0; i < count * OutBits / 8; ++i) found.wrong += right[i] != other[i] ? 1U : 0U;
        return found;
    };
    return op;
}

/// run.operator()<Isa>() as the variants that compete.
template <class Function>
void add_variants(operation& op, Function run) {
    using namespace lowprec;
    const auto add = [&]<class Isa>(const char* name) {
        op.contenders.push_back({name, role::lowprec, [run](const std::byte* in, std::byte* out, std::size_t count) {
                                     run.template operator()<Isa>(in, out, count);
                                 }});
    };
    add.template operator()<simd::native>("lowprec");
    if constexpr (simd::native::has(simd::avx512)) add.template operator()<simd::isa<simd::avx2>>("AVX2");
    if constexpr (simd::native::has(simd::avx2)) add.template operator()<simd::isa<simd::base>>("base");
    add.template operator()<simd::isa<simd::scalar>>("scalar");
    op.definition = [run](const std::byte* in, std::byte* out, std::size_t count, std::size_t) {
        run.template operator()<simd::isa<simd::scalar>>(in, out, count);
    };
}

}  // namespace lowprec_bench

#endif
