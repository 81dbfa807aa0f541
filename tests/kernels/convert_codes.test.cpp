// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Codes to codes: the bulk kernels against the scalar function. exhaustive/kernels_between.test.cpp has every pair of formats.
// needs: simd
// isa: best
// ctest-label: values
#include "support/bulk.hpp"

using namespace bulk;

TEST_CASE("codes of every format to codes of 8 and of 16 bits, and back") {
    tally results("codes to codes");
    for_each_row([&]<class F>() {
        if constexpr (F::width <= 16) {
            between<F, e4m3, rounding::nearest_even>(results, switches());
            between<F, bf16, rounding::nearest_even>(results, switches());
            between<fp16, F, rounding::nearest_even>(results, {policy{}, presets::ml_dtypes});
        }
    });
    results.check();
}

TEST_CASE("codes to codes in every direction") {
    tally results("codes to codes in every direction");
    for_each_direction([&]<rounding R>() {
        between<e5m2, e4m3, R>(results, switches());
        between<e4m3, e5m2_fnuz, R>(results, switches());
        between<e4m3, e2m1, R>(results, switches());
        between<e3m4, e8m0, R>(results, switches());
        between<e4m3_fnuz, ue4m3, R>(results, switches());
        between<fp16, e4m3, R>(results, {policy{}, presets::ml_dtypes});
        between<bf16, e5m2, R>(results, {policy{}, presets::ml_dtypes});
        between<bf16, fp16, R>(results, {policy{}, presets::ml_dtypes});
        between<tf32, bf16, R>(results, {policy{}, presets::ml_dtypes});
    });
    results.check();
}
