// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: aarch64
//
// The random Hadamard transform against the matrix, exactly on integers, and against float operations one by one.
#include <lowprec/hadamard.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/catch.hpp"
#include "support/tally.hpp"

using namespace lowprec;

namespace {

std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }

// 4 H[i][j]
int entry(unsigned i, unsigned j) { return std::popcount(i & j) % 2 == 0 ? 1 : -1; }

float plus(float a, float b) {
    volatile float r = a + b;
    return r;
}

}  // namespace

TEST_CASE("Integers: the matrix product, and back") {
    tally result;
    random_bits random{61};
    constexpr int blocks = 4000;
    for (int k = 0; k < blocks; ++k) {
        const auto signs = static_cast<std::uint16_t>(k == 0 ? hadamard_signs : random());
        std::vector<float> x(16);
        for (float& v : x) v = static_cast<float>(static_cast<int>(random() % (1U << 21)) - (1 << 20));
        std::vector<float> y = x;
        if (k == 0)
            hadamard_16(y);
        else
            hadamard_16(y, signs);
        for (unsigned j = 0; j < 16; ++j) {
            std::int64_t sum = 0;
            for (unsigned i = 0; i < 16; ++i)
                sum += entry(i, j) * ((signs >> i & 1) != 0 ? -1 : 1) * static_cast<std::int64_t>(x[i]);
            const float expected = static_cast<float>(sum) / 4;
            result.equal(bits_of(y[j] + 0.0F), bits_of(expected + 0.0F), "element", j);
        }
        std::vector<float> back = y;
        inverse_hadamard_16(back, signs);
        // y needs up to 22 bits, its sums 26: the way back is exact where 4 y is below 2^20
        std::vector<float> small(16);
        for (unsigned i = 0; i < 16; ++i) small[i] = std::floor(x[i] / 64);
        std::vector<float> there = small;
        hadamard_16(there, signs);
        inverse_hadamard_16(there, signs);
        for (unsigned i = 0; i < 16; ++i) {
            result.equal(bits_of(there[i] + 0.0F), bits_of(small[i] + 0.0F), "back", i);
            result.equal(std::fabs(back[i] - x[i]) <= 1, true, "nearly back", i);
        }
    }
    CHECK_TALLY(result, static_cast<std::uint64_t>(blocks * 48));
}

TEST_CASE("The default signs are TransformerEngine's") {
    constexpr int te[] = {1, 1, 1, -1, 1, -1, -1, -1, -1, -1, -1, 1, -1, 1, -1, -1};
    for (unsigned i = 0; i < 16; ++i) CHECK((hadamard_signs >> i & 1) == (te[i] < 0 ? 1 : 0));
}

TEST_CASE("Any floats: each operation rounded, in the order that is stated") {
    tally result;
    random_bits random{62};
    constexpr int blocks = 20000;
    for (int k = 0; k < blocks; ++k) {
        const auto signs = static_cast<std::uint16_t>(random());
        std::vector<float> x(16);
        const auto base = static_cast<std::uint32_t>(random() % 256);
        for (float& v : x) {
            const std::uint64_t r = random();
            std::uint32_t field = base + static_cast<std::uint32_t>(r >> 40) % 8;
            if (r % 512 == 0) field = 255;
            v = std::bit_cast<float>(static_cast<std::uint32_t>(r & 0x807FFFFF) | (field > 255 ? 255U : field) << 23);
            if (r % 1024 == 0) v = std::bit_cast<float>(0x7F800000U);
        }
        std::vector<float> y = x, expected(16);
        for (unsigned i = 0; i < 16; ++i) expected[i] = (signs >> i & 1) != 0 ? -x[i] : x[i];
        for (unsigned round = 0; round < 4; ++round) {
            std::vector<float> next(16);
            for (unsigned i = 0; i < 16; ++i) {
                const unsigned other = i ^ 1U << round;
                next[i] =
                    (i >> round & 1) == 0 ? plus(expected[i], expected[other]) : plus(expected[other], -expected[i]);
            }
            expected = next;
        }
        hadamard_16(y, signs);
        for (unsigned i = 0; i < 16; ++i) {
            volatile float scaled = expected[i] * 0.25F;
            const float e = scaled;
            if (std::isnan(e))
                result.equal(std::isnan(y[i]), true, "NaN", i);
            else
                result.equal(bits_of(y[i]), bits_of(e), "element", i);
        }
    }
    CHECK_TALLY(result, static_cast<std::uint64_t>(blocks * 16));
}

TEST_CASE("Whole blocks only") {
    std::vector<float> x(33);
    CHECK_THROWS_WITH(hadamard_16(x), "lowprec::hadamard_16: 33 numbers are no whole blocks of 16");
    CHECK_THROWS_WITH(inverse_hadamard_16(x), "lowprec::inverse_hadamard_16: 33 numbers are no whole blocks of 16");
    CHECK_NOTHROW(hadamard_16(std::span<float>{}));
    x.assign(32, 0);
    x[16] = 4;
    hadamard_16(x);
    CHECK(x[0] == 0);
    for (std::size_t i = 16; i < 32; ++i) CHECK(x[i] == 1);
}
