// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// ctest-label: exhaustive
//
// All 2^32 floats.
#include "support/float_sweep.hpp"

namespace {

using namespace lowprec;

// The overflow choices part ways at 8 bits only: wider IEEE arrangements become infinite under both.
constexpr policy nonfinite{.over = overflow::nonfinite};

}  // namespace

TEST_CASE("all 2^32 floats to e4m3") { oracle::sweep_floats<e4m3, policy{}>(1); }
TEST_CASE("all 2^32 floats to e4m3, overflowing to NaN") { oracle::sweep_floats<e4m3, nonfinite>(1); }
TEST_CASE("all 2^32 floats to e5m2") { oracle::sweep_floats<e5m2, policy{}>(1); }
TEST_CASE("all 2^32 floats to e5m2, overflowing to infinity") { oracle::sweep_floats<e5m2, nonfinite>(1); }
TEST_CASE("all 2^32 floats to fp16") { oracle::sweep_floats<fp16, policy{}>(1); }
TEST_CASE("all 2^32 floats to bf16") { oracle::sweep_floats<bf16, policy{}>(1); }
TEST_CASE("all 2^32 floats to tf32") { oracle::sweep_floats<tf32, policy{}>(1); }
