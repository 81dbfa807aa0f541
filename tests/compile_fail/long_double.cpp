// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// long double is refused where it is wider than binary64, which lowprec would have to round twice; where it is binary64 it is
// another type, so the message says so instead.
// expect: (convert_to_double_first|here long double is binary64)
#include <limits>
#include <lowprec/convert.hpp>
#include <lowprec/formats.hpp>

auto refused() { return lowprec::e4m3(1.0L); }
static_assert(std::numeric_limits<long double>::digits != 53, "here long double is binary64 and converts");
