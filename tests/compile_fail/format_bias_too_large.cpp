// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A bias beyond every format in use.
// expect: bias_is_at_most_32768_either_way
#include <lowprec/float_format.hpp>

using refused = lowprec::float_format<1, 8, 7, 100000>;
