// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Products of numbers with integer weights and tables: within the error bound of sums in long double, where sums cancel, too; the same
// bytes row by row, for any number of threads, for plain and for prepared weights, for weights that went through bytes, and in every
// environment; NaN and infinity stay in their rows, subnormal numbers are kept.
// needs: simd
// isa: best
#include "support/matmul_numbers.hpp"

TEST_CASE("integers in groups times numbers") {
    findings found;
    using isa = simd::native;
    for (const std::size_t group : {std::size_t{20}, std::size_t{32}, std::size_t{64}, std::size_t{128}, whole_row})
        for (const bool zeros : {false, true}) {
            check_weights<isa, bf16, float>(
                found, "int4", [&](auto&&... a) { return affine_case<affine<4>, fp16>(a..., group, zeros); });
            check_weights<isa, float, float>(
                found, "int4", [&](auto&&... a) { return affine_case<affine<4>, fp16>(a..., group, zeros); });
        }
    check_weights<isa, fp16, fp16>(found, "uint4", [&](auto&&... a) {
        return affine_case<affine<4, integer_codes::unsigned_full>, bf16>(a..., 64, true);
    });
    check_weights<isa, bf16, bf16>(found, "int8",
                                   [&](auto&&... a) { return affine_case<affine<8>, float>(a..., whole_row, true); });
    CHECK_FINDINGS(found, 100000U);
}
TEST_CASE("tables times numbers") {
    findings found;
    check_weights<simd::native, bf16, bf16>(found, "nf4", [&](auto&&... a) { return codebook_case(a..., 64); });
    CHECK_FINDINGS(found, 1000U);
}
