// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Some P3109 formats of each width from 13 to 16 bits against the oracle; the widest exponents leave binary64's range.
#include "support/p3109.hpp"

TEST_CASE("some formats of 13 bits decode and convert as the oracle") { oracle::some_precisions<13>(); }
TEST_CASE("some formats of 14 bits decode and convert as the oracle") { oracle::some_precisions<14>(); }
TEST_CASE("some formats of 15 bits decode and convert as the oracle") { oracle::some_precisions<15>(); }
TEST_CASE("some formats of 16 bits decode and convert as the oracle") { oracle::some_precisions<16>(); }
