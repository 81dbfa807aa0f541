// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A power of two needs a scale format without mantissa.
// expect: power_of_two_scales_have_no_mantissa
#include <lowprec/quantize_block.hpp>

using namespace lowprec;
using refused = block_format<e2m1, 32, e4m3, scale_rule::power_of_two, block_layout::separate>;
