// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// 2^16 values do not belong in an array at compile time.
// expect: width_is_at_most_8
#include <lowprec/arithmetic.hpp>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>
#include <lowprec/traits.hpp>

auto refused = lowprec::all_values<lowprec::fp16>();
