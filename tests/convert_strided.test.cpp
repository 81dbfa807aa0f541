// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: aarch64
//
// A million floats out of all 2^32, at a prime stride; tests/exhaustive/floats.test.cpp takes them all.
#include "support/float_sweep.hpp"

namespace {

using namespace lowprec;

constexpr std::uint32_t stride = 4297;
constexpr policy nonfinite{.over = overflow::nonfinite};

template <class F>
void some_floats() {
    oracle::sweep_floats<F, policy{}>(stride);
    oracle::sweep_floats<F, nonfinite>(stride);
}

}  // namespace

TEST_CASE("a million floats to each of e4m3, e5m2, fp16 and bf16") {
    some_floats<e4m3>();
    some_floats<e5m2>();
    some_floats<fp16>();
    some_floats<bf16>();
}
TEST_CASE("a million floats to each of e4m3_fnuz, e2m1 and e3m2") {
    oracle::sweep_floats<e4m3_fnuz, nonfinite>(stride);
    oracle::sweep_floats<e2m1, nonfinite>(stride);
    oracle::sweep_floats<e3m2, policy{.round = rounding::to_odd}>(stride);
}
TEST_CASE("a million floats to e4m3 in the other directions") {
    oracle::sweep_floats<e4m3, policy{.round = rounding::nearest_away, .over = overflow::nonfinite}>(stride);
    oracle::sweep_floats<e4m3, policy{.round = rounding::toward_zero, .over = overflow::nonfinite}>(stride);
    oracle::sweep_floats<e4m3, policy{.round = rounding::upward, .over = overflow::nonfinite}>(stride);
    oracle::sweep_floats<e4m3, policy{.round = rounding::downward, .over = overflow::nonfinite}>(stride);
    oracle::sweep_floats<e4m3, policy{.round = rounding::to_odd, .over = overflow::nonfinite}>(stride);
}
