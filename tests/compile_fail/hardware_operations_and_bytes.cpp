// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// TFLOPS are not TB/s.
// expect: both_sides_have_the_same_unit
#include <lowprec/hardware.hpp>

auto refused() { return lowprec::hardware::tera_ops(312) < lowprec::hardware::terabytes_per_second(2); }
