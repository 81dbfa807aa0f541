// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A user's program with the component simd: a vector converted, packed and read back.
#include <cstddef>
#include <cstdio>
#include <lowprec/simd.hpp>
#include <vector>

int main() {
    using lowprec::e2m1;
    std::vector<float> weights(101);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 0.25F * static_cast<float>(i) - 12.0F;

    std::vector<lowprec::e4m3> codes(weights.size());
    lowprec::convert(weights, codes);
    std::vector<std::byte> bytes(lowprec::packed_bytes<e2m1>(weights.size()));
    const lowprec::packed_span<e2m1> packed(bytes, weights.size());
    lowprec::convert(weights, packed);
    for (std::size_t i = 0; i < weights.size(); ++i)
        if (codes[i] != lowprec::convert<lowprec::e4m3>(weights[i]) ||
            packed[i] != lowprec::convert<e2m1>(weights[i])) {
            std::printf("element %zu differs from the scalar conversion\n", i);
            return 1;
        }
    return 0;
}
