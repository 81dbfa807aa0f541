// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// No exponent bits.
// expect: exponent_bits_are_1_to_16
#include <lowprec/float_format.hpp>

using refused = lowprec::float_format<1, 0, 0, 0>;
