// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What docs/bulk.md shows: whole arrays at once.
// needs: simd
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <lowprec/simd.hpp>
#include <span>
#include <stdexcept>
#include <vector>

using namespace lowprec;

template <class Range>
void print(const char* what, const Range& range) {
    std::printf("%-24s", what);
    for (const auto x : range) std::printf(" %g", double(float(x)));
    std::printf("\n");
}

int main() {
    const std::vector<float> weights{0.02F, -1.3F, 7.9F, 290.0F, 1000.0F};

    // Into memory that is there, or a new vector; the policy as for one number.
    std::vector<e4m3> codes(weights.size());
    convert(weights, codes);
    print("e4m3", codes);
    print("e4m3, toward zero", convert_to<e4m3, policy{.round = rounding::toward_zero}>(weights));
    print("bf16 from e4m3", convert_to<bf16>(codes));

    // Floats that only take the values of a format.
    std::vector<float> rounded = weights;
    round_to<tf32>(rounded);
    print("floats rounded to tf32", rounded);

    // In place: the elements may not grow, and both begin at the same address.
    std::vector<float> memory = weights;
    const std::span<bf16> halves(reinterpret_cast<bf16*>(memory.data()), memory.size());
    convert(memory, halves);
    print("bf16 in the same memory", halves);

    // Codes below 8 bits, packed: five of 4 bits in three bytes.
    std::vector<std::byte> bytes(packed_bytes<e2m1>(weights.size()));
    const packed_span<e2m1> packed(bytes, weights.size());
    convert(weights, packed);
    print("e2m1, packed", packed);
    print("its last two", convert_to<float>(packed.last(2)));

    // Stochastic: the seed and an element's index decide, so a part gives what the whole gives.
    constexpr policy stochastic{.round = rounding::stochastic, .random_bits = 32};
    constexpr std::uint64_t seed = 2026;
    const std::vector<float> same(8, 300.0F);
    std::vector<e4m3> whole(8), part(4);
    convert<stochastic>(same, whole, seed);
    convert<stochastic>(std::span(same).last(4), part, seed, 4);
    print("300, stochastically", whole);
    print("elements 4 to 7 again", part);
    const std::uint64_t random = stochastic_bits(seed, 5) >> (64 - stochastic.random_bits);
    std::printf("element 5 alone          %g\n", double(convert<e4m3, stochastic>(same[5], random)));

    // Extents that don't agree are refused before anything is written.
    try {
        convert(weights, part);
    } catch (const std::invalid_argument& error) {
        std::printf("refused: %s\n", error.what());
    }
}
