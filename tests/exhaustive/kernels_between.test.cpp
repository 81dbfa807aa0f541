// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Codes of every format to codes of every other format: the bulk kernels against the scalar function. Some 200 kernels for each
// instruction set take minutes to compile; kernels/convert_codes.test.cpp has a cross-section.
// needs: simd
// isa: best
// ctest-label: exhaustive
#include "support/bulk.hpp"

namespace {

using namespace bulk;

template <class Function>
void for_each_row(Function&& f) {
    [&]<class... F>(std::type_identity<std::tuple<F...>>) {
        (f.template operator()<F>(), ...);
    }(std::type_identity<all_formats>{});
}

/// F to G under the rule R.
template <class F, class G, rounding R>
void between(tally& results, const std::vector<policy>& list) {
    if constexpr (!std::is_same_v<F, G>) {
        std::vector<F> in = all_codes<F>();
        if (thinned > 1 && in.size() > 4096) in.resize(4096 + 33);
        sweep<plain<F>, plain<G>, R>(results, in, list);
    }
}

}  // namespace

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
