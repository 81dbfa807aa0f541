// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Doubles to every format and to float under every policy: the bulk kernels against the scalar function. A double that a
// conversion rounded twice would get wrong lies next to a middle between two values, nearer to it than any float.
// needs: simd
// isa: best
// ctest-label: values
#include "support/bulk.hpp"

namespace {

using namespace bulk;

void add_with_neighbours(std::vector<std::uint64_t>& patterns, double x) {
    const auto at = std::bit_cast<std::uint64_t>(x);
    for (const std::uint64_t pattern : {at, at + 1, at - 1, at + 0x10000000, at - 0x10000000, at + 0x20000001})
        patterns.push_back(pattern);
}

template <class F>
std::vector<double> inputs() {
    std::vector<std::uint32_t> floats;
    if constexpr (F::width < 32) add_edges<F>(floats, (F::width > 16 ? 512 : F::width > 8 ? 64 : 1) * thinned);
    for (std::uint64_t x = 0; x < 1ULL << 32; x += 0x1FFFFFF) floats.push_back(static_cast<std::uint32_t>(x));
    std::vector<std::uint64_t> patterns;
    for (const std::uint32_t x : floats) {
        if ((x & 0x7F800000U) == 0x7F800000U) continue;
        const double value = convert<double>(std::bit_cast<float>(x));
        if (value == 0.0)
            patterns.insert(patterns.end(), {0, 1, 1ULL << 63, 1ULL << 63 | 1});
        else
            add_with_neighbours(patterns, value);
    }
    // where the range of floats ends, and where their subnormals begin and end
    for (const double x : {0x1p128, 0x1.FFFFFEp127, 0x1.FFFFFFp127, 0x1p-126, 0x1.FFFFFCp-127, 0x1p-149, 0x1p-150,
                           0x1.8p-149, 0x1.8p-150, 0x1p-151})
        for (const double sign : {1.0, -1.0}) add_with_neighbours(patterns, sign * x);
    for (std::uint64_t field = 0; field < 2047; field += 3)
        for (const std::uint64_t rest : {0ULL, 1ULL, 0x8000000000000ULL, 0xFFFFFFFFFFFFFULL})
            patterns.push_back((field << 52 | rest) ^ (field % 2 << 63));
    const std::vector<std::uint64_t> specials = oracle::special_doubles();
    random_bits next{3};
    const std::size_t count = patterns.size();
    for (int at = 0; at < 128; ++at)  // one special among ordinary numbers, in every place of a block
        for (int i = 0; i < 64; ++i)
            patterns.push_back(i == at ? specials[next() % specials.size()] : patterns[next() % count]);
    for (std::size_t i = 0; i < 10 * specials.size() + 29; ++i) patterns.push_back(specials[i % specials.size()]);
    std::vector<double> in(patterns.size());
    std::memcpy(in.data(), patterns.data(), 8 * patterns.size());
    return in;
}

template <class F, class T>
void check() {
    tally results("double to " + std::string(name_of<F>));
    const std::vector<double> in = inputs<F>();
    for_each_direction([&]<rounding R>() { sweep<plain<double>, plain<T>, R>(results, in, switches()); });
    results.check(direction_count * switches().size());
}

}  // namespace

TEST_CASE("doubles to every format under every policy") {
    const auto one = []<class F>() {
        if constexpr (!std::is_same_v<F, fp64>) check<F, F>();
    };
    [&]<class... F>(std::type_identity<std::tuple<F...>>) {
        (one.template operator()<F>(), ...);
    }(std::type_identity<all_formats>{});
}

TEST_CASE("doubles to floats under every policy") { check<fp32, float>(); }
