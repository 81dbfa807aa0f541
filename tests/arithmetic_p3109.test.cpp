// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// All operand pairs of every P3109 format of up to 6 bits, against exact arithmetic.
#include <lowprec/arithmetic.hpp>
#include <lowprec/formats.hpp>

#include "support/catch.hpp"
#include "support/exact_arithmetic.hpp"
#include "support/tally.hpp"

namespace {

using namespace lowprec;
using exact::u64;
using enum p3109_kind;

template <class F>
void check_pair(const exact::target& oracle, tally& results, u64 a, u64 b) {
    const F x = F::from_bits(static_cast<typename F::storage_type>(a));
    const F y = F::from_bits(static_cast<typename F::storage_type>(b));
    results.equal((x + y).bits(), oracle.add(a, b), name_of<F>, a, '+', b);
    results.equal((x - y).bits(), oracle.add(a, b, true), name_of<F>, a, '-', b);
    results.equal((x * y).bits(), oracle.multiply(a, b), name_of<F>, a, '*', b);
    results.equal((x / y).bits(), oracle.divide(a, b), name_of<F>, a, '/', b);
}

template <class F>
void check_root(const exact::target& oracle, tally& results, u64 a) {
    const F x = F::from_bits(static_cast<typename F::storage_type>(a));
    results.equal(sqrt(x).bits(), oracle.sqrt(a), name_of<F>, "sqrt", a);
}

template <class F>
void check_all() {
    const exact::target oracle(exact::row_of<F>());
    const u64 codes = u64{1} << F::width;
    tally results;
    for (u64 a = 0; a < codes; ++a) {
        for (u64 b = 0; b < codes; ++b) check_pair<F>(oracle, results, a, b);
        check_root<F>(oracle, results, a);
    }
    CHECK_TALLY(results, 4 * codes * codes + codes);
}

template <int K, p3109_kind Kind>
void check_width() {
    [&]<int... I>(std::integer_sequence<int, I...>) { (check_all<p3109<K, I + 1, Kind>>(), ...); }
    (std::make_integer_sequence < int, Kind == se || Kind == sf ? K - 1 : K > {});
}

template <int K>
void check_family() {
    check_width<K, se>();
    check_width<K, sf>();
    check_width<K, ue>();
    check_width<K, uf>();
}

TEST_CASE("arithmetic is exact and rounded once in every P3109 format of 3 to 6 bits") {
    check_family<3>();
    check_family<4>();
    check_family<5>();
    check_family<6>();
}

}  // namespace
