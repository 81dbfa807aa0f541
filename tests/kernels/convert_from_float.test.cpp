// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Floats to every format under every policy: the bulk kernels against the scalar function.
// needs: simd
// isa: base
// isa: best
#include "support/bulk.hpp"

namespace {

using namespace bulk;

/// Around every value and middle of the formats up to 8 bits, floats of all exponents, and what is no number.
const std::vector<std::uint32_t>& common_inputs() {
    static const std::vector<std::uint32_t> all = [] {
        std::vector<std::uint32_t> patterns;
        oracle::for_each_format<1, 8>([&]<class F>(oracle::type<F>) { add_edges<F>(patterns); });
        std::sort(patterns.begin(), patterns.end());
        patterns.erase(std::unique(patterns.begin(), patterns.end()), patterns.end());
        for (std::uint64_t x = 0; x < 1ULL << 32; x += 0x3FFFF) patterns.push_back(static_cast<std::uint32_t>(x));
        add_specials(patterns);
        return patterns;
    }();
    return all;
}

template <class F>
void check() {
    tally results("float to " + std::string(name_of<F>));
    std::vector<std::uint32_t> patterns;
    for (std::size_t i = 0; i < common_inputs().size(); i += thinned) patterns.push_back(common_inputs()[i]);
    constexpr std::size_t every = F::width > 16 ? 128 : F::width > 8 ? 16 : 1;
    if constexpr (F::width < 32) add_edges<F>(patterns, every * thinned);
    add_specials(patterns);
    const std::vector<float> in = as_floats(patterns);
    for_each_direction([&]<rounding R>() { sweep<plain<float>, plain<F>, R>(results, in, switches()); });
    if constexpr (F::width > 8 && F::width <= 16) {
        patterns.clear();
        add_edges<F>(patterns, thinned);
        add_specials(patterns);
        const std::vector<float> all = as_floats(patterns);
        for_each_direction([&]<rounding R>() { sweep<plain<float>, plain<F>, R>(results, all, {policy{}}); });
    }
    results.check(direction_count * switches().size());
}

}  // namespace

TEST_CASE("floats to every format under every policy") {
    const auto one = []<class F>() {
        // a format of float's own parameters is copied, not converted
        if constexpr (!std::is_same_v<F, fp32>) check<F>();
    };
    [&]<class... F>(std::type_identity<std::tuple<F...>>) {
        (one.template operator()<F>(), ...);
    }(std::type_identity<all_formats>{});
}
