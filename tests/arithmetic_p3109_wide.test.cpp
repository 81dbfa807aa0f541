// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// All operand pairs of some P3109 formats of 8 bits, and random pairs of wider ones, against exact arithmetic.
// ctest-label: values
#include <lowprec/arithmetic.hpp>
#include <lowprec/formats.hpp>

#include "support/arithmetic_checks.hpp"
#include "support/catch.hpp"
#include "support/exact_arithmetic.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;
using exact::u64;
using enum p3109_kind;

template <class F>
void check_random(u64 count) {
    const exact::target oracle(exact::row_of<F>());
    random_bits next{17};
    tally results;
    for (u64 i = 0; i < count; ++i) {
        const u64 a = next() & exact::low_ones(F::width);
        u64 b = next() & exact::low_ones(F::width);
        if (i % 4 == 0) b = (a + i / 4 % 64) & exact::low_ones(F::width);  // neighbours: cancellation, quotients near 1
        check_pair<F>(oracle, results, a, b);
        check_root<F>(oracle, results, a);
    }
    CHECK_TALLY(results, 5 * count);
}

TEST_CASE("arithmetic is exact and rounded once in P3109 formats of 8 bits") {
    check_all<p3109<8, 1, se>>();
    check_all<p3109<8, 2, se>>();
    check_all<p3109<8, 3, se>>();
    check_all<p3109<8, 4, se>>();
    check_all<p3109<8, 7, sf>>();
    check_all<p3109<8, 1, uf>>();
    check_all<p3109<8, 3, ue>>();
    check_all<p3109<8, 4, ue>>();
    check_all<p3109<8, 8, uf>>();
}

TEST_CASE("arithmetic is exact and rounded once in wider P3109 formats") {
    check_random<p3109<10, 3, ue>>(20000);
    check_random<p3109<12, 5, se>>(20000);
    check_random<p3109<14, 14, uf>>(20000);
    check_random<p3109<16, 5, sf>>(20000);
    check_random<p3109<16, 11, se>>(20000);
    check_random<p3109<16, 15, se>>(20000);
    check_random<p3109<16, 16, ue>>(20000);
}

}  // namespace
