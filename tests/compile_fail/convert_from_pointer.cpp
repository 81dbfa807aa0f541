// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A pointer is not taken for a number.
// expect: number
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>

auto refused(const float* x) { return lowprec::convert<lowprec::e4m3>(x); }
