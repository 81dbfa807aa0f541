// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Codes of every format to codes of every other format: the bulk kernels against the scalar function. Some 200 kernels for each
// instruction set take minutes to compile; kernels/convert_codes.test.cpp has a cross-section.
// needs: simd
// isa: best
// ctest-label: exhaustive
#include "support/bulk.hpp"

using namespace bulk;

TEST_CASE("codes up to 8 bits to codes up to 8 bits") {
    for_each_row([]<class F>() {
        if constexpr (F::width <= 8) {
            tally results(std::string(name_of<F>) + " to formats up to 8 bits");
            for_each_row([&]<class G>() {
                if constexpr (G::width <= 8) between<F, G, rounding::nearest_even>(results, switches());
            });
            results.check();
        }
    });
}

TEST_CASE("codes between 8 and 16 bits") {
    tally results("codes between 8 and 16 bits");
    const std::vector<policy> few = {policy{}, presets::ml_dtypes, presets::cuda_nosat, {.over = overflow::infinity}};
    for_each_row([&]<class F>() {
        if constexpr (F::width <= 16) {
            between<F, fp16, rounding::nearest_even>(results, few);
            between<F, bf16, rounding::nearest_even>(results, few);
            between<fp16, F, rounding::nearest_even>(results, few);
            between<bf16, F, rounding::nearest_even>(results, few);
        }
    });
    results.check();
}
