// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The main function of every test under Catch2 version 2; version 3 brings its own.
#define CATCH_CONFIG_MAIN
#include "support/catch.hpp"
