// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Catch2, whichever of versions 2 and 3 is installed. Tests include this file only.
#ifndef LOWPREC_TESTS_SUPPORT_CATCH_HPP
#define LOWPREC_TESTS_SUPPORT_CATCH_HPP

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#endif
