// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// + - * / and sqrt of a format against the exact oracle, for pairs of codes and for all of them.
#ifndef LOWPREC_TESTS_SUPPORT_ARITHMETIC_CHECKS_HPP
#define LOWPREC_TESTS_SUPPORT_ARITHMETIC_CHECKS_HPP

#include <lowprec/arithmetic.hpp>
#include <lowprec/formats.hpp>

#include "support/catch.hpp"
#include "support/exact_arithmetic.hpp"
#include "support/tally.hpp"

template <class F>
void check_pair(const exact::target& oracle, tally& results, exact::u64 a, exact::u64 b) {
    const F x = make<F>(a);
    const F y = make<F>(b);
    results.equal((x + y).bits(), oracle.add(a, b), lowprec::name_of<F>, a, '+', b);
    results.equal((x - y).bits(), oracle.add(a, b, true), lowprec::name_of<F>, a, '-', b);
    results.equal((x * y).bits(), oracle.multiply(a, b), lowprec::name_of<F>, a, '*', b);
    results.equal((x / y).bits(), oracle.divide(a, b), lowprec::name_of<F>, a, '/', b);
}

template <class F>
void check_root(const exact::target& oracle, tally& results, exact::u64 a) {
    const F x = make<F>(a);
    results.equal(sqrt(x).bits(), oracle.sqrt(a), lowprec::name_of<F>, "sqrt", a);
}

template <class F>
void check_all() {
    const exact::target oracle(exact::row_of<F>());
    const exact::u64 codes = exact::u64{1} << F::width;
    tally results;
    for (exact::u64 a = 0; a < codes; ++a) {
        for (exact::u64 b = 0; b < codes; ++b) check_pair<F>(oracle, results, a, b);
        check_root<F>(oracle, results, a);
    }
    CHECK_TALLY(results, 4 * codes * codes + codes);
}

#endif
