// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// All operand pairs of every P3109 format of up to 6 bits, against exact arithmetic.
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
