// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Every P3109 format of 7 and 8 bits against the oracle.
#include "support/p3109.hpp"

TEST_CASE("every format of 7 bits decodes and converts as the oracle") { oracle::check_precisions<7>(); }
TEST_CASE("every format of 8 bits decodes and converts as the oracle") { oracle::check_precisions<8>(); }
