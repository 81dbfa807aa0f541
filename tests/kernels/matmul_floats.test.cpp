// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Products of numbers with weights in float formats and blocks: within the error bound of sums in long double, where sums cancel, too; the same
// bytes row by row, for any number of threads, for plain and for prepared weights, for weights that went through bytes, and in every
// environment; NaN and infinity stay in their rows, subnormal numbers are kept.
// needs: simd
// isa: best
#include "support/matmul_numbers.hpp"

TEST_CASE("fp8, nvfp4 and mxfp6 times numbers") {
    findings found;
    for (const auto by : {scale_tiling::tensor(), scale_tiling::row(), scale_tiling::square()})
        check_weights<simd::native, bf16, float>(found, "e4m3",
                                                 [&](auto&&... a) { return scaled_case<e4m3>(a..., by); });
    check_weights<simd::native, bf16, float>(found, "nvfp4", [&](auto&&... a) { return block_case<nvfp4>(a...); });
    check_weights<simd::native, bf16, bf16>(found, "mxfp6", [&](auto&&... a) { return block_case<mxfp6_e2m3>(a...); });
    CHECK_FINDINGS(found, 1000U);
}
TEST_CASE("float activations give the same bytes wherever there is a fused multiply-add") {
    tally results;
    if constexpr (simd::native::has(simd::avx2)) {
        random_bits next{51};
        for (const std::size_t m : {1U, 3U, 9U, 50U})
            for (const std::size_t k : {31U, 200U, 784U}) {
                const scaled_case<e4m3> w(70, k, codes_are::any, next, scale_tiling::square());
                const auto prepared = prepare(w.source());
                const std::vector<float> x = some_numbers<float>(m, k, numbers_are::any, next);
                std::vector<float> y(m * 70), other(m * 70);
                product<simd::native>(x, prepared, y);
                product<simd::isa<simd::avx2>>(x, prepared, other);
                results.equal(same_bytes(y, other), true, "avx2 and native, rows", m, "columns", k);
            }
        CHECK_TALLY(results, 12U);
    }
}
