// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: exhaustive
//
// All 2^32 floats.
#include "support/float_sweep.hpp"

namespace {

using namespace lowprec;

constexpr policy nonfinite{.over = overflow::nonfinite};

template <class F>
void all_floats() {
    oracle::sweep_floats<F, policy{}>(1);
    oracle::sweep_floats<F, nonfinite>(1);
}

}  // namespace

TEST_CASE("all 2^32 floats to e4m3") { all_floats<e4m3>(); }
TEST_CASE("all 2^32 floats to e5m2") { all_floats<e5m2>(); }
TEST_CASE("all 2^32 floats to fp16") { all_floats<fp16>(); }
TEST_CASE("all 2^32 floats to bf16") { all_floats<bf16>(); }
TEST_CASE("all 2^32 floats to tf32") { all_floats<tf32>(); }
TEST_CASE("all 2^32 floats to e4m3 in the other directions") {
    oracle::sweep_floats<e4m3, policy{.round = rounding::nearest_away, .over = overflow::nonfinite}>(1);
    oracle::sweep_floats<e4m3, policy{.round = rounding::toward_zero, .over = overflow::nonfinite}>(1);
    oracle::sweep_floats<e4m3, policy{.round = rounding::upward, .over = overflow::nonfinite}>(1);
    oracle::sweep_floats<e4m3, policy{.round = rounding::downward, .over = overflow::nonfinite}>(1);
    oracle::sweep_floats<e4m3, policy{.round = rounding::to_odd, .over = overflow::nonfinite}>(1);
}
