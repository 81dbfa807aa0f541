// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Some P3109 formats of each width from 9 to 12 bits against the oracle.
#include "support/p3109.hpp"

TEST_CASE("some formats of 9 bits decode and convert as the oracle") { oracle::some_precisions<9>(); }
TEST_CASE("some formats of 10 bits decode and convert as the oracle") { oracle::some_precisions<10>(); }
TEST_CASE("some formats of 11 bits decode and convert as the oracle") { oracle::some_precisions<11>(); }
TEST_CASE("some formats of 12 bits decode and convert as the oracle") { oracle::some_precisions<12>(); }
