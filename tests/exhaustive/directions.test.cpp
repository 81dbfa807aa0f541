// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: exhaustive
//
// All 2^32 floats to e4m3 in the directions other than nearest even.
#include "support/float_sweep.hpp"

namespace {

using namespace lowprec;

template <rounding Direction>
void all_floats() {
    oracle::sweep_floats<e4m3, policy{.round = Direction, .over = overflow::nonfinite}>(1);
}

}  // namespace

TEST_CASE("all 2^32 floats to e4m3, ties away") { all_floats<rounding::nearest_away>(); }
TEST_CASE("all 2^32 floats to e4m3, toward zero") { all_floats<rounding::toward_zero>(); }
TEST_CASE("all 2^32 floats to e4m3, upward") { all_floats<rounding::upward>(); }
TEST_CASE("all 2^32 floats to e4m3, downward") { all_floats<rounding::downward>(); }
TEST_CASE("all 2^32 floats to e4m3, to odd") { all_floats<rounding::to_odd>(); }
