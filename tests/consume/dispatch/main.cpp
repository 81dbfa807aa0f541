// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A program for the machine's base whose kernels are chosen at start-up. Prints the choice, and a checksum of every byte that it
// converted and of products that are exact, which must not depend on it; then one of products of floats, which must be what a
// program gives that is compiled for that set (plain.cpp). Exits with 1 where a conversion isn't what the scalar function says.
#include "products.hpp"

#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <lowprec/presets.hpp>
#include <lowprec/simd.hpp>
#include <vector>

namespace {

std::uint64_t checksum = 0xCBF29CE484222325;
int wrong = 0;

template <policy P, class To, class From>
void check(const std::vector<From>& in) {
    std::vector<To> out(in.size());
    convert<P>(in, out);
    for (std::size_t i = 0; i < in.size(); ++i) {
        const To expected = convert<To, P>(in[i]);
        wrong += std::memcmp(&expected, &out[i], sizeof expected) != 0 ? 1 : 0;
        unsigned char bytes[sizeof(To)];
        std::memcpy(bytes, &out[i], sizeof(To));
        for (const unsigned char byte : bytes) checksum = (checksum ^ byte) * 0x100000001B3;
    }
}

}  // namespace

int main() {
    std::vector<float> floats;
    std::vector<double> doubles;
    std::uint32_t state = 1;
    for (int i = 0; i < 5003; ++i) {
        state = state * 1664525U + 1013904223U;
        const std::uint32_t near_one = (state & 0x807FFFFFU) | (110U + state % 37U) << 23;
        floats.push_back(std::bit_cast<float>(i % 3 == 0 ? state : near_one));
        doubles.push_back(static_cast<double>(floats.back()) * 1.0000001);
    }
    check<policy{}, e4m3>(floats);
    check<policy{}, bf16>(floats);
    check<policy{}, fp16>(doubles);
    check<presets::cuda_nosat, e5m2>(floats);
    check<presets::torch_e8m0, e8m0>(floats);
    check<policy{}, float>(convert_to<e4m3>(floats));
    check<policy{}, double>(convert_to<bf16>(floats));
    check<policy{.round = rounding::toward_zero}, e4m3>(floats);  // listed in CMake
    check<policy{.round = rounding::downward}, e4m3>(floats);     // not listed: the instruction set of this source

    std::vector<std::byte> bytes(packed_bytes<e2m1>(floats.size()));
    const packed_span<e2m1> packed(bytes, floats.size());
    convert(floats, packed);
    std::vector<float> rounded = floats;
    round_to<e2m1>(rounded);
    for (std::size_t i = 0; i < floats.size(); ++i) {
        const auto expected = convert<e2m1>(floats[i]);
        wrong += e2m1(packed[i]).bits() != expected.bits() || rounded[i] != float(expected) ? 1 : 0;
    }
    const products p = all_products();
    std::printf("%s %016llX %016llX %016llX\n", simd::dispatched_isa(), static_cast<unsigned long long>(checksum),
                static_cast<unsigned long long>(p.exact), static_cast<unsigned long long>(p.checksum));
    if (wrong != 0) std::fprintf(stderr, "%d elements are not what the scalar conversion gives\n", wrong);
    if (p.wrong != 0) std::fprintf(stderr, "%d products are not as they should be\n", p.wrong);
    return wrong == 0 && p.wrong == 0 ? 0 : 1;
}
