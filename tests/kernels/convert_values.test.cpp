// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Codes of every format to float and double, floats rounded in place, and formats outside the table: the bulk kernels against
// the scalar function.
// needs: simd
// ctest-label: newer_xsimd values
// isa: base
// isa: best
// ctest-label: aarch64
#include "support/bulk.hpp"

namespace {

using namespace bulk;

template <class F, class T>
void decode(tally& results) {
    if constexpr (!std::is_same_v<F, typename plain<T>::format>) {
        std::vector<F> in = all_codes<F>();
        if (thinned > 1 && in.size() > 4096) in.resize(4096 + 33);
        for_each_direction([&]<rounding R>() { sweep<plain<F>, plain<T>, R>(results, in, switches()); });
    }
}

}  // namespace

TEST_CASE("codes of every format to float and double") {
    for_each_row([]<class F>() {
        tally results(std::string(name_of<F>) + " to float and double");
        decode<F, float>(results);
        decode<F, double>(results);
        results.check(direction_count * switches().size());
    });
}

TEST_CASE("formats that are no row of the table") {
    tally results("P3109 and others");
    std::vector<std::uint32_t> patterns;
    for (std::uint64_t x = 0; x < 1ULL << 32; x += 0x3FFFF * thinned) patterns.push_back(static_cast<std::uint32_t>(x));
    add_specials(patterns);
    const auto one = [&]<class F>() {
        std::vector<std::uint32_t> own = patterns;
        add_edges<F>(own, F::width > 8 ? 64 : 1);
        const std::vector<float> in = as_floats(own);
        sweep<plain<float>, plain<F>, rounding::nearest_even>(results, in, switches());
        sweep<plain<float>, plain<F>, rounding::upward>(results, in, switches());
        sweep<plain<F>, plain<float>, rounding::nearest_even>(results, all_codes<F>(), switches());
        sweep<plain<F>, plain<e4m3>, rounding::nearest_even>(results, all_codes<F>(), {policy{}});
    };
    one.template operator()<p3109<8, 3, p3109_kind::se>>();
    one.template operator()<p3109<8, 1, p3109_kind::uf>>();  // no mantissa, a zero, values past the floats
    one.template operator()<p3109<8, 7, p3109_kind::se>>();
    one.template operator()<p3109<8, 5, p3109_kind::ue>>();
    one.template operator()<p3109<7, 3, p3109_kind::sf>>();
    one.template operator()<p3109<5, 2, p3109_kind::ue>>();
    one.template operator()<p3109<3, 1, p3109_kind::sf>>();
    one.template operator()<p3109<12, 5, p3109_kind::se>>();
    one.template operator()<p3109<16, 8, p3109_kind::uf>>();
    one.template operator()<float_format<1, 3, 5, 3>>();
    results.check();
}

TEST_CASE("floats rounded in place to every format") {
    tally results("round_to");
    std::vector<std::uint32_t> patterns;
    for (std::uint64_t x = 0; x < 1ULL << 32; x += 0xFFFFF * thinned) patterns.push_back(static_cast<std::uint32_t>(x));
    add_specials(patterns);
    for_each_row([&]<class F>() {
        if constexpr (F::width < 32) {
            std::vector<std::uint32_t> own = patterns;
            add_edges<F>(own, F::width > 8 ? 512 : 1);
            const std::vector<float> in = as_floats(own);
            sweep<plain<float>, rounded<F>, rounding::nearest_even>(results, in, switches());
            if constexpr (F::width <= 8)
                sweep<plain<float>, rounded<F>, rounding::toward_zero>(results, in, {policy{}, presets::ml_dtypes});
        }
    });
    results.check();
}
