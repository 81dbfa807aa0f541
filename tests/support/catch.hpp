// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Catch2, whichever of versions 2 and 3 is installed. Tests include this file only, and write contains("...") and Approx for
// what the versions spell differently.
#ifndef LOWPREC_TESTS_SUPPORT_CATCH_HPP
#define LOWPREC_TESTS_SUPPORT_CATCH_HPP

#include <string>

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
inline auto contains(const std::string& text) { return Catch::Matchers::ContainsSubstring(text); }
#else
#include <catch2/catch.hpp>
inline auto contains(const std::string& text) { return Catch::Matchers::Contains(text); }
#endif

#endif
