// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// More than 64 bits.
// expect: width_is_at_most_64
#include <lowprec/float_format.hpp>

using refused = lowprec::float_format<1, 16, 50, 7>;
