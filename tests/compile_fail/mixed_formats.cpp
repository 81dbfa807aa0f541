// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The format of a sum of two formats would be a guess.
// expect: (no match for|invalid operands to binary expression)
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>

auto refused() { return lowprec::e4m3(1.0F) + lowprec::e5m2(1.0F); }
