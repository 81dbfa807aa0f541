// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// More than one sign bit.
// expect: sign_bits_are_0_or_1
#include <lowprec/float_format.hpp>

using refused = lowprec::float_format<2, 4, 3, 7>;
