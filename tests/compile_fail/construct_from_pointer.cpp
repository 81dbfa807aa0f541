// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A pointer does not pass as bool.
// expect: (no matching|cannot convert|cannot cast|no viable)
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>

auto refused(const float* x) { return lowprec::e4m3(x); }
