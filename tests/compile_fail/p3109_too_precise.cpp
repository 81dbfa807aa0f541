// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// A signed P3109 format has at most K - 1 bits of precision.
// expect: p3109_precision_fits_the_width
#include <lowprec/formats.hpp>

using refused = lowprec::p3109<8, 8, lowprec::p3109_kind::se>;
