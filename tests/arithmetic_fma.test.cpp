// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Fused multiply-add, and the other operations on rows of 16 and 19 bits, on triples against exact arithmetic.
#include <lowprec/arithmetic.hpp>
#include <lowprec/formats.hpp>

#include <array>

#include "support/catch.hpp"
#include "support/exact_arithmetic.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;
using exact::u64;

template <class F>
void check_fma(const exact::target& oracle, tally& results, u64 a, u64 b, u64 c) {
    results.equal(fma(make<F>(a), make<F>(b), make<F>(c)).bits(), oracle.fma(a, b, c), name_of<F>, "fma", a, b, c);
}

/// Three operands: any codes, and codes whose results cancel or lie near ties.
template <class F>
std::array<u64, 3> draw(const exact::target& oracle, random_bits& next, u64 i) {
    const u64 mask = exact::low_ones(F::width);
    u64 a = next() & mask, b = next() & mask, c = next() & mask;
    switch (i % 4) {
    case 1:  // a * b + c cancels
        c = (oracle.multiply(a, b) ^ oracle.f.sign()) & mask;
        break;
    case 2:  // a + b and a - b cancel, a / b is near 1
        b = (a + next() % 8) & mask;
        break;
    case 3: {  // half of the mantissa is zero: exact results, ties
        const u64 low = exact::low_ones((F::mantissa_bits + 1) / 2);
        a &= ~low;
        b &= ~low;
        break;
    }
    default:
        if (i % 8 == 0) break;  // any codes
        // 1.5 a is a tie for every other odd a, and the smallest values decide it.
        a |= 1;
        b = (static_cast<u64>(F::bias) << F::mantissa_bits) + (u64{1} << F::mantissa_bits) / 2;
        c = (c & oracle.f.sign()) | (next() % 4);
        break;
    }
    return {a, b, c};
}

TEST_CASE("fma of all operand triples is exact and rounded once in the rows of 4 bits") {
    tally results;
    for (u64 a = 0; a < 16; ++a)
        for (u64 b = 0; b < 16; ++b)
            for (u64 c = 0; c < 16; ++c) {
                check_fma<e2m1>(exact::target(exact::row_of<e2m1>()), results, a, b, c);
                using p4 = p3109<4, 2, p3109_kind::se>;
                check_fma<p4>(exact::target(exact::row_of<p4>()), results, a, b, c);
            }
    CHECK_TALLY(results, 2U * 4096U);
}

TEST_CASE("fma of all operand triples is exact and rounded once in e3m2 and e2m3") {
    const exact::target e3m2_oracle(exact::row_of<e3m2>());
    const exact::target e2m3_oracle(exact::row_of<e2m3>());
    tally results;
    for (u64 a = 0; a < 64; ++a)
        for (u64 b = 0; b < 64; ++b)
            for (u64 c = 0; c < 64; ++c) {
                check_fma<e3m2>(e3m2_oracle, results, a, b, c);
                check_fma<e2m3>(e2m3_oracle, results, a, b, c);
            }
    CHECK_TALLY(results, 2U * 262144U);
}

TEST_CASE("fma of random operands is exact and rounded once in the rows of 7 and 8 bits") {
    for_each_format<all_formats>([]<class F>(F) {
        if constexpr (F::width == 7 || F::width == 8) {
            const exact::target oracle(exact::row_of<F>());
            random_bits next{8};
            tally results;
            for (u64 i = 0; i < 1000000; ++i) {
                const auto [a, b, c] = draw<F>(oracle, next, i);
                check_fma<F>(oracle, results, a, b, c);
            }
            CHECK_TALLY(results, 1000000U);
        }
    });
}

TEST_CASE("all operations on random operands are exact and rounded once in the rows of 16 and 19 bits") {
    for_each_format<all_formats>([]<class F>(F) {
        if constexpr (F::width == 16 || F::width == 19) {
            const exact::target oracle(exact::row_of<F>());
            random_bits next{16};
            tally results;
            for (u64 i = 0; i < 500000; ++i) {
                const auto [a, b, c] = draw<F>(oracle, next, i);
                const F x = make<F>(a);
                const F y = make<F>(b);
                check_fma<F>(oracle, results, a, b, c);
                results.equal((x + y).bits(), oracle.add(a, b), name_of<F>, a, '+', b);
                results.equal((x - y).bits(), oracle.add(a, b, true), name_of<F>, a, '-', b);
                results.equal((x * y).bits(), oracle.multiply(a, b), name_of<F>, a, '*', b);
                results.equal((x / y).bits(), oracle.divide(a, b), name_of<F>, a, '/', b);
            }
            CHECK_TALLY(results, 2500000U);
        }
    });
}

TEST_CASE("special operands of fma follow IEEE 754") {
    const fp16 infinity = fp16::from_bits(0x7C00), zero = fp16(0.0F), one = fp16(1.0F);
    CHECK(fma(infinity, zero, one).bits() == 0x7E00);
    CHECK(fma(infinity, one, -infinity).bits() == 0x7E00);
    CHECK(fma(one, one, -infinity).bits() == 0xFC00);
    CHECK(fma(-one, infinity, one).bits() == 0xFC00);
    CHECK(fma(one, one, -one).bits() == 0x0000);
    CHECK(fma(-zero, one, -zero).bits() == 0x8000);
    CHECK(fma(-zero, one, zero).bits() == 0x0000);
    // a tiny product under a large addend decides a tie: 2048 + 2^-24 * 2^-24 + 1 needs one rounding of the exact sum
    const fp16 tiny = fp16::from_bits(1);
    CHECK(fma(tiny, tiny, fp16(1.0F)).bits() == 0x3C00);
    CHECK(fma(fp16(1.0009765625F), fp16(1.0009765625F), fp16(-1.001953125F)).bits() == 0x0010);  // 2^-20, exact
}

}  // namespace
