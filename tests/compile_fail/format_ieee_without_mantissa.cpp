// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The IEEE arrangement tells NaN from infinity by the mantissa.
// expect: ieee_arrangement_has_infinity_and_a_mantissa
#include <lowprec/float_format.hpp>

using refused = lowprec::float_format<1, 4, 0, 7>;
